// Messages as we write them: fields over several frames, trailers, interim responses, those without a body; resets with
// every code; what the sender may not do (RFC 9113, 8.1; RFC 7541, 6.2.3).

import assert from "node:assert/strict";
import type { HttpConnection } from "../../lib/http/connection.ts";
import { Fields } from "../../lib/http/fields.ts";
import {
  CODE,
  continuation,
  data,
  FLAG,
  headers,
  join,
  literal,
  readUint32,
  resetStream,
  TYPE,
} from "../kit/http2_frames.ts";
import {
  client,
  requestHead,
  requestLines,
  responseHead,
  responseLines,
  server,
  type Wire,
} from "./drive.ts";

function requested(method = "GET"): Wire {
  const wire = server().feed(headers(1, requestLines(method, "/"), { end: true }));
  wire.sentFrames();
  return wire;
}

Deno.test("write: a response in as many frames as its fields need", () => {
  const wire = requested();
  const value = "x".repeat(30_000) + "~".repeat(20_000);
  const fields = Fields.of(["a", "b"], ["long", value], ["c", "d"]);
  wire.respond(1, responseHead(200, { fields }), true);
  const [block] = wire.blocks(1);
  assert.ok(block!.frames >= 2);
  assert.equal(block!.end, true);
  assert.deepEqual(block!.fields, [[":status", "200"], ["a", "b"], ["long", value], ["c", "d"]]);
  // END_STREAM is on HEADERS, END_HEADERS on the last: RFC 9113, 6.2.
  const frames = wire.sentFrames();
  assert.deepEqual(frames.map(({ type }) => type), [
    TYPE.HEADERS,
    ...frames.slice(1).map(() => TYPE.CONTINUATION),
  ]);
  assert.deepEqual(
    frames.map(({ flags }) => (flags & FLAG.END_HEADERS) !== 0),
    frames.map((_, index) => index === frames.length - 1),
  );
});

Deno.test("write: a request in as many frames as its fields need, and trailers too", () => {
  const wire = client();
  const fields = Fields.of(["long", "x".repeat(60_000)]);
  const stream = wire.request(requestHead("POST", "/", { fields, framing: "stream" }), false);
  wire.sendData(stream, "body");
  wire.send({ kind: "trailers", stream, fields: Fields.of(["t", "y".repeat(40_000)]) });
  const [head, trailers] = wire.blocks(stream);
  assert.ok(head!.frames >= 2 && trailers!.frames >= 2);
  assert.equal(head!.end, false);
  assert.equal(trailers!.end, true);
  assert.deepEqual(trailers!.fields, [["t", "y".repeat(40_000)]]);
  assert.deepEqual(wire.sent().filter((text) => text.startsWith("DATA")), [`DATA #${stream} 4`]);
});

Deno.test("write: interim responses, then the final one, then trailers", () => {
  const wire = requested();
  wire.respond(1, responseHead(103, { framing: "none", fields: Fields.of(["link", "</a>"]) }));
  wire.respond(1, responseHead(100, { framing: "none" }));
  wire.respond(1, responseHead(200)).sendData(1, "hello");
  wire.send({ kind: "trailers", stream: 1, fields: Fields.of(["t", "u"]) });
  assert.deepEqual(wire.blocks(1).map(({ fields, end }) => [fields[0]![1], end]), [
    ["103", false],
    ["100", false],
    ["200", false],
    ["u", true],
  ]);
  assert.deepEqual(wire.sent(), ["HEADERS #1", "HEADERS #1", "HEADERS #1", "DATA #1 5", "HEADERS #1 end"]);
});

Deno.test("write: an interim response never ends the stream, whatever is said of it", () => {
  const wire = requested();
  wire.respond(1, responseHead(103, { framing: "none" }), true).respond(1, responseHead(204), true);
  assert.deepEqual(wire.sent(), ["HEADERS #1", "HEADERS #1 end"]);
});

for (const [method, status] of [["HEAD", 200], ["GET", 204], ["GET", 304]] as const) {
  Deno.test(`write: ${status} to ${method} has no body`, () => {
    const wire = requested(method);
    const fields = status === 204 ? new Fields() : Fields.of(["content-length", "5"]);
    wire.respond(1, responseHead(status, { framing: "none", fields }), true);
    assert.deepEqual(wire.sent(), ["HEADERS #1 end"]);
    if (status !== 204) assert.deepEqual(wire.blocks(1)[0]!.fields.at(-1), ["content-length", "5"]);
    wire.assertAlive();
  });
}

Deno.test("write: trailers without fields end the stream all the same", () => {
  const wire = requested();
  wire.respond(1, responseHead(200)).sendData(1, "x");
  wire.send({ kind: "trailers", stream: 1, fields: new Fields() });
  const last = wire.sentFrames().at(-1)!;
  assert.ok(last.flags & FLAG.END_STREAM);
  wire.assertAlive();
});

Deno.test("write: events for a stream that is over, or never was, are ignored", () => {
  const wire = requested();
  wire.respond(1, responseHead(204), true);
  wire.sentFrames();
  for (const stream of [1, 3, 2, 0]) {
    wire.respond(stream, responseHead(200)).sendData(stream, "x", true);
    wire.send({ kind: "trailers", stream, fields: new Fields() });
    const fault = {
      scope: "stream",
      peer: "server",
      code: "CANCEL",
      status: 502,
      message: "",
      rule: "",
    } as const;
    wire.send({ kind: "reset", stream, fault });
  }
  assert.deepEqual(wire.sent(), []);
  wire.assertAlive();
});

Deno.test("write: a client opens its streams in the order of their ids, and 1 is the first", () => {
  const wire = client();
  for (const expected of [1, 3, 5, 7]) {
    assert.equal(wire.request(requestHead("GET", `/${expected}`)), expected);
    assert.deepEqual(wire.blocks(expected)[0]!.fields.find(([name]) => name === ":path"), [
      ":path",
      `/${expected}`,
    ]);
  }
});

Deno.test("fields that must not be in a table keep out of it, and stay so from one leg to the other", () => {
  // RFC 7541, 6.2.3: a literal never indexed.
  const secret = join(Uint8Array.of(0x10), literal("authorization"), literal("secret"));
  const plain = requestLines("GET", "/", ["x", "y"]);
  const from = server().feed(headers(1, join(headers(0, plain).subarray(9), secret), { end: true }));
  const event = from.events.find(({ kind }) => kind === "head")!;
  assert.ok(event.kind === "head" && event.head.kind === "request");
  assert.deepEqual([...event.head.fields.neverIndexed ?? []], ["authorization"]);
  const to = client();
  const stream = to.request(event.head);
  assert.deepEqual([...to.blocks(stream)[0]!.neverIndexed], ["authorization"]);
  assert.deepEqual(to.blocks(stream)[0]!.fields.slice(-2), [["x", "y"], ["authorization", "secret"]]);
});

Deno.test("trailers that must not be in a table stay so, too", () => {
  const secret = join(Uint8Array.of(0x10), literal("x-token"), literal("secret"));
  const from = client();
  from.request(requestHead("GET", "/"));
  from.feed(headers(1, responseLines(200)), headers(1, secret, { end: true }));
  const event = from.events.find(({ kind }) => kind === "trailers")!;
  assert.ok(event.kind === "trailers");
  const to = requested().respond(1, responseHead(200)).send(event);
  assert.deepEqual([...to.blocks(1)[1]!.neverIndexed], ["x-token"]);
});

const codes: [string, number][] = [...Object.entries(CODE), ["0xe", 0xe], ["0x1234", 0x1234], [
  "0xffffffff",
  0xffffffff,
]];

Deno.test("resets keep their code from one leg to the other, each of them", () => {
  for (const [name, number] of codes) {
    const from = client();
    from.request(requestHead("GET", "/"));
    from.feed(headers(1, responseLines(200)), data(1, "x"), resetStream(1, number));
    const event = from.events.at(-1)!;
    assert.ok(event.kind === "reset");
    assert.equal(event.fault.code, name);
    assert.equal(event.fault.scope, "stream");
    assert.equal(event.fault.peer, "server");
    const to = requested().respond(1, responseHead(200)).sendData(1, "x").send(event);
    const [reset] = to.ofType(TYPE.RST_STREAM);
    assert.equal(readUint32(reset!.payload, 0), number, name);
    to.assertAlive();
  }
});

Deno.test("a client's reset goes on to the server, with its code", () => {
  const from = server().feed(
    headers(1, requestLines("POST", "/")),
    data(1, "x"),
    resetStream(1, CODE.CANCEL),
  );
  const event = from.events.at(-1)!;
  assert.ok(event.kind === "reset");
  assert.equal(event.fault.peer, "client");
  const to = client();
  const stream = to.request(requestHead("POST", "/", { framing: "stream" }), false);
  to.send({ ...event, stream });
  assert.deepEqual(to.sent().slice(-1), [`RST_STREAM #${stream} CANCEL`]);
  assert.equal(to.codec.canOpen, true);
});

Deno.test("a fault of another version has a code here", () => {
  const reset = (code: string): string => {
    const wire = requested();
    const fault = { scope: "connection", peer: "server", code, status: 502, message: "", rule: "" } as const;
    wire.send({ kind: "reset", stream: 1, fault });
    return wire.sent().at(-1)!;
  };
  assert.equal(reset("truncated"), "RST_STREAM #1 INTERNAL_ERROR");
  assert.equal(reset("client-gone"), "RST_STREAM #1 CANCEL");
});

Deno.test("headStarted: while the rest of a request's fields is awaited", () => {
  const wire = server();
  assert.equal(wire.codec.headStarted, false);
  const block = headers(1, requestLines("GET", "/")).subarray(9);
  wire.feed(headers(1, block.subarray(0, 3), { end: true, endHeaders: false }));
  assert.equal(wire.codec.headStarted, true);
  wire.feed(continuation(1, block.subarray(3, 9), false));
  assert.equal(wire.codec.headStarted, true);
  wire.feed(continuation(1, block.subarray(9)));
  assert.equal(wire.codec.headStarted, false);
  assert.deepEqual(wire.texts(), ["#1 GET https://a / {} end"]);
});

Deno.test("the face: what HTTP/2 has no use for", () => {
  const wire = server();
  assert.equal(wire.codec.detach(), null);
  assert.equal(wire.codec.openStream(), null);
  assert.equal(wire.codec.canOpen, false);
  assert.equal(wire.codec.wantsRead, true);
  assert.equal(wire.codec.closing, false);
  assert.equal(wire.codec.aborted, false);
  const other: HttpConnection = client().codec;
  assert.equal(other.push(1, requestHead("GET", "/")), null);
});
