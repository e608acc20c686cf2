// Bytes as text: strict UTF-8, UTF-8 with its faults made visible, and whether bytes look like text at all (RFC 3629).

import { escapeByte } from "./escape.ts";

const TAB_STOP = 4;
/** Declared text in which more than one byte of so many is invalid or a control is shown as a hex dump. */
const TEXT_FAULT_SHARE = 8;

// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g;
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Strict UTF-8, a byte order mark kept; null when the bytes are not that. `cut`: the last character may be incomplete. */
export function decodeUtf8(bytes: Uint8Array, cut = false): string | null {
  try {
    return strictDecoder.decode(cut ? bytes.subarray(0, completeLength(bytes)) : bytes);
  } catch {
    return null;
  }
}

/** UTF-8 without control characters other than TAB, CR and LF; null when the bytes do not look like text. */
export function decodePrintable(bytes: Uint8Array, cut = false): string | null {
  const text = decodeUtf8(bytes, cut);
  return text === null || countControls(text) > 0 ? null : text;
}

/** UTF-8 as far as it goes, each byte that does not belong as `\xNN`; null when too much of it is not text. */
export function decodeDeclaredText(
  bytes: Uint8Array,
  cut: boolean,
): { text: string; invalid: number } | null {
  const end = cut ? completeLength(bytes) : bytes.length;
  const strict = decodeUtf8(bytes, cut);
  const result = strict === null ? decodeFaulty(bytes.subarray(0, end)) : { text: strict, invalid: 0 };
  const faults = result.invalid + countControls(result.text);
  return faults * TEXT_FAULT_SHARE > end ? null : result;
}

/** The first `maxLines` lines of a text; CR LF and LF end one. The end of the last line is not a line of its own. */
export function splitLines(text: string, maxLines = 0xffff_ffff): string[] {
  const ended = text.endsWith("\n") ? text.slice(0, text.endsWith("\r\n") ? -2 : -1) : text;
  return text === "" ? [] : ended.split(/\r?\n/, maxLines);
}

/** TAB as the blanks it stands for. */
export function expandTabs(line: string): string {
  if (!line.includes("\t")) return line;
  let expanded = "";
  for (const [index, part] of line.split("\t").entries()) {
    if (index > 0) expanded += " ".repeat(TAB_STOP - expanded.length % TAB_STOP);
    expanded += part;
  }
  return expanded;
}

/** The bytes without an incomplete character at their end. */
function completeLength(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte >= 0xc0) return leadLength(byte) > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

function decodeFaulty(bytes: Uint8Array): { text: string; invalid: number } {
  const pieces: string[] = [];
  let invalid = 0;
  let start = 0;
  let index = 0;
  while (index < bytes.length) {
    const length = characterLength(bytes, index);
    if (length > 0) {
      index += length;
      continue;
    }
    if (index > start) pieces.push(strictDecoder.decode(bytes.subarray(start, index)));
    pieces.push(escapeByte(bytes[index] ?? 0));
    invalid++;
    index++;
    start = index;
  }
  if (index > start) pieces.push(strictDecoder.decode(bytes.subarray(start, index)));
  return { text: pieces.join(""), invalid };
}

/** RFC 3629, 4: the length of the well-formed character at `index`, 0 when there is none. */
function characterLength(bytes: Uint8Array, index: number): number {
  const lead = bytes[index] ?? 0;
  const length = leadLength(lead);
  if (length <= 1) return length;
  const second = bytes[index + 1] ?? 0;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let next = index + 2; next < index + length; next++) {
    const byte = bytes[next] ?? 0;
    if (byte < 0x80 || byte > 0xbf) return 0;
  }
  return length;
}

/** How many bytes a character with this first byte has; 0 when none begins so. */
function leadLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

function countControls(text: string): number {
  return text.match(CONTROLS)?.length ?? 0;
}
