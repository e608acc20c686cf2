// What a request head says beside its lines: where it goes, in which form, and what it wants to become.

import assert from "node:assert/strict";
import type { RequestHead } from "../../lib/http/head.ts";
import { Http1Server } from "../../lib/http1/server.ts";
import { bytesOf, feed, Log, strict } from "./drive.ts";

function headOf(text: string): RequestHead {
  const server = new Http1Server(strict);
  let head: RequestHead | null = null;
  feed(server, bytesOf(text), new Log(), (event) => {
    if (event.kind === "head" && event.head.kind === "request") head = event.head;
  });
  assert.ok(head !== null, text);
  return head;
}

const targets: [
  method: string,
  target: string,
  form: string,
  scheme: string,
  authority: string,
  path: string,
][] = [
  ["GET", "/", "origin", "", "h:1", "/"],
  ["GET", "/a?b", "origin", "", "h:1", "/a?b"],
  ["GET", "//x", "origin", "", "h:1", "//x"],
  ["OPTIONS", "*", "asterisk", "", "h:1", "*"],
  ["CONNECT", "b:443", "authority", "", "b:443", ""],
  ["GET", "http://b", "absolute", "http", "b", "/"],
  ["GET", "HTTPS://B:8443/", "absolute", "https", "B:8443", "/"],
  ["GET", "http://b/a?c=d", "absolute", "http", "b", "/a?c=d"],
  ["GET", "http://b?c", "absolute", "http", "b", "/?c"],
  ["GET", "ws+x.1-y://[::1]:80/p", "absolute", "ws+x.1-y", "[::1]:80", "/p"],
  ["OPTIONS", "http://b", "absolute", "http", "b", "*"],
  ["OPTIONS", "http://b/", "absolute", "http", "b", "/"],
];
for (const [method, target, targetForm, scheme, authority, path] of targets) {
  Deno.test(`request head: ${method} ${target} (RFC 9112, 3.2)`, () => {
    const head = headOf(`${method} ${target} HTTP/1.1\r\nHost: h:1\r\n\r\n`);
    assert.deepEqual(
      [head.target, head.targetForm, head.scheme, head.authority, head.path],
      [target, targetForm, scheme, authority, path],
    );
  });
}

Deno.test("request head: without Host there is no authority", () => {
  assert.equal(headOf("GET / HTTP/1.0\r\n\r\n").authority, "");
  assert.equal(headOf("GET / HTTP/1.1\r\nHost:\r\n\r\n").authority, "");
});

const upgrades: [name: string, text: string, protocol: string | null][] = [
  [
    "named by Connection",
    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: x, UPGRADE\r\n\r\n",
    "WebSocket",
  ],
  [
    "several",
    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: a/1, b\r\nUpgrade: c\r\nConnection: upgrade\r\n\r\n",
    "a/1, b, c",
  ],
  [
    "not named by Connection",
    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: close\r\n\r\n",
    null,
  ],
  ["no Upgrade field", "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n\r\n", null],
  ["empty", "GET / HTTP/1.1\r\nHost: a\r\nUpgrade:\r\nConnection: upgrade\r\n\r\n", null],
  ["HTTP/1.0", "GET / HTTP/1.0\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", null],
  ["CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", null],
];
for (const [name, text, protocol] of upgrades) {
  Deno.test(`request head: Upgrade: ${name} (RFC 9110, 7.8)`, () =>
    assert.equal(headOf(text).protocol, protocol));
}
