// HTTP/2 on the client leg, wherever it can begin, and what a session makes of it.

import assert from "node:assert/strict";
import {
  data,
  FLAG,
  headers,
  PREFACE,
  readSettings,
  resetStream,
  SETTING,
  settings,
  TYPE,
} from "../kit/http2_frames.ts";
import { startHttp2Origin } from "../kit/http2_wire.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import {
  bodyOf,
  connectHttp2,
  connectHttp2Tls,
  getFields,
  HeadReader,
  requestFields,
  tunnelHttp2,
} from "./http2_clients.ts";
import { sayHello } from "./tls_origins.ts";
import { connectClient, openTunnel, secure, tunnelSocket } from "./tunnel_clients.ts";

const ANSWER = headers(1, [[":status", "200"], ["x-by", "http2"]]);

function answer(wire: Awaited<ReturnType<typeof connectHttp2>>): Promise<void> {
  return wire.headers(1).then(() => wire.send(ANSWER, data(1, "hello", { end: true })));
}

// --- Where it begins ---

Deno.test("http2: on the proxy's port, by prior knowledge", async () => {
  await using origin = await startRawOrigin({ onConnection: sayHello });
  await using proxy = await startProxy();
  await using wire = await connectHttp2(proxy.port);
  wire.send(headers(1, getFields(`http://127.0.0.1:${origin.port}/one`), { end: true }));
  await wire.over(1);
  assert.equal(bodyOf(wire, 1), "hello");
  assert.equal(new HeadReader().read(await wire.headers(1)).get(":status"), "200");
  const flow = await proxy.http();
  assert.equal(flow.request.head.version, "HTTP/2.0");
  assert.equal(flow.response?.head.version, "HTTP/1.1");
  assert.deepEqual([flow.host, flow.port, flow.client.tls], ["127.0.0.1", origin.port, null]);
  assert.match((await origin.connection()).received, /^GET \/one HTTP\/1\.1\r\nHost: 127\.0\.0\.1:/);
});

Deno.test("http2: on the proxy's port, the preface byte by byte", async () => {
  await using origin = await startRawOrigin({ onConnection: sayHello });
  await using proxy = await startProxy();
  const client = await connectClient(proxy.port);
  const request = headers(1, getFields(`http://127.0.0.1:${origin.port}/`), { end: true });
  for (const byte of [...PREFACE, ...settings(), ...request]) {
    await new Promise<void>((resolve) => client.socket.write(Uint8Array.of(byte), () => resolve()));
  }
  await client.until("hello");
  await client[Symbol.asyncDispose]();
});

Deno.test("http2: over TLS to the proxy", async () => {
  await using origin = await startRawOrigin({ onConnection: sayHello });
  await using proxy = await startProxy();
  await using wire = await connectHttp2Tls(proxy.port, proxy.authority.certificatePem);
  wire.send(headers(1, getFields(`http://127.0.0.1:${origin.port}/`), { end: true }));
  await wire.over(1);
  const flow = await proxy.http();
  assert.deepEqual([flow.client.tls?.alpn, flow.request.head.version], ["h2", "HTTP/2.0"]);
});

for (const scheme of ["http", "https"] as const) {
  for (const client of ["plain", "TLS"] as const) {
    Deno.test(`http2: reverse:${scheme}, ${client} client, an origin of HTTP/2`, async () => {
      await using origin = await startHttp2Origin({ scheme, onConnection: answer });
      await using proxy = await startProxy({
        mode: { kind: "reverse", scheme, host: "localhost", port: origin.port },
        h2cHosts: [/localhost/],
      });
      await using wire = client === "TLS"
        ? await connectHttp2Tls(proxy.port, proxy.authority.certificatePem)
        : await connectHttp2(proxy.port);
      wire.send(headers(1, getFields("http://public.example/"), { end: true }));
      await wire.over(1);
      assert.equal(bodyOf(wire, 1), "hello");
      const flow = await proxy.http();
      assert.deepEqual(
        [flow.request.head.version, flow.response?.head.version, flow.server?.tls?.alpn ?? null],
        ["HTTP/2.0", "HTTP/2.0", scheme === "https" ? "h2" : null],
      );
    });
  }
}

Deno.test("http2: in a plain tunnel, by prior knowledge: the origin is spoken to in the same", async () => {
  await using origin = await startHttp2Origin({ scheme: "http", onConnection: answer });
  await using proxy = await startProxy();
  await using wire = await tunnelHttp2(proxy.port, `127.0.0.1:${origin.port}`);
  wire.send(headers(1, getFields("http://inside.example/"), { end: true }));
  await wire.over(1);
  assert.equal(bodyOf(wire, 1), "hello");
  assert.equal(origin.connections.length, 1, "the one that was dialed for the tunnel");
  // Not the SETTINGS that the server said before the tunnel was anything.
  assert.ok(wire.log[0]?.startsWith("SETTINGS #0 3=100"), wire.log[0]);
  const flow = await proxy.http();
  assert.deepEqual([flow.scheme, flow.host, flow.request.head.authority], [
    "http",
    "127.0.0.1",
    "inside.example",
  ]);
});

Deno.test("http2: in a plain tunnel of HTTP/1 to an origin named with --h2c, it is spoken to in HTTP/2", async () => {
  await using origin = await startHttp2Origin({ scheme: "http", onConnection: answer });
  await using proxy = await startProxy({ h2cHosts: [/127\.0\.0\.1/] });
  await using client = await openTunnel(proxy.port, `127.0.0.1:${origin.port}`);
  client.send("GET / HTTP/1.1\r\nHost: inside.example\r\n\r\n");
  await client.until("hello");
  assert.match(client.received, /^HTTP\/1\.1 200 /);
  const flow = await proxy.http();
  assert.deepEqual([flow.request.head.version, flow.response?.head.version], ["HTTP/1.1", "HTTP/2.0"]);
  assert.equal(origin.connections.length, 1);
});

Deno.test("http2: in a tunnel with TLS: h2 was agreed on, the first byte need not be looked at", async () => {
  await using origin = await startHttp2Origin({ scheme: "https", onConnection: answer });
  await using proxy = await startProxy();
  const target = `localhost:${origin.port}`;
  const client = await secure(await tunnelSocket(proxy.port, target), {
    serverName: "localhost",
    ca: proxy.authority.certificatePem,
    alpn: ["h2", "http/1.1"],
  });
  assert.equal(client.alpn, "h2");
  // RFC 9113, 3.4: not the preface. The codec says so, in HTTP/2.
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await client.end();
  assert.equal((await proxy.log("PROTOCOL_ERROR")).rule, "RFC 9113, 3.4");
  assert.ok(client.received.includes("\x07\0\0\0\0\0"), "GOAWAY");
  await client[Symbol.asyncDispose]();
});

Deno.test("http2: --no-http2: the preface gets HTTP/1's answer, in a tunnel it passes as raw TCP", async () => {
  await using origin = await startRawOrigin();
  for (
    const mode of [
      { kind: "regular" },
      { kind: "reverse", scheme: "http", host: "127.0.0.1", port: origin.port },
    ] as const
  ) {
    await using proxy = await startProxy({ http2: false, mode });
    await using client = await connectClient(proxy.port);
    client.send(PREFACE);
    await client.until((received) => received.startsWith("HTTP/1.1 505 "));
  }
  await using proxy = await startProxy({ http2: false });
  await using client = await openTunnel(proxy.port, `127.0.0.1:${origin.port}`);
  client.send(PREFACE);
  await (await origin.connection()).until("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
});

// --- Faults ---

Deno.test("http2: a head that cannot be read makes a flow of HTTP/2.0, and the connection goes on", async () => {
  await using origin = await startRawOrigin({ onConnection: sayHello });
  await using proxy = await startProxy();
  await using wire = await connectHttp2(proxy.port);
  wire.send(headers(1, [[":method", "GET"], ["Upper", "x"]], { end: true }));
  const flow = await proxy.http();
  assert.deepEqual([flow.request.head.version, flow.request.head.method], ["HTTP/2.0", "?"]);
  assert.deepEqual([flow.error?.code, flow.error?.by], ["PROTOCOL_ERROR", "client"]);
  assert.equal((await wire.over(1)).type, TYPE.RST_STREAM);
  wire.send(headers(3, getFields(`http://127.0.0.1:${origin.port}/`), { end: true }));
  await wire.over(3);
  assert.equal(bodyOf(wire, 3), "hello");
});

Deno.test("http2: a fault of the connection is in the log with its rule, and ends all that is open", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using wire = await connectHttp2(proxy.port);
  for (const stream of [1, 3]) {
    wire.send(headers(stream, getFields(`http://127.0.0.1:${origin.port}/${stream}`), { end: true }));
  }
  await (await origin.connection(1)).until("\r\n\r\n");
  wire.send(data(0, "x"));
  const entry = await proxy.log("PROTOCOL_ERROR");
  assert.deepEqual([entry.level, entry.rule], ["warn", "RFC 9113, 6.1"]);
  await wire.frame(({ type }) => type === TYPE.GOAWAY);
  await wire.closed();
  for (const path of ["/1", "/3"]) {
    const { error } = await proxy.http(({ request }) => request.head.path === path);
    assert.deepEqual([error?.code, error?.by], ["PROTOCOL_ERROR", "client"]);
  }
});

Deno.test("http2: a client that takes back a request that was refused already makes no second flow", async () => {
  await using proxy = await startProxy({ bodySizeLimit: 10 });
  await using wire = await connectHttp2(proxy.port);
  const fields = requestFields("POST", "http://127.0.0.1:9/", ["content-length", "100"]);
  wire.socket.write(
    Uint8Array.from([...headers(1, fields), ...data(1, "x".repeat(20)), ...resetStream(1, 8)]),
  );
  wire.send(headers(3, getFields("http://127.0.0.1:9/"), { end: true }));
  await wire.over(3);
  await proxy.http(({ request }) => request.head.method === "GET");
  assert.deepEqual(
    proxy.ended.map((flow) => flow.kind === "http" && flow.request.head.method).toSorted(),
    ["GET", "POST"],
  );
});

// --- What the other leg offers ---

Deno.test("http2: extended CONNECT is offered in a tunnel once the origin offers it, elsewhere from the start", async () => {
  const offer = [[SETTING.ENABLE_CONNECT_PROTOCOL, 1]] as const;
  /** In which of the SETTINGS that came. */
  const offers = (wire: Awaited<ReturnType<typeof connectHttp2>>) =>
    wire.frames.filter(({ type, flags }) => type === TYPE.SETTINGS && flags === 0)
      .map(({ payload }) => new Map(readSettings(payload)).get(SETTING.ENABLE_CONNECT_PROTOCOL));
  await using origin = await startHttp2Origin({ scheme: "http", settings: offer, onConnection: answer });
  {
    await using proxy = await startProxy();
    await using wire = await tunnelHttp2(proxy.port, `127.0.0.1:${origin.port}`);
    // Without a request: the tunnel's connection is there already.
    await wire.frame(({ type, payload }) => type === TYPE.SETTINGS && payload.length === 6);
    assert.deepEqual(offers(wire), [undefined, 1]);
  }
  {
    await using proxy = await startProxy({
      mode: { kind: "reverse", scheme: "http", host: "127.0.0.1", port: origin.port },
      h2cHosts: [/./],
    });
    await using wire = await connectHttp2(proxy.port);
    wire.send(headers(1, getFields("http://a.example/"), { end: true }));
    await wire.over(1);
    assert.deepEqual(offers(wire), [1]);
  }
  {
    await using proxy = await startProxy({ h2cHosts: [/./] });
    await using wire = await connectHttp2(proxy.port);
    wire.send(headers(1, getFields(`http://127.0.0.1:${origin.port}/`), { end: true }));
    await wire.over(1);
    assert.deepEqual(offers(wire), [1]);
  }
});

// --- The end ---

Deno.test("http2: when the proxy stops, what is open is finished, and nothing new begins", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using wire = await connectHttp2(proxy.port);
  wire.send(headers(1, getFields(`http://127.0.0.1:${origin.port}/`), { end: true }));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  const stopped = proxy.proxy.stop(4_000);
  await wire.frame(({ type }) => type === TYPE.GOAWAY);
  wire.send(headers(3, getFields(`http://127.0.0.1:${origin.port}/late`), { end: true }));
  assert.equal((await wire.over(3)).type, TYPE.RST_STREAM);
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
  assert.equal(((await wire.over(1)).flags & FLAG.END_STREAM) !== 0, true);
  assert.equal(bodyOf(wire, 1), "done");
  await wire.closed();
  await stopped;
  assert.equal(origin.connections.length, 1);
});

/** Says its last word; before it the settings are settled, since nothing can be answered after it. */
async function finish(wire: Awaited<ReturnType<typeof connectHttp2>>, ...last: Uint8Array[]): Promise<void> {
  await wire.frame(({ type, flags }) => type === TYPE.SETTINGS && (flags & FLAG.ACK) !== 0);
  wire.send(...last);
  wire.socket.end();
}

for (
  const [path, code, why] of [
    ["/small", null, "it fits the windows"],
    ["/middling", null, "it has left for the client, and does not fit"],
    ["/large", "client-gone", "it does not fit"],
  ] as const
) {
  Deno.test(`http2: a client that ends its side and reads on: ${path}: ${why}`, async () => {
    const length = { "/small": 1_000, "/middling": 100_000, "/large": 2_000_000 }[path];
    await using origin = await startRawOrigin({
      onConnection: (connection) => {
        connection.until("\r\n\r\n").then(() => {
          connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`);
          connection.send(new Uint8Array(length));
        }, () => {});
      },
    });
    await using proxy = await startProxy();
    await using wire = await connectHttp2(proxy.port);
    await finish(wire, headers(1, getFields(`http://127.0.0.1:${origin.port}/`), { end: true }));
    await wire.closed();
    assert.equal((await proxy.http()).error?.code ?? null, code);
    assert.equal(bodyOf(wire, 1).length, Math.min(length, 65_535));
    const ends = wire.frames.filter(({ type, flags }) =>
      type === TYPE.DATA && (flags & FLAG.END_STREAM) !== 0
    );
    assert.equal(ends.length, path === "/small" ? 1 : 0, "half of it never looks like all of it");
  });
}

Deno.test("http2: a tunnel whose client has ended its side, and takes nothing any more, is given up", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using wire = await connectHttp2(proxy.port);
  const connect = headers(1, [[":method", "CONNECT"], [":authority", `127.0.0.1:${origin.port}`]]);
  await finish(wire, connect, data(1, "\0x", { end: true }));
  const server = await origin.connection();
  await server.end();
  server.send(new Uint8Array(100_000));
  const flow = await proxy.tcp();
  assert.deepEqual([flow.error?.by, flow.error?.code], ["client", "reset"]);
  await wire.closed();
  assert.equal(bodyOf(wire, 1).length, 65_535);
});
