// Ways to cut a byte sequence into the pieces a transport might deliver. A codec must give the same events for all.
// Invariant: the pieces of one cut, joined, are the input; every piece is a fresh copy, so a test may overwrite it
// after its turn to catch a codec that keeps a borrowed chunk.

/** Above this length the two-piece cuts are sampled evenly: all of them would be quadratic work. */
const EVERY_CUT_LIMIT = 4 * 1024;
/** How many two-piece cuts a longer input gets. */
const SAMPLED_CUTS = 64;
/** A longer input is cut into pieces of a prime size instead of single bytes. */
const SINGLE_BYTE_LIMIT = 256 * 1024;

/** Whole, byte by byte, and every two-piece cut (sampled evenly when the input is longer than 4 KiB). */
export function* cuts(bytes: Uint8Array): Generator<Uint8Array[]> {
  yield [bytes.slice()];
  if (bytes.length < 2) return;
  yield pieces(bytes, bytes.length <= SINGLE_BYTE_LIMIT ? 1 : 1021);
  const step = bytes.length <= EVERY_CUT_LIMIT ? 1 : Math.ceil(bytes.length / SAMPLED_CUTS);
  for (let at = 1; at < bytes.length; at += step) yield [bytes.slice(0, at), bytes.slice(at)];
}

/** Pieces of `size` bytes; the last one may be shorter. */
export function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  const list: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) list.push(bytes.slice(at, at + size));
  return list;
}

/** Cuts at the given offsets (any order, out-of-range and repeated ones ignored): what a property test generates. */
export function cutAt(bytes: Uint8Array, offsets: readonly number[]): Uint8Array[] {
  const sorted = [...new Set(offsets)].filter((at) => at > 0 && at < bytes.length).sort((a, b) => a - b);
  const list: Uint8Array[] = [];
  let from = 0;
  for (const at of [...sorted, bytes.length]) {
    if (at > from) list.push(bytes.slice(from, at));
    from = at;
  }
  return list;
}
