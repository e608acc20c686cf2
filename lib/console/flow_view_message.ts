// One message of a conversation: a line that says what it is, and its content below.
// Invariants: lines of content are moved in, lines of ours are not; what a peer sent is escaped.

import type { CapturedBody } from "../flow/body_decode.ts";
import type { TcpMessage, WebSocketMessage } from "../flow/record.ts";
import { CONTENT_NAMES } from "../format/body_content.ts";
import { type BodyView, viewBody, viewRawBody } from "../format/body_view.ts";
import { decodePrintable } from "../format/decode_text.ts";
import { escapeText } from "../format/escape.ts";
import { formatClock } from "../format/units.ts";
import { Fields } from "../http/fields.ts";
import { countBytes, type ViewOptions } from "./flow_view_parts.ts";
import { contentLines, labelledLines, wrappedLines } from "./flow_view_wrap.ts";
import { type Line, type Span, span } from "./line.ts";

export type Message = WebSocketMessage | TcpMessage;

/** So much is shown of a message that is not shown in full. */
const BEGINNING_BYTES = 512;
const BEGINNING_LINES = 4;
const CONTENT_INDENT = "  ";

/** What a message is that does not say: tried as JSON, text, an image. */
const NO_FIELDS = new Fields();
const TEXT_FIELDS = Fields.of(["content-type", "text/plain"]);

/** `isOver`: the conversation is. */
export function oneMessageLines(
  message: Message,
  isFull: boolean,
  isOver: boolean,
  { width, raw }: ViewOptions,
): Line[] {
  const capture = captureOf(message);
  const view = isPing(message) || capture.length === 0 ? null : viewMessage(message, capture, isFull, raw);
  const lines = headerLines(message, capture, view, isOver, width);
  if (view === null) return lines;
  const isCut = !isFull && (view.lines.length > BEGINNING_LINES || capture.bytes().length > BEGINNING_BYTES);
  const shown = isFull ? view.lines : view.lines.slice(0, BEGINNING_LINES);
  for (const each of contentLines(shown, width, CONTENT_INDENT)) lines.push(each);
  // Of a beginning the note would say that it was cut.
  const note = isCut ? "… the newest messages are shown in full" : view.note;
  if (note !== null) lines.push(...wrappedLines(note, "remark", width));
  return lines;
}

/** The content of a message, as the views of bodies take it. */
export function captureOf(message: Message): CapturedBody {
  if ("body" in message) return message.body;
  const { content, length } = message;
  return { bytes: () => content, length, truncated: content.length < length };
}

/** What is not usual about it. */
export function messageMarks(message: Message, isOver: boolean): string[] {
  const marks: string[] = [];
  if ("body" in message) {
    if (message.frames > 1) marks.push(`${message.frames} frames`);
    if (message.compressed) marks.push("compressed");
    if (message.invalidText) marks.push("not UTF-8");
    if (message.endedAt === null) marks.push(isOver ? "cut short" : "under way");
  }
  if (message.injected) marks.push("injected");
  if (message.edited) marks.push("edited");
  if (message.dropped) marks.push("dropped");
  return marks;
}

function viewMessage(message: Message, capture: CapturedBody, isFull: boolean, raw: boolean): BodyView {
  const fields = "body" in message && message.type === "text" ? TEXT_FIELDS : NO_FIELDS;
  const limit = isFull ? undefined : BEGINNING_BYTES;
  return raw ? viewRawBody(fields, capture, limit) : viewBody(fields, capture, limit);
}

function headerLines(
  message: Message,
  capture: CapturedBody,
  view: BodyView | null,
  isOver: boolean,
  width: number,
): Line[] {
  const { fromClient, at } = message;
  const style = fromClient ? "fromClient" : "fromServer";
  const label: Span[] = [span(fromClient ? "-> " : "<- ", style), span(`${formatClock(at)} `, "faint")];
  if ("body" in message) label.push(span(`${message.type} `, style));
  const kind = view === null || view.kind === "text" || view.kind === "empty"
    ? ""
    : `, ${CONTENT_NAMES[view.kind]}`;
  const words = [isPing(message) ? pingText(capture.bytes()) : countBytes(capture.length) + kind];
  for (const mark of messageMarks(message, isOver)) words.push(`[${mark}]`);
  return labelledLines(label, words.filter((word) => word !== "").join(" "), "plain", width);
}

function isPing(message: Message): boolean {
  return "body" in message && (message.type === "ping" || message.type === "pong");
}

function pingText(payload: Uint8Array): string {
  if (payload.length === 0) return "";
  const text = decodePrintable(payload);
  return text === null ? payload.toHex() : `"${escapeText(text)}"`;
}
