// What a response says of the connection, and what becomes of it: persistence, hop-by-hop fields, Upgrade, CONNECT
// (RFC 9112, 9; RFC 9110, 7.6.1 and 7.8).

import { Fields } from "../../lib/http/fields.ts";
import { own } from "./drive.ts";
import { data, get10, get10Keep, getClose, head, length, type Row, testRows } from "./response_writing.ts";

const rows: Row[] = [
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
    name: "own: a proxy keeps no connection with an HTTP/1.0 client that asked for it",
    rule: "RFC 9112, 9.3",
    request: get10Keep,
    options: own,
    events: [head(200, length(0), true)],
    text: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    closing: true,
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

testRows(rows);
