// A transport without a network: a test plays the peer. Hand-overs are those of every transport (HeldInput).

import { HeldInput } from "../../lib/net/held_input.ts";
import type { Transport, TransportFault, TransportHandler } from "../../lib/net/transport.ts";

export class MemoryTransport implements Transport {
  readonly remote = { host: "192.0.2.1", port: 1 };
  readonly local = { host: "192.0.2.2", port: 2 };
  /** What was written, one entry a call, copied. */
  readonly writes: string[] = [];
  /** In order: "end", "end uncleanly", "reset", "close". */
  readonly endings: string[] = [];
  /** Whether the last handler asked was willing to read on. */
  reading = false;
  /** Complete each write at once, in a microtask; else `completeWrite()` does. */
  completesWrites = true;
  readonly #held = new HeldInput();
  #pending: (() => void) | null = null;

  // --- The peer ---

  /** Bytes from the peer; true when more may come. The chunk is overwritten afterwards, as a shared read buffer is. */
  deliver(data: string | Uint8Array): boolean {
    const bytes = typeof data === "string" ? bytesOf(data) : data.slice();
    this.reading = this.#held.data(bytes);
    bytes.fill(0x2e);
    return this.reading;
  }

  deliverEnd(clean = true): void {
    this.#held.end(clean);
  }

  deliverClosed(fault: TransportFault | null = null): void {
    this.#held.closed(fault);
  }

  /** Whether a write is under way. */
  get isWriting(): boolean {
    return this.#pending !== null;
  }

  completeWrite(): void {
    const done = this.#pending;
    this.#pending = null;
    done?.();
  }

  // --- Transport ---

  get isClosed(): boolean {
    return this.#held.isClosed;
  }

  attach(handler: TransportHandler | null): void {
    this.#held.attach(handler);
    this.reading = handler !== null && this.#held.deliver();
  }

  unread(bytes: Uint8Array): void {
    this.#held.unread(bytes);
  }

  pause(): void {
    this.reading = false;
  }

  resume(): void {
    if (this.#held.deliver()) this.reading = true;
  }

  write(data: Uint8Array, done: () => void): void {
    if (this.#pending !== null) throw new Error("a second write while one is under way");
    this.writes.push(textOf(data));
    this.#pending = done;
    if (this.completesWrites) queueMicrotask(() => this.completeWrite());
  }

  end(clean = true): void {
    this.endings.push(clean ? "end" : "end uncleanly");
  }

  reset(): void {
    this.endings.push("reset");
  }

  close(): void {
    this.endings.push("close");
    this.#held.closed(null);
  }
}

/** What a handler was told, in order: a chunk as its text, "<end>", "<end uncleanly>", "<closed>", "<closed reset>". */
export class Recorder implements TransportHandler {
  readonly told: string[] = [];
  /** Asked for each chunk: whether to read on. */
  answer: (text: string) => boolean = () => true;

  data(chunk: Uint8Array): boolean {
    const text = textOf(chunk);
    this.told.push(text);
    return this.answer(text);
  }

  end(clean: boolean): void {
    this.told.push(clean ? "<end>" : "<end uncleanly>");
  }

  closed(fault: TransportFault | null): void {
    this.told.push(fault === null ? "<closed>" : `<closed ${fault.code}>`);
  }
}

/** A byte-true string as bytes. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function textOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => String.fromCharCode(byte)).join("");
}
