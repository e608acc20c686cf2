import assert from "node:assert/strict";
import fc from "fast-check";
import { BodyCapture, keep } from "../../lib/flow/body_capture.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

/** Pieces round the sizes where a capture changes what it does: nothing, a slab's piece, one too large for it. */
const pieces = fc.array(
  fc.tuple(fc.constantFrom(0, 1, 100, 8 * 1024, 8 * 1024 + 1, 40_000), fc.nat(255)),
  { maxLength: 12 },
);

Deno.test("a capture keeps the first bytes up to its cap, and counts all", () => {
  const capture = new BodyCapture(5);
  assert.equal(capture.append(bytes(1, 2, 3)), 3);
  assert.equal(capture.truncated, false);
  assert.equal(capture.append(bytes(4, 5, 6, 7)), 2);
  assert.equal(capture.append(bytes(8)), 0);
  assert.equal(capture.length, 8);
  assert.equal(capture.kept, 5);
  assert.equal(capture.truncated, true);
  assert.deepEqual(capture.bytes(), bytes(1, 2, 3, 4, 5));
});

Deno.test("a cap of 0 keeps nothing and still counts", () => {
  const capture = new BodyCapture(0);
  assert.equal(capture.append(bytes(1, 2)), 0);
  assert.deepEqual([capture.length, capture.kept, capture.truncated], [2, 0, true]);
  assert.deepEqual(capture.bytes(), bytes());
});

Deno.test("an empty body is empty and not truncated", () => {
  const capture = new BodyCapture(10);
  capture.append(bytes());
  assert.deepEqual([capture.length, capture.kept, capture.truncated], [0, 0, false]);
  assert.deepEqual(capture.bytes(), bytes());
});

Deno.test("what is kept is a copy: the caller's buffer may be used again", () => {
  const buffer = new Uint8Array(20_000).fill(1);
  const small = new BodyCapture(100_000);
  const large = new BodyCapture(100_000);
  small.append(buffer.subarray(0, 10));
  large.append(buffer);
  buffer.fill(9);
  assert.ok(small.bytes().every((byte) => byte === 1));
  assert.ok(large.bytes().every((byte) => byte === 1));
});

Deno.test("captures that share slabs never see each other's bytes, however they grow side by side", () => {
  fc.assert(
    fc.property(pieces, fc.nat(100_000), (sizes, cap) => {
      const captures = [new BodyCapture(cap), new BodyCapture(cap), new BodyCapture(cap)];
      const wanted: number[][] = [[], [], []];
      sizes.forEach(([size, value], index) => {
        captures.forEach((capture, which) => {
          const data = new Uint8Array(size).fill(value ^ which ^ index);
          capture.append(data);
          for (const byte of data) wanted[which]!.push(byte);
          // Joined in between: what was handed out must stay what it is, too.
          if (index % 3 === 0) capture.bytes();
        });
      });
      captures.forEach((capture, which) => {
        const all = wanted[which]!;
        assert.equal(capture.length, all.length);
        assert.equal(capture.kept, Math.min(cap, all.length));
        assert.equal(capture.truncated, all.length > cap);
        assert.deepEqual(capture.bytes(), Uint8Array.from(all.slice(0, cap)));
      });
    }),
    { numRuns: 20 },
  );
});

Deno.test("small pieces share a slab, and none lies over another", () => {
  const kept = Array.from({ length: 200 }, (_, index) => keep(new Uint8Array(1000).fill(index)));
  assert.ok(new Set(kept.map((piece) => piece.buffer)).size < kept.length / 10);
  kept.forEach((piece, index) => assert.ok(piece.every((byte) => byte === index)));
});

Deno.test("bytes gives the same array again: joining costs once", () => {
  const capture = new BodyCapture(100);
  capture.append(bytes(1));
  capture.append(bytes(2));
  assert.equal(capture.bytes(), capture.bytes());
});

Deno.test("replace puts an edited body in place, under the same cap, and goes on from there", () => {
  const capture = new BodyCapture(4);
  capture.append(bytes(1, 2, 3));
  capture.replace(bytes(7, 8));
  assert.deepEqual([capture.length, capture.kept, capture.truncated], [2, 2, false]);
  capture.append(bytes(9, 10, 11));
  assert.deepEqual(capture.bytes(), bytes(7, 8, 9, 10));
  capture.replace(bytes(1, 2, 3, 4, 5, 6));
  assert.deepEqual([capture.length, capture.kept, capture.truncated], [6, 4, true]);
  assert.deepEqual(capture.bytes(), bytes(1, 2, 3, 4));
  capture.replace(bytes());
  assert.deepEqual([capture.length, capture.kept, capture.truncated], [0, 0, false]);
});

Deno.test("discard lets go of what was kept and keeps nothing more; the length goes on", () => {
  const capture = new BodyCapture(100);
  capture.append(bytes(1, 2, 3));
  capture.discard();
  assert.deepEqual([capture.length, capture.kept, capture.truncated], [3, 0, true]);
  assert.equal(capture.append(bytes(4, 5)), 0);
  assert.deepEqual([capture.length, capture.kept], [5, 0]);
  assert.deepEqual(capture.bytes(), bytes());
  capture.replace(bytes(6, 7));
  assert.deepEqual([capture.length, capture.kept], [2, 0]);
});
