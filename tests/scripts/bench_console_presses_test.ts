// scripts/bench_console_presses.ts: when a key counts as answered, and what is made of the times.

import assert from "node:assert/strict";
import { ConsoleScreen, ROWS } from "../../scripts/bench_console_screen.ts";
import {
  filterPresses,
  firstPress,
  moves,
  pressChecks,
  pressTable,
  type PressTimes,
} from "../../scripts/bench_console_presses.ts";

/** A terminal on which this stands. */
function shown(status: string, focused: number | null, question: string | null = null): ConsoleScreen {
  const screen = new ConsoleScreen();
  const flow = focused === null ? "" : `› 14:03:22 HTTP /tiny?${focused}  200`;
  const rows = `\x1b[2;1H${flow}\x1b[K\x1b[39;1H flows ${status}\x1b[40;1H${question ?? "enter look"}\x1b[K`;
  const cursor = question === null ? "\x1b[?25l" : `\x1b[${ROWS};20H\x1b[?25h`;
  screen.receive(new TextEncoder().encode(`\x1b[?2026h${rows}${cursor}\x1b[?2026l`), 0, () => {});
  return screen;
}

Deno.test("bench presses: every move is to be seen after the one before it, and not before it is made", () => {
  const screens: [name: string, screen: ConsoleScreen][] = [
    ["g", shown("[1/50000]", 1)],
    ["G", shown("[50000/50000] ⇩", 900)],
    ["page up", shown("[49963/50000]", 863)],
    ["j", shown("[49700/50000]", 864)],
    ["page down", shown("[49400/50000]", 901)],
    ["j", shown("[49200/50000]", 902)],
    ["page down", shown("[49000/50000]", 939)],
    ["j", shown("[48800/50000]", 940)],
    ["page down", shown("[48500/50000]", 977)],
    ["j", shown("[48100/50000]", 978)],
    ["g", shown("[1/50000]", 2)],
  ];
  assert.equal(moves.at(-1), firstPress);
  let before = screens[0]?.[1];
  for (const [index, press] of moves.entries()) {
    const [name, after] = screens[index + 1] ?? [];
    assert(before !== undefined && after !== undefined);
    assert.equal(press.name, name);
    const { focused } = before;
    assert(!press.shows(before, focused), `${name} before`);
    assert(press.shows(after, focused), `${name} after`);
    before = after;
  }
});

Deno.test("bench presses: a filter is answered when it stands in the question, and the end when there is none", () => {
  assert.equal(filterPresses.map(({ keys }) => keys).join(""), "f~c 200\x1b");
  assert.deepEqual(
    filterPresses.map(({ kind }) => kind),
    ["typing", "typing", "typing", "typing", "filter", "filter", "filter", "filter"],
  );
  const answers = ["", "~", "~c", "~c ", "~c 2", "~c 20", "~c 200"];
  let before = shown("[1/50000]", 1);
  for (const [index, press] of filterPresses.entries()) {
    const answer = answers[index];
    const after = shown("[0/0]", null, answer === undefined ? null : `show only: ${answer}`);
    assert(!press.shows(before, null), `${press.name} before`);
    assert(press.shows(after, null), `${press.name} after`);
    before = after;
  }
});

const presses: PressTimes[] = [
  { name: "j", kind: "move", times: Array.from({ length: 150 }, (_, index) => index / 10) },
  { name: "g", kind: "move", times: [...Array(49).fill(1), 120] },
  { name: "f", kind: "typing", times: [500] },
  { name: '"~c 2"', kind: "filter", times: [40, 60] },
];

Deno.test("bench presses: a line a key, those that move together, and the filter by itself", () => {
  assert.deepEqual(pressTable(presses), [
    ["key", "presses", "median ms", "p99 ms", "slowest"],
    ["j", "150", "7.45", "14.8", "14.9"],
    ["g", "50", "1.00", "120", "120"],
    ["all of these", "200", "5.05", "14.9", "120"],
    ["f", "1", "500", "500", "500"],
    ['"~c 2"', "2", "50.0", "60.0", "60.0"],
  ]);
});

Deno.test("bench presses: what is held to the target", () => {
  const verdicts = (sound: boolean) =>
    pressChecks(presses, sound).map(({ name, measured, verdict }) => [name, measured.value, verdict]);
  assert.deepEqual(verdicts(true), [
    ["keys, p99", 14.9, "met"],
    ["keys, slowest", 120, "missed"],
    ["filter, slowest", 60, "met"],
  ]);
  assert.deepEqual(verdicts(false).map(([, , verdict]) => verdict), ["invalid", "invalid", "invalid"]);
  assert.deepEqual(pressChecks([], true).map(({ verdict }) => verdict), ["invalid", "invalid", "invalid"]);
});
