// Long lines in pieces: nothing is lost, nothing is wider than asked for, whatever characters there are.

import assert from "node:assert/strict";
import fc from "fast-check";
import { contentLines, labelledLines, wrapLong } from "../../lib/console/flow_view_wrap.ts";
import { plainText, span, widthOf } from "../../lib/console/line.ts";

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

const rows: { name: string; text: string; width: number; first?: number; pieces: string[] }[] = [
  { name: "nothing", text: "", width: 5, pieces: [""] },
  { name: "what fits", text: "abcde", width: 5, pieces: ["abcde"] },
  { name: "ASCII", text: "abcdefghijk", width: 5, pieces: ["abcde", "fghij", "k"] },
  { name: "a shorter first piece", text: "abcdefgh", width: 4, first: 2, pieces: ["ab", "cdef", "gh"] },
  { name: "letters of one column", text: "éèêëàù", width: 4, pieces: ["éèêë", "àù"] },
  {
    name: "letters of two columns",
    text: "日本語テキスト",
    width: 5,
    pieces: ["日本", "語テ", "キス", "ト"],
  },
  { name: "both", text: "a日b本c", width: 3, pieces: ["a日", "b本", "c"] },
  { name: "marks stay with their letter", text: "abce\u0301d", width: 4, pieces: ["abce\u0301", "d"] },
  { name: "emoji stay whole", text: "a👩‍👩‍👧b❤️", width: 3, pieces: ["a👩‍👩‍👧", "b❤️"] },
  { name: "wider than all there is", text: "日本", width: 1, pieces: ["日", "本"] },
];

for (const { name, text, width, first, pieces } of rows) {
  Deno.test(`wrap: ${name}`, () => assert.deepEqual(wrapLong(text, width, first), pieces));
}

Deno.test("wrap: the pieces are the text, and none is too wide", () => {
  const unit = fc.oneof(
    fc.constantFrom(
      "a",
      " ",
      "é",
      "日",
      "ア",
      "한",
      "e\u0301",
      "👍🏽",
      "👩‍👩‍👧",
      "नि",
      "ش",
      "…",
      "ｱ",
      "\u200d",
      "🇩🇪",
      "€",
    ),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
  );
  const text = fc.array(unit, { maxLength: 60 }).map((units) => units.join(""));
  const property = fc.property(text, fc.integer({ min: 2, max: 30 }), (whole, width) => {
    const pieces = wrapLong(whole, width);
    assert.equal(pieces.join(""), whole);
    for (const piece of pieces) {
      assert.ok(widthOf(piece) <= width || [...graphemes.segment(piece)].length === 1, piece);
    }
  });
  fc.assert(property, { numRuns: 3000 });
});

Deno.test("wrap: content is indented in each of its lines", () => {
  const lines = contentLines(["abcdefgh", "", "xy"], 6, "  ").map(plainText);
  assert.deepEqual(lines, ["  abcd", "  efgh", "  ", "  xy"]);
});

Deno.test("wrap: a line of ours goes on moved in", () => {
  const label = [span("Name", "name"), span(": ")];
  assert.deepEqual(labelledLines(label, "abcdefghijklmnopqrstuvwxyz0123", "plain", 20).map(plainText), [
    "Name: abcdefghijklmn",
    "  opqrstuvwxyz0123",
  ]);
  assert.deepEqual(labelledLines(label, "", "plain", 20).map(plainText), ["Name: "]);
});

Deno.test("wrap: a label that is too long goes on as well", () => {
  const label = [span("A-name-longer-than-the-view", "name"), span(": ")];
  assert.deepEqual(labelledLines(label, "value", "plain", 20).map(plainText), [
    "A-name-longer-than-t",
    "  he-view: value",
  ]);
  assert.deepEqual(labelledLines(label, "", "plain", 20).map(plainText), [
    "A-name-longer-than-t",
    "  he-view: ",
  ]);
  assert.deepEqual(labelledLines([span("abc")], "日本", "plain", 4).map(plainText), ["abc", "日", "本"]);
});
