// Flow records of any kind, for the properties: more than readers let through, since hooks may edit what they like.

import fc from "fast-check";
import type { ConnectionRecord, Flow, HttpFlow, TcpFlow, TcpMessage } from "../../lib/flow/record.ts";
import {
  makeConnection,
  makeFlowError,
  makeHttpFlow,
  makeTcpFlow,
  makeTcpMessage,
  makeTlsFacts,
  makeWebSocket,
  makeWebSocketMessage,
  type RequestParts,
  type ResponseParts,
  START,
} from "../kit/records.ts";

const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
/** Byte-true. */
const wire = fc.string({ unit: byte, maxLength: 12 });
const word = fc.oneof(fc.constantFrom("a=1; b", "x", "", "1%20+%ff"), wire);

const name = fc.oneof(
  fc.constantFrom("Host", "Cookie", "set-cookie", "Content-Type", "location", "content-encoding"),
  wire,
);
const value = fc.oneof(
  fc.constantFrom("gzip", "text/html; charset=utf-8", "application/x-www-form-urlencoded", "a=b; Path=/"),
  fc.constantFrom(
    "k=v; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Max-Age=1e9; Secure",
    "k=v; max-age=99999999999999999",
  ),
  wire,
);
const fields = fc.array(fc.tuple(name, value), { maxLength: 5 });
const trailers = fc.option(fields, { nil: undefined });

const body = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => new TextEncoder().encode(text)),
);
const capture = fc.constantFrom(0, 3, 1000);
const version = fc.constantFrom("HTTP/1.0" as const, "HTTP/1.1" as const, "HTTP/2.0" as const);
const framing = fc.constantFrom(
  "none" as const,
  "length" as const,
  "chunked" as const,
  "close" as const,
  "stream" as const,
);
const at = fc.double({ min: -10, max: 5000, noNaN: true }).map((offset) => START + offset);
const maybeAt = fc.option(at, { nil: null });

const request: fc.Arbitrary<RequestParts> = fc.record({
  version,
  method: fc.oneof(fc.constantFrom("GET", "POST", "HEAD", "CONNECT"), word),
  path: word.map((text) => `/${text}`),
  targetForm: fc.constantFrom(
    "origin" as const,
    "absolute" as const,
    "authority" as const,
    "asterisk" as const,
  ),
  authority: word,
  protocol: fc.constantFrom(null, "websocket", "h2c"),
  framing,
  fields,
  body,
  capture,
  ...{ trailers: fc.constantFrom([], [["t", "1"]]) as fc.Arbitrary<[string, string][]> },
});

const response: fc.Arbitrary<ResponseParts> = fc.record({
  version,
  status: fc.integer({ min: 100, max: 999 }),
  reason: word,
  framing,
  fields,
  body,
  capture,
}).chain((parts) => trailers.map((list) => list === undefined ? parts : { ...parts, trailers: list }));

const endpoint = fc.record({
  host: fc.constantFrom("127.0.0.1", "::1", "2001:db8::1%eth0"),
  port: fc.integer({ min: 0, max: 65535 }),
});

const connection: fc.Arbitrary<ConnectionRecord> = fc.record({
  id: fc.nat(3),
  remote: endpoint,
  local: fc.option(endpoint, { nil: null }),
  name: fc.option(fc.record({ host: fc.constantFrom("example.com", "b.example"), port: fc.constant(443) }), {
    nil: null,
  }),
  startedAt: at,
  connectedAt: maybeAt,
  tlsAt: maybeAt,
  endedAt: maybeAt,
  tls: fc.option(
    fc.record({
      version: fc.constantFrom("", "TLSv1.2", "TLSv1.3", "TLSv9"),
      cipher: fc.constantFrom("", "TLS_AES_128_GCM_SHA256"),
      alpn: fc.constantFrom(null, "h2", "\xff"),
      alpnOffers: fc.array(word, { maxLength: 2 }),
      serverName: fc.constantFrom(null, "example.com", "bücher.example"),
      verifyError: fc.constantFrom(null, "self-signed"),
    }).map(makeTlsFacts),
    { nil: null },
  ),
}).map(makeConnection);

const tcpMessage: fc.Arbitrary<TcpMessage> = fc.record({
  fromClient: fc.boolean(),
  at,
  dropped: fc.boolean(),
  injected: fc.boolean(),
}).chain((parts) => body.map((content) => makeTcpMessage(content, parts)));

const webSocketMessage = fc.record({
  type: fc.constantFrom("text" as const, "binary" as const, "ping" as const, "pong" as const),
  fromClient: fc.boolean(),
  at,
  endedAt: maybeAt,
  body,
  capture,
  dropped: fc.boolean(),
  injected: fc.boolean(),
}).map(makeWebSocketMessage);

const webSocket = fc.record({
  messages: fc.array(webSocketMessage, { maxLength: 4 }),
  messagesDropped: fc.nat(2),
  close: fc.option(
    fc.record({
      at,
      code: fc.constantFrom(1000, 1005, 1006, 4999),
      reason: fc.string({ unit: "grapheme", maxLength: 5 }),
      by: fc.constantFrom("client" as const, "server" as const, "proxy" as const),
    }),
    { nil: null },
  ),
}).map(makeWebSocket);

const base = {
  id: fc.nat(1000),
  client: connection,
  server: fc.option(connection, { nil: null }),
  startedAt: at,
  endedAt: maybeAt,
  error: fc.option(fc.string({ unit: "binary", maxLength: 9 }).map((message) => makeFlowError({ message })), {
    nil: null,
  }),
  held: fc.boolean(),
  marked: fc.boolean(),
  replayed: fc.boolean(),
  host: fc.constantFrom("", "example.com", "::1"),
  port: fc.constantFrom(0, 80, 8080),
  messagesDropped: fc.nat(2),
};

export const httpFlow: fc.Arbitrary<HttpFlow> = fc.record({
  ...base,
  scheme: fc.constantFrom("http", "https"),
  request,
  response: fc.option(response, { nil: null }),
  interim: fc.array(response, { maxLength: 1 }),
  messages: fc.option(fc.array(tcpMessage, { maxLength: 3 }), { nil: null }),
  websocket: fc.option(webSocket, { nil: null }),
}).chain((parts) =>
  fc.tuple(maybeAt, maybeAt).map(([requestEnd, responseEnd]) => {
    const flow = makeHttpFlow(parts);
    flow.request.endedAt = requestEnd;
    if (flow.response !== null) flow.response.endedAt = responseEnd;
    return flow;
  })
);

export const tcpFlow: fc.Arbitrary<TcpFlow> = fc.record({
  ...base,
  tls: fc.boolean(),
  messages: fc.array(tcpMessage, { maxLength: 4 }),
}).map(makeTcpFlow);

export const anyFlow: fc.Arbitrary<Flow> = fc.oneof(httpFlow, tcpFlow);
