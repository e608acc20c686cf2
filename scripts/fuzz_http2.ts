// Fuzzes the HTTP/2 codec for a bounded time, in both roles: frames and almost-frames in any cuts, after any beginning.
// Nothing a peer sends throws; cuts do not matter; credit given out is never more than came; what is written in answer
// is bounded; after the end nothing is said. `deno task fuzz-http2 [SECONDS] [SEED]`; the seed repeats a run.

import assert from "node:assert/strict";
import process from "node:process";
import fc from "fast-check";
import { clientBytes, offsets, serverBytes } from "../tests/http2/frame_arbitraries.ts";
import { rawClient, rawServer, requestHead, responseHead, type Wire } from "../tests/http2/drive.ts";
import { cutAt } from "../tests/kit/cuts.ts";

const DEFAULT_SECONDS = 30;
/** Bytes a peer's input may make us write, beside what answers its frames one for one. */
const MOST_OUTPUT = 64 * 1024;

/** A server that answers what it can. */
function answering(): Wire {
  const wire = rawServer();
  wire.onEvent = (event) => {
    if (event.kind !== "head") return;
    wire.codec.send({
      kind: "head",
      stream: event.stream,
      head: responseHead(200),
      end: event.stream % 4 === 1,
    });
  };
  return wire;
}

/** A client with requests under way. */
function asking(): Wire {
  const wire = rawClient();
  wire.codec.offer({ push: true, extendedConnect: false });
  wire.turn();
  wire.request(requestHead("GET", "/"));
  wire.request(requestHead("POST", "/", { framing: "stream" }), false);
  wire.request(requestHead("HEAD", "/"));
  return wire;
}

function feedAll(wire: Wire, pieces: readonly Uint8Array[]): Wire {
  for (const piece of pieces) wire.feed(piece);
  wire.end();
  return wire;
}

function check(make: () => Wire, input: Uint8Array, cuts: number[]): void {
  const whole = feedAll(make(), [input.slice()]);
  const pieces = feedAll(make(), cutAt(input, cuts));
  assert.deepEqual(pieces.texts(), whole.texts());
  assert.equal(pieces.credit, whole.credit);
  assert.ok(whole.credit <= input.length);
  const written = whole.frames.reduce((sum, { payload }) => sum + 9 + payload.length, 0);
  assert.ok(written <= MOST_OUTPUT + 4 * input.length, `${written} bytes written for ${input.length}`);
  assert.equal(whole.codec.next(), null);
}

function main(): number {
  const [secondsText = String(DEFAULT_SECONDS), seedText = String(Date.now() % 2 ** 31)] = process.argv.slice(
    2,
  );
  const seconds = Number(secondsText);
  const seed = Number(seedText);
  if (!(seconds > 0) || !Number.isInteger(seed)) {
    console.error("fuzz-http2: wants a number of seconds and a whole number as seed");
    return 2;
  }
  console.log(`fuzz-http2: seed ${seed}, ${seconds} s`);
  let count = 0;
  for (const [make, bytes] of [[answering, clientBytes], [asking, serverBytes]] as const) {
    const property = fc.property(bytes, offsets, (input, cuts) => {
      count++;
      check(make, input, cuts);
    });
    const result = fc.check(property, {
      seed,
      numRuns: Number.MAX_SAFE_INTEGER,
      interruptAfterTimeLimit: seconds * 500,
    });
    if (!result.failed || result.counterexample === null) continue;
    console.error(`fuzz-http2: failed after ${count} inputs, seed ${seed}`);
    console.error(JSON.stringify(result.counterexample));
    console.error(result.errorInstance);
    return 1;
  }
  console.log(`fuzz-http2: ${count} inputs, nothing found`);
  return 0;
}

process.exitCode = main();
