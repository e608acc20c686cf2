// An HTTP flow for the event log: its one line, and the block below it with heads and bodies.
// Invariants: every line of a peer's content starts with four blanks, every line of ours in the block with two blanks
// and a word, and only block parts are parted by empty lines: no peer can forge a line.

import { STATUS_CODES } from "node:http";
import type { BodyCapture } from "../flow/body_capture.ts";
import { flowUrl } from "../flow/flow_url.ts";
import type { FlowError, HttpFlow, ResponseRecord } from "../flow/record.ts";
import type { Fields } from "../http/fields.ts";
import type { Head, RequestHead } from "../http/head.ts";
import { viewBody } from "../format/body_view.ts";
import { escapeText, escapeWire, escapeWord, quoteWire } from "../format/escape.ts";
import type { Detail } from "./format_event.ts";
import { cutText, LineBuilder } from "./format_line.ts";
import { contentTypeAsSent, isMediaType } from "../format/media.ts";
import type { Palette } from "./format_palette.ts";
import { formatDuration, formatSize } from "../format/units.ts";

export const CONTENT_INDENT = "    ";
export const NOTE_INDENT = "  ";

/** The methods seen most have up to so many letters: they line up. */
const METHOD_WIDTH = 4;
/** A URL is not cut shorter than this, in columns: what is left would say nothing. */
const URL_WIDTH_MINIMUM = 30;
/** A media type longer than this is not one that anybody wants to read whole. */
const TYPE_WIDTH = 64;

/** The line without time and client: those are in `start`. `columns` is the width to fit the URL into, null for no cut. */
export function httpLine(
  start: LineBuilder,
  flow: HttpFlow,
  palette: Palette,
  columns: number | null,
): string {
  const { request, response } = flow;
  const rest = new LineBuilder();
  if (request.head.version !== "HTTP/1.1") rest.add(versionSign(request.head), palette.faint);
  if (request.body.length > 0) rest.add(`[upload ${formatSize(request.body.length)}]`, palette.remark);
  if (response !== null) addResponse(rest, flow, response, palette);
  if (flow.error !== null) {
    rest.add("->", palette.faint).add("error:", palette.error).add(errorText(flow.error), palette.error);
  }
  if (response === null && flow.error === null) {
    rest.add("->", palette.faint).add("no response", palette.warning);
  }
  const duration = durationOf(flow);
  if (duration !== null) rest.add(formatDuration(duration), palette.faint);
  for (const remark of remarks(flow)) rest.add(`[${remark}]`, palette.remark);

  const method = escapeWord(request.head.method);
  const line = start.add(method, palette.method, METHOD_WIDTH);
  const url = escapeWord(flowUrl(flow));
  const room = columns === null ? Infinity : columns - line.width - rest.width - 2;
  return line.add(cutText(url, Math.max(URL_WIDTH_MINIMUM, room))).append(rest).text;
}

/** Heads and trailers as they came, from detail 3 on bodies too. Ends with an empty line. */
export function httpBlock(flow: HttpFlow, detail: Detail, palette: Palette): string[] {
  const { request, response } = flow;
  const parts: string[][] = [headLines(request.head, palette)];
  if (detail >= 3) parts.push(bodyLines(request.head.fields, request.body, palette));
  parts.push(trailerLines(request.trailers, palette));
  for (const interim of flow.interim) parts.push(headLines(interim.head, palette));
  if (response !== null) {
    parts.push(headLines(response.head, palette));
    if (detail >= 3) parts.push(bodyLines(response.head.fields, response.body, palette));
    parts.push(trailerLines(response.trailers, palette));
  }
  parts.push(flow.notes.map((note) => NOTE_INDENT + palette.remark(`note: ${escapeText(note)}`)));
  return parts.filter((part) => part.length > 0).flatMap((part) => [...part, ""]);
}

/** The message and the rule that was broken, on one line. */
export function errorText(error: FlowError): string {
  const rule = error.rule === null || error.message.includes(error.rule) ? "" : ` (${error.rule})`;
  return escapeText(error.message + rule);
}

function addResponse(line: LineBuilder, flow: HttpFlow, response: ResponseRecord, palette: Palette): void {
  const { version, status, reason, fields, framing } = response.head;
  line.add("->", palette.faint);
  if (version !== flow.request.head.version) line.add(versionSign(response.head), palette.faint);
  line.add(`${status}`, (text) => palette.status(status, text));
  if (reason !== "" && reason.toLowerCase() !== STATUS_CODES[status]?.toLowerCase()) {
    line.add(quoteWire(reason));
  }
  const type = cutText(contentTypeAsSent(fields), TYPE_WIDTH);
  line.add(type === "" || isMediaType(type) ? type : quoteWire(type), palette.faint);
  if (framing !== "none" || response.body.length > 0) line.add(formatSize(response.body.length));
}

/** HTTP/2 by its name in ALPN, which is what people call it. */
function versionSign({ version }: Head): string {
  return version === "HTTP/2.0" ? "h2" : version;
}

function remarks(flow: HttpFlow): string[] {
  const { request, response, websocket } = flow;
  const list: string[] = [];
  if (websocket !== null) list.push(websocket.compression ? "websocket, permessage-deflate" : "websocket");
  if (flow.interim.length > 0) list.push(`interim ${flow.interim.map(({ head }) => head.status).join(" ")}`);
  if (request.trailers !== null) list.push("request trailers");
  if (response !== null && response.trailers !== null) list.push("trailers");
  if (response?.head.framing === "close") list.push("body until close");
  if (flow.edited) list.push("edited");
  if (flow.answered) list.push("answered by mitm");
  if (flow.killed) list.push("killed");
  return list;
}

/** From the first byte of the request to the end of the flow; to the response head where the flow goes on. */
function durationOf(flow: HttpFlow): number | null {
  const end = flow.endedAt ?? flow.response?.startedAt ?? flow.error?.at ?? null;
  return end === null ? null : end - flow.startedAt;
}

function headLines(head: Head, palette: Palette): string[] {
  return [...startLines(head, palette), ...fieldLines(head.fields, palette)];
}

function startLines(head: Head, palette: Palette): string[] {
  if (head.version === "HTTP/2.0") {
    const pseudo = head.kind === "request"
      ? requestPseudoFields(head)
      : [[":status", `${head.status}`] as const];
    return pseudo.map(([name, value]) => fieldLine(name, value, palette));
  }
  const line = head.kind === "request"
    ? `${head.method} ${head.target} ${head.version}`
    : `${head.version} ${head.status} ${head.reason}`;
  return [CONTENT_INDENT + palette.method(escapeWire(line.trimEnd()))];
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

function fieldLines(fields: Fields, palette: Palette): string[] {
  return Array.from(fields, ([name, value]) => fieldLine(name, value, palette));
}

function fieldLine(name: string, value: string, palette: Palette): string {
  const separator = value === "" ? ":" : ": ";
  return CONTENT_INDENT + palette.fieldName(escapeWire(name)) + separator + escapeWire(value);
}

function trailerLines(trailers: Fields | null, palette: Palette): string[] {
  if (trailers === null) return [];
  return [NOTE_INDENT + palette.remark("trailers:"), ...fieldLines(trailers, palette)];
}

function bodyLines(fields: Fields, body: BodyCapture, palette: Palette): string[] {
  const view = viewBody(fields, body);
  const lines = view.lines.map((line) => CONTENT_INDENT + line);
  return view.note === null ? lines : [NOTE_INDENT + palette.remark(`body: ${view.note}`), ...lines];
}
