// What is in a tunnel is decided from its first bytes, however they come.

import assert from "node:assert/strict";
import { type OriginConnection, type RawOrigin, startRawOrigin } from "../kit/origins.ts";
import { type ProxyFixture, startProxy } from "../kit/proxy_fixture.ts";
import { sayHello } from "./tls_origins.ts";
import { type Client, connectClient, openTlsTunnel, openTunnel, soon } from "./tunnel_clients.ts";
import { startWireTap } from "./wire_tap.ts";

const HOST = "inside.example";

interface Tunnel extends AsyncDisposable {
  proxy: ProxyFixture;
  origin: RawOrigin;
  client: Client;
}

async function tunnel(
  settings: Parameters<typeof startProxy>[0] = {},
  onConnection: (connection: OriginConnection) => void = () => {},
): Promise<Tunnel> {
  const origin = await startRawOrigin({ onConnection });
  const proxy = await startProxy(settings);
  const client = await openTunnel(proxy.port, `127.0.0.1:${origin.port}`);
  return {
    proxy,
    origin,
    client,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
      await origin[Symbol.asyncDispose]();
    },
  };
}

/** One write for each byte. */
async function byteByByte(client: Client, text: string): Promise<void> {
  for (const character of text) {
    const byte = Uint8Array.of(character.charCodeAt(0));
    await new Promise<void>((resolve) => client.socket.write(byte, () => resolve()));
  }
}

Deno.test("sniff: HTTP in a plain tunnel, several requests on one connection to the origin", async () => {
  await using parts = await tunnel({}, sayHello);
  const { proxy, origin, client } = parts;
  for (const path of ["/one", "/two", "/three"]) {
    const before = client.received.length;
    client.send(`GET ${path} HTTP/1.1\r\nHost: in.example\r\nX-Case: Kept\r\n\r\n`);
    await client.until((received) => received.slice(before).endsWith("hello"));
    const flow = await proxy.http(({ request }) => request.head.path === path);
    assert.deepEqual([flow.scheme, flow.host, flow.port], ["http", "127.0.0.1", origin.port]);
  }
  assert.equal(origin.connections.length, 1, "the one that was dialed for the tunnel");
  // RFC 9110, 7.6.1: a tunnel's messages are not the proxy's: bytes go as they came.
  assert.match(
    (await origin.connection()).received,
    /^GET \/one HTTP\/1\.1\r\nHost: in\.example\r\nX-Case: Kept\r\n\r\n/,
  );
});

for (
  const [what, request] of [
    ["a common method", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"],
    ["another method", "X-METHOD /x HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["empty lines first", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["a method that begins like the preface of HTTP/2", "PRINT /x HTTP/1.1\r\nHost: a\r\n\r\n"],
  ] as const
) {
  Deno.test(`sniff: HTTP byte by byte: ${what}`, async () => {
    await using parts = await tunnel({}, (connection) => {
      connection.until((received) => received.includes("\r\n\r\n")).then(
        () => connection.send("HTTP/1.1 204 No Content\r\n\r\n"),
        () => {},
      );
    });
    await byteByByte(parts.client, request);
    await parts.client.until("204");
    const flow = await parts.proxy.http();
    assert.equal(flow.request.head.method, /[A-Z-]+/.exec(request)![0]);
  });
}

for (
  const [what, first] of [
    ["binary", "\x00\x01\x02\x03"],
    ["SMTP from the client", "EHLO client.example\r\n"],
    ["JSON", '{"jsonrpc": "2.0"}\n'],
    ["not quite TLS", "\x16\x03\x09\x00\x00"],
    ["not quite HTTP", "GET / HTTTP/1.1\r\n\r\n".replace("GET ", "GOT ")],
    ["MQTT", "\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00"],
  ] as const
) {
  Deno.test(`sniff: ${what} is raw TCP, at once or byte by byte`, async () => {
    for (const slowly of [false, true]) {
      await using parts = await tunnel();
      const { proxy, origin, client } = parts;
      if (slowly) await byteByByte(client, first);
      else client.send(first);
      const server = await origin.connection();
      assert.equal(await server.until(first), first);
      server.send("answer");
      await client.until("answer");
      client.finish();
      server.finish();
      const flow = await proxy.tcp();
      assert.equal(flow.tls, false);
      assert.equal(flow.messages.filter(({ fromClient }) => !fromClient).length, 1);
    }
  });
}

Deno.test("sniff: TLS byte by byte", async () => {
  await using origin = await startRawOrigin({ tls: { names: [HOST] }, onConnection: sayHello });
  await using proxy = await startProxy({
    resolve: [{ host: HOST, port: 443, address: "127.0.0.1", toPort: origin.port }],
  });
  await using wire = await startWireTap(proxy.port, true);
  await using client = await openTlsTunnel(wire.port, `${HOST}:443`, {
    serverName: HOST,
    ca: proxy.authority.certificatePem,
  });
  client.send("GET /slow HTTP/1.1\r\nHost: inside.example\r\n\r\n");
  await client.until("hello");
  assert.equal((await proxy.http()).request.head.path, "/slow");
});

Deno.test("sniff: bytes that could still become a request wait for a while, then go on as they are", async () => {
  await using parts = await tunnel();
  const { proxy, origin, client } = parts;
  const started = performance.now();
  client.send("SSH-2.0-client_without_a_line_end");
  const server = await origin.connection();
  await server.until("SSH-2.0-client_without_a_line_end");
  // SNIFF_TIME.
  assert.ok(performance.now() - started >= 1_900);
  client.finish();
  server.finish();
  assert.equal((await proxy.tcp()).messages.length, 1);
});

Deno.test("sniff: undecided bytes, then the server speaks: raw TCP, and nothing is lost", async () => {
  await using parts = await tunnel();
  const { origin, client } = parts;
  client.send("SSH-2.0-client");
  const server = await origin.connection();
  // The client's bytes may still be on their way: whichever comes first decides the same.
  server.send("SSH-2.0-server\r\n");
  await client.until("SSH-2.0-server\r\n");
  client.send("\r\n");
  assert.equal(await server.until("\r\n"), "SSH-2.0-client\r\n");
});

Deno.test("sniff: undecided bytes, then the client's end: raw TCP, the end included", async () => {
  await using parts = await tunnel();
  const { origin, client } = parts;
  client.send("QUIT");
  client.finish();
  const server = await origin.connection();
  await server.end();
  assert.equal(server.received, "QUIT");
  server.send("221 bye");
  server.finish();
  await client.end();
  assert.equal(client.received, "221 bye");
});

Deno.test("sniff: the server closes before anybody has spoken", async () => {
  await using parts = await tunnel({}, (connection) => connection.finish());
  await parts.client.end();
  parts.client.finish();
  const flow = await parts.proxy.tcp();
  assert.deepEqual([flow.error, flow.messages], [null, []]);
});

Deno.test("sniff: the server resets before anybody has spoken", async () => {
  await using parts = await tunnel();
  (await parts.origin.connection()).reset();
  assert.equal(await parts.client.closed(), "ECONNRESET");
  assert.equal((await parts.proxy.tcp()).error?.by, "server");
});

Deno.test("sniff: nobody says anything: closed after the stall timeout", async () => {
  await using parts = await tunnel({ stallTimeout: 300 });
  const started = performance.now();
  await parts.client.closed();
  const took = performance.now() - started;
  // Once while it is looked at, once more as raw TCP; the deadlines tick four times a second.
  assert.ok(took >= 300 && took < 2_000, `${took} ms`);
  const flow = await parts.proxy.tcp();
  assert.equal(flow.error?.code, "stalled");
  assert.equal(flow.error.message, "nothing moved for 0.3 s (--stall-timeout): closed");
  const server = await parts.origin.connection();
  await server.closed();
});

Deno.test("sniff: at the proxy's port nobody says anything: closed after the idle timeout", async () => {
  await using proxy = await startProxy({ idleTimeout: 100 });
  const gone = new Promise<void>((resolve) => proxy.hooks.on("clientDisconnected", () => resolve()));
  await using client = await connectClient(proxy.port);
  await client.end();
  assert.equal(client.received, "");
  await soon(gone, "clientDisconnected");
});

Deno.test("sniff: TLS inside of intercepted TLS is raw", async () => {
  await using origin = await startRawOrigin({ tls: { names: [HOST] } });
  await using proxy = await startProxy({
    resolve: [{ host: HOST, port: 443, address: "127.0.0.1", toPort: origin.port }],
  });
  await using client = await openTlsTunnel(proxy.port, `${HOST}:443`, {
    serverName: HOST,
    ca: proxy.authority.certificatePem,
  });
  client.send("\x16\x03\x01\x00\x05hello");
  const server = await origin.connection();
  await server.until("\x16\x03\x01\x00\x05hello");
  server.send("back");
  await client.until("back");
  client.finish();
  server.finish();
  assert.equal((await proxy.tcp()).tls, true);
});

Deno.test("sniff: garbage at the proxy's port is answered in HTTP", async () => {
  await using proxy = await startProxy();
  for (
    const garbage of ["\x00\x01\x02\r\n\r\n", "\x04\x01\x00\x50\x7f\x00\x00\x01\r\n\r\n", "hello\r\n\r\n"]
  ) {
    await using client = await connectClient(proxy.port);
    client.send(garbage);
    await client.end();
    assert.match(client.received, /^HTTP\/1\.1 400 /);
  }
});

Deno.test("sniff: clients that vanish as they come trouble nobody", async () => {
  await using parts = await tunnel({}, sayHello);
  const { proxy, origin, client } = parts;
  for (let round = 0; round < 10; round++) {
    const others = await Promise.all(Array.from({ length: 5 }, () => connectClient(proxy.port)));
    for (const [index, other] of others.entries()) {
      if (index > 0) other.send("CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n\x16\x03\x01\x05".slice(0, index * 12));
      if (index % 2 === 0) other.reset();
      else other.socket.destroy();
    }
    await Promise.all(others.map((other) => other.closed()));
  }
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.until("hello");
  assert.equal(origin.connections.length, 1);
  assert.deepEqual(proxy.logs.filter(({ code }) => code === "internal"), []);
});
