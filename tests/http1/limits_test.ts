// One test per limit: what just fits passes, one more is a fault, however it is cut.

import assert from "node:assert/strict";
import { defaultHttp1Limits, type Http1Limits, withDefaults } from "../../lib/http1/limits.ts";
import { Http1Server } from "../../lib/http1/server.ts";
import { cuts } from "../kit/cuts.ts";
import { bytesOf, clientAfter, feed, Log, requestHead, responseHead, strict, takeText } from "./drive.ts";

/** The last text that a server says of `bytes`, the same for all cuts. */
function lastOfRequest(text: string, limits: Partial<Http1Limits>): string {
  return same(text, () => new Http1Server({ ...strict, limits }));
}

function lastOfResponse(text: string, limits: Partial<Http1Limits>): string {
  return same(text, () => clientAfter("GET", { ...strict, limits }));
}

function same(text: string, make: () => Parameters<typeof feed>[0]): string {
  let first: string[] | null = null;
  for (const pieces of cuts(bytesOf(text))) {
    const connection = make();
    const log = new Log();
    for (const piece of pieces) feed(connection, piece, log);
    first ??= log.texts();
    assert.deepEqual(log.texts(), first);
  }
  return first?.at(-1) ?? "";
}

Deno.test("limit: start line", () => {
  const request = (length: number): string => {
    const target = "/" + "x".repeat(length - "GET / HTTP/1.0".length);
    return `GET ${target} HTTP/1.0\r\n\r\n`;
  };
  assert.match(lastOfRequest(request(40), { startLine: 40 }), /^#1 GET /);
  assert.equal(lastOfRequest(request(41), { startLine: 40 }), "#1 reset request-line-too-long 414");
  assert.equal(lastOfRequest("x".repeat(100), { startLine: 40 }), "#1 reset request-line-too-long 414");
  const response = (length: number): string =>
    `HTTP/1.1 204 ${"x".repeat(length - "HTTP/1.1 204 ".length)}\r\n\r\n`;
  assert.match(lastOfResponse(response(40), { startLine: 40 }), / end$/);
  assert.equal(lastOfResponse(response(41), { startLine: 40 }), "#1 reset status-line-too-long 502");
});

Deno.test("limit: start line, at its default", () => {
  const { startLine } = defaultHttp1Limits;
  const target = "/" + "x".repeat(startLine - "GET / HTTP/1.0".length);
  assert.match(lastOfRequest(`GET ${target} HTTP/1.0\r\n\r\n`, {}), /^#1 GET /);
  assert.equal(lastOfRequest(`GET ${target}x HTTP/1.0\r\n\r\n`, {}), "#1 reset request-line-too-long 414");
});

Deno.test("limit: head size", () => {
  const start = "GET / HTTP/1.0\r\n";
  const head = (size: number): string => `${start}x: ${"y".repeat(size - start.length - 7)}\r\n\r\n`;
  assert.equal(head(100).length, 100);
  assert.match(lastOfRequest(head(100), { headSize: 100 }), /^#1 GET /);
  assert.equal(lastOfRequest(head(101), { headSize: 100 }), "#1 reset head-too-large 431");
  assert.match(lastOfRequest(head(defaultHttp1Limits.headSize), {}), /^#1 GET /);
  assert.equal(lastOfRequest(head(defaultHttp1Limits.headSize + 1), {}), "#1 reset head-too-large 431");
  assert.equal(
    lastOfResponse(`HTTP/1.1 204 x\r\nx: ${"y".repeat(100)}\r\n\r\n`, { headSize: 100 }),
    "#1 reset head-too-large 502",
  );
});

Deno.test("limit: fields", () => {
  const head = (count: number): string => `GET / HTTP/1.0\r\n${"a: b\r\n".repeat(count)}\r\n`;
  assert.match(lastOfRequest(head(3), { fields: 3 }), /^#1 GET /);
  assert.equal(lastOfRequest(head(4), { fields: 3 }), "#1 reset too-many-fields 431");
  assert.match(lastOfRequest(head(500), {}), /^#1 GET /);
  assert.equal(lastOfRequest(head(501), {}), "#1 reset too-many-fields 431");
});

Deno.test("limit: empty lines", () => {
  const lines = (count: number): string => `${"\r\n".repeat(count)}GET / HTTP/1.0\r\n\r\n`;
  assert.match(lastOfRequest(lines(16), {}), /^#1 GET /);
  assert.equal(lastOfRequest(lines(17), {}), "#1 reset too-many-empty-lines 400");
});

Deno.test("limit: chunk line", () => {
  const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const line = (length: number): string => `${head}1;${"x".repeat(length - 2)}\r\ny\r\n0\r\n\r\n`;
  assert.equal(lastOfRequest(line(20), { chunkLine: 20 }), "#1 end");
  assert.equal(lastOfRequest(line(21), { chunkLine: 20 }), "#1 reset chunk-line-too-long 400");
  assert.equal(lastOfRequest(line(4096), {}), "#1 end");
  assert.equal(lastOfRequest(line(4097), {}), "#1 reset chunk-line-too-long 400");
});

Deno.test("limit: trailers size and trailer fields", () => {
  const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  const size = (length: number): string => `${head}x: ${"y".repeat(length - 7)}\r\n\r\n`;
  assert.match(lastOfRequest(size(30), { trailersSize: 30 }), /^#1 trailers /);
  assert.equal(lastOfRequest(size(31), { trailersSize: 30 }), "#1 reset trailers-too-large 431");
  assert.match(lastOfRequest(size(16 * 1024), {}), /^#1 trailers /);
  assert.equal(lastOfRequest(size(16 * 1024 + 1), {}), "#1 reset trailers-too-large 431");
  const count = (lines: number): string => `${head}${"a: b\r\n".repeat(lines)}\r\n`;
  assert.match(lastOfRequest(count(100), {}), /^#1 trailers /);
  assert.equal(lastOfRequest(count(101), {}), "#1 reset too-many-fields 431");
});

Deno.test("limit: interim responses", () => {
  const responses = (count: number): string =>
    "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(count) + "HTTP/1.1 204 x\r\n\r\n";
  assert.match(lastOfResponse(responses(32), {}), / end$/);
  assert.equal(lastOfResponse(responses(33), {}), "#1 reset too-many-interim-responses 502");
});

Deno.test("limit: interim responses are counted for each request", () => {
  const client = clientAfter("GET", { ...strict, limits: { interimResponses: 2 } });
  for (let stream = 1; stream <= 2; stream++) {
    const log = new Log();
    feed(client, bytesOf("HTTP/1.1 103 x\r\n\r\n".repeat(2) + "HTTP/1.1 204 x\r\n\r\n"), log);
    assert.match(log.texts().at(-1) ?? "", / end$/);
    assert.equal(client.openStream(), stream + 1);
    client.send({ kind: "head", stream: stream + 1, head: requestHead("GET", "/"), end: true });
  }
});

Deno.test("limit: held input", () => {
  const server = new Http1Server(strict);
  const log = new Log();
  feed(server, bytesOf("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), log);
  const next = bytesOf("GET /x HTTP/1.0\r\n\r\n");
  let held = 0;
  while (server.wantsRead) {
    feed(server, next.slice(), log);
    held += next.length;
    assert.ok(held <= defaultHttp1Limits.heldInput + next.length, "reading stops just above the limit");
  }
  assert.ok(held > defaultHttp1Limits.heldInput);
  assert.equal(log.texts().length, 1);
});

Deno.test("limit: body window", () => {
  const server = new Http1Server(strict);
  server.receive(bytesOf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"));
  let received = 0;
  let credit = 0;
  for (;;) {
    for (let event = server.next(); event !== null; event = server.next()) {
      if (event.kind === "data") credit += event.credit;
    }
    if (!server.wantsRead) break;
    server.receive(new Uint8Array(1000));
    received += 1000;
  }
  assert.equal(credit, received);
  assert.equal(credit, Math.ceil(defaultHttp1Limits.bodyWindow / 1000) * 1000);
});

Deno.test("limit: output high water", () => {
  const client = clientAfter("POST", strict, { framing: "none" });
  assert.equal(client.capacity(1), defaultHttp1Limits.outputHighWater);
  const server = new Http1Server(strict);
  const log = new Log();
  feed(server, bytesOf("GET / HTTP/1.0\r\n\r\n"), log);
  server.send({ kind: "head", stream: 1, head: responseHead(200, { framing: "close" }), end: false });
  takeText(server);
  const data = new Uint8Array(defaultHttp1Limits.outputHighWater - 1);
  server.send({ kind: "data", stream: 1, data, credit: 0, end: false });
  assert.equal(server.capacity(1), 1);
  server.send({ kind: "data", stream: 1, data, credit: 0, end: false });
  assert.equal(server.capacity(1), 0, "more is taken, but never less than 0 is said");
});

Deno.test("limits: given ones stand beside the defaults", () => {
  assert.equal(withDefaults(undefined), defaultHttp1Limits);
  assert.deepEqual(withDefaults({ fields: 7 }), { ...defaultHttp1Limits, fields: 7 });
});
