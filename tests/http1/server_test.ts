// The server role as a connection: order of exchanges, persistence, ends, faults, tunnels, backpressure (RFC 9112, 9).

import assert from "node:assert/strict";
import type { HttpEvent } from "../../lib/http/connection.ts";
import { Fields } from "../../lib/http/fields.ts";
import type { ResponseHead } from "../../lib/http/head.ts";
import { Http1Server } from "../../lib/http1/server.ts";
import { cuts } from "../kit/cuts.ts";
import { bytesOf, drain, feed, Log, own, responseHead, serverAfter, strict, takeText } from "./drive.ts";

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

Deno.test("server: pipelined requests are told one at a time, in order", () => {
  for (const pieces of cuts(bytesOf(get("/1") + "\r\n" + get("/2") + get("/3")))) {
    const server = new Http1Server(strict);
    const log = new Log();
    for (const piece of pieces) feed(server, piece, log);
    assert.deepEqual(log.texts(), [getEvent(1, "/1")]);
    respond(server, 1);
    drain(server, log);
    assert.deepEqual(log.texts().slice(1), [getEvent(2, "/2")]);
    respond(server, 1);
    drain(server, log);
    assert.equal(log.texts().length, 2, "sending on a stream that is over is ignored");
    respond(server, 2);
    respond(server, 3);
    drain(server, log);
    assert.deepEqual(log.texts().slice(2), [getEvent(3, "/3")]);
    assert.equal(server.idle, false);
    respond(server, 3);
    assert.equal(server.idle, true);
    assert.equal(takeText(server), "HTTP/1.1 204 OK\r\n\r\n".repeat(3));
  }
});

Deno.test("server: the next request waits for the end of the response, not only its head", () => {
  const server = serverAfter(get("/1") + get("/2"));
  const log = new Log();
  server.send({ kind: "head", stream: 1, head: responseHead(200, fixed(2)), end: false });
  server.send(dataEvent(1, "x", false));
  drain(server, log);
  assert.deepEqual(log.texts(), []);
  server.send(dataEvent(1, "y", true));
  drain(server, log);
  assert.deepEqual(log.texts(), [getEvent(2, "/2")]);
});

Deno.test("server: after an early response the request is read on, and the next one waits for its end", () => {
  const server = serverAfter("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
  const log = new Log();
  respond(server, 1, 403, fixed(0));
  assert.equal(server.closing, false);
  feed(server, bytesOf("c"), log);
  feed(server, bytesOf("d" + get("/2")), log);
  assert.deepEqual(log.texts(), ['#1 body "cd"', "#1 end", getEvent(2, "/2")]);
});

Deno.test("server: after an early response that closes, what comes is dropped", () => {
  const server = serverAfter(
    "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nab",
  );
  const log = new Log();
  respond(server, 1, 403, fixed(0));
  assert.equal(server.closing, true);
  feed(server, bytesOf("cd" + get("/2")), log);
  assert.equal(server.wantsRead, true);
  feed(server, null, log);
  assert.deepEqual(log.texts(), ["ended"]);
  assert.equal(server.wantsRead, false);
});

Deno.test("server: own: an early response that says close means that the rest is not wanted", () => {
  const closes = { ...fixed(0), fields: Fields.of(["Content-Length", "0"], ["Connection", "close"]) };
  const early = serverAfter("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab", own);
  respond(early, 1, 403, closes);
  assert.equal(early.closing, true);
  assert.equal(takeText(early), "HTTP/1.1 403 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  const late = serverAfter("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab", own);
  respond(late, 1, 403, closes);
  assert.equal(late.closing, false);
});

Deno.test("server: nothing is read after a request that closes", () => {
  const server = serverAfter("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n" + get("/2"));
  const log = new Log();
  respond(server, 1);
  assert.equal(server.closing, true);
  drain(server, log);
  assert.deepEqual(log.texts(), []);
});

Deno.test("server: half-close after the request still gets the response", () => {
  const server = serverAfter(get("/1"));
  const log = new Log();
  feed(server, null, log);
  assert.deepEqual(log.texts(), ["ended"]);
  assert.equal(server.closing, false);
  respond(server, 1, 200, fixed(0));
  assert.equal(takeText(server), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  assert.equal(server.closing, true);
  drain(server, log);
  assert.deepEqual(log.texts(), ["ended"], "said once");
});

Deno.test("server: half-close with pipelined requests answers all of them", () => {
  const server = new Http1Server(strict);
  const log = new Log();
  server.receive(bytesOf(get("/1") + get("/2")));
  feed(server, null, log);
  assert.deepEqual(log.texts(), [getEvent(1, "/1")]);
  respond(server, 1);
  assert.equal(server.closing, false);
  drain(server, log);
  assert.deepEqual(log.texts().slice(1), [getEvent(2, "/2"), "ended"]);
  respond(server, 2);
  assert.equal(server.closing, true);
});

Deno.test("server: half-close in the middle of the second request", () => {
  const server = new Http1Server(strict);
  const log = new Log();
  server.receive(bytesOf(get("/1") + "GET /2 HT"));
  feed(server, null, log);
  respond(server, 1);
  drain(server, log);
  assert.deepEqual(log.texts(), [getEvent(1, "/1"), "#2 reset truncated 400"]);
  respond(server, 2, 400);
  assert.equal(server.closing, true);
});

Deno.test("server: the end while idle closes", () => {
  const server = serverAfter(get("/1"));
  respond(server, 1);
  const log = new Log();
  feed(server, null, log);
  assert.deepEqual(log.texts(), ["ended"]);
  assert.equal(server.closing, true);
  assert.equal(server.idle, false);
});

Deno.test("server: a bad head opens a stream that can be answered once, then the connection closes", () => {
  const server = new Http1Server(own);
  const log = new Log();
  feed(server, bytesOf("GET / HTTP/1.1\r\nHost: a b\r\n\r\n" + get("/2")), log);
  assert.deepEqual(log.texts(), ["#1 reset bad-host 400"]);
  assert.equal(server.closing, false);
  server.send({ kind: "head", stream: 1, head: responseHead(400, fixed(2)), end: false });
  assert.equal(server.closing, false);
  server.send(dataEvent(1, "no", true));
  assert.equal(server.closing, true);
  assert.equal(takeText(server), "HTTP/1.1 400 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
  feed(server, bytesOf(get("/3")), log);
  feed(server, null, log);
  assert.deepEqual(log.texts().slice(1), ["ended"]);
});

Deno.test("server: the second request is bad: the first one's answer is not touched", () => {
  const server = serverAfter(get("/1") + "junk\r\n\r\n");
  const log = new Log();
  drain(server, log);
  assert.deepEqual(log.texts(), []);
  respond(server, 1);
  drain(server, log);
  assert.deepEqual(log.texts(), ["#2 reset bad-request-line 400"]);
  respond(server, 2, 400);
  assert.equal(
    takeText(server),
    "HTTP/1.1 204 OK\r\n\r\nHTTP/1.1 400 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
  );
});

Deno.test("server: a bad body while the response is under way: it may be finished", () => {
  const server = serverAfter("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const log = new Log();
  server.send({ kind: "head", stream: 1, head: responseHead(200, fixed(2)), end: false });
  server.send(dataEvent(1, "o", false));
  feed(server, bytesOf("zz\r\n"), log);
  assert.deepEqual(log.texts(), ["#1 reset bad-chunk-size 400"]);
  assert.equal(server.closing, false);
  server.send(dataEvent(1, "k", true));
  assert.equal(server.closing, true);
  assert.match(takeText(server), /\r\n\r\nok$/);
});

Deno.test("server: a bad body after the response closes at once", () => {
  const server = serverAfter("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const log = new Log();
  respond(server, 1);
  assert.equal(server.closing, false);
  feed(server, bytesOf("zz\r\n"), log);
  assert.deepEqual(log.texts(), ["#1 reset bad-chunk-size 400"]);
  assert.equal(server.closing, true);
});

Deno.test("server: a reset sent aborts the connection", () => {
  const server = serverAfter(get("/1"));
  const log = new Log();
  server.send({ kind: "head", stream: 1, head: responseHead(200, fixed(5)), end: false });
  assert.equal(server.aborted, false);
  server.send({
    kind: "reset",
    stream: 1,
    fault: { scope: "stream", peer: "server", code: "truncated", status: 502, message: "", rule: "" },
  });
  assert.equal(server.aborted, true);
  assert.equal(server.closing, true);
  assert.equal(server.wantsRead, false);
  server.send(dataEvent(1, "hello", true));
  feed(server, bytesOf(get("/2")), log);
  assert.deepEqual(log.texts(), []);
  assert.equal(takeText(server), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
});

Deno.test("server: shutdown finishes the exchange and says close", () => {
  const server = serverAfter(get("/1") + get("/2"));
  server.shutdown();
  assert.equal(server.closing, false);
  respond(server, 1, 200, fixed(0));
  assert.equal(server.closing, true);
  assert.equal(takeText(server), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  const log = new Log();
  drain(server, log);
  assert.deepEqual(log.texts(), []);
});

Deno.test("server: shutdown after the response head still closes behind it", () => {
  const server = serverAfter(get("/1"));
  server.send({ kind: "head", stream: 1, head: responseHead(200, fixed(1)), end: false });
  server.shutdown();
  assert.equal(server.closing, false);
  server.send(dataEvent(1, "x", true));
  assert.equal(server.closing, true);
});

Deno.test("server: shutdown after the response head: the rest of the request is not waited for", () => {
  const server = serverAfter("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
  server.send({ kind: "head", stream: 1, head: responseHead(200, fixed(1)), end: false });
  server.shutdown();
  server.send(dataEvent(1, "x", true));
  assert.equal(server.closing, true);
});

Deno.test("server: shutdown while idle closes at once, also with part of a head", () => {
  const idle = new Http1Server(strict);
  idle.shutdown();
  assert.equal(idle.closing, true);
  const started = serverAfter("GET /");
  assert.equal(started.idle, true);
  assert.equal(started.held, 5);
  started.shutdown();
  assert.equal(started.closing, true);
});

Deno.test("server: openStream is for clients", () => {
  assert.equal(new Http1Server(strict).openStream(), null);
});

Deno.test("pipelined requests of a client that takes no answers are not looked at: output stays at its high water", () => {
  const server = new Http1Server({ lenient: false, hopByHop: "keep" });
  const request = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const pipelined = new Uint8Array(request.length * 1000);
  for (let index = 0; index < 1000; index++) pipelined.set(request, index * request.length);
  server.receive(pipelined);
  const body = new Uint8Array(100_000);
  let answered = 0;
  for (let event = server.next(); event !== null; event = server.next()) {
    if (event.kind !== "head") continue;
    answered++;
    const fields = new Fields(["Content-Length", String(body.length)]);
    server.send({
      kind: "head",
      stream: event.stream,
      head: {
        kind: "response",
        version: "HTTP/1.1",
        status: 200,
        reason: "OK",
        framing: "length",
        contentLength: body.length,
        fields,
      },
      end: false,
    });
    server.send({ kind: "data", stream: event.stream, data: body, credit: 0, end: true });
  }
  assert.equal(answered, 2);
  assert(server.output.length < 128 * 1024 + body.length + 1024);
  assert.equal(server.wantsRead, false);
  // Taken, it goes on.
  server.output.take();
  server.output.release();
  assert.equal(server.next()?.kind, "head");
});
