// Processes of the bench: started, watched through /proc, and ended by their own id. What is still running when the
// bench ends, however it ends, is ended with it.

import { delimiter, join } from "node:path";
import process from "node:process";

/** SIGTERM has this long to work. Milliseconds; mitm gives open connections two seconds. */
const STOP_LIMIT = 4000;
/** How many of the last lines a process printed are kept. */
const KEPT_LINES = 10;
/** How long a line is kept. Characters. */
const KEPT_LENGTH = 300;
/** A unit of CPU time in /proc, on every architecture Linux shows it to. Seconds. */
const CLOCK_TICK = 0.01;
/** Between two tries to connect to what is starting. Milliseconds. */
const CONNECT_PAUSE = 4;
/** Whatever does not listen by then has failed. Milliseconds. */
const START_LIMIT = 20_000;

/** KiB. */
export interface Memory {
  resident: number;
  /** The highest it was, since the start or since `resetPeak`. */
  peak: number;
}

export interface ProgramOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** Told every line it prints. */
  onLine?: (line: string) => void;
  /** Lines it prints when all is well: they are not kept. */
  expected?: RegExp;
  /** It reads what is given to `write`; without, it has nothing to read. */
  hasInput?: boolean;
  /** Told what it prints on standard output as it comes, which is not taken for lines then. */
  onBytes?: (bytes: Uint8Array) => void;
}

/** A process that is measured, however it was started. */
export interface Watched {
  readonly pid: number;
  /** Why it does not run any more, for a person; null while it runs. */
  readonly ended: string | null;
  /** The last lines it printed that are not expected, and how many there were. */
  readonly lastLines: readonly string[];
  readonly lineCount: number;
  /** Ends it. What was odd about its end, for a person; null: nothing. */
  stop(): Promise<string | null>;
}

const running = new Set<RunningProgram>();

/** Ends everything that still runs, at once. */
export function killAll(): void {
  for (const program of running) program.kill("SIGKILL");
}

/** A program that runs until it is stopped. */
export class RunningProgram implements Watched {
  readonly name: string;
  readonly #child: Deno.ChildProcess;
  readonly #printed: Promise<unknown>;
  readonly #onLine: (line: string) => void;
  readonly #expected: RegExp | null;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>> | null;
  #status: Deno.CommandStatus | null = null;
  #stopping = false;
  /** The last lines it printed, on standard output and standard error, without the expected ones. */
  readonly lastLines: string[] = [];
  /** How many lines it printed that were not expected. */
  lineCount = 0;

  constructor(name: string, program: string, args: readonly string[], options: ProgramOptions = {}) {
    this.name = name;
    this.#onLine = options.onLine ?? (() => {});
    this.#expected = options.expected ?? null;
    this.#child = new Deno.Command(program, {
      args: [...args],
      env: { NO_COLOR: "1", ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      stdin: options.hasInput === true ? "piped" : "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    running.add(this);
    this.#input = options.hasInput === true ? this.#child.stdin.getWriter() : null;
    const { stdout, stderr } = this.#child;
    const { onBytes } = options;
    const output = onBytes === undefined ? this.#read(stdout) : tell(stdout, onBytes);
    this.#printed = Promise.all([output, this.#read(stderr)]);
    void this.#child.status.then((status) => {
      this.#status = status;
      running.delete(this);
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Why it does not run any more, for a person; null while it runs. */
  get ended(): string | null {
    if (this.#status === null || this.#stopping) return null;
    const { code, signal } = this.#status;
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    const line = this.lastLines.find((line) => /error|panic/i.test(line)) ?? this.lastLines.at(-1);
    return `${this.name} ended ${how}${line === undefined ? "" : `: ${line}`}`;
  }

  /** Waits until the port takes connections. Rejects when the program ends, or takes too long. Milliseconds it took. */
  async listening(port: number): Promise<number> {
    const start = performance.now();
    for (;;) {
      if (await takesConnections(port)) return performance.now() - start;
      if (this.#status !== null) throw new Error(this.ended ?? `${this.name} was stopped`);
      if (performance.now() - start > START_LIMIT) {
        throw new Error(`${this.name} did not listen within ${START_LIMIT / 1000} s`);
      }
      await pause(CONNECT_PAUSE);
    }
  }

  async write(text: string): Promise<void> {
    await this.#input?.write(new TextEncoder().encode(text));
  }

  kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error; // it has ended
    }
  }

  /** Ends it. What was odd about its end, for a person; null: nothing. */
  async stop(): Promise<string | null> {
    const alreadyEnded = this.ended;
    this.#stopping = true;
    this.kill("SIGTERM");
    let killed = false;
    const timer = setTimeout(() => {
      killed = true;
      this.kill("SIGKILL");
    }, STOP_LIMIT);
    const { code } = await this.#child.status;
    clearTimeout(timer);
    await Promise.race([this.#printed, pause(STOP_LIMIT)]);
    if (alreadyEnded !== null) return alreadyEnded;
    if (killed) return `${this.name} did not end within ${STOP_LIMIT / 1000} s of SIGTERM`;
    return code === 0 || code === 128 + 15 ? null : `${this.name} ended with exit code ${code} on SIGTERM`;
  }

  /** Its exit code, once it has ended by itself; rejects, and ends it, after `limit` ms. */
  async exited(limit: number): Promise<number> {
    try {
      const { code } = await within(limit, this.name, this.#child.status);
      await within(limit, `the output of ${this.name}`, this.#printed);
      return code;
    } finally {
      this.kill("SIGKILL");
    }
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = (lines.pop() ?? "").slice(0, KEPT_LENGTH);
      for (const line of lines) this.#keep(line);
    }
    if (rest !== "") this.#keep(rest);
  }

  #keep(line: string): void {
    this.#onLine(line);
    if (this.#expected?.test(line)) return;
    this.lineCount++;
    this.lastLines.push(line.slice(0, KEPT_LENGTH));
    if (this.lastLines.length > KEPT_LINES) this.lastLines.shift();
  }
}

/** Runs a program to its end; what it printed. Rejects when it could not be started or took longer than `limit` ms. */
export async function outputOf(
  program: string,
  args: readonly string[],
  limit: number,
  env: Record<string, string> = {},
): Promise<{ code: number; text: string }> {
  const lines: string[] = [];
  const child = new RunningProgram(program, program, args, { env, onLine: (line) => lines.push(line) });
  const code = await child.exited(limit);
  return { code, text: lines.join("\n") };
}

/** The path of an installed program, or null. Daemons live off the search path of plain users. */
export function findProgram(name: string): string | null {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  for (const folder of [...folders, "/usr/local/sbin", "/usr/sbin", "/sbin"]) {
    try {
      const path = join(folder, name);
      const { isFile, mode } = Deno.statSync(path);
      if (isFile && ((mode ?? 0) & 0o111) !== 0) return path;
    } catch {
      // not here
    }
  }
  return null;
}

/** Ports of 127.0.0.1 that are free now. */
export function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const ports = listeners.map((listener) => listener.addr.port);
  for (const listener of listeners) listener.close();
  return ports;
}

export function memoryOf(pid: number): Memory {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]);
  return { resident: field("VmRSS"), peak: field("VmHWM") };
}

/** From now on `peak` is the highest resident size since now. */
export function resetPeak(pid: number): void {
  Deno.writeTextFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** CPU time all threads have used, in user and kernel. Seconds. */
export function cpuTimeOf(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The name, in brackets, may hold anything; state is field 3, utime and stime are 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * CLOCK_TICK;
}

/** How many file descriptors are open. */
export function descriptorsOf(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** `promise`, or a rejection that names what did not end in time. Milliseconds. */
export async function within<T>(limit: number, what: string, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what} did not end within ${limit / 1000} s`)), limit);
  return await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function tell(stream: ReadableStream<Uint8Array>, onBytes: (bytes: Uint8Array) => void): Promise<void> {
  for await (const bytes of stream) onBytes(bytes);
}

async function takesConnections(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}
