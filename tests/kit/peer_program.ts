// A program of ours as a peer, run by Node or Deno in a process of its own, that does what it is asked line by line: JSON
// { id, ask, with } on its standard input, { id, result } or { id, error } on its standard output. What it is told first is
// { tls: { cert, key, ca } }, a certificate of the test authority for localhost; what it says first is up to it.

import { peer } from "./peers.ts";
import { testOriginAuthority } from "./proxy_fixture.ts";

/** How long one answer may take, in milliseconds. */
const LIMIT = 60_000;

interface Answer {
  id: number;
  result?: unknown;
  error?: string;
}

export class PeerProgram implements AsyncDisposable {
  /** What it said once it was ready. */
  readonly hello: unknown;
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncGenerator<string>;
  #id = 0;

  private constructor(
    child: Deno.ChildProcess,
    stdin: WritableStreamDefaultWriter<Uint8Array>,
    lines: AsyncGenerator<string>,
    hello: unknown,
  ) {
    this.#child = child;
    this.#stdin = stdin;
    this.#lines = lines;
    this.hello = hello;
  }

  /** `file`: its whole path. */
  static startNode(file: string): Promise<PeerProgram> {
    return PeerProgram.#start(peer("node")!, ["--no-warnings", "--max-http-header-size=131072", file]);
  }

  /** Without the configuration of this project; `lock`: a lock file of its own. */
  static startDeno(file: string, lock: string, args: readonly string[]): Promise<PeerProgram> {
    const options = ["--quiet", "--no-config", `--lock=${lock}`, "--frozen", "--no-prompt"];
    const permissions = ["--allow-net=127.0.0.1,localhost", "--allow-read", "--allow-env", "--allow-sys"];
    return PeerProgram.#start(Deno.execPath(), ["run", ...options, ...permissions, file, ...args]);
  }

  static async #start(program: string, args: readonly string[]): Promise<PeerProgram> {
    const authority = await testOriginAuthority();
    const leaf = await authority.leafFor({ host: "localhost", extraNames: ["127.0.0.1"] });
    const child = new Deno.Command(program, {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const stdin = child.stdin.getWriter();
    const lines = readLines(child.stdout);
    const tls = { cert: leaf.certificatePem, key: leaf.keyPem, ca: authority.certificatePem };
    await stdin.write(encode({ tls }));
    const hello = await lines.next();
    if (hello.done === true) throw new Error(`${args.at(-1)}: ${JSON.stringify(await child.status)}`);
    return new PeerProgram(child, stdin, lines, JSON.parse(hello.value));
  }

  /** One thing at a time. Rejects with what it says when it fails. */
  async ask<Result>(what: string, parameters: unknown = {}): Promise<Result> {
    const id = ++this.#id;
    const limit = setTimeout(() => this.#child.kill("SIGKILL"), LIMIT);
    try {
      await this.#stdin.write(encode({ id, ask: what, with: parameters }));
      const { value, done } = await this.#lines.next();
      if (done === true) throw new Error(`${what}: it ended, or took more than ${LIMIT} ms`);
      const answer: Answer = JSON.parse(value);
      if (answer.id !== id) throw new Error(`${what}: an answer to something else: ${value}`);
      if (answer.error !== undefined) throw new Error(`${what}: ${answer.error}`);
      return answer.result as Result;
    } finally {
      clearTimeout(limit);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const limit = setTimeout(() => this.#child.kill("SIGKILL"), 2_000);
    await this.#stdin.close().catch(() => {});
    await this.#lines.return(undefined);
    await this.#child.status;
    clearTimeout(limit);
  }
}

function encode(message: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(message)}\n`);
}

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of stream) {
    text += decoder.decode(piece, { stream: true });
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
  }
}
