// scripts/bench_websocket_frames.ts: what the bench's WebSocket client sends, and what its origin makes of it.

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  BINARY,
  CLOSE,
  FIN,
  FrameEcho,
  FrameHead,
  maskedFrame,
  PING,
  PONG,
  TEXT,
  unmask,
} from "../../scripts/bench_websocket_frames.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);
const mask = bytes(0x37, 0xfa, 0x21, 0x3d);

/** What the origin says to these pieces, one after the other. */
function echo(pieces: readonly Uint8Array[], echo = new FrameEcho()): number[] {
  return pieces.flatMap((piece) => [...echo.answer(piece.slice())]);
}

Deno.test("bench WebSocket frames: a masked frame is that of RFC 6455, 5.7", () => {
  const hello = new TextEncoder().encode("Hello");
  const expected = bytes(0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58);
  assert.deepEqual(maskedFrame(FIN | TEXT, hello, mask), expected);
  assert.deepEqual(echo([expected]), [0x81, 0x05, ...hello]);
});

Deno.test("bench WebSocket frames: lengths of 7, 16 and 64 bits", () => {
  for (const length of [0, 1, 125, 126, 127, 128, 65_535, 65_536, 100_000]) {
    const frame = maskedFrame(FIN | BINARY, new Uint8Array(length).fill(9), mask);
    const head = new FrameHead();
    const end = frame.findIndex((byte) => head.take(byte)) + 1;
    assert.deepEqual([head.length, head.isMasked, frame.length - end], [length, true, length]);
    assert.deepEqual([head.opcode, head.isFinal, head.isControl], [BINARY, true, false]);
    assert.deepEqual(head.mask, mask);
    const answer = echo([frame]);
    assert.equal(answer.length, frame.length - 4);
    assert(answer.slice(answer.length - length).every((byte) => byte === 9));
  }
});

Deno.test("bench WebSocket frames: unmasking is its own inverse, wherever bytes lie and start", () => {
  fc.assert(fc.property(
    fc.uint8Array({ maxLength: 400 }),
    fc.nat(7),
    fc.nat(1_000_000),
    (payload, shift, offset) => {
      const held = new Uint8Array(payload.length + shift);
      const at = held.subarray(shift);
      at.set(payload);
      unmask(at, mask, offset);
      const byByte = payload.map((byte, index) => byte ^ (mask[(offset + index) % 4] ?? 0));
      assert.deepEqual(at, byByte);
      unmask(at, mask, offset);
      assert.deepEqual(at, payload);
    },
  ));
});

Deno.test("bench WebSocket origin: frames come back unmasked, whatever pieces they come in", () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 5 });
  fc.assert(fc.property(messages, fc.array(fc.nat(1500), { maxLength: 12 }), (payloads, cuts) => {
    const sent = payloads.flatMap((payload) => [...maskedFrame(FIN | BINARY, payload, mask)]);
    const ends = [...cuts.filter((cut) => cut < sent.length).sort((a, b) => a - b), sent.length];
    const pieces = ends.map((end, index) => Uint8Array.from(sent.slice(ends[index - 1] ?? 0, end)));
    const expected = payloads.flatMap((payload) => {
      const length = payload.length < 126
        ? [payload.length]
        : [126, payload.length >> 8, payload.length & 255];
      return [FIN | BINARY, ...length, ...payload];
    });
    assert.deepEqual(echo(pieces), expected);
    assert.deepEqual(echo(sent.map((byte) => bytes(byte))), expected);
  }));
});

Deno.test("bench WebSocket origin: pings come back as pongs, a close frame ends it", () => {
  const origin = new FrameEcho();
  assert.deepEqual(echo([maskedFrame(FIN | PING, bytes(1, 2), mask)], origin), [FIN | PONG, 2, 1, 2]);
  assert(!origin.isClosed);
  assert.deepEqual(echo([maskedFrame(FIN | CLOSE, bytes(3, 0xe8), mask)], origin), [FIN | CLOSE, 2, 3, 0xe8]);
  assert(origin.isClosed);
  const empty = new FrameEcho();
  echo([maskedFrame(FIN | CLOSE, bytes(), mask)], empty);
  assert(empty.isClosed);
});

Deno.test("bench WebSocket origin: what is not masked no client may send", () => {
  assert.throws(() => echo([bytes(FIN | TEXT, 1, 0x61)]), /not masked/);
});
