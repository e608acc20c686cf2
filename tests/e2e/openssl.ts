// openssl s_client and s_server as independent peers.

import { peer } from "../kit/peers.ts";

const RUN_LIMIT = 15_000;

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command of openssl to its end. `input` goes to its standard input, which is then closed. */
export async function openssl(args: readonly string[], input = ""): Promise<Outcome> {
  const program = peer("openssl");
  if (program === null) throw new Error("openssl is not installed: use peerTest");
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const limit = setTimeout(() => child.kill("SIGKILL"), RUN_LIMIT);
  try {
    const feeding = feed(child.stdin, input);
    const [{ code }, stdout, stderr] = await Promise.all([
      child.status,
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    await feeding;
    return { code, stdout, stderr };
  } finally {
    clearTimeout(limit);
  }
}

async function feed(stdin: WritableStream<Uint8Array>, input: string): Promise<void> {
  const writer = stdin.getWriter();
  try {
    if (input !== "") await writer.write(new TextEncoder().encode(input));
    await writer.close();
  } catch {
    // It has ended before it had read everything.
  }
}

/** s_server on a free port, answering every request with a page about the connection. */
export class OpensslServer implements AsyncDisposable {
  readonly port: number;
  readonly #process: Deno.ChildProcess;
  readonly #output: Promise<unknown>;

  private constructor(port: number, process: Deno.ChildProcess, output: Promise<unknown>) {
    this.port = port;
    this.#process = process;
    this.#output = output;
  }

  static async start(pemFile: string, args: readonly string[]): Promise<OpensslServer> {
    const process = new Deno.Command(peer("openssl") ?? "openssl", {
      args: ["s_server", "-accept", "127.0.0.1:0", "-cert", pemFile, "-key", pemFile, "-www", ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const listening = Promise.withResolvers<number>();
    const output = (async () => {
      let text = "";
      for await (const chunk of process.stdout) {
        text += new TextDecoder().decode(chunk);
        const port = /ACCEPT 127\.0\.0\.1:(\d+)/.exec(text)?.[1];
        if (port !== undefined) listening.resolve(Number(port));
      }
      listening.reject(new Error(`s_server does not listen: ${text}`));
    })();
    const errors = new Response(process.stderr).text();
    return new OpensslServer(await listening.promise, process, Promise.all([output, errors]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    await this.#output;
  }
}
