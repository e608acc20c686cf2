// Masking of payloads (RFC 6455, 5.3): XOR with a key of four bytes. The same operation masks and unmasks.
// Invariant: a key is a number whose bytes in memory order are the key's, so that four bytes are done at a time.

/** Below this a loop over bytes is faster than a view of words. */
const WORDS_FROM = 48;

/** The key in four bytes at `offset`. */
export function readMaskKey(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8) | ((bytes[offset + 2] ?? 0) << 16) |
    ((bytes[offset + 3] ?? 0) << 24)) >>> 0;
}

/** Writes the key's four bytes at `offset`. */
export function writeMaskKey(key: number, bytes: Uint8Array, offset: number): void {
  bytes[offset] = key & 0xff;
  bytes[offset + 1] = (key >>> 8) & 0xff;
  bytes[offset + 2] = (key >>> 16) & 0xff;
  bytes[offset + 3] = key >>> 24;
}

/** Masks or unmasks `bytes` in place. `offset`: how many bytes of the frame's payload came before them. */
export function applyMask(bytes: Uint8Array, key: number, offset: number): void {
  const { length } = bytes;
  if (key === 0) return;
  if (length < WORDS_FROM) return applyToBytes(bytes, 0, length, rotated(key, offset));
  // Words are aligned in the buffer, not in the view.
  const lead = (4 - (bytes.byteOffset & 3)) & 3;
  applyToBytes(bytes, 0, lead, rotated(key, offset));
  const wordKey = rotated(key, offset + lead);
  const count = (length - lead) >> 2;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + lead, count);
  for (let index = 0; index < count; index++) words[index] = (words[index] ?? 0) ^ wordKey;
  applyToBytes(bytes, lead + count * 4, length, wordKey);
}

function applyToBytes(bytes: Uint8Array, start: number, end: number, key: number): void {
  for (let index = start; index < end; index++) {
    bytes[index] = (bytes[index] ?? 0) ^ (key >>> (((index - start) & 3) * 8));
  }
}

/** The key as it stands `offset` bytes into the payload. */
function rotated(key: number, offset: number): number {
  const bits = (offset & 3) * 8;
  return bits === 0 ? key : (key >>> bits) | (key << (32 - bits));
}
