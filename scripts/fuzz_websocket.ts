// Fuzzes the WebSocket codec for a bounded time, in both roles: frames and almost-frames in any cuts, compressed or not,
// and messages that must arrive as they were sent. Nothing a peer sends throws; cuts do not matter; what is kept is
// bounded; after a fault nothing is said. `deno task fuzz-websocket [SECONDS] [SEED]`; the seed repeats a run.

import assert from "node:assert/strict";
import process from "node:process";
import fc from "fast-check";
import type { Peer } from "../lib/http/fault.ts";
import { cutAt } from "../tests/kit/cuts.ts";
import {
  anyBytes,
  conversation,
  expectedLines,
  key,
  offsets,
  parameters,
  writtenBytes,
  writtenFrames,
} from "../tests/websocket/arbitraries.ts";
import { FrameLog, MessageLog } from "../tests/websocket/drive.ts";
import { joined } from "../tests/websocket/hand_frames.ts";

const DEFAULT_SECONDS = 30;
/** The largest window: with a smaller one, how far back a wrong reference may reach depends on the cuts. */
const DEFLATE = { windowBits: 15, contextTakeover: true };

function checkBytes(peer: Peer, input: Uint8Array, compression: boolean, at: number[]): void {
  const deflate = compression ? DEFLATE : null;
  const frames = new FrameLog({ peer, compression }).feed([input.slice()]);
  const messages = new MessageLog(peer, deflate).feed([input.slice()]);
  const singles = Array.from(input, (_, index) => index);
  for (const cuts of [at, singles]) {
    assert.deepEqual(new FrameLog({ peer, compression }).feed(cutAt(input, cuts)).texts(), frames.texts());
    assert.deepEqual(new MessageLog(peer, deflate).feed(cutAt(input, cuts)).lines, messages.lines);
  }
  const end = messages.lines.findIndex((line) => /^(fault|close) /.test(line));
  assert.ok(end < 0 || end === messages.lines.length - 1, "something is said after the end");
}

function inputs(peer: Peer): fc.IProperty<[Uint8Array, boolean, number[]]> {
  return fc.property(anyBytes(peer), fc.boolean(), offsets, (input, compression, at) => {
    checkBytes(peer, input, compression, at);
  });
}

const keys = fc.array(key, { minLength: 1, maxLength: 3 });
const conversations = fc.property(
  fc.constantFrom<Peer>("client", "server"),
  conversation,
  fc.option(parameters, { nil: null }),
  keys,
  offsets,
  (peer, conversation, deflate, keys, at) => {
    const bytes = joined(writtenBytes(writtenFrames(conversation, deflate), peer, keys));
    const log = new MessageLog(peer, deflate).feed(cutAt(bytes, at));
    assert.deepEqual(log.lines, expectedLines(conversation));
  },
);

/** How many inputs were tried; null when one failed. */
function check<Input>(property: fc.IProperty<Input>, seed: number, seconds: number): number | null {
  const result = fc.check(property, {
    seed,
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: seconds * 1000,
  });
  if (!result.failed || result.counterexample === null) return result.numRuns;
  console.error(`fuzz-websocket: failed after ${result.numRuns} inputs, seed ${seed}`);
  console.error(JSON.stringify(result.counterexample));
  console.error(result.errorInstance);
  return null;
}

function main(): number {
  const [secondsText = String(DEFAULT_SECONDS), seedText = String(Date.now() % 2 ** 31)] = process.argv.slice(
    2,
  );
  const seconds = Number(secondsText);
  const seed = Number(seedText);
  if (!(seconds > 0) || !Number.isInteger(seed)) {
    console.error("fuzz-websocket: wants a number of seconds and a whole number as seed");
    return 2;
  }
  console.log(`fuzz-websocket: seed ${seed}, ${seconds} s`);
  let count = 0;
  for (
    const run of [
      () => check(inputs("client"), seed, seconds / 3),
      () => check(inputs("server"), seed, seconds / 3),
      () => check(conversations, seed, seconds / 3),
    ]
  ) {
    const tried = run();
    if (tried === null) return 1;
    count += tried;
  }
  console.log(`fuzz-websocket: ${count} inputs, nothing found`);
  return 0;
}

process.exitCode = main();
