// What goes to the encoder for a request of any version (RFC 9113, 8.3.1; RFC 8441).

import assert from "node:assert/strict";
import { Fields } from "../../lib/http/fields.ts";
import type { RequestHead } from "../../lib/http/head.ts";
import { type RequestWriting, writeRequestHead } from "../../lib/http2/head_writer.ts";
import { readRequestHead } from "../../lib/http2/request_reader.ts";
import { ListSink } from "./head_lists.ts";
import { cookieRows } from "./cookie_head_rows.ts";
import { requestWritingRows } from "./request_head_writing_rows.ts";

const plain: RequestWriting = { own: false, extendedConnect: false, scheme: "https" };

function requestHead(more: Partial<RequestHead>): RequestHead {
  return {
    kind: "request",
    version: "HTTP/1.1",
    method: "GET",
    target: "/",
    targetForm: "origin",
    scheme: "",
    authority: "a",
    path: "/",
    protocol: null,
    framing: "none",
    contentLength: null,
    fields: Fields.of(["Host", "a"]),
    ...more,
  };
}

for (const row of [...requestWritingRows, ...cookieRows]) {
  Deno.test(`request head writer: ${row.name} (${row.rule})`, () => {
    const head = requestHead(row.head);
    const before = [...head.fields];
    const sink = new ListSink();
    writeRequestHead(head, { ...plain, ...row.options }, sink);
    const lines = sink.lines().map((line) => line.replace(/ \(never\)$/, ""));
    assert.deepEqual(lines, row.lines);
    assert.deepEqual([...head.fields], before, "the head given is not changed");
    const again = readRequestHead(sink.block(), false, row.options?.extendedConnect ?? false);
    assert.equal(again.kind, "request", "what is written is legal");
  });
}

const never: [name: string, rule: string, head: Partial<RequestHead>, lines: string[]][] = [
  ["what came as never indexed stays so, by name", "RFC 7541, 6.2.3", {
    version: "HTTP/2.0",
    fields: Object.assign(Fields.of(["x", "1"], ["y", "2"], ["x", "3"]), {
      neverIndexed: new Set([":path", "x"]),
    }),
  }, [
    ":method: GET",
    ":authority: a",
    ":scheme: https",
    ":path: / (never)",
    "x: 1 (never)",
    "y: 2",
    "x: 3 (never)",
  ]],
  ["of HTTP/2 nothing else is", "RFC 7541, 6.2.3", {
    version: "HTTP/2.0",
    fields: Fields.of(["authorization", "x"], ["cookie", "a=b"]),
  }, [":method: GET", ":authority: a", ":scheme: https", ":path: /", "authorization: x", "cookie: a=b"]],
  ["of HTTP/1 what gives access and can be guessed", "RFC 7541, 7.1.3", {
    fields: Fields.of(
      ["Authorization", "x"],
      ["Proxy-Authorization", "x"],
      ["Cookie", "a=0123456789abcdefg"],
      ["Cookie", "a=0123456789abcdefgh"],
      ["Accept", "x"],
    ),
  }, [
    ":method: GET",
    ":authority: a",
    ":scheme: https",
    ":path: /",
    "authorization: x (never)",
    "proxy-authorization: x (never)",
    "cookie: a=0123456789abcdefg (never)",
    "cookie: a=0123456789abcdefgh",
    "accept: x",
  ]],
];
for (const [name, rule, head, lines] of never) {
  Deno.test(`request head writer: never indexed: ${name} (${rule})`, () => {
    const sink = new ListSink();
    writeRequestHead(requestHead(head), plain, sink);
    assert.deepEqual(sink.lines(), lines);
  });
}

const http2 = { version: "HTTP/2.0" } as const;
const connect = { method: "CONNECT", targetForm: "authority", path: "" } as const;
const mistakes: [name: string, head: Partial<RequestHead>][] = [
  ["an empty method", { method: "" }],
  ["a blank in the method", { method: "G T" }],
  ["a pseudo-field as method", { method: "GET\r\nx: y" }],
  ["an empty path", { target: "", path: "" }],
  ["a path without slash", { target: "x", path: "x" }],
  ["a URL as path", { ...http2, target: "http://b/", path: "http://b/" }],
  ["an asterisk for GET", { target: "*", targetForm: "asterisk", path: "*" }],
  ["a blank in the path", { target: "/a b" }],
  ["a line break in the path", { target: "/\r\n" }],
  ["NUL in the path", { target: "/\0" }],
  ["a wide character in the path", { target: "/\u0120" }],
  ["a bad path of an absolute target", { target: "http://b/", targetForm: "absolute", path: "/ " }],
  ["no scheme", { scheme: "ht tp" }],
  ["userinfo", { authority: "u@a" }],
  ["a line break in the authority", { authority: "a\r\nx: y" }],
  ["a wide character in the authority", { authority: "\u0161" }],
  ["CONNECT without port", { ...connect, target: "a", authority: "a" }],
  ["CONNECT to nowhere", { ...connect, target: "", authority: "" }],
  ["extended CONNECT to a server that takes none", { ...http2, method: "CONNECT", protocol: "websocket" }],
  ["an empty name", { fields: Fields.of(["", "x"]) }],
  ["a pseudo-field among the fields", { fields: Fields.of([":path", "/x"]) }],
  ["a blank in a name", { fields: Fields.of(["x ", "y"]) }],
  ["a line break in a name", { fields: Fields.of(["x\r\ny", "z"]) }],
  ["a letter whose lower case is another", { fields: Fields.of(["\u212a", "y"]) }],
  ["CR in a value", { fields: Fields.of(["x", "a\rb"]) }],
  ["LF in a value", { fields: Fields.of(["x", "a\nb"]) }],
  ["NUL in a value", { fields: Fields.of(["x", "\0"]) }],
  ["a character whose low byte is LF", { fields: Fields.of(["x", "\u010a"]) }],
  ["a line break in a cookie", { ...http2, fields: Fields.of(["cookie", "a\nb"]) }],
  ["a line break in a host", { ...http2, authority: "a\nb", fields: Fields.of(["host", "a\nb"]) }],
];
for (const [name, more] of mistakes) {
  Deno.test(`request head writer: ${name} throws, and the encoder gets nothing`, () => {
    const sink = new ListSink();
    assert.throws(() => writeRequestHead(requestHead(more), plain, sink), TypeError);
    assert.deepEqual(sink.list, []);
  });
}

Deno.test("request head writer: a protocol that is none throws", () => {
  const sink = new ListSink();
  const head = requestHead({ version: "HTTP/2.0", method: "CONNECT", protocol: "a b" });
  assert.throws(() => writeRequestHead(head, { ...plain, extendedConnect: true }, sink), TypeError);
  assert.deepEqual(sink.list, []);
});
