// Byte-true strings: every byte survives, at every length on either side of the fast paths.

import assert from "node:assert/strict";
import fc from "fast-check";
import { asciiDecode, latin1Decode, latin1Encode, latin1EncodeInto } from "../../lib/bytes/latin1.ts";

Deno.test("latin1: all bytes survive both ways", () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const text = latin1Decode(all);
  assert.equal(text.length, 256);
  for (let byte = 0; byte < 256; byte++) assert.equal(text.charCodeAt(byte), byte);
  assert.deepEqual(latin1Encode(text), all);
});

Deno.test("latin1: any bytes of any length survive both ways, in any window", () => {
  const lengths = fc.oneof(fc.nat(60), fc.integer({ min: 4000, max: 9000 }));
  fc.assert(
    fc.property(lengths, fc.nat(30), fc.boolean(), fc.nat(255), (length, start, ascii, seed) => {
      const bytes = Uint8Array.from({ length: start + length + 5 }, (_, index) => {
        const byte = (index * 7 + seed) % 256;
        return ascii ? byte & 0x7f : byte;
      });
      const text = latin1Decode(bytes, start, start + length);
      assert.equal(text.length, length);
      assert.deepEqual(latin1Encode(text), bytes.slice(start, start + length));
      if (ascii) assert.equal(asciiDecode(bytes, start, start + length), text);
    }),
    { numRuns: 200 },
  );
});

Deno.test("latin1: a byte order mark is bytes like any other", () => {
  const bytes = Uint8Array.from([0xef, 0xbb, 0xbf, ...new Uint8Array(40).fill(0x61)]);
  assert.deepEqual(latin1Encode(latin1Decode(bytes)), bytes);
});

Deno.test("latin1: nothing beyond the text is written", () => {
  for (const text of ["\xe9", "a".repeat(40), "\xe9".repeat(40), "a".repeat(39) + "\xe9"]) {
    const target = new Uint8Array(text.length + 4).fill(0x55);
    assert.equal(latin1EncodeInto(text, target, 2), text.length + 2);
    assert.deepEqual([...target.subarray(0, 2), ...target.subarray(text.length + 2)], [
      0x55,
      0x55,
      0x55,
      0x55,
    ]);
    assert.equal(latin1Decode(target, 2, text.length + 2), text);
  }
});
