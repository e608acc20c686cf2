// Long lines cut to the width of the view, fast enough for a body of a mebibyte: the columns of most characters are
// known by their range, only what is left is measured grapheme by grapheme.
// Invariants: the pieces, one behind the other, are the text; none is wider than asked for, but for a single grapheme.

import { type Line, type Span, span, type Style, widthOf } from "./line.ts";

/** How far the second and later lines of one long line of ours are moved in: nobody can forge a line by a long one. */
const CONTINUED = "  ";
/** Below this nothing is moved in: there is no room. */
const NARROW_VIEW = 16;

const ASCII_ONLY = /^[\x20-\x7e]*$/;
/**
 * What is not one or two columns wide by itself: it joins with its neighbours, takes no column, or is not known here.
 * The others: Latin, Greek, Cyrillic, Hebrew and Arabic letters, punctuation, currency signs; kana, Han, Hangul, full
 * width forms.
 */
const UNKNOWN_WIDTH =
  /[^\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u0588\u05d0-\u05ea\u0620-\u064a\u2010-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3096\u30a1-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff60]+/g;
/** Of the characters above, those from here on take two columns. */
const WIDE_FROM = 0x3000;

/** The columns of graphemes seen lately: measuring one takes 10 µs, and a text has few different ones. */
const columnsSeen = new Map<string, number>();
const COLUMNS_SEEN_LIMIT = 4096;
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** `text` in pieces of at most `width` columns, the first of `first`. */
export function wrapLong(text: string, width: number, first = width): string[] {
  // No character takes more than two columns for each of its code units.
  if (width <= 0 || text.length * 2 <= first) return [text];
  if (!ASCII_ONLY.test(text)) return new Wrapper(text, width, first).pieces();
  if (text.length <= first) return [text];
  const pieces = [text.slice(0, first)];
  for (let start = first; start < text.length; start += width) pieces.push(text.slice(start, start + width));
  return pieces;
}

/** Lines of content, each after `indent`. */
export function contentLines(texts: readonly string[], width: number, indent = ""): Line[] {
  const lines: Line[] = [];
  const room = Math.max(1, width - indent.length);
  for (const text of texts) {
    if (text.length * 2 <= room) lines.push([{ text: indent + text, style: "plain" }]);
    else for (const piece of wrapLong(text, room)) lines.push([{ text: indent + piece, style: "plain" }]);
  }
  return lines;
}

/** One line of ours, `label` and what is said, which goes on below, moved in, where it is too long. */
export function labelledLines(label: readonly Span[], text: string, style: Style, width: number): Line[] {
  const indent = width < NARROW_VIEW ? "" : CONTINUED;
  const room = Math.max(1, width - indent.length);
  const lines: Line[] = [];
  let spans: Span[] = [];
  let left = width;
  for (const part of text === "" ? label : [...label, span(text, style)]) {
    for (const [index, piece] of wrapLong(part.text, room, Math.max(0, left)).entries()) {
      const columns = widthOf(piece);
      // The first piece may be one character that is too wide for what is left.
      if (index > 0 || (columns > left && spans.length > 0)) {
        lines.push(spans);
        spans = [];
        left = width - indent.length;
      }
      if (piece === "") continue;
      spans.push(span(spans.length === 0 && lines.length > 0 ? indent + piece : piece, part.style));
      left -= columns;
    }
  }
  lines.push(spans);
  return lines;
}

/** One line of ours in one style. */
export function wrappedLines(text: string, style: Style, width: number): Line[] {
  return labelledLines([], text, style, width);
}

class Wrapper {
  readonly #text: string;
  readonly #width: number;
  readonly #pieces: string[] = [];
  /** Where the piece begins that is being filled, how wide it is, and how wide it may be. */
  #start = 0;
  #taken = 0;
  #limit: number;

  constructor(text: string, width: number, first: number) {
    this.#text = text;
    this.#width = width;
    this.#limit = first;
  }

  pieces(): string[] {
    const text = this.#text;
    let index = 0;
    for (const found of text.matchAll(UNKNOWN_WIDTH)) {
      // What is not known may belong to the character before it.
      const start = Math.max(index, found.index - 1);
      this.#addKnown(index, start);
      index = found.index + found[0].length;
      let at = start;
      for (const { segment } of graphemes.segment(text.slice(start, index))) {
        this.#add(at, columnsOf(segment));
        at += segment.length;
      }
    }
    this.#addKnown(index, text.length);
    this.#pieces.push(text.slice(this.#start));
    return this.#pieces;
  }

  #addKnown(start: number, end: number): void {
    for (let index = start; index < end; index++) {
      this.#add(index, this.#text.charCodeAt(index) >= WIDE_FROM ? 2 : 1);
    }
  }

  /** A character or grapheme that begins at `index`. */
  #add(index: number, columns: number): void {
    if (this.#taken + columns > this.#limit && index > this.#start) {
      this.#pieces.push(this.#text.slice(this.#start, index));
      this.#start = index;
      this.#taken = 0;
      this.#limit = this.#width;
    }
    this.#taken += columns;
  }
}

function columnsOf(grapheme: string): number {
  let columns = columnsSeen.get(grapheme);
  if (columns === undefined) {
    if (columnsSeen.size >= COLUMNS_SEEN_LIMIT) columnsSeen.clear();
    columns = widthOf(grapheme);
    columnsSeen.set(grapheme, columns);
  }
  return columns;
}
