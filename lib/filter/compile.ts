// A filter as one function of a flow, made once and called for each flow, tens of thousands of times.
// Invariants: regular expressions are compiled here and nowhere later; of what must all (or any) be true the cheapest is
// asked first, so that bodies are decoded only where nothing else decides; nothing of a flow is kept between calls.

import type { Flow } from "../flow/record.ts";
import { FilterError } from "./filter_error.ts";
import { FlowContents } from "./flow_contents.ts";
import { type Filter, parseFilter } from "./parser.ts";
import { Pattern, type Subject } from "./pattern.ts";

export interface CompiledFilter {
  /** Whether the filter is true of a flow as it is now. Never throws. */
  matches: (flow: Flow) => boolean;
  /** As it was given. */
  text: string;
  /** It asks about bodies or messages: of a message under way it cannot be told yet. */
  readsContent: boolean;
}

/** Reads a filter and makes it ready for use. */
export function compileFilter(text: string): CompiledFilter | FilterError {
  const filter = parseFilter(text);
  if (filter instanceof FilterError) return filter;
  const { test, cost } = compile(filter);
  const readsContent = cost >= COST.content;
  return { matches: (flow) => test(flow, new FlowContents(flow)), text, readsContent };
}

type Test = (flow: Flow, contents: FlowContents) => boolean;

interface Compiled {
  test: Test;
  cost: number;
}

/** Against each other: a property of the record is 0. */
const COST: Readonly<Record<Subject, number>> = { text: 1, lines: 2, content: 3 };

function compile(filter: Filter): Compiled {
  switch (filter.kind) {
    case "plain":
      return { test: filter.filter.test, cost: 0 };
    case "number": {
      const { filter: { test }, value } = filter;
      return { test: (flow) => test(flow, value), cost: 0 };
    }
    case "regex": {
      const { filter: { test, subject }, source } = filter;
      const pattern = new Pattern(source, subject);
      return { test: (flow, contents) => test(flow, pattern, contents), cost: COST[subject] };
    }
    case "not": {
      const { test, cost } = compile(filter.part);
      return { test: (flow, contents) => !test(flow, contents), cost };
    }
    case "and":
    case "or": {
      const parts = filter.parts.map(compile).sort((left, right) => left.cost - right.cost);
      const tests = parts.map(({ test }) => test);
      const cost = Math.max(...parts.map((part) => part.cost));
      // "And" is decided by the first that is false, "or" by the first that is true.
      return { test: decidedBy(filter.kind === "or", tests), cost };
    }
  }
}

function decidedBy(decisive: boolean, tests: readonly Test[]): Test {
  return (flow, contents) => {
    for (const test of tests) {
      if (test(flow, contents) === decisive) return decisive;
    }
    return !decisive;
  };
}
