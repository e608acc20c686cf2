// The fields of a Protocol Buffers message, one after the other (protobuf.dev, "Encoding").
// Invariants: never throws; `offset` is the end of the last whole field; the work grows with the bytes alone.

export const WIRE = { varint: 0, fixed64: 1, counted: 2, group: 3, groupEnd: 4, fixed32: 5 } as const;

export interface WireField {
  number: number;
  wire: number;
  /** Of the content: without tag and length, a group's without its end tag. */
  start: number;
  end: number;
}

/** Groups (which nobody makes any more) may stand in each other so deep. */
const GROUP_LIMIT = 24;
/** 2^29 - 1: the largest field number. */
const NUMBER_LIMIT = 0x1fff_ffff;
/** Nothing that is read here can be longer. */
const LENGTH_LIMIT = 0x7fff_ffff;
/** 64 bits in groups of seven. */
const VARINT_LENGTH = 10;

export class FieldReader {
  readonly #bytes: Uint8Array;
  #offset = 0;
  /** Where the reading stands within a field. */
  #at = 0;
  /** What `#readVarint` has read last: exact up to 2^53, which is more than any tag or length. */
  #number = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The end of the last field that was whole. */
  get offset(): number {
    return this.#offset;
  }

  /** The next field; null at the end, and where the bytes are no field. */
  next(): WireField | null {
    if (this.#offset >= this.#bytes.length) return null;
    this.#at = this.#offset;
    if (!this.#readTag()) return null;
    const wire = this.#number % 8;
    const number = (this.#number - wire) / 8;
    let start = this.#at;
    const end = wire === WIRE.group ? this.#skipGroup(number) : this.#skip(wire);
    if (end < 0) return null;
    // The length is the last number that was read.
    if (wire === WIRE.counted) start = end - this.#number;
    this.#offset = this.#at;
    return { number, wire, start, end };
  }

  #readTag(): boolean {
    return this.#readVarint() && this.#number >= 8 && this.#number < (NUMBER_LIMIT + 1) * 8;
  }

  /** The end of the content of a field that is no group; -1 when it is not all there. */
  #skip(wire: number): number {
    switch (wire) {
      case WIRE.varint:
        return this.#readVarint() ? this.#at : -1;
      case WIRE.counted:
        return this.#readVarint() && this.#number <= LENGTH_LIMIT ? this.#advance(this.#number) : -1;
      case WIRE.fixed64:
        return this.#advance(8);
      case WIRE.fixed32:
        return this.#advance(4);
      default:
        return -1;
    }
  }

  /** Goes on to behind the end tag of the group. The end of its content; -1 when it has no end. */
  #skipGroup(number: number): number {
    const open = [number];
    let end = this.#at;
    while (open.length > 0) {
      end = this.#at;
      if (!this.#readTag()) return -1;
      const wire = this.#number % 8;
      const inner = (this.#number - wire) / 8;
      if (wire === WIRE.groupEnd) {
        if (open.pop() !== inner) return -1;
      } else if (wire === WIRE.group) {
        if (open.push(inner) > GROUP_LIMIT) return -1;
      } else if (this.#skip(wire) < 0) return -1;
    }
    return end;
  }

  #advance(length: number): number {
    if (length > this.#bytes.length - this.#at) return -1;
    this.#at += length;
    return this.#at;
  }

  /** Whether there is one, of 64 bits at most. */
  #readVarint(): boolean {
    let value = 0;
    let scale = 1;
    for (let index = 0; index < VARINT_LENGTH; index++) {
      const byte = this.#bytes[this.#at + index];
      if (byte === undefined || (index === VARINT_LENGTH - 1 && byte > 1)) return false;
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte >= 0x80) continue;
      this.#number = value;
      this.#at += index + 1;
      return true;
    }
    return false;
  }
}

/** The value of the content of a varint field. */
export function varintValue(content: Uint8Array): bigint {
  let value = 0n;
  for (let index = content.length - 1; index >= 0; index--) {
    value = value << 7n | BigInt((content[index] ?? 0) & 0x7f);
  }
  return value;
}
