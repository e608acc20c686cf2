// The handshake of a WebSocket in the forms of both versions (RFC 6455, 4; RFC 8441, 5).

import assert from "node:assert/strict";
import { Fields } from "../../lib/http/fields.ts";
import type { RequestHead } from "../../lib/http/head.ts";
import {
  acceptedConnect,
  handshakeFlaw,
  isWebSocketRequest,
  switchingToWebSocket,
  webSocketAccept,
  webSocketUpgrade,
} from "../../lib/http/websocket.ts";
import { requestHead, responseHead } from "../http1/drive.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const connect = requestHead("CONNECT", "/chat", {
  version: "HTTP/2.0",
  protocol: "websocket",
  fields: Fields.of(["origin", "https://b"], ["sec-websocket-protocol", "x, y"]),
});

Deno.test("websocket: what a key is answered with is the RFC's own example", () => {
  assert.equal(webSocketAccept(KEY), ACCEPT);
});

const requests: [name: string, head: RequestHead, is: boolean][] = [
  ["an Upgrade", requestHead("GET", "/", { protocol: "websocket" }), true],
  ["an Upgrade, in other case", requestHead("GET", "/", { protocol: "WebSocket" }), true],
  ["an Upgrade beside h2c", requestHead("GET", "/", { protocol: "h2c, websocket" }), true],
  ["an Upgrade before h2c", requestHead("GET", "/", { protocol: "websocket,h2c" }), true],
  ["extended CONNECT", connect, true],
  ["extended CONNECT, in other case", { ...connect, protocol: "WEBSOCKET" }, true],
  ["no protocol", requestHead("GET", "/"), false],
  ["CONNECT", requestHead("CONNECT", "a:1"), false],
  ["another protocol", requestHead("GET", "/", { protocol: "chat/1" }), false],
  ["one of several", requestHead("GET", "/", { protocol: "chat/1, websocket" }), false],
  ["h2c alone", requestHead("GET", "/", { protocol: "h2c" }), false],
  ["another method", requestHead("POST", "/", { protocol: "websocket" }), false],
  ["content", requestHead("GET", "/", { protocol: "websocket", framing: "chunked" }), false],
  ["extended CONNECT for another protocol", { ...connect, protocol: "connect-udp" }, false],
];
for (const [name, head, is] of requests) {
  Deno.test(`websocket: ${name}: ${is ? "is" : "is not"} a request for one`, () => {
    assert.equal(isWebSocketRequest(head), is);
  });
}

Deno.test("websocket: extended CONNECT as an Upgrade: everything else stays, the head given too", () => {
  const head = webSocketUpgrade({
    ...connect,
    fields: Fields.of(["a", "b"], ["sec-websocket-key", "of no use"], ["c", "d"]),
  }, KEY);
  assert.deepEqual([head.method, head.target, head.protocol, head.version], [
    "GET",
    "/chat",
    "websocket",
    "HTTP/2.0",
  ]);
  assert.deepEqual([...head.fields], [
    ["a", "b"],
    ["sec-websocket-key", KEY],
    ["c", "d"],
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Version", "13"],
  ]);
  assert.deepEqual([connect.method, connect.fields.length], ["CONNECT", 2]);
});

Deno.test("websocket: a version that was said stays", () => {
  const fields = Fields.of(["sec-websocket-version", "8"]);
  assert.deepEqual([...webSocketUpgrade({ ...connect, fields }, KEY).fields], [
    ["sec-websocket-version", "8"],
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Key", KEY],
  ]);
});

Deno.test("websocket: 2xx as 101, and 101 as 2xx", () => {
  const accepted = responseHead(200, {
    version: "HTTP/2.0",
    reason: "",
    framing: "stream",
    fields: Fields.of(["sec-websocket-protocol", "x"], ["content-length", "0"], ["set-cookie", "a=1"]),
  });
  const switching = switchingToWebSocket(accepted, KEY);
  assert.deepEqual([switching.status, switching.framing, switching.version], [101, "none", "HTTP/2.0"]);
  assert.deepEqual([...switching.fields], [
    ["sec-websocket-protocol", "x"],
    ["set-cookie", "a=1"],
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Accept", ACCEPT],
  ]);
  const back = acceptedConnect(switching);
  assert.deepEqual([back.status, back.reason], [200, ""]);
  assert.deepEqual([...back.fields], [["sec-websocket-protocol", "x"], ["set-cookie", "a=1"]]);
  assert.equal(switching.fields.length, 4);
});

const good: [string, string][] = [
  ["Upgrade", "WebSocket"],
  ["Connection", "keep-alive, Upgrade"],
  ["Sec-WebSocket-Accept", ACCEPT],
];
const handshakes: [name: string, fields: [string, string][], flaw: RegExp | null][] = [
  ["as it should be", good, null],
  ["no Upgrade", good.slice(1), /Upgrade/],
  ["another Upgrade", [["Upgrade", "chat"], ...good.slice(1)], /Upgrade/],
  [
    "Connection does not name it",
    [["Connection", "keep-alive"], ...good.filter((_, index) => index !== 1)],
    /Connection/,
  ],
  ["no Sec-WebSocket-Accept", good.slice(0, 2), /Sec-WebSocket-Accept/],
  [
    "another Sec-WebSocket-Accept",
    [...good.slice(0, 2), ["Sec-WebSocket-Accept", KEY]],
    /Sec-WebSocket-Accept/,
  ],
];
for (const [name, fields, flaw] of handshakes) {
  Deno.test(`websocket: a 101: ${name}`, () => {
    const found = handshakeFlaw(responseHead(101, { fields: Fields.of(...fields) }), KEY);
    if (flaw === null) assert.equal(found, null);
    else assert.match(found!.message, flaw);
  });
}
