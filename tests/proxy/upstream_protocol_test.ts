// Which version of HTTP an origin is spoken to in: by ALPN, by prior knowledge, and when it speaks only the other one.

import assert from "node:assert/strict";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import type net from "node:net";
import type { Settings } from "../../lib/proxy/settings.ts";
import { get } from "./tls_origins.ts";
import { connectSocket, openTlsTunnel, secure, tunnelSocket } from "./tunnel_clients.ts";
import { CODE, FLAG, goAway, headers, TYPE } from "../kit/http2_frames.ts";
import { Http2Wire, startHttp2Origin } from "../kit/http2_wire.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { type ProxyFixture, startProxy, testOriginAuthority } from "../kit/proxy_fixture.ts";
import { absolute, connectClient, connectTunnel, type RawClient } from "../kit/raw_client.ts";

interface Origin extends AsyncDisposable {
  port: number;
  /** Connections accepted, and those on which HTTP was spoken, by version. */
  accepted: number;
  versions: string[];
  closeAll(): void;
}

type Kind = "h2" | "both" | "http/1.1" | "h2c" | "plain";

/** Answers every request with the version it came in. */
async function startOrigin(kind: Kind): Promise<Origin> {
  const versions: string[] = [];
  const answer = (request: { httpVersion: string }, response: { end(text: string): void }) => {
    versions.push(request.httpVersion);
    response.end(request.httpVersion);
  };
  const leaf = await (await testOriginAuthority()).leafFor({ host: "localhost", extraNames: ["127.0.0.1"] });
  const tls = { cert: leaf.certificatePem, key: leaf.keyPem };
  const server: net.Server = kind === "h2c"
    ? http2.createServer(answer as never)
    : kind === "plain"
    ? http.createServer(answer as never)
    : kind === "http/1.1"
    ? https.createServer({ ...tls, ALPNProtocols: ["http/1.1"] }, answer as never)
    : http2.createSecureServer({ ...tls, allowHTTP1: kind === "both" }, answer as never);
  const sockets = new Set<net.Socket>();
  const origin: Origin = {
    port: 0,
    accepted: 0,
    versions,
    closeAll: () => sockets.forEach((socket) => socket.destroy()),
    async [Symbol.asyncDispose]() {
      this.closeAll();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  server.on("connection", (socket: net.Socket) => {
    origin.accepted++;
    sockets.add(socket);
  });
  // Its peer may reset a connection: that is not this origin's business.
  for (const event of ["connection", "secureConnection", "session"]) {
    server.on(event, (one: net.Socket) => one.on("error", () => {}));
  }
  server.on("tlsClientError", (_error: Error, socket: net.Socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin.port = (server.address() as net.AddressInfo).port;
  return origin;
}

/** An HTTP/1 client of the proxy that asks for an https:// URL. */
function secureRequest({ port }: Origin, path: string): string {
  return `GET https://127.0.0.1:${port}${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
}

async function ask(client: RawClient, text: string): Promise<string> {
  client.send(text);
  const { status, body } = await client.response();
  return status === 200 ? body : `${status}: ${body}`;
}

async function offersOf(proxy: ProxyFixture, path: string) {
  const { server } = await proxy.http(({ request }) => request.head.path === path);
  return [server?.tls?.alpnOffers, server?.tls?.alpn];
}

Deno.test("protocol: a client of HTTP/1 gets HTTP/1 where the origin speaks both", async () => {
  await using origin = await startOrigin("both");
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  assert.equal(await ask(client, secureRequest(origin, "/")), "1.1");
  assert.deepEqual(await offersOf(proxy, "/"), [["http/1.1"], "http/1.1"]);
});

Deno.test("protocol: an origin that speaks only HTTP/2 is asked again in HTTP/2, and from then on at once", async () => {
  await using origin = await startOrigin("h2");
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  assert.equal(await ask(client, secureRequest(origin, "/1")), "2.0");
  assert.deepEqual(await offersOf(proxy, "/1"), [["h2"], "h2"]);
  assert.equal(origin.accepted, 2, "one was refused");
  assert.equal(await ask(client, secureRequest(origin, "/2")), "2.0");
  assert.equal(origin.accepted, 2, "the same connection");
  const closed = Promise.withResolvers<void>();
  proxy.hooks.on("serverDisconnected", () => closed.resolve());
  origin.closeAll();
  await closed.promise;
  assert.equal(await ask(client, secureRequest(origin, "/3")), "2.0");
  assert.equal(origin.accepted, 3, "it is remembered");
});

Deno.test("protocol: with --no-http2 such an origin cannot be spoken to, and the page says why", async () => {
  await using origin = await startOrigin("h2");
  await using proxy = await startProxy({ http2: false });
  await using client = await connectClient(proxy.port);
  assert.match(
    await ask(client, secureRequest(origin, "/")),
    /^502: .*speaks nothing of what it was offered \(ALPN: http\/1\.1\)/s,
  );
  assert.equal((await proxy.http()).error?.code, "no-application-protocol");
  assert.equal(origin.accepted, 1);
});

Deno.test("protocol: without TLS it is HTTP/1, or HTTP/2 where a pattern says so", async () => {
  const cases: [Kind, Partial<Settings>, string][] = [
    ["plain", {}, "1.1"],
    ["plain", { h2cHosts: [/elsewhere/] }, "1.1"],
    ["h2c", { h2cHosts: [/^127\.0\.0\.1:\d+$/] }, "2.0"],
    ["plain", { h2cHosts: [/./], http2: false }, "1.1"],
  ];
  for (const [kind, settings, version] of cases) {
    await using origin = await startOrigin(kind);
    await using proxy = await startProxy(settings);
    await using client = await connectClient(proxy.port);
    assert.equal(await ask(client, absolute("GET", origin.port, "/")), version);
    const { response } = await proxy.http();
    assert.equal(response?.head.version, version === "2.0" ? "HTTP/2.0" : "HTTP/1.1");
  }
});

Deno.test("protocol: a tunnel without TLS to such an origin speaks HTTP/2 on its first connection", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({ h2cHosts: [/./] });
  await using client = await connectTunnel(proxy.port, `127.0.0.1:${origin.port}`);
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await (await origin.connection()).until("PRI * HTTP/2.0");
  assert.equal(origin.connections.length, 1);
});

/** A client of HTTP/2 by prior knowledge, at the proxy itself; the status of what it asks for. */
async function askInHttp2(proxy: ProxyFixture, url: URL): Promise<void> {
  await using wire = new Http2Wire(await connectSocket(proxy.port), "client");
  wire.send(headers(1, [
    [":method", "GET"],
    [":scheme", url.protocol.slice(0, -1)],
    [":authority", url.host],
    [":path", url.pathname],
  ], { end: true }));
  await wire.over(1);
}

Deno.test("protocol: a client of HTTP/2 gets what the origin prefers, offered both", async () => {
  for (const [kind, version] of [["both", "2.0"], ["h2", "2.0"], ["http/1.1", "1.1"]] as const) {
    await using origin = await startOrigin(kind);
    await using proxy = await startProxy();
    await askInHttp2(proxy, new URL(`https://127.0.0.1:${origin.port}/`));
    assert.deepEqual(origin.versions, [version]);
    assert.deepEqual((await offersOf(proxy, "/"))[0], ["h2", "http/1.1"]);
    assert.equal(origin.accepted, 1);
  }
});

Deno.test("protocol: a reverse proxy's client of HTTP/1 gets HTTP/1, and HTTP/2 from an origin that has nothing else", async () => {
  for (const [kind, version] of [["both", "1.1"], ["h2", "2.0"]] as const) {
    await using origin = await startOrigin(kind);
    await using proxy = await startProxy({
      mode: { kind: "reverse", scheme: "https", host: "127.0.0.1", port: origin.port },
    });
    await using client = await connectClient(proxy.port);
    assert.equal(await ask(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), version);
  }
});

Deno.test("protocol: a tunnel's client of HTTP/1 is bridged to an origin that speaks only HTTP/2", async () => {
  await using origin = await startOrigin("h2");
  await using proxy = await startProxy();
  await using client = await openTlsTunnel(proxy.port, `localhost:${origin.port}`, {
    serverName: "localhost",
    ca: proxy.authority.certificatePem,
    alpn: ["http/1.1"],
  });
  assert.equal(client.alpn, "http/1.1");
  assert.equal((await get(client)).status, 200);
  assert.deepEqual(origin.versions, ["2.0"]);
});

Deno.test("protocol: the tunnel of a client that was promised HTTP/2 gets HTTP/2 again, and nothing else is offered", async () => {
  await using origin = await startOrigin("both");
  await using proxy = await startProxy();
  const { session } = await secure(await tunnelSocket(proxy.port, `localhost:${origin.port}`), {
    serverName: "localhost",
    ca: proxy.authority.certificatePem,
    alpn: ["h2", "http/1.1"],
  });
  await using wire = new Http2Wire(session, "client");
  const request = (stream: number) => {
    const head: [string, string][] = [[":method", "GET"], [":scheme", "https"], [":authority", "x"], [
      ":path",
      `/${stream}`,
    ]];
    wire.send(headers(stream, head, { end: true }));
    return wire.over(stream);
  };
  await request(1);
  const closed = Promise.withResolvers<void>();
  proxy.hooks.on("serverDisconnected", () => closed.resolve());
  origin.closeAll();
  await closed.promise;
  await request(3);
  assert.deepEqual(origin.versions, ["2.0", "2.0"]);
  assert.deepEqual(await offersOf(proxy, "/1"), [["h2", "http/1.1"], "h2"]);
  assert.deepEqual(await offersOf(proxy, "/3"), [["h2"], "h2"]);
});

Deno.test("protocol: after GOAWAY an HTTP/1 client's next request goes to a new connection, without a word to it", async () => {
  await using origin = await startHttp2Origin({ scheme: "http" });
  await using proxy = await startProxy({ h2cHosts: [/./] });
  await using client = await connectClient(proxy.port);
  client.send(absolute("GET", origin.port, "/1"));
  const first = await origin.connection();
  await first.headers(1);
  first.send(headers(1, [[":status", "204"]], { end: true }), goAway(1, CODE.NO_ERROR));
  assert.equal((await client.response()).status, 204);
  await first.closed();
  client.send(absolute("GET", origin.port, "/2"));
  const second = await origin.connection(1);
  await second.headers(1);
  second.send(headers(1, [[":status", "204"]], { end: true }));
  assert.equal((await client.response()).status, 204);
});

Deno.test("protocol: a silent server is asked for a sign of life, and goes on when it gives one", async () => {
  await using origin = await startHttp2Origin({ scheme: "http" });
  await using proxy = await startProxy({ h2cHosts: [/./], http2PingKeepalive: 10 });
  await using client = await connectClient(proxy.port);
  client.send(absolute("GET", origin.port, "/"));
  const wire = await origin.connection();
  await wire.headers(1);
  // The wire answers PING: the connection lives on.
  const isPing = ({ type, flags }: { type: number; flags: number }) =>
    type === TYPE.PING && (flags & FLAG.ACK) === 0;
  await wire.frame(isPing);
  assert.equal(proxy.ended.length, 0);
  wire.send(headers(1, [[":status", "200"], ["content-length", "0"]], { end: true }));
  assert.equal((await client.response()).status, 200);
});
