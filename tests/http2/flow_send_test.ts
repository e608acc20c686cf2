// What we send our peers: never beyond their windows, in order, in turns, and bounded in our own memory (RFC 9113,
// 5.2, 6.9). That no frame passes a window is checked by the observer for every test; here it is counted.

import assert from "node:assert/strict";
import { defaultHttp2Limits } from "../../lib/http2/limits.ts";
import {
  DEFAULT_WINDOW,
  FLAG,
  type Frame,
  headers,
  resetStream,
  SETTING,
  settings,
  TYPE,
  windowUpdate,
} from "../kit/http2_frames.ts";
import { client, requestHead, requestLines, responseHead, server, type Wire } from "./drive.ts";

const { outputHighWater } = defaultHttp2Limits;

/** A server on which these streams have been requested and await data; initial window `window`. */
function responding(window: number, ...streams: number[]): Wire {
  const wire = server({}, [SETTING.INITIAL_WINDOW_SIZE, window]);
  for (const stream of streams) {
    wire.feed(headers(stream, requestLines("GET", "/"), { end: true })).respond(stream, responseHead(200));
  }
  return wire;
}

function sent(wire: Wire, stream?: number): number {
  return wire.ofType(TYPE.DATA, stream).reduce((sum, { payload }) => sum + payload.length, 0);
}

function ended(wire: Wire, stream: number): boolean {
  return wire.frames.some((frame) => frame.stream === stream && (frame.flags & FLAG.END_STREAM) !== 0);
}

/** Bytes that tell their place. */
function numbered(length: number, from = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (from + index) % 251);
}

function content(frames: readonly Frame[]): number[] {
  return frames.flatMap(({ payload }) => [...payload]);
}

Deno.test("send windows: a stream's is used up to the last byte, and then by what comes back", () => {
  const wire = responding(10, 1).sendData(1, numbered(100));
  assert.equal(sent(wire), 10);
  assert.equal(wire.codec.capacity(1), 0);
  wire.feed(windowUpdate(1, 5));
  assert.equal(sent(wire), 15);
  wire.feed(windowUpdate(1, 84));
  assert.equal(sent(wire), 99);
  wire.sendData(1, numbered(1, 100), true);
  assert.equal(ended(wire, 1), false);
  wire.feed(windowUpdate(1, 100));
  assert.equal(sent(wire), 101);
  assert.equal(ended(wire, 1), true);
  assert.deepEqual(content(wire.ofType(TYPE.DATA)), [...numbered(101)]);
});

Deno.test("send windows: both roles obey them", () => {
  const wire = client({}, [SETTING.INITIAL_WINDOW_SIZE, 7]);
  const stream = wire.request(requestHead("POST", "/", { framing: "stream" }), false);
  wire.sendData(stream, numbered(20), true);
  assert.equal(sent(wire), 7);
  wire.feed(windowUpdate(stream, 12));
  assert.equal(ended(wire, stream), false);
  wire.feed(windowUpdate(stream, 1));
  assert.equal(ended(wire, stream), true);
  assert.deepEqual(content(wire.ofType(TYPE.DATA)), [...numbered(20)]);
});

Deno.test("send windows: the connection's holds all streams", () => {
  const wire = responding(1_000_000, 1, 3).sendData(1, numbered(60_000)).sendData(3, numbered(60_000));
  assert.equal(sent(wire), DEFAULT_WINDOW);
  assert.equal(wire.codec.capacity(1), 0);
  assert.equal(wire.codec.capacity(3), 0);
  wire.feed(windowUpdate(1, 1000));
  assert.equal(sent(wire), DEFAULT_WINDOW);
  wire.feed(windowUpdate(0, 1000));
  assert.equal(sent(wire), DEFAULT_WINDOW + 1000);
  wire.feed(windowUpdate(0, 1_000_000));
  assert.equal(sent(wire, 1), 60_000);
  assert.equal(sent(wire, 3), 60_000);
});

Deno.test("send windows: the end needs none", () => {
  const wire = responding(0, 1, 3, 5);
  wire.sendData(1, "", true);
  assert.equal(ended(wire, 1), true);
  wire.send({ kind: "trailers", stream: 3, fields: responseHead(200).fields });
  assert.equal(ended(wire, 3), true);
  wire.sendData(5, "x").sendData(5, "", true);
  assert.equal(ended(wire, 5), false, "not before what is waiting");
  wire.feed(windowUpdate(5, 1));
  assert.equal(ended(wire, 5), true);
});

Deno.test("send windows: trailers come after the data that waits", () => {
  const wire = responding(3, 1).sendData(1, "abcdef");
  const { fields } = responseHead(200);
  fields.append("t", "u");
  wire.send({ kind: "trailers", stream: 1, fields });
  assert.equal(ended(wire, 1), false);
  wire.feed(windowUpdate(1, 3));
  assert.deepEqual(wire.sent().slice(-3), ["DATA #1 3", "DATA #1 3", "HEADERS #1 end"]);
});

Deno.test("send windows: SETTINGS change those of open streams, below zero too (6.9.2)", () => {
  const wire = responding(1000, 1).sendData(1, numbered(3000));
  assert.equal(sent(wire), 1000);
  wire.feed(settings([SETTING.INITIAL_WINDOW_SIZE, 1500]));
  assert.equal(sent(wire), 1500);
  wire.feed(settings([SETTING.INITIAL_WINDOW_SIZE, 400]));
  // -1100 now.
  assert.equal(wire.codec.capacity(1), 0);
  wire.feed(windowUpdate(1, 1100));
  assert.equal(sent(wire), 1500);
  wire.feed(windowUpdate(1, 1));
  assert.equal(sent(wire), 1501);
  wire.feed(settings([SETTING.INITIAL_WINDOW_SIZE, 0]));
  wire.feed(settings([SETTING.INITIAL_WINDOW_SIZE, 400]));
  assert.equal(sent(wire), 1501);
  wire.feed(settings([SETTING.INITIAL_WINDOW_SIZE, 100_000]));
  assert.equal(sent(wire), 3000);
});

Deno.test("send windows: SETTINGS do not change the connection's", () => {
  const wire = responding(DEFAULT_WINDOW, 1).sendData(1, new Uint8Array(100_000));
  wire.feed(settings([SETTING.INITIAL_WINDOW_SIZE, 1_000_000]));
  assert.equal(sent(wire), DEFAULT_WINDOW);
});

Deno.test("send windows: what is granted before the data comes counts", () => {
  const wire = responding(0, 1).feed(windowUpdate(1, 30), windowUpdate(0, 30), windowUpdate(1, 20));
  assert.equal(wire.codec.capacity(1), 50);
  wire.sendData(1, new Uint8Array(60));
  assert.equal(sent(wire), 50);
});

Deno.test("send windows: a window of one byte at a time still delivers", () => {
  const wire = responding(1, 1).sendData(1, numbered(50), true);
  for (let at = 1; at < 50; at++) {
    assert.equal(sent(wire), at);
    wire.feed(windowUpdate(1, 1));
  }
  assert.deepEqual(content(wire.ofType(TYPE.DATA)), [...numbered(50)]);
  assert.equal(ended(wire, 1), true);
});

Deno.test("send windows: a stream without one stalls no other", () => {
  const wire = responding(1000, 1, 3, 5);
  wire.sendData(1, new Uint8Array(50_000)).sendData(3, new Uint8Array(50_000), true);
  wire.feed(windowUpdate(3, 100_000));
  assert.equal(sent(wire, 1), 1000);
  assert.equal(sent(wire, 3), 50_000);
  wire.sendData(5, new Uint8Array(900), true);
  assert.equal(ended(wire, 5), true);
});

Deno.test("send windows: streams that wait are served in turns", () => {
  const streams = [1, 3, 5, 7];
  const wire = responding(10_000_000, ...streams);
  wire.feed(windowUpdate(0, 1));
  const begun = (): number => Math.max(...streams.map((stream) => sent(wire, stream)));
  for (const stream of streams) wire.sendData(stream, new Uint8Array(200_000), true);
  assert.equal(sent(wire), DEFAULT_WINDOW + 1);
  // Whoever came first had its share; from here on nobody may be two frames ahead of who has less.
  const base = new Map(streams.map((stream) => [stream, sent(wire, stream)]));
  assert.ok(begun() <= DEFAULT_WINDOW + 1);
  for (let round = 1; round <= 16; round++) {
    wire.feed(windowUpdate(0, 16_384));
    const shares = streams.map((stream) => sent(wire, stream) - base.get(stream)!);
    assert.equal(shares.reduce((sum, share) => sum + share), round * 16_384);
    if (round % 4 !== 0) continue;
    assert.ok(Math.max(...shares) - Math.min(...shares) <= 2 * 16_384, `round ${round}: ${shares}`);
    assert.ok(Math.min(...shares) > 0, `round ${round}: ${shares}`);
  }
});

Deno.test("send windows: a small response is not behind all of a large one", () => {
  const wire = responding(10_000_000, 1, 3);
  wire.sendData(1, new Uint8Array(1_000_000), true).sendData(3, new Uint8Array(100), true);
  for (let granted = 0; granted < 3 * 16_384; granted += 16_384) wire.feed(windowUpdate(0, 16_384));
  assert.equal(ended(wire, 3), true);
  assert.equal(ended(wire, 1), false);
});

Deno.test("send windows: large data goes in frames of the default size at most", () => {
  const wire = responding(10_000_000, 1).feed(windowUpdate(0, 10_000_000));
  wire.sendData(1, new Uint8Array(1_000_000), true);
  const lengths = wire.ofType(TYPE.DATA).map(({ payload }) => payload.length);
  assert.equal(sent(wire), 1_000_000);
  assert.ok(Math.max(...lengths) <= 16_384);
  assert.ok(lengths.length <= 1_000_000 / 16_384 + 20, `${lengths.length} frames`);
});

Deno.test("send windows: empty pieces make no frames", () => {
  const wire = responding(1000, 1);
  for (let count = 0; count < 100; count++) wire.sendData(1, "");
  assert.ok(wire.ofType(TYPE.DATA).length <= 1);
  wire.sendData(1, "x").sendData(1, "").sendData(1, "", true);
  assert.equal(sent(wire), 1);
  assert.equal(ended(wire, 1), true);
});

Deno.test("capacity: what can be sent, less what waits; `writable` when there is some again", () => {
  const wire = responding(100, 1);
  assert.equal(wire.codec.capacity(1), 100);
  wire.sendData(1, new Uint8Array(60));
  assert.equal(wire.codec.capacity(1), 40);
  wire.sendData(1, new Uint8Array(60));
  assert.equal(wire.codec.capacity(1), 0);
  const before = wire.signals.length;
  // What waits is sent, and there is no room for more.
  wire.feed(windowUpdate(1, 20));
  assert.equal(wire.codec.capacity(1), 0);
  wire.feed(windowUpdate(1, 30));
  assert.equal(wire.codec.capacity(1), 30);
  assert.deepEqual(wire.signals.slice(before), ["#1 writable"]);
  wire.feed(windowUpdate(1, 30));
  assert.deepEqual(wire.signals.slice(before), ["#1 writable"], "it was writable all the time");
});

Deno.test("capacity: `writable` for each stream the connection's window had held", () => {
  const wire = responding(1_000_000, 1, 3, 5).sendData(1, new Uint8Array(DEFAULT_WINDOW));
  for (const stream of [1, 3, 5]) assert.equal(wire.codec.capacity(stream), 0);
  const before = wire.signals.length;
  wire.feed(windowUpdate(0, 5000));
  for (const stream of [1, 3, 5]) assert.ok(wire.codec.capacity(stream) > 0);
  assert.ok(wire.signals.slice(before).includes("#1 writable"));
});

Deno.test("capacity: never negative, and what is sent on a stream that is over is dropped", () => {
  const wire = responding(100, 1, 3).sendData(1, "", true).feed(resetStream(3, 8));
  wire.feed(settings([SETTING.INITIAL_WINDOW_SIZE, 0]));
  for (const stream of [0, 1, 2, 3, 5, 99]) {
    assert.ok(wire.codec.capacity(stream) >= 0);
    wire.sendData(stream, "dropped", true);
  }
  assert.equal(sent(wire), 0);
});

Deno.test("a peer that does not read: data waits outside the output, and none is lost", () => {
  const wire = responding(100_000_000, 1).feed(windowUpdate(0, 100_000_000));
  wire.reads = false;
  let given = 0;
  while (wire.codec.capacity(1) > 0) {
    const piece = Math.min(wire.codec.capacity(1), 10_000);
    wire.sendData(1, numbered(piece, given));
    given += piece;
    assert.ok(given <= 2 * outputHighWater, "capacity has no end");
  }
  const { output } = wire.codec;
  assert.ok(output.length <= outputHighWater + 16_384 + 1000, `${output.length} bytes of output`);
  // More than it asked for is kept, in order, but not in the output.
  wire.sendData(1, numbered(500_000, given), true);
  given += 500_000;
  assert.ok(output.length <= outputHighWater + 16_384 + 1000, `${output.length} bytes of output`);
  assert.equal(wire.codec.capacity(1), 0);
  wire.reads = true;
  wire.turn();
  assert.equal(sent(wire), given);
  assert.deepEqual(content(wire.ofType(TYPE.DATA)), [...numbered(given)]);
  assert.equal(ended(wire, 1), true);
});

Deno.test("a peer that reads again: `writable` comes with the room", () => {
  const wire = responding(100_000_000, 1).feed(windowUpdate(0, 100_000_000));
  wire.reads = false;
  while (wire.codec.capacity(1) > 0) wire.sendData(1, new Uint8Array(wire.codec.capacity(1)));
  const before = wire.signals.length;
  wire.reads = true;
  wire.turn();
  assert.ok(wire.codec.capacity(1) > 0);
  assert.deepEqual(wire.signals.slice(before), ["#1 writable"]);
});

Deno.test("a reset drops what waits, by us and by the peer", () => {
  const wire = responding(10, 1, 3).sendData(1, new Uint8Array(1000)).sendData(3, new Uint8Array(1000));
  const fault = {
    scope: "stream",
    peer: "server",
    code: "CANCEL",
    status: 502,
    message: "",
    rule: "",
  } as const;
  wire.send({ kind: "reset", stream: 1, fault });
  wire.feed(resetStream(3, 8), windowUpdate(0, 10_000), windowUpdate(1, 10_000));
  assert.equal(sent(wire), 20);
  // Nor does what waited for the connection's window, or for the output.
  const full = responding(1_000_000, 1, 3, 5).sendData(1, new Uint8Array(DEFAULT_WINDOW));
  for (const stream of [1, 3, 5]) full.sendData(stream, new Uint8Array(1000), true);
  full.send({ kind: "reset", stream: 1, fault });
  full.feed(resetStream(3, 8), windowUpdate(0, 10_000));
  assert.equal(sent(full), DEFAULT_WINDOW + 1000);
  assert.equal(ended(full, 5), true);
  // Nor does anything that is sent afterwards.
  wire.sendData(1, "x", true).sendData(3, "x", true);
  assert.equal(sent(wire), 20);
  wire.assertAlive();
});
