// Short string literals by their encoded bytes: what a peer sends again and again (nginx refers to nothing it sent before
// and spells out server, date and content type in every response) is neither decoded nor made into a string a second
// time: an eighth of the cost, and recorded heads share the string. In the place of lib/http/intern.ts, which costs
// more than all the rest for strings that come once, as paths do.
// Invariants: what comes out equals what decoding gives; the cache has a fixed size; only correct literals are in it.

/** Longer literals rarely come twice. 32 bytes: a date takes 22, a media type with charset 20. */
export const SHORT_LITERAL = 32;
/** 1024 slots, one string each: with their keys 40 KiB. A literal that meets another in its slot replaces it. */
const SLOTS = 1024;
/** Tells Huffman code from plain bytes. */
const CODED = 0x80;

const keys = new Uint8Array(SLOTS * SHORT_LITERAL);
const keyLengths = new Uint8Array(SLOTS);
const texts: string[] = new Array(SLOTS).fill("");
/** The slot of the last look-up: where the next `rememberString` goes. */
let lastSlot = 0;

/**
 * The string of the literal `bytes[start, end)`, at most SHORT_LITERAL bytes and at least one, or null when it is not
 * known: decode it and say what it is with `rememberString`.
 */
export function knownString(bytes: Uint8Array, start: number, end: number, coded: boolean): string | null {
  const length = end - start;
  let hash = length;
  for (let index = start; index < end; index++) hash = (Math.imul(hash, 31) + (bytes[index] ?? 0)) | 0;
  lastSlot = (hash ^ (hash >>> 10) ^ (hash >>> 20)) & (SLOTS - 1);
  if (keyLengths[lastSlot] !== (coded ? length | CODED : length)) return null;
  const key = lastSlot * SHORT_LITERAL;
  for (let index = 0; index < length; index++) {
    if (keys[key + index] !== bytes[start + index]) return null;
  }
  return texts[lastSlot] ?? null;
}

/** The literal last asked for is `text`. */
export function rememberString(
  bytes: Uint8Array,
  start: number,
  end: number,
  coded: boolean,
  text: string,
): void {
  const length = end - start;
  const key = lastSlot * SHORT_LITERAL;
  for (let index = 0; index < length; index++) keys[key + index] = bytes[start + index] ?? 0;
  keyLengths[lastSlot] = coded ? length | CODED : length;
  texts[lastSlot] = text;
}
