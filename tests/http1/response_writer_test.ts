// What the server role writes for a response event, and whether the connection goes on after it.

import assert from "node:assert/strict";
import type { HttpEvent } from "../../lib/http/connection.ts";
import { Fields } from "../../lib/http/fields.ts";
import type { ResponseHead } from "../../lib/http/head.ts";
import type { Http1Options } from "../../lib/http1/limits.ts";
import { bytesOf, own, responseHead, serverAfter, strict, takeText } from "./drive.ts";

type More = Partial<ResponseHead>;

interface Row {
  name: string;
  rule: string;
  request?: string;
  options?: Http1Options;
  events: HttpEvent[];
  text: string;
  closing: boolean;
}

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const getClose = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const get10 = "GET / HTTP/1.0\r\n\r\n";
const get10Keep = "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n";
const headRequest = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";

const head = (status: number, more: More, end = false): HttpEvent => ({
  kind: "head",
  stream: 1,
  head: responseHead(status, more),
  end,
});
const data = (text: string, end: boolean, extension?: string): HttpEvent => ({
  kind: "data",
  stream: 1,
  data: bytesOf(text),
  credit: text.length,
  end,
  ...(extension === undefined ? {} : { extension }),
});
const length = (count: number, ...fields: [string, string][]): More => ({
  framing: "length",
  contentLength: count,
  fields: Fields.of(...fields, ["Content-Length", String(count)]),
});
const chunked = (...fields: [string, string][]): More => ({
  framing: "chunked",
  fields: Fields.of(...fields, ["Transfer-Encoding", "chunked"]),
});
const http2 = (framing: ResponseHead["framing"], ...fields: [string, string][]): More => ({
  version: "HTTP/2.0",
  reason: "",
  framing,
  fields: Fields.of(...fields),
});

const rows: Row[] = [
  {
    name: "length, in two pieces",
    rule: "RFC 9112, 6.2",
    events: [head(200, length(5, ["X-Y", "z"], ["x-y", "\xe9"])), data("he", false), data("llo", true)],
    text: "HTTP/1.1 200 OK\r\nX-Y: z\r\nx-y: \xe9\r\nContent-Length: 5\r\n\r\nhello",
    closing: false,
  },
  {
    name: "reason phrases go out as they came",
    rule: "RFC 9112, 4",
    events: [head(204, { reason: "" }, true)],
    text: "HTTP/1.1 204 \r\n\r\n",
    closing: false,
  },
  {
    name: "a reason phrase for a head from HTTP/2",
    rule: "RFC 9112, 4",
    events: [head(404, http2("none"), true)],
    text: "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    closing: false,
  },
  {
    name: "no reason phrase for an unknown status",
    rule: "RFC 9112, 4",
    events: [head(299, http2("none"), true)],
    text: "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n",
    closing: false,
  },
  {
    name: "each piece is a chunk, with its extension; an empty one is none",
    rule: "RFC 9112, 7.1",
    events: [
      head(200, chunked()),
      data("0123456789abcdefg", false, ";a=b"),
      data("", false),
      data("x", false),
      data("", true, ";last"),
    ],
    text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
      "11;a=b\r\n0123456789abcdefg\r\n1\r\nx\r\n0;last\r\n\r\n",
    closing: false,
  },
  {
    name: "the last piece may have data",
    rule: "RFC 9112, 7.1",
    events: [head(200, chunked()), data("xyz", true, ";e")],
    text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;e\r\nxyz\r\n0\r\n\r\n",
    closing: false,
  },
  {
    name: "trailers",
    rule: "RFC 9112, 7.1.2",
    events: [
      head(200, chunked(["Trailer", "X"])),
      data("x", false),
      {
        kind: "trailers",
        stream: 1,
        fields: Fields.of(["X", "1"], ["x", "2"], ["content-length", "5"], ["Host", "b"]),
        extension: ";e",
      },
    ],
    text:
      "HTTP/1.1 200 OK\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0;e\r\nX: 1\r\nx: 2\r\n\r\n",
    closing: false,
  },
  {
    name: "trailers are dropped where the framing has no place for them",
    rule: "RFC 9110, 6.5.1",
    events: [head(200, length(1)), data("x", false), {
      kind: "trailers",
      stream: 1,
      fields: Fields.of(["X", "1"]),
    }],
    text: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
    closing: false,
  },
  {
    name: "a stream becomes chunked",
    rule: "RFC 9112, 7.1",
    events: [head(200, http2("stream", ["x", "y"])), data("x", true)],
    text: "HTTP/1.1 200 OK\r\nx: y\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    closing: false,
  },
  {
    name: "a stream to an HTTP/1.0 client ends with the connection",
    rule: "RFC 9112, 6.3",
    request: get10Keep,
    events: [head(200, http2("stream")), data("x", false), data("y", true)],
    text: "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nxy",
    closing: true,
  },
  {
    name: "chunked to an HTTP/1.0 client is decoded, trailers are dropped",
    rule: "RFC 9112, 6.1",
    request: get10,
    events: [head(200, chunked(["a", "b"])), data("x", false, ";e"), {
      kind: "trailers",
      stream: 1,
      fields: Fields.of(["X", "1"]),
    }],
    text: "HTTP/1.1 200 OK\r\na: b\r\n\r\nx",
    closing: true,
  },
  {
    name: "a stream that ends with its head has length 0",
    rule: "RFC 9110, 8.6",
    events: [head(200, http2("stream"), true)],
    text: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    closing: false,
  },
  {
    name: "until the close",
    rule: "RFC 9112, 6.3",
    events: [head(200, { framing: "close" }), data("xy", false), data("", true)],
    text: "HTTP/1.1 200 OK\r\n\r\nxy",
    closing: true,
  },
  {
    name: "own: until the close says so",
    rule: "RFC 9112, 9.6",
    options: own,
    events: [head(200, { framing: "close" }), data("xy", true)],
    text: "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nxy",
    closing: true,
  },
  {
    name: "framing fields that are not the framing do not go out",
    rule: "RFC 9112, 6.1",
    events: [
      head(200, {
        framing: "length",
        contentLength: 1,
        fields: Fields.of(
          ["content-length", "7"],
          ["Transfer-Encoding", "chunked"],
          ["Content-Length", "8"],
        ),
      }),
      data("x", true),
    ],
    text: "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx",
    closing: false,
  },
  {
    name: "a spelling of the length that others read differently does not go out",
    rule: "RFC 9110, 8.6",
    events: [
      head(200, { framing: "length", contentLength: 5, fields: Fields.of(["Content-Length", "0x5"]) }),
      data("hello", true),
    ],
    text: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    closing: false,
  },
  {
    name: "chunked without its field, with a length",
    rule: "RFC 9112, 6.1",
    events: [head(200, { framing: "chunked", fields: Fields.of(["Content-Length", "8"]) }), data("x", true)],
    text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    closing: false,
  },
  {
    name: "codings under chunked pass through",
    rule: "RFC 9112, 7",
    events: [
      head(200, { framing: "chunked", fields: Fields.of(["transfer-encoding", "gzip, Chunked"]) }),
      data("x", true),
    ],
    text: "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    closing: false,
  },
  {
    name: "HEAD: the fields describe what is not sent",
    rule: "RFC 9112, 6.3",
    request: headRequest,
    events: [head(200, length(5), true)],
    text: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
    closing: false,
  },
  {
    name: "HEAD: never both framing fields",
    rule: "RFC 9112, 6.2",
    request: headRequest,
    events: [
      head(200, { fields: Fields.of(["Content-Length", "5"], ["Transfer-Encoding", "chunked"]) }, true),
    ],
    text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    closing: false,
  },
  {
    name: "HEAD: a body is not sent",
    rule: "RFC 9112, 6.3",
    request: headRequest,
    events: [head(200, chunked()), data("hello", true)],
    text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    closing: false,
  },
  {
    name: "HEAD over HTTP/1.0: no Transfer-Encoding",
    rule: "RFC 9112, 6.1",
    request: "HEAD / HTTP/1.0\r\n\r\n",
    events: [head(200, chunked(), true)],
    text: "HTTP/1.1 200 OK\r\n\r\n",
    closing: true,
  },
  {
    name: "304 keeps its length",
    rule: "RFC 9110, 15.4.5",
    events: [head(304, { framing: "none", fields: Fields.of(["Content-Length", "5"]) }, true)],
    text: "HTTP/1.1 304 OK\r\nContent-Length: 5\r\n\r\n",
    closing: false,
  },
  {
    name: "204 has no length but 0",
    rule: "RFC 9110, 8.6",
    events: [head(204, { fields: Fields.of(["Content-Length", "5"], ["a", "b"]) }, true)],
    text: "HTTP/1.1 204 OK\r\na: b\r\n\r\n",
    closing: false,
  },
  {
    name: "204 with length 0 is left alone",
    rule: "RFC 9110, 8.6",
    events: [head(204, { fields: Fields.of(["Content-Length", "0"]) }, true)],
    text: "HTTP/1.1 204 OK\r\nContent-Length: 0\r\n\r\n",
    closing: false,
  },
  {
    name: "interim responses",
    rule: "RFC 9110, 15.2",
    events: [
      head(100, { reason: "Continue" }),
      head(103, { reason: "Early Hints", fields: Fields.of(["Link", "</a>"], ["Content-Length", "5"]) }),
      head(204, {}, true),
    ],
    text:
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 OK\r\n\r\n",
    closing: false,
  },
  {
    name: "no interim responses to an HTTP/1.0 client",
    rule: "RFC 9110, 15.2",
    request: get10,
    events: [head(100, {}), head(103, {}), head(200, length(0), true)],
    text: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    closing: true,
  },
  {
    name: "the version of the head is kept",
    rule: "RFC 9112, 2.3",
    events: [head(200, { ...length(0), version: "HTTP/1.0" }, true)],
    text: "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    closing: true,
  },
  {
    name: "keep: Connection goes out as it came, and counts",
    rule: "RFC 9112, 9.3",
    events: [head(200, length(0, ["Connection", "close, X"], ["X", "y"], ["Keep-Alive", "timeout=5"]), true)],
    text:
      "HTTP/1.1 200 OK\r\nConnection: close, X\r\nX: y\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n",
    closing: true,
  },
  {
    name: "keep: the client's close counts",
    rule: "RFC 9112, 9.6",
    request: getClose,
    events: [head(200, length(0, ["Connection", "keep-alive"]), true)],
    text: "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
    closing: true,
  },
  {
    name: "keep: HTTP/1.0 goes on when both sides say so",
    rule: "RFC 9112, C.2.2",
    request: get10Keep,
    events: [head(200, { ...length(0, ["Connection", "keep-alive"]), version: "HTTP/1.0" }, true)],
    text: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
    closing: false,
  },
  {
    name: "keep: another option in an HTTP/1.0 request does not keep it open",
    rule: "RFC 9112, 9.3",
    request: "GET / HTTP/1.0\r\nConnection: x\r\n\r\n",
    events: [head(200, length(0, ["Connection", "keep-alive"]), true)],
    text: "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
    closing: true,
  },
  {
    name: "keep: HTTP/1.0 does not go on when only the client says so",
    rule: "RFC 9112, C.2.2",
    request: get10Keep,
    events: [head(200, length(0), true)],
    text: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    closing: true,
  },
  {
    name: "keep: a 1.0 response to a 1.1 client that says keep-alive",
    rule: "RFC 9112, 9.3",
    events: [head(200, { ...length(0, ["Connection", "keep-alive"]), version: "HTTP/1.0" }, true)],
    text: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
    closing: false,
  },
  {
    name: "own: hop-by-hop fields are not forwarded",
    rule: "RFC 9110, 7.6.1",
    options: own,
    events: [
      head(
        200,
        length(
          0,
          ["Connection", "close, X-Hop, content-length, Trailer, Cookie"],
          ["x-hop", "1"],
          ["Keep-Alive", "timeout=5"],
          ["Proxy-Connection", "close"],
          ["Proxy-Authenticate", "Basic"],
          ["Trailer", "T"],
          ["Cookie", "c"],
          ["Set-Cookie", "d"],
        ),
        true,
      ),
    ],
    text: "HTTP/1.1 200 OK\r\nTrailer: T\r\nSet-Cookie: d\r\nContent-Length: 0\r\n\r\n",
    closing: false,
  },
  {
    name: "own: several lines of one managed field become one",
    rule: "RFC 9110, 7.6.1",
    request: getClose,
    options: own,
    events: [
      head(200, {
        framing: "chunked",
        fields: Fields.of(
          ["Connection", "x"],
          ["Transfer-Encoding", "chunked"],
          ["connection", "y"],
          ["transfer-encoding", "gzip"],
        ),
      }),
      data("", true),
    ],
    text: "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    closing: true,
  },
  {
    name: "own: close when the client asked for it",
    rule: "RFC 9112, 9.6",
    request: getClose,
    options: own,
    events: [head(200, length(0, ["A", "b"], ["connection", "keep-alive"]), true)],
    text: "HTTP/1.1 200 OK\r\nA: b\r\nconnection: close\r\nContent-Length: 0\r\n\r\n",
    closing: true,
  },
  {
    name: "own: keep-alive for an HTTP/1.0 client that asked for it",
    rule: "RFC 9112, C.2.2",
    request: get10Keep,
    options: own,
    events: [head(200, length(0), true)],
    text: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
    closing: false,
  },
  {
    name: "own: nothing for an HTTP/1.0 client that did not",
    rule: "RFC 9112, 9.3",
    request: get10,
    options: own,
    events: [head(200, length(0), true)],
    text: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    closing: true,
  },
  {
    name: "own: a 1.0 response to a 1.1 client stays open and says so",
    rule: "RFC 9112, 9.3",
    options: own,
    events: [head(200, { ...length(0), version: "HTTP/1.0" }, true)],
    text: "HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
    closing: false,
  },
  {
    name: "own: 101 keeps its Upgrade",
    rule: "RFC 9110, 7.8",
    request: "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n",
    options: own,
    events: [head(101, { fields: Fields.of(["Connection", "upgrade, X"], ["X", "y"], ["Upgrade", "echo"]) })],
    text: "HTTP/1.1 101 OK\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n",
    closing: false,
  },
  {
    name: "2xx to CONNECT has no framing fields",
    rule: "RFC 9110, 9.3.6",
    request: "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
    events: [
      head(200, {
        framing: "none",
        fields: Fields.of(["Content-Length", "0"], ["Transfer-Encoding", "chunked"], ["a", "b"]),
      }, true),
    ],
    text: "HTTP/1.1 200 OK\r\na: b\r\n\r\n",
    closing: false,
  },
  {
    name: "anything else to CONNECT is a response",
    rule: "RFC 9110, 9.3.6",
    request: "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
    events: [head(502, length(2)), data("no", true)],
    text: "HTTP/1.1 502 OK\r\nContent-Length: 2\r\n\r\nno",
    closing: false,
  },
  {
    name: "after a bad request: the answer says close",
    rule: "RFC 9112, 9.6",
    request: "GET / HTTP/1.1\r\n\r\n",
    events: [head(400, length(2, ["Connection", "keep-alive"])), data("no", true)],
    text: "HTTP/1.1 400 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno",
    closing: true,
  },
  {
    name: "own: after a bad body: the answer says close",
    rule: "RFC 9112, 9.6",
    request: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx",
    options: own,
    events: [head(400, length(2)), data("no", true)],
    text: "HTTP/1.1 400 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno",
    closing: true,
  },
];

for (const row of rows) {
  Deno.test(`response writer: ${row.name} (${row.rule})`, () => {
    const server = serverAfter(row.request ?? get, row.options ?? strict);
    for (const event of row.events) {
      assert.equal(server.closing, false, "closing before the end of the response");
      server.send(event);
    }
    assert.equal(takeText(server), row.text);
    assert.equal(server.closing, row.closing);
    assert.equal(server.aborted, false);
  });
}

Deno.test("response writer: the head given is not changed", () => {
  const server = serverAfter(get10Keep, own);
  const fields = Fields.of(["Connection", "X"], ["X", "y"], ["Transfer-Encoding", "chunked"]);
  const before = [...fields];
  const given = responseHead(200, { framing: "chunked", fields });
  server.send({ kind: "head", stream: 1, head: given, end: false });
  assert.deepEqual([...fields], before);
  assert.equal(given.framing, "chunked");
});

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
