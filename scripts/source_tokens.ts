// Cuts TypeScript source into tokens, well enough to find imports and forbidden words without mistaking a comment or
// a string for code. ECMA-262, 12. Not a parser: whether "/" divides or opens a regular expression is told from the
// token before it. Text of a TSX element comes out as words; an unclosed quote there ends with its line.

export interface Token {
  kind: "word" | "string" | "template" | "regex" | "number" | "punctuation" | "comment";
  /** A string's value without its quotes; everything else as it stands. */
  text: string;
  /** Counted from 1. */
  line: number;
}

/** Keywords after which "/" opens a regular expression. */
const beforeRegex = new Set([
  "await",
  "case",
  "delete",
  "do",
  "else",
  "in",
  "instanceof",
  "new",
  "of",
  "return",
  "throw",
  "typeof",
  "void",
  "yield",
]);

const patterns: [Token["kind"], RegExp][] = [
  ["comment", /\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)/y],
  ["string", /"(?:[^"\\\n]|\\[^])*["\n]?|'(?:[^'\\\n]|\\[^])*['\n]?/y],
  ["word", /[#@]?[\p{ID_Start}_$][\p{ID_Continue}$\u200c\u200d]*/uy],
  ["number", /\.?\d[\w.]*/y],
  ["punctuation", /=>|\.\.\.|\?\.|[^]/uy],
];
const blanks = /\s*/y;
const regex = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
/** From "`", or from the "}" that ends a substitution, to the end of the template or to its next "${". */
const templatePiece = /[`}](?:[^`\\$]|\\[^]|\$(?!\{))*(?:`|\$\{|$)/y;

export function sourceTokens(source: string): Token[] {
  const tokens: Token[] = [];
  /** For every template being read, how many braces are open inside its substitution. */
  const templates: number[] = [];
  let before: Token | undefined;
  let at = 0;
  let line = 1;
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0] ?? null;
  };
  const put = (kind: Token["kind"], raw: string): void => {
    const token = { kind, text: kind === "string" ? raw.slice(1).replace(/["'\n]$/, "") : raw, line };
    tokens.push(token);
    if (kind !== "comment") before = token;
    at += raw.length;
    line += raw.split("\n").length - 1;
  };
  const putTemplatePiece = (): void => {
    const piece = take(templatePiece) ?? "`";
    put("template", piece);
    if (piece.endsWith("${")) templates.push(0);
  };

  for (;;) {
    const blank = take(blanks) ?? "";
    at += blank.length;
    line += blank.split("\n").length - 1;
    if (at >= source.length) return tokens;
    const character = source[at];
    const depth = templates.at(-1);
    if (character === "`") {
      putTemplatePiece();
      continue;
    }
    if (character === "}" && depth === 0) {
      templates.pop();
      putTemplatePiece();
      continue;
    }
    if (depth !== undefined && (character === "{" || character === "}")) {
      templates[templates.length - 1] = depth + (character === "{" ? 1 : -1);
    }
    const literal = character === "/" && mayOpenRegex(before) ? take(regex) : null;
    if (literal !== null && !literal.startsWith("//") && !literal.startsWith("/*")) {
      put("regex", literal);
      continue;
    }
    for (const [kind, pattern] of patterns) {
      const raw = take(pattern);
      if (raw === null) continue;
      put(kind, raw);
      break;
    }
  }
}

function mayOpenRegex(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === "word") return beforeRegex.has(before.text);
  return before.kind === "punctuation" && !/^[)\]}]$/.test(before.text);
}
