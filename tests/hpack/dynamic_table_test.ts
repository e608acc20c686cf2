// The dynamic tables against a plain list that does what RFC 7541, 4 says, in step.

import assert from "node:assert/strict";
import fc from "fast-check";
import { DynamicTable } from "../../lib/hpack/dynamic_table.ts";
import { SearchableTable } from "../../lib/hpack/searchable_table.ts";
import { entries, sizeOf } from "./blocks.ts";
import type { FieldLine } from "./rfc_examples.ts";

/** RFC 7541, 4.3 and 4.4, to the letter; newest first. */
class ModelTable {
  entries: FieldLine[] = [];
  maxSize: number;

  constructor(maxSize: number) {
    this.maxSize = maxSize;
  }

  insert(line: FieldLine): void {
    while (this.entries.length > 0 && sizeOf([line, ...this.entries]) > this.maxSize) this.entries.pop();
    if (sizeOf([line]) <= this.maxSize) this.entries.unshift(line);
  }

  setMaxSize(maxSize: number): void {
    this.maxSize = maxSize;
    while (sizeOf(this.entries) > maxSize) this.entries.pop();
  }

  /** As SearchableTable.search. */
  search(name: string, value: string): number {
    const both = this.entries.findIndex((line) => line[0] === name && line[1] === value);
    if (both >= 0) return both + 1;
    const named = this.entries.findIndex((line) => line[0] === name);
    return named >= 0 ? -(named + 1) : 0;
  }
}

const line: fc.Arbitrary<FieldLine> = fc.tuple(
  fc.constantFrom("a", "b", "name", "a-longer-name"),
  fc.oneof({ weight: 10, arbitrary: fc.constantFrom("", "1", "2", "value") }, {
    weight: 1,
    arbitrary: fc.nat(1500).map((length) => "v".repeat(length)),
  }),
);
const step = fc.oneof(
  { weight: 20, arbitrary: line },
  { weight: 1, arbitrary: fc.oneof(fc.nat(200), fc.nat(4096)) },
);

Deno.test("property: both tables hold what the RFC's words give, through insertions and resizes", () => {
  fc.assert(
    fc.property(fc.nat(4096), fc.array(step, { maxLength: 200, size: "max" }), (maxSize, steps) => {
      const model = new ModelTable(maxSize);
      const plain = new DynamicTable(maxSize);
      const searchable = new SearchableTable(maxSize);
      for (const step of steps) {
        if (typeof step === "number") {
          for (const table of [model, plain, searchable]) table.setMaxSize(step);
        } else {
          const [name, value] = step;
          assert.equal(searchable.search(name, value), model.search(name, value));
          model.insert(step);
          plain.insert(name, value);
          searchable.insert(name, value);
        }
        for (const table of [plain, searchable]) {
          assert.deepEqual(entries(table), model.entries);
          assert.equal(table.size, sizeOf(model.entries));
          assert.equal(table.maxSize, model.maxSize);
        }
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("a table of 128 smallest entries, many times over", () => {
  const table = new SearchableTable(4096);
  for (let count = 0; count < 1000; count++) table.insert("", "");
  assert.deepEqual([table.length, table.size], [128, 4096]);
  assert.equal(table.search("", ""), 1);
  table.clear();
  assert.deepEqual([table.length, table.size, table.search("", "")], [0, 0, 0]);
});

Deno.test("a chain of one name's values is found to its end, and no further", () => {
  const table = new SearchableTable(4096);
  for (let count = 0; count < 1000; count++) table.insert("x", String(count % 200).padStart(3, "0"));
  // 36 bytes each.
  assert.equal(table.length, 113);
  for (let index = 1; index <= 113; index++) assert.equal(table.search("x", table.value(index)), index);
  assert.equal(table.search("x", "086"), -1);
});
