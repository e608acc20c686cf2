// A WebSocket through the whole proxy over sockets: in every mode the bytes and the end are those of the peers.

import assert from "node:assert/strict";
import { deflateRawSync } from "node:zlib";
import { latin1Decode, latin1Encode } from "../../lib/bytes/latin1.ts";
import type { Settings } from "../../lib/proxy/settings.ts";
import { type OriginConnection, startRawOrigin } from "../kit/origins.ts";
import { type ProxyFixture, startProxy } from "../kit/proxy_fixture.ts";
import { fromClient, fromServer, joined, RSV1, wordsOf } from "../kit/websocket_frames.ts";
import { type Client, connectClient, openTlsTunnel, openTunnel } from "./tunnel_clients.ts";
import { switching, upgradeRequest } from "./websocket_in_memory.ts";

interface Way {
  name: string;
  tls: boolean;
  settings(port: number): Partial<Settings>;
  connect(proxy: ProxyFixture, port: number): Promise<Client>;
  /** The request's target. */
  target(port: number): string;
}

const origin = () => "/chat";
const ways: Way[] = [
  {
    name: "explicit",
    tls: false,
    settings: () => ({}),
    connect: ({ port }) => connectClient(port),
    target: (port) => `http://127.0.0.1:${port}/chat`,
  },
  {
    name: "tunnel",
    tls: false,
    settings: () => ({}),
    connect: (proxy, port) => openTunnel(proxy.port, `127.0.0.1:${port}`),
    target: origin,
  },
  {
    name: "tunnel with TLS",
    tls: true,
    settings: () => ({}),
    connect: (proxy, port) =>
      openTlsTunnel(proxy.port, `127.0.0.1:${port}`, {
        serverName: "localhost",
        ca: proxy.authority.certificatePem,
      }),
    target: origin,
  },
  {
    name: "reverse",
    tls: false,
    settings: (port) => ({ mode: { kind: "reverse", scheme: "http", host: "127.0.0.1", port } }),
    connect: ({ port }) => connectClient(port),
    target: origin,
  },
];
const plain = ways.filter(({ tls }) => !tls);

/** What came behind the handshake. */
const raw = ({ received }: OriginConnection): string => received.slice(received.indexOf("\r\n\r\n") + 4);
const heard = (peer: OriginConnection): string[] => wordsOf(latin1Encode(raw(peer)));
const until = (peer: OriginConnection, ...frames: Uint8Array[]) => {
  const wanted = latin1Decode(joined(frames));
  return peer.until(() => raw(peer) === wanted);
};
const hears = (peer: OriginConnection, words: string) => peer.until(() => heard(peer).at(-1) === words);

interface Opened extends AsyncDisposable {
  proxy: ProxyFixture;
  client: Client;
  server: OriginConnection;
  /** Another one through the same proxy to the same origin. */
  another(extensions?: string): Promise<{ client: Client; server: OriginConnection }>;
}

async function open(way: Way, extensions = ""): Promise<Opened> {
  await using stack = new AsyncDisposableStack();
  const peer = stack.use(await startRawOrigin(way.tls ? { tls: { names: ["localhost", "127.0.0.1"] } } : {}));
  const proxy = stack.use(await startProxy(way.settings(peer.port)));
  const clients = stack.use(new AsyncDisposableStack());
  let opened = 0;
  const another = async (extensions = "") => {
    const client = clients.use(await way.connect(proxy, peer.port));
    client.send(upgradeRequest().replace("/chat", way.target(peer.port)));
    const server = await peer.connection(opened++);
    await server.until("\r\n\r\n");
    server.send(switching(extensions === "" ? "" : `Sec-WebSocket-Extensions: ${extensions}\r\n`));
    await client.until("\r\n\r\n");
    return { client, server };
  };
  const first = await another(extensions);
  const all = stack.move();
  return { proxy, ...first, another, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

for (const way of ways) {
  Deno.test(`websocket over sockets, ${way.name}: byte for byte both ways, and closed in good order`, async () => {
    await using opened = await open(way);
    const { proxy, client, server } = opened;
    const up = [fromClient.text("Hello"), fromClient.binary("x".repeat(70_000), { more: true })];
    const down = [fromServer.text("World", { more: true }), fromServer.continuation("\xe2\x82\xac")];
    client.send(joined(up));
    for (const byte of joined(down)) server.send(Uint8Array.of(byte));
    await until(server, ...up);
    await until(client, ...down);
    client.send(fromClient.continuation(""));
    client.send(fromClient.ping("?"));
    await hears(client, 'pong "?"');
    await hears(server, 'ping ""');
    server.send(fromServer.close(4000, "bye"));
    await hears(client, 'close 4000 "bye"');
    client.send(fromClient.close(4000, "bye"));
    await hears(server, 'close 4000 "bye"');
    await client.end();
    server.finish();
    client.finish();
    assert.deepEqual([await client.closed(), await server.closed()], [null, null]);
    const flow = await proxy.http();
    assert.deepEqual([flow.error, flow.closedBy, flow.messages], [null, "server", null]);
    const { messages, close } = flow.websocket!;
    assert.deepEqual([close?.code, close?.reason, close?.by], [4000, "bye", "server"]);
    assert.deepEqual(
      messages.map(({ type, body }) => `${type} ${body.length}`).toSorted(),
      ["binary 70000", "ping 1", "text 5", "text 8"],
    );
  });
}

for (const way of plain) {
  for (const resetting of ["client", "server"] as const) {
    Deno.test(`websocket over sockets, ${way.name}: a reset by the ${resetting} is a reset on the other side`, async () => {
      await using opened = await open(way);
      const { proxy, client, server } = opened;
      const [from, to] = resetting === "client" ? [client, server] : [server, client];
      from.send((resetting === "client" ? fromClient : fromServer).text("x"));
      await hears(to, 'text "x"');
      from.reset();
      assert.equal(await to.closed(), "ECONNRESET");
      const flow = await proxy.http();
      assert.deepEqual([flow.error?.by, flow.websocket?.close?.code], [resetting, 1006]);
    });

    Deno.test(`websocket over sockets, ${way.name}: an end by the ${resetting} without a Close frame is one on the other side`, async () => {
      await using opened = await open(way);
      const { proxy, client, server } = opened;
      const [from, to] = resetting === "client" ? [client, server] : [server, client];
      from.send((resetting === "client" ? fromClient : fromServer).text("x", { more: true }));
      from.finish();
      await to.end();
      assert.deepEqual([heard(to), to.error], [['text more "x"'], null]);
      to.finish();
      assert.deepEqual([await from.closed(), await to.closed()], [null, null]);
      const { websocket, error } = await proxy.http();
      assert.deepEqual([websocket?.close?.code, websocket?.close?.by, error], [1006, resetting, null]);
    });

    Deno.test(`websocket over sockets, ${way.name}: a reset by the ${resetting} behind both Close frames is no fault`, async () => {
      await using opened = await open(way);
      const { proxy, client, server } = opened;
      client.send(fromClient.close(1000));
      await hears(server, 'close 1000 ""');
      server.send(fromServer.close(1000));
      await hears(client, 'close 1000 ""');
      if (resetting === "server") server.reset();
      else client.reset();
      if (resetting === "server") client.finish();
      else server.finish();
      const { websocket, error } = await proxy.http();
      assert.deepEqual([websocket?.close?.code, websocket?.close?.by, error], [1000, "client", null]);
      assert.deepEqual(proxy.logs, []);
    });
  }
}

const [explicit, tunnel] = [ways[0]!, ways[1]!];

Deno.test("websocket over sockets: a client that closes and goes, without waiting for an answer", async () => {
  await using opened = await open(explicit);
  const { proxy, client, server } = opened;
  client.send(joined([fromClient.text("last"), fromClient.close(1001, "gone")]));
  client.socket.end(() => client.socket.destroy());
  await hears(server, 'close 1001 "gone"');
  server.send(fromServer.close(1001, "gone"));
  server.finish();
  await server.closed();
  const { websocket, error } = await proxy.http();
  assert.deepEqual([websocket?.close?.code, websocket?.close?.by, error], [1001, "client", null]);
});

Deno.test("websocket over sockets: a fault ends its own connection; others, and the proxy, go on", async () => {
  await using opened = await open(tunnel);
  const { proxy, client, server, another } = opened;
  const other = await another();
  client.send(fromClient.text("x", { key: null }));
  await hears(server, 'close 1001 ""');
  server.send(fromServer.close(1001));
  await client.end();
  assert.match(
    heard(client).join(),
    /^close 1002 "A frame from a client that is not masked \(RFC 6455, 5\.1\)"$/,
  );
  other.client.send(fromClient.text("still"));
  await hears(other.server, 'text "still"');
  other.server.send(fromServer.text("here"));
  await hears(other.client, 'text "here"');
  client.finish();
  server.finish();
  const flow = await proxy.http();
  assert.deepEqual([flow.error?.code, flow.error?.by], ["unmasked-frame", "client"]);
  const third = await another();
  third.client.send(fromClient.text("new"));
  await hears(third.server, 'text "new"');
});

Deno.test("websocket over sockets: while a deflate bomb goes off, another connection has its echo", async () => {
  await using opened = await open(tunnel, "permessage-deflate");
  const { proxy, client, server, another } = opened;
  const other = await another();
  const large = 64 * 1024 * 1024;
  const bomb = deflateRawSync(new Uint8Array(large), { finishFlush: 2, level: 9 }).subarray(0, -4);
  const exploded = Promise.withResolvers<void>();
  proxy.hooks.on("websocketMessage", (_flow, { body }) => {
    if (body.length === large) exploded.resolve();
  });
  const begun = Promise.withResolvers<() => boolean>();
  proxy.hooks.on("websocketMessage", () => {}, {
    holdMessage: (_flow, message) => {
      if (message.compressed) begun.resolve(() => message.endedAt === null);
      return false;
    },
  });
  client.send(fromClient.binary(bomb, { reserved: RSV1 }));
  const isUnderWay = await begun.promise;
  other.client.send(fromClient.text("echo?"));
  await hears(other.server, 'text "echo?"');
  other.server.send(fromServer.text("echo!"));
  await hears(other.client, 'text "echo!"');
  assert.equal(isUnderWay(), true);
  await exploded.promise;
  await server.until(() => raw(server).length === bomb.length + 14 - (bomb.length < 65_536 ? 6 : 0));
});
