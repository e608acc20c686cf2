// The text log: what peers try to forge, colours, and golden text for the lines that are no flows.

import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { TextPrinter } from "../../lib/cli/event_log_text.ts";
import type { Detail } from "../../lib/cli/format_event.ts";
import type { HttpFlow } from "../../lib/flow/record.ts";
import {
  type FieldList,
  makeConnection,
  makeFlowError,
  makeHttpFlow,
  makeTlsFacts,
  START,
} from "../kit/records.ts";

const printer = (detail: Detail = 1) => new TextPrinter({ detail, color: false });

const forged = "\r\n14:03:22.034 127.0.0.1:1 GET http://forged/\x1b[2J\x9b1A -> 200";

Deno.test("text: nothing a peer sends moves the cursor, forges a line or a remark", () => {
  const flow = makeHttpFlow({
    host: `evil${forged}`,
    request: {
      method: `GET${forged}`,
      path: `/${forged} [killed]`,
      target: `/${forged}`,
      fields: [[`A${forged}`, `b${forged}`]],
      body: `x${forged}`,
      trailers: [["T", forged]],
    },
    interim: [{ status: 103, reason: forged, fields: [["L", forged]] }],
    response: {
      reason: `OK${forged} [edited]`,
      fields: [["Content-Type", `text/html${forged} [killed]`], ["Content-Encoding", forged]],
      body: forged,
    },
    error: makeFlowError({ message: `failed${forged}`, rule: forged }),
    notes: [forged],
  });
  for (const detail of [1, 2, 3] as const) {
    const text = printer(detail).http(flow);
    assertUnforged(text);
    assert.equal(text.split("\n").filter((line) => line.startsWith("14:")).length, 1);
  }
  const [line = ""] = printer().http(flow).split("\n");
  const unquoted = line.replace(/"(?:[^"\\]|\\.)*"/g, "").replace(/error: .*/, "");
  assert.doesNotMatch(unquoted, / \[(?:killed|edited)\]/);
});

Deno.test("text: whatever bytes a peer sends, only our lines start without a blank", () => {
  const wire = fc.uint8Array({ maxLength: 40 }).map((bytes) => latin1Decode(bytes));
  const property = fc.property(wire, wire, wire, wire, fc.uint8Array(), (method, path, name, value, body) => {
    const fields: FieldList = [["Content-Type", value], [name, value]];
    const flow = makeHttpFlow({
      request: { method, path, target: path, fields, body },
      response: { reason: value, fields, body, trailers: fields },
    });
    assertUnforged(printer(3).http(flow));
  });
  fc.assert(property);
});

/** Our own lines start with a time, everything else with blanks; no control character but the line ends. */
function assertUnforged(text: string): void {
  const [first = "", ...rest] = text.split("\n");
  assert.match(first, /^\d\d:\d\d:\d\d\.\d{3} 127\.0\.0\.1:53412 /);
  for (const line of rest) assert.match(line, /^(?:$| {4}| {2}(?:trailers:|body: |note: ))/);
  assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Zl}\p{Zp}]/u);
}

Deno.test("text: colours, only when wanted, change nothing else", () => {
  const flows: HttpFlow[] = [
    makeHttpFlow({
      request: { method: "POST", body: "x", trailers: [["X-Sum", "1"]] },
      interim: [{ status: 103 }],
      response: { fields: [["Content-Type", "application/json"]], body: '{"ok":true}' },
      notes: ["a bare LF was accepted"],
      edited: true,
    }),
    makeHttpFlow({ response: { status: 500, reason: "?" }, request: { path: `/${"a".repeat(300)}` } }),
    makeHttpFlow({ response: null, error: makeFlowError() }),
  ];
  for (const flow of flows) {
    const colored = new TextPrinter({ detail: 3, color: true, columns: 120 }).http(flow);
    const plain = new TextPrinter({ detail: 3, color: false, columns: 120 }).http(flow);
    assert.ok(colored.includes("\x1b["));
    assert.ok(!plain.includes("\x1b"));
    assert.equal(stripVTControlCharacters(colored), plain);
  }
});

Deno.test("text: status classes have colours of their own", () => {
  const colors = [101, 200, 304, 404, 502].map((status) => {
    const text = new TextPrinter({ detail: 1, color: true }).http(makeHttpFlow({ response: { status } }));
    return new RegExp(`(\\x1b\\[\\d+m)${status}`).exec(text)?.[1];
  });
  assert.equal(new Set(colors).size, 5);
  assert.ok(!colors.includes(undefined));
});

const client = makeConnection({ endedAt: START + 12_340 });
const server = makeConnection({
  id: 2,
  remote: { host: "93.184.216.34", port: 443 },
  name: { host: "example.com", port: 443 },
  endedAt: START + 500,
  tls: makeTlsFacts(),
});

const connectionLines: { event: Parameters<TextPrinter["connection"]>[0]; line: string }[] = [
  { event: { kind: "client-connected", client }, line: "127.0.0.1:53412 connected" },
  { event: { kind: "client-disconnected", client }, line: "127.0.0.1:53412 disconnected after 12.3s" },
  {
    event: { kind: "server-connecting", server, client },
    line: "127.0.0.1:53412 connecting to example.com:443 (93.184.216.34:443)",
  },
  {
    event: { kind: "server-connected", server, client },
    line: "127.0.0.1:53412 connected to example.com:443 (93.184.216.34:443) in 12ms",
  },
  {
    event: { kind: "server-failed", server, client, reason: "refused\r\nforged" },
    line: "127.0.0.1:53412 could not connect to example.com:443 (93.184.216.34:443): refused\\r\\nforged",
  },
  {
    event: { kind: "server-disconnected", server, client },
    line: "127.0.0.1:53412 disconnected from example.com:443 (93.184.216.34:443) after 500ms",
  },
  {
    event: {
      kind: "tls-hello",
      hello: {
        client,
        host: "93.184.216.34",
        port: 443,
        serverName: "a\x1b b",
        alpnOffers: ["h2", "http/1.1"],
      },
    },
    line: "127.0.0.1:53412 tls hello for 93.184.216.34:443, SNI a\\x1b\\x20b, offers h2 http/1.1",
  },
  {
    event: {
      kind: "tls-hello",
      hello: { client, host: "example.com", port: 443, serverName: null, alpnOffers: [] },
    },
    line: "127.0.0.1:53412 tls hello for example.com:443, no SNI, offers no ALPN",
  },
  {
    event: { kind: "tls-established", leg: "client", connection: makeConnection({ tls: makeTlsFacts() }) },
    line: "127.0.0.1:53412 tls with client: TLSv1.3 TLS_AES_128_GCM_SHA256, ALPN h2, SNI example.com",
  },
  {
    event: {
      kind: "tls-established",
      leg: "server",
      connection: makeConnection({
        ...server,
        tls: makeTlsFacts({ alpn: null, serverName: null, verifyError: "self-signed" }),
      }),
    },
    line: "tls with example.com:443 (93.184.216.34:443): TLSv1.3 TLS_AES_128_GCM_SHA256, no ALPN, no SNI, " +
      "certificate CN=example.com until 2026-12-31T00:00:00Z, not verified: self-signed",
  },
  {
    event: { kind: "tls-failed", leg: "client", connection: client, reason: "unknown CA" },
    line: "127.0.0.1:53412 tls with client failed: unknown CA",
  },
  {
    event: { kind: "tls-failed", leg: "server", connection: server, reason: "expired" },
    line: "tls with example.com:443 (93.184.216.34:443) failed: expired",
  },
];

for (const { event, line } of connectionLines) {
  const leg = "leg" in event ? ` (${event.leg})` : "";
  Deno.test(`text: ${event.kind}${leg}: ${line.slice(0, 40)}`, () => {
    assert.equal(printer().connection(event, START), `14:03:22.000 ${line}\n`);
  });
}

Deno.test("text: log entries", () => {
  const entry = { at: START, message: "m\x1b", client: null, code: "c", rule: null };
  const text = printer();
  assert.equal(text.log({ ...entry, level: "info" }), "14:03:22.000 m\\x1b\n");
  assert.equal(text.log({ ...entry, level: "debug" }), "14:03:22.000 m\\x1b\n");
  assert.equal(text.log({ ...entry, level: "error", rule: "R 1" }), "14:03:22.000 error: m\\x1b (R 1)\n");
  assert.equal(
    text.log({ ...entry, level: "warn", client: makeConnection() }),
    "14:03:22.000 127.0.0.1:53412 warning: m\\x1b\n",
  );
});

Deno.test("text: what was left out is counted", () => {
  const text = printer();
  const tail = "left out here: the output is slower than the traffic\n";
  assert.equal(text.leftOut(1, START), `14:03:22.000 warning: 1 event was ${tail}`);
  assert.equal(text.leftOut(1234, START), `14:03:22.000 warning: 1234 events were ${tail}`);
});
