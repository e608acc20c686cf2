// Contents for compression, and what a direction makes of them: pushed in pieces, pulled to the end.

import assert from "node:assert/strict";
import type { DirectionParameters } from "../../lib/websocket/extensions.ts";
import { Inflater, OUTPUT_SIZE } from "../../lib/websocket/inflater.ts";
import { joined } from "./hand_frames.ts";

export const WINDOW_BITS = [8, 9, 10, 11, 12, 13, 14, 15];

/** What both peers may have agreed on for one direction. */
export const allParameters: readonly DirectionParameters[] = WINDOW_BITS.flatMap((windowBits) =>
  [true, false].map((contextTakeover) => ({ windowBits, contextTakeover }))
);

export function parametersName({ windowBits, contextTakeover }: DirectionParameters): string {
  return `2^${windowBits}, ${contextTakeover ? "with" : "without"} context takeover`;
}

/** Bytes that no compressor makes fewer: always the same ones for a seed. */
export function noise(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 16;
  }
  return bytes;
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Messages of every kind, one after the other: what follows a message may refer to it. */
export const conversation: readonly Uint8Array[] = [
  utf8("Hello"),
  utf8("Hello"),
  new Uint8Array(0),
  utf8("Hello".repeat(200)),
  noise(700),
  new Uint8Array(0),
  new Uint8Array(0),
  noise(700),
  utf8(Array.from({ length: 900 }, (_, number) => `line ${number * 7919 % 1000}\n`).join("")),
  new Uint8Array(100_000),
  noise(40_000, 2),
  Uint8Array.of(0),
  noise(40_000, 2),
  utf8("κόσμε 🙂 ".repeat(3000)),
  utf8("Hello"),
];

/** Decompresses message after message. */
export class Direction {
  readonly inflater: Inflater;
  #parts: Uint8Array[] = [];

  constructor({ windowBits, contextTakeover }: DirectionParameters) {
    this.inflater = new Inflater(windowBits, contextTakeover);
  }

  /** What the last message has brought, up to a fault. */
  get received(): Uint8Array {
    return joined(this.#parts);
  }

  /** The content of a message that comes in these pieces, or the fault that it is. Each piece is overwritten after its turn. */
  message(pieces: readonly Uint8Array[]): Uint8Array | string {
    const { inflater } = this;
    this.#parts = [];
    inflater.begin();
    for (const piece of [...pieces, null]) {
      if (piece === null) inflater.finish();
      else inflater.push(piece);
      for (let part = inflater.pull(); part !== null; part = inflater.pull()) {
        if (!(part instanceof Uint8Array)) return `${part.code} ${part.closeCode}`;
        assert.ok(part.length > 0 && part.length <= OUTPUT_SIZE);
        this.#parts.push(part.slice());
      }
      piece?.fill(0xa5);
    }
    return this.received;
  }

  /** Of a message that is right. */
  content(pieces: readonly Uint8Array[]): Uint8Array {
    const content = this.message(pieces);
    assert.ok(content instanceof Uint8Array, String(content));
    return content;
  }
}

/** Comparing bytes by `deepEqual` takes long, and a difference would fill the screen. */
export function assertSameBytes(actual: Uint8Array, expected: Uint8Array, message = ""): void {
  assert.equal(actual.length, expected.length, `${message}: length`);
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  assert.equal(at, -1, `${message}: byte ${at} differs`);
}
