import assert from "node:assert/strict";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { absolute, connectClient, connectTunnel, onRequest } from "../kit/raw_client.ts";
import { holdNext } from "./hooks_holding.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
/** Long enough to fail a test that waits for it. */
const LONG = 60_000;

const answering = onRequest((connection) => connection.send(OK));

Deno.test("stop: idle connections close at once, with their upstream ones, long before the grace is over", async () => {
  await using origin = await startRawOrigin(answering);
  await using proxy = await startProxy();
  await using kept = await connectClient(proxy.port);
  await using tunnel = await connectTunnel(proxy.port, `127.0.0.1:${origin.port}`);
  await using silent = await connectClient(proxy.port);
  kept.send(absolute("GET", origin.port, "/"));
  assert.equal((await kept.response()).body, "ok");
  tunnel.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert.equal((await tunnel.response()).body, "ok");
  const stopped = proxy.proxy.stop(LONG);
  for (const client of [kept, tunnel, silent]) {
    await client.end();
    client.finish();
    assert.equal(await client.closed(), null);
  }
  await stopped;
  assert.equal(proxy.proxy.connections, 0);
  for (const server of origin.connections) await server.end();
});

Deno.test("stop: nobody is accepted any more", async () => {
  await using proxy = await startProxy();
  await proxy.proxy.stop(LONG);
  await assert.rejects(connectClient(proxy.port), { code: "ECONNREFUSED" });
});

Deno.test("stop: an exchange under way may finish within the grace, and says that it is the last", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  client.send(absolute("GET", origin.port, "/"));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  const stopped = proxy.proxy.stop(LONG);
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo");
  await client.until("bo");
  server.send("dy");
  const response = await client.response();
  assert.deepEqual([response.body, /Connection: close/.test(response.head)], ["body", true]);
  await client.end();
  client.finish();
  assert.equal(await client.closed(), null);
  await stopped;
  assert.equal((await proxy.http()).error, null);
});

Deno.test("stop: what has not finished after the grace is reset on both sides, and says that mitm ended it", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  await using raw = await connectClient(proxy.port);
  client.send(absolute("GET", origin.port, "/"));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo");
  await client.until("bo");
  raw.send(absolute("GET", origin.port, "/chat", "Connection: Upgrade\r\nUpgrade: chat\r\n"));
  const chat = await origin.connection(1);
  await chat.until("\r\n\r\n");
  chat.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n");
  assert.equal((await raw.response()).status, 101);
  await proxy.proxy.stop(50);
  assert.equal(proxy.proxy.connections, 0);
  for (const connection of [client, server, raw, chat]) assert.equal(await connection.closed(), "ECONNRESET");
  assert.equal(proxy.ended.length, 2);
  for (const { error } of proxy.ended) assert.deepEqual([error?.by, error?.code], ["proxy", "stopped"]);
});

Deno.test("stop: what a hook holds does not outlive the grace either", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  const hold = holdNext(proxy.hooks, "requestHead");
  client.send(absolute("GET", origin.port, "/"));
  const { flow } = await hold.held;
  await proxy.proxy.stop(0);
  assert.equal(await client.closed(), "ECONNRESET");
  assert.deepEqual([flow.held, flow.error?.code], [false, "stopped"]);
  hold.release();
  await proxy.http();
  assert.equal(origin.connections.length, 0);
});

Deno.test("stop: an origin that is still being dialed does not keep anything open", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  const dialing = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  proxy.hooks.on("serverConnected", () => {
    dialing.resolve();
    return gate.promise;
  });
  client.send(absolute("GET", origin.port, "/"));
  await dialing.promise;
  await proxy.proxy.stop(0);
  gate.resolve();
  assert.equal(await client.closed(), "ECONNRESET");
  const server = await origin.connection();
  await server.end();
  assert.equal(server.received, "");
});

Deno.test("stop: twice is once", async () => {
  await using proxy = await startProxy();
  await Promise.all([proxy.proxy.stop(0), proxy.proxy.stop(0)]);
});
