// scripts/bench_websocket_run.ts: what the WebSocket load client says, read.

import assert from "node:assert/strict";
import { readWebSocketOutput } from "../../scripts/bench_websocket_run.ts";

const good = { requests: 20_458, duration: 2.0007, bytes: 1_309_312, p50: 1.25, p99: 8.64, fault: null };

Deno.test("bench WebSocket client: its figures, for each address", () => {
  const other = { ...good, requests: 10, fault: "the connection ended without a close frame" };
  assert.deepEqual(readWebSocketOutput([good, other].map((each) => JSON.stringify(each)), 2), [good, other]);
});

Deno.test("bench WebSocket client: no message is a fault, with no latencies", () => {
  const nothing = { ...good, requests: 0, bytes: 0, p50: null, p99: null };
  assert.deepEqual(readWebSocketOutput([JSON.stringify(nothing)], 1), [
    { ...nothing, fault: "not one message came back" },
  ]);
  // What went wrong says more.
  assert.equal(
    readWebSocketOutput([JSON.stringify({ ...nothing, fault: "it broke" })], 1)[0]?.fault,
    "it broke",
  );
});

Deno.test("bench WebSocket client: no figures is a failure, told in its words", () => {
  const lines = [
    'error: Uncaught (in promise) Error: the answer to CONNECT is "HTTP/1.1 502 Bad Gateway"',
    "    at connectThrough",
  ];
  assert.throws(
    () => readWebSocketOutput(lines, 1),
    /^Error: the WebSocket client: Error: the answer to CONNECT is "HTTP\/1\.1 502 Bad Gateway"$/,
  );
  assert.throws(() => readWebSocketOutput([], 1), /it said nothing/);
  assert.throws(() => readWebSocketOutput([JSON.stringify(good)], 2), /the WebSocket client/);
  assert.throws(() => readWebSocketOutput(['{"requests":1}'], 1), /gave no duration/);
});
