// A text to be read and scrolled: help, the event log.

import type { Key } from "./key.ts";
import type { Line } from "./line.ts";
import type { Row, Size } from "./screen.ts";
import { TextScroll } from "./scroll.ts";
import type { KeyHelp, View } from "./view.ts";

interface TextViewParts {
  title: string;
  /** The text as it is now, for a window so wide. */
  lines(columns: number): readonly Line[];
  help: readonly KeyHelp[];
  /** Keys besides those that scroll. */
  key?(key: Key): boolean;
  /** It begins at its end, and follows it. */
  follows?: boolean;
}

export class TextView implements View {
  readonly title: string;
  readonly help: readonly KeyHelp[];
  readonly #parts: TextViewParts;
  readonly #scroll = new TextScroll();
  #follows: boolean;
  #count = 0;
  #height = 1;

  constructor(parts: TextViewParts) {
    this.#parts = parts;
    this.title = parts.title;
    this.help = [{ keys: "q esc", what: "back", short: "back" }, ...parts.help];
    this.#follows = parts.follows === true;
  }

  rows({ columns, rows }: Size): Row[] {
    const lines = this.#parts.lines(columns);
    this.#count = lines.length;
    this.#height = rows;
    if (this.#follows) this.#scroll.top = lines.length;
    this.#scroll.fit(lines.length, rows);
    return lines.slice(this.#scroll.top, this.#scroll.top + rows).map((spans) => ({ spans }));
  }

  key(key: Key): boolean {
    if (this.#parts.key?.(key) === true) return true;
    if (!this.#scroll.key(key === " " ? "pagedown" : key, this.#count, this.#height)) return false;
    if (this.#parts.follows === true) this.#follows = this.#scroll.top >= this.#count - this.#height;
    return true;
  }
}
