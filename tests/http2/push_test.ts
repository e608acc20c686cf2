// Pushing in the server role, and taking pushes in the client role (RFC 9113, 8.4). What a server must not push is in
// push_rows.ts.

import assert from "node:assert/strict";
import { Fields } from "../../lib/http/fields.ts";
import {
  CODE,
  data,
  headers,
  pushPromise,
  resetStream,
  SETTING,
  settings,
  settingsAck,
  TYPE,
  windowUpdate,
} from "../kit/http2_frames.ts";
import {
  cancel,
  client,
  requestHead,
  requestLines,
  responseHead,
  responseLines,
  server,
  type Wire,
} from "./drive.ts";

const style = requestHead("GET", "/style.css", { fields: Fields.of(["accept", "text/css"]) });

function serverWith(...settings: [number, number][]): Wire {
  const wire = server({}, ...settings).feed(headers(1, requestLines("GET", "/"), { end: true }));
  wire.sentFrames();
  return wire;
}

/** A client that takes pushes, with a GET under way on stream 1. */
function clientWith(): Wire {
  const wire = client();
  wire.codec.offer({ push: true, extendedConnect: false });
  wire.turn().feed(settingsAck);
  wire.request(requestHead("GET", "/"));
  wire.sentFrames();
  return wire;
}

Deno.test("push: a promise, and its response beside that to the request", () => {
  const wire = serverWith();
  assert.equal(wire.codec.push(1, style), 2);
  wire.turn().respond(1, responseHead(200)).respond(2, responseHead(200, { fields: Fields.of(["a", "b"]) }));
  wire.sendData(2, "pushed", true).sendData(1, "asked for", true);
  assert.deepEqual(wire.sent(), [
    "PUSH_PROMISE #1",
    "HEADERS #1",
    "HEADERS #2",
    "DATA #2 6 end",
    "DATA #1 9 end",
  ]);
  const promise = wire.blocks(1).find(({ promised }) => promised === 2)!;
  assert.deepEqual(
    new Map(promise.fields),
    new Map([
      [":method", "GET"],
      [":scheme", "https"],
      [":authority", "a"],
      [":path", "/style.css"],
      ["accept", "text/css"],
    ]),
  );
  assert.deepEqual(wire.blocks(2)[0]!.fields, [[":status", "200"], ["a", "b"]]);
  wire.assertAlive();
});

Deno.test("push: ids are even and rise", () => {
  const wire = serverWith();
  assert.deepEqual([1, 2, 3].map(() => wire.codec.push(1, style)), [2, 4, 6]);
  // Used in another order.
  for (const stream of [6, 2, 4]) wire.respond(stream, responseHead(204), true);
  assert.equal(wire.codec.push(1, style), 8);
  wire.turn();
});

Deno.test("push: not to a client that wants none, or does not any more", () => {
  assert.equal(serverWith([SETTING.ENABLE_PUSH, 0]).codec.push(1, style), null);
  const wire = serverWith();
  wire.feed(settings([SETTING.ENABLE_PUSH, 0]));
  assert.equal(wire.codec.push(1, style), null);
  assert.equal(wire.turn().ofType(TYPE.PUSH_PROMISE).length, 0);
  wire.feed(settings([SETTING.ENABLE_PUSH, 1]));
  assert.equal(wire.codec.push(1, style), 2);
  wire.turn();
});

Deno.test("push: only on a request that is still open, and never on a push", () => {
  const wire = serverWith();
  assert.equal(wire.codec.push(1, style), 2);
  for (const parent of [0, 2, 3, 99]) assert.equal(wire.codec.push(parent, style), null, `on ${parent}`);
  wire.turn().respond(2, responseHead(200));
  assert.equal(wire.codec.push(2, style), null, "on a push that is under way");
  wire.respond(1, responseHead(204), true);
  assert.equal(wire.codec.push(1, style), null);
  wire.feed(headers(3, requestLines("GET", "/"), { end: true }), resetStream(3, CODE.CANCEL));
  assert.equal(wire.codec.push(3, style), null);
  wire.sendData(2, "", true).assertAlive();
});

Deno.test("push: no more at a time than the client allows", () => {
  const wire = serverWith([SETTING.MAX_CONCURRENT_STREAMS, 1]);
  // A promise does not count, its response does: RFC 9113, 5.1.2. More cautious is allowed.
  const first = wire.codec.push(1, style);
  const second = wire.codec.push(1, style);
  assert.equal(first, 2);
  wire.turn().respond(2, responseHead(200));
  if (second !== null) wire.respond(second, responseHead(200));
  const open = wire.ofType(TYPE.HEADERS).filter(({ stream }) => stream % 2 === 0).length;
  assert.equal(open, 1);
  const none = serverWith([SETTING.MAX_CONCURRENT_STREAMS, 0]);
  const stream = none.codec.push(1, style);
  if (stream !== null) none.turn().respond(stream, responseHead(200));
  assert.equal(none.ofType(TYPE.HEADERS).length, 0);
});

Deno.test("push: a promise that the client turns down", () => {
  const wire = serverWith();
  wire.codec.push(1, style);
  wire.turn().feed(resetStream(2, CODE.REFUSED_STREAM));
  assert.equal(wire.texts().at(-1), "#2 reset stream REFUSED_STREAM");
  wire.respond(2, responseHead(200)).sendData(2, "x", true);
  assert.equal(wire.ofType(TYPE.HEADERS, 2).length, 0);
  assert.equal(wire.ofType(TYPE.DATA, 2).length, 0);
  wire.respond(1, responseHead(204), true).assertAlive();
});

Deno.test("push: a promise that is taken back", () => {
  const wire = serverWith();
  wire.codec.push(1, style);
  cancel(wire.turn(), 2);
  assert.equal(wire.sent().at(-1), "RST_STREAM #2 CANCEL");
  wire.assertAlive();
});

Deno.test("push: windows hold pushed data, and the client may widen them before it comes", () => {
  const wire = serverWith([SETTING.INITIAL_WINDOW_SIZE, 5]);
  wire.codec.push(1, style);
  wire.turn().feed(windowUpdate(2, 3)).respond(2, responseHead(200)).sendData(2, "0123456789", true);
  assert.equal(wire.ofType(TYPE.DATA, 2).reduce((sum, { payload }) => sum + payload.length, 0), 8);
  wire.feed(windowUpdate(2, 2));
  assert.equal(wire.sent().at(-1), "DATA #2 2 end");
});

Deno.test("push: a long request in several frames", () => {
  const wire = serverWith();
  const fields = Fields.of(["long", "x".repeat(40_000)]);
  wire.codec.push(1, requestHead("GET", "/", { fields }));
  const block = wire.turn().blocks(1)[0]!;
  assert.ok(block.frames >= 2);
  assert.equal(block.fields.at(-1)![1].length, 40_000);
});

Deno.test("take: a pushed response is read like any other, with its windows", () => {
  const wire = clientWith();
  wire.consumes = false;
  wire.feed(pushPromise(1, 2, requestLines("GET", "/p")), headers(2, responseLines(200)));
  const { granted } = wire.observer;
  wire.feed(data(2, "x".repeat(1000), { pad: 23 }));
  assert.equal(wire.credit, 1024);
  assert.equal(wire.observer.granted, granted - 1024);
  wire.codec.consume(2, 1024);
  wire.feed(headers(2, [["t", "u"]], { end: true }));
  assert.deepEqual(wire.texts(), [
    "#1 push #2 GET https://a /p {} end",
    "#2 200 {} stream",
    "#2 body of 1000",
    "#2 trailers {t: u}",
  ]);
  wire.assertAlive();
});

Deno.test("take: the request may end before the push does, and the connection waits for both", () => {
  const wire = clientWith();
  wire.feed(pushPromise(1, 2, requestLines("GET", "/p")), headers(1, responseLines(200), { end: true }));
  wire.codec.shutdown();
  wire.turn();
  assert.equal(wire.codec.closing, false);
  wire.feed(headers(2, responseLines(200), { end: true }));
  assert.equal(wire.texts().at(-1), "#2 200 {} end");
  assert.equal(wire.codec.closing, true);
});

Deno.test("take: a push nobody wants is reset", () => {
  const wire = clientWith();
  wire.feed(pushPromise(1, 2, requestLines("GET", "/p")));
  cancel(wire, 2);
  assert.equal(wire.sent().at(-1), "RST_STREAM #2 CANCEL");
  const lines = wire.texts().length;
  wire.feed(headers(2, responseLines(200)), data(2, "x", { end: true }));
  assert.deepEqual(wire.texts().slice(lines), []);
  wire.assertAlive();
});

Deno.test("take: pushes do not count against the streams a client opens", () => {
  const wire = clientWith();
  wire.feed(settings([SETTING.MAX_CONCURRENT_STREAMS, 2]));
  wire.feed(
    pushPromise(1, 2, requestLines("GET", "/p")),
    pushPromise(1, 4, requestLines("GET", "/q")),
    headers(2, responseLines(200)),
  );
  assert.equal(wire.request(requestHead("GET", "/")), 3);
});

Deno.test("take: after pushes were switched off one may be under way, then it is a fault", () => {
  const wire = clientWith();
  wire.codec.offer({ push: false, extendedConnect: false });
  wire.turn().feed(pushPromise(1, 2, requestLines("GET", "/p")));
  assert.equal(wire.ofType(TYPE.GOAWAY).length, 0, "the server may not have seen it yet");
  wire.feed(settingsAck, pushPromise(1, 4, requestLines("GET", "/p")));
  assert.equal(wire.texts().at(-1), "fault PROTOCOL_ERROR");
});

Deno.test("take: an acknowledgement is of the oldest settings, not of the last", () => {
  const wire = client();
  wire.codec.offer({ push: true, extendedConnect: false });
  wire.codec.offer({ push: false, extendedConnect: false });
  wire.turn();
  wire.request(requestHead("GET", "/"));
  wire.feed(settingsAck, pushPromise(1, 2, requestLines("GET", "/p")));
  assert.equal(wire.ofType(TYPE.GOAWAY).length, 0, "only the first of two was acknowledged");
  wire.feed(settingsAck, pushPromise(1, 4, requestLines("GET", "/p")));
  assert.equal(wire.texts().at(-1), "fault PROTOCOL_ERROR");
});

Deno.test("take: what a connection fault ends includes what was promised", () => {
  const wire = clientWith();
  wire.feed(pushPromise(1, 2, requestLines("GET", "/p")), data(0, "x"));
  assert.deepEqual(wire.texts().slice(1).toSorted(), [
    "#1 reset connection PROTOCOL_ERROR",
    "#2 reset connection PROTOCOL_ERROR",
    "fault PROTOCOL_ERROR",
  ]);
});
