// The output buffer: what is appended comes out once, in order, also while a view is on the wire.

import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { OutBuffer } from "../../lib/bytes/out_buffer.ts";

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
  const step = fc.oneof(
    fc.record({ append: fc.nat(9000) }),
    fc.record({ text: fc.nat(9000) }),
    fc.constant("take" as const),
    fc.constant("release" as const),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const output = new OutBuffer();
    const onWire: Uint8Array[] = [];
    let put = "";
    let got = "";
    let counter = 0;
    const take = (): void => {
      const view = output.take();
      if (view !== null) onWire.push(view);
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
        const bytes = Uint8Array.from({ length }, () => counter++ % 256);
        put += latin1Decode(bytes);
        if ("append" in action) output.append(bytes);
        else output.appendText(latin1Decode(bytes));
      }
      assert.equal(output.length, put.length - got.length);
      assert.equal(output.waiting, put.length - got.length - (onWire[0]?.length ?? 0));
    }
    release();
    take();
    release();
    assert.equal(got, put);
  }));
});
