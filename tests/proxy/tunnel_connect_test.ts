// CONNECT to the proxy (RFC 9110, 9.3.6): accepted after the dial, refused with a reason, and what happens around it.

import assert from "node:assert/strict";
import net from "node:net";
import { startRawOrigin } from "../kit/origins.ts";
import { type ProxyFixture, startProxy } from "../kit/proxy_fixture.ts";
import { sayHello } from "./tls_origins.ts";
import { type Client, connectClient, connectTls, openTunnel, soon } from "./tunnel_clients.ts";

function connect(target: string, fields = ""): string {
  return `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${fields}\r\n`;
}

/** Waits for one complete answer behind `before` bytes of others. */
async function answer(client: Client, before = 0): Promise<{ status: number; text: string }> {
  const text = (await client.until((received) => {
    const head = received.indexOf("\r\n\r\n", before);
    if (head < 0) return false;
    const length = /\r\ncontent-length: (\d+)/i.exec(received.slice(before, head))?.[1];
    return received.length >= head + 4 + Number(length ?? 0);
  })).slice(before);
  return { status: Number(text.split(" ")[1]), text };
}

async function closedPort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

Deno.test("connect: the 200 comes after the dial, and says nothing about a length", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  let connected = false;
  proxy.hooks.on("serverConnected", () => void (connected = true));
  await using client = await connectClient(proxy.port);
  client.send(connect(`127.0.0.1:${origin.port}`));
  const { text } = await answer(client);
  assert.equal(connected, true);
  assert.match(text, /^HTTP\/1\.1 200 [^\r\n]+\r\n/);
  // RFC 9110, 9.3.6: no Content-Length, no Transfer-Encoding.
  assert.doesNotMatch(text, /content-length|transfer-encoding/i);
});

// --- Refused ---

async function refused(
  target: string | ((proxy: ProxyFixture) => string),
  settings: Parameters<typeof startProxy>[0] = {},
): Promise<{ status: number; text: string; code: string | undefined; by: string | undefined }> {
  await using proxy = await startProxy(settings);
  await using client = await connectClient(proxy.port);
  const wanted = typeof target === "string" ? target : target(proxy);
  client.send(connect(wanted));
  const first = await answer(client);
  const { error, request, response } = await proxy.http();
  assert.equal(request.head.method, "CONNECT");
  assert.equal(request.head.target, wanted);
  assert.equal(response?.head.status ?? first.status, first.status);
  // The connection goes on.
  client.send(connect(wanted));
  assert.equal((await answer(client, first.text.length)).status, first.status);
  return { ...first, code: error?.code, by: error?.by };
}

Deno.test("connect: refused: 502, and says so", async () => {
  const port = await closedPort();
  const { status, text, code, by } = await refused(`127.0.0.1:${port}`);
  assert.deepEqual([status, code, by], [502, "refused", "server"]);
  assert.ok(text.includes(`connection to 127.0.0.1:${port} refused: nothing listens there`), text);
});

Deno.test("connect: refused where --resolve leads: 502, and says where that is", async () => {
  const port = await closedPort();
  const { text } = await refused("example.com:443", {
    resolve: [{ host: "example.com", port: 443, address: "127.0.0.1", toPort: port }],
  });
  assert.ok(text.includes(`connection to example.com:443 (at 127.0.0.1:${port}) refused`), text);
});

Deno.test("connect: no such host: 502, and says so", async () => {
  const { status, text, code } = await refused("no-such-host.invalid:443");
  assert.deepEqual([status, code], [502, "unresolvable"]);
  assert.match(text, /cannot resolve no-such-host\.invalid/);
});

Deno.test("connect: nobody answers: 504, and says so", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 } as Deno.TcpListenOptions);
  const { port } = listener.addr as Deno.NetAddr;
  const queued: Deno.Conn[] = [];
  for (let free = true; free;) {
    const dialing = Deno.connect({ hostname: "127.0.0.1", port, signal: AbortSignal.timeout(200) });
    await dialing.then((connection) => queued.push(connection), () => free = false);
  }
  const { status, text, code } = await refused(`127.0.0.1:${port}`, { connectTimeout: 100 });
  assert.deepEqual([status, code], [504, "timed-out"]);
  assert.match(text, /timed out after 0\.1 s/);
  for (const connection of queued) connection.close();
});

for (
  const [what, host] of [
    ["its address", "127.0.0.1"],
    ["another loopback address", "127.0.0.9"],
    ["localhost", "localhost"],
    ["LOCALHOST", "LOCALHOST"],
  ] as const
) {
  Deno.test(`connect: the proxy itself by ${what}: 403, and says why`, async () => {
    const { status, text, code } = await refused((proxy) => `${host}:${proxy.port}`);
    assert.deepEqual([status, code], [403, "loop"]);
    assert.match(text, /is this proxy itself: the request would go round in a circle/);
  });
}

Deno.test("connect: the proxy itself by way of --resolve, or of every address of this machine: 403", async () => {
  const settings: Parameters<typeof startProxy>[0] = {};
  const { status } = await refused((proxy) => {
    proxy.settings.resolve = [{
      host: "example.com",
      port: 443,
      address: "127.0.0.1",
      toPort: proxy.port,
    }];
    return "example.com:443";
  }, settings);
  assert.equal(status, 403);
  assert.equal((await refused(({ port }) => `127.0.0.1:${port}`, { listenHost: "0.0.0.0" })).status, 403);
  assert.equal((await refused(({ port }) => `[::1]:${port}`, { listenHost: "::" })).status, 403);
});

for (
  const target of [
    "example.com",
    ":443",
    "example.com:",
    "example.com:0",
    "example.com:65536",
    "example.com:https",
    "example.com:443:443",
    "2001:db8::1:443",
    "[::1",
    "[example.com]:443",
    "user@example.com:443",
    "http://example.com:443",
    "http://example.com/",
    "/",
    "*",
  ]
) {
  Deno.test(`connect: to "${target}": 400`, async () => {
    await using proxy = await startProxy();
    await using client = await connectClient(proxy.port);
    client.send(`CONNECT ${target} HTTP/1.1\r\nHost: example.com\r\n\r\n`);
    const { status, text } = await answer(client);
    assert.equal(status, 400);
    assert.ok(text.length > 200, "with a page that says why");
    const flow = await proxy.http();
    assert.equal(flow.error?.by, "client");
  });
}

Deno.test("connect: after a refusal the connection serves another CONNECT, and plain requests", async () => {
  await using origin = await startRawOrigin({ onConnection: sayHello });
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  client.send(connect("no-such-host.invalid:443"));
  let before = (await answer(client)).text.length;
  client.send(`GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\n\r\n`);
  const plain = await answer(client, before);
  assert.match(plain.text, /^HTTP\/1\.1 200 [^]*hello$/);
  before += plain.text.length;
  client.send(connect(`127.0.0.1:${origin.port}`));
  const accepted = await answer(client, before);
  assert.equal(accepted.status, 200);
  before += accepted.text.length;
  client.send("GET /inside HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.match((await answer(client, before)).text, /hello$/);
  await proxy.http(({ request }) => request.head.path === "/inside");
});

// --- What comes with it ---

Deno.test("connect: what the client sends ahead of the 200 is not lost, and not answered before it", async () => {
  for (const early of ["GET /early HTTP/1.1\r\nHost: a\r\n\r\n", "\x00\x01\x02 binary", "HELO\r\n"]) {
    await using origin = await startRawOrigin({
      onConnection: (connection) => {
        connection.socket.once("data", () => connection.send("HTTP/1.1 204 No Content\r\n\r\n"));
      },
    });
    await using proxy = await startProxy();
    await using client = await connectClient(proxy.port);
    client.send(connect(`127.0.0.1:${origin.port}`) + early);
    const received = await client.until("204");
    assert.match(received, /^HTTP\/1\.1 200 [^]*\r\n\r\nHTTP\/1\.1 204/);
    assert.equal((await origin.connection()).received, early);
  }
});

Deno.test("connect: much that is sent ahead waits for the dial", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  const dialing = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  proxy.hooks.on("serverConnecting", () => {
    dialing.resolve();
    return gate.promise;
  });
  await using client = await connectClient(proxy.port);
  const early = `\0${"0123456789".repeat(100_000)}`;
  client.send(connect(`127.0.0.1:${origin.port}`) + early);
  client.finish();
  await dialing.promise;
  assert.equal(client.received, "");
  gate.resolve();
  const server = await origin.connection();
  await server.end();
  assert.equal(server.received.length, early.length);
  assert.ok(server.received === early, "as it was sent");
  server.finish();
  await client.end();
});

Deno.test("connect: byte by byte", async () => {
  await using origin = await startRawOrigin({ onConnection: sayHello });
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  for (const byte of connect(`127.0.0.1:${origin.port}`)) {
    await new Promise<void>((resolve) => client.socket.write(byte, () => resolve()));
  }
  const before = (await answer(client)).text.length;
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.match((await answer(client, before)).text, /hello$/);
});

Deno.test("connect: fields that would be about a body are not about one", async () => {
  for (
    const fields of ["Content-Length: 0\r\n", "Proxy-Connection: keep-alive\r\n", "Connection: close\r\n"]
  ) {
    await using origin = await startRawOrigin({ onConnection: sayHello });
    await using proxy = await startProxy();
    await using client = await connectClient(proxy.port);
    client.send(connect(`127.0.0.1:${origin.port}`, fields));
    const before = (await answer(client)).text.length;
    assert.match(client.received, /^HTTP\/1\.1 200 /, fields);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert.match((await answer(client, before)).text, /hello$/, fields);
  }
});

Deno.test("connect: with a body that is announced, it is answered in some good order, and nothing breaks", async () => {
  for (
    const [fields, body] of [
      ["Content-Length: 5\r\n", "12345"],
      ["Transfer-Encoding: chunked\r\n", "0\r\n\r\n"],
    ] as const
  ) {
    await using origin = await startRawOrigin();
    await using proxy = await startProxy();
    await using client = await connectClient(proxy.port);
    client.send(connect(`127.0.0.1:${origin.port}`, fields) + body);
    await client.until(/^HTTP\/1\.1 (200|400) /.test.bind(/^HTTP\/1\.1 (200|400) /));
    assert.deepEqual(proxy.logs.filter(({ code }) => code === "internal"), []);
  }
});

Deno.test("connect: HTTP/1.0 clients get their tunnel too", async () => {
  await using origin = await startRawOrigin({ onConnection: sayHello });
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  client.send(`CONNECT 127.0.0.1:${origin.port} HTTP/1.0\r\n\r\n`);
  const before = (await answer(client)).text.length;
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.match((await answer(client, before)).text, /hello$/);
});

Deno.test("connect: a client that goes before the dial is done leaves nothing behind", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  const dialing = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  proxy.hooks.on("serverConnecting", () => {
    dialing.resolve();
    return gate.promise;
  });
  const gone = new Promise<void>((resolve) => proxy.hooks.on("clientDisconnected", () => resolve()));
  const closed = new Promise<void>((resolve) => proxy.hooks.on("serverDisconnected", () => resolve()));
  await using client = await connectClient(proxy.port);
  client.send(connect(`127.0.0.1:${origin.port}`));
  await dialing.promise;
  client.reset();
  await soon(gone, "clientDisconnected");
  gate.resolve();
  await soon(closed, "serverDisconnected");
  await (await origin.connection()).end();
  assert.equal(proxy.proxy.connections, 0);
});

Deno.test("connect: an IPv6 address in brackets", async () => {
  const server = net.createServer((socket) => socket.end("six"));
  await new Promise<void>((resolve) => server.listen(0, "::1", resolve));
  const { port } = server.address() as net.AddressInfo;
  await using proxy = await startProxy();
  await using client = await openTunnel(proxy.port, `[::1]:${port}`);
  await client.until("six");
  client.finish();
  const flow = await proxy.tcp();
  assert.deepEqual([flow.host, flow.port], ["::1", port]);
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

Deno.test("connect: over TLS to the proxy", async () => {
  await using origin = await startRawOrigin({ onConnection: sayHello });
  await using proxy = await startProxy();
  await using client = await connectTls(proxy.port, {
    serverName: "localhost",
    ca: proxy.authority.certificatePem,
    alpn: ["http/1.1"],
  });
  assert.equal(client.alpn, "http/1.1");
  client.send(`GET http://127.0.0.1:${origin.port}/plain HTTP/1.1\r\nHost: a\r\n\r\n`);
  let before = (await answer(client)).text.length;
  client.send(connect(`127.0.0.1:${origin.port}`));
  before += (await answer(client, before)).text.length;
  client.send("GET /inside HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.match((await answer(client, before)).text, /hello$/);
  await proxy.http(({ request }) => request.head.path === "/inside");
});
