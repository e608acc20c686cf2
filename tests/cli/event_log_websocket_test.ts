// A WebSocket through the event log: which lines come, in which order, as text and as JSON.

import assert from "node:assert/strict";
import { attachEventLog } from "../../lib/cli/event_log.ts";
import type { Detail } from "../../lib/cli/format_event.ts";
import type { HttpFlow, WebSocketMessage } from "../../lib/flow/record.ts";
import { Hooks, type WebSocketMessageControl } from "../../lib/hooks/hooks.ts";
import { makeCapture, makeHttpFlow, makeWebSocket, makeWebSocketMessage, START } from "../kit/records.ts";

const control: WebSocketMessageControl = {
  inject: () => false,
  close: () => {},
  kill: () => {},
  replace: () => {},
  drop: () => {},
};

function chat(): HttpFlow {
  return makeHttpFlow({
    request: { path: "/chat", protocol: "websocket" },
    response: { status: 101, reason: "Switching Protocols" },
    websocket: makeWebSocket({ compression: true }),
    took: null,
  });
}

/** Tells the log of a whole conversation; `between` may change a message after it was told. */
async function logged(
  format: "text" | "json",
  detail: Detail,
  messages: readonly WebSocketMessage[],
  between: () => void = () => {},
): Promise<string[]> {
  const hooks = new Hooks((name, error) => assert.fail(`${name}: ${error}`));
  let output = "";
  const write = (text: string) => void (output += text);
  const log = attachEventLog(hooks, { detail, format, quiet: false, verbose: false, color: false, write });
  const flow = chat();
  hooks.run("websocketStart", flow, control);
  for (const message of messages) hooks.run("websocketMessage", flow, message, control);
  between();
  flow.endedAt = START + 120;
  flow.closedBy = "client";
  if (flow.websocket !== null) {
    flow.websocket.close = { at: START + 100, code: 1000, reason: "bye", by: "client" };
  }
  hooks.run("websocketEnd", flow);
  hooks.run("httpEnded", flow);
  await log.close();
  return output.split("\n").slice(0, -1);
}

Deno.test("event log: a WebSocket is its handshake, its messages, and one end with the totals", async () => {
  const lines = await logged("text", 1, [
    makeWebSocketMessage(),
    makeWebSocketMessage({ type: "ping", body: "p" }),
    makeWebSocketMessage({ fromClient: false, type: "binary", body: "ab" }),
    makeWebSocketMessage({ injected: true }),
  ]);
  assert.equal(lines.length, 6);
  assert.match(lines[0] ?? "", /GET .* -> 101 .*\[websocket, permessage-deflate\]$/);
  assert.match(lines[1] ?? "", / -> .* ws text 5 bytes$/);
  assert.match(lines[2] ?? "", / -> .* ws ping "p"$/);
  assert.match(lines[4] ?? "", / -> .* ws text 5 bytes \[injected\]$/);
  // What mitm sent itself, and pings, are none of the peers' messages.
  assert.match(lines[5] ?? "", /closed by the client: 1000 "bye" -> 1 <- 1 messages, -> 5 <- 2 bytes 120ms$/);
});

Deno.test("event log: what became of a held message is what is shown", async () => {
  const message = makeWebSocketMessage({ body: "before" });
  const lines = await logged("text", 2, [message], () => {
    message.edited = true;
    message.body = makeCapture("after");
  });
  const at = lines.findIndex((line) => line.endsWith("ws text 5 bytes [edited]"));
  assert.equal(lines[at + 1], "    after");
});

Deno.test("event log: content that is let go of before it is printed is printed all the same", async () => {
  const message = makeWebSocketMessage({ body: "kept" });
  const lines = await logged("text", 2, [message], () => message.body.discard());
  assert.ok(lines.includes("    kept"));
});

Deno.test("event log as JSON: every key of the three types", async () => {
  const lines = await logged("json", 2, [
    makeWebSocketMessage({ frames: 2, compressed: true }),
    makeWebSocketMessage({ type: "binary", body: "\xff" }),
  ]);
  const [http, start, text, binary, end] = lines.map((line) => JSON.parse(line));
  assert.equal(http.switched, true);
  const conversation = [
    "type",
    "at",
    "encoding",
    "flow",
    "client",
    "server",
    "target",
    "host",
    "port",
    "protocol",
  ];
  assert.deepEqual(Object.keys(start), [...conversation, "compression"]);
  assert.deepEqual([start.type, start.protocol, start.compression], ["websocket-start", "ws", true]);
  assert.deepEqual(Object.keys(text), [
    ...conversation,
    "from",
    "kind",
    "started_at",
    "size",
    "captured",
    "frames",
    "compressed",
    "edited",
    "dropped",
    "injected",
    "invalid_text",
    "text",
  ]);
  assert.deepEqual([text.kind, text.frames, text.compressed, text.text], ["text", 2, true, "hello"]);
  assert.equal(binary.base64, "/w==");
  assert.equal(end.type, "websocket-end");
  assert.deepEqual(end.close, { at: "2026-01-02T14:03:22.100Z", code: 1000, reason: "bye", by: "client" });
  assert.deepEqual([end.messages_from_client, end.bytes_from_client, end.bytes_from_server], [2, 6, 0]);
});

Deno.test("event log as JSON: below detail 2 only pings carry content", async () => {
  const lines = await logged("json", 1, [
    makeWebSocketMessage(),
    makeWebSocketMessage({ type: "ping", body: "p" }),
  ]);
  const [, , text, ping] = lines.map((line) => JSON.parse(line));
  assert.equal("text" in text, false);
  assert.equal(ping.text, "p");
});
