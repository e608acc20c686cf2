// What concerns the connection beside its messages: priorities forwarded where they are asked for (RFC 9113, 5.3;
// RFC 9218), PING, and a connection that began as HTTP/1.1 (RFC 7540, 3.2).

import assert from "node:assert/strict";
import { Fields } from "../../lib/http/fields.ts";
import type { StreamPriority } from "../../lib/http/priority.ts";
import {
  data,
  headers,
  ping,
  PREFACE,
  priorityUpdate,
  readUint32,
  SETTING,
  settings,
  settingsAck,
  settingsPayload,
  TYPE,
  windowUpdate,
} from "../kit/http2_frames.ts";
import { client, rawServer, requestHead, requestLines, responseHead, server, type Wire } from "./drive.ts";

const urgent: StreamPriority = { kind: "update", value: "u=0, i" };
const dependent: StreamPriority = { kind: "dependency", on: 0, exclusive: true, weight: 256 };

Deno.test("priority: forwarded where it is asked for", () => {
  const wire = client({ priority: true });
  const stream = wire.request(requestHead("POST", "/", { framing: "stream" }), false);
  wire.sentFrames();
  wire.codec.prioritize(stream, dependent);
  wire.codec.prioritize(stream, urgent);
  const [first, second] = wire.turn().sentFrames();
  assert.equal(first!.type, TYPE.PRIORITY);
  assert.equal(first!.stream, stream);
  assert.deepEqual([...first!.payload], [0x80, 0, 0, 0, 255]);
  assert.equal(second!.type, TYPE.PRIORITY_UPDATE);
  assert.equal(second!.stream, 0);
  assert.equal(readUint32(second!.payload, 0), stream);
  assert.equal(String.fromCharCode(...second!.payload.subarray(4)), "u=0, i");
});

Deno.test("priority: inside HEADERS, where it came there", () => {
  const wire = client({ priority: true });
  const stream = wire.codec.openStream()!;
  const head = requestHead("GET", "/");
  wire.send({ kind: "head", stream, head, end: true, priority: { ...dependent, weight: 17 } });
  const [frame] = wire.ofType(TYPE.HEADERS, stream);
  const own = wire.ofType(TYPE.PRIORITY, stream);
  if (own.length === 0) {
    assert.ok(frame!.flags & 0x20);
    assert.deepEqual([...frame!.payload.subarray(0, 5)], [0x80, 0, 0, 0, 16]);
  } else assert.deepEqual([...own[0]!.payload], [0x80, 0, 0, 0, 16]);
  assert.deepEqual(wire.blocks(stream)[0]!.fields[0], [":method", "GET"]);
});

Deno.test("priority: nothing of it where it is not asked for", () => {
  const wire = client();
  const stream = wire.codec.openStream()!;
  wire.send({ kind: "head", stream, head: requestHead("GET", "/"), end: true, priority: dependent });
  wire.codec.prioritize(stream, dependent);
  wire.codec.prioritize(stream, urgent);
  assert.deepEqual(wire.turn().sent(), [`HEADERS #${stream} end`]);
  assert.equal(wire.ofType(TYPE.HEADERS, stream)[0]!.flags & 0x20, 0);
});

Deno.test("priority: of a stream that is not there, or depends on itself, nothing is said", () => {
  const wire = client({ priority: true });
  const stream = wire.request(requestHead("GET", "/"));
  wire.sentFrames();
  wire.codec.prioritize(99, urgent);
  wire.codec.prioritize(stream, { ...dependent, on: stream });
  for (const { type, payload } of wire.turn().sentFrames()) {
    assert.ok(type !== TYPE.PRIORITY || (readUint32(payload, 0) & 0x7fffffff) !== stream, "RFC 7540, 5.3.1");
  }
  wire.assertAlive();
});

Deno.test("priority: signals of many streams are not kept for streams to come", () => {
  const wire = server({ priority: true });
  wire.feed(headers(1, requestLines("POST", "/")));
  for (let count = 0; count < 100; count++) wire.feed(priorityUpdate(1, `u=${count % 8}`));
  assert.equal(wire.texts().length, 101);
  assert.equal(wire.texts().at(-1), "#1 priority update u=3");
});

Deno.test("PING: answered at once, before data that waits, with the same bytes", () => {
  const wire = server().feed(headers(1, requestLines("GET", "/"), { end: true })).respond(
    1,
    responseHead(200),
  );
  wire.sendData(1, new Uint8Array(200_000)).sentFrames();
  wire.feed(ping("\0\xffabcdef"), windowUpdate(0, 100_000), windowUpdate(1, 100_000));
  const [first] = wire.sentFrames();
  assert.equal(first!.type, TYPE.PING);
  assert.equal(first!.flags, 1);
  assert.equal(String.fromCharCode(...first!.payload), "\0\xffabcdef");
});

Deno.test("ping(): a PING of ours, whose answer is not told, and not answered", () => {
  for (const wire of [server() as Wire, client() as Wire]) {
    assert.equal(wire.codec.ping(), true);
    const [frame] = wire.turn().sentFrames();
    assert.equal(frame!.type, TYPE.PING);
    assert.equal(frame!.flags, 0);
    wire.feed(ping(frame!.payload, true));
    assert.deepEqual(wire.texts(), []);
    assert.deepEqual(wire.sent(), []);
    assert.equal(wire.codec.ping(), true);
    wire.turn().assertAlive();
  }
});

Deno.test("ping(): not on a connection that is over", () => {
  const wire = client().feed(data(0, "x"));
  const frames = wire.frames.length;
  wire.codec.ping();
  assert.equal(wire.turn().frames.length, frames);
});

const upgradedHead = requestHead("GET", "/first", {
  version: "HTTP/1.1",
  scheme: "http",
  fields: Fields.of(["Host", "a"], ["Connection", "Upgrade, HTTP2-Settings"], ["Upgrade", "h2c"]),
});

function upgraded(...entries: [id: number, value: number][]): Wire {
  const wire = rawServer({ upgraded: { settings: settingsPayload(...entries), head: upgradedHead } });
  wire.observer.implied(1);
  return wire;
}

Deno.test("h2c by Upgrade: the request that asked for it is stream 1, at once", () => {
  const wire = upgraded();
  assert.match(wire.texts()[0]!, /^#1 GET http:\/\/a \/first \{.*\} end$/);
  assert.equal(wire.frames[0]!.type, TYPE.SETTINGS);
  wire.respond(1, responseHead(200)).sendData(1, "hello", true);
  // The client may have no room yet for more behind the 101: the body waits for its preface.
  assert.deepEqual(wire.sent().slice(1), ["HEADERS #1"]);
  assert.equal(wire.codec.capacity(1), 0);
  wire.feed(PREFACE, settings(), settingsAck, headers(3, requestLines("GET", "/second"), { end: true }));
  assert.ok(wire.sent().includes("DATA #1 5 end"));
  assert.equal(wire.texts().at(-1), "#3 GET https://a /second {} end");
  wire.respond(3, responseHead(204), true).assertAlive();
});

Deno.test("h2c by Upgrade: its settings count for the response, and are not acknowledged", () => {
  const wire = upgraded([SETTING.INITIAL_WINDOW_SIZE, 3], [SETTING.ENABLE_PUSH, 0]);
  assert.equal(wire.codec.push(1, requestHead("GET", "/p")), null);
  wire.respond(1, responseHead(200)).sendData(1, "hello", true);
  assert.ok(!wire.sent().includes("SETTINGS #0 ack"));
  // The preface's own settings are empty: they change nothing.
  wire.feed(PREFACE, settings());
  assert.deepEqual(wire.sent().slice(-2), ["SETTINGS #0 ack", "DATA #1 3"]);
});

Deno.test("h2c by Upgrade: the client must still send its preface", () => {
  const wire = upgraded().feed(headers(3, requestLines("GET", "/"), { end: true }));
  assert.equal(wire.texts().at(-1), "fault PROTOCOL_ERROR");
  assert.equal(wire.codec.closing, true);
});

Deno.test("h2c by Upgrade: the client cannot use stream 1", () => {
  const wire = upgraded().feed(PREFACE, settings(), settingsAck, data(1, "x"));
  assert.deepEqual(wire.sent().filter((text) => text.startsWith("RST")), ["RST_STREAM #1 STREAM_CLOSED"]);
  const again = upgraded().feed(PREFACE, settings(), settingsAck, headers(1, requestLines("GET", "/")));
  assert.ok(again.ofType(TYPE.RST_STREAM).length + again.ofType(TYPE.GOAWAY).length === 1);
});

Deno.test("h2c by Upgrade: settings that are none change nothing, or end the connection", () => {
  for (const payload of [new Uint8Array(5), settingsPayload([SETTING.INITIAL_WINDOW_SIZE, 2 ** 31])]) {
    const wire = rawServer({ upgraded: { settings: payload, head: upgradedHead } });
    if (wire.codec.closing) {
      assert.match(wire.texts().at(-1)!, /^fault (FRAME_SIZE|FLOW_CONTROL)_ERROR$/);
      continue;
    }
    wire.observer.implied(1);
    wire.feed(PREFACE, settings(), settingsAck).respond(1, responseHead(200)).sendData(1, "hello", true);
    assert.equal(wire.sent().at(-1), "DATA #1 5 end");
    wire.assertAlive();
  }
});
