// What is wrong with what the user told the program: a value, never thrown, shown as one line on standard error.
// Invariant: the message is one line without control characters, whatever the user typed.

/** The command line or the config file is wrong. */
export const EXIT_USAGE = 2;
/** The machine is not as it must be: unreadable file, port in use, damaged CA. */
export const EXIT_ENVIRONMENT = 1;

/** How much of a wrong value is shown: enough to recognise it, and the line stays readable. */
const QUOTE_LIMIT = 80;

export class UsageError {
  /** Says what, where, and what is accepted; without the program's name. */
  readonly message: string;
  readonly exitCode: typeof EXIT_USAGE | typeof EXIT_ENVIRONMENT;

  constructor(message: string, exitCode: typeof EXIT_USAGE | typeof EXIT_ENVIRONMENT = EXIT_USAGE) {
    this.message = oneLine(message);
    this.exitCode = exitCode;
  }

  /** The whole line for standard error, with its line feed. */
  get line(): string {
    return `mitm: ${this.message}\n`;
  }
}

/** `text` in double quotes, control characters escaped, cut to a readable length. */
export function quote(text: string): string {
  const cut = text.length > QUOTE_LIMIT ? text.slice(0, QUOTE_LIMIT) + "…" : text;
  return oneLine(JSON.stringify(cut));
}

/** `text` as one line: line ends become blanks, other control characters are escaped. */
export function oneLine(text: string): string {
  return text.trim().replace(/\s*[\r\n\u2028\u2029]+\s*/g, " ").replace(
    // deno-lint-ignore no-control-regex
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => "\\u" + character.charCodeAt(0).toString(16).padStart(4, "0"),
  );
}

/** Why a file could not be read, in words: "no such file or folder". */
export function fileReason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "no such file or folder";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  if (error instanceof Deno.errors.NotADirectory) return "a part of the path is not a folder";
  return oneLine(error instanceof Error ? error.message : String(error));
}

/** " (did you mean X?)" for the nearest of the known names, or "". `known` maps a spelling to what is proposed. */
export function suggestion(text: string, known: ReadonlyMap<string, string>): string {
  let best: string | null = null;
  // A third of the letters may be wrong: more, and the proposal is noise.
  let bestScore = Math.max(1, Math.floor(bare(text).length / 3)) + 1;
  for (const [spelling, proposal] of known) {
    const score = likeness(text, spelling);
    if (score >= bestScore) continue;
    best = proposal;
    bestScore = score;
  }
  return best === null ? "" : ` (did you mean ${best}?)`;
}

/** 0: the same; 1: one is a part of the other; else how many letters differ. */
function likeness(text: string, spelling: string): number {
  const left = bare(text);
  const right = bare(spelling);
  if (left === right) return 0;
  const shorter = Math.min(left.length, right.length);
  if (shorter >= 4 && (left.includes(right) || right.includes(left))) return 1;
  return distance(left, right);
}

function bare(text: string): string {
  return text.toLowerCase().replaceAll("_", "-").replace(/^-+/, "");
}

/** Levenshtein distance, two swapped neighbours counted as one change. */
function distance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const row = [i];
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1];
      let cost = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[right.length] ?? 0;
}
