// Input that waits to be parsed. Borrows the caller's chunk for a turn and copies only what is left over,
// so a message that arrives whole is parsed in place.
// Invariants: `bytes[start, end)` is the unread input, contiguous; after `settle()` nothing of a borrowed chunk is referenced.

/** A first own buffer: most left-overs are part of a head. */
const FIRST_SIZE = 4 * 1024;
/** An own buffer larger than this is let go once empty. */
const KEEP_SIZE = 64 * 1024;

export class ByteQueue {
  /** The unread input is `bytes[start, end)`. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  #own: Uint8Array = new Uint8Array(0);
  #borrowed = false;

  /** Unread bytes. */
  get length(): number {
    return this.end - this.start;
  }

  /** Adds a chunk. It is borrowed, not copied, when nothing else waits: call `settle()` before the chunk is reused. */
  push(chunk: Uint8Array): void {
    if (this.start === this.end) {
      this.bytes = chunk;
      this.start = 0;
      this.end = chunk.length;
      this.#borrowed = true;
      return;
    }
    this.#toOwn(chunk.length);
    this.bytes.set(chunk, this.end);
    this.end += chunk.length;
  }

  /** `count` bytes have been read. Views onto them stay valid until the next push or settle. */
  skip(count: number): void {
    this.start += count;
  }

  /** Copies what is left of a borrowed chunk, so that the chunk may be reused. */
  settle(): void {
    if (this.start === this.end) {
      this.bytes = this.#own;
      this.start = 0;
      this.end = 0;
      this.#borrowed = false;
      if (this.#own.length > KEEP_SIZE) this.bytes = this.#own = new Uint8Array(0);
      return;
    }
    if (this.#borrowed) this.#toOwn(0);
  }

  /** All unread bytes, copied; the queue is empty afterwards. */
  drain(): Uint8Array {
    const rest = this.bytes.slice(this.start, this.end);
    this.start = this.end;
    this.settle();
    return rest;
  }

  /** Makes the unread bytes our own, with room for `more` behind them. */
  #toOwn(more: number): void {
    const length = this.end - this.start;
    const need = length + more;
    if (!this.#borrowed && this.start + need <= this.#own.length) return;
    let target = this.#own;
    if (need > target.length) {
      let size = Math.max(FIRST_SIZE, target.length);
      while (size < need) size *= 2;
      target = new Uint8Array(size);
    }
    target.set(this.bytes.subarray(this.start, this.end), 0);
    this.#own = target;
    this.bytes = target;
    this.start = 0;
    this.end = length;
    this.#borrowed = false;
  }
}
