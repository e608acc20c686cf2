// Frames to bytes (RFC 6455, 5.2).
// Invariant: a frame is what `FrameReader` reads as the same, its length in as few bytes as possible.

import { applyMask, writeMaskKey } from "./mask.ts";
import type { Opcode } from "./opcodes.ts";

export interface FrameParts {
  opcode: Opcode;
  fin: boolean;
  /** RFC 7692, 6: RSV1. */
  compressed: boolean;
  /** Null: not masked, as a server's frames are. */
  maskKey: number | null;
}

/** A header is 14 bytes at most. */
export const HEADER_SIZE = 14;

/** A whole frame in an array of its own; the payload given is not changed. */
export function frameBytes(parts: FrameParts, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const { maskKey } = parts;
  const headerSize = headerLength(payload.length, maskKey !== null);
  const frame = new Uint8Array(headerSize + payload.length);
  writeHeader(parts, payload.length, frame);
  frame.set(payload, headerSize);
  if (maskKey !== null) applyMask(frame.subarray(headerSize), maskKey, 0);
  return frame;
}

/** Bytes of the header of a frame with so much payload. */
export function headerLength(length: number, isMasked: boolean): number {
  return 2 + (length < 126 ? 0 : length < 65_536 ? 2 : 8) + (isMasked ? 4 : 0);
}

/** Writes a header at the beginning of `target`, which has room for it. */
export function writeHeader(parts: FrameParts, length: number, target: Uint8Array): void {
  const { opcode, fin, compressed, maskKey } = parts;
  const maskBit = maskKey === null ? 0 : 0x80;
  target[0] = (fin ? 0x80 : 0) | (compressed ? 0x40 : 0) | opcode;
  let at = 2;
  if (length < 126) target[1] = maskBit | length;
  else if (length < 65_536) {
    target[1] = maskBit | 126;
    target[2] = length >> 8;
    target[3] = length & 0xff;
    at = 4;
  } else {
    target[1] = maskBit | 127;
    let rest = length;
    for (let index = 9; index >= 2; index--) {
      target[index] = rest & 0xff;
      rest = Math.floor(rest / 256);
    }
    at = 10;
  }
  if (maskKey !== null) writeMaskKey(maskKey, target, at);
}
