// The event log's lines, as the console keeps them.
// Invariant: at most EVENT_LINES are kept; what fell out is counted.

import { type Line, line, type Style } from "./line.ts";

/** A day of warnings, or a few seconds of a flood. */
export const EVENT_LINES = 5_000;

export class EventLines {
  #lines: Line[] = [];
  #dropped = 0;

  /** Whole lines, as the event log writes them without colours: safe to show. */
  add(text: string): void {
    for (const part of text.split("\n")) if (part !== "") this.#lines.push(line(part, styleOf(part)));
    const over = this.#lines.length - EVENT_LINES;
    // Seldom, and many at once.
    if (over < EVENT_LINES / 4) return;
    this.#lines = this.#lines.slice(over);
    this.#dropped += over;
  }

  get lines(): readonly Line[] {
    if (this.#dropped === 0) return this.#lines;
    return [line(`(${this.#dropped} older lines fell out)`, "faint"), ...this.#lines];
  }

  get last(): Line | null {
    return this.#lines.at(-1) ?? null;
  }

  clear(): void {
    this.#lines = [];
    this.#dropped = 0;
  }
}

function styleOf(text: string): Style {
  if (text.includes(" error: ")) return "error";
  return text.includes(" warning: ") ? "warning" : "plain";
}
