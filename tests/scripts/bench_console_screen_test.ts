// scripts/bench_console_screen.ts: pictures read as the console writes them, however they are cut into pieces.

import assert from "node:assert/strict";
import { COLUMNS, ConsoleScreen, ROWS } from "../../scripts/bench_console_screen.ts";
import { ENTER, Screen } from "../../lib/console/screen.ts";
import { makePainter } from "../../lib/console/palette.ts";
import { type Line, span } from "../../lib/console/line.ts";

const encoder = new TextEncoder();
const size = { columns: COLUMNS, rows: ROWS };

/** Rows of flows, a status line, and what is asked, as lib/console/console_app.ts puts them together. */
function picture(screen: Screen, status: string, focused: number, question: string | null): string {
  const flow = (number: number): Line => [
    span(number === focused ? "› " : "  ", "key"),
    span(`14:03:22 HTTP  GET     127.0.0.1:8000   /tiny?${number}     200 `, "ok"),
  ];
  const rows = [
    { spans: [span("  Time", "faint")] },
    ...[1, 2, 3].map((number) => ({ spans: flow(number), inverse: number === focused })),
    ...Array.from({ length: ROWS - 6 }, () => ({ spans: [] })),
    { spans: [span(status)], inverse: true },
    { spans: question === null ? [span("enter look", "key")] : [span("show only: ", "key"), span(question)] },
  ];
  const cursor = question === null ? null : { row: ROWS - 1, column: 11 + question.length };
  return screen.update(rows, size, cursor);
}

/** `text` in pieces; when each picture began, by the number of its piece. */
function receive(screen: ConsoleScreen, text: string, length: number): number[] {
  const bytes = encoder.encode(text);
  const began: number[] = [];
  for (let at = 0, piece = 0; at < bytes.length; at += length, piece++) {
    screen.receive(bytes.subarray(at, at + length), piece, (when) => began.push(when));
  }
  return began;
}

Deno.test("bench console screen: place, count, following, focus and question of the picture that stands there", () => {
  for (const length of [1, 2, 7, 100_000]) {
    const [console, screen] = [new Screen(makePainter(true)), new ConsoleScreen()];
    assert.equal(screen.status, null);
    receive(screen, ENTER + picture(console, " flows [50000/50000] ⇩ [7 fell out]", 3, null), length);
    assert.deepEqual(screen.status, { place: 50_000, count: 50_000, follows: true });
    assert.deepEqual([screen.focused, screen.question], [3, null]);
    // Only what has changed is written.
    receive(screen, picture(console, " flows [49999/50000] [7 fell out]", 2, null), length);
    assert.deepEqual(screen.status, { place: 49_999, count: 50_000, follows: false });
    assert.equal(screen.focused, 2);
    receive(screen, picture(console, " flows [49999/50000] [7 fell out]", 2, "~c "), length);
    assert.equal(screen.question, "show only: ~c ");
    receive(screen, picture(console, " flows [0/0] [f:~c 2]", 0, "~c 2"), length);
    assert.deepEqual(screen.status, { place: 0, count: 0, follows: false });
    assert.deepEqual([screen.focused, screen.question], [null, "show only: ~c 2"]);
    receive(screen, picture(console, " flows [1/50000]", 1, null), length);
    assert.deepEqual([screen.focused, screen.question, screen.pictures], [1, null, 5]);
  }
});

Deno.test("bench console screen: a picture begins with its first byte, and counts at its last", () => {
  const screen = new ConsoleScreen();
  const text = picture(new Screen(makePainter(false)), " flows [1/3]", 1, null);
  const bytes = encoder.encode(text);
  const began: number[] = [];
  screen.receive(bytes.subarray(0, 100), 5, (when) => began.push(when));
  assert.deepEqual([began, screen.status], [[], null]);
  screen.receive(bytes.subarray(100), 6, (when) => began.push(when));
  assert.deepEqual([began, screen.status?.count], [[5], 3]);
  assert.equal(screen.bytes, bytes.length);
  // Two at once.
  assert.deepEqual(receive(screen, text + text, 1 << 20), [0, 0]);
});

Deno.test("bench console screen: what is said outside of pictures", () => {
  const screen = new ConsoleScreen();
  receive(screen, `${ENTER}${picture(new Screen(makePainter(true)), " flows [1/3]", 1, null)}`, 10);
  assert.equal(screen.said, "");
  receive(screen, "\x1b[0mmitm: internal error: no luck\r\n", 10);
  assert.equal(screen.said, "mitm: internal error: no luck");
});
