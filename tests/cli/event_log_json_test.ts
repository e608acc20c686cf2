// The JSON log against its description in docs/log-json.md: every key it prints is described, every key described
// is printed; and every string comes back as the bytes that were sent.

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { JsonPrinter } from "../../lib/cli/event_log_json.ts";
import { startupJson } from "../../lib/cli/startup_text.ts";
import type { Detail } from "../../lib/cli/format_event.ts";
import {
  type HttpFlowParts,
  makeConnection,
  makeFlowError,
  makeHttpFlow,
  makeTcpFlow,
  makeTcpMessage,
  makeTlsFacts,
  makeWebSocket,
  makeWebSocketMessage,
  START,
} from "../kit/records.ts";

type Parsed = ReturnType<typeof JSON.parse>;

const at = new Date(START).toISOString();

function parse(line: string): Parsed {
  assert.ok(line.endsWith("\n"));
  assert.equal(line.indexOf("\n"), line.length - 1);
  return JSON.parse(line);
}

const http = (parts: HttpFlowParts = {}, detail: Detail = 3) =>
  parse(new JsonPrinter({ detail }).http(makeHttpFlow(parts)));

const full: HttpFlowParts = {
  scheme: "https",
  client: makeConnection({ tls: makeTlsFacts() }),
  request: {
    method: "POST",
    fields: [["Host", "example.com"], ["a", "1"], ["A", "2"]],
    body: "x",
    trailers: [["t", ""]],
  },
  interim: [{ status: 103, reason: "Early Hints", fields: [["Link", "</a>"]] }],
  response: { body: "\xff\xfe", trailers: [["Grpc-Status", "0"]], fields: [["Content-Type", "image/png"]] },
  error: makeFlowError({ rule: "RFC 9112, 8" }),
  edited: true,
  notes: ["forgiven"],
};

Deno.test("json: an exchange, whole", () => {
  assert.deepEqual(http(full), {
    type: "http",
    at: new Date(START + 34).toISOString(),
    encoding: "utf-8",
    flow: 7,
    client: { id: 1, host: "127.0.0.1", port: 53412, tls: "TLSv1.3" },
    server: { id: 2, host: "93.184.216.34", port: 443, tls: null },
    url: "https://example.com/",
    scheme: "https",
    host: "example.com",
    port: 443,
    request: {
      version: "HTTP/1.1",
      method: "POST",
      target: "/",
      authority: "example.com",
      path: "/",
      protocol: null,
      fields: [["Host", "example.com"], ["a", "1"], ["A", "2"]],
      trailers: [["t", ""]],
      body: { size: 1, captured: 1, decoded: [], decode_error: null, complete: true, text: "x" },
      started_at: at,
      head_at: new Date(START + 1).toISOString(),
      ended_at: new Date(START + 2).toISOString(),
    },
    interim: [{
      version: "HTTP/1.1",
      status: 103,
      reason: "Early Hints",
      fields: [["Link", "</a>"]],
      at: new Date(START + 3).toISOString(),
    }],
    response: {
      version: "HTTP/1.1",
      status: 200,
      reason: "OK",
      fields: [["Content-Type", "image/png"]],
      trailers: [["Grpc-Status", "0"]],
      body: { size: 2, captured: 2, decoded: [], decode_error: null, complete: true, base64: "//4=" },
      framing: "length",
      started_at: new Date(START + 20).toISOString(),
      ended_at: new Date(START + 34).toISOString(),
    },
    switched: false,
    started_at: at,
    ended_at: new Date(START + 34).toISOString(),
    duration_ms: 34,
    error: {
      message: "example.com:80 refused the connection",
      by: "server",
      code: "connect-failed",
      rule: "RFC 9112, 8",
      at: new Date(START + 34).toISOString(),
    },
    edited: true,
    answered: false,
    killed: false,
    notes: ["forgiven"],
  });
});

Deno.test("json: what is not there is null", () => {
  const line = http({ response: null, server: null, took: null, messages: [] });
  assert.equal(line.response, null);
  assert.equal(line.server, null);
  assert.equal(line.ended_at, null);
  assert.equal(line.duration_ms, null);
  assert.equal(line.switched, true);
});

Deno.test("json: contents are there at detail 3 only", () => {
  for (const detail of [1, 2] as const) {
    assert.deepEqual(http(full, detail).request.body, { size: 1, captured: 1 });
    const message = parse(
      new JsonPrinter({ detail }).tcpMessage(makeTcpFlow(), makeTcpMessage("x"), new Uint8Array()),
    );
    assert.ok(!("text" in message) && !("base64" in message));
  }
});

Deno.test("json: contents are decoded, cut ones say so", () => {
  const bytes = gzipSync("été");
  const gzip: [string, string][] = [["Content-Encoding", "gzip"]];
  assert.deepEqual(http({ response: { fields: gzip, body: bytes } }).response.body, {
    size: bytes.length,
    captured: bytes.length,
    decoded: ["gzip"],
    decode_error: null,
    complete: true,
    text: "été",
  });
  const cut = http({ response: { body: new TextEncoder().encode("été"), capture: 4 } }).response.body;
  assert.deepEqual(cut, {
    size: 5,
    captured: 4,
    decoded: [],
    decode_error: null,
    complete: false,
    text: "ét",
  });
  const damaged = http({ response: { fields: gzip, body: "\xff\0" } }).response.body;
  assert.deepEqual([damaged.base64, damaged.decoded, damaged.complete], ["/wA=", [], true]);
  assert.match(damaged.decode_error, /damaged gzip/);
});

Deno.test("json: strings from the wire come back as the bytes that were sent", () => {
  const wire = fc.uint8Array({ maxLength: 30 }).map((bytes) => latin1Decode(bytes));
  fc.assert(fc.property(wire, wire, wire, (path, name, value) => {
    const line = http({ request: { path, fields: [[name, value]] }, response: { reason: value } });
    const sent = (text: string) => latin1Decode(Uint8Array.from(Buffer.from(text, line.encoding)));
    assert.equal(sent(line.request.target), path);
    assert.deepEqual(line.request.fields.map((field: string[]) => field.map(sent)), [[name, value]]);
    assert.equal(sent(line.response.reason), value);
  }));
});

Deno.test("json: UTF-8 is shown as such, anything else byte by byte", () => {
  const utf8 = http({ request: { path: "/\xc3\xa9" } });
  assert.deepEqual([utf8.encoding, utf8.request.path], ["utf-8", "/é"]);
  const latin1 = http({ request: { path: "/\xc3\xa9", fields: [["a", "\xe9"]] } });
  assert.deepEqual([latin1.encoding, latin1.request.path], ["latin1", "/\xc3\xa9"]);
});

Deno.test("json: no line can be forged, no terminal be moved", () => {
  const evil = '\r\n{"type":"http"}\x1b[2J\x9b\u2028';
  const line = new JsonPrinter({ detail: 3 }).http(makeHttpFlow({
    request: { method: evil, path: evil, fields: [[evil, evil]], body: evil },
    notes: [evil],
    error: makeFlowError({ message: evil }),
  }));
  assert.deepEqual(parse(line).notes, [evil]);
  assert.match(line.slice(0, -1), /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u);
});

Deno.test("json: TCP", () => {
  const json = new JsonPrinter({ detail: 3 });
  const flow = {
    ...makeTcpFlow({ tls: true, client: makeConnection({ endedAt: START + 1 }) }),
    closedBy: "server" as const,
  };
  const conversation = {
    encoding: "utf-8",
    flow: 8,
    client: { id: 1, host: "127.0.0.1", port: 53412, tls: null },
    server: { id: 3, host: "93.184.216.34", port: 22, tls: null },
    target: "example.com:22",
    host: "example.com",
    port: 22,
    protocol: "tcp+tls",
  };
  assert.deepEqual(parse(json.tcpStart(flow)), { type: "tcp-start", at, ...conversation });
  const message = makeTcpMessage("\xff", { fromClient: false, length: 9, dropped: true });
  assert.deepEqual(parse(json.tcpMessage(flow, message, message.content)), {
    type: "tcp-message",
    at: new Date(START + 10).toISOString(),
    ...conversation,
    from: "server",
    size: 9,
    captured: 1,
    edited: false,
    dropped: true,
    injected: false,
    base64: "/w==",
  });
  assert.deepEqual(parse(json.tcpEnd(flow, { fromClient: 17, fromServer: 5 })), {
    type: "tcp-end",
    at: new Date(START + 3200).toISOString(),
    ...conversation,
    bytes_from_client: 17,
    bytes_from_server: 5,
    closed_by: "server",
    started_at: at,
    ended_at: new Date(START + 3200).toISOString(),
    duration_ms: 3200,
    error: null,
    killed: false,
  });
});

Deno.test("json: after a switch the URL is the target", () => {
  const flow = makeHttpFlow({ scheme: "https", messages: [], took: null, response: { status: 101 } });
  const start = parse(new JsonPrinter({ detail: 1 }).tcpStart(flow));
  assert.equal(start.target, "https://example.com/");
  assert.equal(start.flow, 7);
  assert.equal(start.at, new Date(START + 20).toISOString());
});

/** A line of every type and event, at detail 3. */
function everyLine(): Parsed[] {
  const json = new JsonPrinter({ detail: 3 });
  const client = makeConnection({ tls: makeTlsFacts() });
  const server = makeConnection({ id: 2, name: { host: "example.com", port: 443 }, tls: makeTlsFacts() });
  const hello = { client, host: "h", port: 443, serverName: "s", alpnOffers: ["h2"] };
  const entry = { at: START, message: "m", client, code: "c", rule: null };
  const events: Parameters<JsonPrinter["connection"]>[0][] = [
    { kind: "client-connected", client },
    { kind: "client-disconnected", client },
    { kind: "server-connecting", server, client },
    { kind: "server-connected", server, client },
    { kind: "server-failed", server, client, reason: "r" },
    { kind: "server-disconnected", server, client },
    { kind: "tls-hello", hello },
    { kind: "tls-established", connection: server, leg: "server" },
    { kind: "tls-failed", connection: client, leg: "client", reason: "r" },
  ];
  const tcp = makeTcpFlow({ error: makeFlowError() });
  const close = { at: START, code: 1000, reason: "r", by: "client" } as const;
  const webSocket = makeHttpFlow({ websocket: makeWebSocket({ close }), error: makeFlowError() });
  const start = { version: "1", host: "127.0.0.1", port: 8080, mode: { kind: "regular" } } as const;
  return [
    json.http(makeHttpFlow(full)),
    json.tcpStart(tcp),
    json.tcpMessage(tcp, makeTcpMessage("a"), new Uint8Array(1)),
    json.tcpEnd(tcp, { fromClient: 1, fromServer: 1 }),
    json.webSocketStart(webSocket),
    json.webSocketMessage(webSocket, makeWebSocketMessage(), new Uint8Array(1)),
    json.webSocketEnd(webSocket, { messages: { client: 1, server: 1 }, bytes: { client: 1, server: 1 } }),
    ...events.map((event) => json.connection(event, START)),
    json.log({ ...entry, level: "warn" }),
    json.leftOut(3, START),
    startupJson({ ...start, certificatePath: "ca.pem", certificateCreated: false }, START),
  ].map(parse);
}

interface Described {
  key: string;
  types: string[];
}

/** The tables of docs/log-json.md, by the heading above them. */
async function readDescription(): Promise<Map<string, Described[]>> {
  const text = await Deno.readTextFile(new URL("../../docs/log-json.md", import.meta.url));
  const tables = new Map<string, Described[]>();
  let heading = "";
  for (const line of text.split("\n")) {
    heading = /^#{2,3} (.*)$/.exec(line)?.[1] ?? heading;
    const row = /^\| `([a-z0-9_]+)` \| ([^|]+) \|/.exec(line);
    if (row === null) continue;
    const [, key = "", types = ""] = row;
    tables.set(heading, [...tables.get(heading) ?? [], {
      key,
      types: types.split(",").map((type) => type.trim()),
    }]);
  }
  return tables;
}

const typeChecks: Record<string, (value: Parsed) => boolean> = {
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
  time: (value) => typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value),
  fields: (value) =>
    Array.isArray(value) && value.every((field) => Array.isArray(field) && field.length === 2),
};

function checkValue(tables: Map<string, Described[]>, types: string[], value: Parsed, where: string): void {
  for (const type of types) {
    const item = /^array of (.*)$/.exec(type)?.[1];
    if (item !== undefined && Array.isArray(value)) {
      return value.forEach((element) => checkValue(tables, [item], element, `${where}[]`));
    }
    if (tables.has(type) && typeof value === "object" && value !== null) {
      return checkKeys(tables, type, value, where);
    }
    if (typeChecks[type]?.(value)) return;
  }
  assert.fail(`${where} is ${JSON.stringify(value)}, described as ${types.join(", ")}`);
}

function checkKeys(tables: Map<string, Described[]>, heading: string, value: Parsed, where: string): void {
  const rows = tables.get(heading) ?? [];
  const optional = "text" in value ? "base64" : "text";
  const described = rows.map(({ key }) => key).filter((key) => key !== optional || key in value);
  assert.deepEqual(Object.keys(value).toSorted(), described.toSorted(), where);
  for (const { key, types } of rows) {
    if (key in value) checkValue(tables, types, value[key], `${where}.${key}`);
  }
}

Deno.test("json: docs/log-json.md describes every key of every type, and no other", async () => {
  const tables = await readDescription();
  const lines = everyLine();
  for (const line of lines) checkKeys(tables, line.type, line, line.type);
  const types = new Set(lines.map((line) => line.type));
  const objects = [
    "request",
    "interim",
    "response",
    "body",
    "peer",
    "error",
    "tls facts",
    "certificate",
    "close",
  ];
  assert.deepEqual(
    [...tables.keys()].filter((heading) => !types.has(heading) && !objects.includes(heading)),
    [],
  );
});
