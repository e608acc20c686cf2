// scripts/bench_console_rate.ts: whether the console was there while it was measured, and what its terminal's reader did.

import assert from "node:assert/strict";
import { readerNote, terminalFault } from "../../scripts/bench_console_rate.ts";

const load = {
  requests: 44_000,
  duration: 2,
  bytes: 6_600_000,
  p50: 0.14,
  p99: 1.2,
  errors: { connect: 0, read: 0, write: 0, timeout: 0, status: 0 },
};
const terminal = { pictures: 16, bytes: 131_072, listed: 50_000 };

Deno.test("bench console rate: no picture, and a list that is not full, are faults", () => {
  assert.equal(terminalFault({ ...load, terminal }, 50_000), null);
  assert.equal(terminalFault({ ...load, terminal: null }, 50_000), null);
  assert.equal(
    terminalFault({ ...load, terminal: { ...terminal, pictures: 0 } }, 50_000),
    "the console made no picture",
  );
  assert.equal(
    terminalFault({ ...load, terminal: { ...terminal, listed: 312 } }, 50_000),
    "312 flows were listed instead of 50000",
  );
});

Deno.test("bench console rate: what was read from the terminal, over all rounds", () => {
  const quiet = { ...load, terminal: { ...terminal, pictures: 0, bytes: 0 } };
  assert.equal(
    readerNote([{ ...load, terminal }, quiet]),
    "the terminal was read as it was written: 4.00 pictures/s, 32.0 KiB/s",
  );
});
