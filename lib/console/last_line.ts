// The last line of the console: a question being answered, a choice, something to say, or the keys that matter most.
// What is too long for one line has a few more above it.
// Invariants: one question or choice at a time; while there is one it gets all keys; an answer that takes time is waited
// for without holding anything else up; where the cursor is can be seen, however long the text.

import { escapeText } from "../format/escape.ts";
import type { Key } from "./key.ts";
import { cutText, fitLine, type Line, line, type Span, span, type Style, widthOf, wrapText } from "./line.ts";
import { LineEditor } from "./line_editor.ts";
import type { Choice, Question, View } from "./view.ts";

type Asked =
  | { kind: "question"; question: Question; editor: LineEditor; flaw: string | null }
  | { kind: "choice"; choice: Choice };

/** So many lines it may take, and no more of the window. */
const LINES = 4;

export class LastLine {
  readonly #onChange: () => void;
  readonly #onAnswered: () => void;
  #isBusy = false;
  #asked: Asked | null = null;
  #said: { text: string; style: Style } | null = null;

  /** `onAnswered`: what an answer has led to is known, and keys are taken again. */
  constructor(onChange: () => void, onAnswered: () => void) {
    this.#onChange = onChange;
    this.#onAnswered = onAnswered;
  }

  /** Whether it gets the keys. */
  get isAsking(): boolean {
    return this.#asked !== null;
  }

  /** Whether an answer is being dealt with: whose the next key is turns out then. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  say(text: string, style: Style): void {
    this.#said = { text: escapeText(text), style };
    this.#onChange();
  }

  /** What was said has been read. */
  unsay(): void {
    this.#said = null;
  }

  /** Drops what is asked, if anything. */
  unask(): void {
    this.#asked = null;
  }

  ask(question: Question): void {
    this.#said = null;
    this.#asked = { kind: "question", question, editor: new LineEditor(question.initial ?? ""), flaw: null };
    this.#onChange();
  }

  choose(choice: Choice): void {
    this.#said = null;
    this.#asked = { kind: "choice", choice };
    this.#onChange();
  }

  /** From top to bottom. The keys of the view on top are shown while there is nothing else. */
  lines(columns: number, view: Pick<View, "help" | "takesText">): Line[] {
    const asked = this.#asked;
    if (asked?.kind === "question") return questionLines(asked, columns);
    if (asked?.kind === "choice") return choiceLines(asked.choice, columns);
    if (this.#said !== null) return wrappedLines(this.#said.text, this.#said.style, columns, LINES);
    return [fitLine(helpLine(view), columns)];
  }

  /** The column of the cursor, in the last one of the lines; null without a question. */
  cursor(columns: number): number | null {
    const asked = this.#asked;
    if (asked?.kind !== "question") return null;
    const label = questionLabel(asked.question, columns);
    return widthOf(label) + asked.editor.window(columns - widthOf(label)).column;
  }

  /** Only while it is asking. */
  key(key: Key): void {
    const asked = this.#asked;
    if (asked === null) return;
    if (key === "escape" || key === "ctrl g") {
      this.#asked = null;
      if (asked.kind === "question") asked.question.cancel?.();
    } else if (asked.kind === "choice") this.#chosen(asked.choice, key);
    else if (key === "enter") this.#submit(asked);
    else if (asked.editor.key(key)) {
      asked.flaw = null;
      asked.question.change?.(asked.editor.text);
    }
    this.#onChange();
  }

  #chosen(choice: Choice, key: Key): void {
    const chosen = choice.keys.find((candidate) => candidate.key === key);
    if (chosen === undefined) return;
    this.#asked = null;
    chosen.chosen();
  }

  #submit(asked: Asked & { kind: "question" }): void {
    const outcome = asked.question.submit(asked.editor.text);
    if (typeof outcome !== "object" || outcome === null) return this.#submitted(asked, outcome);
    this.#isBusy = true;
    outcome.then((flaw) => {
      this.#isBusy = false;
      this.#submitted(asked, flaw);
      this.#onAnswered();
    });
  }

  #submitted(asked: Asked & { kind: "question" }, flaw: string | null): void {
    asked.flaw = flaw;
    // What it has led to may be a question itself.
    if (flaw === null && this.#asked === asked) this.#asked = null;
    this.#onChange();
  }
}

/** The question, and above it what is wrong with its answer. */
function questionLines({ question, editor, flaw }: Asked & { kind: "question" }, columns: number): Line[] {
  const label = questionLabel(question, columns);
  const { text } = editor.window(columns - widthOf(label));
  const flaws = flaw === null ? [] : wrappedLines(escapeText(flaw), "error", columns, LINES - 1);
  return [...flaws, [span(label, "key"), span(escapeText(text))]];
}

/** It leaves half of the line to the answer. */
function questionLabel({ label }: Question, columns: number): string {
  return `${cutText(label, Math.max(1, Math.floor(columns / 2) - 2))}: `;
}

function choiceLines({ label, keys }: Choice, columns: number): Line[] {
  const lines: Span[][] = [[]];
  let taken = 0;
  for (const part of [[span(`${label} `, "strong")], ...keys.map(choiceSpans)]) {
    const width = part.reduce((sum, { text }) => sum + widthOf(text), 0);
    if (taken + width > columns && taken > 0) {
      lines.push([]);
      taken = 0;
    }
    lines.at(-1)?.push(...part);
    taken += width;
  }
  return lines.slice(0, LINES);
}

function choiceSpans({ key, what }: Choice["keys"][number]): Span[] {
  return [span(` ${key}`, "key"), span(` ${what} `)];
}

function wrappedLines(text: string, style: Style, columns: number, limit: number): Line[] {
  return wrapText(text, columns).slice(0, limit).map((part) => line(part, style));
}

function helpLine({ help, takesText }: Pick<View, "help" | "takesText">): Line {
  const spans = [];
  for (const { keys, short } of help) {
    if (short !== undefined) spans.push(span(keys, "key"), span(` ${short}  `, "faint"));
  }
  if (takesText !== true) spans.push(span("?", "key"), span(" all keys", "faint"));
  return spans;
}
