// A terminal with a shell in it, for programs that want one: tmux in its control mode (tmux(1), CONTROL MODE), with a
// server of its own.
// Invariant: the picture is looked at when something was written to it, never after some time.

import { peer } from "./peers.ts";

/** How long a picture may take to become what is wanted, in milliseconds. */
const WAIT = 10_000;

export interface TmuxOptions {
  columns: number;
  rows: number;
  /** Where the shell is, and the server's socket. */
  folder: string;
  /** On top of this process's environment. */
  environment: Readonly<Record<string, string>>;
}

/** What there is to know of a terminal besides its text. */
export interface TerminalFacts {
  columns: number;
  rows: number;
  /** Whether the screen is shown that programs take for themselves (DEC private mode 1049). */
  isAlternate: boolean;
  cursorShown: boolean;
  /** From 0. */
  cursorColumn: number;
  cursorRow: number;
  /** What is written beyond the right edge goes on below (DEC private mode 7). */
  wraps: boolean;
}

interface Command {
  lines: string[];
  answer: PromiseWithResolvers<string[]>;
}

export class TmuxTerminal implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;
  readonly #commands: Command[] = [];
  readonly #ready = Promise.withResolvers<void>();
  #changed = Promise.withResolvers<void>();

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#stdin = child.stdin.getWriter();
    this.#reading = this.#read();
  }

  /** Resolves once the shell waits for a command, behind the prompt "$ ". */
  static async start({ columns, rows, folder, environment }: TmuxOptions): Promise<TmuxTerminal> {
    const program = peer("tmux");
    const shell = peer("sh");
    if (program === null || shell === null) throw new Error("tmux and sh are needed: use peerTest");
    const { TMUX: _outer, TMUX_PANE: _pane, ...environmentHere } = Deno.env.toObject();
    const child = new Deno.Command(program, {
      args: [
        "-S",
        `${folder}/tmux`,
        "-f",
        "/dev/null",
        "-u",
        "-C",
        "new-session",
        "-x",
        `${columns}`,
        "-y",
        `${rows}`,
        `exec ${shell} -i`,
      ],
      cwd: folder,
      clearEnv: true,
      env: { ...environmentHere, SHELL: shell, PS1: "$ ", ...environment },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const terminal = new TmuxTerminal(child);
    try {
      await terminal.#ready.promise;
      await terminal.until(/^\$/m);
      return terminal;
    } catch (error) {
      await terminal[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Presses keys, by tmux's names for them: "a", "Enter", "Escape", "C-c", "Down". */
  async press(...keys: string[]): Promise<void> {
    await this.#run(["send-keys", "--", ...keys]);
  }

  async type(text: string): Promise<void> {
    await this.#run(["send-keys", "-l", "--", text]);
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#run(["resize-window", "-x", `${columns}`, "-y", `${rows}`]);
  }

  /** What it shows now: a line for each row, without the blanks at their ends. */
  async text(): Promise<string> {
    return (await this.#run(["capture-pane", "-p"])).map((row) => `${row.trimEnd()}\n`).join("");
  }

  /** The same with the escape sequences of colours. */
  async painted(): Promise<string> {
    return (await this.#run(["capture-pane", "-p", "-e"])).join("\n");
  }

  async facts(): Promise<TerminalFacts> {
    const names = [
      "window_width",
      "window_height",
      "alternate_on",
      "cursor_flag",
      "cursor_x",
      "cursor_y",
      "wrap_flag",
    ];
    const [line = ""] = await this.#run([
      "display-message",
      "-p",
      names.map((name) => `#{${name}}`).join(" "),
    ]);
    const [columns = 0, rows = 0, alternate, cursor, cursorColumn = 0, cursorRow = 0, wrap] = line.split(" ")
      .map(Number);
    return {
      columns,
      rows,
      isAlternate: alternate === 1,
      cursorShown: cursor === 1,
      cursorColumn,
      cursorRow,
      wraps: wrap === 1,
    };
  }

  /**
   * Waits until what it shows is as wanted; rejects after a while, with what it shows then. `meanwhile` is done each time
   * that it is not.
   */
  async until(
    wanted: RegExp | ((text: string) => boolean),
    meanwhile?: () => Promise<void>,
  ): Promise<string> {
    const fits = typeof wanted === "function" ? wanted : (text: string) => wanted.test(text);
    const late = Promise.withResolvers<"late">();
    const timer = setTimeout(() => late.resolve("late"), WAIT);
    try {
      for (;;) {
        const { promise } = this.#changed;
        const text = await this.text();
        if (fits(text)) return text;
        await meanwhile?.();
        if (await Promise.race([promise, late.promise]) === "late") {
          throw new Error(`${wanted} is not what it shows after ${WAIT} ms:\n${await this.text()}`);
        }
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Takes the terminal away from whatever runs in it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#write("kill-server\n").catch(() => {});
    await this.#child.status;
    await this.#reading;
    await this.#stdin.close().catch(() => {});
  }

  async #run(words: readonly string[]): Promise<string[]> {
    const command: Command = { lines: [], answer: Promise.withResolvers() };
    this.#commands.push(command);
    await this.#write(`${words.map(quoted).join(" ")}\n`);
    return await command.answer.promise;
  }

  async #write(text: string): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode(text));
  }

  /** "%begin … 1" opens the answer to a command of ours, "%end" or "%error" ends it; "%output" says of a change. */
  async #read(): Promise<void> {
    let rest = "";
    let answering: Command | null = null;
    for await (const piece of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + piece).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const [, mark, isOurs] = /^%(begin|end|error) \d+ \d+ (\d)$/.exec(line) ?? [];
        if (isOurs === "1" && mark === "begin") answering = this.#commands.shift() ?? null;
        else if (answering !== null && isOurs === "1") {
          if (mark === "end") answering.answer.resolve(answering.lines);
          else answering.answer.reject(new Error(`tmux: ${answering.lines.join("\n")}`));
          answering = null;
        } else if (answering !== null) answering.lines.push(line);
        else if (line.startsWith("%session-changed ")) this.#ready.resolve();
        else if (/^%(?:output|layout-change) /.test(line)) this.#note();
      }
    }
    const ended = new Error("tmux has ended");
    this.#ready.reject(ended);
    for (const { answer } of this.#commands) answer.reject(ended);
    this.#note();
  }

  #note(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** One word of a command, as tmux reads it. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
