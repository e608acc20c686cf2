// Frames as they are written: byte for byte those made by hand, of every length and kind (RFC 6455, 5.2).

import assert from "node:assert/strict";
import { frameBytes, HEADER_SIZE, headerLength, writeHeader } from "../../lib/websocket/frame_writer.ts";
import { readMaskKey } from "../../lib/websocket/mask.ts";
import { isControl, isKnownOpcode, OPCODE } from "../../lib/websocket/opcodes.ts";
import { assertSameBytes, noise } from "./contents.ts";
import { FIN, frame, fromHex, handBytes, KEY, RSV1, toHex } from "./hand_frames.ts";

const lengths = [0, 1, 2, 124, 125, 126, 127, 128, 255, 256, 65_535, 65_536, 65_537, 100_000];

for (const [name, opcode] of Object.entries(OPCODE)) {
  Deno.test(`frame writer: ${name}, of every length (RFC 6455, 5.2)`, () => {
    for (const length of isControl(opcode) ? lengths.filter((length) => length <= 125) : lengths) {
      for (const fin of [true, false]) {
        for (const compressed of [true, false]) {
          const payload = noise(length);
          const first = (fin ? FIN : 0) | (compressed ? RSV1 : 0) | opcode;
          for (const key of [null, KEY, "00000000", "ffffffff"]) {
            const maskKey = key === null ? null : readMaskKey(fromHex(key), 0);
            const bytes = frameBytes({ opcode, fin, compressed, maskKey }, payload);
            assertSameBytes(
              bytes,
              handBytes([frame(first, payload, { key })], "client"),
              `${length}, ${key}`,
            );
          }
          assertSameBytes(payload, noise(length), "the payload itself");
        }
      }
    }
  });
}

Deno.test("frame writer: headers of lengths that no array has", () => {
  const header = (length: number, maskKey: number | null): string => {
    const target = new Uint8Array(HEADER_SIZE).fill(0xaa);
    writeHeader({ opcode: OPCODE.binary, fin: true, compressed: false, maskKey }, length, target);
    const size = headerLength(length, maskKey !== null);
    assert.ok(target.subarray(size).every((byte) => byte === 0xaa), "nothing behind it is touched");
    return toHex(target.subarray(0, size));
  };
  assert.equal(header(2 ** 31, null), "827f0000000080000000");
  assert.equal(header(2 ** 32 - 1, null), "827f00000000ffffffff");
  assert.equal(header(2 ** 32, null), "827f0000000100000000");
  assert.equal(header(2 ** 53 - 1, null), "827f001fffffffffffff");
  assert.equal(header(0x0102_0304_0506, 0x0403_0201), "82ff000001020304050601020304");
  assert.equal(header(5, 0xffff_ffff), "8285ffffffff");
});

Deno.test("frame writer: a header fits into what is said to be its size", () => {
  for (const length of [...lengths, 2 ** 40]) {
    for (const isMasked of [true, false]) assert.ok(headerLength(length, isMasked) <= HEADER_SIZE);
  }
  assert.equal(headerLength(2 ** 40, true), HEADER_SIZE);
});

Deno.test("opcodes: which there are, and which are control frames' (RFC 6455, 5.2)", () => {
  const all = Array.from({ length: 16 }, (_, opcode) => opcode);
  assert.deepEqual(all.filter(isKnownOpcode), [0, 1, 2, 8, 9, 10]);
  assert.deepEqual(all.filter(isControl), [8, 9, 10, 11, 12, 13, 14, 15]);
});
