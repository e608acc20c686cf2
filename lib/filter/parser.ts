// The grammar of the filter language, by recursive descent:
//
//     filter = all *( "|" all )
//     all    = one *( [ "&" ] one )            two filters side by side must both be true
//     one    = "!" one / "(" filter ")" / name [ argument ] / regular expression
//
// Invariants: never throws, whatever the text; a tree is at most DEPTH_LIMIT deep, its regular expressions and numbers
// are well formed; an error points at what does not fit.

import { FilterError, quote } from "./filter_error.ts";
import { filters, findFilter, urlFilter } from "./filters_table.ts";
import type { NumberFilter, PlainFilter, RegexFilter } from "./filters_table.ts";
import { type Token, tokenize } from "./lexer.ts";
import { patternFlaw } from "./pattern.ts";

export type Filter =
  /** Two parts or more. */
  | { kind: "or" | "and"; parts: readonly Filter[] }
  | { kind: "not"; part: Filter }
  | { kind: "plain"; filter: PlainFilter }
  | { kind: "number"; filter: NumberFilter; value: number }
  | { kind: "regex"; filter: RegexFilter; source: string };

/** Characters of a filter: more than anybody types or keeps in a file, and no work for the parser. */
export const TEXT_LIMIT = 4096;
/** Parentheses and "!" within each other: parser and matcher go down a call or two for each. */
export const DEPTH_LIMIT = 100;

/** Reads a filter. No text is no filter, and an error: what that means is the caller's to say. */
export function parseFilter(text: string): Filter | FilterError {
  if (text.length > TEXT_LIMIT) {
    const message = `Found ${text.length} characters, and a filter may have ${TEXT_LIMIT}`;
    return new FilterError(TEXT_LIMIT, message);
  }
  return new Parser(text).parse();
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #index = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  parse(): Filter | FilterError {
    const filter = this.#filter();
    const { kind, at } = this.#token;
    if (filter instanceof FilterError || kind === "end") return filter;
    // All else that may follow has been taken.
    return new FilterError(
      at,
      'Found ")" without a "(" before it: an operator, a filter or the end may stand here',
    );
  }

  #filter(): Filter | FilterError {
    const parts: Filter[] = [];
    do {
      const part = this.#all();
      if (part instanceof FilterError) return part;
      parts.push(part);
    } while (this.#take("|"));
    return join("or", parts);
  }

  #all(): Filter | FilterError {
    const parts: Filter[] = [];
    do {
      const part = this.#one();
      if (part instanceof FilterError) return part;
      parts.push(part);
    } while (this.#take("&") || !this.#isAny("|", ")", ""));
    return join("and", parts);
  }

  #one(): Filter | FilterError {
    const token = this.#token;
    if (token.kind === "word") return this.#regex(urlFilter);
    if (token.kind === "name") return this.#named();
    if (token.kind === "unclosed") return unclosed(token);
    if (this.#take("!")) return this.#within(token, () => this.#not());
    if (this.#take("(")) return this.#within(token, () => this.#group(token));
    const accepted = 'a name such as ~d, a regular expression for the URL, "!" or "("';
    return new FilterError(token.at, `Found ${shown(token)} where a filter is needed: ${accepted}`);
  }

  #within(token: Token, parse: () => Filter | FilterError): Filter | FilterError {
    if (this.#depth === DEPTH_LIMIT) {
      const message =
        `Found more than ${DEPTH_LIMIT} "(" and "!" within each other, and no more are accepted`;
      return new FilterError(token.at, message);
    }
    this.#depth++;
    const filter = parse();
    this.#depth--;
    return filter;
  }

  #not(): Filter | FilterError {
    const part = this.#one();
    return part instanceof FilterError ? part : { kind: "not", part };
  }

  #group(open: Token): Filter | FilterError {
    const filter = this.#filter();
    if (filter instanceof FilterError || this.#take(")")) return filter;
    return new FilterError(open.at, 'Found the end where a ")" must close this "("');
  }

  #named(): Filter | FilterError {
    const { at, text } = this.#token;
    const filter = findFilter(text);
    if (filter === undefined) {
      const hint = /[^\s!&|()]/.test(this.#text.charAt(at - 1)) ? needsQuotes("~") : "";
      const names = filters.map(({ name }) => name).join(" ");
      return new FilterError(at, `Found ${quote(text)}, and the filters are ${names}${hint}`);
    }
    this.#index++;
    switch (filter.argument) {
      case "none":
        return { kind: "plain", filter };
      case "number":
        return this.#number(filter);
      case "regex":
        return this.#regex(filter);
    }
  }

  #number(filter: NumberFilter): Filter | FilterError {
    const token = this.#token;
    if (token.kind === "unclosed") return unclosed(token);
    if (token.kind !== "word" || !/^[0-9]{1,3}$/.test(token.text)) {
      const needed = `${filter.name} needs a number of one to three digits, such as 404`;
      return new FilterError(token.at, `Found ${shown(token)}, and ${needed}`);
    }
    this.#index++;
    return { kind: "number", filter, value: Number(token.text) };
  }

  #regex(filter: RegexFilter): Filter | FilterError {
    const token = this.#token;
    if (token.kind === "unclosed") return unclosed(token);
    if (token.kind !== "word") {
      const hint = token.kind === "end" ? "" : "; one that begins like this needs quotes";
      return new FilterError(
        token.at,
        `Found ${shown(token)}, and ${filter.name} needs a regular expression${hint}`,
      );
    }
    const flaw = patternFlaw(token.text);
    if (flaw !== null) {
      const hint = this.#text.charAt(token.at - 1) === "(" ? needsQuotes("parentheses") : "";
      const message = `Found ${quote(token.text)}, which is no regular expression: ${flaw}${hint}`;
      return new FilterError(token.at, message);
    }
    this.#index++;
    return { kind: "regex", filter, source: token.text };
  }

  /** The token to be taken next; the end stays. */
  get #token(): Token {
    return this.#tokens[this.#index] ?? { kind: "end", at: this.#text.length, text: "" };
  }

  /** Goes on behind an operator, if it is the next token; whether it was. */
  #take(operator: string): boolean {
    const found = this.#isAny(operator);
    if (found) this.#index++;
    return found;
  }

  /** Whether the next token is one of these operators; "" stands for the end. */
  #isAny(...operators: string[]): boolean {
    const { kind, text } = this.#token;
    return (kind === "operator" || kind === "end") && operators.includes(text);
  }
}

function join(kind: "or" | "and", parts: readonly Filter[]): Filter {
  const [first] = parts;
  return first !== undefined && parts.length === 1 ? first : { kind, parts };
}

/** For one that was cut in two by what may not stand in it. */
function needsQuotes(what: string): string {
  return ` (a regular expression with ${what} in it needs quotes)`;
}

function unclosed({ at, text }: Token): FilterError {
  return new FilterError(at, `Found the end where another ${text} must close what begins here`);
}

function shown({ kind, text }: Token): string {
  return kind === "end" ? "the end" : quote(text);
}
