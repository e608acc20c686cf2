// The program itself, in a process of its own: exit codes, what goes to which stream, starting and stopping.

import assert from "node:assert/strict";
import { join } from "node:path";
import { shells } from "../../lib/cli/options_table.ts";
import { withFolder } from "./option_helpers.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const LOOPBACK = "127.0.0.1";

function command(words: readonly string[], environment: Record<string, string> = {}): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", MAIN, ...words],
    env: { SSLKEYLOGFILE: "", NO_COLOR: "1", ...environment },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function finished(words: readonly string[], environment?: Record<string, string>) {
  const { code, stdout, stderr } = await command(words, environment).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

async function fails(words: readonly string[], exitCode: number, says: RegExp) {
  const { code, stdout, stderr } = await finished(words);
  assert.equal(stdout, "");
  assert.match(stderr, /^mitm: [^\n]+\n$/, "one line");
  assert.match(stderr, says);
  assert.equal(code, exitCode);
}

const usage: [words: string[], says: RegExp][] = [
  [["--nonsense"], /unknown option "--nonsense"/],
  [["--listenport=1"], /did you mean --listen-port\?/],
  [["-p"], /--listen-port: its value is missing/],
  [["-p", "abc"], /--listen-port: "abc"/],
  [["--tcp", "("], /--tcp: "\("/],
  [["--set", "nonsense=1"], /--set: there is no option "nonsense"/],
  [["--set", "quiet=maybe"], /--set quiet: "maybe"/],
  [["-m", "transparent"], /--mode: "transparent"/],
  [["-q", "-v"], /--verbose contradicts --quiet/],
  [["~d"], /the filter: "~d" is not a filter/],
  [["--intercept", "~all"], /--intercept: .* waits for a person at the console/],
  [["completions", "tcsh"], /"tcsh"/],
];

for (const [words, says] of usage) {
  Deno.test(`program: mitm ${words.join(" ")} ends with 2`, () => fails(words, 2, says));
}

Deno.test("program: a wrong config.yaml ends with 2 and names file and line", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "config.yaml"), "detail: 1\nlisten_port: abc\n");
    await fails(["--confdir", folder], 2, /config\.yaml, line 2: listen_port: "abc"/);
    assert.deepEqual(
      [...Deno.readDirSync(folder)].map(({ name }) => name),
      ["config.yaml"],
      "nothing was made",
    );
  }));

Deno.test("program: files that cannot be read end with 1", () =>
  withFolder(async (folder) => {
    const missing = join(folder, "none.pem");
    for (const flag of ["--ca", "--upstream-ca", "--client-cert"]) {
      await fails(["--confdir", folder, "-p", "0", flag, missing], 1, /none\.pem: .*no such file/);
    }
    await Deno.writeTextFile(join(folder, "file"), "");
    await fails(["--confdir", join(folder, "file")], 1, /cannot read .*config\.yaml/);
  }));

Deno.test("program: a damaged CA ends with 1 and stays as it is", () =>
  withFolder(async (folder) => {
    const path = join(folder, "mitm-ca.pem");
    await Deno.writeTextFile(path, "-----BEGIN PRIVATE KEY-----\n");
    await fails(["--confdir", folder, "-p", "0"], 1, /mitm-ca\.pem/);
    assert.equal(await Deno.readTextFile(path), "-----BEGIN PRIVATE KEY-----\n");
  }));

Deno.test("program: without a home folder --confdir is asked for", async () => {
  const { code, stderr } = await finished(["-p", "0"], { HOME: "", USERPROFILE: "" });
  assert.match(stderr, /^mitm: --confdir: [^\n]+HOME[^\n]+\n$/);
  assert.equal(code, 1);
});

Deno.test("program: a port in use ends with 1", () =>
  withFolder(async (folder) => {
    using taken = Deno.listen({ hostname: LOOPBACK, port: 0 });
    const port = (taken.addr as Deno.NetAddr).port;
    await fails(
      ["--confdir", folder, "-p", String(port)],
      1,
      new RegExp(`${port}: the port is in use.*--listen-port`),
    );
  }));

Deno.test("program: help, version and completions go to standard output", async () => {
  const help = await finished(["--help"]);
  assert.deepEqual([help.code, help.stderr], [0, ""]);
  assert.match(help.stdout, /Usage: mitm \[options\]/);
  const version = await finished(["--version"]);
  assert.deepEqual([version.code, version.stderr], [0, ""]);
  assert.match(version.stdout, /^mitm \d+\.\d+\.\d+ \(deno \d+\.\d+\.\d+, \w+ \w+\)\n$/);
  for (const shell of shells) {
    const script = await finished(["completions", shell]);
    assert.deepEqual([script.code, script.stderr], [0, ""]);
    assert.match(script.stdout, new RegExp(`^#.*${shell === "zsh" ? "mitm" : shell}`));
  }
});

/** A running mitm: the lines it wrote until it listened, and the rest as it comes. */
class Running implements AsyncDisposable {
  readonly process: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #stderr: Promise<string>;
  #text = "";

  constructor(words: readonly string[], environment?: Record<string, string>) {
    this.process = command(words, environment).spawn();
    this.#reader = this.process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#stderr = new Response(this.process.stderr).text();
  }

  /** What was written up to the first match. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#text)) {
      const { done, value } = await this.#reader.read();
      if (done) assert.fail(`ended after: ${this.#text}${await this.#stderr}`);
      this.#text += value;
    }
    return this.#text;
  }

  /** Exit code, standard error, and all of standard output. */
  async ended() {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) break;
      this.#text += value;
    }
    const { code, signal } = await this.process.status;
    return { code, signal, stdout: this.#text, stderr: await this.#stderr };
  }

  /** Stops reading, as `head` does. */
  async closeOutput(): Promise<void> {
    await this.#reader.cancel();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#reader.cancel();
    await this.#stderr;
    await this.process.status;
  }
}

function portIn(text: string): number {
  return Number(/listening on 127\.0\.0\.1:(\d+)/.exec(text)?.[1]);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`program: says where it listens, and ends with 0 on ${signal}`, () =>
    withFolder(async (folder) => {
      await using running = new Running(["--confdir", folder, "-p", "0"]);
      const text = await running.until(/example\.com\/\n/);
      const certificate = join(folder, "mitm-ca-cert.pem");
      assert.match(text, /^mitm \d+\.\d+\.\d+ listening on 127\.0\.0\.1:\d+\nCA certificate: /);
      assert(text.includes(`${certificate}, made just now (open http://mitm.it/`));
      assert((await Deno.readTextFile(certificate)).includes("BEGIN CERTIFICATE"));
      (await Deno.connect({ hostname: LOOPBACK, port: portIn(text) })).close();
      running.process.kill(signal);
      assert.deepEqual(await running.ended(), { code: 0, signal: null, stdout: text, stderr: "" });
    }));
}

Deno.test("program: --log-format json starts with an object; -q says nothing", () =>
  withFolder(async (folder) => {
    await using json = new Running(["--confdir", folder, "-p", "0", "--log-format", "json"]);
    const [line = ""] = (await json.until(/\n/)).split("\n");
    const { type, host, port, mode } = JSON.parse(line);
    assert.deepEqual({ type, host, mode }, { type: "listening", host: LOOPBACK, mode: "regular" });
    (await Deno.connect({ hostname: LOOPBACK, port })).close();
    json.process.kill("SIGINT");
    assert.equal((await json.ended()).code, 0);

    // It listens when the port answers: what was taken and let go is free for a moment.
    const free = Deno.listen({ hostname: LOOPBACK, port: 0 });
    const { port: quietPort } = free.addr as Deno.NetAddr;
    free.close();
    await using quiet = new Running(["--confdir", folder, "-p", String(quietPort), "-q"]);
    await connected(quietPort);
    quiet.process.kill("SIGINT");
    assert.deepEqual(await quiet.ended(), { code: 0, signal: null, stdout: "", stderr: "" });
  }));

Deno.test("program: SSLKEYLOGFILE, which the platform does not serve, is said", () =>
  withFolder(async (folder) => {
    const words = ["--confdir", folder, "-p", "0"];
    await using running = new Running(words, { SSLKEYLOGFILE: join(folder, "keys") });
    await running.until(/SSLKEYLOGFILE[^\n]+\n/);
    running.process.kill("SIGINT");
    assert.equal((await running.ended()).code, 0);
  }));

Deno.test("program: a second Ctrl-C does not wait for what is open", () =>
  withFolder(async (folder) => {
    using origin = Deno.listen({ hostname: LOOPBACK, port: 0 });
    const { port: originPort } = origin.addr as Deno.NetAddr;
    await using running = new Running(["--confdir", folder, "-p", "0"]);
    const port = portIn(await running.until(/example\.com\/\n/));
    using client = await Deno.connect({ hostname: LOOPBACK, port });
    await client.write(
      new TextEncoder().encode(`GET http://${LOOPBACK}:${originPort}/ HTTP/1.1\r\nHost: x\r\n\r\n`),
    );
    // The origin has the request and never answers.
    using upstream = await origin.accept();
    await upstream.read(new Uint8Array(1024));
    running.process.kill("SIGINT");
    await refused(port);
    running.process.kill("SIGINT");
    assert.equal((await running.ended()).code, 130);
  }));

Deno.test("program: ends when nobody reads its log any more", () =>
  withFolder(async (folder) => {
    await using running = new Running(["--confdir", folder, "-p", "0"]);
    const port = portIn(await running.until(/example\.com\/\n/));
    await running.closeOutput();
    const client = await Deno.connect({ hostname: LOOPBACK, port });
    // The answer of mitm itself is a flow, and a line of the log.
    await client.write(new TextEncoder().encode("GET http://mitm.it/ HTTP/1.1\r\nHost: mitm.it\r\n\r\n"));
    await client.read(new Uint8Array(1024));
    client.close();
    assert.equal((await running.process.status).code, 0);
  }));

/** Settles when the port takes connections. */
async function connected(port: number): Promise<void> {
  for (;;) {
    try {
      return (await Deno.connect({ hostname: LOOPBACK, port })).close();
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    }
  }
}

/** Settles when the port takes no more connections. */
async function refused(port: number): Promise<void> {
  for (;;) {
    try {
      (await Deno.connect({ hostname: LOOPBACK, port })).close();
    } catch {
      return;
    }
  }
}
