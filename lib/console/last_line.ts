// The last line of the console: a question being answered, a choice, something to say, or the keys that matter most.
// Invariants: one question or choice at a time; while there is one it gets all keys; an answer that takes time is waited
// for without holding anything else up.

import { escapeText } from "../format/escape.ts";
import type { Key } from "./key.ts";
import { fitLine, type Line, span, type Style, widthOf } from "./line.ts";
import { LineEditor } from "./line_editor.ts";
import type { Choice, KeyHelp, Question } from "./view.ts";

type Asked =
  | { kind: "question"; question: Question; editor: LineEditor; flaw: string | null }
  | { kind: "choice"; choice: Choice };

export class LastLine {
  readonly #onChange: () => void;
  #asked: Asked | null = null;
  #said: { text: string; style: Style } | null = null;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Whether it gets the keys. */
  get isAsking(): boolean {
    return this.#asked !== null;
  }

  say(text: string, style: Style): void {
    this.#said = { text: escapeText(text), style };
    this.#onChange();
  }

  /** What was said has been read. */
  unsay(): void {
    this.#said = null;
  }

  ask(question: Question): void {
    this.#asked = { kind: "question", question, editor: new LineEditor(question.initial ?? ""), flaw: null };
    this.#onChange();
  }

  choose(choice: Choice): void {
    this.#asked = { kind: "choice", choice };
    this.#onChange();
  }

  /** `help`: of the view on top, shown while there is nothing else. */
  line(columns: number, help: readonly KeyHelp[]): Line {
    const asked = this.#asked;
    if (asked?.kind === "question") return this.#questionLine(asked);
    if (asked?.kind === "choice") return choiceLine(asked.choice);
    if (this.#said !== null) return [span(this.#said.text, this.#said.style)];
    return fitLine(helpLine(help), columns);
  }

  /** The column of the cursor; null without a question. */
  cursor(): number | null {
    const asked = this.#asked;
    return asked?.kind === "question" ? widthOf(asked.question.label) + 2 + asked.editor.column : null;
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
    if (typeof outcome !== "object" || outcome === null) this.#submitted(asked, outcome);
    else outcome.then((flaw) => this.#submitted(asked, flaw));
  }

  #submitted(asked: Asked & { kind: "question" }, flaw: string | null): void {
    asked.flaw = flaw;
    // What it has led to may be a question itself.
    if (flaw === null && this.#asked === asked) this.#asked = null;
    this.#onChange();
  }

  #questionLine({ question, editor, flaw }: Asked & { kind: "question" }): Line {
    const spans = [span(`${question.label}: `, "key"), span(escapeText(editor.text))];
    return flaw === null ? spans : [...spans, span(`  ${escapeText(flaw)}`, "error")];
  }
}

function choiceLine({ label, keys }: Choice): Line {
  const spans = [span(`${label} `, "strong")];
  for (const { key, what } of keys) spans.push(span(` ${key}`, "key"), span(` ${what} `));
  return spans;
}

function helpLine(help: readonly KeyHelp[]): Line {
  const spans = [];
  for (const { keys, short } of help) {
    if (short !== undefined) spans.push(span(keys, "key"), span(` ${short}  `, "faint"));
  }
  spans.push(span("?", "key"), span(" all keys", "faint"));
  return spans;
}
