// Compressed payloads that no receiver can decompress, each with what zlib says of it (RFC 1951, 2 and 3.2).

import { utf8 } from "./contents.ts";
import { bits, fixedBlock, literals } from "./hand_blocks.ts";
import { fromHex } from "./hand_frames.ts";

type Bits = readonly (readonly [value: number, count: number])[];

/** Of a block with codes of its own: 257 codes of literals, and of distances one more than told (RFC 1951, 3.2.7). */
function header(distances: number): Bits {
  return [[0, 1], [2, 2], [0, 5], [distances, 5]];
}

/** Code lengths are said with a bit: 0 is a length of 0, 1 is 16 (the one before again) or 18 (many zeros). */
function zeroOr(other: "16" | "18"): Bits {
  return [[0, 4], [other === "16" ? 1 : 0, 3], [0, 3], [other === "18" ? 1 : 0, 3], [1, 3]];
}

/** … or: 0 is a length of 1, 1 is 18. */
const oneOr18: Bits = [
  [14, 4],
  [0, 3],
  [0, 3],
  [1, 3],
  ...Array.from({ length: 14 }, () => [0, 3] as const),
  [1, 3],
];
const one: Bits = [[0, 1]];
const zeros = (count: number): Bits => [[1, 1], [count - 11, 7]];

/** Payloads that no receiver can decompress, and what zlib says of them. */
export const corruptPayloads: readonly {
  name: string;
  section: string;
  payload: Uint8Array;
  says: string;
}[] = [
  {
    name: "a block of the reserved type",
    says: "invalid block type",
    section: "3.2.3",
    payload: fromHex("06"),
  },
  {
    name: "a stored block whose length is not said twice",
    says: "invalid stored block lengths",
    section: "3.2.4",
    payload: fromHex("00 05 00 fa fe 48"),
  },
  {
    name: "too many codes",
    says: "too many length or distance symbols",
    section: "3.2.7",
    payload: fromHex("fc ff ff"),
  },
  {
    name: "code lengths that are over-subscribed",
    says: "invalid code lengths set",
    section: "3.2.7",
    payload: fromHex("04 e0 ff ff ff ff ff"),
  },
  {
    name: "a repetition of nothing",
    says: "invalid bit length repeat",
    section: "3.2.7",
    payload: bits(...header(0), ...zeroOr("16"), [1, 1], [0, 7]),
  },
  {
    name: "no code for the end of the block",
    says: "invalid code -- missing end-of-block",
    section: "3.2.7",
    payload: bits(...header(0), ...zeroOr("18"), ...zeros(138), ...zeros(120)),
  },
  {
    name: "codes of literals that are over-subscribed",
    says: "invalid literal/lengths set",
    section: "3.2.7",
    payload: bits(
      ...header(0),
      ...oneOr18,
      ...one,
      ...one,
      ...one,
      ...zeros(138),
      ...zeros(115),
      ...one,
      ...one,
    ),
  },
  {
    name: "codes of distances that are over-subscribed",
    says: "invalid distances set",
    section: "3.2.7",
    payload: bits(
      ...header(2),
      ...oneOr18,
      ...zeros(138),
      ...zeros(117),
      ...one,
      ...one,
      ...one,
      ...one,
      ...one,
    ),
  },
  ...[286, 287].map((symbol) => ({
    name: `the symbol ${symbol}`,
    says: "invalid literal/length code",
    section: "3.2.6",
    payload: fixedBlock([{ literal: 97 }, { symbol }]),
  })),
  ...[30, 31].map((code) => ({
    name: `the distance code ${code}`,
    says: "invalid distance code",
    section: "3.2.6",
    payload: fixedBlock([...literals(utf8("abcdef")), {
      symbol: 257,
      distance: { code, extra: 0, bits: 0 },
    }]),
  })),
  {
    name: "a reference to nothing",
    says: "invalid distance too far back",
    section: "2",
    payload: fixedBlock([{ length: 258, distance: 1 }]),
  },
  {
    name: "a reference before the beginning",
    says: "invalid distance too far back",
    section: "2",
    payload: fixedBlock([...literals(utf8("abc")), { length: 258, distance: 4 }]),
  },
  {
    name: "rubbish after a last block",
    says: "invalid block type",
    section: "3.2.3",
    payload: fromHex("f3 48 cd c9 c9 07 00 06"),
  },
];
