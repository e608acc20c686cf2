// A few lines of text being edited.

import assert from "node:assert/strict";
import { TextArea } from "../../lib/console/text_area.ts";
import { makeHost, press, rowsOf } from "./view_host.ts";

function makeArea(lines: readonly string[], reason: string | null = null) {
  const kept: string[][] = [];
  const host = makeHost();
  const area = new TextArea(host, "head", lines, (text) => {
    kept.push(text);
    return reason;
  });
  return {
    area,
    host,
    kept,
    shown: (rows?: number) => rowsOf(area, rows).slice(2).map((row) => row.slice(2)),
  };
}

const rows: readonly [name: string, keys: readonly string[], lines: string[]][] = [
  ["nothing", [], ["one", "two"]],
  ["typed", ["end", "!", "down", "x"], ["one!", "twox"]],
  ["a new line at the end", ["end", "enter", "x"], ["one", "x", "two"]],
  ["a line is split", ["home", "right", "enter", "x"], ["o", "xne", "two"]],
  ["lines are joined", ["down", "home", "backspace", "x"], ["onextwo"]],
  ["backspace at the very start", ["home", "backspace"], ["one", "two"]],
  ["a line is emptied, and gone", ["home", "ctrl k", "ctrl k"], ["two"]],
  ["the last line stays", ["down", "ctrl u", "ctrl k", "ctrl u", "ctrl k"], [""]],
  ["down stops at the end, up at the start", ["down", "down", "x", "up", "up", "y"], ["oney", "twox"]],
];
for (const [name, keys, lines] of rows) {
  Deno.test(`text area: ${name}`, () => {
    const { area, host, kept } = makeArea(["one", "two"]);
    press(area, ...keys, "ctrl s");
    assert.deepEqual([kept, host.backs], [[lines], 1]);
  });
}

Deno.test("text area: what is refused stays, and is told", () => {
  const { area, host, shown } = makeArea(["one"], "no head");
  press(area, "x", "ctrl s");
  assert.deepEqual([host.backs, host.said, shown()], [0, ["no head"], ["onex"]]);
  assert.equal(area.key("escape"), false);
});

Deno.test("text area: where the cursor is can be seen, in few rows and in long lines", () => {
  const long = "x".repeat(30) + "0123456789";
  const { area, shown } = makeArea(["a", "b", "c", long]);
  assert.deepEqual(shown(4), ["a", "b"]);
  press(area, "down", "down", "down", "end");
  assert.deepEqual(shown(4), ["c", long.slice(3)]);
  assert.deepEqual(area.cursor({ columns: 40, rows: 4 }), { row: 3, column: 39 });
  press(area, "home");
  assert.deepEqual(shown(4), ["c", long]);
});
