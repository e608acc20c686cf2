// scripts/bench_table.ts: what a person gets to read.

import assert from "node:assert/strict";
import type { Check } from "../../scripts/bench_figures.ts";
import { columns, figure, rowLines, type RowReport, summaryLines } from "../../scripts/bench_table.ts";

const check = (changes: Partial<Check> = {}): Check => ({
  name: "mitm : nginx",
  meaning: "",
  measured: { value: 0.5, lowest: 0.4, highest: 0.6 },
  unit: "x",
  target: { kind: "at-least", value: 0.45 },
  verdict: "met",
  ...changes,
});

const row = (changes: Partial<RowReport> = {}): RowReport => ({
  name: "tiny",
  title: "small things",
  table: [],
  checks: [],
  faults: [],
  notes: [],
  figures: null,
  ...changes,
});

Deno.test("bench table: names flush left, figures flush right, no blanks at the end", () => {
  assert.deepEqual(columns([["through", "n"], ["nginx", "1000"], ["mitm", ""]], "  "), [
    "  through     n",
    "  nginx    1000",
    "  mitm",
  ]);
  assert.deepEqual(columns([]), []);
});

Deno.test("bench table: figures in few digits and never with an exponent", () => {
  const rows: [number | null, string][] = [
    [0, "0"],
    [0.0012, "0.0012"],
    [0.4567, "0.46"],
    [12.345, "12.3"],
    [-1.5, "-1.50"],
    [123.4, "123"],
    [1234.5, "1 235"],
    [1234567, "1 234 567"],
    [NaN, "-"],
    [Infinity, "-"],
    [null, "-"],
  ];
  for (const [value, text] of rows) assert.equal(figure(value), text);
});

Deno.test("bench table: a row with its checks, what they mean, faults and notes", () => {
  const report = row({
    table: [["through", "requests/s"], ["mitm", "10"]],
    checks: [
      check(),
      check({ name: "mitm : other", target: null, verdict: "shown", meaning: "not alike" }),
      check({ name: "start", unit: "s", measured: { value: 0.3, lowest: 0.3, highest: 0.3 } }),
      check({ name: "no target", target: null, verdict: "invalid" }),
    ],
    faults: ["mitm: it broke"],
    notes: ["something"],
  });
  assert.deepEqual(rowLines(report), [
    "tiny: small things",
    "  through  requests/s",
    "  mitm             10",
    "  mitm : nginx: 0.50x (0.40 to 0.60), target >= 0.45x: met",
    "  mitm : other: 0.50x (0.40 to 0.60)",
    "    not alike",
    "  start: 0.30 s, target >= 0.45 s: met",
    "  no target: 0.50x (0.40 to 0.60), invalid",
    "  INVALID: mitm: it broke",
    "  note: something",
  ]);
});

Deno.test("bench table: the summary has every target, and a row that failed", () => {
  const reports = [
    row({
      checks: [
        check(),
        check({ name: "shown only", target: null, verdict: "shown" }),
        check({
          name: "size",
          unit: "MiB",
          measured: { value: 33, lowest: 33, highest: 33 },
          target: { kind: "at-most", value: 32 },
          verdict: "missed",
        }),
      ],
    }),
    row({ name: "gone", faults: ["not measured"] }),
    row({ name: "nothing to compare with" }),
  ];
  assert.deepEqual(summaryLines(reports), [
    "row         figure  measured     target  verdict",
    "tiny  mitm : nginx     0.50x   >= 0.45x      met",
    "tiny          size  33.0 MiB  <= 32 MiB   missed",
    "gone             -         -          -  invalid",
  ]);
});
