// JSON indented without being read and written anew: numbers keep their digits, names their duplicates and order,
// strings their escapes (RFC 8259).
// Invariant: the lines without their indentation and the text without its blanks hold the same tokens.

const INDENT = "  ";
/** Deeper levels are not indented further: a mebibyte of brackets would else make a terabyte of blanks. */
const INDENT_LEVELS = 24;

const INDENTS = Array.from({ length: INDENT_LEVELS + 1 }, (_, level) => INDENT.repeat(level));

/** The lines of `text`, indented, `maxLines` of them at most; null when it is not JSON. They may hold what is not safe to show. */
export function indentJson(text: string, maxLines = Infinity): string[] | null {
  const source = text.startsWith("\ufeff") ? text.slice(1) : text;
  try {
    JSON.parse(source);
  } catch {
    return null;
  }
  return indentTokens(source, maxLines);
}

/** `source` is known to be valid. */
function indentTokens(source: string, maxLines: number): string[] {
  const lines: string[] = [];
  let line = "";
  let level = 0;
  let opened = false;
  let index = 0;
  while (index < source.length && lines.length < maxLines) {
    const end = tokenEnd(source, index);
    const token = source.slice(index, end);
    index = end;
    if (isBlank(token)) continue;
    const closes = token === "}" || token === "]";
    if (closes) level--;
    // An empty object or array stays on its line.
    if (closes !== opened) {
      lines.push(line);
      line = INDENTS[Math.min(level, INDENT_LEVELS)] ?? "";
    }
    opened = token === "{" || token === "[";
    if (opened) level++;
    line += token === ":" ? ": " : token;
    if (token === ",") {
      lines.push(line);
      line = INDENTS[Math.min(level, INDENT_LEVELS)] ?? "";
    }
  }
  if (lines.length < maxLines) lines.push(line);
  return lines;
}

/** The index after the token (or run of blanks) that starts at `start`. */
function tokenEnd(source: string, start: number): number {
  const first = source.charAt(start);
  if (first === '"') return stringEnd(source, start);
  if ("{}[],:".includes(first)) return start + 1;
  const blank = isBlank(first);
  let index = start + 1;
  while (index < source.length) {
    const character = source.charAt(index);
    if (isBlank(character) !== blank || '"{}[],:'.includes(character)) break;
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
    while (source.charAt(quote - 1 - backslashes) === "\\") backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
}

/** RFC 8259, 2: ws. Looks at the first character. */
function isBlank(token: string): boolean {
  const first = token.charAt(0);
  return first === " " || first === "\n" || first === "\t" || first === "\r";
}
