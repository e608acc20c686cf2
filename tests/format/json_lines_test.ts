import assert from "node:assert/strict";
import { indentJsonLines } from "../../lib/format/json_lines.ts";

Deno.test("json lines: each record is indented, what is none stands as it came", () => {
  assert.deepEqual(indentJsonLines('{"a":1}\r\n  \nnot json\n2\n', 100, false), {
    lines: ["{", '  "a": 1', "}", "not json", "2"],
    invalid: 1,
  });
});

Deno.test("json lines: the last record of a cut text may be a part", () => {
  assert.deepEqual(indentJsonLines('1\n{"a":', 100, true), { lines: ["1", "{", '  "a": '], invalid: 0 });
  assert.deepEqual(indentJsonLines("1\noops", 100, true), { lines: ["1", "oops"], invalid: 0 });
});

Deno.test("json lines: lines can be limited, and faults are not counted for ever", () => {
  assert.equal(indentJsonLines("[1,2,3]\n".repeat(100), 7, false).lines.length, 7);
  const faults = indentJsonLines("x\n".repeat(300) + "[]\n", 1000, false);
  assert.deepEqual([faults.lines.length, faults.invalid], [301, 301]);
});
