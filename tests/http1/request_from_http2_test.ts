// What the client role writes for a request that came over HTTP/2 (RFC 9113, 8.2.3 and 8.3.1; RFC 9110, 7.6.1).

import { Fields } from "../../lib/http/fields.ts";
import { own } from "./drive.ts";
import { data, type Row, testRows } from "./request_writing.ts";

const rows: Row[] = [
  {
    name: "Host from the authority, first",
    rule: "RFC 9113, 8.3.1",
    head: { version: "HTTP/2.0", authority: "b:8443", fields: Fields.of(["x", "y"]) },
    body: null,
    text: "GET / HTTP/1.1\r\nHost: b:8443\r\nx: y\r\n\r\n",
  },
  {
    name: "a host field from HTTP/2 gives way to the authority",
    rule: "RFC 9113, 8.3.1",
    head: { version: "HTTP/2.0", authority: "b", fields: Fields.of(["x", "y"], ["host", "c"]) },
    body: null,
    text: "GET / HTTP/1.1\r\nHost: b\r\nx: y\r\n\r\n",
  },
  {
    name: "a host field from HTTP/2 without authority",
    rule: "RFC 9113, 8.3.1",
    head: { version: "HTTP/2.0", authority: "", fields: Fields.of(["x", "y"], ["host", "c"]) },
    body: null,
    text: "GET / HTTP/1.1\r\nx: y\r\nhost: c\r\n\r\n",
  },
  {
    name: "no authority at all: an empty Host",
    rule: "RFC 9112, 3.2",
    head: { version: "HTTP/2.0", authority: "", fields: Fields.of(["x", "y"]) },
    body: null,
    text: "GET / HTTP/1.1\r\nHost: \r\nx: y\r\n\r\n",
  },
  {
    name: "cookie crumbs from HTTP/2 become one line",
    rule: "RFC 9113, 8.2.3",
    head: {
      version: "HTTP/2.0",
      fields: Fields.of(["cookie", "a=1"], ["x", "y"], ["cookie", "b=2"], ["cookie", "c"]),
    },
    body: null,
    text: "GET / HTTP/1.1\r\nHost: a\r\ncookie: a=1; b=2; c\r\nx: y\r\n\r\n",
  },
  {
    name: "te from HTTP/2 is named in Connection",
    rule: "RFC 9110, 10.1.4",
    head: { version: "HTTP/2.0", fields: Fields.of(["te", "trailers"]) },
    body: null,
    text: "GET / HTTP/1.1\r\nHost: a\r\nte: trailers\r\nConnection: TE\r\n\r\n",
  },
  {
    name: "keep: Proxy-Authorization from HTTP/2 is passed on",
    rule: "RFC 9110, 11.7.2",
    head: { version: "HTTP/2.0", fields: Fields.of(["proxy-authorization", "x"], ["a", "b"]) },
    body: null,
    text: "GET / HTTP/1.1\r\nHost: a\r\nproxy-authorization: x\r\na: b\r\n\r\n",
  },
  {
    name: "own: Proxy-Authorization from HTTP/2 is ours",
    rule: "RFC 9110, 11.7.2",
    options: own,
    head: { version: "HTTP/2.0", fields: Fields.of(["proxy-authorization", "x"], ["a", "b"]) },
    body: null,
    text: "GET / HTTP/1.1\r\nHost: a\r\na: b\r\n\r\n",
  },
  {
    name: "CONNECT from HTTP/2",
    rule: "RFC 9112, 3.2.3",
    method: "CONNECT",
    target: "b:443",
    head: { version: "HTTP/2.0", targetForm: "authority", authority: "b:443", fields: Fields.of(["x", "y"]) },
    body: null,
    text: "CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\nx: y\r\n\r\n",
  },
  {
    name: "the trailers of a stream",
    rule: "RFC 9112, 7.1.2",
    method: "POST",
    head: { version: "HTTP/2.0", framing: "stream", fields: Fields.of(["trailer", "t"]) },
    body: [data("x", false), { kind: "trailers", stream: 1, fields: Fields.of(["t", "1"], ["host", "b"]) }],
    text: "POST / HTTP/1.1\r\nHost: a\r\ntrailer: t\r\nTransfer-Encoding: chunked\r\n\r\n" +
      "1\r\nx\r\n0\r\nt: 1\r\n\r\n",
  },
  {
    name: "a length of 0 from HTTP/2",
    rule: "RFC 9110, 8.6",
    method: "DELETE",
    head: {
      version: "HTTP/2.0",
      framing: "length",
      contentLength: 0,
      fields: Fields.of(["content-length", "0"]),
    },
    body: null,
    text: "DELETE / HTTP/1.1\r\nHost: a\r\ncontent-length: 0\r\n\r\n",
  },
  {
    name: "a body of unknown length is chunked",
    rule: "RFC 9112, 7.1",
    method: "POST",
    head: { version: "HTTP/2.0", framing: "stream", fields: new Fields() },
    body: [data("x", false), data("yz", true)],
    text: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n2\r\nyz\r\n0\r\n\r\n",
  },
  {
    name: "an empty POST from HTTP/2 says so",
    rule: "RFC 9110, 8.6",
    method: "POST",
    head: { version: "HTTP/2.0", framing: "stream", fields: new Fields() },
    body: null,
    text: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
  },
  {
    name: "an empty GET from HTTP/2 does not",
    rule: "RFC 9110, 8.6",
    head: { version: "HTTP/2.0", framing: "stream", fields: new Fields() },
    body: null,
    text: "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
  },
];

testRows(rows);
