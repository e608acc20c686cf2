// Replays in the hands of hooks: seen in order, held, edited, answered, killed; and large ones.

import assert from "node:assert/strict";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { onRequest } from "../kit/raw_client.ts";
import { floodUntilStopped } from "../net/flood.ts";
import { bytes, holdNext, text } from "./hooks_holding.ts";
import { requestTo, saidUntilStopped } from "./replay_flows.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const MIB = 1024 * 1024;
const holdBody = () => true;

Deno.test("replay hooks: all points are run, in order, with the flow in the store from its beginning", async () => {
  await using origin = await startRawOrigin(onRequest((connection) => connection.send(OK)));
  await using proxy = await startProxy();
  const seen: string[] = [];
  const points = ["requestHead", "request", "responseHead", "response", "httpEnded"] as const;
  for (const point of points) {
    proxy.hooks.on(point, (...[flow]) => {
      assert.deepEqual([flow.replayed, proxy.store.has(flow)], [true, true]);
      seen.push(point);
    });
  }
  for (const point of ["serverConnecting", "serverConnected", "serverDisconnected"] as const) {
    proxy.hooks.on(point, (_server, client) => {
      assert.equal(client.remote.host, "replay");
      seen.push(point);
    });
  }
  const observed: string[] = [];
  proxy.store.observe({
    added: (flow) => observed.push(`added ${flow.replayed}`),
    ended: () => observed.push("ended"),
    removed: () => {},
  });
  const over = Promise.withResolvers<void>();
  proxy.hooks.on("serverDisconnected", () => over.resolve());
  assert.equal(proxy.proxy.replayRequest(requestTo(origin.port, "GET", "/")), null);
  await over.promise;
  assert.deepEqual(seen, [
    "requestHead",
    "request",
    "serverConnecting",
    "serverConnected",
    "responseHead",
    "response",
    "httpEnded",
    "serverDisconnected",
  ]);
  assert.deepEqual([observed, proxy.hookErrors], [["added true", "ended"], []]);
});

Deno.test("replay hooks: a held request can be edited, body and all, and goes on when it is let go", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  const hold = holdNext(proxy.hooks, "request", { holdBody });
  proxy.proxy.replayRequest(requestTo(origin.port, "POST", "/", [["Expect", "100-continue"]], "body"));
  const { flow, control } = await hold.held;
  assert.deepEqual([flow.held, text(flow.request.body.bytes()), origin.connections.length], [
    true,
    "body",
    0,
  ]);
  flow.request.head.fields.append("X-New", "1");
  control.setBody(bytes("other"));
  hold.release();
  const server = await origin.connection();
  await server.until("other");
  // Whoever holds the body has asked for it: RFC 9110, 10.1.1.
  assert.match(server.received, /\r\nContent-Length: 5\r\nX-New: 1\r\n\r\nother$/);
  assert.doesNotMatch(server.received, /Expect/);
  server.send(OK);
  assert.deepEqual([(await proxy.http()).edited, flow.held, flow.response?.head.status], [true, false, 200]);
});

Deno.test("replay hooks: a held response can be edited", async () => {
  await using origin = await startRawOrigin(onRequest((connection) => connection.send(OK)));
  await using proxy = await startProxy();
  const hold = holdNext(proxy.hooks, "response", { holdBody });
  proxy.proxy.replayRequest(requestTo(origin.port, "GET", "/"));
  const { flow, control } = await hold.held;
  control.setBody(bytes("edited"));
  hold.release();
  assert.equal(text((await proxy.http()).response!.body.bytes()), "edited");
  assert.deepEqual([flow.edited, flow.error], [true, null]);
});

Deno.test("replay hooks: answered by a hook, no origin is asked", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  proxy.hooks.on("requestHead", (_flow, control) => control.answer({ status: 418, body: bytes("tea") }));
  proxy.proxy.replayRequest(requestTo(origin.port, "POST", "/", [], new Uint8Array(MIB)));
  const flow = await proxy.http();
  assert.deepEqual([flow.answered, flow.response?.head.status, flow.error], [true, 418, null]);
  assert.deepEqual([flow.request.body.length, origin.connections.length], [MIB, 0]);
});

Deno.test("replay hooks: killed while held, and while its answer comes; the origin sees a reset", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  const hold = holdNext(proxy.hooks, "requestHead");
  proxy.proxy.replayRequest(requestTo(origin.port, "GET", "/1"));
  const first = await hold.held;
  first.control.kill();
  assert.deepEqual([first.flow.killed, first.flow.error?.code, proxy.proxy.replays], [true, "killed", 0]);
  hold.release();
  const answer = holdNext(proxy.hooks, "responseHead");
  proxy.proxy.replayRequest(requestTo(origin.port, "GET", "/2"));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  const second = await answer.held;
  second.control.kill();
  assert.equal(await server.closed(), "ECONNRESET");
  answer.release();
  assert.deepEqual([second.flow.error?.code, proxy.proxy.replays, origin.connections.length], [
    "killed",
    0,
    1,
  ]);
});

Deno.test("replay: killed by a person while its origin says nothing", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  proxy.proxy.replayRequest(requestTo(origin.port, "GET", "/"));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  const [flow] = [...proxy.store.flows()];
  assert.ok(flow !== undefined);
  assert.equal(proxy.proxy.kill(flow), true);
  assert.equal(await server.closed(), "ECONNRESET");
  assert.deepEqual([flow.killed, flow.error?.code, proxy.proxy.replays], [true, "killed", 0]);
  assert.equal(proxy.proxy.kill(flow), false);
});

Deno.test("replay hooks: what a hook made illegal ends that replay only", async () => {
  await using origin = await startRawOrigin(onRequest((connection) => connection.send(OK)));
  await using proxy = await startProxy();
  proxy.hooks.on("requestHead", ({ request }) => {
    if (request.head.path === "/bad") request.head.fields.append("X Bad", "1");
  });
  proxy.proxy.replayRequest(requestTo(origin.port, "GET", "/bad"));
  proxy.proxy.replayRequest(requestTo(origin.port, "GET", "/good"));
  const [bad, good] = [
    await proxy.http(({ request }) => request.head.path === "/bad"),
    await proxy.http(({ request }) => request.head.path === "/good"),
  ];
  assert.deepEqual([bad.error?.code, good.error], ["internal", null]);
});

Deno.test("replay: an origin that does not read stops the body, and gets all of it in the end", async () => {
  await using origin = await startRawOrigin({ onConnection: ({ socket }) => socket.pause() });
  await using proxy = await startProxy();
  const body = new Uint8Array(32 * MIB).fill(0x61);
  proxy.proxy.replayRequest(requestTo(origin.port, "POST", "/", [], body));
  const { socket } = await origin.connection();
  const [flow] = [...proxy.store.flows()];
  assert.ok(flow?.kind === "http");
  // What was said is in the system's buffers, and a window.
  const taken = await saidUntilStopped(() => flow.request.body.length);
  assert.ok(taken > 0 && taken < 16 * MIB, `${taken} bytes were said`);
  let received = 0;
  const all = Promise.withResolvers<void>();
  socket.removeAllListeners("data");
  socket.on("data", (chunk: Uint8Array) => {
    received += chunk.length;
    if (received > body.length) all.resolve();
  });
  socket.resume();
  await all.promise;
  socket.write(OK);
  assert.deepEqual([(await proxy.http()).error, flow.request.body.length], [null, body.length]);
});

Deno.test("replay: an origin that answers before it has read all of the request gets the rest of it", async () => {
  await using origin = await startRawOrigin({ onConnection: ({ socket }) => socket.pause() });
  await using proxy = await startProxy();
  // Held by a hook it goes out in one piece: all of it is said when the answer comes.
  proxy.hooks.on("request", () => {}, { holdBody });
  const body = new Uint8Array(16 * MIB).fill(0x61);
  proxy.proxy.replayRequest(requestTo(origin.port, "POST", "/", [], body));
  const { socket } = await origin.connection();
  socket.write(OK);
  const flow = await proxy.http();
  assert.deepEqual([flow.error, proxy.proxy.replays], [null, 1]);
  let received = 0;
  const all = Promise.withResolvers<void>();
  socket.removeAllListeners("data");
  socket.on("data", (chunk: Uint8Array) => {
    received += chunk.length;
    if (received > body.length) all.resolve();
  });
  socket.resume();
  await all.promise;
  socket.end();
});

Deno.test("replay: of an answer without end no more than the capture limit is held", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({ captureLimit: 100_000 });
  proxy.proxy.replayRequest(requestTo(origin.port, "GET", "/"));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  const size = 64 * MIB;
  server.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
  const piece = new Uint8Array(MIB);
  for (let sent = 0; sent < size; sent += piece.length) {
    if (!server.socket.write(piece)) await new Promise((resolve) => server.socket.once("drain", resolve));
  }
  const { body } = (await proxy.http()).response!;
  assert.deepEqual([body.length, body.kept], [size, 100_000]);
  assert.ok(proxy.store.bytes < MIB);
});

Deno.test("replay: an answer that a hook holds stops its origin", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  const hold = holdNext(proxy.hooks, "responseHead");
  proxy.proxy.replayRequest(requestTo(origin.port, "GET", "/"));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  server.send("HTTP/1.1 200 OK\r\n\r\n");
  const { flow } = await hold.held;
  const flood = await floodUntilStopped(server.socket);
  flood.stop();
  server.finish();
  hold.release();
  await proxy.http();
  assert.ok(flow.response!.body.length >= flood.bytes);
});
