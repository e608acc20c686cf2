import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { escapeJsonText, escapeText, escapeWire, escapeWord, quoteWire } from "../../lib/format/escape.ts";

const rows: { name: string; got: string; want: string }[] = [
  { name: "plain text stays", got: escapeWire("a b~!"), want: "a b~!" },
  { name: "line ends", got: escapeWire("a\r\nb"), want: "a\\r\\nb" },
  { name: "tab", got: escapeWire("a\tb"), want: "a\\tb" },
  { name: "escape sequence", got: escapeWire("\x1b[2J"), want: "\\x1b[2J" },
  { name: "DEL and C1", got: escapeWire("\x7f\x9b"), want: "\\x7f\\x9b" },
  { name: "each byte of UTF-8", got: escapeWire("\xc3\xa9"), want: "\\xc3\\xa9" },
  { name: "a word holds no blank", got: escapeWord("a b"), want: "a\\x20b" },
  { name: "quotation marks cannot end a quotation", got: quoteWire('a" b\\'), want: '"a\\" b\\\\"' },
  { name: "text keeps letters", got: escapeText("é 漢 😀"), want: "é 漢 😀" },
  { name: "text: controls", got: escapeText("\0\x1b\r\n\t\x85"), want: "\\x00\\x1b\\r\\n\\t\\x85" },
  { name: "text: direction marks", got: escapeText("a\u202eb\u2066"), want: "a\\u{202e}b\\u{2066}" },
  { name: "text: line separators", got: escapeText("a\u2028b\u2029"), want: "a\\u{2028}b\\u{2029}" },
  { name: "text: invisible tags", got: escapeText("\u{e0041}"), want: "\\u{e0041}" },
  { name: "text: lone surrogates", got: escapeText("\ud800"), want: "\\u{d800}" },
  { name: "text: joiners stay", got: escapeText("👩\u200d👩"), want: "👩\u200d👩" },
];

for (const { name, got, want } of rows) {
  Deno.test(`escape: ${name}`, () => assert.equal(got, want));
}

Deno.test("escape: nothing escapes as a control, whatever bytes come", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    const wire = latin1Decode(bytes);
    assert.match(escapeWire(wire), /^[\x20-\x7e]*$/);
    assert.match(escapeWord(wire), /^[\x21-\x7e]*$/);
    assert.match(quoteWire(wire), /^"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"$/);
  }));
});

Deno.test("escape: nothing unsafe is left in text, whatever it is", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assert.doesNotMatch(escapeText(text), /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  }));
});

Deno.test("escape: JSON text means the same afterwards, and is safe to show", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const json = escapeJsonText(JSON.stringify({ text }));
    assert.deepEqual(JSON.parse(json), { text });
    assert.doesNotMatch(json, /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  }));
});
