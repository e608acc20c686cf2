// Strings as Huffman code (RFC 7541, 5.2).

import { codeLengths, codes } from "./huffman_code.ts";

/** How many bytes a byte-true string takes in Huffman code. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let index = 0; index < text.length; index++) bits += codeLengths[text.charCodeAt(index)] ?? 0;
  return (bits + 7) >>> 3;
}

/** Writes a byte-true string at `offset`; `target` must have `huffmanLength` bytes of room there. Returns the offset after it. */
export function huffmanEncodeInto(text: string, target: Uint8Array, offset: number): number {
  let at = offset;
  let pending = 0;
  let pendingBits = 0;
  for (let index = 0; index < text.length; index++) {
    const symbol = text.charCodeAt(index);
    const code = codes[symbol] ?? 0;
    let length = codeLengths[symbol] ?? 0;
    if (length > LONGEST_AT_ONCE) {
      length -= 16;
      pending = (pending << length) | (code >>> 16);
      for (pendingBits += length; pendingBits >= 8;) target[at++] = pending >>> (pendingBits -= 8);
      length = 16;
    }
    pending = (pending << length) | (code & ((1 << length) - 1));
    for (pendingBits += length; pendingBits >= 8;) target[at++] = pending >>> (pendingBits -= 8);
  }
  // RFC 7541, 5.2: padded with the most significant bits of EOS: ones.
  if (pendingBits > 0) target[at++] = (pending << (8 - pendingBits)) | (0xff >>> pendingBits);
  return at;
}

/** With up to 7 bits that wait, 32 are full. */
const LONGEST_AT_ONCE = 25;
