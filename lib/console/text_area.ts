// A few lines of text being edited in the console: a head. Ctrl-S keeps, escape drops.

import { escapeText } from "../format/escape.ts";
import type { Key } from "./key.ts";
import { line, span } from "./line.ts";
import { LineEditor } from "./line_editor.ts";
import type { Cursor, Row, Size } from "./screen.ts";
import type { KeyHelp, View, ViewHost } from "./view.ts";

const MARGIN = "  ";

export class TextArea implements View {
  readonly title: string;
  readonly takesText = true;
  readonly help: readonly KeyHelp[] = [
    { keys: "ctrl s", what: "keep the changes", short: "keep the changes" },
    { keys: "esc", what: "drop them", short: "drop them" },
    { keys: "enter", what: "new line", short: "new line" },
    { keys: "ctrl k", what: "delete to the end of the line; an empty line goes", short: "delete the line" },
  ];
  readonly #host: ViewHost;
  readonly #keep: (lines: string[]) => string | null;
  #lines: string[];
  #row = 0;
  #editor: LineEditor;
  #top = 0;

  /** `keep` takes the lines, or says what is wrong with them. */
  constructor(
    host: ViewHost,
    title: string,
    lines: readonly string[],
    keep: (lines: string[]) => string | null,
  ) {
    this.#host = host;
    this.title = title;
    this.#lines = lines.length === 0 ? [""] : [...lines];
    this.#keep = keep;
    this.#editor = new LineEditor(this.#lines[0] ?? "");
  }

  rows({ columns, rows }: Size): Row[] {
    const height = Math.max(1, rows - 2);
    this.#scroll(height);
    const shown: Row[] = [{ spans: line(`  ${this.title}`, "title") }, { spans: [] }];
    const lines = this.#text();
    for (let index = this.#top; index < Math.min(lines.length, this.#top + height); index++) {
      const text = lines[index] ?? "";
      const window = index === this.#row ? this.#editor.window(columns - MARGIN.length).text : text;
      // What does not begin with its name is no field to look at.
      shown.push({ spans: fieldSpans(window, index > 0 && window.length === text.length) });
    }
    return shown;
  }

  cursor({ columns, rows }: Size): Cursor {
    this.#scroll(Math.max(1, rows - 2));
    const { column } = this.#editor.window(columns - MARGIN.length);
    return { row: 2 + this.#row - this.#top, column: MARGIN.length + column };
  }

  key(key: Key): boolean {
    switch (key) {
      case "ctrl s": {
        const reason = this.#keep(this.#text());
        if (reason === null) this.#host.back();
        else this.#host.say(reason, "error");
        return true;
      }
      case "up":
        this.#goTo(this.#row - 1);
        return true;
      case "down":
        this.#goTo(this.#row + 1);
        return true;
      case "enter":
        this.#split();
        return true;
      case "backspace":
        if (this.#editor.isAtStart && this.#row > 0) this.#join();
        else this.#editor.key(key);
        return true;
      case "ctrl k":
        if (this.#editor.text === "" && this.#lines.length > 1) this.#remove();
        else this.#editor.key(key);
        return true;
      case "escape":
        return false;
    }
    return this.#editor.key(key);
  }

  /** The lines, with the one being edited as it is now. */
  #text(): string[] {
    const lines = [...this.#lines];
    lines[this.#row] = this.#editor.text;
    return lines;
  }

  #goTo(row: number): void {
    this.#lines = this.#text();
    this.#row = Math.max(0, Math.min(row, this.#lines.length - 1));
    this.#editor = new LineEditor(this.#lines[this.#row] ?? "");
  }

  #split(): void {
    const text = this.#editor.text;
    const rest = new LineEditor(text);
    const before = text.slice(0, this.#editor.index);
    rest.text = text.slice(before.length);
    this.#lines = this.#text();
    this.#lines.splice(this.#row, 1, before, rest.text);
    this.#row++;
    this.#editor = rest;
    rest.key("home");
  }

  #join(): void {
    const lines = this.#text();
    const before = lines[this.#row - 1] ?? "";
    lines.splice(this.#row - 1, 2, before + this.#editor.text);
    this.#lines = lines;
    this.#row--;
    this.#editor = new LineEditor(lines[this.#row] ?? "");
    this.#editor.index = before.length;
  }

  #remove(): void {
    this.#lines.splice(this.#row, 1);
    this.#row = Math.min(this.#row, this.#lines.length - 1);
    this.#editor = new LineEditor(this.#lines[this.#row] ?? "");
  }

  #scroll(height: number): void {
    if (this.#row < this.#top) this.#top = this.#row;
    if (this.#row >= this.#top + height) this.#top = this.#row - height + 1;
  }
}

/** The name of a field stands out. */
function fieldSpans(text: string, isField: boolean): Row["spans"] {
  const colon = isField ? text.indexOf(":") : -1;
  if (colon < 0) return [span(MARGIN), span(escapeText(text), isField ? "plain" : "strong")];
  return [span(MARGIN), span(escapeText(text.slice(0, colon)), "name"), span(escapeText(text.slice(colon)))];
}
