// SOCKS5 clients at the proxy's port.

import assert from "node:assert/strict";
import net from "node:net";
import { type OriginConnection, startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { type Client, connectClient, secure, type TlsClient } from "./tunnel_clients.ts";

const GREETING = "\x05\x01\x00";
const ACCEPTED = "\x05\x00";
const SUCCEEDED = "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";

function portBytes(port: number): string {
  return String.fromCharCode(port >> 8, port & 0xff);
}

function domainRequest(host: string, port: number): string {
  return `\x05\x01\x00\x03${String.fromCharCode(host.length)}${host}${portBytes(port)}`;
}

function ipv4Request(port: number): string {
  return `\x05\x01\x00\x01\x7f\x00\x00\x01${portBytes(port)}`;
}

/** After the handshake; what was received since then is `rest`. */
async function handshake(client: Client, request: string): Promise<void> {
  client.send(GREETING);
  await client.until(ACCEPTED);
  client.send(request);
  await client.until(ACCEPTED + SUCCEEDED);
}

async function httpGet(client: Client): Promise<void> {
  client.send("GET /there HTTP/1.1\r\nHost: example.com\r\n\r\n");
  await client.until("\r\n\r\nhello");
}

const hello = (connection: OriginConnection) => {
  connection.until("\r\n\r\n").then(
    () => connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
    () => {},
  );
};

Deno.test("SOCKS5: a name, an IPv4 address; HTTP inside is HTTP", async () => {
  await using origin = await startRawOrigin({ onConnection: hello });
  await using proxy = await startProxy({
    resolve: [{ host: "example.com", port: 80, address: "127.0.0.1", toPort: origin.port }],
  });
  for (const request of [domainRequest("example.com", 80), ipv4Request(origin.port)]) {
    await using client = await connectClient(proxy.port);
    await handshake(client, request);
    await httpGet(client);
  }
  const flow = await proxy.http((flow) => flow.port === 80);
  assert.equal(flow.host, "example.com");
  assert.equal(flow.request.head.path, "/there");
  assert.equal((await proxy.http((flow) => flow.port === origin.port)).host, "127.0.0.1");
});

Deno.test("SOCKS5: an IPv6 address", async () => {
  const server = net.createServer((socket) => socket.end("six"));
  await new Promise<void>((resolve) => server.listen(0, "::1", resolve));
  const { port } = server.address() as net.AddressInfo;
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  await handshake(client, `\x05\x01\x00\x04${"\0".repeat(15)}\x01${portBytes(port)}`);
  await client.until("six");
  client.finish();
  const flow = await proxy.tcp();
  assert.equal(flow.host, "::1");
  assert.equal(flow.port, port);
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

Deno.test("SOCKS5: byte by byte", async () => {
  await using origin = await startRawOrigin({ onConnection: hello });
  await using proxy = await startProxy({
    resolve: [{ host: "example.com", port: 80, address: "127.0.0.1", toPort: origin.port }],
  });
  await using client = await connectClient(proxy.port);
  for (const byte of GREETING) await written(client, byte);
  await client.until(ACCEPTED);
  for (const byte of domainRequest("example.com", 80)) await written(client, byte);
  await client.until(SUCCEEDED);
  await httpGet(client);
});

Deno.test("SOCKS5: everything at once, and what belongs to the tunnel with it", async () => {
  await using origin = await startRawOrigin({ onConnection: hello });
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  client.send(
    `${GREETING}${ipv4Request(origin.port)}GET /early HTTP/1.1\r\nHost: example.com\r\n\r\n`,
  );
  const received = await client.until("\r\n\r\nhello");
  assert.ok(received.startsWith(ACCEPTED + SUCCEEDED + "HTTP/1.1 200 OK\r\n"));
  assert.equal((await proxy.http()).request.head.path, "/early");
});

Deno.test("SOCKS5: no authentication is chosen among several methods", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  client.send("\x05\x03\x02\x01\x00");
  await client.until(ACCEPTED);
  client.send(ipv4Request(origin.port));
  await client.until(SUCCEEDED);
});

Deno.test("SOCKS5: TLS inside is intercepted", async () => {
  await using origin = await startRawOrigin({
    tls: { names: ["example.com"], alpn: ["http/1.1"] },
    onConnection: hello,
  });
  await using proxy = await startProxy({
    resolve: [{ host: "example.com", port: 443, address: "127.0.0.1", toPort: origin.port }],
  });
  await using client = await connectClient(proxy.port);
  await handshake(client, domainRequest("example.com", 443));
  client.socket.removeAllListeners("data");
  await using inside = await secure(client.socket, {
    serverName: "example.com",
    ca: proxy.authority.certificatePem,
    alpn: ["http/1.1"],
  });
  await httpGet(inside);
  assert.equal((await proxy.http()).scheme, "https");
});

Deno.test("SOCKS5 inside TLS to the proxy", async () => {
  await using origin = await startRawOrigin({ onConnection: hello });
  await using proxy = await startProxy();
  const outer = await connectClient(proxy.port);
  await using client: TlsClient = await secure(outer.socket, {
    serverName: "localhost",
    ca: proxy.authority.certificatePem,
  });
  await handshake(client, ipv4Request(origin.port));
  await httpGet(client);
});

// --- Refusals ---

async function refused(
  request: string,
  reply: number,
  code: string,
  settings: Parameters<typeof startProxy>[0] = {},
): Promise<string> {
  await using proxy = await startProxy(settings);
  await using client = await connectClient(proxy.port);
  client.send(GREETING);
  await client.until(ACCEPTED);
  client.send(request.replaceAll("OWN", portBytes(proxy.port)));
  await client.end();
  const [, , ...answer] = client.received;
  assert.equal(answer.join(""), `\x05${String.fromCharCode(reply)}\0\x01\0\0\0\0\0\0`);
  return (await proxy.log(code)).message;
}

Deno.test("SOCKS5: refused by the origin: reply 5", async () => {
  const closed = net.createServer();
  await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
  const { port } = closed.address() as net.AddressInfo;
  await new Promise<void>((resolve) => closed.close(() => resolve()));
  const message = await refused(ipv4Request(port), 5, "connect-failed");
  assert.equal(message, `connection to 127.0.0.1:${port} refused: nothing listens there`);
});

Deno.test("SOCKS5: no such host: reply 4", async () => {
  const message = await refused(domainRequest("no-such-host.invalid", 80), 4, "connect-failed");
  assert.match(message, /^cannot resolve no-such-host\.invalid: /);
});

Deno.test("SOCKS5: no answer from the origin: reply 6", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 } as Deno.TcpListenOptions);
  const { port } = listener.addr as Deno.NetAddr;
  const queued: Deno.Conn[] = [];
  for (let free = true; free;) {
    const dialing = Deno.connect({ hostname: "127.0.0.1", port, signal: AbortSignal.timeout(200) });
    await dialing.then((connection) => queued.push(connection), () => free = false);
  }
  const message = await refused(ipv4Request(port), 6, "connect-failed", { connectTimeout: 100 });
  assert.match(message, /timed out after 0\.1 s/);
  for (const connection of queued) connection.close();
});

Deno.test("SOCKS5: the proxy itself: reply 2", async () => {
  const message = await refused("\x05\x01\x00\x01\x7f\x00\x00\x01OWN", 2, "connect-failed");
  assert.match(message, /is this proxy itself/);
});

for (
  const [what, request, reply] of [
    ["BIND", "\x05\x02\x00\x01\x7f\x00\x00\x01\x00\x50", 7],
    ["UDP ASSOCIATE", "\x05\x03\x00\x01\x7f\x00\x00\x01\x00\x50", 7],
    ["an unknown address type", "\x05\x01\x00\x09", 8],
    ["a name that is none", domainRequest("a b", 80), 1],
    ["garbage", "GET / HTTP/1.1\r\n\r\n", 1],
  ] as const
) {
  Deno.test(`SOCKS5: ${what}: reply ${reply}`, async () => {
    assert.match(await refused(request, reply, "socks5"), /SOCKS5/);
  });
}

Deno.test("SOCKS5: a client that insists on authentication is told that there is none", async () => {
  await using proxy = await startProxy();
  for (const greeting of ["\x05\x01\x02", "\x05\x00", "\x05\x02\x01\x02"]) {
    await using client = await connectClient(proxy.port);
    client.send(greeting);
    await client.end();
    assert.equal(client.received, "\x05\xff");
  }
  const entry = await proxy.log("socks5");
  assert.equal(entry.message, "the SOCKS5 client insists on authentication, which is not supported");
  assert.equal(entry.level, "warn");
});

Deno.test("SOCKS5: a client that leaves, or stops in the middle, is let go", async () => {
  await using proxy = await startProxy({ headTimeout: 50 });
  await using leaving = await connectClient(proxy.port);
  leaving.send("\x05\x02\x00");
  leaving.finish();
  await leaving.closed();
  assert.equal(leaving.received, "");
  await using silent = await connectClient(proxy.port);
  silent.send(`${GREETING}\x05\x01`);
  await silent.end();
  assert.equal(silent.received, ACCEPTED);
  const messages = proxy.logs.filter(({ code }) => code === "socks5").map(({ message }) => message);
  assert.deepEqual(messages, [
    "the client closed during the SOCKS5 handshake",
    "the SOCKS5 handshake timed out",
  ]);
});

Deno.test("SOCKS5: a reply is not lost for a client that has sent ahead", async () => {
  const closed = net.createServer();
  await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
  const { port } = closed.address() as net.AddressInfo;
  await new Promise<void>((resolve) => closed.close(() => resolve()));
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  client.send(`${GREETING}${ipv4Request(port)}${"x".repeat(1_000_000)}`);
  await client.until("\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00");
  assert.equal(client.error, null);
});

function written(client: Client, text: string): Promise<void> {
  return new Promise((resolve) =>
    client.socket.write(Uint8Array.from(text, (character) => character.charCodeAt(0)), () => resolve())
  );
}
