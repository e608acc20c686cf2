// The input queue: what goes in comes out, however it is pushed, read and settled, and nothing of a borrowed chunk
// is kept after `settle()`.

import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteQueue } from "../../lib/bytes/byte_queue.ts";

function unread(queue: ByteQueue): number[] {
  return [...queue.bytes.subarray(queue.start, queue.end)];
}

Deno.test("byte queue: a chunk is read in place", () => {
  const queue = new ByteQueue();
  const chunk = Uint8Array.of(1, 2, 3);
  queue.push(chunk);
  assert.equal(queue.bytes, chunk);
  queue.skip(1);
  assert.deepEqual(unread(queue), [2, 3]);
  queue.settle();
  chunk.fill(9);
  assert.deepEqual(unread(queue), [2, 3]);
});

Deno.test("byte queue: a chunk that was read to its end is let go", () => {
  const queue = new ByteQueue();
  const chunk = Uint8Array.of(1, 2, 3);
  queue.push(chunk);
  queue.skip(3);
  queue.settle();
  assert.notEqual(queue.bytes, chunk);
  assert.equal(queue.length, 0);
});

Deno.test("byte queue: what is left moves to the front when the end is reached", () => {
  const queue = new ByteQueue();
  queue.push(new Uint8Array(3000).fill(1));
  queue.settle();
  queue.skip(2999);
  queue.push(new Uint8Array(2000).fill(2));
  assert.deepEqual(unread(queue), [1, ...new Array<number>(2000).fill(2)]);
});

Deno.test("byte queue: drain copies what is left", () => {
  const queue = new ByteQueue();
  const chunk = Uint8Array.of(1, 2, 3);
  queue.push(chunk);
  queue.skip(1);
  const rest = queue.drain();
  chunk.fill(9);
  assert.deepEqual([...rest], [2, 3]);
  assert.equal(queue.length, 0);
  queue.push(Uint8Array.of(4));
  assert.deepEqual(unread(queue), [4]);
});

Deno.test("byte queue: behaves as a queue for any order of calls", () => {
  const step = fc.oneof(
    fc.record({ push: fc.integer({ min: 0, max: 5000 }) }),
    fc.record({ skip: fc.oneof(fc.nat(2000), fc.constant(Infinity)) }),
    fc.constant("settle" as const),
    fc.constant("drain" as const),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const queue = new ByteQueue();
    const borrowed: Uint8Array[] = [];
    let expected: number[] = [];
    let counter = 0;
    for (const action of steps) {
      if (action === "settle") {
        queue.settle();
        for (const chunk of borrowed.splice(0)) chunk.fill(0xaa);
      } else if (action === "drain") {
        assert.deepEqual([...queue.drain()], expected);
        expected = [];
      } else if ("push" in action) {
        const chunk = Uint8Array.from({ length: action.push }, () => counter++ % 251);
        expected.push(...chunk);
        queue.push(chunk);
        borrowed.push(chunk);
      } else {
        const count = Math.min(action.skip, queue.length);
        queue.skip(count);
        expected = expected.slice(count);
      }
      assert.deepEqual(unread(queue), expected);
    }
  }));
});

Deno.test("byte queue: a large own buffer is let go once empty", () => {
  const queue = new ByteQueue();
  queue.push(new Uint8Array(200_000));
  queue.settle();
  queue.skip(200_000);
  queue.settle();
  assert.equal(queue.bytes.length, 0);
});
