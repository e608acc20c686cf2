// The client role as a connection: reuse, early responses, ends, faults, tunnels, backpressure (RFC 9112, 9).

import assert from "node:assert/strict";
import type { HttpEvent } from "../../lib/http/connection.ts";
import { Fields } from "../../lib/http/fields.ts";
import type { RequestHead } from "../../lib/http/head.ts";
import { Http1Client } from "../../lib/http1/client.ts";
import type { Http1Options } from "../../lib/http1/limits.ts";
import { bytesOf, clientAfter, drain, feed, Log, own, requestHead, strict, takeText } from "./drive.ts";

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const okEvents = (stream: number): string[] => [
  `#${stream} HTTP/1.1 200 OK {Content-Length: 2} length 2`,
  `#${stream} body "ok"`,
  `#${stream} end`,
];

function send(client: Http1Client, stream: number, more: Partial<RequestHead> = {}): void {
  client.send({ kind: "head", stream, head: requestHead("GET", "/", more), end: true });
}

function dataEvent(stream: number, text: string, end: boolean): HttpEvent {
  return { kind: "data", stream, data: bytesOf(text), credit: text.length, end };
}

/** A client that has sent the head of an upload of 4 bytes. */
function uploading(options: Http1Options = strict): Http1Client {
  const client = new Http1Client(options);
  client.openStream();
  const fields = Fields.of(["Host", "a"], ["Content-Length", "4"]);
  const head = requestHead("POST", "/", { framing: "length", contentLength: 4, fields });
  client.send({ kind: "head", stream: 1, head, end: false });
  takeText(client);
  return client;
}

Deno.test("client: one exchange after the other", () => {
  const client = new Http1Client(strict);
  for (let stream = 1; stream <= 3; stream++) {
    const log = new Log();
    assert.equal(client.canOpen, true);
    assert.equal(client.openStream(), stream);
    assert.equal(client.canOpen, false);
    assert.equal(client.openStream(), null);
    send(client, stream);
    feed(client, bytesOf(ok), log);
    assert.deepEqual(log.texts(), okEvents(stream));
    assert.equal(client.closing, false);
  }
});

const finals: [
  name: string,
  request: Partial<RequestHead>,
  options: Http1Options,
  response: string,
  reused: boolean,
][] = [
  ["1.1", {}, strict, ok, true],
  ["1.1, response says close", {}, strict, ok.replace("\r\n", "\r\nConnection: x, CLOSE\r\n"), false],
  ["own: response says close", {}, own, ok.replace("\r\n", "\r\nConnection: close\r\n"), false],
  [
    "keep: request says close",
    { fields: Fields.of(["Host", "a"], ["Connection", "close"]) },
    strict,
    ok,
    false,
  ],
  [
    "own: request's close is not sent",
    { fields: Fields.of(["Host", "a"], ["Connection", "close"]) },
    own,
    ok,
    true,
  ],
  ["1.0 response", {}, strict, ok.replace("1.1", "1.0"), false],
  [
    "1.0 response with keep-alive",
    {},
    strict,
    ok.replace("1.1 200 OK", "1.0 200 OK\r\nConnection: Keep-Alive"),
    true,
  ],
  ["1.0 request", { version: "HTTP/1.0" }, strict, ok, false],
  [
    "1.0 request with keep-alive",
    { version: "HTTP/1.0", fields: Fields.of(["Host", "a"], ["Connection", "keep-alive"]) },
    strict,
    ok.replace("1.1 200 OK", "1.0 200 OK\r\nConnection: keep-alive"),
    true,
  ],
  ["own: 1.0 request", { version: "HTTP/1.0" }, own, ok, false],
  ["2.0 request", { version: "HTTP/2.0" }, strict, ok, true],
];
for (const [name, more, options, response, reused] of finals) {
  Deno.test(`client: reuse: ${name}`, () => {
    const client = clientAfter("GET", options, more);
    const log = new Log();
    feed(client, bytesOf(response), log);
    assert.equal(log.texts().at(-1), "#1 end");
    assert.equal(client.canOpen, reused);
    assert.equal(client.closing, !reused);
    assert.equal(client.openStream(), reused ? 2 : null);
  });
}

Deno.test("client: a response until the close ends the connection", () => {
  const client = clientAfter("GET");
  const log = new Log();
  feed(client, bytesOf("HTTP/1.1 200 OK\r\n\r\nab"), log);
  assert.equal(client.closing, false);
  feed(client, null, log);
  assert.deepEqual(log.texts().slice(1), ['#1 body "ab"', "#1 end", "ended"]);
  assert.equal(client.closing, true);
});

Deno.test("client: an early response is told at once; the connection is taken until the request ends", () => {
  const client = uploading();
  const log = new Log();
  client.send(dataEvent(1, "ab", false));
  feed(client, bytesOf(ok), log);
  assert.deepEqual(log.texts(), okEvents(1));
  assert.equal(client.canOpen, false);
  assert.equal(client.openStream(), null);
  client.send(dataEvent(1, "cd", true));
  assert.equal(takeText(client), "abcd");
  assert.equal(client.canOpen, true);
});

Deno.test("client: an early response that closes: the upload may go on until the server ends", () => {
  const client = uploading();
  const log = new Log();
  feed(client, bytesOf(ok.replace("\r\n", "\r\nConnection: close\r\n")), log);
  assert.equal(client.closing, false);
  client.send(dataEvent(1, "ab", false));
  assert.equal(takeText(client), "ab");
  feed(client, null, log);
  assert.equal(log.texts().at(-1), "ended");
  assert.equal(client.closing, true);
  client.send(dataEvent(1, "cd", true));
  assert.equal(takeText(client), "");
});

Deno.test("client: bytes while idle are a fault", () => {
  const client = clientAfter("GET");
  const log = new Log();
  feed(client, bytesOf(ok), log);
  feed(client, bytesOf("HTTP/1.1 408 Timeout\r\n\r\n"), log);
  feed(client, bytesOf("more"), log);
  assert.deepEqual(log.texts().slice(3), ["fault unexpected-response 502"]);
  assert.equal(client.canOpen, false);
  assert.equal(client.closing, true);
  assert.equal(client.openStream(), null);
  feed(client, null, log);
  assert.deepEqual(log.texts().slice(4), ["ended"]);
});

Deno.test("client: bytes before the first request are a fault; idle is false before they are looked at", () => {
  const client = new Http1Client(strict);
  client.receive(bytesOf("x"));
  assert.equal(client.canOpen, false);
  const log = new Log();
  drain(client, log);
  assert.deepEqual(log.texts(), ["fault unexpected-response 502"]);
});

Deno.test("client: bytes on an opened stream before its head fail the stream", () => {
  const client = new Http1Client(strict);
  client.openStream();
  const log = new Log();
  feed(client, bytesOf("x"), log);
  assert.deepEqual(log.texts(), ["#1 reset unexpected-response 502"]);
  send(client, 1);
  assert.equal(takeText(client), "");
});

Deno.test("client: bytes behind an early response are a fault", () => {
  const client = uploading();
  const log = new Log();
  feed(client, bytesOf(ok + "x"), log);
  assert.deepEqual(log.texts(), [...okEvents(1), "fault unexpected-response 502"]);
  assert.equal(client.closing, true);
});

Deno.test("client: the end while idle", () => {
  const client = clientAfter("GET");
  const log = new Log();
  feed(client, bytesOf(ok), log);
  client.receiveEnd();
  assert.equal(client.canOpen, false);
  drain(client, log);
  assert.deepEqual(log.texts().slice(3), ["ended"]);
  assert.equal(client.closing, true);
});

Deno.test("client: the end on an opened stream, before its head", () => {
  const client = new Http1Client(strict);
  client.openStream();
  const log = new Log();
  feed(client, null, log);
  assert.deepEqual(log.texts(), ["#1 reset no-response 502"]);
  assert.equal(client.closing, true);
});

Deno.test("client: after a fault nothing is sent or told any more", () => {
  const client = uploading();
  const log = new Log();
  feed(client, bytesOf("junk\r\n\r\n"), log);
  assert.deepEqual(log.texts(), ["#1 reset bad-status-line 502"]);
  assert.equal(client.closing, true);
  assert.equal(client.wantsRead, true, "what comes is read and dropped");
  client.send(dataEvent(1, "abcd", true));
  assert.equal(takeText(client), "");
  feed(client, bytesOf(ok), log);
  feed(client, null, log);
  assert.deepEqual(log.texts().slice(1), ["ended"]);
});

Deno.test("client: 101 before the request is complete is a fault", () => {
  const client = new Http1Client(strict);
  client.openStream();
  const head = requestHead("POST", "/", { framing: "length", contentLength: 4, protocol: "x" });
  client.send({ kind: "head", stream: 1, head, end: false });
  const log = new Log();
  feed(client, bytesOf("HTTP/1.1 101 Switching\r\n\r\n"), log);
  assert.deepEqual(log.texts(), ["#1 reset early-101 502"]);
});

Deno.test("client: what comes behind 101 waits for tunnel(), within a limit", () => {
  const client = clientAfter("GET", { ...strict, limits: { heldInput: 4 } }, { protocol: "echo" });
  const log = new Log();
  feed(client, bytesOf("HTTP/1.1 101 Switching\r\n\r\nabc"), log);
  assert.equal(log.texts().length, 1);
  assert.equal(client.wantsRead, true);
  feed(client, bytesOf("de"), log);
  assert.equal(client.wantsRead, false);
  client.tunnel(1);
  assert.equal(client.wantsRead, true);
  drain(client, log);
  assert.deepEqual(log.texts().slice(1), ['#1 body "abcde"']);
  client.send(dataEvent(1, "raw", true));
  assert.equal(takeText(client), "raw");
  assert.equal(client.closing, true);
  feed(client, bytesOf("more"), log);
  feed(client, null, log);
  assert.deepEqual(log.texts().slice(2), ['#1 body "more"', "#1 end"]);
  assert.equal(client.canOpen, false);
});

Deno.test("client: a reset sent aborts the connection", () => {
  const client = clientAfter("GET");
  client.send({
    kind: "reset",
    stream: 1,
    fault: { scope: "stream", peer: "client", code: "cancelled", status: 502, message: "", rule: "" },
  });
  assert.equal(client.aborted, true);
  assert.equal(client.closing, true);
  assert.equal(client.canOpen, false);
  const log = new Log();
  feed(client, bytesOf(ok), log);
  assert.deepEqual(log.texts(), []);
});

Deno.test("client: shutdown", () => {
  const idle = new Http1Client(strict);
  idle.shutdown();
  assert.equal(idle.closing, true);
  assert.equal(idle.openStream(), null);

  const busy = clientAfter("GET");
  const log = new Log();
  busy.shutdown();
  assert.equal(busy.closing, false);
  feed(busy, bytesOf(ok), log);
  assert.deepEqual(log.texts(), okEvents(1));
  assert.equal(busy.closing, true);
});

Deno.test("client: unconsumed credit stops reading", () => {
  const client = clientAfter("GET", { ...strict, limits: { bodyWindow: 4 } });
  client.receive(bytesOf("HTTP/1.1 200 OK\r\n\r\nabcd"));
  let credit = 0;
  for (let event = client.next(); event !== null; event = client.next()) {
    if (event.kind === "data") credit += event.credit;
  }
  assert.equal(credit, 4);
  assert.equal(client.wantsRead, false);
  client.consume(1, 1);
  assert.equal(client.wantsRead, true);
});

Deno.test("client: capacity is what output has room for", () => {
  const client = new Http1Client({ ...strict, limits: { outputHighWater: 10 } });
  client.openStream();
  assert.equal(client.capacity(1), 10);
  send(client, 1);
  assert.equal(client.capacity(1), 0);
  takeText(client);
  assert.equal(client.capacity(1), 10);
});
