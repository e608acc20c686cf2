// What goes to the encoder for responses and trailers of any version (RFC 9113, 8.1, 8.2, 8.3.2; RFC 9110, 8.6).

import assert from "node:assert/strict";
import { Fields } from "../../lib/http/fields.ts";
import type { ResponseHead } from "../../lib/http/head.ts";
import { writeResponseHead, writeTrailers } from "../../lib/http2/head_writer.ts";
import { readResponseHead } from "../../lib/http2/response_reader.ts";
import { ListSink } from "./head_lists.ts";

function responseHead(status: number, more: Partial<ResponseHead>): ResponseHead {
  return {
    kind: "response",
    version: "HTTP/1.1",
    status,
    reason: "OK",
    framing: "none",
    contentLength: null,
    fields: new Fields(),
    ...more,
  };
}

interface Row {
  name: string;
  rule: string;
  status?: number;
  head: Partial<ResponseHead>;
  own?: boolean;
  /** What it answers; null: not known. */
  method?: string;
  lines: string[];
}

const length = (text: string): Fields => Fields.of(["Content-Length", text]);

const rows: Row[] = [
  {
    name: "names in lower case, order and duplicates kept, no reason",
    rule: "RFC 9113, 8.2.1",
    status: 404,
    head: { reason: "Gone\r\n", fields: Fields.of(["Set-Cookie", "a"], ["x", "\xe9"], ["Set-Cookie", "b"]) },
    lines: [":status: 404", "set-cookie: a", "x: \xe9", "set-cookie: b"],
  },
  {
    name: "connection-specific fields are left out, and what Connection names",
    rule: "RFC 9113, 8.2.2",
    head: {
      fields: Fields.of(
        ["Connection", "X, Upgrade"],
        ["Upgrade", "h2"],
        ["Keep-Alive", "300"],
        ["Proxy-Connection", "x"],
        ["TE", "trailers"],
        ["X", "y"],
        ["Server", "s"],
      ),
    },
    lines: [":status: 200", "server: s"],
  },
  {
    name: "keep: Proxy-Authenticate is passed on",
    rule: "RFC 9110, 11.7.1",
    status: 407,
    head: { version: "HTTP/2.0", fields: Fields.of(["proxy-authenticate", "x"]) },
    lines: [":status: 407", "proxy-authenticate: x"],
  },
  {
    name: "own: Proxy-Authenticate is ours",
    rule: "RFC 9110, 11.7.1",
    status: 407,
    own: true,
    head: { fields: Fields.of(["Proxy-Authenticate", "x"]) },
    lines: [":status: 407"],
  },
  {
    name: "length",
    rule: "RFC 9113, 8.1.1",
    head: { framing: "length", contentLength: 5, fields: length("05") },
    lines: [":status: 200", "content-length: 05"],
  },
  {
    name: "a length that was not said",
    rule: "RFC 9110, 8.6",
    head: { framing: "length", contentLength: 5 },
    lines: [":status: 200", "content-length: 5"],
  },
  {
    name: "chunked: neither coding nor length",
    rule: "RFC 9113, 8.2.2",
    head: {
      framing: "chunked",
      fields: Fields.of(["Transfer-Encoding", "chunked"], ["Content-Length", "5"], ["Trailer", "x"]),
    },
    lines: [":status: 200", "trailer: x"],
  },
  {
    name: "another transfer coding becomes a content coding",
    rule: "RFC 9113, 8.2.2",
    head: { framing: "chunked", fields: Fields.of(["Transfer-Encoding", "deflate, gzip, chunked"]) },
    lines: [":status: 200", "content-encoding: deflate, gzip"],
  },
  {
    name: "until the close: no length",
    rule: "RFC 9113, 8.1",
    head: { version: "HTTP/1.0", framing: "close", fields: Fields.of(["Connection", "close"]) },
    lines: [":status: 200"],
  },
  {
    name: "a response to HEAD keeps its length",
    rule: "RFC 9110, 8.6",
    method: "HEAD",
    head: { fields: length("5") },
    lines: [":status: 200", "content-length: 5"],
  },
  {
    name: "a response to HEAD with a length beside a transfer coding",
    rule: "RFC 9112, 6.2",
    method: "HEAD",
    head: { fields: Fields.of(["Content-Length", "5"], ["Transfer-Encoding", "chunked"]) },
    lines: [":status: 200"],
  },
  ...["x", ""].map((text): Row => ({
    name: `a response to HEAD with the length ${JSON.stringify(text)}`,
    rule: "RFC 9110, 8.6",
    method: "HEAD",
    head: { fields: length(text) },
    lines: [":status: 200"],
  })),
  {
    name: "a response to HEAD with two lengths",
    rule: "RFC 9110, 8.6",
    method: "HEAD",
    head: { fields: Fields.of(["Content-Length", "5"], ["Content-Length", "5"]) },
    lines: [":status: 200"],
  },
  {
    name: "304 keeps its length",
    rule: "RFC 9110, 15.4.5",
    status: 304,
    head: { fields: length("5") },
    lines: [":status: 304", "content-length: 5"],
  },
  {
    name: "not known what it answers: a length is believed",
    rule: "RFC 9110, 8.6",
    head: { fields: length("5") },
    lines: [":status: 200", "content-length: 5"],
  },
  {
    name: "without a body it has no length but 0",
    rule: "RFC 9113, 8.1.1",
    method: "GET",
    head: { fields: length("5") },
    lines: [":status: 200"],
  },
  {
    name: "204 has no length but 0",
    rule: "RFC 9110, 8.6",
    status: 204,
    head: { framing: "length", contentLength: 5, fields: length("5") },
    lines: [":status: 204"],
  },
  {
    name: "204 with length 0 is left alone",
    rule: "RFC 9110, 8.6",
    status: 204,
    head: { fields: length("0") },
    lines: [":status: 204", "content-length: 0"],
  },
  {
    name: "interim responses have none at all",
    rule: "RFC 9110, 8.6",
    status: 103,
    head: { fields: Fields.of(["Link", "x"], ["Content-Length", "0"]) },
    lines: [":status: 103", "link: x"],
  },
  {
    name: "a successful answer to CONNECT has none",
    rule: "RFC 9110, 9.3.6",
    method: "CONNECT",
    head: { fields: length("0") },
    lines: [":status: 200"],
  },
  {
    name: "a refusal of CONNECT has one",
    rule: "RFC 9110, 9.3.6",
    status: 502,
    method: "CONNECT",
    head: { framing: "length", contentLength: 5, fields: length("5") },
    lines: [":status: 502", "content-length: 5"],
  },
];

for (const row of rows) {
  Deno.test(`response head writer: ${row.name} (${row.rule})`, () => {
    const head = responseHead(row.status ?? 200, row.head);
    const before = [...head.fields];
    const sink = new ListSink();
    if (row.method === undefined) writeResponseHead(head, row.own ?? false, sink);
    else writeResponseHead(head, row.own ?? false, sink, row.method);
    assert.deepEqual(sink.lines(), row.lines);
    assert.deepEqual([...head.fields], before, "the head given is not changed");
    const again = readResponseHead(sink.block(), false, row.method ?? "HEAD", []);
    assert.equal(again.kind, "response", "what is written is legal");
  });
}

const mistakes: [name: string, status: number, more: Partial<ResponseHead>][] = [
  ["101", 101, {}],
  ["a status of two digits", 99, {}],
  ["a status of four digits", 1000, {}],
  ["a broken status", 200.5, {}],
  ["a pseudo-field among the fields", 200, { fields: Fields.of(["x", "y"], [":status", "200"]) }],
  ["a name that is no token", 200, { fields: Fields.of(["x", "y"], ["a b", "c"]) }],
  ["a line break in a value", 200, { fields: Fields.of(["x", "y"], ["a", "b\r\nc: d"]) }],
  ["a wide character in a value", 200, { fields: Fields.of(["a", "\u0120"]) }],
];
for (const [name, status, more] of mistakes) {
  Deno.test(`response head writer: ${name} throws, and the encoder gets nothing`, () => {
    const sink = new ListSink();
    assert.throws(() => writeResponseHead(responseHead(status, more), false, sink), TypeError);
    assert.deepEqual(sink.list, []);
  });
}

Deno.test("trailers writer: names in lower case, what frames, routes or connects left out (RFC 9110, 6.5.1)", () => {
  const fields = Fields.of(
    ["X-Sum", "1"],
    ["x-sum", "\xe9"],
    ["Content-Length", "5"],
    ["Host", "a"],
    ["TE", "trailers"],
    ["Transfer-Encoding", "gzip, chunked"],
    ["Connection", "y"],
    ["Y", "z"],
    ["Proxy-Authenticate", "b"],
  );
  fields.neverIndexed = new Set(["x-sum"]);
  const kept = new ListSink();
  writeTrailers(fields, false, kept);
  assert.deepEqual(kept.lines(), ["x-sum: 1 (never)", "x-sum: \xe9 (never)", "proxy-authenticate: b"]);
  const owned = new ListSink();
  writeTrailers(fields, true, owned);
  assert.deepEqual(owned.lines(), ["x-sum: 1 (never)", "x-sum: \xe9 (never)"]);
});

Deno.test("trailers writer: mistakes throw, and the encoder gets nothing", () => {
  for (const bad of [Fields.of(["a", "b"], [":x", "y"]), Fields.of(["a", "b"], ["c", "d\n"])]) {
    const sink = new ListSink();
    assert.throws(() => writeTrailers(bad, false, sink), TypeError);
    assert.deepEqual(sink.list, []);
  }
});
