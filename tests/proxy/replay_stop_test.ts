// The end of the proxy while something is sent again, the limit, and what is refused.

import assert from "node:assert/strict";
import { REPLAY_LIMIT } from "../../lib/proxy/replays.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { absolute, connectClient, onRequest } from "../kit/raw_client.ts";
import { holdNext } from "./hooks_holding.ts";
import { requestTo, sayTo } from "./replay_flows.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
/** Long enough to fail a test that waits for it. */
const LONG = 60_000;

Deno.test("replay stop: what is under way may finish within the grace, and nothing new begins", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  proxy.proxy.replayRequest(requestTo(origin.port, "GET", "/"));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  const stopped = proxy.proxy.stop(LONG);
  assert.equal(proxy.proxy.replayRequest(requestTo(origin.port, "GET", "/")), "mitm is stopping");
  assert.equal(proxy.proxy.replayTcp(sayTo(origin.port, [])), "mitm is stopping");
  server.send(OK);
  await stopped;
  const flow = await proxy.http();
  assert.deepEqual([flow.response?.head.status, flow.error, proxy.ended.length], [200, null, 1]);
  await server.end();
});

Deno.test("replay stop: what has not finished after the grace is reset, and says that mitm ended it", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  proxy.proxy.replayRequest(requestTo(origin.port, "GET", "/"));
  const first = await origin.connection();
  await first.until("\r\n\r\n");
  proxy.proxy.replayTcp(sayTo(origin.port, ["a"]));
  const second = await origin.connection(1);
  await second.until("a");
  await proxy.proxy.stop(0);
  assert.deepEqual([await first.closed(), await second.closed()], ["ECONNRESET", "ECONNRESET"]);
  assert.equal(proxy.ended.length, 2);
  for (const { error, replayed } of proxy.ended) {
    assert.deepEqual([error?.by, error?.code, replayed], ["proxy", "stopped", true]);
  }
  assert.equal(proxy.proxy.replays, 0);
});

Deno.test("replay stop: what a hook holds, and what is being dialed, do not outlive the grace", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  const hold = holdNext(proxy.hooks, "requestHead");
  proxy.proxy.replayRequest(requestTo(origin.port, "GET", "/"));
  const { flow } = await hold.held;
  const dialing = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  proxy.hooks.on("serverConnected", () => {
    dialing.resolve();
    return gate.promise;
  });
  proxy.proxy.replayTcp(sayTo(origin.port, ["a"]));
  await dialing.promise;
  await proxy.proxy.stop(0);
  assert.deepEqual([flow.error?.code, proxy.proxy.replays], ["stopped", 0]);
  assert.equal((await proxy.tcp()).error?.code, "stopped");
  hold.release();
  gate.resolve();
  const server = await origin.connection();
  await server.end();
  assert.deepEqual([server.received, origin.connections.length, proxy.ended.length], ["", 1, 2]);
});

Deno.test("replay stop: a handshake of TLS under way is broken off", async () => {
  // It never answers the hello.
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  proxy.proxy.replayTcp({ ...sayTo(origin.port, ["a"]), tls: true });
  const server = await origin.connection();
  await server.until((received) => received.length > 0);
  await proxy.proxy.stop(0);
  assert.equal((await proxy.tcp()).error?.code, "stopped");
  await server.closed();
  assert.deepEqual([proxy.ended.length, proxy.proxy.replays], [1, 0]);
});

Deno.test("replay stop: a connection kept for the rest of a request is let go at once", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  proxy.proxy.replayRequest(requestTo(origin.port, "POST", "/", [], "body"));
  const server = await origin.connection();
  await server.until("body");
  server.send(OK);
  await proxy.http();
  assert.equal(proxy.proxy.replays, 1);
  await proxy.proxy.stop(LONG);
  assert.equal(proxy.proxy.replays, 0);
  await server.end();
});

Deno.test("replay: such a connection is over when its origin closes it", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  proxy.proxy.replayRequest(requestTo(origin.port, "POST", "/", [], "body"));
  const server = await origin.connection();
  await server.until("body");
  const over = Promise.withResolvers<void>();
  proxy.hooks.on("serverDisconnected", () => over.resolve());
  server.send(OK);
  server.finish();
  await over.promise;
  assert.equal(proxy.proxy.replays, 0);
});

Deno.test("replay: no more than the limit at once, clients not counted; room again when one has ended", async () => {
  await using origin = await startRawOrigin(onRequest(() => {}));
  await using proxy = await startProxy({ connectionLimit: 1 });
  const request = requestTo(origin.port, "GET", "/");
  for (let count = 0; count < REPLAY_LIMIT; count++) {
    const why = count % 2 === 0
      ? proxy.proxy.replayRequest(request)
      : proxy.proxy.replayTcp(sayTo(origin.port, ["a"]));
    assert.equal(why, null);
  }
  const full = `${REPLAY_LIMIT} replays are under way already: wait until one has ended`;
  assert.deepEqual([proxy.proxy.replayRequest(request), proxy.proxy.replays], [full, REPLAY_LIMIT]);
  assert.equal(proxy.proxy.replayTcp(sayTo(origin.port, ["a"])), full);
  // A client is served as ever.
  await using client = await connectClient(proxy.port);
  client.send(absolute("GET", origin.port, "/client"));
  const server = await origin.connection(REPLAY_LIMIT);
  const all = origin.connections;
  for (const one of all) await one.until((received) => received.length > 0);
  all.find(({ received }) => received.includes("/client"))?.send(OK);
  assert.equal((await client.response()).body, "ok");
  assert.ok(server.received.length > 0);
  all.find(({ received }) => received.startsWith("GET / "))?.send(OK);
  await proxy.http(({ replayed }) => replayed);
  assert.equal(proxy.proxy.replayRequest(request), null);
  assert.equal(proxy.proxy.replays, REPLAY_LIMIT);
});

Deno.test("replay: what cannot be replayed is refused with a line for a person, and leaves nothing", async () => {
  await using proxy = await startProxy();
  const websocket = requestTo(80, "GET", "/", [["Upgrade", "websocket"]], "", { protocol: "websocket" });
  const rows: [string | null, RegExp][] = [
    [proxy.proxy.replayRequest(websocket), /^a WebSocket cannot be replayed/],
    [proxy.proxy.replayRequest(requestTo(80, "CONNECT", "x:1")), /^CONNECT cannot be replayed/],
    [proxy.proxy.replayRequest(requestTo(0, "GET", "/")), /names no host and port/],
    [proxy.proxy.replayTcp({ ...sayTo(80, []), host: "" }), /names no host and port/],
  ];
  for (const [why, expected] of rows) assert.match(why ?? "", expected);
  assert.deepEqual([proxy.store.size, proxy.proxy.replays, proxy.ended.length], [0, 0, 0]);
});
