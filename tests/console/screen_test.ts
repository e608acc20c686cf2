// What is written to make one picture of another: only rows that changed, never behind the right edge.

import assert from "node:assert/strict";
import { line, span } from "../../lib/console/line.ts";
import { makePainter } from "../../lib/console/palette.ts";
import { type Cursor, type Row, Screen, type Size } from "../../lib/console/screen.ts";

const SIZE: Size = { columns: 6, rows: 2 };

/** The pieces of one update, without what is around all of them. */
function updates(screen: Screen, rows: readonly Row[], cursor: Cursor | null = null, size = SIZE): string[] {
  const written = screen.update(rows, size, cursor);
  if (written === "") return [];
  assert.ok(written.startsWith("\x1b[?2026h") && written.endsWith("\x1b[?2026l"), "one picture at once");
  const pieces = written.slice("\x1b[?2026h".length, -"\x1b[?2026l".length);
  // deno-lint-ignore no-control-regex
  return pieces.split(/(?=\x1b\[\d+;\d+H|\x1b\[\?25)/).map((piece) => piece.replaceAll("\x1b", "^"));
}

const text = (content: string): Row => ({ spans: line(content) });

Deno.test("screen: the first picture is written whole, the next as far as it differs", () => {
  const screen = new Screen(makePainter(false));
  assert.deepEqual(updates(screen, [text("one"), text("two")]), ["^[1;1Hone^[K", "^[2;1Htwo^[K", "^[?25l"]);
  assert.deepEqual(updates(screen, [text("one"), text("two")]), []);
  assert.deepEqual(updates(screen, [text("one"), text("2")]), ["^[2;1H2^[K", "^[?25l"]);
  assert.deepEqual(updates(screen, [text("one")]), ["^[2;1H^[K", "^[?25l"]);
  screen.forget();
  assert.deepEqual(updates(screen, [text("one")]), ["^[1;1Hone^[K", "^[2;1H^[K", "^[?25l"]);
});

Deno.test("screen: another size is another picture", () => {
  const screen = new Screen(makePainter(false));
  updates(screen, [text("one"), text("two")]);
  const smaller = updates(screen, [text("one"), text("two")], null, { columns: 2, rows: 1 });
  assert.deepEqual(smaller, ["^[1;1Ho…", "^[?25l"]);
});

Deno.test("screen: behind a full row nothing is erased: the cursor still stands on its last character", () => {
  const screen = new Screen(makePainter(false));
  assert.deepEqual(updates(screen, [text("sixsix"), text("seventh")]).slice(0, 2), [
    "^[1;1Hsixsix",
    "^[2;1Hseven…",
  ]);
  // A character of two columns that would stand half outside.
  assert.deepEqual(updates(screen, [text("fünf五五"), text("日本語")]).slice(0, 2), [
    "^[1;1Hfünf…^[K",
    "^[2;1H日本語",
  ]);
});

Deno.test("screen: a row that stands out does so to its end, without colours of its own", () => {
  const screen = new Screen(makePainter(true));
  const row = { spans: [span("a", "error"), span("b")], inverse: true };
  assert.deepEqual(updates(screen, [row]).slice(0, 1), ["^[1;1H^[7mab    ^[27m"]);
  const coloured = { spans: row.spans };
  assert.deepEqual(updates(screen, [coloured]).slice(0, 1), ["^[1;1H^[1m^[31ma^[39m^[22mb^[K"]);
});

Deno.test("screen: the cursor stands within the terminal, or is hidden", () => {
  const screen = new Screen(makePainter(false));
  updates(screen, [text("one")]);
  assert.deepEqual(updates(screen, [text("one")], { row: 1, column: 2 }), ["^[2;3H", "^[?25h"]);
  assert.deepEqual(updates(screen, [text("one")], { row: 0, column: 60 }), ["^[1;6H", "^[?25h"]);
});
