// Indentation of what is nested.
// Invariant: bounded, whatever the level: a mebibyte of brackets would else make a terabyte of blanks.

const INDENT = "  ";
/** Deeper levels are not indented further. */
const INDENT_LEVELS = 24;

const INDENTS = Array.from({ length: INDENT_LEVELS + 1 }, (_, level) => INDENT.repeat(level));

/** The blanks in front of a line at `level`. */
export function indentation(level: number): string {
  return INDENTS[Math.max(0, Math.min(level, INDENT_LEVELS))] ?? "";
}
