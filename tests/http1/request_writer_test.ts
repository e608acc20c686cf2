// What the client role writes for a request event.

import assert from "node:assert/strict";
import { Fields } from "../../lib/http/fields.ts";
import type { RequestHead } from "../../lib/http/head.ts";
import { Http1Client } from "../../lib/http1/client.ts";
import { own, requestHead, strict, takeText } from "./drive.ts";
import { data, type Row, testRows } from "./request_writing.ts";

const rows: Row[] = [
  {
    name: "as it came",
    rule: "RFC 9112, 3",
    target: "/a?b#\xe9",
    head: { fields: Fields.of(["hOST", "a"], ["X", "1"], ["x", "\xe9 2"]) },
    body: null,
    text: "GET /a?b#\xe9 HTTP/1.1\r\nhOST: a\r\nX: 1\r\nx: \xe9 2\r\n\r\n",
  },
  {
    name: "HTTP/1.0 without Host stays so",
    rule: "RFC 9112, 3.2",
    head: { version: "HTTP/1.0", authority: "", fields: new Fields() },
    body: null,
    text: "GET / HTTP/1.0\r\n\r\n",
  },
  {
    name: "cookie lines from HTTP/1 stay as they came",
    rule: "RFC 9110, 5.3",
    head: { fields: Fields.of(["Host", "a"], ["Cookie", "a=1"], ["Cookie", "b=2"]) },
    body: null,
    text: "GET / HTTP/1.1\r\nHost: a\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n",
  },
  {
    name: "a body of unknown length in an HTTP/1.0 request makes it 1.1",
    rule: "RFC 9112, 6.1",
    method: "POST",
    head: { version: "HTTP/1.0", framing: "stream", fields: new Fields() },
    body: [data("x", true)],
    text: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
  },
  {
    name: "an empty POST from HTTP/1 stays as it came",
    rule: "RFC 9112, 6.3",
    method: "POST",
    head: {},
    body: null,
    text: "POST / HTTP/1.1\r\nHost: a\r\n\r\n",
  },
  {
    name: "length",
    rule: "RFC 9112, 6.2",
    method: "PUT",
    head: {
      framing: "length",
      contentLength: 3,
      fields: Fields.of(["Host", "a"], ["content-length", "03"], ["Expect", "100-continue"]),
    },
    body: [data("x", false), data("yz", true)],
    text: "PUT / HTTP/1.1\r\nHost: a\r\ncontent-length: 03\r\nExpect: 100-continue\r\n\r\nxyz",
  },
  {
    name: "chunked with extensions and trailers",
    rule: "RFC 9112, 7.1",
    method: "POST",
    head: { framing: "chunked", fields: Fields.of(["Host", "a"], ["Transfer-Encoding", "chunked"]) },
    body: [data("x", false, ";a"), { kind: "trailers", stream: 1, fields: Fields.of(["T", "1"]) }],
    text: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a\r\nx\r\n0\r\nT: 1\r\n\r\n",
  },
  {
    name: "chunked without a body",
    rule: "RFC 9112, 7.1",
    method: "POST",
    head: { framing: "chunked", fields: Fields.of(["Host", "a"], ["Transfer-Encoding", "chunked"]) },
    body: null,
    text: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  },
  {
    name: "keep: hop-by-hop fields go out as they came",
    rule: "RFC 9110, 7.6.1",
    head: {
      fields: Fields.of(
        ["Host", "a"],
        ["Connection", "X, TE, keep-alive"],
        ["X", "y"],
        ["TE", "gzip, trailers"],
        ["Proxy-Connection", "keep-alive"],
        ["Keep-Alive", "300"],
        ["Proxy-Authorization", "Basic x"],
      ),
    },
    body: null,
    text: "GET / HTTP/1.1\r\nHost: a\r\nConnection: X, TE, keep-alive\r\nX: y\r\nTE: gzip, trailers\r\n" +
      "Proxy-Connection: keep-alive\r\nKeep-Alive: 300\r\nProxy-Authorization: Basic x\r\n\r\n",
  },
  {
    name: "own: hop-by-hop fields are not forwarded, trailers stay welcome",
    rule: "RFC 9110, 7.6.1",
    options: own,
    head: {
      fields: Fields.of(
        ["Connection", "X, close, host"],
        ["Host", "a"],
        ["X", "y"],
        ["TE", "gzip, trailers"],
        ["Proxy-Connection", "keep-alive"],
        ["Keep-Alive", "300"],
        ["Proxy-Authorization", "Basic x"],
        ["Authorization", "z"],
      ),
    },
    body: null,
    text: "GET / HTTP/1.1\r\nConnection: TE\r\nHost: a\r\nTE: trailers\r\nAuthorization: z\r\n\r\n",
  },
  {
    name: "own: several TE lines become one",
    rule: "RFC 9110, 10.1.4",
    options: own,
    head: { fields: Fields.of(["Host", "a"], ["TE", "gzip"], ["te", "trailers"]) },
    body: null,
    text: "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n",
  },
  {
    name: "own: TE without trailers goes, named or not",
    rule: "RFC 9110, 10.1.4",
    options: own,
    head: { fields: Fields.of(["Host", "a"], ["TE", "gzip"], ["Connection", "TE"]) },
    body: null,
    text: "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
  },
  {
    name: "own: an Upgrade handshake is kept",
    rule: "RFC 9110, 7.8",
    options: own,
    head: {
      protocol: "websocket",
      fields: Fields.of(
        ["Host", "a"],
        ["Connection", "keep-alive, Upgrade"],
        ["Upgrade", "websocket"],
        ["Sec-WebSocket-Key", "k"],
      ),
    },
    body: null,
    text:
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n",
  },
  {
    name: "own: an h2c handshake is kept with its settings",
    rule: "RFC 7540, 3.2.1",
    options: own,
    head: {
      protocol: "h2c",
      fields: Fields.of(
        ["Host", "a"],
        ["Connection", "Upgrade, HTTP2-Settings, X"],
        ["X", "y"],
        ["Upgrade", "h2c"],
        ["HTTP2-Settings", "AAMAAABk"],
      ),
    },
    body: null,
    text:
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
  },
  {
    name: "own: an absolute target says what Host is",
    rule: "RFC 9112, 3.2.2",
    target: "http://b/x",
    options: own,
    head: { targetForm: "absolute", authority: "b", fields: Fields.of(["x", "y"], ["Host", "a"]) },
    body: null,
    text: "GET http://b/x HTTP/1.1\r\nx: y\r\nHost: b\r\n\r\n",
  },
  {
    name: "CONNECT",
    rule: "RFC 9112, 3.2.3",
    method: "CONNECT",
    target: "a:443",
    head: { targetForm: "authority", authority: "a:443", fields: Fields.of(["Host", "a:443"]) },
    body: null,
    text: "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
  },
];

testRows(rows);

const injections: [name: string, method: string, target: string, head: Partial<RequestHead>][] = [
  ["a blank in the target", "GET", "/ HTTP/1.1\r\nx: y", {}],
  ["a space in the target", "GET", "/a b", {}],
  ["an empty target", "GET", "", {}],
  ["a wide character in the target", "GET", "/\u0120", {}],
  ["a line break in the method", "GET\r\n", "/", {}],
  ["an empty method", "", "/", {}],
  ["a line break in a value", "GET", "/", { fields: Fields.of(["Host", "a"], ["x", "y\r\nz: a"]) }],
  ["a line break in the authority", "GET", "/", {
    version: "HTTP/2.0",
    authority: "a\r\nx: y",
    fields: new Fields(),
  }],
  ["an extended CONNECT", "CONNECT", "/", { version: "HTTP/2.0", protocol: "websocket" }],
  ["a line break in a cookie", "GET", "/", { version: "HTTP/2.0", fields: Fields.of(["cookie", "a\nb"]) }],
  ["a blank in a name", "GET", "/", { fields: Fields.of(["Host", "a"], ["x ", "y"]) }],
];
for (const [name, method, target, more] of injections) {
  Deno.test(`request writer: ${name} throws, and nothing is written`, () => {
    const client = new Http1Client(strict);
    client.openStream();
    const head = requestHead(method, target, more);
    assert.throws(() => client.send({ kind: "head", stream: 1, head, end: true }), TypeError);
    assert.equal(client.output.length, 0);
  });
}

Deno.test("request writer: a body that was not announced throws and aborts", () => {
  const client = new Http1Client(strict);
  client.openStream();
  client.send({ kind: "head", stream: 1, head: requestHead("GET", "/"), end: false });
  assert.throws(() => client.send(data("GET /smuggled", false)), RangeError);
  assert.equal(client.aborted, true);
  assert.equal(takeText(client), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
});

Deno.test("request writer: mistakes of order throw", () => {
  const client = new Http1Client(strict);
  client.openStream();
  assert.throws(() => client.send(data("x", false)), /before a request head/);
  client.send({ kind: "head", stream: 1, head: requestHead("GET", "/"), end: true });
  assert.throws(
    () => client.send({ kind: "head", stream: 1, head: requestHead("GET", "/"), end: true }),
    /second/,
  );
  assert.throws(() => client.send(data("x", false)), /after the end/);
  assert.throws(() => client.tunnel(1), /without 101/);
});
