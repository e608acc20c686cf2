// Text in columns: cut, filled, wrapped, whatever its characters take.

import assert from "node:assert/strict";
import fc from "fast-check";
import { cutText, fitLine, fitText, plainText, span, widthOf, wrapText } from "../../lib/console/line.ts";

const segmenter = new Intl.Segmenter();

const fits: readonly [text: string, width: number, left: string, right: string][] = [
  ["", 3, "   ", "   "],
  ["ab", 0, "", ""],
  ["ab", 4, "ab  ", "  ab"],
  ["abcd", 4, "abcd", "abcd"],
  ["abcde", 4, "abc…", "abc…"],
  ["日本", 4, "日本", "日本"],
  ["日本", 5, "日本 ", " 日本"],
  ["日本語", 5, "日本…", "日本…"],
  // Half of a character is none.
  ["日本語", 4, "日…", "日…"],
  ["e\u0301e\u0301e\u0301", 2, "e\u0301…", "e\u0301…"],
  ["👩‍👩‍👧👩‍👩‍👧", 3, "👩‍👩‍👧…", "👩‍👩‍👧…"],
];
for (const [text, width, left, right] of fits) {
  Deno.test(`line: ${JSON.stringify(text)} in ${width} columns`, () => {
    assert.equal(fitText(text, width), left);
    assert.equal(fitText(text, width, "right"), right);
  });
}

Deno.test("line: whatever the text, what is cut and wrapped is no wider than asked for", () => {
  const texts = fc.string({ unit: "grapheme" });
  fc.assert(fc.property(texts, fc.integer({ min: 2, max: 12 }), (text, width) => {
    assert.ok(widthOf(cutText(text, width)) <= width);
    const lines = wrapText(text, width);
    assert.equal(lines.join(""), text);
    // A single character that is wider than the line stays whole.
    for (const part of lines) {
      assert.ok(widthOf(part) <= width || [...segmenter.segment(part)].length === 1, part);
    }
  }));
});

Deno.test("line: spans are cut at the edge, and those behind it left out", () => {
  const spans = [span("one", "error"), span("two", "key"), span("three")];
  assert.deepEqual(fitLine(spans, 11), spans);
  assert.deepEqual(fitLine(spans, 5), [span("one", "error"), span("t…", "key")]);
  assert.deepEqual(plainText(fitLine(spans, 3)), "one");
});
