// The program itself, in a process of its own, in a configuration folder of its own.

import { peer } from "../kit/peers.ts";
import { testOriginAuthority } from "../kit/proxy_fixture.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
/** What the launcher gives V8. */
const V8_FLAGS = /^v8_flags=(.+)$/m.exec(
  await Deno.readTextFile(new URL("../../scripts/deno_path.sh", import.meta.url)),
)?.[1] ?? "";
const WAIT = 15_000;

export class Program implements AsyncDisposable {
  readonly port: number;
  /** Of mitm's own CA. */
  readonly caFile: string;
  readonly #folder: string;
  readonly #process: Deno.ChildProcess;
  readonly #output: Output;

  private constructor(folder: string, process: Deno.ChildProcess, output: Output, port: number) {
    this.#folder = folder;
    this.#process = process;
    this.#output = output;
    this.port = port;
    this.caFile = `${folder}/mitm-ca-cert.pem`;
  }

  /** Starts it on a free port; the certificates of test origins are trusted. */
  static async start(words: readonly string[] = []): Promise<Program> {
    const folder = await Deno.makeTempDir({ prefix: "mitm-e2e-" });
    await Deno.writeTextFile(`${folder}/origins.pem`, (await testOriginAuthority()).certificatePem);
    const process = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--quiet",
        "--no-check",
        `--v8-flags=${V8_FLAGS}`,
        MAIN,
        "--confdir",
        folder,
        "-p",
        "0",
        "--upstream-ca",
        `${folder}/origins.pem`,
        ...words,
      ],
      env: { SSLKEYLOGFILE: "", NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const output = new Output(process);
    // In words, or with --log-format json.
    const listening = /listening on \S+:(\d+)|"port":(\d+)/;
    const found = listening.exec(await output.until(listening));
    const port = Number(found?.[1] ?? found?.[2]);
    return new Program(folder, process, output, port);
  }

  /** "http://127.0.0.1:PORT" */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Everything it has printed. */
  get text(): string {
    return this.#output.text;
  }

  /** Waits until what it printed matches; rejects after a while, with all of it. */
  until(pattern: RegExp): Promise<string> {
    return this.#output.until(pattern);
  }

  /** Resident size now, and the largest there was, in bytes. Null where the system does not say. */
  async memory(): Promise<{ resident: number; peak: number } | null> {
    const shell = peer("sh");
    if (shell === null || Deno.build.os !== "linux") return null;
    const { stdout } = await new Deno.Command(shell, {
      args: ["-c", `cat /proc/${this.#process.pid}/status`],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).output();
    const status = new TextDecoder().decode(stdout);
    const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
    return { resident: of("VmRSS"), peak: of("VmHWM") };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    await this.#output.done;
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** Both streams of a process as one text. */
class Output {
  readonly done: Promise<unknown>;
  text = "";
  #changed = Promise.withResolvers<void>();

  constructor(process: Deno.ChildProcess) {
    this.done = Promise.all([this.#read(process.stdout), this.#read(process.stderr)]);
  }

  async until(pattern: RegExp): Promise<string> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new Error(`${pattern} did not come in ${WAIT} ms: ${this.text}`));
    }, WAIT);
    try {
      while (!pattern.test(this.text)) await Promise.race([this.#changed.promise, late.promise]);
    } finally {
      clearTimeout(timer);
    }
    return this.text;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.text += decoder.decode(chunk, { stream: true });
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    }
  }
}
