// The output buffer: what is appended comes out once, in order, also while a view is on the wire.

import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { BLOCK_SIZE, OutBuffer } from "../../lib/bytes/out_buffer.ts";

Deno.test("out buffer: bytes are copied, text is byte-true", () => {
  const output = new OutBuffer();
  const bytes = Uint8Array.of(1, 2);
  output.append(bytes);
  bytes.fill(9);
  output.appendText("a\xff");
  assert.equal(output.waiting, 4);
  assert.deepEqual([...output.take() ?? []], [1, 2, 0x61, 0xff]);
});

Deno.test("out buffer: one view at a time, untouched until it is released", () => {
  const output = new OutBuffer();
  assert.equal(output.take(), null);
  output.appendText("first");
  const view = output.take();
  assert.ok(view !== null);
  output.appendText("second".repeat(2000));
  assert.equal(output.take(), null);
  assert.equal(latin1Decode(view), "first");
  assert.equal(output.length, 5 + 12_000);
  assert.equal(output.waiting, 12_000);
  output.release();
  assert.equal(output.length, 12_000);
  assert.equal(latin1Decode(output.take() ?? new Uint8Array(0)), "second".repeat(2000));
});

Deno.test("out buffer: clear drops what waits, not what is being written", () => {
  const output = new OutBuffer();
  output.appendText("a");
  const view = output.take();
  output.appendText("bc");
  output.clear();
  assert.equal(output.length, 1);
  assert.deepEqual([...view ?? []], [0x61]);
  output.release();
  assert.equal(output.take(), null);
});

Deno.test("out buffer: everything comes out once and in order", () => {
  const size = () => fc.oneof(fc.nat(9000), fc.integer({ min: BLOCK_SIZE - 2, max: BLOCK_SIZE * 2 + 2 }));
  const step = fc.oneof(
    fc.record({ append: size() }),
    fc.record({ text: size() }),
    fc.constant("take" as const),
    fc.constant("release" as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const output = new OutBuffer();
      const onWire: Uint8Array[] = [];
      let put = "";
      let got = "";
      let counter = 0;
      const take = (): void => {
        const view = output.take();
        if (view === null) return;
        assert.ok(view.length > 0 && view.buffer.byteLength <= BLOCK_SIZE);
        onWire.push(view);
      };
      const release = (): void => {
        const view = onWire.pop();
        if (view === undefined) return;
        got += latin1Decode(view);
        output.release();
      };
      for (const action of steps) {
        if (action === "take") take();
        else if (action === "release") release();
        else {
          const length = "append" in action ? action.append : action.text;
          const bytes = new Uint8Array(length);
          for (let index = 0; index < length; index++) bytes[index] = counter++ % 251;
          put += latin1Decode(bytes);
          if ("append" in action) output.append(bytes);
          else output.appendText(latin1Decode(bytes));
        }
        assert.equal(output.length, put.length - got.length);
        assert.equal(output.waiting, put.length - got.length - (onWire[0]?.length ?? 0));
      }
      release();
      while (output.waiting > 0) {
        take();
        release();
      }
      assert.equal(got, put);
    }),
    { numRuns: 40 },
  );
});

Deno.test("out buffer: a small turn is one write, whatever was written before it", () => {
  const output = new OutBuffer();
  const turn = (size: number): number => {
    output.append(new Uint8Array(size - 2));
    output.appendText("ab");
    const length = output.take()?.length ?? 0;
    assert.equal(output.waiting, 0);
    output.release();
    return length;
  };
  for (const size of [10, 4096, 4097, 100_000, 10, BLOCK_SIZE, 5000]) assert.equal(turn(size), size);
});

Deno.test("out buffer: much that waits goes out block by block, in order, and never as one large buffer", () => {
  const output = new OutBuffer();
  const MIB = 1024 * 1024;
  for (let count = 0; count < 12 * 64; count++) output.append(new Uint8Array(16 * 1024).fill(count % 251));
  assert.equal(output.length, 12 * MIB);
  let taken = 0;
  for (let view = output.take(); view !== null; view = output.take()) {
    assert.ok(view.length <= BLOCK_SIZE && view.buffer.byteLength <= BLOCK_SIZE);
    assert.equal(output.take(), null, "one at a time");
    assert.equal(view[0], (taken / (16 * 1024)) % 251);
    taken += view.length;
    assert.equal(output.length, 12 * MIB - taken + view.length);
    output.release();
    assert.equal(output.length, 12 * MIB - taken);
  }
  assert.equal(taken, 12 * MIB);
});

Deno.test("out buffer: turn after turn the same two blocks are used", () => {
  const output = new OutBuffer();
  const buffers = new Set<unknown>();
  for (let count = 0; count < 20; count++) {
    output.append(new Uint8Array(100_000));
    buffers.add(output.take()?.buffer);
    output.append(new Uint8Array(90_000));
    output.release();
    buffers.add(output.take()?.buffer);
    output.release();
  }
  assert.equal(buffers.size, 2);
});

Deno.test("out buffer: clear drops all blocks that wait, and what comes then is what goes out", () => {
  const output = new OutBuffer();
  output.append(new Uint8Array(3 * BLOCK_SIZE + 5));
  output.take();
  output.clear();
  assert.deepEqual([output.waiting, output.length], [0, BLOCK_SIZE]);
  output.appendText("after");
  output.release();
  assert.equal(latin1Decode(output.take() ?? new Uint8Array(0)), "after");
});
