// How an error is shown: the text, and a caret below the mistake.

import assert from "node:assert/strict";
import { FilterError, formatFilterError } from "../../lib/filter/filter_error.ts";

const rows: [name: string, text: string, at: number, shown: string][] = [
  ["at the start", "& ~q", 0, "& ~q\n^ Why."],
  ["in the middle", "~q & | ~e", 5, "~q & | ~e\n     ^ Why."],
  ["at the end", "~q &", 4, "~q &\n    ^ Why."],
  ["no text", "", 0, "\n^ Why."],
  ["controls take one column each", "\x1b[2J\n\t~x", 6, "\ufffd[2J\ufffd\ufffd~x\n      ^ Why."],
  ["at the start of a long text", "x".repeat(100), 3, `${"x".repeat(72)}…\n   ^ Why.`],
  [
    "in a long text",
    `${"x".repeat(100)}!${"y".repeat(100)}`,
    100,
    `…${"x".repeat(36)}!${"y".repeat(35)}…\n${" ".repeat(37)}^ Why.`,
  ],
  ["at the end of a long text", "x".repeat(100), 100, `…${"x".repeat(36)}\n${" ".repeat(37)}^ Why.`],
];
for (const [name, text, at, shown] of rows) {
  Deno.test(`filter error shown: ${name}`, () => {
    assert.equal(formatFilterError(text, new FilterError(at, "Why.")), shown);
  });
}
