// What has been said once is not said again; and what is remembered is bounded.

import assert from "node:assert/strict";
import { ToldNotes } from "../../lib/proxy/told_notes.ts";

Deno.test("told notes: once for each host and kind, whatever the case of the host", () => {
  const told = new ToldNotes();
  assert.deepEqual(
    [["a:80", "x"], ["A:80", "x"], ["a:80", "y"], ["b:80", "x"], ["a:80", "x"]].map(([host, code]) =>
      told.isFirst(host!, code!)
    ),
    [true, false, true, true, false],
  );
});

Deno.test("told notes: the oldest are forgotten, so that memory is bounded", () => {
  const told = new ToldNotes();
  const count = 4_096;
  for (let index = 0; index <= count; index++) told.isFirst(`host${index}`, "x");
  assert.equal(told.isFirst(`host${count}`, "x"), false);
  assert.equal(told.isFirst("host1", "x"), false);
  assert.equal(told.isFirst("host0", "x"), true, "it fell out, and is said again");
});
