// A captured body as lines for a person: decoded, JSON indented, form pairs, text, or a hex dump.
// Invariants: a pure function of its inputs; never throws; the lines are safe to show (see escape.ts), and
// bounded by `VIEW_LIMIT` and `VIEW_LINES` whatever the body holds.

import { type CapturedBody, decodeBody, type DecodedBody, VIEW_LIMIT } from "../flow/body_decode.ts";
import type { Fields } from "../http/fields.ts";
import { decodeDeclaredText, decodePrintable, expandTabs, splitLines } from "./decode_text.ts";
import { escapeText } from "./escape.ts";
import { formLines } from "./form.ts";
import { hexDump } from "./hex.ts";
import { indentJson } from "./json.ts";
import { isFormType, isJsonType, isTextType, mediaType } from "./media.ts";
import { formatSize } from "./units.ts";

export interface BodyView {
  kind: "text" | "json" | "form" | "hex" | "empty";
  /** Safe to show, without line ends; a hex dump when the content is not text. */
  lines: string[];
  /** What a reader must know: how it was coded, what is missing, what is wrong with it. One line; null for nothing. */
  note: string | null;
}

/** How many lines one body is shown in at most: what a hex dump of `VIEW_LIMIT` bytes takes. */
export const VIEW_LINES = VIEW_LIMIT / 16;

/** The view of a body that came with these head fields. `limit` is the most content to show, in bytes. */
export function viewBody(fields: Fields, capture: CapturedBody, limit = VIEW_LIMIT): BodyView {
  if (capture.length === 0) return { kind: "empty", lines: [], note: null };
  const captured = capture.bytes().length;
  if (captured === 0) {
    return { kind: "empty", lines: [], note: `${formatSize(capture.length)}, nothing of it captured` };
  }
  const decoded = decodeBody(fields, capture, limit);
  const content = decoded.failure === null ? viewContent(fields, decoded) : viewHex(decoded.bytes);
  const notes = [...describe(decoded, capture), ...content.notes];
  if (content.lines.length > VIEW_LINES) {
    content.lines.length = VIEW_LINES;
    notes.push(`cut after ${VIEW_LINES} lines`);
  }
  return {
    kind: content.kind,
    lines: content.lines,
    note: notes.length === 0 ? null : escapeText(notes.join("; ")),
  };
}

interface ContentView {
  kind: "text" | "json" | "form" | "hex";
  lines: string[];
  notes: string[];
}

/** One more line than may be shown tells that there are more. */
const LINES_TO_MAKE = VIEW_LINES + 1;

function viewContent(fields: Fields, decoded: DecodedBody): ContentView {
  const { type, charset } = mediaType(fields);
  const read = readText(type, charset, decoded);
  if (read === null) return viewHex(decoded.bytes);
  const { text, notes } = read;
  // A body that says nothing about itself is tried as JSON: requests of small clients often do not.
  if (isJsonType(type) || (type === "" && /^\s*[[{]/.test(text))) {
    const lines = indentJson(text, LINES_TO_MAKE);
    if (lines !== null) return { kind: "json", lines: lines.map(escapeText), notes };
    if (isJsonType(type) && decoded.cut === null) notes.push("not valid JSON");
  }
  if (isFormType(type)) return { kind: "form", lines: formLines(text, LINES_TO_MAKE), notes };
  const lines = splitLines(text, LINES_TO_MAKE).map((line) => escapeText(expandTabs(line)));
  return { kind: "text", lines, notes };
}

function viewHex(bytes: Uint8Array): ContentView {
  return { kind: "hex", lines: hexDump(bytes, LINES_TO_MAKE), notes: [] };
}

/** The content as text, with remarks; null when it is not text. */
function readText(
  type: string,
  charset: string | null,
  decoded: DecodedBody,
): { text: string; notes: string[] } | null {
  const cut = decoded.cut !== null;
  const label = charset ?? utf16Label(decoded.bytes);
  const decoder = label === null ? null : textDecoder(label);
  const notes = label !== null && decoder === null ? [`the charset "${label}" is not known`] : [];
  if (decoder !== null && decoder.encoding !== "utf-8") {
    try {
      return { text: decoder.decode(decoded.bytes, { stream: cut }), notes };
    } catch {
      notes.push(`not valid ${decoder.encoding}`);
    }
  }
  if (!isTextType(type) && charset === null) {
    const text = decodePrintable(decoded.bytes, cut);
    return text === null ? null : { text, notes };
  }
  const read = decodeDeclaredText(decoded.bytes, cut);
  if (read === null) return null;
  if (read.invalid > 0) {
    notes.push(`${read.invalid} ${read.invalid === 1 ? "byte is" : "bytes are"} not valid utf-8`);
  }
  return { text: read.text, notes };
}

function textDecoder(label: string): TextDecoder | null {
  try {
    return new TextDecoder(label, { fatal: true });
  } catch {
    return null;
  }
}

/** The encoding a UTF-16 byte order mark names. */
function utf16Label(bytes: Uint8Array): string | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  return bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : null;
}

function describe(decoded: DecodedBody, capture: CapturedBody): string[] {
  const notes: string[] = [];
  const captured = capture.bytes().length;
  if (decoded.failure !== null) notes.push(`shown as it came: ${decoded.failure}`);
  else if (decoded.codings.length > 0) {
    const more = decoded.cut === null ? "" : "the first ";
    notes.push(
      `${decoded.codings.join(", ")}: ${formatSize(captured)} hold ${more}${
        formatSize(decoded.bytes.length)
      }`,
    );
  }
  if (capture.truncated) {
    notes.push(`only the first ${formatSize(captured)} of ${formatSize(capture.length)} were captured`);
  }
  if (decoded.cut === "limit") notes.push(`cut at ${formatSize(decoded.bytes.length)}`);
  if (decoded.cut === "ended" && !capture.truncated) notes.push("the coded data ends too early");
  return notes;
}
