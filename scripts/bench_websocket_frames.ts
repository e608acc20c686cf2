// Frames of RFC 6455, 5.2, as far as the bench's WebSocket client and origin need them. Pure.

/** Opcodes (5.2). */
export const TEXT = 0x1;
export const BINARY = 0x2;
export const CLOSE = 0x8;
export const PING = 0x9;
export const PONG = 0xa;

/** Bits of the first byte. */
export const FIN = 0x80;
/** The message is compressed (RFC 7692, 6). */
export const RSV1 = 0x40;
const OPCODE = 0x0f;
const CONTROL = 0x08;
/** Of the second byte: a mask follows. */
const MASKED = 0x80;
const LENGTH = 0x7f;
/** In place of a length: so many bytes of length follow. */
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MASK_SIZE = 4;
/** From so many bytes on, unmasking by words pays. */
const WORDS_PAY = 128;

/** One whole frame as a client sends it. `first`: its first byte. */
export function maskedFrame(first: number, payload: Uint8Array, mask: Uint8Array): Uint8Array {
  const { length } = payload;
  const short = length < LENGTH_16 ? length : length < 0x10000 ? LENGTH_16 : LENGTH_64;
  const size = 2 + extendedSize(short) + MASK_SIZE;
  const frame = new Uint8Array(size + length);
  const view = new DataView(frame.buffer);
  frame[0] = first;
  frame[1] = MASKED | short;
  if (short === LENGTH_16) view.setUint16(2, length);
  if (short === LENGTH_64) view.setBigUint64(2, BigInt(length));
  frame.set(mask, size - MASK_SIZE);
  frame.set(payload, size);
  unmask(frame.subarray(size), mask, 0);
  return frame;
}

/** How many bytes of length follow these seven bits of length. */
function extendedSize(length: number): number {
  return length === LENGTH_16 ? 2 : length === LENGTH_64 ? 8 : 0;
}

/** Unmasks, or masks, in place. `offset`: of the first of these bytes in the payload. */
export function unmask(bytes: Uint8Array, mask: Uint8Array, offset: number): void {
  let at = 0;
  if (bytes.length >= WORDS_PAY) {
    const aligned = (4 - bytes.byteOffset % 4) % 4;
    for (; at < aligned; at++) bytes[at] = (bytes[at] ?? 0) ^ (mask[(offset + at) & 3] ?? 0);
    const key = new Uint8Array(4);
    for (let index = 0; index < 4; index++) key[index] = mask[(offset + at + index) & 3] ?? 0;
    const [word = 0] = new Uint32Array(key.buffer);
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset + at, (bytes.length - at) >> 2);
    for (let index = 0; index < words.length; index++) words[index] = (words[index] ?? 0) ^ word;
    at += words.length * 4;
  }
  for (; at < bytes.length; at++) bytes[at] = (bytes[at] ?? 0) ^ (mask[(offset + at) & 3] ?? 0);
}

/** The head of a frame, taken byte by byte. Valid from when `take` said so until it takes another byte. */
export class FrameHead {
  first = 0;
  /** Of the payload. */
  length = 0;
  isMasked = false;
  readonly mask = new Uint8Array(MASK_SIZE);
  /** Where the byte stands that was taken last; whether it is one of the mask. */
  at = -1;
  isInMask = false;
  /** Of the head, as far as it is known. Bytes. */
  #size = 2;

  /** True: with this byte the head is whole. */
  take(byte: number): boolean {
    const at = this.at + 1 === this.#size ? 0 : this.at + 1;
    this.at = at;
    this.isInMask = this.isMasked && at >= this.#size - MASK_SIZE;
    if (at === 0) {
      this.first = byte;
      this.#size = 2;
      this.isMasked = this.isInMask = false;
    } else if (at === 1) {
      const length = byte & LENGTH;
      this.isMasked = (byte & MASKED) !== 0;
      this.length = length < LENGTH_16 ? length : 0;
      this.#size += extendedSize(length) + (this.isMasked ? MASK_SIZE : 0);
    } else if (this.isInMask) {
      this.mask[at - this.#size + MASK_SIZE] = byte;
    } else {
      this.length = this.length * 256 + byte;
    }
    return at + 1 === this.#size;
  }

  get opcode(): number {
    return this.first & OPCODE;
  }

  get isControl(): boolean {
    return (this.first & CONTROL) !== 0;
  }

  /** The last one of its message. */
  get isFinal(): boolean {
    return (this.first & FIN) !== 0;
  }
}

/**
 * Makes a client's frames into the server's answer: each comes back as it is but unmasked, a ping as a pong. What
 * was taken goes out again at once, whatever pieces the frames come in.
 */
export class FrameEcho {
  readonly #head = new FrameHead();
  /** Of the payload of the frame that is under way. */
  #left = 0;
  #offset = 0;
  /** A close frame has gone back whole. */
  isClosed = false;

  /** Works in place: gives a part of `chunk`. Throws on what no client may send. */
  answer(chunk: Uint8Array): Uint8Array {
    const head = this.#head;
    let to = 0;
    for (let at = 0; at < chunk.length;) {
      if (this.#left > 0) {
        const count = Math.min(this.#left, chunk.length - at);
        if (at !== to) chunk.copyWithin(to, at, at + count);
        unmask(chunk.subarray(to, to + count), head.mask, this.#offset);
        at += count;
        to += count;
        this.#offset += count;
        this.#left -= count;
        if (this.#left === 0) this.#end();
        continue;
      }
      const byte = chunk[at++] ?? 0;
      const isWhole = head.take(byte);
      if (head.at === 0) chunk[to++] = head.opcode === PING ? FIN | PONG : byte;
      else if (head.at === 1) chunk[to++] = byte & LENGTH;
      else if (!head.isInMask) chunk[to++] = byte;
      if (!isWhole) continue;
      if (!head.isMasked) throw new Error("a frame of the client is not masked");
      this.#left = head.length;
      this.#offset = 0;
      if (head.length === 0) this.#end();
    }
    return chunk.subarray(0, to);
  }

  #end(): void {
    if (this.#head.opcode === CLOSE) this.isClosed = true;
  }
}
