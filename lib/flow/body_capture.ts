// The tee of a body: keeps the first bytes up to a cap, counts all of them.
// Invariants: `length` is always the true length; `kept` never passes the cap; bytes are copied, so the
// caller's buffer may be reused; nothing here ever blocks or slows the wire.

import { PieceList } from "../bytes/piece_list.ts";

/** Small bodies share slabs of this size: one allocation for many flows. */
const SLAB_SIZE = 64 * 1024;
/** Pieces larger than this get a buffer of their own. */
const SLAB_PIECE = 8 * 1024;

let slab = new Uint8Array(0);
let slabUsed = 0;

export class BodyCapture {
  #pieces: Uint8Array | PieceList | null = null;
  #length = 0;
  #kept = 0;
  #cap: number;

  /** `cap` in bytes: what is kept at most. */
  constructor(cap: number) {
    this.#cap = cap;
  }

  /** The true length in bytes, kept or not. */
  get length(): number {
    return this.#length;
  }

  /** How many bytes are kept. */
  get kept(): number {
    return this.#kept;
  }

  get truncated(): boolean {
    return this.#kept < this.#length;
  }

  /** Copies what fits under the cap. Returns how many bytes that were. */
  append(data: Uint8Array): number {
    this.#length += data.length;
    const room = Math.min(this.#cap - this.#kept, data.length);
    if (room <= 0) return 0;
    const piece = room === data.length ? data : data.subarray(0, room);
    if (this.#pieces === null) this.#pieces = keep(piece);
    else {
      if (this.#pieces instanceof Uint8Array) {
        const first = this.#pieces;
        this.#pieces = new PieceList();
        this.#pieces.append(first);
      }
      this.#pieces.append(piece);
    }
    this.#kept += room;
    return room;
  }

  /** Puts `data` in place of what was captured (an edited body). The bytes become the capture's own. */
  replace(data: Uint8Array): void {
    this.#pieces = data.length <= this.#cap ? data : data.slice(0, this.#cap);
    this.#length = data.length;
    this.#kept = Math.min(data.length, this.#cap);
  }

  /** Lets go of what was kept, and keeps nothing more; the length goes on being counted. */
  discard(): void {
    this.#pieces = null;
    this.#kept = 0;
    this.#cap = 0;
  }

  /** The kept bytes as one array. Read only: it may share a slab with other bodies. */
  bytes(): Uint8Array {
    if (this.#pieces === null) return new Uint8Array(0);
    if (this.#pieces instanceof Uint8Array) return this.#pieces;
    const joined = this.#pieces.bytes();
    this.#pieces = joined;
    return joined;
  }
}

/** A copy of `data`, on a shared slab when it is small. Read only. */
export function keep(data: Uint8Array): Uint8Array {
  if (data.length > SLAB_PIECE) return data.slice();
  if (slab.length - slabUsed < data.length) {
    slab = new Uint8Array(SLAB_SIZE);
    slabUsed = 0;
  }
  const piece = slab.subarray(slabUsed, slabUsed + data.length);
  piece.set(data);
  slabUsed += data.length;
  return piece;
}
