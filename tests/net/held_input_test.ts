// What every transport does for hand-overs: nothing is lost, nothing comes twice, nothing overtakes.

import assert from "node:assert/strict";
import fc from "fast-check";
import { HeldInput } from "../../lib/net/held_input.ts";
import type { TransportHandler } from "../../lib/net/transport.ts";
import { bytesOf, Recorder, textOf } from "./memory_transport.ts";

/** As a transport attaches: true when reading goes on. */
function attach(held: HeldInput, handler: TransportHandler | null): boolean {
  held.attach(handler);
  return handler !== null && held.deliver();
}

Deno.test("held input: what came while nobody listened is copied, and delivered in order", () => {
  const held = new HeldInput();
  const chunk = bytesOf("one");
  assert.equal(held.data(chunk), false, "nobody listens: stop reading");
  chunk.fill(0);
  held.data(bytesOf("two"));
  const handler = new Recorder();
  assert.equal(attach(held, handler), true);
  assert.equal(held.data(bytesOf("three")), true);
  assert.deepEqual(handler.told, ["one", "two", "three"]);
});

Deno.test("held input: what is given back comes first, the last piece before the others", () => {
  const held = new HeldInput();
  held.data(bytesOf("c"));
  const back = bytesOf("b");
  held.unread(back);
  back.fill(0);
  held.unread(bytesOf("a"));
  held.unread(new Uint8Array(0));
  const handler = new Recorder();
  attach(held, handler);
  assert.deepEqual(handler.told, ["a", "b", "c"]);
});

Deno.test("held input: a handler that has enough gets no more until it asks", () => {
  const held = new HeldInput();
  for (const text of ["a", "b", "c"]) held.data(bytesOf(text));
  const handler = new Recorder();
  handler.answer = () => false;
  assert.equal(attach(held, handler), false);
  assert.equal(held.data(bytesOf("d")), false, "behind what is held");
  assert.deepEqual(handler.told, ["a"]);
  assert.equal(held.deliver(), false);
  assert.deepEqual(handler.told, ["a", "b"]);
  handler.answer = () => true;
  assert.equal(held.deliver(), true);
  assert.deepEqual(handler.told, ["a", "b", "c", "d"]);
});

Deno.test("held input: a handler put in place by another gets the rest", () => {
  const held = new HeldInput();
  for (const text of ["a", "b", "c"]) held.data(bytesOf(text));
  const first = new Recorder();
  const second = new Recorder();
  first.answer = () => {
    held.unread(bytesOf("A"));
    assert.equal(attach(held, second), false, "the delivery under way goes on with the new one");
    return false;
  };
  assert.equal(attach(held, first), true, "the new one reads on, whatever the old one said");
  assert.deepEqual(first.told, ["a"]);
  assert.deepEqual(second.told, ["A", "b", "c"]);
});

Deno.test("held input: a handler put in place for a fresh chunk decides itself whether to read on", () => {
  for (const readsOn of [true, false]) {
    const held = new HeldInput();
    const first = new Recorder();
    const second = new Recorder();
    second.answer = () => readsOn;
    first.answer = () => {
      held.unread(bytesOf("back"));
      attach(held, second);
      return !readsOn;
    };
    attach(held, first);
    assert.equal(held.data(bytesOf("chunk")), readsOn);
    assert.deepEqual(second.told, ["back"]);
  }
});

Deno.test("held input: nobody in charge any more stops reading", () => {
  const held = new HeldInput();
  const first = new Recorder();
  first.answer = () => {
    attach(held, null);
    return true;
  };
  attach(held, first);
  assert.equal(held.data(bytesOf("a")), false);
});

Deno.test("held input: the end comes after what is held, once to each handler", () => {
  const held = new HeldInput();
  held.data(bytesOf("a"));
  held.data(bytesOf("b"));
  held.end(false);
  const first = new Recorder();
  first.answer = () => false;
  attach(held, first);
  assert.deepEqual(first.told, ["a"]);
  held.deliver();
  held.deliver();
  held.end(true);
  held.deliver();
  assert.deepEqual(first.told, ["a", "b", "<end uncleanly>"], "the first end counts");
  const second = new Recorder();
  attach(held, second);
  held.deliver();
  assert.deepEqual(second.told, ["<end uncleanly>"]);
});

Deno.test("held input: a handler attached by the end is told of it too", () => {
  const held = new HeldInput();
  const second = new Recorder();
  attach(held, {
    data: () => true,
    end: () => attach(held, second),
    closed: () => {},
  });
  held.end(true);
  assert.deepEqual(second.told, ["<end>"]);
});

Deno.test("held input: a close in good order waits for what is held", () => {
  const held = new HeldInput();
  held.data(bytesOf("a"));
  held.end(true);
  held.closed(null);
  assert.equal(held.isClosed, true);
  const handler = new Recorder();
  assert.equal(attach(held, handler), false, "nothing more to read");
  assert.deepEqual(handler.told, ["a", "<end>", "<closed>"]);
});

Deno.test("held input: a torn connection is told at once, and only the first time", () => {
  const held = new HeldInput();
  held.data(bytesOf("a"));
  held.data(bytesOf("b"));
  const handler = new Recorder();
  handler.answer = () => false;
  attach(held, handler);
  held.closed({ code: "reset", message: "ECONNRESET" });
  held.closed(null);
  held.deliver();
  assert.deepEqual(handler.told, ["a", "<closed reset>"]);
  const late = new Recorder();
  attach(held, late);
  assert.deepEqual(late.told, ["<closed reset>"], "nobody waits for what has happened");
});

Deno.test("held input: a handler that asks for more from inside is not called again inside", () => {
  const held = new HeldInput();
  let depth = 0;
  const seen: string[] = [];
  const handler: TransportHandler = {
    data(chunk) {
      depth++;
      assert.equal(depth, 1);
      seen.push(textOf(chunk));
      held.deliver();
      if (seen.length === 1) assert.equal(held.data(bytesOf("c")), false, "behind what is held");
      depth--;
      return true;
    },
    end: () => seen.push("<end>"),
    closed: () => seen.push("<closed>"),
  };
  held.data(bytesOf("a"));
  held.data(bytesOf("b"));
  held.end(true);
  attach(held, handler);
  assert.deepEqual(seen, ["a", "b", "c", "<end>"]);
});

type Step =
  | { kind: "data"; size: number }
  | { kind: "attach"; willing: number }
  | { kind: "detach" }
  | { kind: "resume" }
  | { kind: "take-back" };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("data" as const), size: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ kind: fc.constant("attach" as const), willing: fc.integer({ min: 0, max: 3 }) }),
  fc.constant({ kind: "detach" as const }),
  fc.constant({ kind: "resume" as const }),
  fc.constant({ kind: "take-back" as const }),
);

Deno.test("held input: whatever is attached, stopped and given back, the bytes come once and in order", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const held = new HeldInput();
    let sent = 0;
    const got: number[] = [];
    // Says no after `willing` chunks, and gives back half of every second chunk it gets.
    const handler = (willing: number): TransportHandler => {
      let count = 0;
      const self: TransportHandler = {
        data(chunk) {
          count++;
          const taken = count % 2 === 0 && chunk.length > 1 ? chunk.length >> 1 : chunk.length;
          got.push(...chunk.subarray(0, taken));
          if (taken < chunk.length) {
            held.unread(chunk.subarray(taken));
            return false;
          }
          return count < willing;
        },
        end: () => {},
        closed: () => {},
      };
      return self;
    };
    for (const one of steps) {
      if (one.kind === "data") held.data(Uint8Array.from({ length: one.size }, () => sent++ & 0xff));
      else if (one.kind === "attach") attach(held, handler(one.willing));
      else if (one.kind === "detach") attach(held, null);
      else if (one.kind === "resume") held.deliver();
      else {
        const last = got.pop();
        if (last !== undefined) held.unread(Uint8Array.of(last));
      }
    }
    attach(held, {
      data: (chunk) => {
        got.push(...chunk);
        return true;
      },
      end: () => {},
      closed: () => {},
    });
    assert.deepEqual(got, Array.from({ length: sent }, (_, index) => index & 0xff));
  }));
});
