// One coarse timer for all timeouts.

import assert from "node:assert/strict";
import { Deadlines } from "../../lib/net/deadlines.ts";

Deno.test("deadline: expires once, when its time has come, and can be set again", () => {
  let expired = 0;
  const deadline = new Deadlines().create(() => expired++);
  assert.equal(deadline.isSet, false);
  deadline.check(Number.MAX_VALUE);
  assert.equal(expired, 0, "not set");
  const before = performance.now();
  deadline.set(1_000);
  const after = performance.now();
  assert.equal(deadline.isSet, true);
  deadline.check(before + 999);
  assert.equal(expired, 0, "too early");
  deadline.check(after + 1_000);
  assert.equal(expired, 1);
  assert.equal(deadline.isSet, false);
  deadline.check(after + 5_000);
  assert.equal(expired, 1, "once");
  deadline.set(0);
  deadline.check(performance.now());
  assert.equal(expired, 2);
});

Deno.test("deadline: setting it again counts from then; clearing it stops it", () => {
  let expired = 0;
  const deadline = new Deadlines().create(() => expired++);
  deadline.set(10);
  deadline.set(60_000);
  deadline.check(performance.now() + 1_000);
  assert.equal(expired, 0);
  deadline.set(10);
  deadline.clear();
  deadline.check(performance.now() + 60_000);
  assert.equal(expired, 0);
});

Deno.test("deadline: is clear before its callback runs, which may set it anew or cancel it", () => {
  const states: boolean[] = [];
  const deadline = new Deadlines().create(() => {
    states.push(deadline.isSet);
    deadline.set(100);
  });
  deadline.set(0);
  deadline.check(performance.now() + 1);
  assert.deepEqual(states, [false]);
  assert.equal(deadline.isSet, true, "what the callback set stands");
});

Deno.test("deadlines: the timer finds those that are due, skips the cancelled, and stops", async () => {
  const deadlines = new Deadlines();
  const expired: string[] = [];
  const late = deadlines.create(() => expired.push("late"));
  late.set(60_000);
  const cancelled = deadlines.create(() => expired.push("cancelled"));
  cancelled.set(0);
  cancelled.cancel();
  const due = Promise.withResolvers<void>();
  const first = deadlines.create(() => {
    expired.push("first");
    // Cancelling another one in the middle of a tick is safe.
    other.cancel();
  });
  const other = deadlines.create(() => expired.push("other"));
  other.set(0);
  const last = deadlines.create(() => {
    expired.push("last");
    due.resolve();
  });
  last.set(0);
  first.set(0);
  deadlines.start();
  deadlines.start();
  await due.promise;
  deadlines.stop();
  // The sanitizers see to it that no timer is left behind.
  assert.deepEqual(expired, ["first", "last"]);
});
