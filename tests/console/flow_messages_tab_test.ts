// The tab of messages: where each stands, what is shown of old ones, what is made anew; and how it ends.

import assert from "node:assert/strict";
import { messageAt, messagesContent } from "../../lib/console/flow_messages_tab.ts";
import { plainText } from "../../lib/console/line.ts";
import type { Flow, WebSocketClose, WebSocketMessage } from "../../lib/flow/record.ts";
import {
  makeFlowError,
  makeHttpFlow,
  makeTcpFlow,
  makeTcpMessage,
  makeWebSocket,
  makeWebSocketMessage,
  START,
} from "../kit/records.ts";
import { makeChat, makeMail } from "./flow_flows.ts";

const wide = { width: 100, raw: false };

function texts(flow: Flow, options = wide): string[] {
  return messagesContent(flow, options).lines.map(plainText);
}

function chatOf(messages: WebSocketMessage[], parts: Parameters<typeof makeHttpFlow>[0] = {}): Flow {
  return makeHttpFlow({ took: null, websocket: makeWebSocket({ messages }), ...parts });
}

Deno.test("messages tab: every message has a line, and every line its message", () => {
  for (const flow of [makeChat(), makeMail()]) {
    const { lines, messages } = messagesContent(flow, wide);
    const count = flow.kind === "tcp" ? flow.messages.length : flow.websocket?.messages.length;
    assert.equal(messages.length, count);
    for (const [index, start] of messages.entries()) {
      assert.match(plainText(lines[start] ?? []), /^(?:->|<-) 14:03:2/);
      assert.equal(messageAt(messages, start), index);
      assert.equal(messageAt(messages, (messages[index + 1] ?? lines.length) - 1), index);
    }
    assert.equal(messageAt(messages, (messages[0] ?? 0) - 1), null);
  }
  assert.equal(messageAt([], 0), null);
});

Deno.test("messages tab: nothing said", () => {
  assert.deepEqual(texts(chatOf([])), ["no messages"]);
  assert.deepEqual(texts(makeTcpFlow({ took: null })), ["no messages"]);
});

const ends: { name: string; close: Partial<WebSocketClose>; line: string }[] = [
  {
    name: "code and reason",
    close: { code: 4000, reason: "a\nb" },
    line: 'closed by the client: 4000 "a\\nb"',
  },
  { name: "code", close: { by: "server" }, line: "closed by the server: 1000" },
  { name: "no code", close: { code: 1005 }, line: "closed by the client without a code (1005)" },
  {
    name: "no Close frame",
    close: { code: 1006 },
    line: "closed by the client without a Close frame (1006)",
  },
  { name: "by us", close: { by: "proxy", code: 1009 }, line: "closed by mitm: 1009" },
];

for (const { name, close, line } of ends) {
  Deno.test(`messages tab: the end: ${name}`, () => {
    const ended = { at: START + 100, code: 1000, reason: "", by: "client" as const, ...close };
    const flow = makeHttpFlow({ took: 120, websocket: makeWebSocket({ close: ended }) });
    assert.equal(texts(flow).at(-1), `-- 14:03:22.100 ${line}`);
  });
}

Deno.test("messages tab: the end of a TCP connection, and what went wrong", () => {
  assert.equal(texts(makeTcpFlow({ closedBy: "server" })).at(-1), "-- 14:03:25.200 closed by the server");
  const failed = makeTcpFlow({ error: makeFlowError({ message: "reset", code: "reset" }), notes: ["n"] });
  assert.deepEqual(texts(failed).slice(-4), ["", "error: reset", "by the server, reset", "note: n"]);
});

Deno.test("messages tab: JSON is indented unless raw is wanted", () => {
  const flow = chatOf([makeWebSocketMessage({ body: '{"a":1}' })]);
  assert.deepEqual(texts(flow).slice(1), ["  {", '    "a": 1', "  }"]);
  assert.deepEqual(texts(flow, { width: 100, raw: true }).slice(1), ['  {"a":1}']);
});

Deno.test("messages tab: what was not captured is told of", () => {
  const cut = makeWebSocketMessage({ body: "hello world", capture: 5 });
  assert.deepEqual(texts(chatOf([cut])), [
    "-> 14:03:22.009 text 11 bytes",
    "  hello",
    "only the first 5B of 11B were captured",
  ]);
  const none = makeTcpMessage("", { length: 9 });
  assert.deepEqual(texts(makeTcpFlow({ took: null, messages: [none] })), [
    "-> 14:03:22.010 9 bytes",
    "9B, nothing of it captured",
  ]);
});

Deno.test("messages tab: of messages that are not among the newest the beginning is shown", () => {
  const long = makeWebSocketMessage({ body: "a line\n".repeat(100_000) });
  const messages = [makeWebSocketMessage(), long, makeWebSocketMessage({ body: "b line\n".repeat(100_000) })];
  const { lines, messages: starts } = messagesContent(chatOf(messages), wide);
  assert.deepEqual(starts, [0, 2, 8]);
  assert.deepEqual(lines.slice(0, 9).map(plainText), [
    "-> 14:03:22.009 text 5 bytes",
    "  hello",
    "-> 14:03:22.009 text 700000 bytes",
    "  a line",
    "  a line",
    "  a line",
    "  a line",
    "… the newest messages are shown in full",
    "-> 14:03:22.009 text 700000 bytes",
  ]);
  assert.ok(lines.length > 65_000 && lines.length < 66_000);
});

Deno.test("messages tab: one message that is larger than a view is shown as far as one goes", () => {
  const { lines } = messagesContent(chatOf([makeWebSocketMessage({ body: "x\n".repeat(1_000_000) })]), wide);
  assert.match(plainText(lines.at(-1) ?? []), /cut at 1MB; cut after 65536 lines$/);
});

Deno.test("messages tab: what has changed is made anew, what has not is not", () => {
  const messages = [
    makeWebSocketMessage({ body: "one" }),
    makeWebSocketMessage({ body: "two", endedAt: null }),
  ];
  const flow = chatOf(messages);
  const before = messagesContent(flow, wide).lines;
  const second = messages[1];
  assert.ok(second !== undefined);
  second.body.append(new TextEncoder().encode(" three"));
  second.endedAt = START + 50;
  messages.push(makeWebSocketMessage({ body: "four" }));
  const after = messagesContent(flow, wide).lines;
  assert.equal(after[0], before[0]);
  assert.deepEqual(after.map(plainText), [
    "-> 14:03:22.009 text 3 bytes",
    "  one",
    "-> 14:03:22.009 text 9 bytes",
    "  two three",
    "-> 14:03:22.009 text 4 bytes",
    "  four",
  ]);
  second.body.replace(new TextEncoder().encode("two  four"));
  assert.equal(plainText(messagesContent(flow, wide).lines[3] ?? []), "  two  four");
  second.edited = true;
  assert.equal(
    plainText(messagesContent(flow, wide).lines[2] ?? []),
    "-> 14:03:22.009 text 9 bytes [edited]",
  );
  assert.equal(plainText(messagesContent(flow, { width: 10, raw: false }).lines[3] ?? []).length <= 10, true);
});
