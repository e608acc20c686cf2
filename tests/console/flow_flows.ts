// Flows to look at in tests of the flow view: one of each kind, complete and with fixed times.

import { gzipSync } from "node:zlib";
import type { Flow } from "../../lib/flow/record.ts";
import {
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

const order =
  '{"order":{"id":12345678901234567890,"items":[{"sku":"A-1","count":2},{"sku":"B-7","count":1}]}}';
const page =
  "<!doctype html><html><head><title>Order</title><script>\n  if (a < b) { c() }\n</script></head>" +
  "<body><p>Thank you for your <b>order</b>, it will be with you within three days, if nothing comes between." +
  "<ul><li>A-1<li>B-7</ul></body></html>";

/** HTTP/1.1 with all that a message can have. */
export function makeOrder(): Flow {
  return makeHttpFlow({
    request: {
      method: "POST",
      path: "/orders?source=mail&campaign=winter",
      fields: [
        ["Host", "example.com"],
        ["Content-Type", "application/json"],
        ["Cookie", `session=${"0123456789abcdef".repeat(8)}`],
        ["TE", "trailers"],
        ["X-Empty", ""],
      ],
      body: order,
      framing: "chunked",
      trailers: [["X-Checksum", "c0ffee"]],
    },
    interim: [
      { status: 100, reason: "Continue" },
      { status: 103, reason: "Early Hints", fields: [["Link", "</style.css>; rel=preload"]] },
    ],
    response: {
      status: 201,
      reason: "Created",
      fields: [["Content-Type", "text/html; charset=utf-8"], ["Content-Encoding", "gzip"]],
      // Not compressed, so that its length is the same with every zlib.
      body: gzipSync(page, { level: 0 }),
      trailers: [["Server-Timing", "db;dur=12"]],
    },
    edited: true,
    notes: ["the response ends a line with a bare LF: forgiven"],
  });
}

/** A gRPC call over HTTP/2, for which the connection was made. */
export function makeGrpcCall(): Flow {
  return makeHttpFlow({
    scheme: "https",
    client: makeConnection({ tlsAt: START - 2, startedAt: START - 10, tls: makeTlsFacts() }),
    server: makeConnection({
      id: 2,
      remote: { host: "93.184.216.34", port: 443 },
      local: { host: "10.0.0.2", port: 40122 },
      name: { host: "example.com", port: 443 },
      startedAt: START + 2,
      connectedAt: START + 8,
      tlsAt: START + 14,
      tls: makeTlsFacts({ verifyError: "self-signed certificate in the chain" }),
    }),
    request: {
      method: "POST",
      version: "HTTP/2.0",
      scheme: "https",
      path: "/shop.Orders/Get",
      fields: [["content-type", "application/grpc"], ["te", "trailers"]],
      body: "\0\0\0\0\x07\x08\x96\x01\x12\x02hi",
      framing: "stream",
    },
    response: {
      version: "HTTP/2.0",
      reason: "",
      framing: "stream",
      fields: [["content-type", "application/grpc"]],
      body: "\0\0\0\0\x0b\x0a\x09\x08\x01\x12\x05world" + "\0\0\0\0\x05\x0d\0\0\x80\x3f",
      trailers: [["grpc-status", "0"]],
    },
  });
}

/** A conversation over WebSocket, on a connection that was there before. */
export function makeChat(): Flow {
  return makeHttpFlow({
    server: makeConnection({
      id: 2,
      remote: { host: "93.184.216.34", port: 80 },
      startedAt: START - 5000,
      connectedAt: START - 4988,
    }),
    request: {
      path: "/chat",
      protocol: "websocket",
      fields: [["Host", "example.com"], ["Upgrade", "websocket"]],
    },
    response: { status: 101, reason: "Switching Protocols", fields: [["Upgrade", "websocket"]] },
    took: 900,
    websocket: makeWebSocket({
      startedAt: START + 21,
      compression: true,
      messagesDropped: 2,
      messages: [
        makeWebSocketMessage({ at: START + 30, body: "hello" }),
        makeWebSocketMessage({
          at: START + 60,
          fromClient: false,
          body: '{"hello":["you"]}',
          compressed: true,
          frames: 3,
          edited: true,
        }),
        makeWebSocketMessage({ at: START + 300, type: "ping", body: "are you there" }),
        makeWebSocketMessage({ at: START + 301, type: "pong", fromClient: false, body: "\xff\0" }),
        makeWebSocketMessage({ at: START + 400, type: "binary", body: "\0\x01\x02", injected: true }),
        makeWebSocketMessage({ at: START + 880, body: "", dropped: true }),
        makeWebSocketMessage({ at: START + 885, endedAt: null, body: "half of a mess" }),
      ],
      close: { at: START + 890, code: 1000, reason: "bye", by: "server" },
    }),
  });
}

/** Bytes both ways within TLS, not over yet. */
export function makeMail(): Flow {
  return makeTcpFlow({
    tls: true,
    port: 465,
    took: null,
    messages: [
      makeTcpMessage("220 example.com ESMTP\r\n", { fromClient: false }),
      makeTcpMessage("EHLO client\r\n", { at: START + 700 }),
      makeTcpMessage("\0\x01\x02\xff".repeat(5), { at: START + 900, fromClient: false, edited: true }),
    ],
    messagesDropped: 1,
  });
}

/** An origin that could not be reached. */
export function makeRefused(): Flow {
  return makeHttpFlow({
    response: null,
    server: makeConnection({
      id: 2,
      remote: { host: "93.184.216.34", port: 80 },
      startedAt: START + 2,
      connectedAt: null,
      endedAt: START + 34,
    }),
    error: makeFlowError({ rule: "RFC 9293, 3.5" }),
    notes: ["tried twice"],
  });
}

/** A request that was killed while a person looked at it. */
export function makeKilled(): Flow {
  return makeHttpFlow({
    request: { method: "DELETE", path: "/all" },
    response: null,
    server: null,
    killed: true,
    error: makeFlowError({ message: "killed by a person", by: "proxy", code: "killed" }),
  });
}
