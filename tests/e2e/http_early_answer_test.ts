// An origin that answers before it has the whole request (RFC 9110, 10.1.1; RFC 9112, 9.5): the client is told at
// once, learns whether the rest is still wanted, and does nothing wrong when it stops.

import assert from "node:assert/strict";
import { routeTest } from "../interop/routes.ts";

const LENGTH = 1_000_000;
const START = "s".repeat(1_000);

routeTest("an early 413 that closes: the client is told to stop, and closed", {}, async (bench) => {
  const client = await bench.open();
  client.send(bench.request("POST", "/", `Content-Length: ${LENGTH}\r\n`, START));
  const origin = await bench.origin.connection();
  await origin.until(START);
  origin.send("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nno\n");
  origin.finish();
  const { head, body } = await client.response();
  assert.deepEqual([head, body], [
    "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3",
    "no\n",
  ]);
  await client.end();
  const flow = await bench.flow("/");
  assert.deepEqual([flow.error, flow.response?.head.status, flow.request.endedAt], [null, 413, null]);
  assert.equal(flow.request.body.length, START.length);
});

routeTest("an early 413 that goes on reading: the client may send the rest", {}, async (bench) => {
  const client = await bench.open();
  client.send(bench.request("POST", "/", `Content-Length: ${LENGTH}\r\n`, START));
  const origin = await bench.origin.connection();
  await origin.until(START);
  origin.send("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno\n");
  const { head } = await client.response();
  assert.equal(head, "HTTP/1.1 413 Too Large\r\nContent-Length: 3");
  client.send("r".repeat(LENGTH - START.length));
  client.send(bench.request("GET", "/next"));
  await origin.until("/next");
  origin.send("HTTP/1.1 204 No Content\r\n\r\n");
  assert.equal((await client.response()).status, 204);
  const flow = await bench.flow("/");
  assert.deepEqual([flow.error, flow.request.body.length], [null, LENGTH]);
  assert.equal(bench.origin.connections.length, 1);
});

routeTest("a client that has its answer may stop sending, and close", {}, async (bench) => {
  const client = await bench.open();
  client.send(bench.request("POST", "/", `Expect: 100-continue\r\nContent-Length: ${LENGTH}\r\n`));
  const origin = await bench.origin.connection();
  await origin.until("\r\n\r\n");
  origin.send("HTTP/1.1 401 Who\r\nContent-Length: 4\r\n\r\nwho?");
  assert.equal((await client.response()).body, "who?");
  client.finish();
  const flow = await bench.flow("/");
  assert.deepEqual([flow.error, flow.response?.head.status, flow.request.body.length], [null, 401, 0]);
  await client.end();
  // What the origin waits for will not come: it must not take it for complete.
  await origin.end();
});

routeTest("a client that stops before it has its answer has made a mistake", {}, async (bench) => {
  const client = await bench.open();
  client.send(bench.request("POST", "/", `Content-Length: ${LENGTH}\r\n`, START));
  const origin = await bench.origin.connection();
  await origin.until(START);
  client.finish();
  const { status, body } = await client.response();
  assert.equal(status, 400);
  assert.match(body, /RFC 9112, 8/);
  const flow = await bench.flow("/");
  assert.deepEqual([flow.error?.by, flow.error?.code], ["client", "truncated"]);
  await origin.end();
});
