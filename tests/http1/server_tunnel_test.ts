// The server role: CONNECT, tunnels and backpressure (RFC 9110, 7.8 and 9.3.6).

import assert from "node:assert/strict";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import type { HttpEvent } from "../../lib/http/connection.ts";
import { Fields } from "../../lib/http/fields.ts";
import type { ResponseHead } from "../../lib/http/head.ts";
import { Http1Server } from "../../lib/http1/server.ts";
import { bytesOf, drain, feed, Log, responseHead, serverAfter, strict, takeText } from "./drive.ts";

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const getEvent = (stream: number, path: string): string =>
  `#${stream} GET ${path} HTTP/1.1 {Host: a} none end`;

function respond(server: Http1Server, stream: number, status = 204, more: Partial<ResponseHead> = {}): void {
  server.send({ kind: "head", stream, head: responseHead(status, more), end: true });
}

const fixed = (count: number): Partial<ResponseHead> => ({
  framing: "length",
  contentLength: count,
  fields: Fields.of(["Content-Length", String(count)]),
});

function dataEvent(stream: number, text: string, end: boolean): HttpEvent {
  return { kind: "data", stream, data: bytesOf(text), credit: text.length, end };
}

Deno.test("server: CONNECT refused, then the connection goes on", () => {
  const server = serverAfter("CONNECT b:1 HTTP/1.1\r\nHost: b:1\r\n\r\n" + get("/2"));
  const log = new Log();
  respond(server, 1, 502, fixed(0));
  drain(server, log);
  assert.deepEqual(log.texts(), [getEvent(2, "/2")]);
});

Deno.test("server: CONNECT accepted, the transport is handed on with what was sent ahead", () => {
  const server = serverAfter("CONNECT b:1 HTTP/1.1\r\nHost: b:1\r\n\r\n\x16\x03");
  const log = new Log();
  respond(server, 1, 200);
  drain(server, log);
  assert.deepEqual(log.texts(), [], "nothing is said of the bytes");
  feed(server, bytesOf("\x01"), log);
  assert.equal(server.closing, false);
  assert.equal(latin1Decode(server.detach()), "\x16\x03\x01");
  feed(server, bytesOf("more"), log);
  feed(server, null, log);
  server.send(dataEvent(1, "x", true));
  server.shutdown();
  assert.deepEqual(log.texts(), []);
  assert.equal(server.closing, false);
  assert.equal(server.wantsRead, false);
  assert.equal(takeText(server), "HTTP/1.1 200 OK\r\n\r\n");
});

Deno.test("server: tunnel after 101: raw bytes, each direction ends by itself", () => {
  const server = serverAfter(
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nearly ",
  );
  const log = new Log();
  server.send({ kind: "head", stream: 1, head: responseHead(101), end: false });
  drain(server, log);
  assert.deepEqual(log.texts(), []);
  server.tunnel(1);
  drain(server, log);
  feed(server, bytesOf("GET / HTTP/1.1\n"), log);
  assert.deepEqual(log.texts(), ['#1 body "early GET / HTTP/1.1\\n"']);
  takeText(server);
  server.send(dataEvent(1, "raw\0", false));
  server.send(dataEvent(1, "", true));
  assert.equal(takeText(server), "raw\0");
  assert.equal(server.closing, true, "our direction is over");
  assert.equal(server.wantsRead, true, "the other one is not");
  feed(server, bytesOf("still"), log);
  server.send(dataEvent(1, "ignored", false));
  feed(server, null, log);
  assert.deepEqual(log.texts().slice(1), ['#1 body "still"', "#1 end"]);
  drain(server, log);
  assert.equal(log.texts().length, 3, "nothing follows");
  assert.equal(takeText(server), "");
});

Deno.test("server: tunnel: the client ends first", () => {
  const server = serverAfter("CONNECT b:1 HTTP/1.1\r\nHost: b:1\r\n\r\n");
  const log = new Log();
  respond(server, 1, 200);
  server.tunnel(1);
  feed(server, null, log);
  assert.deepEqual(log.texts(), ["#1 end"]);
  assert.equal(server.closing, false);
  server.send(dataEvent(1, "late", true));
  assert.equal(server.closing, true);
  assert.match(takeText(server), /late$/);
});

Deno.test("server: tunnel before the end of the request throws", () => {
  const server = serverAfter(
    "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 1\r\n\r\n",
  );
  server.send({ kind: "head", stream: 1, head: responseHead(101), end: false });
  assert.throws(() => server.tunnel(1), /before the request is complete/);
});

Deno.test("server: unconsumed credit stops reading, and giving it back starts it again", () => {
  const server = new Http1Server({ ...strict, limits: { bodyWindow: 10 } });
  server.receive(
    bytesOf("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6;ext\r\nabcdef\r\n"),
  );
  let credit = 0;
  const pull = (): void => {
    for (let event = server.next(); event !== null; event = server.next()) {
      if (event.kind === "data") credit += event.credit;
    }
  };
  pull();
  assert.equal(credit, 10, "the extension counts too: it is forwarded");
  assert.equal(server.wantsRead, false);
  server.consume(1, 1);
  assert.equal(server.wantsRead, true);
  server.consume(7, 1000);
  server.receive(bytesOf("1\r\ng\r\n"));
  pull();
  assert.equal(server.wantsRead, false, "credit of another stream does not count");
  server.consume(1, 10);
  assert.equal(server.wantsRead, true);
  server.receive(bytesOf("0\r\n\r\n"));
  pull();
  assert.equal(credit, 11);
});

Deno.test("server: a tunnel is held back like a body", () => {
  const server = new Http1Server({ ...strict, limits: { bodyWindow: 4 } });
  feed(server, bytesOf("CONNECT b:1 HTTP/1.1\r\nHost: b:1\r\n\r\n"), new Log());
  respond(server, 1, 200);
  server.tunnel(1);
  server.receive(bytesOf("abcd"));
  const event = server.next();
  assert.ok(event?.kind === "data" && event.credit === 4);
  assert.equal(server.next(), null);
  assert.equal(server.wantsRead, false);
  server.consume(1, 4);
  assert.equal(server.wantsRead, true);
});

Deno.test("server: credit that was never given back does not stop the next request", () => {
  const server = new Http1Server({ ...strict, limits: { bodyWindow: 2 } });
  server.receive(bytesOf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"));
  while (server.next() !== null) { /* not consumed */ }
  assert.equal(server.wantsRead, false);
  respond(server, 1);
  assert.equal(server.wantsRead, true);
});

Deno.test("server: capacity is what output has room for", () => {
  const server = new Http1Server({ ...strict, limits: { outputHighWater: 100 } });
  const log = new Log();
  assert.equal(server.capacity(1), 100);
  feed(server, bytesOf(get("/1") + "GET"), log);
  server.send({ kind: "head", stream: 1, head: responseHead(200, fixed(150)), end: false });
  server.send(dataEvent(1, "x".repeat(150), true));
  assert.equal(server.capacity(1), 0);
  assert.equal(server.wantsRead, false, "a client that does not read gets no more requests read");
  const view = server.output.take();
  assert.ok(view !== null);
  assert.equal(server.capacity(1), 0, "what is being written still counts");
  server.output.release();
  assert.equal(server.capacity(1), 100);
  assert.equal(server.wantsRead, true);
});
