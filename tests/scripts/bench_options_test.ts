// scripts/bench_options.ts: the command line of the bench, and the time a run may take.

import assert from "node:assert/strict";
import { isWanted, parseBenchOptions, timeLimit } from "../../scripts/bench_options.ts";

const names = ["tiny-plain", "tiny-tls", "start"];
const defaults = { rounds: 5, seconds: 2, quick: false, only: [], mitm: null, json: null };

Deno.test("bench options: defaults, and everything given", () => {
  assert.deepEqual(parseBenchOptions([], names), defaults);
  assert.deepEqual(parseBenchOptions(["--quick"], names), {
    ...defaults,
    rounds: 1,
    seconds: 1,
    quick: true,
  });
  const words = [
    "--rounds=3",
    "--seconds",
    "4",
    "--only",
    "tls",
    "--only=start",
    "--mitm",
    "m",
    "--json=f.json",
  ];
  assert.deepEqual(parseBenchOptions(words, names), {
    rounds: 3,
    seconds: 4,
    quick: false,
    only: ["tls", "start"],
    mitm: "m",
    json: "f.json",
  });
  assert.deepEqual(parseBenchOptions(["--help", "--rounds=1"], names), { help: true });
});

Deno.test("bench options: what is wrong is said, with what is accepted", () => {
  const rows: [string[], RegExp][] = [
    [["--rounds=0"], /--rounds: "0" is not a whole number from 1 to 100/],
    [["--rounds=2.5"], /--rounds/],
    [["--seconds=1e3"], /--seconds: "1e3" is not a whole number from 1 to 600/],
    [["--seconds=601"], /--seconds/],
    [["--only=nothing"], /no row has "nothing" in its name; there are tiny-plain, tiny-tls, start/],
    [["--round=1"], /--round/],
    [["tiny-plain"], /tiny-plain/],
  ];
  for (const [words, pattern] of rows) {
    const result = parseBenchOptions(words, names);
    assert(typeof result === "string", words.join(" "));
    assert.match(result, pattern);
  }
});

Deno.test("bench options: rows are chosen by a part of their name", () => {
  assert.deepEqual(names.filter((name) => isWanted({ only: [] }, name)), names);
  assert.deepEqual(names.filter((name) => isWanted({ only: ["tiny"] }, name)), ["tiny-plain", "tiny-tls"]);
  assert.deepEqual(names.filter((name) => isWanted({ only: ["tls", "start"] }, name)), ["tiny-tls", "start"]);
});

Deno.test("bench options: a whole run as it comes ends within thirteen minutes, a quick one within 160 s", () => {
  assert(timeLimit({ rounds: 5, seconds: 2, quick: false }) <= 13 * 60);
  assert(timeLimit({ rounds: 1, seconds: 1, quick: true }) <= 160);
  // More work gets more time.
  assert(
    timeLimit({ rounds: 10, seconds: 2, quick: false }) > timeLimit({ rounds: 5, seconds: 2, quick: false }),
  );
});
