// How tunnels in an HTTP/2 connection end (RFC 9113, 8.5): each alone, or all with their connection.

import assert from "node:assert/strict";
import { CODE, data, FLAG, headers, readUint32, resetStream, TYPE } from "../kit/http2_frames.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { connectFields, connectHttp2 } from "./http2_clients.ts";
import { echo, Session } from "./http2_tunnels.ts";
import { sayHello } from "./tls_origins.ts";
import { soon } from "./tunnel_clients.ts";

Deno.test("connect over h2: half-close in both directions", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using session = new Session(proxy, false);
  const clientFirst = await session.tunnel(`127.0.0.1:${origin.port}`);
  clientFirst.send("\0ask");
  clientFirst.finish();
  const one = await origin.connection(0);
  await one.end();
  assert.equal(one.received, "\0ask");
  one.send("answer");
  one.finish();
  await clientFirst.end();
  assert.equal(clientFirst.received, "answer");

  const serverFirst = await session.tunnel(`127.0.0.1:${origin.port}`);
  const two = await origin.connection(1);
  two.send("greeting");
  two.finish();
  await serverFirst.end();
  assert.equal(serverFirst.received, "greeting");
  serverFirst.send("\0bye");
  serverFirst.finish();
  await two.end();
  assert.equal(two.received, "\0bye");
  const flows = [
    await proxy.tcp(({ closedBy }) => closedBy === "client"),
    await proxy.tcp(({ closedBy }) => closedBy === "server"),
  ];
  assert.deepEqual(flows.map(({ error }) => error), [null, null]);
});

Deno.test("connect over h2: a reset of the stream is a reset for the origin, and the other way round", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using wire = await connectHttp2(proxy.port);
  const target = connectFields(`127.0.0.1:${origin.port}`);
  wire.send(headers(1, target), data(1, "\0one"));
  await (await origin.connection(0)).until("\0one");
  wire.send(resetStream(1, CODE.CANCEL));
  assert.equal(await (await origin.connection(0)).closed(), "ECONNRESET");
  const byClient = await proxy.tcp();
  assert.deepEqual([byClient.error?.by, byClient.error?.code], ["client", "reset"]);

  wire.send(headers(3, target), data(3, "\0two"));
  await (await origin.connection(1)).until("\0two");
  (await origin.connection(1)).reset();
  const over = await wire.over(3);
  // RFC 9113, 8.5
  assert.deepEqual([over.type, readUint32(over.payload, 0)], [TYPE.RST_STREAM, CODE.CONNECT_ERROR]);
  assert.equal((await proxy.tcp(({ error }) => error?.by === "server")).error?.code, "reset");
  assert.equal(wire.frames.some(({ type }) => type === TYPE.GOAWAY), false);
});

Deno.test("connect over h2: taken back before the dial is done: what was dialed is closed", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  const gate = Promise.withResolvers<void>();
  const dialing = Promise.withResolvers<void>();
  const closed = new Promise<void>((resolve) => proxy.hooks.on("serverDisconnected", () => resolve()));
  proxy.hooks.on("serverConnecting", () => {
    dialing.resolve();
    return gate.promise;
  });
  await using wire = await connectHttp2(proxy.port);
  wire.send(headers(1, connectFields(`127.0.0.1:${origin.port}`)));
  await dialing.promise;
  wire.send(
    resetStream(1, CODE.CANCEL),
    ...[3].map((stream) => headers(stream, connectFields("example.com"))),
  );
  await wire.over(3);
  gate.resolve();
  await soon(closed, "serverDisconnected");
  assert.equal((await origin.connection()).received, "");
  assert.equal(wire.frames.some(({ stream }) => stream === 1), false);
});

Deno.test("connect over h2: the client's connection ends, and with it all its tunnels", async () => {
  for (const how of ["reset", "closed"] as const) {
    await using origin = await startRawOrigin();
    await using proxy = await startProxy();
    await using wire = await connectHttp2(proxy.port);
    for (const stream of [1, 3]) {
      wire.send(headers(stream, connectFields(`127.0.0.1:${origin.port}`)), data(stream, "\0x"));
    }
    for (const index of [0, 1]) await (await origin.connection(index)).until("\0x");
    if (how === "reset") wire.socket.resetAndDestroy();
    else wire.socket.destroy();
    for (const index of [0, 1]) await (await origin.connection(index)).closed();
    await proxy.tcp();
    await proxy.tcp(() => proxy.ended.length === 2);
    assert.deepEqual(proxy.ended.map(({ error }) => error?.by), ["client", "client"]);
    assert.deepEqual(proxy.logs.filter(({ level }) => level === "error"), []);
  }
});

Deno.test("connect over h2: the proxy stops: all tunnels end", async () => {
  await using origin = await startRawOrigin();
  await using web = await startRawOrigin({ onConnection: sayHello });
  await using proxy = await startProxy();
  await using wire = await connectHttp2(proxy.port);
  wire.send(headers(1, connectFields(`127.0.0.1:${origin.port}`)), data(1, "\0x"));
  const server = await origin.connection();
  await server.until("\0x");
  // HTTP in a tunnel, between two requests: it has nothing to finish.
  wire.send(headers(3, connectFields(`127.0.0.1:${web.port}`)), data(3, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  await wire.frame(({ type, stream }) => type === TYPE.DATA && stream === 3);
  const stopped = proxy.proxy.stop(600);
  await wire.frame(({ type }) => type === TYPE.GOAWAY);
  assert.notEqual((await wire.over(3)).flags & FLAG.END_STREAM, 0, "in good order");
  await stopped;
  assert.equal(await server.closed(), "ECONNRESET");
  await wire.closed();
  assert.equal((await proxy.tcp()).error?.code, "stopped");
  assert.equal(proxy.proxy.connections, 0);
});

Deno.test("connect over h2: a connection with a tunnel is not idle; without one it is", async () => {
  await using origin = await startRawOrigin({ onConnection: echo });
  await using proxy = await startProxy({ idleTimeout: 300 });
  await using wire = await connectHttp2(proxy.port);
  wire.send(headers(1, connectFields(`127.0.0.1:${origin.port}`)), data(1, "\0x"));
  await wire.frame(({ type, stream }) => type === TYPE.DATA && stream === 1);
  const idle = await connectHttp2(proxy.port);
  await idle.closed();
  assert.equal(wire.frames.some(({ type }) => type === TYPE.GOAWAY), false);
  wire.send(data(1, "", { end: true }));
  await wire.over(1);
  await wire.frame(({ type }) => type === TYPE.GOAWAY);
  await wire.closed();
});

Deno.test("connect over h2: a tunnel on which nothing moves ends alone", async () => {
  await using origin = await startRawOrigin({ onConnection: echo });
  await using proxy = await startProxy({ stallTimeout: 700 });
  await using wire = await connectHttp2(proxy.port);
  const target = connectFields(`127.0.0.1:${origin.port}`);
  wire.send(headers(1, target), data(1, "\0x"), headers(3, target), data(3, "\0x"));
  await Promise.all(
    [1, 3].map((on) => wire.frame(({ type, stream }) => type === TYPE.DATA && stream === on)),
  );
  const moving = setInterval(() => wire.send(data(3, "x")), 50);
  try {
    assert.equal((await wire.over(1)).type, TYPE.RST_STREAM);
  } finally {
    clearInterval(moving);
  }
  assert.equal((await proxy.tcp()).error?.code, "stalled");
  wire.send(data(3, "", { end: true }));
  assert.equal((await wire.over(3)).type, TYPE.DATA);
});
