// Priorities where they are asked for, and where they are not (RFC 9113, 5.3; RFC 9218, 7.1); extended CONNECT (RFC 8441).

import {
  ascii,
  type FieldLine,
  frame,
  headers,
  priority,
  priorityUpdate,
  TYPE,
} from "../kit/http2_frames.ts";
import { requestLines } from "./drive.ts";
import { type Expectation, POST, type Row } from "./rows.ts";

const protocolError: Expectation = { connection: "PROTOCOL_ERROR" };
const post = headers(1, requestLines("POST", "/"));
const said = "#1 POST https://a / {} stream";

function prioritized(name: string, rule: string, expect: Expectation, ...bytes: Uint8Array[]): Row {
  return { name, rule, role: "server", options: { priority: true }, bytes, expect };
}

export const priorityRows: Row[] = [
  prioritized(
    "PRIORITY",
    "RFC 9113, 6.3",
    { ok: [said, "#1 priority on 3 exclusive weight 256", "#1 priority on 0 weight 1"] },
    post,
    priority(1, 3, 256, true),
    priority(1, 0, 1),
  ),
  prioritized(
    "in HEADERS",
    "RFC 9113, 6.2",
    { ok: [`${said} (on 0 exclusive weight 17)`] },
    headers(1, requestLines("POST", "/"), { priority: { on: 0, weight: 17, exclusive: true } }),
  ),
  prioritized(
    "PRIORITY_UPDATE",
    "RFC 9218, 7.1",
    { ok: [said, "#1 priority update u=1, i", "#1 priority update "] },
    post,
    priorityUpdate(1, "u=1, i"),
    priorityUpdate(1, ""),
  ),
  prioritized(
    "PRIORITY_UPDATE of a stream to come",
    "RFC 9218, 7.1",
    { any: [{ ok: [] }, { ok: ["#9 priority update u=1"] }] },
    priorityUpdate(9, "u=1"),
  ),
  prioritized(
    "PRIORITY_UPDATE on a stream",
    "RFC 9218, 7.1",
    protocolError,
    post,
    priorityUpdate(1, "u=1", 1),
  ),
  prioritized("PRIORITY_UPDATE of stream 0", "RFC 9218, 7.1", protocolError, priorityUpdate(0, "u=1")),
  prioritized(
    "PRIORITY_UPDATE of a stream nobody has promised",
    "RFC 9218, 7.1",
    protocolError,
    priorityUpdate(2, "u=1"),
  ),
  {
    ...prioritized(
      "PRIORITY_UPDATE of more streams to come than may be open",
      "RFC 9218, 7.1",
      protocolError,
      priorityUpdate(3, "u=1"),
      priorityUpdate(3, "u=2"),
      priorityUpdate(5, "u=1"),
      priorityUpdate(7, "u=1"),
    ),
    options: { priority: true, limits: { concurrentStreams: 2 } },
  },
  prioritized(
    "PRIORITY_UPDATE of 3 bytes",
    "RFC 9218, 7.1",
    { connection: "FRAME_SIZE_ERROR" },
    frame(TYPE.PRIORITY_UPDATE, 0, 0, ascii("\0\0\0")),
  ),
  {
    ...prioritized("PRIORITY_UPDATE from a server", "RFC 9218, 7.1", protocolError, priorityUpdate(1, "u=1")),
    role: "client",
  },
  // Not asked for: RFC 7540's are known and not told, RFC 9218's are of an unknown type.
  {
    name: "not asked for",
    rule: "RFC 9113, 5.5",
    role: "server",
    bytes: [
      headers(1, requestLines("POST", "/"), { priority: { on: 0, weight: 17 } }),
      priority(1, 0),
      priorityUpdate(1, "u=1"),
    ],
    expect: { ok: [said] },
  },
  {
    name: "not asked for, from a server",
    rule: "RFC 9113, 5.5",
    role: "client",
    requests: [POST],
    bytes: [priority(1, 0)],
    expect: { ok: [] },
  },
];

const protocol: FieldLine = [":protocol", "websocket"];
const connect: FieldLine = [":method", "CONNECT"];
const [, scheme, authority, path] = requestLines("GET", "/chat") as [
  FieldLine,
  FieldLine,
  FieldLine,
  FieldLine,
];
const malformed: Expectation = { stream: 1, code: "PROTOCOL_ERROR", says: [] };

/** With extended CONNECT offered and the offer acknowledged. */
function extended(name: string, expect: Expectation, ...lines: FieldLine[]): Row {
  return {
    name,
    rule: "RFC 8441, 4",
    role: "server",
    offers: { push: false, extendedConnect: true },
    bytes: [headers(1, lines)],
    expect,
  };
}

export const extendedConnectRows: Row[] = [
  extended(
    "as it should be",
    { ok: ["#1 CONNECT :protocol websocket https://a /chat {} end"] },
    connect,
    protocol,
    scheme,
    authority,
    path,
  ),
  extended("no :scheme", malformed, connect, protocol, authority, path),
  extended("no :path", malformed, connect, protocol, scheme, authority),
  extended("with GET", malformed, [":method", "GET"], protocol, scheme, authority, path),
  extended(":protocol twice", malformed, connect, protocol, protocol, scheme, authority, path),
  extended("plain CONNECT as before", { ok: ["#1 CONNECT ://a:1 a:1 {} end"] }, connect, [
    ":authority",
    "a:1",
  ]),
];
