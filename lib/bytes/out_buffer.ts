// Bytes waiting to be written: one growing buffer that is filled while the other one is on the wire.
// Invariants: `take()` hands out everything that waits, as one view, for one write; that view stays
// untouched until `release()`; between the two, appends go to the other buffer.

import { latin1EncodeInto } from "./latin1.ts";

/** A first buffer this small keeps an idle connection cheap. */
const FIRST_SIZE = 4 * 1024;
/** A buffer that grew beyond this is let go after its write, so that one large turn does not pin memory. */
const KEEP_SIZE = 256 * 1024;

export class OutBuffer {
  #filling: Uint8Array = new Uint8Array(0);
  #spare: Uint8Array = new Uint8Array(0);
  #length = 0;
  #taken = 0;

  /** Bytes appended and not yet released: those that wait and those being written. */
  get length(): number {
    return this.#length + this.#taken;
  }

  /** Bytes appended and not yet taken. */
  get waiting(): number {
    return this.#length;
  }

  /** Copies `bytes`; the caller may reuse them at once. */
  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#filling.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Appends a byte-true string (each character one byte). */
  appendText(text: string): void {
    this.#reserve(text.length);
    this.#length = latin1EncodeInto(text, this.#filling, this.#length);
  }

  /** Everything that waits, or null. The view is the caller's until `release()`; only one may be out at a time. */
  take(): Uint8Array | null {
    if (this.#length === 0 || this.#taken > 0) return null;
    const view = this.#filling.subarray(0, this.#length);
    const filled = this.#filling;
    this.#filling = this.#spare;
    this.#spare = filled;
    this.#taken = this.#length;
    this.#length = 0;
    return view;
  }

  /** The view from `take()` has been written. */
  release(): void {
    this.#taken = 0;
    if (this.#spare.length > KEEP_SIZE) this.#spare = new Uint8Array(0);
  }

  /** Drops what waits (not what is being written). */
  clear(): void {
    this.#length = 0;
  }

  #reserve(more: number): void {
    const need = this.#length + more;
    if (need <= this.#filling.length) return;
    let size = Math.max(FIRST_SIZE, this.#filling.length);
    while (size < need) size *= 2;
    const grown = new Uint8Array(size);
    grown.set(this.#filling.subarray(0, this.#length));
    this.#filling = grown;
  }
}
