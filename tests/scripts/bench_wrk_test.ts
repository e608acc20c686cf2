// scripts/bench_wrk.ts: what wrk says, read, and what makes it worthless.

import assert from "node:assert/strict";
import { faultOf, type LoadResult, readWrkOutput } from "../../scripts/bench_wrk.ts";

// As wrk 4.1.0 printed it.
const output = `Running 1s test @ https://localhost:17802/
  1 threads and 8 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   212.66us  515.91us   9.35ms   97.11%
    Req/Sec    44.60k     3.27k   50.91k    70.00%
  44332 requests in 1.00s, 6.30MB read
Requests/sec:  44309.80
Transfer/sec:      6.30MB

{"requests":44332,"duration":1000501,"bytes":6605468,"p50":140,"p99":1239,"connect":0,"read":0,"write":0,"timeout":0,"status":0}
`;

const good: LoadResult = {
  requests: 44332,
  duration: 1.000501,
  bytes: 6605468,
  p50: 0.14,
  p99: 1.239,
  errors: { connect: 0, read: 0, write: 0, timeout: 0, status: 0 },
};

Deno.test("bench wrk: its figures, in seconds and milliseconds", () => {
  assert.deepEqual(readWrkOutput(output), good);
});

Deno.test("bench wrk: no figures is a failure, told in wrk's words", () => {
  assert.throws(
    () => readWrkOutput("unable to connect to localhost:1 Connection refused\n"),
    /unable to connect to localhost:1 Connection refused/,
  );
  assert.throws(() => readWrkOutput('{"requests":1}\n'), /no duration/);
});

Deno.test("bench wrk: a measurement without errors is sound", () => {
  assert.equal(faultOf(good, 2), null);
});

Deno.test("bench wrk: errors, no answers, and bodies cut short are faults", () => {
  const errors = { ...good.errors, read: 3, status: 1 };
  assert.equal(faultOf({ ...good, errors }, 2), "wrk counted 3 read errors, 1 status errors");
  assert.equal(faultOf({ ...good, requests: 0, bytes: 0 }, 2), "not one request was answered");
  const cut = { ...good, requests: 10, bytes: 9000 };
  assert.equal(faultOf(cut, 1024), "9000 bytes came for 10 bodies of 1024 bytes");
});
