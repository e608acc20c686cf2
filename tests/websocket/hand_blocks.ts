// DEFLATE blocks made by hand (RFC 1951, 3.2): references of any distance, and blocks that are wrong.

/** A literal, a match, or symbols and extra bits that no compressor would write. */
export type Piece =
  | { literal: number }
  | { length: 258; distance: number }
  /** `distance`: a code of distances with its extra bits. */
  | { symbol: number; distance?: { code: number; extra: number; bits: number } };

class BitWriter {
  readonly #bits: number[] = [];

  /** RFC 1951, 3.1.1: numbers begin with their least significant bit. */
  number(value: number, count: number): this {
    for (let bit = 0; bit < count; bit++) this.#bits.push((value >> bit) & 1);
    return this;
  }

  /** … and Huffman codes with their most significant one. */
  code(value: number, count: number): this {
    for (let bit = count - 1; bit >= 0; bit--) this.#bits.push((value >> bit) & 1);
    return this;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(Math.ceil(this.#bits.length / 8));
    for (const [at, bit] of this.#bits.entries()) bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (bit << (at & 7));
    return bytes;
  }
}

/**
 * A message's payload: one block with the fixed codes, then the beginning of an empty stored one, whose end the receiver
 * adds (RFC 1951, 3.2.6; RFC 7692, 7.2.1).
 */
export function fixedBlock(pieces: readonly Piece[]): Uint8Array<ArrayBuffer> {
  const writer = new BitWriter().number(0, 1).number(1, 2);
  for (const piece of pieces) {
    if ("literal" in piece) symbol(writer, piece.literal);
    else if ("symbol" in piece) {
      symbol(writer, piece.symbol);
      const { distance } = piece;
      if (distance !== undefined) writer.code(distance.code, 5).number(distance.extra, distance.bits);
    } else {
      symbol(writer, 285);
      distanceCode(writer, piece.distance);
    }
  }
  symbol(writer, 256);
  return writer.number(0, 3).bytes();
}

/** Numbers of so many bits each, one after the other: the header of a block with codes of its own (RFC 1951, 3.2.7). */
export function bits(
  ...numbers: readonly (readonly [value: number, count: number])[]
): Uint8Array<ArrayBuffer> {
  const writer = new BitWriter();
  for (const [value, count] of numbers) writer.number(value, count);
  return writer.bytes();
}

/** RFC 1951, 3.2.6 */
function symbol(writer: BitWriter, value: number): void {
  if (value < 144) writer.code(0x30 + value, 8);
  else if (value < 256) writer.code(0x190 + value - 144, 9);
  else if (value < 280) writer.code(value - 256, 7);
  else writer.code(0xc0 + value - 280, 8);
}

/** RFC 1951, 3.2.5: the codes from 2 on are two for each power of two. */
function distanceCode(writer: BitWriter, distance: number): void {
  const rest = distance - 1;
  if (rest < 2) return void writer.code(rest, 5);
  const power = 31 - Math.clz32(rest);
  const half = (rest >> (power - 1)) & 1;
  writer.code(power * 2 + half, 5).number(rest & ((1 << (power - 1)) - 1), power - 1);
}

export function literals(bytes: Uint8Array): Piece[] {
  return Array.from(bytes, (literal) => ({ literal }));
}
