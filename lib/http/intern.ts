// One string for each text that keeps coming back: field names, and short values. A recorded head then costs its
// array and what is new in it, not a copy of every "Content-Type".
// Invariant: what comes out equals what went in; the table never holds more than TABLE_LIMIT short texts.

/** Longer values (dates apart) rarely come twice, and a slice of the head they stand in is as small. */
export const INTERN_LENGTH = 40;
/** Peers choose the texts: without a bound they could fill memory. Full, it starts anew: what is common is soon back. */
const TABLE_LIMIT = 4_096;

const table = new Map<string, string>();

/** The one string that equals `text`, or `text` itself when it is long. */
export function intern(text: string): string {
  if (text.length > INTERN_LENGTH) return text;
  const known = table.get(text);
  if (known !== undefined) return known;
  if (table.size >= TABLE_LIMIT) table.clear();
  table.set(text, text);
  return text;
}
