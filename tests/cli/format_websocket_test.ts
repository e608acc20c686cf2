// The picture of a WebSocket in the text log: each message, PINGs and PONGs, and how it was closed.

import assert from "node:assert/strict";
import { TextPrinter } from "../../lib/cli/event_log_text.ts";
import type { Detail } from "../../lib/cli/format_event.ts";
import type { HttpFlow, WebSocketClose } from "../../lib/flow/record.ts";
import {
  makeFlowError,
  makeHttpFlow,
  makeWebSocket,
  makeWebSocketMessage,
  START,
  type WebSocketMessageParts,
} from "../kit/records.ts";

const PREFIX = "14:03:22.010 127.0.0.1:53412";

function chat(parts: Parameters<typeof makeHttpFlow>[0] = {}): HttpFlow {
  return makeHttpFlow({
    request: { path: "/chat", protocol: "websocket" },
    response: { status: 101, reason: "Switching Protocols" },
    websocket: makeWebSocket(),
    ...parts,
  });
}

function print(parts: WebSocketMessageParts, detail: Detail = 1, flow = chat()): string {
  const message = makeWebSocketMessage(parts);
  return new TextPrinter({ detail, color: false }).webSocketMessage(flow, message, message.body.bytes());
}

function printEnd(flow: HttpFlow): string {
  const totals = { messages: { client: 3, server: 1 }, bytes: { client: 300, server: 5 } };
  return new TextPrinter({ detail: 1, color: false }).webSocketEnd(flow, totals).replace(/^\S+ /, "");
}

function closed(parts: Partial<WebSocketClose>): HttpFlow {
  return chat({
    took: 120,
    websocket: makeWebSocket({ close: { at: START + 100, code: 1000, reason: "", by: "client", ...parts } }),
  });
}

const messages: { name: string; parts: WebSocketMessageParts; detail?: Detail; text: string }[] = [
  {
    name: "a line says direction, type and size",
    parts: {},
    text: `${PREFIX} -> http://example.com/chat ws text 5 bytes\n`,
  },
  {
    name: "one byte, from the server",
    parts: { fromClient: false, type: "binary", body: "\0" },
    text: `${PREFIX} <- http://example.com/chat ws binary 1 byte\n`,
  },
  {
    name: "from detail 2 on the text follows",
    parts: { body: "one\ntwo" },
    detail: 2,
    text: `${PREFIX} -> http://example.com/chat ws text 7 bytes\n    one\n    two\n`,
  },
  {
    name: "what is no text is a hex dump",
    parts: { type: "binary", body: "\x01\xff" },
    detail: 2,
    text: `${PREFIX} -> http://example.com/chat ws binary 2 bytes\n` +
      "    00000000  01 ff                                             |..|\n",
  },
  {
    name: "what was not kept is counted",
    parts: { body: "hello", capture: 2 },
    detail: 3,
    text: `${PREFIX} -> http://example.com/chat ws text 5 bytes\n    he\n  … 3 more bytes\n`,
  },
  {
    name: "every mark",
    parts: { frames: 3, compressed: true, invalidText: true, injected: true, edited: true, dropped: true },
    text: `${PREFIX} -> http://example.com/chat ws text 5 bytes ` +
      "[3 frames] [compressed] [not UTF-8] [injected] [edited] [dropped]\n",
  },
  {
    name: "a PING shows its payload on its line, at every detail",
    parts: { type: "ping", body: "abc" },
    detail: 3,
    text: `${PREFIX} -> http://example.com/chat ws ping "abc"\n`,
  },
  {
    name: "a PONG without payload",
    parts: { type: "pong", body: "", fromClient: false },
    text: `${PREFIX} <- http://example.com/chat ws pong\n`,
  },
  {
    name: "a payload that is no text",
    parts: { type: "ping", body: "\x00\xfe" },
    text: `${PREFIX} -> http://example.com/chat ws ping 00fe\n`,
  },
  {
    name: "a payload cannot forge a line",
    parts: { type: "ping", body: "a\n14:03:22.010 x" },
    text: `${PREFIX} -> http://example.com/chat ws ping "a\\n14:03:22.010 x"\n`,
  },
];

for (const { name, parts, detail, text } of messages) {
  Deno.test(`websocket: ${name}`, () => assert.equal(print(parts, detail), text));
}

Deno.test("websocket: over TLS it is wss", () => {
  assert.match(print({}, 1, chat({ scheme: "https" })), / -> https:\/\/example\.com\/chat wss text 5 bytes/);
});

Deno.test("websocket: the line of the handshake says what it became", () => {
  const printer = new TextPrinter({ detail: 1, color: false });
  assert.match(printer.http(chat()), /GET {2}http:\/\/example\.com\/chat -> 101 .*\[websocket\]\n$/);
  const compressed = chat({ websocket: makeWebSocket({ compression: true }) });
  assert.match(printer.http(compressed), /\[websocket, permessage-deflate\]\n$/);
});

const ends: { name: string; flow: HttpFlow; text: RegExp }[] = [
  {
    name: "code and who",
    flow: closed({}),
    text: /ws closed by the client: 1000 -> 3 <- 1 messages, -> 300 <- 5 bytes 120ms\n$/,
  },
  {
    name: "the reason, escaped",
    flow: closed({ reason: "bye\n", by: "server" }),
    text: /ws closed by the server: 1000 "bye\\n" -> 3/,
  },
  {
    name: "no code",
    flow: closed({ code: 1005 }),
    text: /ws closed by the client without a code \(1005\) -> 3/,
  },
  {
    name: "no Close frame",
    flow: closed({ code: 1006, by: "server" }),
    text: /ws closed by the server without a Close frame \(1006\)/,
  },
  { name: "by a hook", flow: closed({ code: 4000, by: "proxy" }), text: /ws closed by mitm: 4000/ },
  {
    name: "a fault with its rule",
    flow: {
      ...closed({ code: 1002, by: "proxy" }),
      error: makeFlowError({ message: "A bad frame", rule: "RFC 6455, 5.2" }),
    },
    text: /ws failed -> 3 .* -> error: A bad frame \(RFC 6455, 5\.2\)\n$/,
  },
];

for (const { name, flow, text } of ends) {
  Deno.test(`websocket: the end: ${name}`, () => assert.match(printEnd(flow), text));
}
