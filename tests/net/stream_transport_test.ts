// A stream of HTTP/2 as a transport: hand-overs, backpressure, and every way to end it. The codec is the real one; the
// client is frames by hand.

import assert from "node:assert/strict";
import { Fields } from "../../lib/http/fields.ts";
import type { Http2Limits } from "../../lib/http2/limits.ts";
import { Http2Server } from "../../lib/http2/server.ts";
import { HttpDriver, Turns } from "../../lib/net/driver.ts";
import { StreamTransport } from "../../lib/net/stream_transport.ts";
import {
  CODE,
  data,
  describeFrame,
  type Frame,
  FrameParser,
  goAway,
  headers,
  join,
  PREFACE,
  readUint32,
  resetStream,
  SETTING,
  settings,
  TYPE,
  windowUpdate,
} from "../kit/http2_frames.ts";
import { bytesOf, MemoryTransport, Recorder, textOf } from "./memory_transport.ts";

const WINDOW = 256 * 1024;

/** A tunnel on stream 1, open; `window`: what the client takes of it. */
async function open(window = 65_535, limits: Partial<Http2Limits> = {}) {
  const transport = new MemoryTransport();
  const codec = new Http2Server({ hopByHop: "own", limits });
  const turns = new Turns();
  const frames: Frame[] = [];
  const parser = new FrameParser();
  let over = 0;
  const driver: HttpDriver = new HttpDriver(transport, codec, turns, {
    event: (event) => {
      if (event.kind === "data" || event.kind === "reset") tunnel.take(event);
      else if (event.kind === "writable") tunnel.writable();
    },
    received: () => {},
    drained: () => tunnel.writable(),
    closed: (fault) => tunnel.connectionClosed(fault),
  });
  const tunnel: StreamTransport = new StreamTransport(driver, 1, () => over++);
  driver.start();
  const connect = headers(1, [[":method", "CONNECT"], [":authority", "a.example:443"]]);
  transport.deliver(join(PREFACE, settings([SETTING.INITIAL_WINDOW_SIZE, window]), connect));
  turns.run(() => {
    codec.send({
      kind: "head",
      stream: 1,
      head: {
        kind: "response",
        version: "HTTP/1.1",
        status: 200,
        reason: "",
        framing: "none",
        contentLength: null,
        fields: new Fields(),
      },
      end: false,
    });
    codec.tunnel(1);
    driver.touch();
  });
  await settle();
  parser.push(bytesOf(transport.writes.splice(0).join("")));
  return {
    tunnel,
    transport,
    driver,
    recorder: new Recorder(),
    /** Frames of the tunnel's stream since the last call, and WINDOW_UPDATE of the connection; as short lines. */
    said(): string[] {
      frames.push(...parser.push(bytesOf(transport.writes.splice(0).join(""))));
      const lines = frames.splice(0).filter(({ stream, type }) =>
        (stream === 1 && type !== TYPE.HEADERS) || type === TYPE.WINDOW_UPDATE
      );
      return lines.map((frame) =>
        frame.type === TYPE.DATA
          ? `${describeFrame(frame)} ${textOf(frame.payload).slice(0, 10)}`
          : describeFrame(frame)
      );
    },
    /** The credit the client has been given for the stream since the last call. */
    credit(): number {
      frames.push(...parser.push(bytesOf(transport.writes.splice(0).join(""))));
      return frames.splice(0).filter(({ type, stream }) => type === TYPE.WINDOW_UPDATE && stream === 1)
        .reduce((sum, { payload }) => sum + readUint32(payload, 0), 0);
    },
    get over() {
      return over;
    },
  };
}

/** Everything that waits in microtasks has been done. */
async function settle(): Promise<void> {
  for (let count = 0; count < 20; count++) await Promise.resolve();
}

Deno.test("stream transport: the connection's addresses are its own", async () => {
  const { tunnel, transport } = await open();
  assert.deepEqual([tunnel.remote, tunnel.local], [transport.remote, transport.local]);
});

Deno.test("stream transport: what comes while nobody listens is held, in order, and what is given back comes first", async () => {
  const { tunnel, transport, recorder } = await open();
  transport.deliver(data(1, "one"));
  transport.deliver(data(1, "two"));
  tunnel.unread(bytesOf("zero"));
  tunnel.attach(recorder);
  assert.deepEqual(recorder.told, ["zero", "one", "two"]);
  transport.deliver(data(1, "three"));
  const next = new Recorder();
  tunnel.attach(null);
  transport.deliver(data(1, "four", { end: true }));
  tunnel.attach(next);
  assert.deepEqual(recorder.told, ["zero", "one", "two", "three"]);
  assert.deepEqual(next.told, ["four", "<end>"]);
});

Deno.test("stream transport: a handler that has had enough gets nothing more until it resumes", async () => {
  const { tunnel, transport, recorder } = await open();
  recorder.answer = (text) => text !== "b" && text !== "d";
  tunnel.attach(recorder);
  for (const text of ["a", "b", "c", "d", "e"]) transport.deliver(data(1, text));
  assert.deepEqual(recorder.told, ["a", "b"]);
  tunnel.resume();
  assert.deepEqual(recorder.told, ["a", "b", "c", "d"]);
  tunnel.resume();
  tunnel.pause();
  transport.deliver(data(1, "f", { end: true }));
  assert.deepEqual(recorder.told, ["a", "b", "c", "d", "e"]);
  tunnel.resume();
  assert.deepEqual(recorder.told, ["a", "b", "c", "d", "e", "f", "<end>"]);
});

Deno.test("stream transport: credit goes back for what was taken, and not before", async () => {
  // A window that grows would give more than was taken.
  const { tunnel, transport, recorder, credit } = await open(65_535, { windowGrowth: 0 });
  const piece = new Uint8Array(16_000);
  tunnel.attach(recorder);
  tunnel.pause();
  for (let count = 0; count < 16; count++) transport.deliver(data(1, piece, { pad: 0 }));
  await settle();
  assert.equal(recorder.told.length, 0);
  assert.equal(credit(), 0);
  tunnel.resume();
  await settle();
  assert.equal(recorder.told.length, 16);
  // With what padding took.
  assert.equal(credit(), 16 * 16_001);
  recorder.answer = () => false;
  for (let count = 0; count < 16; count++) transport.deliver(data(1, piece));
  await settle();
  assert.equal(credit(), 0);
  assert.equal(recorder.told.length, 17);
  recorder.answer = () => true;
  tunnel.resume();
  await settle();
  assert.equal(credit(), 16 * 16_000);
});

Deno.test("stream transport: credit of what is taken after the end goes back to the connection", async () => {
  const { tunnel, transport, recorder, said } = await open(65_535, {
    concurrentStreams: 1,
    pushedStreams: 1,
    windowGrowth: 0,
  });
  tunnel.end();
  await settle();
  for (let count = 0; count < 16; count++) {
    transport.deliver(data(1, new Uint8Array(16_000), { end: count === 15 }));
  }
  await settle();
  said();
  tunnel.attach(recorder);
  await settle();
  assert.deepEqual(recorder.told.slice(-2), ["<end>", "<closed>"]);
  assert.deepEqual(said(), [`WINDOW_UPDATE #0 ${16 * 16_000}`]);
});

Deno.test("stream transport: a write is done when there is room for another", async () => {
  const { tunnel, transport, recorder, said } = await open(10);
  tunnel.attach(recorder);
  let done = 0;
  tunnel.write(bytesOf("12345"), () => done++);
  assert.equal(done, 0, "never from within the call");
  await settle();
  assert.equal(done, 1);
  tunnel.write(bytesOf("67890abc"), () => done++);
  await settle();
  assert.equal(done, 1);
  assert.deepEqual(said(), ["DATA #1 5 12345", "DATA #1 5 67890"]);
  transport.deliver(windowUpdate(1, 3));
  await settle();
  assert.deepEqual([said(), done], [["DATA #1 3 abc"], 1]);
  transport.deliver(windowUpdate(1, 1));
  await settle();
  assert.equal(done, 2);
});

Deno.test("stream transport: our end follows what was written; the peer's may come before or after", async () => {
  for (const peerFirst of [true, false]) {
    const parts = await open(4);
    const { tunnel, transport, recorder, said } = parts;
    tunnel.attach(recorder);
    if (peerFirst) transport.deliver(data(1, "", { end: true }));
    tunnel.write(bytesOf("123456"), () => {});
    tunnel.end();
    tunnel.end();
    await settle();
    assert.deepEqual(said(), ["DATA #1 4 1234"]);
    assert.equal(tunnel.isClosed, false, "half of it has not gone out");
    transport.deliver(windowUpdate(1, 10));
    await settle();
    assert.deepEqual(said(), ["DATA #1 2 end 56"]);
    if (!peerFirst) transport.deliver(data(1, "late", { end: true }));
    await settle();
    assert.deepEqual(recorder.told, peerFirst ? ["<end>", "<closed>"] : ["late", "<end>", "<closed>"]);
    assert.deepEqual([tunnel.isClosed, parts.over], [true, 1]);
    tunnel.write(bytesOf("x"), () => assert.fail("done"));
    tunnel.reset();
    tunnel.close();
    await settle();
    assert.deepEqual(said(), []);
  }
});

Deno.test("stream transport: reset is CONNECT_ERROR for the peer", async () => {
  const parts = await open();
  const { tunnel, recorder, said, transport } = parts;
  tunnel.attach(recorder);
  tunnel.reset();
  assert.deepEqual(recorder.told, [], "not from within the call");
  await settle();
  assert.deepEqual(recorder.told, ["<closed>"]);
  assert.deepEqual(said(), ["RST_STREAM #1 CONNECT_ERROR"]);
  // What was under way is of no interest.
  transport.deliver(data(1, "late", { end: true }));
  await settle();
  assert.deepEqual([recorder.told, parts.over], [["<closed>"], 1]);
});

Deno.test("stream transport: close ends our direction, and tells the peer to stop", async () => {
  const { tunnel, recorder, said } = await open();
  tunnel.attach(recorder);
  tunnel.write(bytesOf("bye"), () => {});
  tunnel.close();
  await settle();
  assert.deepEqual(said(), ["DATA #1 3 bye", "DATA #1 0 end ", "RST_STREAM #1 NO_ERROR"]);
  assert.deepEqual(recorder.told, ["<closed>"]);
});

Deno.test("stream transport: close after the peer's end needs no reset", async () => {
  const { tunnel, transport, recorder, said } = await open();
  tunnel.attach(recorder);
  transport.deliver(data(1, "", { end: true }));
  tunnel.close();
  await settle();
  assert.deepEqual(said(), ["DATA #1 0 end "]);
  assert.deepEqual(recorder.told, ["<end>", "<closed>"]);
});

Deno.test("stream transport: close with bytes that nobody takes is no good end", async () => {
  const { tunnel, said } = await open(2);
  tunnel.attach(new Recorder());
  tunnel.write(bytesOf("four"), () => assert.fail("done"));
  tunnel.close();
  await settle();
  assert.deepEqual(said(), ["DATA #1 2 fo", "RST_STREAM #1 CANCEL"]);
});

Deno.test("stream transport: a reset of the peer, at once and with its code", async () => {
  const { tunnel, transport, recorder } = await open();
  tunnel.attach(recorder);
  recorder.answer = () => false;
  transport.deliver(data(1, "a"));
  transport.deliver(join(data(1, "b"), resetStream(1, CODE.CANCEL)));
  assert.deepEqual(
    recorder.told,
    ["a", "<closed reset>"],
    "what a paused reader had not taken is lost with it",
  );
  const next = new Recorder();
  tunnel.attach(next);
  assert.deepEqual(next.told, ["<closed reset>"], "told to whoever comes next");
});

Deno.test("stream transport: the end of the connection is the end of the stream", async () => {
  for (
    const [fault, told] of [
      [null, "<closed reset>"],
      [{ code: "failed", message: "ETIMEDOUT" } as const, "<closed failed>"],
    ] as const
  ) {
    const { tunnel, transport, recorder } = await open();
    tunnel.attach(recorder);
    transport.deliver(goAway(0, CODE.NO_ERROR));
    transport.deliverClosed(fault);
    assert.deepEqual(recorder.told, [told]);
  }
});

Deno.test("stream transport: the window is as large as ours is said to be", async () => {
  const { tunnel, transport, recorder } = await open();
  tunnel.attach(recorder);
  tunnel.pause();
  for (let sent = 0; sent + 16_000 <= WINDOW; sent += 16_000) {
    transport.deliver(data(1, new Uint8Array(16_000)));
  }
  assert.equal(tunnel.isClosed, false);
  transport.deliver(data(1, new Uint8Array(16_000)));
  // RFC 9113, 6.9.1: more than it may.
  assert.deepEqual(recorder.told, ["<closed reset>"]);
});
