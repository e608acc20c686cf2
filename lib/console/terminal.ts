// The terminal the console is shown on: raw keys in, pictures out, and always given back as it was found.
// Invariants: one write is under way at a time, and nobody waits for it; while it lasts newer pictures take the place of
// older ones; after `leave()` nothing is written and no key is taken from whoever has the terminal then.

import { type Key, KeyReader } from "./key.ts";
import { ENTER, LEAVE, type Size } from "./screen.ts";

export interface TerminalOwner {
  key(key: Key): void;
  /** Its size has changed, or it was taken again: everything must be written anew. */
  changed(): void;
  /** The last write is done: there is room for a picture. */
  ready(): void;
  /** It is gone: nobody sees or types anything any more. */
  gone(): void;
}

/** Asks a terminal to say something (ECMA-48, DSR), so that a read of ours that waits for a key comes to its end. */
const ARE_YOU_THERE = "\x1b[5n";
const YES = "\x1b[0n";
/** How long it may take to answer, in milliseconds. */
const ANSWER_TIME = 400;
/** What it is taken for when it does not know its own size. */
const DEFAULT_SIZE: Size = { columns: 80, rows: 24 };

export class Terminal {
  readonly #owner: TerminalOwner;
  readonly #keys: KeyReader;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder();
  #isOurs = false;
  #isClosed = false;
  #writing = false;
  #reading: Promise<void> | null = null;
  readonly #onResize = () => this.#owner.changed();
  readonly #onContinue = () => {
    if (!this.#isClosed) this.enter();
  };
  readonly #onUnload = () => this.leave();

  constructor(owner: TerminalOwner) {
    this.#owner = owner;
    this.#keys = new KeyReader((key) => {
      if (this.#isOurs) this.#owner.key(key);
    });
    if (Deno.build.os !== "windows") {
      Deno.addSignalListener("SIGWINCH", this.#onResize);
      Deno.addSignalListener("SIGCONT", this.#onContinue);
    }
    // Whatever ends the process gives the terminal back.
    globalThis.addEventListener("unload", this.#onUnload);
  }

  get size(): Size {
    try {
      const { columns, rows } = Deno.consoleSize();
      return columns > 0 && rows > 0 ? { columns, rows } : DEFAULT_SIZE;
    } catch {
      return DEFAULT_SIZE;
    }
  }

  /** Whether a picture would be written now. */
  get isReady(): boolean {
    return this.#isOurs && !this.#writing;
  }

  /** Takes the terminal: raw keys, a screen of its own. */
  enter(): void {
    if (this.#isClosed) return;
    try {
      Deno.stdin.setRaw(true);
      this.#isOurs = true;
      this.#writeNow(ENTER);
    } catch {
      return this.#lost();
    }
    this.#owner.changed();
    this.#reading ??= this.#read();
  }

  /** Gives it back. May be called at any time, and more than once. */
  leave(): void {
    if (!this.#isOurs) return;
    this.#isOurs = false;
    try {
      this.#writeNow(LEAVE);
      Deno.stdin.setRaw(false);
    } catch {
      // It is gone: there is nothing to give back.
    }
  }

  /** For good. */
  close(): void {
    this.leave();
    this.#isClosed = true;
    this.#keys.close();
    if (Deno.build.os !== "windows") {
      Deno.removeSignalListener("SIGWINCH", this.#onResize);
      Deno.removeSignalListener("SIGCONT", this.#onContinue);
    }
    globalThis.removeEventListener("unload", this.#onUnload);
  }

  /** Lends it to another program until `work` is done. */
  async lend<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.#endRead();
    this.leave();
    try {
      return await work();
    } finally {
      this.enter();
    }
  }

  /** Ctrl-Z: the shell has it until the process is told to go on. */
  suspend(): void {
    if (Deno.build.os === "windows") return;
    this.leave();
    Deno.kill(Deno.pid, "SIGTSTP");
  }

  /** Writes a picture. Only when `isReady`. */
  write(text: string): void {
    if (text === "" || !this.isReady) return;
    this.#writing = true;
    this.#writeAll(this.#encoder.encode(text)).then(() => {
      this.#writing = false;
      if (this.#isOurs) this.#owner.ready();
    }, () => {
      this.#writing = false;
      this.#lost();
    });
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      written += await Deno.stdout.write(bytes.subarray(written));
    }
  }

  #writeNow(text: string): void {
    const bytes = this.#encoder.encode(text);
    for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written));
  }

  /** A read under way cannot be taken back, and would steal the first key from another program. */
  async #endRead(): Promise<void> {
    const reading = this.#reading;
    if (reading === null) return;
    this.#isOurs = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<void>((resolve) => timer = setTimeout(resolve, ANSWER_TIME));
    this.#writeNow(ARE_YOU_THERE);
    await Promise.race([reading, timeout]);
    clearTimeout(timer);
    this.#isOurs = true;
  }

  /** Reads while the terminal is ours. */
  async #read(): Promise<void> {
    const buffer = new Uint8Array(4096);
    try {
      do {
        const count = await Deno.stdin.read(buffer);
        if (count === null) return this.#lost();
        const bytes = buffer.subarray(0, count);
        const answer = this.#decoder.decode(bytes).includes(YES);
        if (!answer) this.#keys.receive(bytes);
      } while (this.#isOurs);
    } catch {
      this.#lost();
    } finally {
      this.#reading = null;
    }
  }

  #lost(): void {
    if (this.#isClosed) return;
    this.#isOurs = false;
    this.#owner.gone();
  }
}
