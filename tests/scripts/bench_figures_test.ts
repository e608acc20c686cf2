// scripts/bench_figures.ts: the arithmetic the verdicts stand on.

import assert from "node:assert/strict";
import fc from "fast-check";
import { differenceOf, judge, median, percentile, ratioOf, spreadOf } from "../../scripts/bench_figures.ts";

const positive = fc.double({ min: 1e-3, max: 1e6, noNaN: true });
const figures = fc.array(positive, { minLength: 1, maxLength: 20 });

Deno.test("bench median: the middle one, or the mean of the two in the middle", () => {
  assert.equal(median([3]), 3);
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([10, 1, 2, 4]), 3);
  assert.equal(median([]), NaN);
  // As numbers, not as text.
  assert.equal(median([100, 9, 20]), 20);
});

Deno.test("bench median: as many are below as above, whatever the order, and the input stays as it is", () => {
  fc.assert(fc.property(figures, (values) => {
    const before = [...values];
    const middle = median(values);
    assert.deepEqual(values, before);
    const below = values.filter((value) => value < middle).length;
    const above = values.filter((value) => value > middle).length;
    assert(below <= values.length / 2 && above <= values.length / 2);
    assert.equal(median([...values].reverse()), middle);
  }));
});

Deno.test("bench percentile: so many are below, as numbers, and of all of them it is the highest", () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index);
  assert.equal(percentile(values, 0.99), 199);
  assert.equal(percentile(values, 1), 200);
  assert.equal(percentile(values, 0), 1);
  assert.equal(percentile([7], 0.99), 7);
  assert.equal(percentile([], 0.99), NaN);
});

Deno.test("bench spread: the median between the lowest and the highest", () => {
  assert.deepEqual(spreadOf([4, 2, 9]), { value: 4, lowest: 2, highest: 9 });
  assert.deepEqual(spreadOf([]), { value: NaN, lowest: NaN, highest: NaN });
});

Deno.test("bench ratio: of the medians, its spread that of the rounds", () => {
  // Medians 30 and 60; rounds 10/50, 30/60, 90/100.
  assert.deepEqual(ratioOf([10, 30, 90], [50, 60, 100]), { value: 0.5, lowest: 0.2, highest: 0.9 });
});

Deno.test("bench ratio: what slows both in a round does not widen the spread", () => {
  fc.assert(fc.property(figures, positive, (to, factor) => {
    const { value, lowest, highest } = ratioOf(to.map((each) => each * factor), to);
    for (const ratio of [value, lowest, highest]) assert(Math.abs(ratio / factor - 1) < 1e-9);
  }));
});

Deno.test("bench difference: of the medians, its spread that of the rounds", () => {
  // Medians 3 and 2; rounds 3 - 1, 5 - 2, 2 - 4.
  assert.deepEqual(differenceOf([3, 5, 2], [1, 2, 4]), { value: 1, lowest: -2, highest: 3 });
  assert.equal(differenceOf([3], []).value, NaN);
});

Deno.test("bench ratio: a round that only one side had has no part in the spread", () => {
  const { lowest, highest } = ratioOf([10, 20, 90], [10, 10]);
  assert.deepEqual([lowest, highest], [1, 2]);
});

Deno.test("bench verdict: on the right side of the target, exactly on it included", () => {
  const atLeast = { kind: "at-least", value: 0.45 } as const;
  const atMost = { kind: "at-most", value: 300 } as const;
  assert.equal(judge(0.45, atLeast, true), "met");
  assert.equal(judge(0.4499, atLeast, true), "missed");
  assert.equal(judge(300, atMost, true), "met");
  assert.equal(judge(300.1, atMost, true), "missed");
  assert.equal(judge(7, null, true), "shown");
});

Deno.test("bench verdict: what failed, or is no number, is never met", () => {
  const target = { kind: "at-least", value: 0.45 } as const;
  assert.equal(judge(2, target, false), "invalid");
  assert.equal(judge(2, null, false), "invalid");
  assert.equal(judge(NaN, target, true), "invalid");
  assert.equal(judge(Infinity, target, true), "invalid");
});
