// What every transport does for hand-overs: input that came while nobody listened is held, and delivered to the
// next handler, in order. That the peer ended, or that all is over, is told to every handler anew.
// Invariant: held input is delivered before anything newer, and before an ending.

import type { TransportFault, TransportHandler } from "./transport.ts";

export class HeldInput {
  #handler: TransportHandler | null = null;
  #chunks: Uint8Array[] = [];
  #ended: { clean: boolean } | null = null;
  #closed: { fault: TransportFault | null } | null = null;
  #endTold = false;
  #delivering = false;
  /** What the last delivery came to: whether the handler in charge reads on. */
  #willing = false;

  get isClosed(): boolean {
    return this.#closed !== null;
  }

  /** Whether nothing waits for a handler. */
  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  unread(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#chunks.unshift(bytes.slice());
  }

  /** Puts a handler in charge; call `deliver()` next. */
  attach(handler: TransportHandler | null): void {
    this.#handler = handler;
    this.#endTold = false;
    this.#willing = false;
  }

  /** Gives what is held to the handler. True when it wants to go on reading. */
  deliver(): boolean {
    if (this.#delivering) return false;
    this.#willing = this.#deliver();
    return this.#willing;
  }

  #deliver(): boolean {
    this.#delivering = true;
    try {
      while (this.#handler !== null) {
        const chunk = this.#chunks.shift();
        if (chunk === undefined) break;
        const handler: TransportHandler = this.#handler;
        // A handler that put another one in its place speaks for itself only.
        if (!handler.data(chunk) && this.#handler === handler) return false;
      }
      // An ending may bring a new handler, which is told again.
      while (this.#handler !== null && this.#ended !== null && !this.#endTold) {
        this.#endTold = true;
        this.#handler.end(this.#ended.clean);
      }
      if (this.#handler !== null && this.#closed !== null) {
        const handler: TransportHandler = this.#handler;
        this.#handler = null;
        handler.closed(this.#closed.fault);
        return false;
      }
      return this.#handler !== null;
    } finally {
      this.#delivering = false;
    }
  }

  /** A chunk has come: to the handler, or held (copied). False: stop reading. */
  data(chunk: Uint8Array): boolean {
    if (this.#handler === null || this.#chunks.length > 0 || this.#delivering) {
      this.#chunks.push(chunk.slice());
      return false;
    }
    const handler = this.#handler;
    const more = handler.data(chunk);
    // A handler put in place meanwhile has spoken for itself, about what it was given back.
    return this.#handler === handler ? more : this.#willing;
  }

  /** A chunk has come while the handler does not want any: it is copied, for `deliver()`. */
  hold(chunk: Uint8Array): void {
    this.#chunks.push(chunk.slice());
  }

  end(clean: boolean): void {
    this.#ended ??= { clean };
    if (this.#chunks.length === 0) this.deliver();
  }

  closed(fault: TransportFault | null): void {
    if (this.#closed !== null) return;
    this.#closed = { fault };
    // A torn connection is told at once; what a paused handler had not taken yet is lost with it.
    if (fault !== null) this.#chunks = [];
    if (this.#chunks.length === 0) this.deliver();
  }
}
