// What the console shows, before it is a terminal's: lines of spans with a style by name. Views make them, tests read
// them as text, the screen paints them.
// Invariant: the text of a span is safe to show: no control character, no line break (see lib/format/escape.ts).

import stringWidth from "string-width";

export type Style =
  | "plain"
  /** Less important than what stands beside it. */
  | "faint"
  | "title"
  | "strong"
  | "error"
  | "warning"
  /** What mitm says of what it shows. */
  | "remark"
  /** The name of a header field, a key, an option. */
  | "name"
  | "fromClient"
  | "fromServer"
  | "held"
  | "ok"
  | "redirect"
  | "clientError"
  | "serverError"
  /** Parts of a bar chart. */
  | "bar"
  | "barWait"
  | "barReceive"
  /** The keys that do something. */
  | "key";

export interface Span {
  text: string;
  style: Style;
}

export type Line = readonly Span[];

const ASCII_ONLY = /^[\x20-\x7e]*$/;

/** One line of one span. */
export function line(text: string, style: Style = "plain"): Line {
  return [{ text, style }];
}

export function span(text: string, style: Style = "plain"): Span {
  return { text, style };
}

export function plainText(spans: Line): string {
  return spans.map(({ text }) => text).join("");
}

/** Columns a text takes on a terminal; wide characters take two. */
export function widthOf(text: string): number {
  return ASCII_ONLY.test(text) ? text.length : stringWidth(text);
}

/** `text` in exactly `width` columns: its end cut off and marked, or blanks added. */
export function fitText(text: string, width: number, align: "left" | "right" = "left"): string {
  if (width <= 0) return "";
  const taken = widthOf(text);
  if (taken > width) return cutText(text, width);
  const blanks = " ".repeat(width - taken);
  return align === "left" ? text + blanks : blanks + text;
}

/** `text` in at most `width` columns, its end cut off and marked. */
export function cutText(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width <= 0) return "";
  if (ASCII_ONLY.test(text)) return `${text.slice(0, width - 1)}…`;
  let cut = "";
  let taken = 0;
  for (const { segment } of graphemes.segment(text)) {
    const columns = widthOf(segment);
    if (taken + columns > width - 1) break;
    cut += segment;
    taken += columns;
  }
  return `${cut}…`;
}

/** A line cut to `width` columns; nothing is added to a shorter one. */
export function fitLine(spans: Line, width: number): Line {
  const fitted: Span[] = [];
  let left = width;
  for (const { text, style } of spans) {
    const columns = widthOf(text);
    if (columns > left) {
      if (left > 0) fitted.push({ text: cutText(text, left), style });
      return fitted;
    }
    fitted.push({ text, style });
    left -= columns;
  }
  return fitted;
}

/** A long text in lines of at most `width` columns. */
export function wrapText(text: string, width: number): string[] {
  if (width <= 0 || widthOf(text) <= width) return [text];
  const lines: string[] = [];
  if (ASCII_ONLY.test(text)) {
    for (let start = 0; start < text.length; start += width) lines.push(text.slice(start, start + width));
    return lines;
  }
  let current = "";
  let taken = 0;
  for (const { segment } of graphemes.segment(text)) {
    const columns = widthOf(segment);
    if (taken + columns > width && current !== "") {
      lines.push(current);
      current = "";
      taken = 0;
    }
    current += segment;
    taken += columns;
  }
  if (current !== "") lines.push(current);
  return lines;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
