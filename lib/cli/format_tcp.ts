// Raw TCP for the event log: start, each message with its content, end.
// Invariant: every line of content starts with four blanks, every remark of ours between them with two.

import { flowTarget } from "../flow/flow_url.ts";
import type { HttpFlow, TcpFlow, TcpMessage } from "../flow/record.ts";
import { formatHostPort } from "../http/target.ts";
import { decodePrintable, expandTabs, splitLines } from "../format/decode_text.ts";
import { escapeText, escapeWord } from "../format/escape.ts";
import type { ByteTotals, Detail } from "./format_event.ts";
import { hexBytes, hexDump } from "../format/hex.ts";
import { CONTENT_INDENT, errorText, NOTE_INDENT } from "./format_http.ts";
import { cutText, LineBuilder } from "./format_line.ts";
import type { Palette } from "./format_palette.ts";
import { formatDuration } from "../format/units.ts";

/** How many lines of one message are shown below detail 3: enough to see what is spoken. */
export const MESSAGE_LINES = 16;
/** How many bytes of one message are shown as text below detail 3: its lines may be long. */
export const MESSAGE_BYTES = 2048;
/** A URL in front of messages is not cut shorter than this, in columns. */
const TARGET_WIDTH_MINIMUM = 30;

/** How many bytes of a message are looked at for its content at this detail. */
export function shownBytes(detail: Detail): number {
  return detail >= 3 ? Infinity : MESSAGE_BYTES;
}

export function tcpStartLine(start: LineBuilder, flow: TcpFlow | HttpFlow, palette: Palette): string {
  start.add("->", palette.fromClient).add(escapeWord(flowTarget(flow))).add(protocolOf(flow)).add("open");
  const remote = flow.server?.remote ?? null;
  if (remote !== null && (flow.kind === "http" || remote.host !== flow.host || remote.port !== flow.port)) {
    start.add(`(${escapeWord(formatHostPort(remote.host, remote.port))})`, palette.faint);
  }
  return start.text;
}

/** `columns` is the width to fit a URL into, null for no cut. */
export function tcpMessageLine(
  start: LineBuilder,
  flow: TcpFlow | HttpFlow,
  message: TcpMessage,
  palette: Palette,
  columns: number | null,
): string {
  const rest = new LineBuilder().add(protocolOf(flow))
    .add(`${message.length} ${message.length === 1 ? "byte" : "bytes"}`);
  if (message.injected) rest.add("[injected]", palette.remark);
  if (message.edited) rest.add("[edited]", palette.remark);
  if (message.dropped) rest.add("[dropped]", palette.remark);
  if (message.fromClient) start.add("->", palette.fromClient);
  else start.add("<-", palette.fromServer);
  const room = columns === null ? Infinity : columns - start.width - rest.width - 2;
  return start.add(cutText(escapeWord(flowTarget(flow)), Math.max(TARGET_WIDTH_MINIMUM, room))).append(rest)
    .text;
}

/** The content: text lines, else a hex dump; below detail 3 its first lines only. `length` is the message's true length. */
export function tcpContentLines(content: Uint8Array, length: number, detail: Detail): string[] {
  const maxLines = detail >= 3 ? Infinity : MESSAGE_LINES;
  const part = content.subarray(0, shownBytes(detail));
  const text = decodePrintable(part, part.length < length);
  let lines: string[];
  let shown: number;
  if (text === null) {
    lines = hexDump(part, maxLines);
    shown = Math.min(part.length, hexBytes(maxLines));
  } else {
    const whole = splitLines(text);
    const first = whole.slice(0, maxLines);
    lines = first.map((line) => escapeText(expandTabs(line)));
    shown = first.length === whole.length
      ? new TextEncoder().encode(text).length
      : bytesOfLines(text, maxLines);
  }
  lines = lines.map((line) => CONTENT_INDENT + line);
  const more = length - shown;
  if (more > 0) lines.push(`${NOTE_INDENT}… ${more} more ${more === 1 ? "byte" : "bytes"}`);
  return lines;
}

export function tcpEndLine(
  start: LineBuilder,
  flow: TcpFlow | HttpFlow,
  totals: ByteTotals,
  palette: Palette,
): string {
  start.add("--", palette.faint).add(escapeWord(flowTarget(flow))).add(protocolOf(flow))
    .add(flow.error === null ? closedText(flow) : "failed")
    .add(`-> ${totals.fromClient} <- ${totals.fromServer} bytes`);
  if (flow.endedAt !== null) start.add(formatDuration(flow.endedAt - flow.startedAt), palette.faint);
  if (flow.killed) start.add("[killed]", palette.remark);
  if (flow.error !== null) {
    start.add("->", palette.faint).add("error:", palette.error).add(errorText(flow.error), palette.error);
  }
  return start.text;
}

function closedText({ closedBy }: TcpFlow | HttpFlow): string {
  return closedBy === "client" || closedBy === "server" ? `closed by the ${closedBy}` : "closed";
}

/** "tcp", or "tcp+tls" when TLS was intercepted around the bytes. */
export function protocolOf(flow: TcpFlow | HttpFlow): string {
  const tls = flow.kind === "tcp" ? flow.tls : flow.scheme === "https";
  return tls ? "tcp+tls" : "tcp";
}

/** How many bytes the first `count` lines take, with their line ends. */
function bytesOfLines(text: string, count: number): number {
  let end = 0;
  for (let line = 0; line < count; line++) end = text.indexOf("\n", end) + 1;
  return new TextEncoder().encode(text.slice(0, end)).length;
}
