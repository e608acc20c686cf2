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
/** How long a write that is under way may take to end before the terminal is given back without. Milliseconds. */
const WRITE_TIME = 500;
/** A process that nobody could wake up again does not stop: after this time it is seen that it has not. Milliseconds. */
const SUSPEND_TIME = 100;
/** What it is taken for when it does not know its own size. */
const DEFAULT_SIZE: Size = { columns: 80, rows: 24 };

export class Terminal {
  readonly #owner: TerminalOwner;
  readonly #keys: KeyReader;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder();
  /** It shows our pictures, and its keys are for us. */
  #isOurs = false;
  /** It is as `enter()` has made it. */
  #isTaken = false;
  /** Another program has it, which gives it back to us. */
  #isLent = false;
  #isClosed = false;
  #writing: Promise<void> | null = null;
  #reading: Promise<void> | null = null;
  readonly #onResize = () => this.#owner.changed();
  readonly #onContinue = () => {
    if (!this.#isLent) this.enter();
  };
  readonly #onUnload = () => this.#giveBack(true);

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
    return this.#isOurs && this.#writing === null;
  }

  /** Takes the terminal: raw keys, a screen of its own. */
  enter(): void {
    if (this.#isClosed) return;
    try {
      Deno.stdin.setRaw(true);
      this.#isTaken = true;
      this.#isOurs = true;
      this.#writeNow(ENTER);
    } catch {
      return this.#lost();
    }
    this.#owner.changed();
    this.#reading ??= this.#read();
  }

  /** Gives it back. May be called at any time, and more than once. */
  async leave(): Promise<void> {
    this.#isOurs = false;
    // What is under way must not come behind the words of leaving; a terminal that does not take it takes none of them.
    this.#giveBack(await this.#written());
  }

  /** For good. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.leave();
    this.#keys.close();
    if (Deno.build.os !== "windows") {
      Deno.removeSignalListener("SIGWINCH", this.#onResize);
      Deno.removeSignalListener("SIGCONT", this.#onContinue);
    }
    globalThis.removeEventListener("unload", this.#onUnload);
  }

  /** Lends it to another program until `work` is done. */
  async lend<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#isLent = true;
    try {
      this.#isOurs = false;
      await this.#written();
      await this.#endRead();
      await this.leave();
      return await work();
    } finally {
      this.#isLent = false;
      this.enter();
    }
  }

  /** Ctrl-Z: the shell has it until the process is told to go on. */
  async suspend(): Promise<void> {
    if (Deno.build.os === "windows" || !this.#isOurs) return;
    await this.leave();
    Deno.kill(Deno.pid, "SIGTSTP");
    // A process that no shell could wake up again does not stop.
    setTimeout(() => {
      if (!this.#isTaken) this.enter();
    }, SUSPEND_TIME);
  }

  #giveBack(withWords: boolean): void {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    this.#isOurs = false;
    try {
      // First of all, so that whoever sees the shell can type.
      Deno.stdin.setRaw(false);
      if (withWords) this.#writeNow(LEAVE);
    } catch {
      // It is gone: there is nothing to give back.
    }
  }

  /** Writes a picture. Only when `isReady`. */
  write(text: string): void {
    if (text === "" || !this.isReady) return;
    this.#writing = this.#writeAll(this.#encoder.encode(text)).then(() => {
      this.#writing = null;
      if (this.#isOurs) this.#owner.ready();
    }, () => {
      this.#writing = null;
      this.#lost();
    });
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length && this.#isOurs;) {
      written += await Deno.stdout.write(bytes.subarray(written));
    }
  }

  /** Whether nothing is being written, or not any more soon. */
  async #written(): Promise<boolean> {
    if (this.#writing === null) return true;
    return await within(WRITE_TIME, this.#writing);
  }

  #writeNow(text: string): void {
    const bytes = this.#encoder.encode(text);
    for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written));
  }

  /** A read under way cannot be taken back, and would steal the first key from another program. */
  async #endRead(): Promise<void> {
    const reading = this.#reading;
    if (reading === null) return;
    this.#writeNow(ARE_YOU_THERE);
    await within(ANSWER_TIME, reading);
  }

  /** Reads while the terminal is ours; what is read last is its answer, when it is to be lent. */
  async #read(): Promise<void> {
    const buffer = new Uint8Array(4096);
    try {
      for (let answered = false; this.#isOurs || (this.#isTaken && !answered);) {
        const count = await Deno.stdin.read(buffer);
        if (count === null) return this.#lost();
        const bytes = buffer.subarray(0, count);
        answered = this.#decoder.decode(bytes).includes(YES);
        if (!answered) this.#keys.receive(bytes);
      }
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

/** Whether it comes so soon, in milliseconds. */
async function within(time: number, work: Promise<void>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => timer = setTimeout(() => resolve(false), time));
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
