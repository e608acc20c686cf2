// One line of the event log, word by word, with its width on a screen.
// Invariant: `width` counts the characters without colour sequences.

export class LineBuilder {
  #text = "";
  #width = 0;

  get text(): string {
    return this.#text;
  }

  /** Columns it takes; exact for ASCII. */
  get width(): number {
    return this.#width;
  }

  /** Adds a word (nothing for ""), parted from the one before by a blank. `columns`: blanks fill it up to so many. */
  add(word: string, paint: (text: string) => string = asIs, columns = 0): this {
    if (word === "") return this;
    const before = this.#width === 0 ? "" : " ";
    const after = " ".repeat(Math.max(0, columns - word.length));
    this.#text += before + paint(word) + after;
    this.#width += before.length + word.length + after.length;
    return this;
  }

  /** Adds the words of another line. */
  append(line: LineBuilder): this {
    if (line.width === 0) return this;
    const before = this.#width === 0 ? "" : " ";
    this.#text += before + line.text;
    this.#width += before.length + line.width;
    return this;
  }
}

/** `text` in `columns` columns at most, its end cut off and marked. */
export function cutText(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;
}

function asIs(text: string): string {
  return text;
}
