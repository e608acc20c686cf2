// The tab of a conversation: the messages of a WebSocket, or the pieces of a TCP connection, the newest last.
// Invariants: every message has its line, whose number is told; the newest are shown in full, up to the limit of
// one view, of older ones the beginning; what was made of a message is made again only when it has changed.

import { VIEW_LIMIT } from "../flow/body_decode.ts";
import type { Flow, WebSocketClose } from "../flow/record.ts";
import { escapeText } from "../format/escape.ts";
import { formatClock } from "../format/units.ts";
import { captureOf, type Message, messageMarks, oneMessageLines } from "./flow_view_message.ts";
import { EMPTY_LINE, errorLines, noteLines, type TabContent, type ViewOptions } from "./flow_view_parts.ts";
import { wrappedLines } from "./flow_view_wrap.ts";
import type { Line } from "./line.ts";

/** All messages of the flow; no lines for a flow that has none by its nature. */
export function messagesContent(flow: Flow, options: ViewOptions): TabContent {
  const lines: Line[] = [];
  const starts: number[] = [];
  const messages = messagesOf(flow);
  if (messages === null) return { lines, messages: starts };
  const { width } = options;
  for (const each of openingLines(flow, messages.length, width)) lines.push(each);
  const firstFull = firstInFull(messages);
  const memory = memoryFor(flow, options);
  for (const [index, message] of messages.entries()) {
    starts.push(lines.length);
    const isFull = index >= firstFull;
    for (const each of memory.lines(message, isFull, flow.endedAt !== null, options)) lines.push(each);
  }
  for (const each of closingLines(flow, width)) lines.push(each);
  return { lines, messages: starts };
}

/** The index of the message that stands at a line; null above the first and where there is none. */
export function messageAt(starts: readonly number[], lineNumber: number): number | null {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= lineNumber) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? null : low - 1;
}

function messagesOf(flow: Flow): readonly Message[] | null {
  if (flow.kind === "tcp") return flow.messages;
  return flow.websocket?.messages ?? flow.messages;
}

/** The newest messages fill one view. */
function firstInFull(messages: readonly Message[]): number {
  let room = VIEW_LIMIT;
  let first = messages.length;
  while (first > 0) {
    const message = messages[first - 1];
    if (message !== undefined) room -= captureOf(message).bytes().length;
    if (room < 0 && first < messages.length) break;
    first--;
  }
  return first;
}

function openingLines(flow: Flow, kept: number, width: number): Line[] {
  const lines: Line[] = [];
  const websocket = flow.kind === "http" ? flow.websocket : null;
  if (websocket?.compression === true) lines.push(...wrappedLines("permessage-deflate", "faint", width));
  const dropped = websocket?.messagesDropped ?? flow.messagesDropped;
  if (dropped > 0) {
    const which = websocket === null ? "later" : "older";
    const text = `${dropped} ${which} ${dropped === 1 ? "message was" : "messages were"} not kept`;
    lines.push(...wrappedLines(text, "remark", width));
  }
  if (kept === 0 && dropped === 0) lines.push(...wrappedLines("no messages", "faint", width));
  return lines;
}

function closingLines(flow: Flow, width: number): Line[] {
  const lines: Line[] = [];
  const close = flow.kind === "http" ? flow.websocket?.close ?? null : null;
  if (close !== null) {
    lines.push(...wrappedLines(`-- ${formatClock(close.at)} ${closeText(close)}`, "strong", width));
  } else if (flow.endedAt !== null && flow.error === null) {
    lines.push(...wrappedLines(`-- ${formatClock(flow.endedAt)} ${closedText(flow)}`, "strong", width));
  }
  const remarks = [...(flow.error === null ? [] : errorLines(flow.error, width)), ...noteLines(flow, width)];
  if (remarks.length > 0) lines.push(EMPTY_LINE, ...remarks);
  return lines;
}

/** RFC 6455, 7.1.5 and 7.4.1. */
function closeText({ code, reason, by }: WebSocketClose): string {
  const who = `closed by ${by === "proxy" ? "mitm" : `the ${by}`}`;
  if (code === 1005) return `${who} without a code (1005)`;
  if (code === 1006) return `${who} without a Close frame (1006)`;
  return reason === "" ? `${who}: ${code}` : `${who}: ${code} "${escapeText(reason)}"`;
}

function closedText({ closedBy }: Flow): string {
  return closedBy === "client" || closedBy === "server" ? `closed by the ${closedBy}` : "closed";
}

// --- What was made of messages ---

interface Made {
  lines: readonly Line[];
  isFull: boolean;
  bytes: Uint8Array;
  length: number;
  marks: string;
}

/** Of the flow that is looked at, for one way of looking: a conversation grows, and is shown anew with each message. */
class Memory {
  readonly #made = new WeakMap<Message, Made>();

  lines(message: Message, isFull: boolean, isOver: boolean, options: ViewOptions): readonly Line[] {
    const capture = captureOf(message);
    const { length } = capture;
    const bytes = capture.bytes();
    const marks = messageMarks(message, isOver).join();
    const before = this.#made.get(message);
    const isSame = before !== undefined && before.isFull === isFull && before.bytes === bytes &&
      before.length === length && before.marks === marks;
    if (isSame) return before.lines;
    const lines = oneMessageLines(message, isFull, isOver, options);
    this.#made.set(message, { lines, isFull, bytes, length, marks });
    return lines;
  }
}

let memory = new Memory();
let memoryKey = "";

function memoryFor({ id }: Flow, { width, raw }: ViewOptions): Memory {
  const key = `${id} ${width} ${raw}`;
  if (key !== memoryKey) memory = new Memory();
  memoryKey = key;
  return memory;
}
