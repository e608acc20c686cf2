// JSON texts one a line (NDJSON, JSON Lines), each indented.
// Invariant: a line that is no JSON stands as it came; how often that is tried is bounded.

import { splitLines } from "./decode_text.ts";
import { indentCutJson, indentJson } from "./json.ts";

/** After so many lines that are no JSON the rest is shown as it came: each costs an exception. */
const FAULT_LIMIT = 100;

export interface JsonLines {
  /** They may hold what is not safe to show. */
  lines: string[];
  /** How many lines are not JSON. */
  invalid: number;
}

/** `maxLines` lines at most. `cut`: more would follow. */
export function indentJsonLines(text: string, maxLines: number, cut: boolean): JsonLines {
  const lines: string[] = [];
  let invalid = 0;
  const records = splitLines(text, maxLines);
  for (const [index, record] of records.entries()) {
    if (lines.length >= maxLines) break;
    if (record.trim() === "") continue;
    const room = maxLines - lines.length;
    const isCut = cut && index === records.length - 1;
    const indented = invalid >= FAULT_LIMIT ? null : indentJson(record, room) ??
      (isCut ? indentCutJson(record, room) : null);
    if (indented === null && !isCut) invalid++;
    for (const line of indented ?? [record]) lines.push(line);
  }
  return { lines, invalid };
}
