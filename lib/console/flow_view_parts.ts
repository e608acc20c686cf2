// What the tabs of the flow view are made of: headings, remarks, heads, bodies, errors.
// Invariants: whatever a peer sent is escaped; lines are cut to the width; what mitm says has a style of its own.

import type { BodyCapture } from "../flow/body_capture.ts";
import type { Flow, FlowError } from "../flow/record.ts";
import { CONTENT_NAMES } from "../format/body_content.ts";
import { viewBody, viewRawBody } from "../format/body_view.ts";
import { escapeText, escapeWire, escapeWord } from "../format/escape.ts";
import { formatSize } from "../format/units.ts";
import type { Fields } from "../http/fields.ts";
import type { Head, RequestHead } from "../http/head.ts";
import { contentLines, labelledLines, wrappedLines } from "./flow_view_wrap.ts";
import { type Line, type Span, span, type Style } from "./line.ts";

export interface ViewOptions {
  /** Columns. */
  width: number;
  /** Bodies and messages as they came: nothing decoded, nothing indented. */
  raw: boolean;
}

export interface TabContent {
  lines: Line[];
  /** The line at which each message begins, in the order of the record (see `messageAt`); empty for other tabs. */
  messages: number[];
}

export const EMPTY_LINE: Line = [];

/** The name of a section. */
export function heading(text: string, width: number): Line[] {
  return wrappedLines(text, "title", width);
}

/** Sections parted by an empty line; empty ones are left out. */
export function joinSections(sections: readonly (readonly Line[])[]): Line[] {
  const lines: Line[] = [];
  for (const section of sections) {
    if (section.length === 0) continue;
    if (lines.length > 0) lines.push(EMPTY_LINE);
    // Not spread: a body may have more lines than a call takes arguments.
    for (const each of section) lines.push(each);
  }
  return lines;
}

/** The head as it came: of HTTP/2 the pseudo-fields, else the start line; then the fields. */
export function headLines(head: Head, width: number): Line[] {
  return [...startLines(head, width), ...fieldLines(head.fields, width)];
}

export function trailerLines(trailers: Fields | null, width: number): Line[] {
  return trailers === null ? [] : [...heading("trailers", width), ...fieldLines(trailers, width)];
}

/** What it is and what is missing of it, then the content. `isComplete`: nothing more will come. */
export function bodyLines(
  fields: Fields,
  body: BodyCapture,
  isComplete: boolean,
  { width, raw }: ViewOptions,
): Line[] {
  const view = raw ? viewRawBody(fields, body) : viewBody(fields, body);
  const lines = wrappedLines(bodyRemark(view, body, isComplete, raw), "remark", width);
  for (const each of contentLines(view.lines, width)) lines.push(each);
  return lines;
}

/** "error: …" and who is to blame. */
export function errorLines({ message, rule, by, code }: FlowError, width: number): Line[] {
  const broken = rule === null || message.includes(rule) ? "" : ` (${rule})`;
  const who = by === "proxy" ? "mitm" : `the ${by}`;
  return [
    ...wrappedLines(`error: ${escapeText(message + broken)}`, "error", width),
    ...wrappedLines(`by ${who}, ${escapeText(code)}`, "faint", width),
  ];
}

/** Forgiven faults and other remarks. */
export function noteLines(flow: Flow, width: number): Line[] {
  return flow.notes.flatMap((note) => wrappedLines(`note: ${escapeText(note)}`, "remark", width));
}

export function styleOfStatus(status: number): Style {
  if (status >= 500) return "serverError";
  if (status >= 400) return "clientError";
  if (status >= 300) return "redirect";
  return status >= 200 ? "ok" : "plain";
}

export function countBytes(count: number): string {
  return count === 1 ? "1 byte" : `${count} bytes`;
}

function bodyRemark(
  view: ReturnType<typeof viewBody>,
  body: BodyCapture,
  isComplete: boolean,
  raw: boolean,
): string {
  if (view.kind === "empty") return view.note === null ? noBody(isComplete) : `body: ${view.note}`;
  const words = [`${formatSize(body.length)}${isComplete ? "" : " so far"}`];
  if (view.note !== null) words.push(view.note);
  return `body: ${raw ? "as it came, " : ""}${CONTENT_NAMES[view.kind]}, ${words.join("; ")}`;
}

function noBody(isComplete: boolean): string {
  return isComplete ? "no body" : "no body so far";
}

function startLines(head: Head, width: number): Line[] {
  if (head.version === "HTTP/2.0") {
    if (head.kind === "response") return fieldLine(":status", `${head.status}`, width);
    return requestPseudoFields(head).flatMap(([name, value]) => fieldLine(name, value, width));
  }
  if (head.kind === "request") {
    const method = span(escapeWord(head.method), "strong");
    return labelledLines([method, span(" ")], escapeWire(`${head.target} ${head.version}`), "plain", width);
  }
  const label: Span[] = [
    span(`${head.version} `, "faint"),
    span(`${head.status}`, styleOfStatus(head.status)),
  ];
  if (head.reason !== "") label.push(span(" "));
  return labelledLines(label, escapeWire(head.reason), "plain", width);
}

/** RFC 9113, 8.3.1. The record does not keep their order. */
function requestPseudoFields(head: RequestHead): (readonly [string, string])[] {
  const pseudo: (readonly [string, string])[] = [[":method", head.method]];
  if (head.scheme !== "") pseudo.push([":scheme", head.scheme]);
  if (head.authority !== "" && head.authority !== head.fields.get("host")) {
    pseudo.push([":authority", head.authority]);
  }
  if (head.path !== "") pseudo.push([":path", head.path]);
  if (head.protocol !== null) pseudo.push([":protocol", head.protocol]);
  return pseudo;
}

function fieldLines(fields: Fields, width: number): Line[] {
  const lines: Line[] = [];
  for (const [name, value] of fields) lines.push(...fieldLine(name, value, width));
  return lines;
}

function fieldLine(name: string, value: string, width: number): Line[] {
  const label = [span(escapeWire(name), "name"), span(value === "" ? ":" : ": ")];
  return labelledLines(label, escapeWire(value), "plain", width);
}
