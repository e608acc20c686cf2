// The flow view as a whole: title, tabs, styles, the raw view, and that no peer can bring it down or forge a line.

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { flowTabs, flowTitle, type Tab, tabContent, tabLines } from "../../lib/console/flow_view.ts";
import { type Line, plainText, widthOf } from "../../lib/console/line.ts";
import type { Flow } from "../../lib/flow/record.ts";
import {
  type HttpFlowParts,
  makeFlowError,
  makeHttpFlow,
  makeTcpFlow,
  makeTcpMessage,
  makeTlsFacts,
  makeWebSocket,
  makeWebSocketMessage,
  START,
} from "../kit/records.ts";
import { makeChat, makeMail, makeOrder } from "./flow_flows.ts";

const wide = { width: 100, raw: false };

function texts(flow: Flow, tab: Tab, options = wide): string[] {
  return tabLines(flow, tab, options).map(plainText);
}

/** The styles of the words of the lines that hold `text`. */
function stylesOf(lines: readonly Line[], text: string): string[] {
  const found = lines.find((line) => plainText(line).includes(text)) ?? [];
  return found.map(({ text, style }) => `${style}: ${text}`);
}

const titles: { name: string; flow: HttpFlowParts; width?: number; title: string }[] = [
  { name: "an exchange", flow: {}, title: "GET http://example.com/ -> 200 OK" },
  { name: "no response yet", flow: { response: null, took: null }, title: "GET http://example.com/" },
  {
    name: "every mark",
    flow: { held: true, edited: true, replayed: true, answered: true, marked: true, error: makeFlowError() },
    width: 200,
    title:
      "GET http://example.com/ -> 200 OK [intercepted] [error] [edited] [replayed] [answered by mitm] [marked]",
  },
  {
    name: "killed",
    flow: { killed: true, response: null, error: makeFlowError({ by: "proxy" }) },
    title: "GET http://example.com/ [killed]",
  },
  {
    name: "a long URL is cut, what stands beside it is not",
    flow: { request: { path: `/${"x".repeat(300)}` }, held: true },
    width: 60,
    title: "GET http://example.com/xxxxxxxxxxxx… -> 200 OK [intercepted]",
  },
  {
    name: "next to no room",
    flow: { held: true },
    width: 20,
    title: "GET http://ex… -> 2…",
  },
  {
    name: "what would move the cursor",
    flow: { request: { method: "A\x1bB", path: "/\x1b[2J" }, response: { reason: "\x9b" } },
    title: "A\\x1bB http://example.com/\\x1b[2J -> 200 \\x9b",
  },
];

for (const { name, flow, width = 100, title } of titles) {
  Deno.test(`flow title: ${name}`, () => {
    assert.equal(plainText(flowTitle(makeHttpFlow(flow), width)), title);
  });
}

Deno.test("flow title: TCP, and with TLS around it", () => {
  assert.equal(plainText(flowTitle(makeTcpFlow(), 80)), "tcp example.com:22");
  assert.equal(
    plainText(flowTitle(makeTcpFlow({ tls: true, held: true }), 80)),
    "tcp+tls example.com:22 [intercepted]",
  );
});

Deno.test("flow title: styles", () => {
  const spans = flowTitle(makeHttpFlow({ held: true, response: { status: 404, reason: "" } }), 80);
  assert.deepEqual(spans.map(({ style }) => style), ["strong", "title", "faint", "clientError", "held"]);
});

Deno.test("flow tabs: messages only where there can be some", () => {
  assert.deepEqual(flowTabs(makeHttpFlow()), ["request", "response", "timing", "connection"]);
  assert.deepEqual(flowTabs(makeChat()), ["request", "response", "messages", "timing", "connection"]);
  assert.deepEqual(flowTabs(makeHttpFlow({ messages: [] })).length, 5);
  assert.deepEqual(flowTabs(makeMail()), ["messages", "timing", "connection"]);
  for (const tab of ["request", "response"] as const) assert.deepEqual(tabLines(makeMail(), tab, wide), []);
  assert.deepEqual(tabContent(makeHttpFlow(), "messages", wide), { lines: [], messages: [] });
});

Deno.test("flow view: styles tell whose words they are", () => {
  const flow = makeOrder();
  const request = tabLines(flow, "request", wide);
  assert.deepEqual(stylesOf(request, "POST"), [
    "strong: POST",
    "plain:  ",
    "plain: /orders?source=mail&campaign=winter HTTP/1.1",
  ]);
  assert.deepEqual(stylesOf(request, "TE:"), ["name: TE", "plain: : ", "plain: trailers"]);
  assert.deepEqual(stylesOf(request, "body:"), ["remark: body: JSON, 95B"]);
  const response = tabLines(flow, "response", wide);
  assert.deepEqual(stylesOf(response, "201"), ["faint: HTTP/1.1 ", "ok: 201", "plain:  ", "plain: Created"]);
  assert.deepEqual(stylesOf(response, "interim"), ["title: interim response after 3ms"]);
  assert.equal(stylesOf(response, "note:")[0]?.startsWith("remark"), true);
});

const responses: { name: string; flow: HttpFlowParts; lines: string[] }[] = [
  {
    name: "none yet",
    flow: { response: null, took: null },
    lines: ["no response yet"],
  },
  {
    name: "none yet, and why",
    flow: { response: null, took: null, held: true },
    lines: ["no response yet: the flow is intercepted"],
  },
  { name: "none", flow: { response: null }, lines: ["no response"] },
  {
    name: "by a hook",
    flow: { answered: true, server: null, response: { body: "no" } },
    lines: ["answered by mitm after 20ms", "HTTP/1.1 200 OK", "", "body: text, 2B", "no"],
  },
  {
    name: "an address that was asked for by itself, a body until the end",
    flow: { host: "93.184.216.34", port: 80, response: { framing: "close", body: "x" } },
    lines: [
      "answered by 93.184.216.34:80 after 20ms [body until close]",
      "HTTP/1.1 200 OK",
      "",
      "body: text, 1B",
      "x",
    ],
  },
  {
    name: "a body that is still coming",
    flow: { took: null, response: { body: '{"a":', fields: [["Content-Type", "application/json"]] } },
    lines: [
      "answered by example.com:80 (93.184.216.34:80) after 20ms",
      "HTTP/1.1 200 OK",
      "Content-Type: application/json",
      "",
      "body: text, 5B so far; not valid JSON",
      '{"a":',
    ],
  },
  {
    name: "nothing of the body was captured",
    flow: { response: { body: "hello", capture: 0 } },
    lines: [
      "answered by example.com:80 (93.184.216.34:80) after 20ms",
      "HTTP/1.1 200 OK",
      "",
      "body: 5B, nothing of it captured",
    ],
  },
  {
    name: "an error within it",
    flow: {
      response: { body: "half" },
      error: makeFlowError({ message: "ended too early", code: "truncated" }),
    },
    lines: [
      "error: ended too early",
      "by the server, truncated",
      "",
      "answered by example.com:80 (93.184.216.34:80) after 20ms",
      "HTTP/1.1 200 OK",
      "",
      "body: text, 4B",
      "half",
    ],
  },
];

for (const { name, flow, lines } of responses) {
  Deno.test(`response tab: ${name}`, () => assert.deepEqual(texts(makeHttpFlow(flow), "response"), lines));
}

Deno.test("request tab: a fault of the client stands above it, and a request of ours says so", () => {
  const faulty = makeHttpFlow({
    error: makeFlowError({ by: "client", message: "bare CR", code: "bad-head" }),
  });
  assert.deepEqual(texts(faulty, "request").slice(0, 3), ["error: bare CR", "by the client, bad-head", ""]);
  assert.equal(texts(makeHttpFlow({ replayed: true }), "request")[0], "sent again by mitm at 14:03:22.000");
});

Deno.test("raw view: what came, its codings left on", () => {
  const zipped = gzipSync("hello", { level: 0 });
  const flow = makeHttpFlow({
    request: { body: '{"a":1}', fields: [["Content-Type", "application/json"]] },
    response: { fields: [["Content-Encoding", "gzip"]], body: zipped },
  });
  const raw = { width: 100, raw: true };
  assert.deepEqual(texts(flow, "request", raw).slice(-2), ["body: as it came, text, 7B", '{"a":1}']);
  const lines = texts(flow, "response", raw);
  assert.ok(lines.includes(`body: as it came, hex dump, ${zipped.length}B`));
  assert.match(lines.at(-2) ?? "", /^00000000 {2}1f 8b 08/);
});

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }).map(narrow),
  fc.constantFrom("", "\x1b[2J", "\r\nForged: 1", "x".repeat(300), "\x9b\x85\t", "é ü"),
);
const anyFields = fc.array(fc.tuple(anyText, anyText), { maxLength: 4 });
const anyType = fc.constantFrom(
  ...[
    "",
    "text/html",
    "application/json",
    "application/grpc",
    "application/x-protobuf",
    "image/png",
    "text/xml",
  ],
  ...["multipart/mixed; boundary=b", "application/x-www-form-urlencoded", "text/plain; charset=utf-16"],
);
const anyBody = fc.uint8Array({ maxLength: 200 });
const anyTime = fc.option(fc.integer({ min: START - 100, max: START + 100_000 }));

const anyFlow: fc.Arbitrary<Flow> = fc.record({
  text: anyText,
  fields: anyFields,
  type: anyType,
  body: anyBody,
  at: anyTime,
  took: fc.option(fc.nat(1_000_000)),
  version: fc.constantFrom("HTTP/1.1" as const, "HTTP/2.0" as const),
  kind: fc.constantFrom("http", "websocket", "tcp"),
}).map(({ text, fields, type, body, at, took, version, kind }) => {
  const error = makeFlowError({ message: text, code: text, rule: text });
  const messages = [makeTcpMessage(body), makeTcpMessage(text)];
  const tls = makeTlsFacts({
    cipher: text,
    alpn: text,
    serverName: text,
    verifyError: text,
    alpnOffers: [text],
  });
  if (kind === "tcp") return makeTcpFlow({ host: text, messages, took, error, notes: [text] });
  const flow = makeHttpFlow({
    host: text,
    request: {
      method: text,
      path: text,
      version,
      body,
      fields: [["Content-Type", type], ...fields],
      trailers: fields,
    },
    interim: [{ reason: text, fields }],
    response: { reason: text, version, body, fields: [["Content-Type", type], ...fields], trailers: fields },
    took,
    error,
    notes: [text],
  });
  if (flow.server !== null) {
    flow.server = { ...flow.server, tls, tlsAt: at, connectedAt: at, name: { host: text, port: 1 } };
  }
  flow.request.endedAt = at;
  if (kind === "http") return flow;
  const made = (["text", "binary", "ping"] as const).map((each) =>
    makeWebSocketMessage({ type: each, body })
  );
  flow.websocket = makeWebSocket({
    messages: made,
    close: { at: START, code: 1000, reason: text, by: "client" },
  });
  return flow;
});

Deno.test("flow view: whatever peers send, lines are safe to show and fit", () => {
  const property = fc.property(
    anyFlow,
    fc.integer({ min: 1, max: 120 }),
    fc.boolean(),
    (flow, width, raw) => {
      const lines = flowTabs(flow).flatMap((tab) => tabLines(flow, tab, { width, raw }));
      for (const line of [...lines, flowTitle(flow, width)]) {
        const text = plainText(line);
        assert.doesNotMatch(text, /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        // Below that the label of a line of ours may stick out.
        if (width >= 40) assert.ok(widthOf(text) <= width, `${width}: ${text}`);
      }
    },
  );
  fc.assert(property, { numRuns: 500 });
});

/** Byte-true: each character one byte. */
function narrow(text: string): string {
  return text.replace(/[^\0-\xff]/g, "\xff");
}
