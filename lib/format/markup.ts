// HTML and XML indented for a person (WHATWG HTML, 13.1; XML 1.0). It is a display: blanks between tags are ours, those
// within <pre>, <script>, <style> and <textarea>, and in a CDATA section, are the sender's.
// Invariants: never throws; the lines without blanks and the source without blanks are the same text; at most `maxLines`.

import { indentation } from "./indent.ts";
import { type MarkupToken, markupTokens } from "./markup_tokens.ts";

/** WHATWG HTML, 13.1.2: void elements, which have no end tag. */
const VOID = words("area base br col embed hr img input link meta param source track wbr");
/** Elements that stand within a line of text. */
const INLINE = words(
  "a abbr acronym b bdi bdo big br cite code data del dfn em font i img ins kbd label mark nobr q rp rt ruby s samp " +
    "small span strike strong sub sup time tt u var wbr",
);
/** WHATWG HTML, 13.1.2.4: what ends an element of these names that was not closed. */
const CLOSES = new Map([
  ["li", words("li")],
  ["p", words("p")],
  ["dt", words("dt dd")],
  ["dd", words("dt dd")],
  ["option", words("option")],
  ["td", words("td th")],
  ["th", words("td th")],
  ["tr", words("td th tr")],
  ["tbody", words("td th tr thead tbody")],
  ["tfoot", words("td th tr thead tbody")],
]);
/** How far above an end tag its start tag is looked for: further up it is a fault, and searching costs. */
const SEARCH_LEVELS = 64;

/** The lines of `source`, indented. They may hold what is not safe to show. */
export function indentMarkup(source: string, html: boolean, maxLines: number): string[] {
  const layout = new Layout(html);
  for (const token of markupTokens(source, html)) {
    if (layout.lines.length >= maxLines) break;
    layout.add(token, source.slice(token.start, token.end));
  }
  layout.endLine();
  layout.lines.length = Math.min(layout.lines.length, maxLines);
  return layout.lines;
}

class Layout {
  readonly lines: string[] = [];
  readonly #html: boolean;
  /** The names of the elements that are open, the outermost first. */
  readonly #open: string[] = [];
  /** The start tag of the innermost one, while nothing but `#run` stands behind it. */
  #tag: string | null = null;
  /** Text, and tags that stand within it. */
  #run: string[] = [];

  constructor(html: boolean) {
    this.#html = html;
  }

  add(token: MarkupToken, text: string): void {
    switch (token.kind) {
      case "text":
        this.#run.push(this.#html ? text.replace(/[ \t\r\n\f]+/g, " ") : text);
        break;
      case "cdata":
        if (text.includes("\n")) this.#addLines(text);
        else this.#run.push(text);
        break;
      case "verbatim":
      case "comment":
        this.#addLines(text);
        break;
      case "open":
        this.#addOpen(joinTag(text), token.name, token.empty);
        break;
      case "close":
        this.#addClose(joinTag(text), token.name);
        break;
    }
  }

  /** Puts down what has been collected. */
  endLine(): void {
    const run = this.#run.join("").trim();
    this.#run = [];
    if (this.#tag !== null) {
      this.lines.push(indentation(this.#open.length - 1) + this.#tag);
      this.#tag = null;
    }
    if (run === "") return;
    const indent = indentation(this.#open.length);
    for (const line of run.split(/\r?\n/)) this.lines.push(indent + line.trim());
  }

  #addOpen(tag: string, name: string, empty: boolean): void {
    if (this.#html && INLINE.has(name)) {
      this.#run.push(tag);
      return;
    }
    this.endLine();
    if (this.#html) this.#closeImplied(name);
    if (this.#html ? VOID.has(name) || (empty && !isHtmlName(name)) : empty) {
      this.lines.push(indentation(this.#open.length) + tag);
    } else {
      this.#tag = tag;
      this.#open.push(name);
    }
  }

  #addClose(tag: string, name: string): void {
    if (this.#html && INLINE.has(name)) {
      this.#run.push(tag);
      return;
    }
    const run = this.#run.join("").trim();
    if (this.#tag !== null && this.#open.at(-1) === name && !run.includes("\n")) {
      this.#open.pop();
      this.lines.push(indentation(this.#open.length) + this.#tag + run + tag);
      this.#tag = null;
      this.#run = [];
      return;
    }
    this.endLine();
    const lowest = Math.max(0, this.#open.length - SEARCH_LEVELS);
    const index = this.#open.lastIndexOf(name);
    if (index >= lowest) this.#open.length = index;
    this.lines.push(indentation(this.#open.length) + tag);
  }

  #closeImplied(name: string): void {
    const closes = CLOSES.get(name);
    if (closes === undefined) return;
    while (closes.has(this.#open.at(-1) ?? "")) this.#open.pop();
  }

  #addLines(text: string): void {
    this.endLine();
    const [first = "", ...rest] = text.split(/\r?\n/);
    this.lines.push(indentation(this.#open.length) + first);
    for (const line of rest) this.lines.push(line);
  }
}

/** A tag on one line. */
function joinTag(tag: string): string {
  return tag.includes("\n") ? tag.replace(/\s*\n\s*/g, " ") : tag;
}

/** WHATWG HTML, 13.1.2.1: "/" closes foreign elements (SVG and MathML) in themselves, and means nothing in others. */
function isHtmlName(name: string): boolean {
  return CLOSES.has(name) ||
    /^(?:html|head|body|title|div|section|article|nav|main|ul|ol|table|form|h[1-6])$/.test(name);
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(" "));
}
