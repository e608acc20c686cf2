// What stands on the terminal, row by row, and the escape sequences that make it another picture (ECMA-48).
// Invariants: only rows that changed are written; rows never wrap: they are cut to the width before they come here.

import { fitLine, type Line, plainText, widthOf } from "./line.ts";
import type { Painter } from "./palette.ts";

export interface Row {
  spans: Line;
  /** It stands out: the row in focus, the status line. */
  inverse?: boolean;
}

export interface Size {
  columns: number;
  rows: number;
}

/** Where the terminal's cursor is shown; from 0. */
export interface Cursor {
  row: number;
  column: number;
}

const ESC = "\x1b";
/** DEC private modes 1049 (another screen), 25 (cursor), 2026 (a picture at once), 7 (wrap at the right edge). */
export const ENTER = `${ESC}[?1049h${ESC}[?25l${ESC}[?7l${ESC}[2J`;
export const LEAVE = `${ESC}[?2026l${ESC}[?7h${ESC}[0m${ESC}[?25h${ESC}[?1049l`;

export class Screen {
  readonly #paint: Painter;
  #shown: string[] = [];
  #size: Size = { columns: 0, rows: 0 };

  constructor(paint: Painter) {
    this.#paint = paint;
  }

  /** Nothing is known of what stands there: the next picture is written whole. */
  forget(): void {
    this.#shown = [];
  }

  /** What must be written to show `rows`; "" when they are there already. */
  update(rows: readonly Row[], size: Size, cursor: Cursor | null): string {
    if (size.columns !== this.#size.columns || size.rows !== this.#size.rows) this.forget();
    this.#size = { ...size };
    let output = "";
    for (let row = 0; row < size.rows; row++) {
      const text = this.#text(rows[row] ?? { spans: [] }, size.columns);
      if (this.#shown[row] === text) continue;
      this.#shown[row] = text;
      output += `${ESC}[${row + 1};1H${text}`;
    }
    const where = cursor === null
      ? `${ESC}[?25l`
      : `${ESC}[${cursor.row + 1};${Math.min(size.columns, cursor.column + 1)}H${ESC}[?25h`;
    if (output === "" && cursor === null) return "";
    return `${ESC}[?2026h${output}${where}${ESC}[?2026l`;
  }

  #text({ spans, inverse }: Row, columns: number): string {
    const fitted = fitLine(spans, columns);
    // Colours turned inside out are hard to read: a row that stands out has none.
    const painted = inverse === true ? plainText(fitted) : this.#paint(fitted);
    let width = 0;
    for (const { text } of fitted) width += widthOf(text);
    // Behind a row that is full the cursor stands on its last character: nothing is left to erase but that.
    if (inverse !== true) return width < columns ? `${painted}${ESC}[K` : painted;
    return `${ESC}[7m${painted}${" ".repeat(Math.max(0, columns - width))}${ESC}[27m`;
  }
}
