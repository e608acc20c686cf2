// Feeding a connection until it has had enough, and how it says so.

import assert from "node:assert/strict";
import { codeName, readUint32, TYPE } from "../kit/http2_frames.ts";
import type { Wire } from "./drive.ts";

/** Feeds what `next` gives until the connection has failed; how many bytes that took. It must not take more than `most`. */
export function flood(
  wire: Wire,
  most: number,
  next: (count: number) => Uint8Array,
): { bytes: number; count: number } {
  let bytes = 0;
  let count = 0;
  while (!wire.codec.closing) {
    const piece = next(count++);
    bytes += piece.length;
    assert.ok(bytes <= most, `not stopped after ${bytes} bytes in ${count} pieces`);
    wire.feed(piece);
  }
  return { bytes, count };
}

export function assertCalmed(wire: Wire): void {
  assert.equal(wire.texts().at(-1), "fault ENHANCE_YOUR_CALM");
  const [goaway] = wire.ofType(TYPE.GOAWAY);
  assert.equal(codeName(readUint32(goaway!.payload, 4)), "ENHANCE_YOUR_CALM");
}

/** The lines, each cut to what can be read. */
export function said(wire: Wire): string[] {
  return wire.texts().map((line) => line.slice(0, 100));
}

export function countLines(wire: Wire, pattern: RegExp): number {
  return wire.texts().filter((line) => pattern.test(line)).length;
}
