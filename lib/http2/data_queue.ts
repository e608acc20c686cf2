// Data of a stream that waits: for a window, for room, for a tunnel to open.
// Invariants: bytes are copied in once; small pieces share a block, so that what is held is what waits, plus one block;
// an empty queue holds nothing.

/** As large as a DATA frame usually is. */
const BLOCK_SIZE = 16 * 1024;
/** A queue that starts with little stays cheap. */
const FIRST_SIZE = 1024;
/**
 * Blocks kept for the next queue that needs one. 128, 2 MiB: a transfer that goes through a queue would else leave as much
 * garbage as it carries.
 */
const KEPT_BLOCKS = 128;

const kept: Uint8Array[] = [];

interface Block {
  bytes: Uint8Array;
  start: number;
  end: number;
}

export class DataQueue {
  #blocks: Block[] = [];
  /** The first block that holds anything. */
  #first = 0;
  /** Bytes that wait. */
  length = 0;

  push(data: Uint8Array): void {
    this.length += data.length;
    let rest = data;
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.end < last.bytes.length) {
      const fits = Math.min(rest.length, last.bytes.length - last.end);
      last.bytes.set(fits === rest.length ? rest : rest.subarray(0, fits), last.end);
      last.end += fits;
      rest = rest.subarray(fits);
    }
    while (rest.length > 0) {
      const bytes = this.#blocks.length === 0 && rest.length <= FIRST_SIZE
        ? new Uint8Array(FIRST_SIZE)
        : kept.pop() ?? new Uint8Array(BLOCK_SIZE);
      const fits = Math.min(rest.length, bytes.length);
      bytes.set(fits === rest.length ? rest : rest.subarray(0, fits));
      this.#blocks.push({ bytes, start: 0, end: fits });
      rest = rest.subarray(fits);
    }
  }

  /** The next bytes, at most `limit`: a view, valid until the next push to any queue. At least one byte, when any wait. */
  take(limit: number): Uint8Array {
    const block = this.#blocks[this.#first];
    if (block === undefined) return new Uint8Array(0);
    const length = Math.min(limit, block.end - block.start);
    const data = block.bytes.subarray(block.start, block.start + length);
    block.start += length;
    this.length -= length;
    if (block.start === block.end) this.#shift(block);
    return data;
  }

  clear(): void {
    for (let index = this.#first; index < this.#blocks.length; index++) keep(this.#blocks[index]);
    this.#blocks = [];
    this.#first = 0;
    this.length = 0;
  }

  #shift(block: Block): void {
    keep(block);
    this.#first++;
    if (this.length === 0) return this.clear();
    // Shifting one by one would move all of a long queue each time.
    if (this.#first < 64) return;
    this.#blocks.splice(0, this.#first);
    this.#first = 0;
  }
}

function keep(block: Block | undefined): void {
  if (block !== undefined && block.bytes.length === BLOCK_SIZE && kept.length < KEPT_BLOCKS) {
    kept.push(block.bytes);
  }
}
