// Trees of filters for tests: as an expression to compare, as text to parse, and at random.

import fc from "fast-check";
import { FilterError } from "../../lib/filter/filter_error.ts";
import { filters } from "../../lib/filter/filters_table.ts";
import { type Filter, parseFilter } from "../../lib/filter/parser.ts";

/** The tree of `text` as "(and ~q (~u 'a'))"; throws when there is none. */
export function treeOf(text: string): string {
  const filter = parseFilter(text);
  if (filter instanceof FilterError) throw new Error(`${filter.at}: ${filter.message}`);
  return showTree(filter);
}

export function showTree(filter: Filter): string {
  switch (filter.kind) {
    case "plain":
      return filter.filter.name;
    case "number":
      return `(${filter.filter.name} ${filter.value})`;
    case "regex":
      return `(${filter.filter.name} '${filter.source}')`;
    case "not":
      return `(not ${showTree(filter.part)})`;
    case "and":
    case "or":
      return `(${filter.kind} ${filter.parts.map(showTree).join(" ")})`;
  }
}

/** How a tree may be written: there are choices, and `choose` takes one of 0 to `count` - 1. */
export function printTree(filter: Filter, choose: (count: number) => number): string {
  const print = (part: Filter, binds: number): string => {
    const text = printTree(part, choose);
    const needed = strength(part) <= binds;
    return needed || choose(4) === 0 ? `(${text})` : text;
  };
  const blank = () => ["", " ", "\t \n"][choose(3)] ?? "";
  switch (filter.kind) {
    case "plain":
      return filter.filter.name;
    case "number":
      return `${filter.filter.name} ${filter.value}`;
    case "regex": {
      const pattern = printPattern(filter.source, choose);
      if (filter.filter.name === "~u" && choose(2) === 0) return pattern;
      return `${filter.filter.name} ${pattern}`;
    }
    case "not":
      return `!${blank()}${print(filter.part, 2)}`;
    case "or":
      // Words take what stands close to them: blanks on both sides.
      return filter.parts.map((part) => print(part, 0)).join(" | ");
    case "and": {
      const [first = "", ...rest] = filter.parts.map((part) => print(part, 1));
      return rest.reduce((text, part) => text + (choose(2) === 0 ? ` & ${part}` : ` ${part}`), first);
    }
  }
}

/** What binds more has the higher number. */
function strength({ kind }: Filter): number {
  if (kind === "or") return 0;
  return kind === "and" ? 1 : 3;
}

function printPattern(source: string, choose: (count: number) => number): string {
  const bare = source !== "" && !/[\s()~"']/.test(source) && !/^[!&|]/.test(source) && !/[&|]$/.test(source);
  if (bare && choose(2) === 0) return source;
  const quote = choose(2) === 0 ? '"' : "'";
  return quote + source.replace(/[\\"']/g, "\\$&") + quote;
}

const sources = fc.oneof(
  fc.constantFrom(
    "",
    "a",
    "é",
    "\\d+",
    "\\\\",
    "a|b",
    "&",
    "|",
    "!",
    "~",
    "a b",
    '"',
    "'",
    "(x)",
    "\\(",
    "^\\s$",
  ),
  fc.string({ unit: "binary", maxLength: 6 }).filter(isRegex),
);

const leaves: fc.Arbitrary<Filter> = fc.constantFrom(...filters).chain((filter): fc.Arbitrary<Filter> => {
  switch (filter.argument) {
    case "none":
      return fc.constant({ kind: "plain", filter });
    case "number":
      return fc.nat(999).map((value) => ({ kind: "number", filter, value }));
    case "regex":
      return sources.map((source) => ({ kind: "regex", filter, source }));
  }
});

/** Trees such as the parser makes them. */
export const trees: fc.Arbitrary<Filter> = fc.letrec<{ tree: Filter }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    leaves,
    tie("tree").map((part): Filter => ({ kind: "not", part })),
    fc.record({
      kind: fc.constantFrom("and" as const, "or" as const),
      parts: fc.array(tie("tree"), { minLength: 2, maxLength: 4 }),
    }, { noNullPrototype: true }),
  ),
})).tree;

function isRegex(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp;
  } catch {
    return false;
  }
}
