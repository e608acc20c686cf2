// What the server role writes for a response event: status line, framing, trailers, interim responses.

import assert from "node:assert/strict";
import { Fields } from "../../lib/http/fields.ts";
import { own, responseHead, serverAfter } from "./drive.ts";
import {
  chunked,
  data,
  get10,
  get10Keep,
  head,
  headRequest,
  http2,
  length,
  type Row,
  testRows,
} from "./response_writing.ts";

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
    name: "keep: Proxy-Authenticate from HTTP/2 is passed on",
    rule: "RFC 9110, 11.7.1",
    events: [head(407, http2("none", ["proxy-authenticate", "x"]), true)],
    text: "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: x\r\nContent-Length: 0\r\n\r\n",
    closing: false,
  },
  {
    name: "own: Proxy-Authenticate from HTTP/2 is ours",
    rule: "RFC 9110, 11.7.1",
    options: own,
    events: [head(407, http2("none", ["proxy-authenticate", "x"]), true)],
    text: "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
    closing: false,
  },
  {
    name: "Connection in a head from HTTP/2, where there is none, is not passed on",
    rule: "RFC 9110, 7.6.1",
    events: [head(200, http2("none", ["connection", "X"], ["X", "y"], ["a", "b"]), true)],
    text: "HTTP/1.1 200 OK\r\na: b\r\nContent-Length: 0\r\n\r\n",
    closing: false,
  },
  {
    name: "a stream with interim response and trailers",
    rule: "RFC 9112, 7.1.2",
    events: [
      head(103, http2("none", ["link", "x"])),
      head(200, http2("stream", ["trailer", "grpc-status"])),
      data("x", false),
      { kind: "trailers", stream: 1, fields: Fields.of(["grpc-status", "0"]) },
    ],
    text: "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" +
      "HTTP/1.1 200 OK\r\ntrailer: grpc-status\r\nTransfer-Encoding: chunked\r\n\r\n" +
      "1\r\nx\r\n0\r\ngrpc-status: 0\r\n\r\n",
    closing: false,
  },
  {
    name: "HEAD over HTTP/2, with its end to come: the length is that of what is not sent",
    rule: "RFC 9110, 8.6",
    request: headRequest,
    events: [head(200, { ...http2("none", ["content-length", "5"]), contentLength: 5 }), data("", true)],
    text: "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n",
    closing: false,
  },
  {
    name: "304 over HTTP/2",
    rule: "RFC 9110, 8.6",
    events: [head(304, { ...http2("none", ["content-length", "5"]), contentLength: 5 }, true)],
    text: "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n",
    closing: false,
  },
  {
    name: "204 over HTTP/2",
    rule: "RFC 9110, 8.6",
    events: [head(204, http2("none", ["content-length", "5"]), true)],
    text: "HTTP/1.1 204 No Content\r\n\r\n",
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
];

testRows(rows);

Deno.test("response writer: the head given is not changed", () => {
  const server = serverAfter(get10Keep, own);
  const fields = Fields.of(["Connection", "X"], ["X", "y"], ["Transfer-Encoding", "chunked"]);
  const before = [...fields];
  const given = responseHead(200, { framing: "chunked", fields });
  server.send({ kind: "head", stream: 1, head: given, end: false });
  assert.deepEqual([...fields], before);
  assert.equal(given.framing, "chunked");
});
