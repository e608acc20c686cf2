// Bytes waiting to be written: a chain of blocks, filled at one end while the other end is on the wire.
// Invariants: `take()` hands out one block, at most BLOCK_SIZE bytes, for one write; that view stays untouched until
// `release()`; nothing leaves before what was appended before it. What is held is what waits and at most three
// blocks more: the one being filled, the one on the wire, and a spare.

import { latin1EncodeInto } from "./latin1.ts";

/** A first block this small keeps an idle connection cheap. */
const FIRST_SIZE = 4 * 1024;
/** What one write takes at most. 256 KiB: larger writes gain nothing, and one block is all that is copied on growing. */
export const BLOCK_SIZE = 256 * 1024;

const NONE = new Uint8Array(0);

export class OutBuffer {
  /** Full ones that wait, oldest first; nearly always none. */
  readonly #full: Uint8Array[] = [];
  #filling: Uint8Array = NONE;
  /** How much of `#filling` is filled. */
  #filled = 0;
  #spare: Uint8Array = NONE;
  /** The block on the wire, and how much of it was handed out. */
  #onWire: Uint8Array = NONE;
  #taken = 0;

  /** Bytes appended and not yet released: those that wait and those being written. */
  get length(): number {
    return this.waiting + this.#taken;
  }

  /** Bytes appended and not yet taken. */
  get waiting(): number {
    return this.#full.length * BLOCK_SIZE + this.#filled;
  }

  /** Copies `bytes`; the caller may reuse them at once. */
  append(bytes: Uint8Array): void {
    const { length } = bytes;
    let copied = 0;
    let room = this.#room(length);
    while (room < length - copied) {
      this.#filling.set(bytes.subarray(copied, copied + room), this.#filled);
      this.#filled += room;
      copied += room;
      room = this.#room(length - copied);
    }
    this.#filling.set(copied === 0 ? bytes : bytes.subarray(copied), this.#filled);
    this.#filled += length - copied;
  }

  /** Appends a byte-true string (each character one byte). */
  appendText(text: string): void {
    let rest = text;
    let room = this.#room(rest.length);
    while (room < rest.length) {
      this.#filled = latin1EncodeInto(rest.slice(0, room), this.#filling, this.#filled);
      rest = rest.slice(room);
      room = this.#room(rest.length);
    }
    this.#filled = latin1EncodeInto(rest, this.#filling, this.#filled);
  }

  /**
   * The oldest block of what waits, or null: all that waits, unless it is more than BLOCK_SIZE. The view is the
   * caller's until `release()`; only one may be out at a time.
   */
  take(): Uint8Array | null {
    if (this.#taken > 0) return null;
    const full = this.#full.shift();
    if (full !== undefined) {
      this.#onWire = full;
      this.#taken = BLOCK_SIZE;
      return full;
    }
    if (this.#filled === 0) return null;
    this.#onWire = this.#filling;
    this.#taken = this.#filled;
    this.#filling = this.#spare;
    this.#spare = NONE;
    this.#filled = 0;
    return this.#onWire.subarray(0, this.#taken);
  }

  /** The view from `take()` has been written. */
  release(): void {
    if (this.#onWire.length > this.#spare.length) this.#spare = this.#onWire;
    this.#onWire = NONE;
    this.#taken = 0;
  }

  /** Drops what waits (not what is being written). */
  clear(): void {
    this.#full.length = 0;
    this.#filled = 0;
  }

  /** How many of `more` bytes fit into the block being filled, after it has grown or given way to another. */
  #room(more: number): number {
    const need = this.#filled + more;
    if (need <= this.#filling.length) return more;
    if (this.#filling.length < BLOCK_SIZE) this.#grow(need);
    else if (this.#filled === BLOCK_SIZE) this.#begin();
    return Math.min(more, this.#filling.length - this.#filled);
  }

  #grow(need: number): void {
    let size = Math.max(FIRST_SIZE, this.#filling.length);
    while (size < need && size < BLOCK_SIZE) size *= 2;
    const grown = new Uint8Array(size);
    grown.set(this.#filling.subarray(0, this.#filled));
    this.#filling = grown;
  }

  /** The block is full: the next one. So much waits already that it will be filled too. */
  #begin(): void {
    this.#full.push(this.#filling);
    this.#filling = this.#spare.length === BLOCK_SIZE ? this.#spare : new Uint8Array(BLOCK_SIZE);
    this.#spare = NONE;
    this.#filled = 0;
  }
}
