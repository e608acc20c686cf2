// Conversations of raw TCP sent again through the whole proxy, plain and over TLS.

import assert from "node:assert/strict";
import type { TcpFlow } from "../../lib/flow/record.ts";
import type { MessageControl } from "../../lib/hooks/hooks.ts";
import type { ReplayTcp } from "../../lib/proxy/replay_tcp.ts";
import { type RawOrigin, startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { difference, pattern } from "../net/socket_pairs.ts";
import { converse, HOST, kinds } from "./conversation.ts";
import { bytes, text } from "./hooks_holding.ts";
import { conversationOf, nextTcp, saidUntilStopped, sayTo } from "./replay_flows.ts";
import { makeCertificate, startTlsOrigin } from "./tls_origins.ts";

const isReplayed = (flow: TcpFlow) => flow.replayed;

function start(tls: boolean): Promise<RawOrigin> {
  return startRawOrigin(tls ? { tls: { names: ["127.0.0.1"] } } : {});
}

function said(flow: TcpFlow): [boolean, string][] {
  return flow.messages.map(({ fromClient, content }) => [fromClient, text(content)]);
}

for (const [name, tls] of kinds) {
  const say = (port: number, chunks: string[], endsAfter = false): ReplayTcp => {
    return { ...sayTo(port, chunks, endsAfter), tls };
  };

  Deno.test(`replay tcp, ${name}: a recorded conversation is had again, as a flow of its own`, async () => {
    await using conversation = await converse({ tls });
    const { proxy, client, server, origin } = conversation;
    client.send("one");
    await server.until("one");
    server.send("1");
    await client.until("1");
    client.send("two");
    await server.until("onetwo");
    server.finish();
    client.finish();
    const flow = await proxy.tcp();
    const events: string[] = [];
    for (const point of ["tcpStart", "tcpMessage", "tcpEnd", "serverConnected"] as const) {
      proxy.hooks.on(point, () => void events.push(point));
    }
    assert.equal(proxy.proxy.replayTcp(conversationOf(flow)), null);
    assert.deepEqual([proxy.proxy.replays, proxy.proxy.connections], [1, 0]);
    const again = await origin.connection(1);
    await again.until("onetwo");
    again.send("other");
    again.finish();
    const replayed = await proxy.tcp(isReplayed);
    assert.deepEqual(said(replayed), [[true, "one"], [true, "two"], [false, "other"]]);
    assert.deepEqual([replayed.error, replayed.closedBy, replayed.tls, replayed.host], [
      null,
      "server",
      tls,
      HOST,
    ]);
    assert.deepEqual([replayed.bytesFromClient, replayed.bytesFromServer], [6, 5]);
    assert.equal(replayed.server?.tls?.serverName ?? null, tls ? HOST : null);
    assert.deepEqual(replayed.client.remote, { host: "replay", port: 0 });
    assert.deepEqual(events, [
      "serverConnected",
      "tcpStart",
      "tcpMessage",
      "tcpMessage",
      "tcpMessage",
      "tcpEnd",
    ]);
    assert.deepEqual([flow.replayed, proxy.proxy.replays, proxy.hookErrors], [false, 0, []]);
  });

  Deno.test(`replay tcp, ${name}: with an end behind its last chunk it half-closes, and hears all of the answer`, async () => {
    await using origin = await start(tls);
    await using proxy = await startProxy();
    proxy.proxy.replayTcp(say(origin.port, ["a", "b"], true));
    const server = await origin.connection();
    await server.end();
    assert.equal(server.received, "ab");
    server.send("still ");
    server.send("here");
    server.finish();
    const flow = await proxy.tcp();
    assert.deepEqual([flow.error, flow.closedBy, flow.bytesFromServer], [null, "client", 10]);
    assert.equal(await server.closed(), null);
  });

  Deno.test(`replay tcp, ${name}: a server that speaks first is heard, and so is one that says all there is`, async () => {
    await using origin = await startRawOrigin({
      ...tls ? { tls: { names: ["127.0.0.1"] } } : {},
      onConnection: (connection) => connection.send("220 ready\r\n"),
    });
    await using proxy = await startProxy();
    proxy.proxy.replayTcp(say(origin.port, ["QUIT\r\n"]));
    const server = await origin.connection();
    await server.until("QUIT\r\n");
    server.finish();
    await server.end();
    const flow = await proxy.tcp();
    assert.deepEqual(said(flow).sort(), [[false, "220 ready\r\n"], [true, "QUIT\r\n"]]);
    // There is nothing to say at all.
    proxy.proxy.replayTcp(say(origin.port, []));
    const silent = await origin.connection(1);
    silent.finish();
    assert.deepEqual(said(await proxy.tcp((one) => one !== flow)), [[false, "220 ready\r\n"]]);
  });

  Deno.test(`replay tcp, ${name}: many chunks go in order, no faster than the server reads them`, async () => {
    await using origin = await startRawOrigin({
      ...tls ? { tls: { names: ["127.0.0.1"] } } : {},
      onConnection: ({ socket }) => socket.pause(),
    });
    await using proxy = await startProxy({ captureLimit: 1000 });
    const size = 48 * 1024 * 1024;
    const all = pattern(size, 3);
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < size; at += 50_000) chunks.push(all.subarray(at, at + 50_000));
    const started = nextTcp(proxy.hooks);
    proxy.proxy.replayTcp({ ...sayTo(origin.port, chunks, true), tls });
    const { socket } = await origin.connection();
    const flow = await started;
    const taken = await saidUntilStopped(() => flow.bytesFromClient);
    assert.ok(taken < size / 2, `${taken} bytes were said`);
    const received: Uint8Array[] = [];
    socket.removeAllListeners("data");
    socket.on("data", (chunk: Uint8Array) => received.push(chunk.slice()));
    const ended = new Promise<void>((resolve) => socket.on("end", () => resolve()));
    socket.resume();
    await ended;
    const got = new Uint8Array(received.reduce((sum, { length }) => sum + length, 0));
    let filled = 0;
    for (const piece of received) {
      got.set(piece, filled);
      filled += piece.length;
    }
    assert.equal(difference(got, all), null);
    socket.end();
    const { error, bytesFromClient, messagesDropped } = await proxy.tcp();
    assert.deepEqual([error, bytesFromClient, messagesDropped], [null, size, chunks.length - 1]);
  });
}

Deno.test("replay tcp: messages can be held, edited and injected, and the flow killed", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  const release = Promise.withResolvers<void>();
  const held = Promise.withResolvers<MessageControl>();
  proxy.hooks.on("tcpMessage", (_flow, { content, fromClient }, control) => {
    if (!fromClient || text(content) !== "b") return;
    control.replace(bytes("B"));
    held.resolve(control);
    return release.promise;
  });
  proxy.proxy.replayTcp(sayTo(origin.port, ["a", "b", "c"]));
  const control = await held.promise;
  const server = await origin.connection();
  await server.until("a");
  server.send("meanwhile");
  assert.equal(server.received, "a");
  control.inject(false, bytes("!"));
  await server.until("a!");
  release.resolve();
  await server.until("a!Bc");
  control.kill();
  assert.equal(await server.closed(), "ECONNRESET");
  const flow = await proxy.tcp();
  assert.deepEqual([flow.killed, flow.error?.code, proxy.proxy.replays], [true, "killed", 0]);
});

Deno.test("replay tcp: a server that resets is recorded as one that did", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  proxy.proxy.replayTcp(sayTo(origin.port, ["a"]));
  const server = await origin.connection();
  await server.until("a");
  server.reset();
  const { error, closedBy } = await proxy.tcp();
  assert.deepEqual([error?.by, error?.code, closedBy], ["server", "reset", "server"]);
});

Deno.test("replay tcp: a server that cannot be reached or trusted makes a flow with the error, and a line in the log", async () => {
  await using proxy = await startProxy();
  let port = 0;
  {
    await using origin = await startRawOrigin();
    port = origin.port;
  }
  proxy.proxy.replayTcp(sayTo(port, ["a"]));
  const flow = await proxy.tcp();
  assert.deepEqual([flow.replayed, flow.error?.by, flow.error?.code], [true, "server", "refused"]);
  assert.deepEqual([flow.messages, flow.server, flow.endedAt !== null], [[], null, true]);
  const entry = await proxy.log("replay-failed");
  assert.match(entry.message, new RegExp(`^replay to 127.0.0.1:${port}: .*refused`));
  assert.equal(entry.client?.remote.host, "replay");
  const { cert, key } = await makeCertificate({ names: ["127.0.0.1"] });
  await using origin = await startTlsOrigin({ cert, key }, () => {});
  proxy.proxy.replayTcp({ ...sayTo(origin.port, ["a"]), tls: true });
  const other = await proxy.tcp((one) => one !== flow);
  assert.deepEqual([other.error?.code, other.tls, other.server?.remote.port], [
    "tls-verification",
    true,
    origin.port,
  ]);
  assert.equal(proxy.proxy.replays, 0);
});
