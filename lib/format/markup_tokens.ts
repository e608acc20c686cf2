// HTML and XML cut into tags, text and what must not be touched, to be laid out for a person: not a parser.
// Invariants: never throws; the tokens, one behind the other, are the source; the work grows with the source alone.

export type MarkupToken =
  | { kind: "text"; start: number; end: number }
  /** `empty`: closed in itself, "<a/>". */
  | { kind: "open"; start: number; end: number; name: string; empty: boolean }
  | { kind: "close"; start: number; end: number; name: string }
  /** An element with its content, which is shown as it came: <pre>, <script>, <style>, <textarea>. */
  | { kind: "verbatim"; start: number; end: number }
  | { kind: "cdata"; start: number; end: number }
  /** A comment, a declaration or a processing instruction. */
  | { kind: "comment"; start: number; end: number };

const VERBATIM = new Set(["pre", "script", "style", "textarea"]);
/** A name, or the name and the blanks and attributes behind it, begins with one of these. */
const NAME_START = /[A-Za-z_:\u0080-\uffff]/;
const NAME = /[^\s/>]+/y;

/** `html`: names are compared without case, and "<script/>" is not closed in itself. */
export function* markupTokens(source: string, html: boolean): Generator<MarkupToken, void> {
  let start = 0;
  while (start < source.length) {
    const token = tokenAt(source, start, html);
    yield token;
    start = token.end;
  }
}

function tokenAt(source: string, start: number, html: boolean): MarkupToken {
  if (!isMarkup(source, start)) return { kind: "text", start, end: textEnd(source, start) };
  switch (source.charAt(start + 1)) {
    case "!":
      if (source.startsWith("<!--", start)) {
        return { kind: "comment", start, end: endAfter(source, "-->", start + 4) };
      }
      if (source.startsWith("<![CDATA[", start)) {
        return { kind: "cdata", start, end: endAfter(source, "]]>", start + 9) };
      }
      return { kind: "comment", start, end: declarationEnd(source, start) };
    case "?":
      return { kind: "comment", start, end: endAfter(source, html ? ">" : "?>", start + 2) };
    case "/":
      return {
        kind: "close",
        start,
        end: endAfter(source, ">", start + 2),
        name: nameAt(source, start + 2, html),
      };
    default:
      return openTag(source, start, html);
  }
}

function openTag(source: string, start: number, html: boolean): MarkupToken {
  const end = tagEnd(source, start);
  // A tag that never ends is no tag.
  if (end === null) return { kind: "text", start, end: source.length };
  const name = nameAt(source, start + 1, html);
  const empty = source.charAt(end - 2) === "/";
  const element = name.toLowerCase();
  if (!VERBATIM.has(element) || (empty && !html)) return { kind: "open", start, end, name, empty };
  const closing = new RegExp(`</${element}(?=[\\s/>])`, "gi");
  closing.lastIndex = end;
  const found = closing.exec(source);
  return {
    kind: "verbatim",
    start,
    end: found === null ? source.length : endAfter(source, ">", found.index),
  };
}

/** Whether a tag, comment or the like begins here. */
function isMarkup(source: string, start: number): boolean {
  if (source.charAt(start) !== "<") return false;
  const next = source.charAt(start + 1);
  if (next === "!" || next === "?") return true;
  return NAME_START.test(next === "/" ? source.charAt(start + 2) : next);
}

function textEnd(source: string, start: number): number {
  let end = start;
  do end = source.indexOf("<", end + 1); while (end >= 0 && !isMarkup(source, end));
  return end < 0 ? source.length : end;
}

/** The index after the ">" of a tag, one within a quoted value left aside; null when there is none. */
function tagEnd(source: string, start: number): number | null {
  let afterEquals = false;
  for (let index = start + 1; index < source.length; index++) {
    const code = source.charCodeAt(index);
    if (code === 0x3e) return index + 1;
    // Elsewhere a quotation mark is a character like any other.
    if (afterEquals && (code === 0x22 || code === 0x27)) {
      const close = source.indexOf(code === 0x22 ? '"' : "'", index + 1);
      if (close >= 0) index = close;
    }
    if (code > 0x20) afterEquals = code === 0x3d;
  }
  return null;
}

/** XML 1.0, 2.8: a document type may hold declarations of its own, in brackets. */
function declarationEnd(source: string, start: number): number {
  const end = endAfter(source, ">", start);
  const bracket = source.slice(start, end).indexOf("[");
  if (bracket < 0) return end;
  const close = source.indexOf("]", start + bracket);
  return close < 0 ? end : endAfter(source, ">", close);
}

function nameAt(source: string, start: number, html: boolean): string {
  NAME.lastIndex = start;
  const name = NAME.exec(source)?.[0] ?? "";
  return html ? name.toLowerCase() : name;
}

function endAfter(source: string, mark: string, from: number): number {
  const index = source.indexOf(mark, from);
  return index < 0 ? source.length : index + mark.length;
}
