// One line of text being typed, with the keys of a shell's.

import { isCharacter, type Key } from "./key.ts";
import { widthOf } from "./line.ts";

export class LineEditor {
  /** Characters as a person counts them, so that a key never cuts one. */
  #characters: string[];
  #cursor: number;

  constructor(text = "") {
    this.#characters = characters(text);
    this.#cursor = this.#characters.length;
  }

  get text(): string {
    return this.#characters.join("");
  }

  set text(text: string) {
    this.#characters = characters(text);
    this.#cursor = this.#characters.length;
  }

  /** Columns before the cursor. */
  get column(): number {
    return widthOf(this.#characters.slice(0, this.#cursor).join(""));
  }

  /** So much of the text as stands in so many columns, the cursor among them; and where the cursor is there. */
  window(width: number): { text: string; column: number } {
    let start = 0;
    let column = this.column;
    while (column >= width && start < this.#cursor) column -= widthOf(this.#characters[start++] ?? "");
    return { text: this.#characters.slice(start).join(""), column };
  }

  /** Where the cursor is in `text`. */
  get index(): number {
    return this.#characters.slice(0, this.#cursor).join("").length;
  }

  set index(index: number) {
    this.#cursor = characters(this.text.slice(0, index)).length;
  }

  get isAtStart(): boolean {
    return this.#cursor === 0;
  }

  /** Whether the key changed the text or moved in it. */
  key(key: Key): boolean {
    const before = this.#cursor;
    switch (key) {
      case "left":
        this.#cursor = Math.max(0, before - 1);
        return true;
      case "right":
        this.#cursor = Math.min(this.#characters.length, before + 1);
        return true;
      case "home":
      case "ctrl a":
        this.#cursor = 0;
        return true;
      case "end":
      case "ctrl e":
        this.#cursor = this.#characters.length;
        return true;
      case "backspace":
        if (before > 0) this.#delete(before - 1, before);
        return true;
      case "delete":
        this.#delete(before, before + 1);
        return true;
      case "ctrl u":
        this.#delete(0, before);
        return true;
      case "ctrl k":
        this.#delete(before, this.#characters.length);
        return true;
      case "ctrl w": {
        let start = before;
        while (start > 0 && this.#characters[start - 1] === " ") start--;
        while (start > 0 && this.#characters[start - 1] !== " ") start--;
        this.#delete(start, before);
        return true;
      }
    }
    if (!isCharacter(key)) return false;
    this.#characters.splice(before, 0, key);
    this.#cursor = before + 1;
    return true;
  }

  #delete(start: number, end: number): void {
    this.#characters.splice(start, end - start);
    this.#cursor = start;
  }
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

function characters(text: string): string[] {
  return Array.from(graphemes.segment(text), ({ segment }) => segment);
}
