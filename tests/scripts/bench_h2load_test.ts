// scripts/bench_h2load.ts: what h2load says, read.

import assert from "node:assert/strict";
import { readH2loadOutput } from "../../scripts/bench_h2load.ts";
import { faultOf } from "../../scripts/bench_wrk.ts";

// As h2load 1.52.0 printed it.
const output = `starting benchmark...
Main benchmark duration is started for thread #0.
Application protocol: h2
Main benchmark duration is over for thread #0. Stopping all clients.
Stopped all clients for thread #0

finished in 1.00s, 4000.00 req/s, 301.04KB/s
requests: 4097 total, 4124 started, 4097 done, 4000 succeeded, 97 failed, 90 errored, 0 timeout
status codes: 4000 2xx, 0 3xx, 2 4xx, 5 5xx
traffic: 6.55MB (6871572) total, 4.69MB (4922784) headers (space savings 51.02%), 7.81KB (8000) data
                     min         max         mean         sd        +/- sd
time for request:       59us      3.50ms      1.20ms       374us    86.63%
`;

/** When it started, status, microseconds. */
const log = Array.from({ length: 100 }, (_, index) => `1795467212914311\t200\t${1_000 + index}`).join("\n") +
  "\n";

Deno.test("bench h2load: its figures, in seconds and milliseconds, every failure counted once", () => {
  assert.deepEqual(readH2loadOutput(output, log), {
    requests: 4097,
    duration: 1,
    bytes: 8000,
    p50: 1.05,
    p99: 1.099,
    errors: { connect: 0, read: 90, write: 0, timeout: 0, status: 7 },
  });
});

Deno.test("bench h2load: times in other units", () => {
  assert.equal(readH2loadOutput(output.replace("1.00s", "950.50ms"), log).duration, 0.9505);
});

Deno.test("bench h2load: another protocol, no connection and no figures are failures", () => {
  assert.throws(() => readH2loadOutput(output.replace(": h2\n", ": http/1.1\n"), log), /given http\/1\.1/);
  assert.throws(() => readH2loadOutput("starting benchmark...\nit went wrong\n", ""), /it went wrong/);
  assert.throws(() => readH2loadOutput("Application protocol: h2\n", ""), /gave no/);
});

Deno.test("bench h2load: what makes a measurement worthless is told with its name", () => {
  assert.match(
    faultOf(readH2loadOutput(output, log), 2, "h2load") ?? "",
    /^h2load counted 90 read errors, 7 status errors$/,
  );
});
