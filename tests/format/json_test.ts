import assert from "node:assert/strict";
import fc from "fast-check";
import { indentCutJson, indentJson } from "../../lib/format/json.ts";

Deno.test("json: objects and arrays are indented, empty ones stay on their line", () => {
  assert.deepEqual(indentJson('{"a":[1,{"b":null}],"c":{},"d":[ ],"e":"x"}'), [
    "{",
    '  "a": [',
    "    1,",
    "    {",
    '      "b": null',
    "    }",
    "  ],",
    '  "c": {},',
    '  "d": [],',
    '  "e": "x"',
    "}",
  ]);
});

Deno.test("json: numbers, duplicate names and escapes are not altered", () => {
  const text = '{"n":12345678901234567890.10,"n":1E+2,"s":"\\u0041\\/\\"\\\\","__proto__":-0}';
  assert.deepEqual(indentJson(text), [
    "{",
    '  "n": 12345678901234567890.10,',
    '  "n": 1E+2,',
    '  "s": "\\u0041\\/\\"\\\\",',
    '  "__proto__": -0',
    "}",
  ]);
});

Deno.test("json: brackets, commas and blanks within strings are not structure", () => {
  assert.deepEqual(indentJson('["{ [ , : ]}", " a  b "]'), ["[", '  "{ [ , : ]}",', '  " a  b "', "]"]);
});

Deno.test("json: a single value is a line", () => {
  assert.deepEqual(indentJson(" true\n"), ["true"]);
  assert.deepEqual(indentJson("\ufeff[]"), ["[]"]);
});

Deno.test("json: what is not JSON is refused", () => {
  for (const text of ["", "{", '{"a":1,}', "[1] [2]", "nul", "{'a':1}", '"a']) {
    assert.equal(indentJson(text), null);
  }
});

Deno.test("json: deep nesting does not make endless indentation", () => {
  const depth = 100_000;
  const lines = indentJson("[".repeat(depth) + "]".repeat(depth));
  assert.ok(lines !== null);
  assert.ok(lines.every((line) => line.length < 60));
});

Deno.test("json: lines can be limited", () => {
  assert.equal(indentJson("[1,2,3,4,5]", 3)?.length, 3);
});

Deno.test("json: the same tokens, whatever the value, and the lines that JSON.stringify makes", () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
    const lines = indentJson(JSON.stringify(value));
    assert.equal(lines?.join("\n"), JSON.stringify(value, null, 2));
  }));
});

Deno.test("json: the first part of a text is indented as far as it goes", () => {
  assert.deepEqual(indentCutJson('{"a":[1,tru'), ["{", '  "a": [', "    1,", "    tru"]);
  assert.deepEqual(indentCutJson('{"a":"half of a str'), ["{", '  "a": "half of a str']);
  assert.deepEqual(indentCutJson(" [1,"), ["[", "  1,"]);
});

Deno.test("json: a part that is none is refused", () => {
  for (const text of ["", "12", "x", "[oops, 1", "]", "[1]]", "[tru, 1", '["a\nb"', "{a:1}"]) {
    assert.equal(indentCutJson(text), null, text);
  }
});

Deno.test("json: every first part of an object or array can be indented, and keeps its tokens", () => {
  const value = fc.oneof(fc.array(fc.jsonValue({ maxDepth: 4 })), fc.dictionary(fc.string(), fc.jsonValue()));
  fc.assert(fc.property(value, fc.nat(), (whole, cut) => {
    const text = JSON.stringify(whole);
    const part = text.slice(0, 1 + cut % text.length);
    const lines = indentCutJson(part);
    assert.equal(lines?.join("").replaceAll(/\s/g, ""), part.replaceAll(/\s/g, ""));
  }));
});
