// Large bodies made on the fly, the same ones each time; no two of their pieces are alike.

import { createHash } from "node:crypto";

const PIECE = 64 * 1024;
const noise = new Uint8Array(PIECE);
let state = 0x2545f491;
for (let index = 0; index < PIECE; index++) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  noise[index] = state;
}

/** `length` bytes in pieces of up to 64 KiB; a piece is valid until the next one is asked for. */
export function* generatedBytes(length: number): Generator<Uint8Array<ArrayBuffer>> {
  const piece = noise.slice();
  const view = new DataView(piece.buffer);
  for (let at = 0; at < length; at += PIECE) {
    // What is lost, doubled or swapped is noticed.
    view.setUint32(0, at);
    view.setUint32(PIECE / 2, ~at);
    yield piece.subarray(0, Math.min(PIECE, length - at));
  }
}

/** SHA-256 of `generatedBytes(length)`, in hex. */
export function generatedHash(length: number): string {
  const hash = createHash("sha256");
  for (const piece of generatedBytes(length)) hash.update(piece);
  return hash.digest("hex");
}

/** The same as one array, for small lengths. */
export function generatedArray(length: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of generatedBytes(length)) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
