// What is wrong with the text of a filter, as a value: where it is, and one sentence for the person who typed it.
// Invariants: never thrown; `at` is an offset into the text, or its length for the end; what is shown holds no control
// characters, whatever was typed.

/** How much of a long text is shown round the mistake, in characters. */
const SHOWN_LENGTH = 72;
/** How much of a wrong word is repeated in a message: enough to recognise it. */
const QUOTE_LIMIT = 40;

export class FilterError {
  /** The offending character: its offset, from 0, in UTF-16 units like any index of a string. */
  readonly at: number;
  /** What was found, and what is accepted. */
  readonly message: string;

  constructor(at: number, message: string) {
    this.at = at;
    this.message = message;
  }
}

/** Two lines: the text, and below it a caret at the mistake with the message. Exact where a character is one column. */
export function formatFilterError(text: string, error: FilterError): string {
  const start = text.length <= SHOWN_LENGTH ? 0 : Math.max(0, error.at - SHOWN_LENGTH / 2);
  const before = start === 0 ? "" : "…";
  const end = start + SHOWN_LENGTH;
  const after = end < text.length ? "…" : "";
  const indent = " ".repeat(before.length + error.at - start);
  return `${before}${visible(text.slice(start, end))}${after}\n${indent}^ ${error.message}`;
}

/** `text` in quotes, for a message. */
export function quote(text: string): string {
  return `"${visible(text.slice(0, QUOTE_LIMIT))}${text.length > QUOTE_LIMIT ? "…" : ""}"`;
}

/** Controls, line ends and what changes the direction of writing stand as a mark of the same length. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, ({ length }) => "\ufffd".repeat(length));
}
