import assert from "node:assert/strict";
import type { HttpFlow, TcpMessage } from "../../lib/flow/record.ts";
import type { MessageControl } from "../../lib/hooks/hooks.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { absolute, connectClient } from "../kit/raw_client.ts";
import { bytes, text } from "./hooks_holding.ts";

const UPGRADE = "Connection: Upgrade\r\nUpgrade: chat/1\r\n";
const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat/1\r\n\r\n";

/** An exchange whose origin has been asked to switch to another protocol. */
async function upgrading() {
  const origin = await startRawOrigin();
  const proxy = await startProxy();
  const client = await connectClient(proxy.port);
  client.send(absolute("GET", origin.port, "/chat", UPGRADE));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  return {
    proxy,
    client,
    server,
    async switched() {
      server.send(SWITCHING);
      assert.equal((await client.response()).status, 101);
    },
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
      await origin[Symbol.asyncDispose]();
    },
  };
}

/** The messages of a flow, as [direction, content]. */
const messages = (flow: HttpFlow) =>
  flow.messages?.map(({ fromClient, content }) => [fromClient ? ">" : "<", text(content)]);

Deno.test("101 to any protocol: both heads go through, then bytes both ways, recorded as messages of the flow", async () => {
  await using test = await upgrading();
  const { proxy, client, server } = test;
  assert.match(server.received, /^GET \/chat HTTP\/1\.1\r\n.*Connection: Upgrade\r\nUpgrade: chat\/1\r\n/s);
  await test.switched();
  client.send("\0\xffhello");
  await server.until("\0\xffhello");
  server.send("hi\x80");
  await client.until("hi\x80");
  client.finish();
  await server.end();
  server.finish();
  await client.end();
  const flow = await proxy.http();
  assert.equal(flow.response?.head.status, 101);
  assert.deepEqual(messages(flow), [[">", "\0\xffhello"], ["<", "hi\x80"]]);
  assert.deepEqual([flow.error, flow.messagesDropped], [null, 0]);
});

Deno.test("bytes that come with the 101, and those the client sent ahead of it, are not lost", async () => {
  await using test = await upgrading();
  const { client, server } = test;
  client.send("early");
  server.send(SWITCHING + "first");
  await client.until("first");
  await server.until((received) => received.endsWith("\r\n\r\nearly"));
});

Deno.test("the client's half-close goes through, and the origin's answer still comes, however late", async () => {
  await using test = await upgrading();
  const { proxy, client, server } = test;
  await test.switched();
  client.send("question");
  client.finish();
  await server.end();
  assert.ok(server.received.endsWith("question"));
  server.send("answer");
  await client.until("answer");
  server.send(" and more");
  await client.until("answer and more");
  server.finish();
  await client.end();
  assert.equal(await server.closed(), null);
  assert.equal((await proxy.http()).error, null);
});

Deno.test("the origin's half-close goes through, and the client's bytes still arrive", async () => {
  await using test = await upgrading();
  const { proxy, client, server } = test;
  await test.switched();
  server.send("farewell");
  server.finish();
  await client.end();
  assert.ok(client.received.endsWith("farewell"));
  client.send("late");
  await server.until((received) => received.endsWith("late"));
  client.finish();
  await server.end();
  assert.equal((await proxy.http()).error, null);
});

Deno.test("a reset on either side is a reset on the other", async () => {
  for (const resetting of ["client", "server"] as const) {
    await using test = await upgrading();
    await test.switched();
    const [from, to] = resetting === "client" ? [test.client, test.server] : [test.server, test.client];
    from.send("some");
    await to.until("some");
    from.reset();
    assert.equal(await to.closed(), "ECONNRESET");
    const flow = await test.proxy.http();
    assert.equal(flow.error?.by, resetting);
  }
});

Deno.test("a reset after a half-close is still a reset on the other side", async () => {
  for (const resetting of ["client", "server"] as const) {
    for (const first of ["from", "to"]) {
      await using test = await upgrading();
      await test.switched();
      const [from, to] = resetting === "client" ? [test.client, test.server] : [test.server, test.client];
      const [finishing, hearing] = first === "from" ? [from, to] : [to, from];
      finishing.finish();
      await hearing.end();
      from.reset();
      // After an end nothing more is read: who does not write does not hear of a reset.
      const write = () => {
        if (to.error === null && !to.socket.destroyed) to.socket.write("more", () => setImmediate(write));
      };
      if (first === "from") write();
      assert.match((await to.closed())!, /^(ECONNRESET|EPIPE)$/, `${resetting}, half-closed by ${first}`);
      assert.equal((await test.proxy.http()).error?.by, resetting);
    }
  }
});

Deno.test("tcpStart, tcpMessage and tcpEnd tell of the bytes, in order", async () => {
  await using test = await upgrading();
  const { proxy, client, server } = test;
  const told: string[] = [];
  proxy.hooks.on("tcpStart", (flow) => void told.push(`start ${flow.kind}`));
  proxy.hooks.on("tcpMessage", (_flow, message) => void told.push(text(message.content)));
  proxy.hooks.on("tcpEnd", () => void told.push("end"));
  proxy.hooks.on("httpEnded", () => void told.push("http ended"));
  await test.switched();
  client.send("ping");
  await server.until("ping");
  server.send("pong");
  await client.until("pong");
  client.finish();
  server.finish();
  await client.end();
  await proxy.http();
  assert.deepEqual(told, ["start http", "ping", "pong", "end", "http ended"]);
});

Deno.test("messages can be edited and dropped", async () => {
  await using test = await upgrading();
  const { proxy, client, server } = test;
  proxy.hooks.on("tcpMessage", (_flow, message, control) => {
    const content = text(message.content);
    if (content === "drop") control.drop();
    if (content === "edit") control.replace(bytes("edited"));
  });
  await test.switched();
  for (const [word, wanted] of [["pass", "pass"], ["edit", "passedited"]]) {
    client.send(word!);
    await server.until((received) => received.endsWith(`\r\n\r\n${wanted}`));
  }
  const seen = Promise.withResolvers<void>();
  proxy.hooks.on("tcpMessage", (_flow, message) => {
    if (text(message.content) === "drop") seen.resolve();
  });
  client.send("drop");
  await seen.promise;
  client.send("last");
  await server.until((received) => received.endsWith("\r\n\r\npasseditedlast"));
  client.finish();
  server.finish();
  await client.end();
  const flow = await proxy.http();
  assert.deepEqual(flow.messages?.map(({ edited, dropped }) => [edited, dropped]), [
    [false, false],
    [true, false],
    [false, true],
    [false, false],
  ]);
  assert.deepEqual(messages(flow), [[">", "pass"], [">", "edited"], [">", "drop"], [">", "last"]]);
});

Deno.test("a held message holds its own direction, in order, and not the other one", async () => {
  await using test = await upgrading();
  const { proxy, client, server } = test;
  const gate = Promise.withResolvers<void>();
  const holding = Promise.withResolvers<[flow: unknown, message: TcpMessage]>();
  proxy.hooks.on("tcpMessage", (flow, message) => {
    if (text(message.content) !== "held") return;
    holding.resolve([flow, message]);
    return gate.promise;
  });
  await test.switched();
  client.send("held");
  const [flow] = await holding.promise;
  assert.equal((flow as HttpFlow).held, true);
  client.send("behind");
  server.send("free");
  await client.until("free");
  assert.ok(server.received.endsWith("\r\n\r\n"));
  gate.resolve();
  await server.until((received) => received.endsWith("\r\n\r\nheldbehind"));
  assert.equal((flow as HttpFlow).held, false);
});

Deno.test("a held tcpStart holds both directions", async () => {
  await using test = await upgrading();
  const { proxy, client, server } = test;
  const gate = Promise.withResolvers<void>();
  const holding = Promise.withResolvers<void>();
  const told: string[] = [];
  proxy.hooks.on("tcpStart", () => {
    holding.resolve();
    return gate.promise.then(() => void told.push("started"));
  });
  proxy.hooks.on("tcpMessage", (_flow, message) => void told.push(text(message.content)));
  client.send("early");
  server.send(SWITCHING + "first");
  await holding.promise;
  // A round trip of someone else's: what could have gone on has gone on.
  await using other = await connectClient(proxy.port);
  other.send(absolute("GET", 1, "/"));
  assert.equal((await other.response()).status, 502);
  assert.ok(server.received.endsWith("\r\n\r\n"));
  assert.deepEqual(told, []);
  gate.resolve();
  await server.until((received) => received.endsWith("early"));
  await client.until("first");
  assert.equal(told[0], "started");
});

Deno.test("messages can be injected both ways, at any time, and are recorded as such", async () => {
  await using test = await upgrading();
  const { proxy, client, server } = test;
  const started = Promise.withResolvers<MessageControl>();
  proxy.hooks.on("tcpStart", (_flow, control) => started.resolve(control));
  await test.switched();
  const control = await started.promise;
  control.inject(true, bytes("to the client"));
  await client.until("to the client");
  control.inject(false, bytes("to the server"));
  await server.until("to the server");
  client.finish();
  server.finish();
  await client.end();
  const flow = await proxy.http();
  assert.deepEqual(messages(flow), [["<", "to the client"], [">", "to the server"]]);
  assert.ok(flow.messages!.every(({ injected }) => injected));
  // Too late: nothing is said of it, nothing happens.
  control.inject(true, bytes("late"));
  assert.equal(flow.messages!.length, 2);
});

Deno.test("a killed conversation is a reset on both sides", async () => {
  await using test = await upgrading();
  const { proxy, client, server } = test;
  proxy.hooks.on("tcpMessage", (_flow, message, control) => {
    if (text(message.content) === "kill") control.kill();
  });
  await test.switched();
  client.send("kill");
  assert.equal(await client.closed(), "ECONNRESET");
  assert.equal(await server.closed(), "ECONNRESET");
  assert.ok(!server.received.includes("kill"));
  const flow = await proxy.http();
  assert.deepEqual([flow.killed, flow.error?.code], [true, "killed"]);
});

Deno.test("a hook that makes an ordinary response of 101 ends it there, and the connection goes on", async () => {
  await using test = await upgrading();
  const { proxy, client, server } = test;
  proxy.hooks.on("responseHead", (flow) => {
    flow.response!.head.status = 403;
    flow.response!.head.reason = "No chat";
  });
  server.send(SWITCHING);
  const response = await client.response();
  assert.match(response.head, /^HTTP\/1\.1 403 No chat\r\n/);
  assert.equal(response.body, "");
  assert.equal(await server.closed(), "ECONNRESET");
  const flow = await proxy.http();
  assert.deepEqual([flow.edited, flow.error, flow.messages], [true, null, null]);
  client.send(absolute("GET", 1, "/x"));
  assert.equal((await client.response()).status, 502);
});

Deno.test("a hook that makes 101 of an ordinary response loses its own flow, nothing else", async () => {
  await using test = await upgrading();
  const { proxy, client, server } = test;
  proxy.hooks.on("responseHead", (flow) => void (flow.response!.head.status = 101));
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  assert.equal(await client.closed(), "ECONNRESET");
  assert.equal((await proxy.http()).error?.code, "internal");
});

Deno.test("a refused upgrade is an answer like any other, and the connection goes on", async () => {
  await using test = await upgrading();
  const { client, server } = test;
  server.send("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno");
  assert.equal((await client.response()).body, "no");
  client.send(absolute("GET", 1, "/x"));
  assert.equal((await client.response()).status, 502);
});

Deno.test("while switched, a reader that takes nothing stops its sender, and gets all of it in the end", async () => {
  await using test = await upgrading();
  const { client, server } = test;
  await test.switched();
  client.socket.pause();
  const size = 24 * 1024 * 1024;
  let written = false;
  server.socket.write(new Uint8Array(size).fill(0x61), () => written = true);
  // Many turns of the loop and of the proxy, in which all of it would go through if nothing stopped it.
  for (let round = 0; round < 20; round++) {
    client.send("x");
    const wanted = round + 1;
    await server.until((received) => received.endsWith("\r\n\r\n" + "x".repeat(wanted)));
  }
  assert.equal(written, false);
  let received = 0;
  client.socket.removeAllListeners("data");
  const all = Promise.withResolvers<void>();
  client.socket.on("data", (chunk: Uint8Array) => {
    received += chunk.length;
    if (received === size) all.resolve();
  });
  client.socket.resume();
  await all.promise;
  assert.equal(received, size);
});
