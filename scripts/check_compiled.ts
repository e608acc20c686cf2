// The main job, done by a finished executable: check_compiled.ts EXECUTABLE. It runs in an empty folder, with nothing
// in its environment but a home and a search path without Deno; curl fetches an intercepted HTTPS page through it and
// openssl talks over an intercepted `--tcp` connection, both to origins on this machine. Exit code 1 says what failed.

import assert from "node:assert/strict";
import { resolve } from "node:path";

/** Unpacking takes a second or two; whatever takes this long has hung. Milliseconds. */
const STEP_LIMIT = 30_000;
const SEARCH_PATH = ["/usr/bin", "/bin"];
const HOST = "origin.test";

interface LogLine {
  type: string;
  [key: string]: unknown;
}

async function checkMainJob(executable: string, folder: string): Promise<void> {
  for (const place of SEARCH_PATH) {
    assert(!await exists(`${place}/deno`), `${place}/deno is on the search path: this would prove nothing`);
  }
  await Deno.mkdir(`${folder}/empty`);
  const certificate = await makeCertificate(folder);
  await using page = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {}, ...certificate },
    async (request) =>
      new Response(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`),
  );
  using echo = Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...certificate });
  const echoed = echoOnce(echo);
  echoed.catch(() => {}); // told below, unless something else fails first

  const pageOrigin = `${HOST}:${page.addr.port}`;
  const echoOrigin = `${HOST}:${echo.addr.port}`;
  using mitm = new RunningMitm(executable, folder, [
    "--listen-port=0",
    "--log-format=json",
    "--detail=3",
    `--confdir=${folder}/mitm config`,
    `--upstream-ca=${folder}/certificate.pem`,
    `--resolve=${pageOrigin}:127.0.0.1`,
    `--resolve=${echoOrigin}:127.0.0.1`,
    `--tcp=^${echoOrigin}$`,
  ]);
  const listening = await mitm.logged("listening");
  const proxy = `127.0.0.1:${listening["port"]}`;
  const authority = String(listening["ca_certificate"]);

  const address = `https://${pageOrigin}/page`;
  const curl = ["--silent", "--show-error", "--proxy", `http://${proxy}`, "--cacert", authority];
  assert.equal(await outputOf("curl", [...curl, "--data", "ping", address]), "POST /page ping");
  const flow = await mitm.logged("http");
  assert.equal(flow["url"], address);

  const tls = ["-quiet", "-verify_return_error", "-CAfile", authority, "-servername", HOST];
  const dial = ["s_client", "-proxy", proxy, "-connect", echoOrigin];
  assert.equal(await outputOf("openssl", [...dial, ...tls], "hello\n"), "hello\n");
  await echoed;
  const message = await mitm.logged("tcp-message");
  assert.deepEqual([message["text"], message["protocol"]], ["hello\n", "tcp+tls"]);

  await mitm.stop();
  assert.deepEqual([...Deno.readDirSync(`${folder}/empty`)], [], "files were left where it was started");
}

/** A user who may not write the config folder gets one line that says so, and nothing is left behind. */
async function checkRefusedFolder(executable: string, folder: string): Promise<void> {
  if (Deno.uid() !== 0) return; // tests/tls/authority_files_test.ts sees to it there
  const nobody = 65534;
  const [home, closed, copy] = [`${folder}/nobody`, `${folder}/closed`, `${folder}/mitm`];
  await Deno.chmod(folder, 0o755);
  for (const name of [home, closed]) await Deno.mkdir(name, { mode: 0o755 });
  await Deno.chown(home, nobody, nobody);
  await Deno.copyFile(executable, copy); // where it lies, another user may not get to
  const { code, stderr } = await new Deno.Command("sh", {
    args: [
      "-c",
      `PATH=${SEARCH_PATH.join(":")} exec "$0" "$@"`,
      copy,
      "--listen-port=0",
      `--confdir=${closed}`,
    ],
    cwd: home,
    clearEnv: true,
    env: { HOME: home },
    uid: nobody,
    gid: nobody,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    signal: AbortSignal.timeout(STEP_LIMIT),
  }).output();
  const said = new TextDecoder().decode(stderr);
  assert.match(said, /^mitm: .*closed.*cannot be written \(Permission denied\); name another[^\n]*\n$/);
  assert.equal(code, 1);
  assert.deepEqual([...Deno.readDirSync(closed)], []);
}

/** The executable, started in an empty folder, and what it logs. */
class RunningMitm {
  readonly #process: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(executable: string, folder: string, args: readonly string[]) {
    this.#process = new Deno.Command("sh", {
      args: ["-c", `PATH=${SEARCH_PATH.join(":")} exec "$0" "$@"`, executable, ...args],
      cwd: `${folder}/empty`,
      clearEnv: true,
      env: { HOME: `${folder}/home` },
      stdin: "null",
      stdout: "piped",
    }).spawn();
    this.#lines = linesOf(this.#process.stdout);
  }

  /** The next line of this type. */
  async logged(type: string): Promise<LogLine> {
    for (;;) {
      const { value, done } = await within(`a "${type}" line in the log`, this.#lines.next());
      if (done) throw new Error(`the log ended without a "${type}" line`);
      const line: LogLine = JSON.parse(value);
      if (line.type === type) return line;
    }
  }

  /** Ctrl-C must reach the program, and end it well. */
  async stop(): Promise<void> {
    this.#process.kill("SIGINT");
    const { code } = await within("its end after Ctrl-C", this.#process.status);
    while (!(await this.#lines.next()).done);
    assert.equal(code, 0, `exit code ${code} after Ctrl-C`);
  }

  [Symbol.dispose](): void {
    try {
      this.#process.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended
    }
  }
}

/** A certificate for HOST that is its own authority. */
async function makeCertificate(folder: string): Promise<{ cert: string; key: string }> {
  const files = ["-keyout", `${folder}/key.pem`, "-out", `${folder}/certificate.pem`];
  const names = ["-subj", `/CN=${HOST}`, "-addext", `subjectAltName=DNS:${HOST}`];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await outputOf("openssl", ["req", "-x509", "-days", "2", ...key, ...names, ...files]);
  return {
    cert: await Deno.readTextFile(`${folder}/certificate.pem`),
    key: await Deno.readTextFile(`${folder}/key.pem`),
  };
}

/** Sends back the first piece that comes, and ends the connection. */
async function echoOnce(listener: Deno.Listener<Deno.TlsConn>): Promise<void> {
  using connection = await listener.accept();
  const buffer = new Uint8Array(1024);
  const length = await connection.read(buffer);
  await connection.write(buffer.subarray(0, length ?? 0));
}

/** What a program prints, given `input`, which stays open; it must end well. */
async function outputOf(program: string, args: readonly string[], input = ""): Promise<string> {
  const process = new Deno.Command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(STEP_LIMIT),
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  const { success, stdout, stderr } = await process.output();
  await writer.close().catch(() => {});
  assert(success, `${program} failed: ${new TextDecoder().decode(stderr).trim()}`);
  return new TextDecoder().decode(stdout);
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${what} did not come within ${STEP_LIMIT / 1000} s`)),
      STEP_LIMIT,
    );
  });
  return await Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

if (import.meta.main) {
  const [executable] = Deno.args;
  if (executable === undefined) throw new Error("usage: check_compiled.ts EXECUTABLE");
  const folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "mitm-compiled-" });
  try {
    await checkMainJob(resolve(executable), folder);
    await checkRefusedFolder(resolve(executable), folder);
    console.log(`${executable} does its main job from an empty folder`);
  } catch (error) {
    console.error(`${executable}: ${error instanceof Error ? error.message : error}`);
    Deno.exitCode = 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
