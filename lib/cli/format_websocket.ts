// A WebSocket for the event log: each message with its content, PINGs and PONGs, and how it was closed.
// Invariant: every line of content starts with four blanks; what a peer said on our own lines is escaped.

import type { HttpFlow, WebSocketClose, WebSocketMessage } from "../flow/record.ts";
import { flowTarget } from "../flow/flow_url.ts";
import { decodePrintable } from "../format/decode_text.ts";
import { escapeText, escapeWord } from "../format/escape.ts";
import type { Detail, WebSocketTotals } from "./format_event.ts";
import { errorText } from "./format_http.ts";
import { cutText, LineBuilder } from "./format_line.ts";
import type { Palette } from "./format_palette.ts";
import { shownBytes, tcpContentLines } from "./format_tcp.ts";
import { formatDuration } from "../format/units.ts";

/** A URL in front of messages is not cut shorter than this, in columns. */
const TARGET_WIDTH_MINIMUM = 30;

/** How many bytes of a message are looked at for its content at this detail. */
export function shownMessageBytes(message: WebSocketMessage, detail: Detail): number {
  // RFC 6455, 5.5: 125 bytes at most.
  if (isPing(message)) return Infinity;
  return detail >= 2 ? shownBytes(detail) : 0;
}

/** `columns` is the width to fit a URL into, null for no cut. */
export function webSocketMessageLine(
  start: LineBuilder,
  flow: HttpFlow,
  message: WebSocketMessage,
  content: Uint8Array,
  palette: Palette,
  columns: number | null,
): string {
  const { length } = message.body;
  const rest = new LineBuilder().add(schemeOf(flow)).add(message.type);
  if (isPing(message)) rest.add(pingText(content));
  else rest.add(`${length} ${length === 1 ? "byte" : "bytes"}`);
  for (const mark of marks(message)) rest.add(`[${mark}]`, palette.remark);
  if (message.fromClient) start.add("->", palette.fromClient);
  else start.add("<-", palette.fromServer);
  const room = columns === null ? Infinity : columns - start.width - rest.width - 2;
  return start.add(cutText(escapeWord(flowTarget(flow)), Math.max(TARGET_WIDTH_MINIMUM, room))).append(rest)
    .text;
}

/** From detail 2 on: text as text, else a hex dump. */
export function webSocketContentLines(
  message: WebSocketMessage,
  content: Uint8Array,
  detail: Detail,
): string[] {
  if (isPing(message) || detail < 2) return [];
  return tcpContentLines(content, message.body.length, detail);
}

export function webSocketEndLine(
  start: LineBuilder,
  flow: HttpFlow,
  totals: WebSocketTotals,
  palette: Palette,
): string {
  start.add("--", palette.faint).add(escapeWord(flowTarget(flow))).add(schemeOf(flow));
  const close = flow.websocket?.close ?? null;
  start.add(flow.error !== null ? "failed" : close === null ? "closed" : closeText(close));
  const { messages, bytes } = totals;
  start.add(
    `-> ${messages.client} <- ${messages.server} messages, -> ${bytes.client} <- ${bytes.server} bytes`,
  );
  if (flow.endedAt !== null) start.add(formatDuration(flow.endedAt - flow.startedAt), palette.faint);
  if (flow.killed) start.add("[killed]", palette.remark);
  if (flow.error !== null) {
    start.add("->", palette.faint).add("error:", palette.error).add(errorText(flow.error), palette.error);
  }
  return start.text;
}

/** "ws", or "wss" over TLS. */
export function schemeOf(flow: HttpFlow): string {
  return flow.scheme === "https" ? "wss" : "ws";
}

/** RFC 6455, 7.1.5 and 7.4.1. */
function closeText({ code, reason, by }: WebSocketClose): string {
  const who = `closed by ${by === "proxy" ? "mitm" : `the ${by}`}`;
  if (code === 1005) return `${who} without a code (1005)`;
  if (code === 1006) return `${who} without a Close frame (1006)`;
  return reason === "" ? `${who}: ${code}` : `${who}: ${code} "${escapeText(reason)}"`;
}

function isPing({ type }: WebSocketMessage): boolean {
  return type === "ping" || type === "pong";
}

function pingText(payload: Uint8Array): string {
  if (payload.length === 0) return "";
  const text = decodePrintable(payload);
  return text === null ? payload.toHex() : `"${escapeText(text)}"`;
}

function marks(message: WebSocketMessage): string[] {
  const found: string[] = [];
  if (message.frames > 1) found.push(`${message.frames} frames`);
  if (message.compressed) found.push("compressed");
  if (message.invalidText) found.push("not UTF-8");
  if (message.injected) found.push("injected");
  if (message.edited) found.push("edited");
  if (message.dropped) found.push("dropped");
  return found;
}
