// Frames, those of messages above all, in every shape they must not have, and the unusual ones that are allowed (RFC 9113, 4, 5.5, 6.1, 6.2, 6.10).

import {
  ascii,
  continuation,
  data,
  FLAG,
  frame,
  goAway,
  headers,
  ping,
  priority,
  resetStream,
  settings,
  settingsAck,
  TYPE,
  uint32,
  windowUpdate,
} from "../kit/http2_frames.ts";
import { requestLines, responseLines } from "./drive.ts";
import { openRow, row } from "./row_states.ts";
import { POST, type Row } from "./rows.ts";

const nothing = { ok: [] };
const protocolError = { connection: "PROTOCOL_ERROR" } as const;
const frameSizeError = { connection: "FRAME_SIZE_ERROR" } as const;
const RESERVED_BIT = 2 ** 31;

export const formatRows: Row[] = [
  row("an unknown type on stream 0", "4.1", nothing, frame(0x16, 0xff, 0, ascii("12345678"))),
  row("an unknown type on an idle stream", "5.5", nothing, frame(0xfe, 0, 9, ascii("x"))),
  openRow("an unknown type on an open stream", "5.5", nothing, frame(0x77, 0x7, 1)),
  row("flags that mean nothing on PING", "4.1", nothing, frame(TYPE.PING, 0xfe, 0, ascii("12345678"))),
  row("flags that mean nothing on SETTINGS", "4.1", nothing, frame(TYPE.SETTINGS, 0xfe, 0)),
  row(
    "flags that mean nothing on WINDOW_UPDATE",
    "4.1",
    nothing,
    frame(TYPE.WINDOW_UPDATE, 0xff, 0, uint32(1)),
  ),
  openRow(
    "flags that mean nothing on DATA",
    "4.1",
    { ok: ['#1 body "x"', "#1 end"] },
    frame(TYPE.DATA, 0xf7, 1, ascii("x")),
  ),
  row(
    "the reserved bit of a stream id",
    "4.1",
    nothing,
    frame(TYPE.PING, 0, RESERVED_BIT, ascii("12345678")),
  ),
  openRow(
    "the reserved bit of a stream id, on DATA",
    "4.1",
    { ok: ['#1 body "x"', "#1 end"] },
    frame(TYPE.DATA, FLAG.END_STREAM, RESERVED_BIT + 1, ascii("x")),
  ),
  openRow(
    "DATA as long as allowed",
    "4.2",
    { ok: ["#1 body of 16384", "#1 end"] },
    data(1, new Uint8Array(16_384), { end: true }),
  ),
  openRow(
    "DATA longer than allowed",
    "4.2",
    { any: [{ stream: 1, code: "FRAME_SIZE_ERROR" }, frameSizeError] },
    data(1, new Uint8Array(16_385)),
  ),
  openRow(
    "HEADERS longer than allowed",
    "4.2",
    frameSizeError,
    headers(1, new Uint8Array(16_385), { end: true }),
  ),
  openRow(
    "CONTINUATION longer than allowed",
    "4.2",
    frameSizeError,
    headers(1, new Uint8Array(0), { end: true, endHeaders: false }),
    continuation(1, new Uint8Array(16_385)),
  ),
  row(
    "SETTINGS longer than allowed",
    "4.2",
    frameSizeError,
    frame(TYPE.SETTINGS, 0, 0, new Uint8Array(16_386)),
  ),
  row(
    "an unknown type longer than allowed",
    "4.2",
    frameSizeError,
    frame(0x77, 0, 0, new Uint8Array(16_385)),
  ),
  row(
    "a length of 2^24-1, and no more than the head of it",
    "4.2",
    frameSizeError,
    frame(0x77, 0, 0, ascii(""), 0xffffff),
  ),
];

export const dataRows: Row[] = [
  row("DATA on stream 0", "6.1", protocolError, data(0, "x")),
  openRow("no padding", "6.1", { ok: ['#1 body "x"'] }, data(1, "x", { pad: 0 })),
  openRow("much padding", "6.1", { ok: ['#1 body "x"', "#1 end"] }, data(1, "x", { pad: 255, end: true })),
  openRow(
    "nothing but padding",
    "6.1",
    { ok: ["#1 end"] },
    data(1, "", { pad: 20 }),
    data(1, "", { pad: 0, end: true }),
  ),
  openRow(
    "padding as long as the payload",
    "6.1",
    protocolError,
    frame(TYPE.DATA, FLAG.PADDED, 1, ascii("\x01")),
  ),
  openRow(
    "padding longer than the payload",
    "6.1",
    protocolError,
    frame(TYPE.DATA, FLAG.PADDED, 1, ascii("\x05abcd")),
  ),
  openRow(
    "PADDED without a Pad Length",
    "4.2",
    {
      any: [{ stream: 1, code: "FRAME_SIZE_ERROR" }, { connection: ["FRAME_SIZE_ERROR", "PROTOCOL_ERROR"] }],
    },
    frame(TYPE.DATA, FLAG.PADDED, 1),
  ),
  openRow(
    "padding that is not zero",
    "6.1",
    { any: [{ ok: ['#1 body "ab"'] }, protocolError] },
    frame(TYPE.DATA, FLAG.PADDED, 1, ascii("\x03abxyz")),
  ),
  openRow("empty DATA that ends", "6.1", { ok: ["#1 end"] }, data(1, "", { end: true })),
  openRow("empty DATA that does not", "6.1", { ok: ['#1 body "x"'] }, data(1, ""), data(1, "x"), data(1, "")),
];

/** The peer's first HEADERS on stream 1, in either role. */
function begins(
  name: string,
  rule: string,
  frames: (block: "request" | "response") => Uint8Array[],
  expect: (said: string) => Row["expect"],
): Row[] {
  const common = { name, rule: `RFC 9113, ${rule}`, requests: [POST] };
  return [
    { ...common, role: "server", bytes: frames("request"), expect: expect("#1 POST https://a / {x: y}") },
    { ...common, role: "client", bytes: frames("response"), expect: expect("#1 200 {x: y}") },
  ];
}

const lines = (kind: "request" | "response") =>
  kind === "request" ? requestLines("POST", "/", ["x", "y"]) : responseLines(200, ["x", "y"]);

export const headersRows: Row[] = [
  row("HEADERS on stream 0", "6.2", protocolError, headers(0, requestLines("GET", "/"), { end: true })),
  ...begins(
    "padding",
    "6.2",
    (kind) => [headers(1, lines(kind), { pad: 40 })],
    (said) => ({ ok: [`${said} stream`] }),
  ),
  ...begins(
    "padding and a priority",
    "6.2",
    (
      kind,
    ) => [headers(1, lines(kind), { pad: 1, priority: { on: 0, weight: 256, exclusive: true }, end: true })],
    // The priority is only told by a server, and only where it is asked for.
    (said) => ({ ok: [new RegExp(`^${escape(said)} end( \\(on 0 exclusive weight 256\\))?$`)] }),
  ),
  ...begins(
    "padding as long as the payload",
    "6.2",
    () => [frame(TYPE.HEADERS, FLAG.PADDED | FLAG.END_HEADERS, 1, ascii("\x05\x88\x88\x88\x88"))],
    () => protocolError,
  ),
  ...begins(
    "padding that reaches into the priority",
    "6.2",
    () => [frame(TYPE.HEADERS, FLAG.PADDED | FLAG.PRIORITY | FLAG.END_HEADERS, 1, ascii("\x03\0\0\0\0\x0f"))],
    () => protocolError,
  ),
  ...begins(
    "PRIORITY without room for it",
    "4.2",
    () => [frame(TYPE.HEADERS, FLAG.PRIORITY | FLAG.END_HEADERS, 1, ascii("\0\0\0\0"))],
    () => ({ connection: "FRAME_SIZE_ERROR" }),
  ),
  ...begins(
    "PADDED without a Pad Length",
    "4.2",
    () => [frame(TYPE.HEADERS, FLAG.PADDED | FLAG.END_HEADERS, 1)],
    () => ({ connection: ["FRAME_SIZE_ERROR", "PROTOCOL_ERROR"] }),
  ),
  ...begins(
    "flags that mean nothing",
    "4.1",
    (kind) => [frame(TYPE.HEADERS, 0x52 | FLAG.END_HEADERS, 1, headers(1, lines(kind)).subarray(9))],
    (said) => ({ ok: [`${said} stream`] }),
  ),
  ...begins(
    "the end of the stream before the end of the fields",
    "6.2",
    (kind) => {
      const block = headers(1, lines(kind)).subarray(9);
      return [
        headers(1, block.subarray(0, 5), { end: true, endHeaders: false }),
        continuation(1, block.subarray(5, 6), false),
        continuation(1, new Uint8Array(0), false),
        continuation(1, block.subarray(6)),
      ];
    },
    (said) => ({ ok: [`${said} end`] }),
  ),
  ...begins(
    "all fields in CONTINUATION",
    "6.10",
    (kind) => [
      headers(1, new Uint8Array(0), { endHeaders: false }),
      continuation(1, headers(1, lines(kind)).subarray(9)),
    ],
    (said) => ({ ok: [`${said} stream`] }),
  ),
  ...begins(
    "an empty CONTINUATION at the end",
    "6.10",
    (kind) => [headers(1, lines(kind), { endHeaders: false }), continuation(1, new Uint8Array(0))],
    (said) => ({ ok: [`${said} stream`] }),
  ),
];

function escape(text: string): string {
  return text.replace(/[{}|()[\].*+?^$\\]/g, "\\$&");
}

/** What must not stand between HEADERS and its CONTINUATION. */
const between: [string, Uint8Array][] = [
  ["PRIORITY", priority(1, 0)],
  ["PRIORITY of another stream", priority(3, 0)],
  ["DATA", data(1, "x")],
  ["HEADERS", headers(1, new Uint8Array(0))],
  ["HEADERS of another stream", headers(3, new Uint8Array(0))],
  ["RST_STREAM", resetStream(1, 0)],
  ["SETTINGS", settings()],
  ["an acknowledgement of SETTINGS", settingsAck],
  ["PING", ping()],
  ["GOAWAY", goAway(0, 0)],
  ["WINDOW_UPDATE", windowUpdate(1, 1)],
  ["WINDOW_UPDATE of the connection", windowUpdate(0, 1)],
  ["CONTINUATION of another stream", continuation(3, new Uint8Array(0))],
  ["CONTINUATION of stream 0", continuation(0, new Uint8Array(0))],
  ["an unknown type", frame(0x77, 0, 1)],
  ["an unknown type on stream 0", frame(0x77, 0, 0)],
];

export const continuationRows: Row[] = [
  row("CONTINUATION of nothing", "6.10", protocolError, continuation(1, new Uint8Array(0))),
  row("CONTINUATION on stream 0", "6.10", protocolError, continuation(0, new Uint8Array(0))),
  openRow("CONTINUATION after END_HEADERS", "6.10", protocolError, continuation(1, new Uint8Array(0))),
  ...begins(
    "CONTINUATION after a CONTINUATION with END_HEADERS",
    "6.10",
    (kind) => [
      headers(1, lines(kind), { endHeaders: false }),
      continuation(1, new Uint8Array(0)),
      continuation(1, new Uint8Array(0)),
    ],
    (said) => ({ connection: "PROTOCOL_ERROR", says: [`${said} stream`] }),
  ),
  openRow("CONTINUATION after DATA", "6.10", protocolError, data(1, "x"), continuation(1, new Uint8Array(0))),
  ...between.flatMap(([name, bytes]) =>
    begins(
      `${name} between HEADERS and CONTINUATION`,
      name.startsWith("an unknown") ? "5.5" : "6.2",
      (kind) => [headers(1, lines(kind), { endHeaders: false }), bytes, continuation(1, new Uint8Array(0))],
      () => ({ connection: "PROTOCOL_ERROR", says: [] }),
    )
  ),
  ...between.filter(([name]) => name === "PING" || name === "DATA").flatMap(([name, bytes]) =>
    begins(
      `${name} between CONTINUATION and CONTINUATION`,
      "6.10",
      (kind) => [
        headers(1, lines(kind), { endHeaders: false }),
        continuation(1, new Uint8Array(0), false),
        bytes,
      ],
      () => ({ connection: "PROTOCOL_ERROR", says: [] }),
    )
  ),
];
