// The words of the filter language. An unquoted regular expression runs to a blank, a parenthesis, "~" or a quote, so
// that "a=1&b=2" and "png|jpe?g" are one; "!", "&" and "|" are operators where a word begins, "&" and "|" where it ends.
// Invariant: never fails: what cannot be a word is a token too, for the parser to name.

export interface Token {
  /**
   * `name`: a filter's, with its "~", known or not. `word`: a regular expression or a number. `unclosed`: a quote that
   * nothing closes; what follows it is not looked at.
   */
  kind: "operator" | "name" | "word" | "unclosed" | "end";
  /** Where it begins in the text. */
  at: number;
  /** Of a quoted word what it means: without quotes and their escapes. */
  text: string;
}

const BLANKS = /\s*/y;
const OPERATOR = /[!&|()]/y;
const NAME = /~[\p{L}\p{N}_-]*/uy;
const QUOTED = /"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'/y;
const WORD = /[^\s()~"']+/y;

/** All tokens of a text; the last one is its end. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = skipBlanks(text, 0); at < text.length;) {
    const { kind, length, meant } = tokenAt(text, at);
    tokens.push({ kind, at, text: meant });
    at = skipBlanks(text, at + length);
  }
  tokens.push({ kind: "end", at: text.length, text: "" });
  return tokens;
}

function tokenAt(text: string, at: number): { kind: Token["kind"]; length: number; meant: string } {
  const operator = match(OPERATOR, text, at);
  if (operator !== "") return { kind: "operator", length: 1, meant: operator };
  const name = match(NAME, text, at);
  if (name !== "") return { kind: "name", length: name.length, meant: name };
  const quoted = match(QUOTED, text, at);
  if (quoted !== "") return { kind: "word", length: quoted.length, meant: unquote(quoted) };
  const word = withoutOperators(match(WORD, text, at));
  if (word !== "") return { kind: "word", length: word.length, meant: word };
  // What begins none of these is a quote without an end.
  return { kind: "unclosed", length: text.length - at, meant: text.charAt(at) };
}

function skipBlanks(text: string, at: number): number {
  return at + match(BLANKS, text, at).length;
}

/** What a sticky pattern finds at `at`; "" for nothing. */
function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? "";
}

/**
 * "\" before a quote or a "\" stands for what follows; before anything else it is the regular expression's own: "\d" and
 * "\\d" are the same.
 */
function unquote(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\([\\"'])/g, "$1");
}

/** "~m GET&~s" asks for both: no regular expression needs to end in "&" or in a bare "|". */
function withoutOperators(word: string): string {
  let end = word.length;
  while (end > 0 && /[&|]/.test(word.charAt(end - 1)) && !isEscaped(word, end - 1)) end--;
  return word.slice(0, end);
}

function isEscaped(word: string, index: number): boolean {
  let backslashes = 0;
  while (word.charAt(index - 1 - backslashes) === "\\") backslashes++;
  return backslashes % 2 === 1;
}
