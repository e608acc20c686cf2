// Masks: XOR with the key, from any place of the payload on, in any array (RFC 6455, 5.3).

import assert from "node:assert/strict";
import fc from "fast-check";
import { applyMask, readMaskKey, writeMaskKey } from "../../lib/websocket/mask.ts";
import { noise } from "./contents.ts";
import { fromHex, masked, toHex } from "./hand_frames.ts";

const keys = [
  "00000000",
  "00000001",
  "01000000",
  "ffffffff",
  "80000000",
  "00000080",
  "7f7f7f7f",
  "37fa213d",
  "01020304",
];

Deno.test("mask: the example (RFC 6455, 5.7)", () => {
  const bytes = fromHex("7f 9f 4d 51 58");
  applyMask(bytes, readMaskKey(fromHex("37 fa 21 3d"), 0), 0);
  assert.equal(new TextDecoder().decode(bytes), "Hello");
});

Deno.test("mask: keys are read as they are written, and as they stand there", () => {
  for (const hex of keys) {
    const bytes = fromHex(`aa ${hex} bb`);
    const key = readMaskKey(bytes, 1);
    assert.ok(Number.isInteger(key) && key >= 0 && key < 2 ** 32);
    assert.equal(key === 0, hex === "00000000");
    const written = fromHex("aa aa aa aa aa bb");
    writeMaskKey(key, written, 1);
    assert.equal(toHex(written), `aa${hex}bb`);
  }
});

Deno.test("mask: every length, offset and alignment, and nothing beside it", () => {
  const lengths = [...Array(70).keys(), 127, 128, 129, 1000, 1001, 1002, 1003];
  for (const hex of ["37fa213d", "ff000001", "80008000"]) {
    const keyBytes = fromHex(hex);
    const key = readMaskKey(keyBytes, 0);
    for (const length of lengths) {
      for (const offset of [0, 1, 2, 3, 4, 5, 6, 7, 2 ** 31 + 1, 2 ** 32 + 2, 2 ** 40 + 3]) {
        for (let shift = 0; shift < 4; shift++) {
          const room = noise(length + shift + 5);
          const before = room.slice();
          applyMask(room.subarray(shift, shift + length), key, offset);
          const expected = before.slice();
          expected.set(masked(before.subarray(shift, shift + length), keyBytes, offset), shift);
          if (toHex(room) !== toHex(expected)) {
            assert.fail(`key ${hex}, ${length} bytes at ${shift}, offset ${offset}`);
          }
        }
      }
    }
  }
});

Deno.test("property: a mask applied twice is none, in whatever pieces and places", () => {
  const pieces = fc.array(fc.tuple(fc.nat(150), fc.nat(3)), { maxLength: 6 });
  fc.assert(
    fc.property(
      fc.nat(2 ** 32 - 1),
      fc.array(fc.nat(255), { maxLength: 400 }),
      pieces,
      (key, content, pieces) => {
        const keyBytes = new Uint8Array(4);
        writeMaskKey(key, keyBytes, 0);
        assert.equal(readMaskKey(keyBytes, 0), key);
        const payload = Uint8Array.from(content);
        const whole = payload.slice();
        applyMask(whole, key, 0);
        assert.deepEqual(whole, masked(payload, keyBytes));
        const unmasked = new Uint8Array(payload.length);
        let at = 0;
        for (const [length, shift] of [...pieces, [payload.length, 0] as const]) {
          const piece = whole.subarray(at, at + length);
          const room = new Uint8Array(shift + piece.length).subarray(shift);
          room.set(piece);
          applyMask(room, key, at);
          unmasked.set(room, at);
          at += piece.length;
        }
        assert.deepEqual(unmasked, payload);
      },
    ),
    { numRuns: 500 },
  );
});
