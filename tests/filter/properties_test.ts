// Properties of the filter language: what is printed is read again, and no text makes anything throw.

import assert from "node:assert/strict";
import fc from "fast-check";
import { compileFilter } from "../../lib/filter/compile.ts";
import { FilterError, formatFilterError } from "../../lib/filter/filter_error.ts";
import { filters } from "../../lib/filter/filters_table.ts";
import { type Filter, parseFilter, TEXT_LIMIT } from "../../lib/filter/parser.ts";
import type { Flow } from "../../lib/flow/record.ts";
import {
  makeHttpFlow,
  makeTcpFlow,
  makeTcpMessage,
  makeWebSocket,
  makeWebSocketMessage,
} from "../kit/records.ts";
import { printTree, trees } from "./trees.ts";

const flows: readonly Flow[] = [
  makeHttpFlow({ response: { body: "a\xc3\xa9", fields: [["Content-Type", "image/png"]] } }),
  makeHttpFlow({ request: { method: "POST", body: "a" }, response: null }),
  makeHttpFlow({ websocket: makeWebSocket({ messages: [makeWebSocketMessage()] }) }),
  makeTcpFlow({ messages: [makeTcpMessage("a b")], marked: true }),
];

Deno.test("filter property: a tree that is printed, in any spelling, is read as itself", () => {
  fc.assert(
    fc.property(trees, fc.gen(), (tree, gen) => {
      const text = printTree(tree, (count) => gen(fc.nat, count - 1));
      fc.pre(text.length <= TEXT_LIMIT);
      assert.deepEqual(parseFilter(text), tree);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("filter property: what is compiled says what the tree says", () => {
  const holds = (filter: Filter, flow: Flow): boolean => {
    switch (filter.kind) {
      case "not":
        return !holds(filter.part, flow);
      case "and":
        return filter.parts.every((part) => holds(part, flow));
      case "or":
        return filter.parts.some((part) => holds(part, flow));
      default: {
        // One alone is compiled without any order to choose.
        const compiled = compileFilter(printTree(filter, (count) => count - 1));
        assert.ok(!(compiled instanceof FilterError));
        return compiled.matches(flow);
      }
    }
  };
  fc.assert(
    fc.property(trees, (tree) => {
      const text = printTree(tree, () => 0);
      fc.pre(text.length <= TEXT_LIMIT);
      const compiled = compileFilter(text);
      assert.ok(!(compiled instanceof FilterError));
      for (const flow of flows) assert.equal(compiled.matches(flow), holds(tree, flow));
    }),
    { numRuns: 300 },
  );
});

const pieces = fc.oneof(
  fc.constantFrom(
    ...filters.map(({ name }) => name),
    ..."!&|()~\"'\\ \n",
    "200",
    "a",
    "[",
    "*",
    "é",
    "~x",
    "\ud800",
  ),
  fc.string({ unit: "binary", maxLength: 8 }),
);

Deno.test("filter property: any text gives a filter that works, or one error within the text", () => {
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
      const text = parts.join("");
      const compiled = compileFilter(text);
      if (!(compiled instanceof FilterError)) {
        for (const flow of flows) assert.equal(typeof compiled.matches(flow), "boolean");
        return;
      }
      assert.ok(compiled.at >= 0 && compiled.at <= text.length);
      assert.match(compiled.message, /^Found \S/);
      const lines = formatFilterError(text, compiled).split("\n");
      assert.equal(lines.length, 2);
      for (const line of lines) assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    }),
    { numRuns: 3000 },
  );
});
