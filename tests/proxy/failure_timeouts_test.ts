import assert from "node:assert/strict";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { absolute, connectClient, connectTunnel, onRequest } from "../kit/raw_client.ts";
import { inMemory } from "./exchange_in_memory.ts";
import { settled } from "./memory_context.ts";
import { bytes, holdNext } from "./hooks_holding.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
/** Deadlines are looked at four times a second: shorter ones make no test faster. */
const SOON = 100;

Deno.test("stall: an origin that says nothing gets 504 for its client, with the option to change", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({ stallTimeout: SOON });
  await using client = await connectClient(proxy.port);
  client.send(absolute("GET", origin.port, "/"));
  const server = await origin.connection();
  const response = await client.response();
  assert.equal(response.status, 504);
  assert.match(response.body, /nothing moved for 0\.1 s; --stall-timeout/);
  assert.equal(await server.closed(), "ECONNRESET");
  const flow = await proxy.http();
  assert.deepEqual([flow.error?.code, flow.error?.by], ["stalled", "proxy"]);
  // The client's connection is in good order.
  client.send(absolute("GET", origin.port, "/2"));
  const second = await origin.connection(1);
  await second.until("GET /2");
  second.send(OK);
  assert.equal((await client.response()).body, "ok");
});

Deno.test("stall: in the middle of a response both sides are reset", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({ stallTimeout: SOON });
  await using client = await connectClient(proxy.port);
  client.send(absolute("GET", origin.port, "/"));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
  await client.until("first");
  assert.equal(await client.closed(), "ECONNRESET");
  assert.equal(await server.closed(), "ECONNRESET");
  assert.equal((await proxy.http()).error?.code, "stalled");
});

Deno.test("stall: a client that stops in the middle of its upload is answered, then let go", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({ stallTimeout: SOON, headTimeout: SOON });
  await using client = await connectClient(proxy.port);
  client.send(absolute("POST", origin.port, "/", "Content-Length: 10\r\n", "first"));
  const server = await origin.connection();
  assert.equal((await client.response()).status, 504);
  assert.equal(await server.closed(), "ECONNRESET");
  assert.equal(await client.closed(), "ECONNRESET");
  assert.equal((await proxy.http()).error?.code, "stalled");
});

Deno.test("stall: in a switched conversation both sides are reset", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({ stallTimeout: SOON });
  await using client = await connectClient(proxy.port);
  client.send(absolute("GET", origin.port, "/", "Connection: Upgrade\r\nUpgrade: chat\r\n"));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  server.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n");
  assert.equal((await client.response()).status, 101);
  assert.equal(await client.closed(), "ECONNRESET");
  assert.equal(await server.closed(), "ECONNRESET");
  assert.equal((await proxy.http()).error?.code, "stalled");
});

Deno.test("what a hook holds never stalls", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({ stallTimeout: SOON });
  await using client = await connectClient(proxy.port);
  await using other = await connectClient(proxy.port);
  const hold = holdNext(proxy.hooks, "requestHead", {}, (flow) => flow.request.head.path === "/held");
  client.send(absolute("GET", origin.port, "/held"));
  const { flow } = await hold.held;
  // Another one stalls twice meanwhile, one after the other.
  for (const path of ["/1", "/2"]) {
    other.send(absolute("GET", origin.port, path));
    assert.equal((await other.response()).status, 504);
  }
  assert.deepEqual([flow.held, flow.error], [true, null]);
  hold.release();
  const server = await origin.connection(2);
  await server.until("GET /held");
  server.send(OK);
  assert.equal((await client.response()).body, "ok");
});

Deno.test("a head that does not end in time is closed, and named in the log; trickling does not help", async () => {
  await using proxy = await startProxy({ headTimeout: 300 });
  await using client = await connectClient(proxy.port);
  client.send("GET http://127.0.0.1/ HTTP/1.1\r\n");
  const trickle = setInterval(() => client.send("X: y\r\n"), 20);
  const entry = await proxy.log("slow-head").finally(() => clearInterval(trickle));
  assert.match(entry.message, /no complete request head in 0\.3 s/);
  await client.end();
  assert.equal(client.received, "");
});

Deno.test("a connection without a request is closed after the idle time, before the first and after each one", async () => {
  await using origin = await startRawOrigin(onRequest((connection) => connection.send(OK)));
  await using proxy = await startProxy({ idleTimeout: 300 });
  await using silent = await connectClient(proxy.port);
  await using client = await connectClient(proxy.port);
  client.send(absolute("GET", origin.port, "/"));
  assert.equal((await client.response()).body, "ok");
  await Promise.all([silent.end(), client.end()]);
  assert.deepEqual([client.error, silent.error, silent.received], [null, null, ""]);
  assert.equal(proxy.logs.length, 0);
  await origin.connections[0]!.end();
});

Deno.test("an idle tunnel is closed after the idle time, both ends of it", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({ idleTimeout: 300 });
  await using client = await connectTunnel(proxy.port, `127.0.0.1:${origin.port}`);
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  server.send(OK);
  assert.equal((await client.response()).body, "ok");
  await Promise.all([client.end(), server.end()]);
  assert.equal((await proxy.http()).error, null);
});

Deno.test("idle: who never takes the last bytes of an answer sees a reset, not an end that looks like a good one", async () => {
  for (const takes of [true, false]) {
    const { client, hooks, ended, expire } = inMemory();
    client.completesWrites = takes;
    hooks.on("requestHead", (_flow, control) => control.answer({ status: 200, body: bytes("answer") }));
    client.deliver("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await settled();
    assert.deepEqual([client.writes.length, ended.length], [1, 1]);
    expire();
    assert.deepEqual(client.endings, [takes ? "close" : "reset"]);
  }
});

Deno.test("stall: who takes neither data nor the answer is reset in the end", async () => {
  const { client, server, ended, expire } = inMemory();
  client.completesWrites = false;
  client.deliver("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nfirst");
  await settled();
  expire();
  assert.match(client.writes.join(""), /^HTTP\/1\.1 504 /);
  assert.deepEqual([server.endings, client.endings], [["reset"], []]);
  expire();
  assert.deepEqual(client.endings, ["reset"]);
  client.deliverClosed();
  assert.deepEqual([ended.length, ended[0]?.error?.code], [1, "stalled"]);
});
