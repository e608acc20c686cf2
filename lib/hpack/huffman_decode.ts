// Strings in Huffman code (RFC 7541, 5.2), decoded by table: eight bits at a time, five times out of six one look-up a
// symbol.
// Invariant: any input ends with a length or a failure, and what is written never exceeds `decodedLimit`.

import { codeLengths, codes, EOS } from "./huffman_code.ts";

/** The string has EOS in it. */
export const HAS_EOS = -1;
/** What follows the last symbol is not the beginning of EOS, or is longer than 7 bits. */
export const BAD_PADDING = -2;

/** The most bytes that `length` bytes decode to: the shortest code has 5 bits. */
export function decodedLimit(length: number): number {
  return Math.floor((length * 8) / 5);
}

/**
 * Decodes `bytes[start, end)` into `target` from its beginning; it must have room for `decodedLimit` bytes. Returns the
 * length, or HAS_EOS or BAD_PADDING.
 */
export function huffmanDecodeInto(
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
): number {
  let at = 0;
  let node = 0;
  let pending = 0;
  let pendingBits = 0;
  for (let index = start; index < end; index++) {
    pending = ((pending & 0xff) << 8) | (bytes[index] ?? 0);
    pendingBits += 8;
    do {
      const step = steps[node | ((pending >> (pendingBits - 8)) & 0xff)] ?? 0;
      if (step >= INNER) {
        node = (step & 0xff) << 8;
        pendingBits -= 8;
      } else {
        if (step >= EOS_STEP) return HAS_EOS;
        target[at++] = step >> 4;
        node = 0;
        pendingBits -= step & 0xf;
      }
    } while (pendingBits >= 8);
  }
  while (pendingBits > 0) {
    const step = steps[node | ((pending << (8 - pendingBits)) & 0xff)] ?? 0;
    const used = step & 0xf;
    if (step >= INNER || used > pendingBits) break;
    if (step >= EOS_STEP) return HAS_EOS;
    target[at++] = step >> 4;
    node = 0;
    pendingBits -= used;
  }
  // RFC 7541, 5.2: less than 8 bits of padding, all ones.
  const ones = (1 << pendingBits) - 1;
  return node === 0 && (pending & ones) === ones ? at : BAD_PADDING;
}

/** A step that leads to another node; the low byte is its number. Others: the symbol, and in 4 bits those of its code used here. */
const INNER = 0x8000;
const EOS_STEP = EOS << 4;

/** 256 steps for each node; node 0 is the first eight bits of a code, the others follow a prefix of 8, 16 or 24 bits. */
const steps = buildSteps();

function buildSteps(): Uint16Array {
  const table: number[] = new Array(256).fill(0);
  for (let symbol = 0; symbol <= EOS; symbol++) {
    const code = codes[symbol] ?? 0;
    let rest = codeLengths[symbol] ?? 0;
    let node = 0;
    for (; rest > 8; rest -= 8) {
      const at = node | ((code >>> (rest - 8)) & 0xff);
      if (table[at] === 0) {
        table[at] = INNER | (table.length >> 8);
        for (let count = 0; count < 256; count++) table.push(0);
      }
      node = ((table[at] ?? 0) & 0xff) << 8;
    }
    const first = node | ((code << (8 - rest)) & 0xff);
    table.fill((symbol << 4) | rest, first, first + (1 << (8 - rest)));
  }
  return Uint16Array.from(table);
}
