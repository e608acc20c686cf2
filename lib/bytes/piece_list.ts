// Bytes collected piece by piece, to be taken as one. However small the pieces are, what is held is what came, and at
// most as much again: an object for each byte a peer sends alone would cost a hundred times that.
// Invariant: bytes are copied in; a block is never moved once it has any.

/** Blocks grow with what is held, up to this. */
const BLOCK_SIZE = 64 * 1024;
const FIRST_SIZE = 256;

export class PieceList {
  readonly #blocks: Uint8Array[] = [];
  /** How much of each block is filled. */
  readonly #filled: number[] = [];
  /** Bytes held. */
  length = 0;

  append(data: Uint8Array): void {
    if (data.length === 0) return;
    const last = this.#blocks.length - 1;
    const block = this.#blocks[last];
    const filled = this.#filled[last] ?? 0;
    if (block !== undefined && block.length - filled >= data.length) {
      block.set(data, filled);
      this.#filled[last] = filled + data.length;
    } else {
      const size = Math.min(BLOCK_SIZE, Math.max(FIRST_SIZE, this.length));
      const next = new Uint8Array(Math.max(size, data.length));
      next.set(data);
      this.#blocks.push(next);
      this.#filled.push(data.length);
    }
    this.length += data.length;
  }

  /** All of it, copied into one. */
  bytes(): Uint8Array {
    const joined = new Uint8Array(this.length);
    let offset = 0;
    for (const [index, block] of this.#blocks.entries()) {
      const filled = this.#filled[index] ?? 0;
      joined.set(block.subarray(0, filled), offset);
      offset += filled;
    }
    return joined;
  }
}
