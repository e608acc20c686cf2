import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { flowFile } from "../../lib/export/flow_file.ts";
import type { Flow } from "../../lib/flow/record.ts";
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
import { anyFlow } from "./arbitraries.ts";
import { assertFlowShape } from "./flow_file_shape.ts";
import { readTnetstrings, type ReadValue } from "./read_tnetstring.ts";

/** As JavaScript has it, bytes as { bytes: byte-true text }: types are what flow_file_shape.ts looks at. */
type Plain = null | boolean | number | string | { bytes: string } | Plain[] | { [key: string]: Plain };

function readFile(...flows: Flow[]): Plain[] {
  return [...flowFile(flows)].flatMap((piece) => readTnetstrings(piece)).map((flow) => {
    assertFlowShape(flow);
    return plain(flow);
  });
}

function plain(value: ReadValue): Plain {
  switch (value.type) {
    case "null":
      return null;
    case "bytes":
      return bytes(latin1Decode(value.value));
    case "list":
      return value.value.map(plain);
    case "dict":
      return Object.fromEntries(Array.from(value.value, ([key, item]) => [key, plain(item)]));
    default:
      return value.value;
  }
}

/** The one flow of a file, some of it. */
function readOne(parts: HttpFlowParts = {}): Record<string, Plain> {
  return readFile(makeHttpFlow(parts))[0] as Record<string, Plain>;
}

const bytes = (text: string): Plain => ({ bytes: text });
const field = (name: string, value: string): Plain => [bytes(name), bytes(value)];
const at = (milliseconds: number) => (START + milliseconds) / 1000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

Deno.test("flow file: one exchange, all of it", () => {
  const { id, client_conn, server_conn, ...flow } = readOne({
    scheme: "https",
    marked: true,
    client: makeConnection({
      local: { host: "::1", port: 8080 },
      remote: { host: "::1", port: 5000 },
      tlsAt: START + 3,
      endedAt: START + 90,
      tls: makeTlsFacts({ alpn: null }),
    }),
    server: makeConnection({
      id: 2,
      remote: { host: "93.184.216.34", port: 443 },
      local: { host: "10.0.0.1", port: 5001 },
      name: { host: "example.com", port: 443 },
      tlsAt: START + 15,
      tls: makeTlsFacts(),
    }),
    request: {
      method: "POST",
      path: "/a?b",
      body: "\0\xff",
      fields: [["hOST", "example.com"], ["x", "\xe4"]],
    },
    interim: [{ status: 103 }],
    response: {
      status: 404,
      reason: "N\xe4",
      body: "ab",
      framing: "chunked",
      fields: [["A", ""], ["a", "b"]],
      trailers: [["T", "1"]],
    },
  }) as Record<string, Record<string, Plain>>;
  assert.match(String(id), UUID);
  assert.deepEqual(flow, {
    version: 17,
    type: "http",
    error: null,
    intercepted: false,
    is_replay: null,
    marked: ":default:",
    metadata: {},
    comment: "",
    timestamp_created: at(0),
    request: {
      http_version: bytes("HTTP/1.1"),
      headers: [field("hOST", "example.com"), field("x", "\xe4")],
      content: bytes("\0\xff"),
      trailers: null,
      timestamp_start: at(0),
      timestamp_end: at(2),
      host: "example.com",
      port: 443,
      method: bytes("POST"),
      scheme: bytes("https"),
      authority: bytes(""),
      path: bytes("/a?b"),
    },
    response: {
      http_version: bytes("HTTP/1.1"),
      headers: [field("A", ""), field("a", "b")],
      content: bytes("ab"),
      trailers: [field("T", "1")],
      timestamp_start: at(20),
      timestamp_end: at(34),
      status_code: 404,
      reason: bytes("N\xe4"),
    },
    websocket: null,
  });
  const tls = {
    alpn_offers: [bytes("h2"), bytes("http/1.1")],
    certificate_list: [],
    cipher_list: [],
    cipher_name: "TLS_AES_128_GCM_SHA256",
    error: null,
    sni: "example.com",
    tls: true,
    tls_established: true,
    tls_version: "TLSv1.3",
    timestamp_start: at(0),
  };
  const { id: clientId, ...client } = client_conn!;
  assert.match(String(clientId), UUID);
  assert.deepEqual(client, {
    ...tls,
    alpn: null,
    address: ["::1", 5000, 0, 0],
    sockname: ["::1", 8080, 0, 0],
    mitmcert: null,
    state: 0,
    tls_extensions: [],
    timestamp_end: at(90),
    timestamp_tls_setup: at(3),
  });
  const { id: serverId, ...server } = server_conn!;
  assert.match(String(serverId), UUID);
  assert.deepEqual(server, {
    ...tls,
    alpn: bytes("h2"),
    address: ["example.com", 443],
    ip_address: ["93.184.216.34", 443],
    source_address: ["10.0.0.1", 5001],
    state: 3,
    timestamp_end: null,
    timestamp_tcp_setup: at(12),
    timestamp_tls_setup: at(15),
    via: null,
    via2: null,
  });
});

Deno.test("flow file: no origin, no answer, and why", () => {
  const flow = readOne({ server: null, response: null, error: makeFlowError({ message: "gräßlich" }) });
  assert.deepEqual(flow["error"], { msg: "gräßlich", timestamp: at(34) });
  assert.equal(flow["response"], null);
  const { address, ip_address, timestamp_start } = flow["server_conn"] as Record<string, Plain>;
  assert.deepEqual([address, ip_address, timestamp_start], [["example.com", 80], null, null]);
});

Deno.test("flow file: a replayed flow says so", () =>
  assert.equal(readOne({ replayed: true })["is_replay"], "request"));

/** What an HTTP request is to its reader. */
const requests: { name: string; parts: HttpFlowParts; request: Record<string, Plain> }[] = [
  {
    name: "the target in absolute form is what a proxy sends on",
    parts: { request: { target: "http://example.com/a", targetForm: "absolute", path: "/a" } },
    request: { authority: bytes(""), path: bytes("/a"), scheme: bytes("http") },
  },
  {
    name: "HTTP/2: pseudo-fields stand alone",
    parts: { request: { version: "HTTP/2.0", fields: [["accept", "a"]] } },
    request: {
      http_version: bytes("HTTP/2.0"),
      authority: bytes("example.com"),
      headers: [field("accept", "a")],
    },
  },
  {
    name: "CONNECT",
    parts: {
      request: {
        method: "CONNECT",
        target: "a.example:1",
        authority: "a.example:1",
        targetForm: "authority",
        path: "",
      },
    },
    request: {
      authority: bytes("a.example:1"),
      path: bytes(""),
      scheme: bytes(""),
      method: bytes("CONNECT"),
    },
  },
  {
    name: "a body that was not captured is none",
    parts: { request: { method: "POST", body: "abc", capture: 0 } },
    request: { content: null },
  },
  { name: "an empty body", parts: {}, request: { content: bytes("") } },
];

for (const { name, parts, request } of requests) {
  Deno.test(`flow file: ${name}`, () => {
    const read = readOne(parts)["request"] as Record<string, Plain>;
    for (const [key, value] of Object.entries(request)) assert.deepEqual(read[key], value, key);
  });
}

Deno.test("flow file: what was cut is said in the comment", () => {
  const flow = readOne({
    request: { method: "POST", body: "abc", capture: 2 },
    response: { body: "abcdef", capture: 4 },
  });
  assert.equal(
    flow["comment"],
    "only the first 2 of 3 bytes of the request's body were captured; " +
      "only the first 4 of 6 bytes of the response's body were captured",
  );
});

Deno.test("flow file: a WebSocket, text and binary only", () => {
  const messages = [
    makeWebSocketMessage({ body: "hi" }),
    makeWebSocketMessage({ type: "ping" }),
    makeWebSocketMessage({ type: "binary", fromClient: false, body: "\xff", dropped: true }),
    makeWebSocketMessage({ body: "abc", capture: 1, injected: true }),
    makeWebSocketMessage({ type: "pong" }),
  ];
  const close = { at: START + 50, code: 1001, reason: "tschüß", by: "server" as const };
  const flow = readOne({ websocket: makeWebSocket({ messages, messagesDropped: 3, close }) });
  assert.deepEqual(flow["websocket"], {
    messages: [
      [1, true, bytes("hi"), at(9), false, false],
      [2, false, bytes("\xff"), at(9), true, false],
      [1, true, bytes("a"), at(9), false, true],
    ],
    closed_by_client: false,
    close_code: 1001,
    close_reason: "tschüß",
    timestamp_end: at(50),
  });
  assert.equal(
    flow["comment"],
    "messages of which only the first bytes were captured: 1; further messages, not captured: 3",
  );
});

Deno.test("flow file: a WebSocket over HTTP/2 is a GET to its reader", () => {
  const flow = readOne({
    request: { version: "HTTP/2.0", method: "CONNECT", protocol: "websocket", path: "/chat" },
    websocket: makeWebSocket(),
    took: null,
  });
  const { method, path } = flow["request"] as Record<string, Plain>;
  assert.deepEqual([method, path], [bytes("GET"), bytes("/chat")]);
  assert.match(String(flow["comment"]), /extended CONNECT/);
  const { closed_by_client, close_code, timestamp_end } = flow["websocket"] as Record<string, Plain>;
  assert.deepEqual([closed_by_client, close_code, timestamp_end], [null, null, null]);
});

Deno.test("flow file: TCP", () => {
  const messages = [
    makeTcpMessage("SSH\xff"),
    makeTcpMessage("dropped", { dropped: true }),
    makeTcpMessage("b", { fromClient: false, at: START + 11, length: 5 }),
  ];
  const [flow] = readFile(makeTcpFlow({ messages })) as Record<string, Plain>[];
  assert.equal(flow!["type"], "tcp");
  assert.deepEqual(flow!["messages"], [[true, bytes("SSH\xff"), at(10)], [false, bytes("b"), at(11)]]);
  assert.equal(flow!["comment"], "messages of which only the first bytes were captured: 1");
});

Deno.test("flow file: what became a tunnel is followed by it", () => {
  const messages = [makeTcpMessage("ab")];
  const [http, tcp] = readFile(makeHttpFlow({ messages, response: { status: 101 } })) as Record<
    string,
    Plain
  >[];
  assert.deepEqual([http!["type"], tcp!["type"]], ["http", "tcp"]);
  assert.notEqual(http!["id"], tcp!["id"]);
  assert.deepEqual(http!["client_conn"], tcp!["client_conn"]);
  assert.deepEqual(tcp!["messages"], [[true, bytes("ab"), at(10)]]);
});

Deno.test("flow file: identities are stable, and those of other flows and runs are others", () => {
  const ids = [
    makeHttpFlow(),
    makeHttpFlow(),
    makeHttpFlow({ id: 9 }),
    makeHttpFlow({ startedAt: START + 0.001 }),
    makeTcpFlow({ id: 7 }),
  ].map((flow) => (readFile(flow)[0] as Record<string, Plain>)["id"]);
  assert.equal(ids[0], ids[1]);
  assert.equal(new Set(ids).size, 4);
});

Deno.test("flow file: any record has exactly the keys and types of version 17", () => {
  fc.assert(fc.property(fc.array(anyFlow, { maxLength: 3 }), (flows) => void readFile(...flows)));
});
