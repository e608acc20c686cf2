// Where a client's transport would be, when something is sent again: says what the client said, as it is taken, and
// swallows what is written.
// Invariants: nothing is said before its handler's `attach` has returned; chunks come in order, and none while reading is
// paused; the end is said once; a handler is never told that it is closed from within its own call.

import type { Endpoint, Transport, TransportHandler } from "../net/transport.ts";

/** Stands for the client's address. Real ones are addresses: no name among them. */
export const REPLAY_CLIENT: Readonly<Endpoint> = { host: "replay", port: 0 };

export interface ReplayInput {
  chunks: readonly Uint8Array[];
  /** Whether the client closes its direction behind them. Else it does so when the other side has, or on `finish()`. */
  endsAfter: boolean;
}

/** A client that says nothing. */
export const NO_INPUT: ReplayInput = { chunks: [], endsAfter: false };

export class ReplayTransport implements Transport {
  readonly remote = REPLAY_CLIENT;
  readonly local = REPLAY_CLIENT;
  readonly #input: ReplayInput;
  readonly #onMoved: () => void;
  #handler: TransportHandler | null = null;
  #next = 0;
  #paused = true;
  #speaking = false;
  #finished: boolean;
  #inputEnded = false;
  #outputEnded = false;
  #isClosed = false;

  /** `onMoved`: a chunk has been said, or something was written. */
  constructor(input: ReplayInput, onMoved: () => void = () => {}) {
    this.#input = input;
    this.#onMoved = onMoved;
    this.#finished = input.endsAfter;
  }

  /** Whether there is nothing left to say, but perhaps the end. */
  get hasSaidAll(): boolean {
    return this.#next >= this.#input.chunks.length;
  }

  /** Whether the client has closed its direction. */
  get hasEnded(): boolean {
    return this.#inputEnded;
  }

  /** The client closes its direction, once all is said. */
  finish(): void {
    this.#finished = true;
    this.#speak();
  }

  // --- Transport ---

  get isClosed(): boolean {
    return this.#isClosed;
  }

  attach(handler: TransportHandler | null): void {
    this.#handler = handler;
    this.#paused = handler === null;
    // Whoever attaches is not ready before it has attached to the other side as well.
    queueMicrotask(() => this.#speak());
  }

  unread(): void {
    throw new Error("what a replay says is known beforehand: nobody reads it to find out");
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#speak();
  }

  write(_data: Uint8Array, done: () => void): void {
    if (this.#isClosed || this.#outputEnded) return;
    this.#onMoved();
    queueMicrotask(() => {
      if (!this.#isClosed) done();
    });
  }

  end(): void {
    this.#outputEnded = true;
    this.finish();
    this.#closeIfDone();
  }

  reset(): void {
    this.close();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const handler = this.#handler;
    this.#handler = null;
    queueMicrotask(() => handler?.closed(null));
  }

  // ---

  #speak(): void {
    if (this.#speaking) return;
    this.#speaking = true;
    const { chunks } = this.#input;
    while (!this.#paused && this.#handler !== null) {
      const chunk = chunks[this.#next];
      if (chunk === undefined) break;
      this.#next++;
      // A transport that reads nothing says nothing.
      if (chunk.length === 0) continue;
      this.#onMoved();
      if (!this.#handler.data(chunk)) this.#paused = true;
    }
    this.#speaking = false;
    if (this.#handler === null || !this.hasSaidAll || !this.#finished || this.#inputEnded) return;
    this.#inputEnded = true;
    this.#handler.end(true);
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#inputEnded && this.#outputEnded) this.close();
  }
}
