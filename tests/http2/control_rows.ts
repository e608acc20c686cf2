// Frames that carry no message, in every shape they must not have, and the unusual ones that are allowed (RFC 9113, 6.3
// to 6.9; RFC 9218, 2.1; RFC 8441, 3).

import {
  ascii,
  CODE,
  FLAG,
  frame,
  headers,
  MAX_WINDOW,
  ping,
  priority,
  resetStream,
  SETTING,
  settings,
  settingsAck,
  settingsPayload,
  TYPE,
  windowUpdate,
} from "../kit/http2_frames.ts";
import { requestLines } from "./drive.ts";
import { openRow, row } from "./row_states.ts";
import type { Row } from "./rows.ts";

const nothing = { ok: [] };
const protocolError = { connection: "PROTOCOL_ERROR" } as const;
const frameSizeError = { connection: "FRAME_SIZE_ERROR" } as const;
const flowControlError = { connection: "FLOW_CONTROL_ERROR" } as const;
const RESERVED_BIT = 2 ** 31;

export const priorityRows: Row[] = [
  row("PRIORITY on stream 0", "6.3", protocolError, priority(0, 0)),
  row("PRIORITY on an idle stream", "6.3", nothing, priority(9, 0), priority(8, 3)),
  openRow("PRIORITY on an open stream", "6.3", nothing, priority(1, 0, 256, true)),
  ...[0, 4, 6].map((length) =>
    openRow(
      `PRIORITY of ${length} bytes`,
      "6.3",
      { any: [{ stream: 1, code: "FRAME_SIZE_ERROR" }, frameSizeError] },
      frame(TYPE.PRIORITY, 0, 1, new Uint8Array(length)),
    )
  ),
  {
    ...openRow("PRIORITY that depends on itself", "5.3", nothing, priority(1, 1)),
    rule: "RFC 7540, 5.3.1",
    expect: { any: [nothing, { stream: 1, code: "PROTOCOL_ERROR" }] },
  },
  {
    name: "HEADERS that depend on themselves",
    rule: "RFC 7540, 5.3.1",
    role: "server",
    bytes: [headers(1, requestLines("POST", "/"), { priority: { on: 1, weight: 1 } })],
    expect: { any: [{ ok: [/^#1 POST /] }, { stream: 1, code: "PROTOCOL_ERROR" }] },
  },
];

const codes: readonly [string, number][] = [
  ...Object.entries(CODE),
  ["0xe", 0xe],
  ["0x1234", 0x1234],
  ["0xffffffff", 0xffffffff],
];

export const resetRows: Row[] = [
  row("RST_STREAM on stream 0", "6.4", protocolError, resetStream(0, 8)),
  row("RST_STREAM on an idle stream", "6.4", protocolError, resetStream(9, 8)),
  openRow("RST_STREAM of 3 bytes", "6.4", frameSizeError, frame(TYPE.RST_STREAM, 0, 1, new Uint8Array(3))),
  openRow("RST_STREAM of 5 bytes", "6.4", frameSizeError, frame(TYPE.RST_STREAM, 0, 1, new Uint8Array(5))),
  ...codes.map(([code, number]) =>
    openRow(`RST_STREAM with ${code}`, "7", { ok: [`#1 reset stream ${code}`] }, resetStream(1, number))
  ),
];

export const settingsRows: Row[] = [
  row(
    "an acknowledgement with a payload",
    "6.5",
    frameSizeError,
    frame(TYPE.SETTINGS, FLAG.ACK, 0, ascii("\0")),
  ),
  row(
    "an acknowledgement with a setting",
    "6.5",
    frameSizeError,
    frame(TYPE.SETTINGS, FLAG.ACK, 0, settingsPayload([SETTING.MAX_FRAME_SIZE, 16_384])),
  ),
  row("SETTINGS on a stream", "6.5", protocolError, frame(TYPE.SETTINGS, 0, 1)),
  openRow("SETTINGS on an open stream", "6.5", protocolError, frame(TYPE.SETTINGS, 0, 1)),
  row("SETTINGS of 5 bytes", "6.5", frameSizeError, frame(TYPE.SETTINGS, 0, 0, new Uint8Array(5))),
  row("SETTINGS of 7 bytes", "6.5", frameSizeError, frame(TYPE.SETTINGS, 0, 0, new Uint8Array(7))),
  row("acknowledgements nobody waits for", "6.5.3", { forgiven: [] }, settingsAck, settingsAck),
  row("an unknown setting", "6.5.2", nothing, settings([0x99, 7], [0xffff, 2 ** 32 - 1], [0x0, 1])),
  row("a window as large as allowed", "6.5.2", nothing, settings([SETTING.INITIAL_WINDOW_SIZE, MAX_WINDOW])),
  row(
    "a window too large",
    "6.5.2",
    flowControlError,
    settings([SETTING.INITIAL_WINDOW_SIZE, MAX_WINDOW + 1]),
  ),
  row(
    "a window much too large",
    "6.5.2",
    flowControlError,
    settings([SETTING.INITIAL_WINDOW_SIZE, 2 ** 32 - 1]),
  ),
  row(
    "frames as small and as large as allowed",
    "6.5.2",
    nothing,
    settings([SETTING.MAX_FRAME_SIZE, 2 ** 24 - 1], [SETTING.MAX_FRAME_SIZE, 16_384]),
  ),
  row("frames too small", "6.5.2", protocolError, settings([SETTING.MAX_FRAME_SIZE, 16_383])),
  row("frames too large", "6.5.2", protocolError, settings([SETTING.MAX_FRAME_SIZE, 2 ** 24])),
  row(
    "extremes of what has no limit",
    "6.5.2",
    nothing,
    settings(
      [SETTING.HEADER_TABLE_SIZE, 0],
      [SETTING.HEADER_TABLE_SIZE, 2 ** 32 - 1],
      [SETTING.MAX_CONCURRENT_STREAMS, 0],
      [SETTING.MAX_CONCURRENT_STREAMS, 2 ** 32 - 1],
      [SETTING.MAX_HEADER_LIST_SIZE, 0],
      [SETTING.MAX_HEADER_LIST_SIZE, 2 ** 32 - 1],
    ),
  ),
  row("ENABLE_PUSH of 0", "6.5.2", nothing, settings([SETTING.ENABLE_PUSH, 0])),
  { ...row("ENABLE_PUSH of 1", "6.5.2", nothing, settings([SETTING.ENABLE_PUSH, 1])), role: "server" },
  {
    ...row("ENABLE_PUSH of 1, from a server", "6.5.2", protocolError, settings([SETTING.ENABLE_PUSH, 1])),
    role: "client",
  },
  row("ENABLE_PUSH of 2", "6.5.2", protocolError, settings([SETTING.ENABLE_PUSH, 2])),
  {
    ...row("ENABLE_CONNECT_PROTOCOL of 2", "", protocolError, settings([SETTING.ENABLE_CONNECT_PROTOCOL, 2])),
    rule: "RFC 8441, 3",
    role: "client",
  },
  {
    ...row("NO_RFC7540_PRIORITIES of 2", "", protocolError, settings([SETTING.NO_RFC7540_PRIORITIES, 2])),
    rule: "RFC 9218, 2.1",
    options: { priority: true },
  },
  {
    ...row("NO_RFC7540_PRIORITIES of 1", "", nothing, settings([SETTING.NO_RFC7540_PRIORITIES, 1])),
    rule: "RFC 9218, 2.1",
  },
  row(
    "a fault after good settings",
    "6.5.3",
    protocolError,
    settings([SETTING.MAX_CONCURRENT_STREAMS, 5], [SETTING.ENABLE_PUSH, 3]),
  ),
];

export const pingRows: Row[] = [
  row("PING on a stream", "6.7", protocolError, frame(TYPE.PING, 0, 1, ascii("12345678"))),
  ...[0, 7, 9].map((length) =>
    row(`PING of ${length} bytes`, "6.7", frameSizeError, frame(TYPE.PING, 0, 0, new Uint8Array(length)))
  ),
  row("an answer of 7 bytes", "6.7", frameSizeError, frame(TYPE.PING, FLAG.ACK, 0, new Uint8Array(7))),
  row("an answer nobody asked for", "6.7", nothing, ping("12345678", true)),
];

export const goAwayRows: Row[] = [
  row("GOAWAY on a stream", "6.8", protocolError, frame(TYPE.GOAWAY, 0, 1, new Uint8Array(8))),
  row("GOAWAY of 7 bytes", "6.8", frameSizeError, frame(TYPE.GOAWAY, 0, 0, new Uint8Array(7))),
];

export const windowRows: Row[] = [
  row("an increment of 0, of the connection", "6.9", protocolError, windowUpdate(0, 0)),
  row("an increment of 0 with the reserved bit", "6.9", protocolError, windowUpdate(0, RESERVED_BIT)),
  openRow("an increment of 0, of a stream", "6.9", { stream: 1, code: "PROTOCOL_ERROR" }, windowUpdate(1, 0)),
  ...[0, 3, 5].map((length) =>
    row(
      `WINDOW_UPDATE of ${length} bytes`,
      "6.9",
      frameSizeError,
      frame(TYPE.WINDOW_UPDATE, 0, 0, new Uint8Array(length)),
    )
  ),
  openRow(
    "WINDOW_UPDATE of 3 bytes on a stream",
    "6.9",
    frameSizeError,
    frame(TYPE.WINDOW_UPDATE, 0, 1, new Uint8Array(3)),
  ),
  row("WINDOW_UPDATE of an idle stream", "5.1", protocolError, windowUpdate(9, 1)),
  row("the largest connection window", "6.9.1", nothing, windowUpdate(0, MAX_WINDOW - 65_535)),
  row("a connection window too large", "6.9.1", flowControlError, windowUpdate(0, MAX_WINDOW - 65_534)),
  row(
    "a connection window too large, in steps",
    "6.9.1",
    flowControlError,
    windowUpdate(0, 2 ** 30),
    windowUpdate(0, 2 ** 30),
  ),
  openRow("the largest stream window", "6.9.1", nothing, windowUpdate(1, MAX_WINDOW - 65_535)),
  openRow(
    "a stream window too large",
    "6.9.1",
    { stream: 1, code: "FLOW_CONTROL_ERROR" },
    windowUpdate(1, MAX_WINDOW - 65_534),
  ),
  openRow(
    "a stream window too large through SETTINGS",
    "6.9.2",
    flowControlError,
    windowUpdate(1, MAX_WINDOW - 65_535),
    settings([SETTING.INITIAL_WINDOW_SIZE, 65_536]),
  ),
  openRow(
    "a stream window at its limit through SETTINGS",
    "6.9.2",
    nothing,
    windowUpdate(1, MAX_WINDOW - 65_535 - 1000),
    settings([SETTING.INITIAL_WINDOW_SIZE, 65_535 + 1000]),
  ),
];
