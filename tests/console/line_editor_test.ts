// Keys in a line of text.

import assert from "node:assert/strict";
import { LineEditor } from "../../lib/console/line_editor.ts";

const rows: readonly [name: string, keys: readonly string[], text: string, column: number][] = [
  ["typed at the end", ["x", "y"], "one twoxy", 9],
  ["typed in the middle", ["home", "right", "x"], "oxne two", 2],
  ["left stops at the start", [...Array(9).fill("left"), "x"], "xone two", 1],
  ["right stops at the end", ["right", "x"], "one twox", 8],
  ["ends by their other names", ["ctrl a", "x", "ctrl e", "y"], "xone twoy", 9],
  ["backspace", ["backspace"], "one tw", 6],
  ["backspace at the start", ["home", "backspace"], "one two", 0],
  ["delete", ["home", "delete"], "ne two", 0],
  ["delete at the end", ["delete"], "one two", 7],
  ["to the start of the line", ["left", "ctrl u"], "o", 0],
  ["to the end of the line", ["home", "right", "ctrl k"], "o", 1],
  ["a word", ["ctrl w"], "one ", 4],
  ["a word and the blanks behind it", [" ", " ", "ctrl w", "ctrl w"], "", 0],
  ["characters of two columns", ["日", "left", "é"], "one twoé日", 8],
];
for (const [name, keys, text, column] of rows) {
  Deno.test(`line editor: ${name}`, () => {
    const editor = new LineEditor("one two");
    for (const key of keys) assert.equal(editor.key(key), true, key);
    assert.deepEqual([editor.text, editor.column], [text, column]);
  });
}

Deno.test("line editor: no key cuts a character that is more than one code point", () => {
  const editor = new LineEditor("a👩‍👩‍👧e\u0301");
  editor.key("backspace");
  assert.equal(editor.text, "a👩‍👩‍👧");
  editor.key("backspace");
  assert.equal(editor.text, "a");
});

Deno.test("line editor: keys that mean nothing in a line are not taken", () => {
  const editor = new LineEditor("one");
  for (const key of ["up", "tab", "ctrl x", "escape", "f1"]) assert.equal(editor.key(key), false, key);
  assert.equal(editor.text, "one");
});

Deno.test("line editor: where the cursor is can be seen, however little room there is", () => {
  const editor = new LineEditor("one 二 three");
  assert.deepEqual(editor.window(20), { text: "one 二 three", column: 12 });
  assert.deepEqual(editor.window(12), { text: "ne 二 three", column: 11 });
  assert.deepEqual(editor.window(9), { text: "二 three", column: 8 });
  assert.deepEqual(editor.window(8), { text: " three", column: 6 });
  assert.deepEqual(editor.window(1), { text: "", column: 0 });
  editor.key("home");
  assert.deepEqual(editor.window(3), { text: "one 二 three", column: 0 });
});
