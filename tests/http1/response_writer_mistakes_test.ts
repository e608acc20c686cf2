// Mistakes of ours when writing a response throw, and never become a message that is read as something else.

import assert from "node:assert/strict";
import type { HttpEvent } from "../../lib/http/connection.ts";
import { Fields } from "../../lib/http/fields.ts";
import { responseHead, serverAfter, takeText } from "./drive.ts";
import { chunked, data, get, head, length, type More } from "./response_writing.ts";

const injections: [name: string, more: More][] = [
  ["CR LF in a value", { fields: Fields.of(["x", "a\r\nSet-Cookie: b"]) }],
  ["LF in a value", { fields: Fields.of(["x", "a\nb"]) }],
  ["CR in a value", { fields: Fields.of(["x", "a\rb"]) }],
  ["NUL in a value", { fields: Fields.of(["x", "a\0b"]) }],
  ["a character whose low byte is LF", { fields: Fields.of(["x", "a\u010ab"]) }],
  ["a line break in a name", { fields: Fields.of(["x\r\ny", "a"]) }],
  ["a colon in a name", { fields: Fields.of(["x:y", "a"]) }],
  ["an empty name", { fields: Fields.of(["", "a"]) }],
  ["a line break in the reason", { reason: "OK\r\nx: y" }],
  ["a status of two digits", { status: 42 }],
];
for (const [name, more] of injections) {
  Deno.test(`response writer: ${name} throws, and nothing is written`, () => {
    const server = serverAfter(get);
    assert.throws(
      () => server.send({ kind: "head", stream: 1, head: responseHead(200, more), end: true }),
      TypeError,
    );
    assert.equal(server.output.length, 0);
    // The client still gets an answer.
    server.send({ kind: "head", stream: 1, head: responseHead(502, { fields: new Fields() }), end: true });
    assert.match(takeText(server), /^HTTP\/1.1 502 /);
  });
}

Deno.test("response writer: a body that is not what was announced throws and aborts", () => {
  const bodies: HttpEvent[][] = [
    [data("xxx", false)],
    [data("x", false), data("xx", false)],
    [data("x", true)],
    [{ kind: "trailers", stream: 1, fields: new Fields() }],
  ];
  for (const events of bodies) {
    const server = serverAfter(get);
    server.send(head(200, length(2)));
    takeText(server);
    assert.throws(() => events.forEach((event) => server.send(event)), RangeError);
    assert.equal(server.aborted, true);
    assert.equal(server.closing, true);
  }
});

Deno.test("response writer: mistakes of order throw", () => {
  const server = serverAfter(get);
  assert.throws(() => server.send(data("x", false)), /before a response head/);
  assert.throws(() => server.tunnel(1), /without 101/);
  server.send(head(200, length(1)));
  assert.throws(() => server.send(head(200, length(1))), /second response head/);
  assert.throws(() => serverAfter(get).send(head(200, length(3), true)), RangeError);
});

Deno.test("response writer: a chunk extension cannot break out of its line", () => {
  for (const extension of ["a", ";a\r\n5", ";\n", ";\0", ";\u010a"]) {
    const server = serverAfter(get);
    server.send(head(200, chunked()));
    takeText(server);
    assert.throws(() => server.send(data("x", false, extension)), TypeError);
    assert.equal(server.output.length, 0);
    assert.equal(server.aborted, true);
  }
});

Deno.test("response writer: trailers cannot break out of their lines", () => {
  const server = serverAfter(get);
  server.send(head(200, chunked()));
  takeText(server);
  const fields = Fields.of(["x", "y\r\n\r\nHTTP/1.1 200 OK"]);
  assert.throws(() => server.send({ kind: "trailers", stream: 1, fields }), TypeError);
  assert.equal(server.output.length, 0);
  assert.equal(server.aborted, true);
});
