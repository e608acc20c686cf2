// Heads from HTTP/1 to HTTP/2 and back, and the other way round: what must be kept is kept (RFC 9113, 8; RFC 9110, 7.6.1).

import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Encode } from "../../lib/bytes/latin1.ts";
import type { HttpConnection } from "../../lib/http/connection.ts";
import { type Fields, trimBlanks } from "../../lib/http/fields.ts";
import type { Head, RequestHead, ResponseHead } from "../../lib/http/head.ts";
import { requestHeadText, responseHeadText } from "../../lib/http1/head_writer.ts";
import { Http1Server } from "../../lib/http1/server.ts";
import { requestWireFraming, responseWireFraming } from "../../lib/http1/wire_framing.ts";
import { writeRequestHead, writeResponseHead } from "../../lib/http2/head_writer.ts";
import { readRequestHead } from "../../lib/http2/request_reader.ts";
import { readResponseHead } from "../../lib/http2/response_reader.ts";
import { clientAfter, strict } from "../http1/drive.ts";
import { authority, method, requestHeads, responseHeads, target, value } from "./head_arbitraries.ts";
import { linesOf, ListSink } from "./head_lists.ts";

const options = { own: false, extendedConnect: false, scheme: "https" } as const;

function headFrom(connection: HttpConnection, text: string): { head: Head; end: boolean } {
  connection.receive(latin1Encode(text));
  const event = connection.next();
  assert.ok(event?.kind === "head", JSON.stringify(event));
  return event;
}

function throughHttp2(head: RequestHead, end: boolean): RequestHead {
  const sink = new ListSink();
  writeRequestHead(head, options, sink);
  const again = readRequestHead(sink.block(), end, false);
  assert.ok(again.kind === "request", JSON.stringify(again));
  return again;
}

function responseThroughHttp2(head: ResponseHead, end: boolean, requestMethod: string): ResponseHead {
  const sink = new ListSink();
  writeResponseHead(head, false, sink, requestMethod);
  const again = readResponseHead(sink.block(), end, requestMethod, []);
  assert.ok(again.kind === "response", JSON.stringify(again));
  return again;
}

function requestText(head: RequestHead, end: boolean): string {
  return requestHeadText(head, false, requestWireFraming(head, end));
}

function responseText(head: ResponseHead, end: boolean, requestMethod: string): string {
  const wire = responseWireFraming(head, end, "HTTP/1.1", "HTTP/1.1", requestMethod);
  return responseHeadText(head, false, wire, []);
}

interface Row {
  name: string;
  /** What answers `method`; without it the row is a request. */
  method?: string;
  sent: string;
  arrived: string;
}

const long = Array.from({ length: 20 }, (_, index) => `n${index}=0123456789abcdef`).join("; ");

const rows: Row[] = [
  {
    name: "a browser's request",
    sent: "GET /a?b HTTP/1.1\r\nHost: Example.com:443\r\nConnection: keep-alive\r\nUser-Agent: x\r\n" +
      `Cookie: ${long}\r\nTE: trailers\r\nUpgrade-Insecure-Requests: 1\r\n\r\n`,
    arrived: "GET /a?b HTTP/1.1\r\nHost: Example.com:443\r\nuser-agent: x\r\n" +
      `cookie: ${long}\r\nte: trailers\r\nupgrade-insecure-requests: 1\r\nConnection: TE\r\n\r\n`,
  },
  {
    name: "a request with a length, in odd case and order",
    sent: "POST / HTTP/1.1\r\nx: 1\r\nHOST: a\r\nX: 2\r\nCONTENT-length: 3\r\nExpect: 100-continue\r\n\r\n",
    arrived:
      "POST / HTTP/1.1\r\nHost: a\r\nx: 1\r\nx: 2\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n",
  },
  {
    name: "a chunked request",
    sent: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: t\r\n\r\n",
    arrived: "POST / HTTP/1.1\r\nHost: a\r\ntrailer: t\r\nTransfer-Encoding: chunked\r\n\r\n",
  },
  {
    name: "an empty POST",
    sent: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    arrived: "POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 0\r\n\r\n",
  },
  {
    name: "CONNECT",
    sent:
      "CONNECT a:443 HTTP/1.1\r\nHost: a\r\nProxy-Authorization: x\r\nProxy-Connection: keep-alive\r\n\r\n",
    arrived: "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nproxy-authorization: x\r\n\r\n",
  },
  {
    name: "OPTIONS *",
    sent: "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    arrived: "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
  },
  {
    name: "HTTP/1.0 without Host",
    sent: "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    arrived: "GET / HTTP/1.1\r\nHost: \r\n\r\n",
  },
  {
    name: "a response with a length",
    method: "GET",
    sent: "HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nSet-Cookie: a\r\nKeep-Alive: 5\r\nSet-Cookie: b\r\n\r\n",
    arrived: "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nset-cookie: a\r\nset-cookie: b\r\n\r\n",
  },
  {
    name: "a chunked response",
    method: "GET",
    sent: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: t\r\n\r\n",
    arrived: "HTTP/1.1 200 OK\r\ntrailer: t\r\nTransfer-Encoding: chunked\r\n\r\n",
  },
  {
    name: "a response until the close",
    method: "GET",
    sent: "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n",
    arrived: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
  },
  {
    name: "a response to HEAD",
    method: "HEAD",
    sent: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
    arrived: "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n",
  },
  {
    name: "304",
    method: "GET",
    sent: 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 5\r\n\r\n',
    arrived: 'HTTP/1.1 304 Not Modified\r\netag: "x"\r\ncontent-length: 5\r\n\r\n',
  },
  {
    name: "103",
    method: "GET",
    sent: "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
    arrived: "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n",
  },
];

for (const row of rows) {
  Deno.test(`head translation: HTTP/1 to 2 and back: ${row.name}`, () => {
    if (row.method === undefined) {
      const { head, end } = headFrom(new Http1Server(strict), row.sent);
      assert.ok(head.kind === "request");
      assert.equal(requestText(throughHttp2(head, end), end), row.arrived);
    } else {
      const { head, end } = headFrom(clientAfter(row.method), row.sent);
      assert.ok(head.kind === "response");
      assert.equal(responseText(responseThroughHttp2(head, end, row.method), end, row.method), row.arrived);
    }
  });
}

const hopByHop = fc.constantFrom<[string, string]>(
  ["Connection", "close"],
  ["Keep-Alive", "5"],
  ["Proxy-Connection", "x"],
  ["TE", "gzip"],
);
const name = fc.constantFrom("Accept", "x-y", "X-Y", "Cookie", "Authorization", "Cache-Control", "Via");
const lines = fc.array(
  fc.oneof({ weight: 4, arbitrary: fc.tuple(name, value) }, hopByHop),
  { maxLength: 8 },
);
const framings = fc.constantFrom<[string, string] | null>(
  null,
  ["Content-Length", "7"],
  ["Content-Length", "0"],
  ["Transfer-Encoding", "chunked"],
);

/** The lines that must arrive, in order, but for those that frame, route or concern the connection. */
function endToEnd(fields: Iterable<[string, string]>): string[] {
  const left = /^(host|content-length|transfer-encoding|connection|keep-alive|proxy-connection|te|cookie)$/;
  return Array.from(fields, ([name, value]): [string, string] => [name.toLowerCase(), value])
    .filter(([name]) => !left.test(name))
    .map(([name, value]) => `${name}: ${value}`);
}

/** As one line; blanks at its ends, left by empty crumbs, are lost on the way. */
function cookies(fields: Fields): string {
  return trimBlanks(fields.all("cookie").join("; "));
}

Deno.test("property: a request from HTTP/1 keeps its meaning over HTTP/2 and back", () => {
  const methods = method.filter((text) => text !== "CONNECT" && text !== "OPTIONS");
  fc.assert(fc.property(methods, target, authority, lines, framings, (method, path, host, lines, framing) => {
    const fields = [["Host", host], ...lines, ...framing === null ? [] : [framing]];
    const text = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const sent = headFrom(new Http1Server(strict), `${method} ${path} HTTP/1.1\r\n${text}\r\n`);
    assert.ok(sent.head.kind === "request");
    const between = throughHttp2(sent.head, sent.end);
    const arrived = headFrom(new Http1Server(strict), requestText(between, sent.end));
    assert.ok(arrived.head.kind === "request");
    assert.equal(arrived.head.method, method);
    assert.equal(arrived.head.target, path);
    assert.equal(arrived.head.authority, host);
    assert.equal(arrived.end, sent.end);
    assert.deepEqual(endToEnd(arrived.head.fields), endToEnd(sent.head.fields));
    assert.equal(cookies(arrived.head.fields), cookies(sent.head.fields));
    if (sent.head.framing !== "none") {
      assert.equal(arrived.head.framing, sent.head.framing);
      assert.equal(arrived.head.contentLength, sent.head.contentLength);
    }
  }));
});

Deno.test("property: a request from HTTP/2 keeps its meaning over HTTP/1 and back", () => {
  fc.assert(fc.property(requestHeads, ({ head, end }) => {
    const between = headFrom(new Http1Server(strict), requestText(head, end));
    assert.ok(between.head.kind === "request");
    const arrived = throughHttp2({ ...between.head, scheme: head.scheme }, between.end);
    for (const key of ["method", "target", "targetForm", "scheme", "authority", "path"] as const) {
      assert.equal(arrived[key], head[key], key);
    }
    assert.deepEqual(endToEnd(arrived.fields), endToEnd(head.fields));
    assert.equal(cookies(arrived.fields), cookies(head.fields));
    assert.equal(arrived.fields.has("te"), head.fields.has("te"));
    if (head.framing !== "none") assert.equal(arrived.framing, head.framing);
  }));
});

Deno.test("property: a response from HTTP/2 keeps its meaning over HTTP/1 and back", () => {
  fc.assert(fc.property(responseHeads, ({ head, end }) => {
    const between = headFrom(clientAfter("GET"), responseText(head, end, "GET"));
    assert.ok(between.head.kind === "response");
    const arrived = responseThroughHttp2(between.head, between.end, "GET");
    assert.equal(arrived.status, head.status);
    assert.equal(between.end, end || head.contentLength === 0);
    assert.deepEqual(
      linesOf(arrived.fields).filter((line) => !line.startsWith("content-length")),
      linesOf(head.fields).filter((line) => !line.startsWith("content-length")),
    );
    if (head.framing !== "none") {
      assert.equal(arrived.framing, head.framing);
      assert.equal(arrived.contentLength, head.contentLength);
    }
  }));
});
