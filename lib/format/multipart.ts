// Multipart bodies cut into their parts (RFC 2046, 5.1; RFC 7578).
// Invariants: never throws; parts, their heads and the boundary are bounded; the work grows with the bytes alone.

import { latin1Decode } from "../bytes/latin1.ts";
import { Fields, trimBlanks } from "../http/fields.ts";

export interface MultipartPart {
  fields: Fields;
  body: Uint8Array;
  /** Its closing delimiter was there. */
  complete: boolean;
}

export interface Multipart {
  parts: MultipartPart[];
  /** There are more parts than are told of. */
  more: boolean;
}

/** More parts than a form has that a person fills in. */
const PART_LIMIT = 256;
/** A part whose head is longer has none. */
const HEAD_LIMIT = 16 * 1024;
const FIELD_LIMIT = 100;
/** RFC 2046, 5.1.1: 70 characters; some senders pass that. */
const BOUNDARY_LIMIT = 256;

/** null when the boundary does not stand in it. `boundary` is byte-true. */
export function splitMultipart(bytes: Uint8Array, boundary: string): Multipart | null {
  if (boundary === "" || boundary.length > BOUNDARY_LIMIT) return null;
  const text = latin1Decode(bytes);
  const delimiter = `--${boundary}`;
  let found = findDelimiter(text, delimiter, 0);
  if (found === null) return null;
  const parts: MultipartPart[] = [];
  while (!found.closes && found.end < text.length) {
    if (parts.length >= PART_LIMIT) return { parts, more: true };
    const next = findDelimiter(text, delimiter, found.end);
    parts.push(readPart(bytes, text, found.end, next));
    if (next === null) break;
    found = next;
  }
  return { parts, more: false };
}

interface Delimiter {
  /** Where the content before it ends. */
  start: number;
  /** Where what follows begins. */
  end: number;
  /** It is the last. */
  closes: boolean;
}

/** RFC 2046, 5.1.1: at the start of a line, the line end before it being its own; blanks may follow. */
function findDelimiter(text: string, delimiter: string, from: number): Delimiter | null {
  let index = text.startsWith(delimiter, from) ? from : lineStart(text, delimiter, from);
  for (; index >= 0; index = lineStart(text, delimiter, index)) {
    const after = index + delimiter.length;
    const closes = text.startsWith("--", after);
    const rest = /[ \t]*(?:\r?\n|$)/y;
    rest.lastIndex = after;
    if (!closes && !rest.test(text)) continue;
    const lineEnd = text.startsWith("\r\n", index - 2) ? 2 : 1;
    return { start: Math.max(from, index - lineEnd), end: closes ? text.length : rest.lastIndex, closes };
  }
  return null;
}

/** Where a line after `from` begins with `start`; -1 when none does. */
function lineStart(text: string, start: string, from: number): number {
  const index = text.indexOf(`\n${start}`, from);
  return index < 0 ? -1 : index + 1;
}

function readPart(bytes: Uint8Array, text: string, start: number, next: Delimiter | null): MultipartPart {
  const end = next?.start ?? text.length;
  const head = text.slice(start, Math.min(end, start + HEAD_LIMIT));
  const empty = /^\r?\n|\r?\n\r?\n/.exec(head);
  const fields = new Fields();
  let body = start;
  if (empty !== null) {
    body = start + empty.index + empty[0].length;
    addFields(fields, head.slice(0, empty.index));
  }
  return { fields, body: bytes.subarray(body, Math.max(body, end)), complete: next !== null };
}

function addFields(fields: Fields, head: string): void {
  // RFC 5322, 2.2.3: a line that begins with a blank goes on with the one before it.
  for (const line of head.replace(/\r?\n(?=[ \t])/g, "").split(/\r?\n/, FIELD_LIMIT)) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.append(line.slice(0, colon), trimBlanks(line.slice(colon + 1)));
    else if (line !== "") fields.append(line, "");
  }
}
