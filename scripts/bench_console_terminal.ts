// mitm with its console, on a terminal of its own that util-linux's `script` makes: keys are written, pictures are read as they
// come, and everything is timed here. Its standard input and output are pipes of the bench.

import { COLUMNS, ConsoleScreen, ROWS } from "./bench_console_screen.ts";
import { freePorts, RunningProgram, type Watched, within } from "./bench_process.ts";
import { type Mitm, type Origin, proxyArguments } from "./bench_proxies.ts";

/** What has not been shown by then never will be. Milliseconds. */
const ANSWER_LIMIT = 10_000;
/** The same for a list with flows in it. Milliseconds. */
const LIST_LIMIT = 20_000;
/** SIGTERM has this long to work. Milliseconds; mitm gives open connections two seconds. */
const STOP_LIMIT = 4000;

/** Somebody waits for a picture that began after `since` and shows what is looked for. */
interface Waiting {
  since: number;
  shows: (screen: ConsoleScreen) => boolean;
  resolve: (began: number) => void;
}

export class ConsoleTerminal implements Watched {
  readonly port: number;
  readonly screen = new ConsoleScreen();
  /** All it prints is its pictures. */
  readonly lastLines = [];
  readonly lineCount = 0;
  readonly #program: RunningProgram;
  #pid = 0;
  #waiting: Waiting | null = null;

  /** `trust`: the file of the CA to verify the origin against. `folder`: of the run. */
  static async start(
    script: string,
    mitm: Mitm,
    origin: Origin,
    trust: string,
    folder: string,
  ): Promise<ConsoleTerminal> {
    const [port = 0] = freePorts(1);
    const pidFile = `${folder}/console-${port}.pid`;
    const words = [mitm.program, ...proxyArguments(mitm, port, origin, trust)].map(shellQuoted).join(" ");
    const command = `stty rows ${ROWS} columns ${COLUMNS}; echo $$ >${shellQuoted(pidFile)}; exec ${words}`;
    const terminal = new ConsoleTerminal(script, command, mitm.env, port);
    try {
      await terminal.#program.listening(port);
      terminal.#pid = Number(await Deno.readTextFile(pidFile));
      await terminal.until("the list", ({ status }) => status !== null);
      return terminal;
    } catch (error) {
      const { ended } = terminal;
      await terminal.#program.stop();
      throw ended === null ? error : new Error(ended);
    }
  }

  private constructor(script: string, command: string, env: Record<string, string>, port: number) {
    this.port = port;
    this.#program = new RunningProgram("mitm", script, ["-qefc", command, "/dev/null"], {
      // In colours, as a person sees it.
      env: { ...env, SHELL: "/bin/sh", TERM: "xterm-256color", NO_COLOR: "" },
      hasInput: true,
      onBytes: (bytes) => this.#receive(bytes),
    });
  }

  /** Of mitm itself, not of `script`. */
  get pid(): number {
    return this.#pid;
  }

  get ended(): string | null {
    const { ended } = this.#program;
    const { said } = this.screen;
    return ended === null || said === "" ? ended : `${ended}: ${said}`;
  }

  /** Types a key. Milliseconds from then to the first byte of the first picture that shows what it did. */
  async press(name: string, keys: string, shows: (screen: ConsoleScreen) => boolean): Promise<number> {
    const since = performance.now();
    const shown = this.#shown(since, shows);
    await this.#program.write(keys);
    return await within(ANSWER_LIMIT, `the answer to the key ${name}`, shown) - since;
  }

  /** Waits until it is shown. `what`, for a person. */
  async until(what: string, shows: (screen: ConsoleScreen) => boolean): Promise<void> {
    if (!shows(this.screen)) await within(LIST_LIMIT, `waiting for ${what}`, this.#shown(0, shows));
  }

  /** `script` would give it little time, so it is told itself; `script` ends with it, and with its exit code. */
  async stop(): Promise<string | null> {
    const { ended } = this;
    if (ended !== null) return ended;
    try {
      Deno.kill(this.#pid, "SIGTERM");
      const code = await this.#program.exited(STOP_LIMIT);
      return code === 0 ? null : `mitm ended with exit code ${code} on SIGTERM`;
    } catch (error) {
      this.#program.kill("SIGKILL");
      return error instanceof Error ? error.message : String(error);
    }
  }

  #shown(since: number, shows: (screen: ConsoleScreen) => boolean): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#waiting = { since, shows, resolve };
    return promise;
  }

  #receive(bytes: Uint8Array): void {
    this.screen.receive(bytes, performance.now(), (began) => {
      const waiting = this.#waiting;
      if (waiting === null || began < waiting.since || !waiting.shows(this.screen)) return;
      this.#waiting = null;
      waiting.resolve(began);
    });
  }
}

function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
