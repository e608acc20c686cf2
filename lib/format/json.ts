// JSON indented without being read and written anew: numbers keep their digits, names their duplicates and order,
// strings their escapes (RFC 8259).
// Invariant: the lines without their indentation and the text without its blanks hold the same tokens.

import { indentation } from "./indent.ts";

/** What a cut text may hold outside of strings; the last one may be cut itself. */
const BARE_TOKEN = /^(?:-?[0-9][0-9.eE+-]*|true|false|null)$/;
const BARE_TOKEN_PART = /^(?:-|-?[0-9][0-9.eE+-]*|t|tr|tru|f|fa|fal|fals|n|nu|nul)$/;
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x1f]/;

/** The lines of `text`, indented, `maxLines` of them at most; null when it is not JSON. They may hold what is not safe to show. */
export function indentJson(text: string, maxLines = Infinity): string[] | null {
  const source = withoutMark(text);
  try {
    JSON.parse(source);
  } catch {
    return null;
  }
  return indentTokens(source, maxLines, false);
}

/** The same for the first part of an object or array that went on; null when it cannot be that. */
export function indentCutJson(text: string, maxLines = Infinity): string[] | null {
  const source = withoutMark(text);
  return /^\s*[[{]/.test(source) ? indentTokens(source, maxLines, true) : null;
}

/** U+FEFF in front is a byte order mark, which a reader may ignore (RFC 8259, 8.1). */
function withoutMark(text: string): string {
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

/** `source` is known to be valid; or, when it is `cut`, looked at token by token: null where one is no JSON. */
function indentTokens(source: string, maxLines: number, cut: true): string[] | null;
function indentTokens(source: string, maxLines: number, cut: false): string[];
function indentTokens(source: string, maxLines: number, cut: boolean): string[] | null {
  const lines: string[] = [];
  let line = "";
  let level = 0;
  let opened = false;
  let index = 0;
  while (index < source.length && lines.length < maxLines) {
    const code = source.charCodeAt(index);
    const start = index;
    index++;
    if (isBlank(code)) continue;
    const closes = code === 0x7d || code === 0x5d;
    if (closes) level--;
    if (level < 0) return null;
    // An empty object or array stays on its line.
    if (closes !== opened) {
      lines.push(line);
      line = indentation(level);
    }
    opened = false;
    switch (code) {
      case 0x22:
        index = stringEnd(source, start);
        if (cut && CONTROL.test(source.slice(start, index))) return null;
        line += source.slice(start, index);
        break;
      case 0x2c:
        lines.push(`${line},`);
        line = indentation(level);
        break;
      case 0x3a:
        line += ": ";
        break;
      case 0x5b:
      case 0x7b:
        line += code === 0x5b ? "[" : "{";
        opened = true;
        level++;
        break;
      case 0x5d:
      case 0x7d:
        line += code === 0x5d ? "]" : "}";
        break;
      default: {
        index = bareEnd(source, start);
        const token = source.slice(start, index);
        if (cut && !BARE_TOKEN.test(token) && !(index === source.length && BARE_TOKEN_PART.test(token))) {
          return null;
        }
        line += token;
      }
    }
  }
  if (lines.length < maxLines && line.trim() !== "") lines.push(line);
  return lines;
}

/** The index after the number or word that starts at `start`. */
function bareEnd(source: string, start: number): number {
  let index = start + 1;
  while (index < source.length) {
    const code = source.charCodeAt(index);
    if (isBlank(code) || code === 0x2c || code === 0x5d || code === 0x7d) break;
    if (code === 0x22 || code === 0x3a || code === 0x5b || code === 0x7b) break;
    index++;
  }
  return index;
}

function stringEnd(source: string, start: number): number {
  let quote = start;
  for (;;) {
    quote = source.indexOf('"', quote + 1);
    if (quote < 0) return source.length;
    let backslashes = 0;
    while (source.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
}

/** RFC 8259, 2: ws. */
function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x09 || code === 0x0d;
}
