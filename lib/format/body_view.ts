// A captured body as lines for a person: content codings taken off, then what body_content.ts makes of it.
// Invariants: a pure function of its inputs; never throws; the lines are safe to show (see escape.ts), and
// bounded by `VIEW_LIMIT` and `VIEW_LINES` whatever the body holds.

import { type CapturedBody, decodeBody, type DecodedBody, VIEW_LIMIT } from "../flow/body_decode.ts";
import type { Fields } from "../http/fields.ts";
import { type ContentKind, type ContentView, viewContent, viewHex, viewPlain } from "./body_content.ts";
import { escapeText } from "./escape.ts";
import { formatSize } from "./units.ts";

export interface BodyView {
  kind: ContentKind | "empty";
  /** Safe to show, without line ends; a hex dump when the content is not known and not text. */
  lines: string[];
  /** What a reader must know: how it was coded, what is missing, what is wrong with it. One line; null for nothing. */
  note: string | null;
}

/** How many lines one body is shown in at most: what a hex dump of `VIEW_LIMIT` bytes takes. */
export const VIEW_LINES = VIEW_LIMIT / 16;

/** The view of a body that came with these head fields. `limit` is the most content to show, in bytes. */
export function viewBody(fields: Fields, capture: CapturedBody, limit = VIEW_LIMIT): BodyView {
  const nothing = viewNothing(capture);
  if (nothing !== null) return nothing;
  const decoded = decodeBody(fields, capture, limit);
  const content = decoded.failure === null
    ? viewContent(fields, decoded.bytes, decoded.cut !== null, LINES_TO_MAKE)
    : viewHex(decoded.bytes, LINES_TO_MAKE);
  return finish(content, describe(decoded, capture));
}

/** The same body as it came: its content codings left on, nothing indented. */
export function viewRawBody(fields: Fields, capture: CapturedBody, limit = VIEW_LIMIT): BodyView {
  const nothing = viewNothing(capture);
  if (nothing !== null) return nothing;
  const captured = capture.bytes();
  const bytes = captured.subarray(0, limit);
  const over = captured.length > limit;
  const cut = over || capture.truncated;
  const isCoded = fields.tokens("content-encoding").some((coding) => coding !== "identity");
  // What is said of the content is not said of its coded form.
  const content = isCoded ? viewHex(bytes, LINES_TO_MAKE) : viewPlain(fields, bytes, cut, LINES_TO_MAKE);
  const decoded: DecodedBody = { bytes, codings: [], cut: over ? "limit" : null, failure: null };
  return finish(content, describe(decoded, capture));
}

/** One more line than may be shown tells that there are more. */
const LINES_TO_MAKE = VIEW_LINES + 1;

function viewNothing(capture: CapturedBody): BodyView | null {
  if (capture.length === 0) return { kind: "empty", lines: [], note: null };
  if (capture.bytes().length > 0) return null;
  return { kind: "empty", lines: [], note: `${formatSize(capture.length)}, nothing of it captured` };
}

function finish({ kind, lines, notes: contentNotes }: ContentView, notes: string[]): BodyView {
  notes.push(...contentNotes);
  if (lines.length > VIEW_LINES) {
    lines.length = VIEW_LINES;
    notes.push(`cut after ${VIEW_LINES} lines`);
  }
  return { kind, lines, note: notes.length === 0 ? null : escapeText(notes.join("; ")) };
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
