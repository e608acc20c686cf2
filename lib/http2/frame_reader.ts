// Cuts the input into frames (RFC 9113, 4.1). DATA comes in pieces as it arrives: a large frame delays nothing and is
// not copied. All other frames come whole.
// Invariants: what is read is a view onto the input, valid until the next `read()` or push; the padding of DATA is
// skipped unseen, that of other frames is the caller's.

import { ByteQueue } from "../bytes/byte_queue.ts";
import { FLAG, FRAME, FRAME_HEAD_SIZE, readUint32 } from "./frame_types.ts";

/**
 * `frame`: a whole frame other than DATA. `data-head`: a DATA frame begins; its pieces follow. `piece`: bytes of it.
 * `too-large` and `bad-padding`: the peer's fault; nothing more can be read.
 */
export type Reading = "more" | "frame" | "data-head" | "piece" | "too-large" | "bad-padding";

export class FrameReader {
  readonly input = new ByteQueue();
  readonly #maxFrameSize: number;

  /** Of the frame under way. */
  type = 0;
  flags = 0;
  stream = 0;
  /** The payload, with padding. */
  length = 0;
  /** Of a frame: its payload. Of a piece: the bytes. In `input.bytes`. */
  start = 0;
  end = 0;
  /** Bytes of DATA that are still to come, without padding. */
  dataLeft = 0;
  #paddingLeft = 0;

  /** `maxFrameSize`: what we have announced, bytes. */
  constructor(maxFrameSize: number) {
    this.#maxFrameSize = maxFrameSize;
  }

  /** The payload, or the piece. */
  get bytes(): Uint8Array {
    return this.input.bytes.subarray(this.start, this.end);
  }

  /** Whether a part of a header block is here, and the rest of its frame is not. Asked after `read()` said "more". */
  get waitsForHead(): boolean {
    if (this.dataLeft > 0 || this.#paddingLeft > 0 || this.input.length < FRAME_HEAD_SIZE) return false;
    return this.type === FRAME.HEADERS || this.type === FRAME.CONTINUATION;
  }

  read(): Reading {
    const { input } = this;
    if (this.dataLeft > 0) return this.#readPiece();
    if (this.#paddingLeft > 0) {
      const skipped = Math.min(this.#paddingLeft, input.length);
      input.skip(skipped);
      this.#paddingLeft -= skipped;
      if (this.#paddingLeft > 0) return "more";
    }
    if (input.length < FRAME_HEAD_SIZE) return "more";
    const { bytes, start } = input;
    const length = ((bytes[start] ?? 0) << 16) | ((bytes[start + 1] ?? 0) << 8) | (bytes[start + 2] ?? 0);
    this.length = length;
    this.type = bytes[start + 3] ?? 0;
    this.flags = bytes[start + 4] ?? 0;
    // RFC 9113, 4.1: the reserved bit is ignored.
    this.stream = readUint32(bytes, start + 5) & 0x7fff_ffff;
    // RFC 9113, 4.2
    if (length > this.#maxFrameSize) return "too-large";
    if (this.type === FRAME.DATA) return this.#beginData();
    if (input.length < FRAME_HEAD_SIZE + length) return "more";
    this.start = start + FRAME_HEAD_SIZE;
    this.end = this.start + length;
    input.skip(FRAME_HEAD_SIZE + length);
    return "frame";
  }

  #beginData(): Reading {
    const { input } = this;
    if ((this.flags & FLAG.PADDED) === 0) {
      this.dataLeft = this.length;
      this.#paddingLeft = 0;
      input.skip(FRAME_HEAD_SIZE);
      return "data-head";
    }
    if (this.length === 0) return "bad-padding";
    if (input.length < FRAME_HEAD_SIZE + 1) return "more";
    const padding = input.bytes[input.start + FRAME_HEAD_SIZE] ?? 0;
    // RFC 9113, 6.1: padding of the payload's length or more.
    if (padding >= this.length) return "bad-padding";
    this.#paddingLeft = padding;
    this.dataLeft = this.length - 1 - padding;
    input.skip(FRAME_HEAD_SIZE + 1);
    return "data-head";
  }

  #readPiece(): Reading {
    const { input } = this;
    const length = Math.min(input.length, this.dataLeft);
    if (length === 0) return "more";
    this.start = input.start;
    this.end = input.start + length;
    this.dataLeft -= length;
    input.skip(length);
    return "piece";
  }
}
