// WebSocket handshakes from a client of either version to an origin of either: each leg gets one that is legal there, the
// record shows what came, and bytes go both ways (RFC 6455, 4; RFC 8441, 4 and 5).

import assert from "node:assert/strict";
import { webSocketAccept } from "../../lib/http/websocket.ts";
import type { Settings } from "../../lib/proxy/settings.ts";
import {
  CODE,
  data,
  type FieldLine,
  headers,
  readSettings,
  readUint32,
  resetStream,
  SETTING,
  settings,
  TYPE,
} from "../kit/http2_frames.ts";
import { type Http2Origin, type Http2Wire, startHttp2Origin } from "../kit/http2_wire.ts";
import { type OriginConnection, type RawOrigin, startRawOrigin } from "../kit/origins.ts";
import { type ProxyFixture, startProxy } from "../kit/proxy_fixture.ts";
import { connectClient, type RawClient } from "../kit/raw_client.ts";
import {
  bodyOf,
  connectHttp2,
  connectHttp2Tls,
  HeadReader,
  requestFields,
  tunnelHttp2,
} from "./http2_clients.ts";
import { openTlsTunnel, openTunnel } from "./tunnel_clients.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const OFFER = [[SETTING.ENABLE_CONNECT_PROTOCOL, 1]] as const;
/** Not the version of RFC 6455: what is in it is nobody's business, and goes through as bytes. */
const VERSION = "7";

/** The URL a request to the proxy names, and its Host in reverse mode. */
const urlOf = ({ port }: { port: number }, scheme = "http"): string => `${scheme}://127.0.0.1:${port}/chat?x`;

function upgradeText(target: string, host: string): string {
  return `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: ${VERSION}\r\nSec-WebSocket-Protocol: a, b\r\n\r\n`;
}

function extendedConnect(url: string, protocol = "websocket"): FieldLine[] {
  return [
    ...requestFields("CONNECT", url),
    [":protocol", protocol],
    ["sec-websocket-version", VERSION],
    ["sec-websocket-protocol", "a, b"],
  ];
}

/** The origin's side of HTTP/1: reads the handshake, and accepts it. */
async function acceptHttp1(connection: OriginConnection): Promise<string> {
  const request = await connection.until("\r\n\r\n");
  const key = /\r\nsec-websocket-key: (.*)\r\n/i.exec(request)?.[1] ?? "";
  connection.send(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${webSocketAccept(key)}\r\nSec-WebSocket-Protocol: b\r\n\r\n`,
  );
  return request;
}

async function acceptHttp2(wire: Http2Wire): Promise<Map<string, string>> {
  const request = new HeadReader().read(await wire.headers(1));
  wire.send(headers(1, [[":status", "200"], ["sec-websocket-protocol", "b"]]));
  return request;
}

const wordsOf = (
  flow: {
    request: { head: { version: string; method: string } };
    response: { head: { status: number } } | null;
  },
) => `${flow.request.head.version} ${flow.request.head.method} ${flow.response?.head.status}`;

// --- From HTTP/2 to HTTP/1 ---

/** Bytes and ends, both ways, between a stream and a connection. */
async function converse(wire: Http2Wire, server: OriginConnection): Promise<void> {
  const before = server.received.length;
  wire.send(data(1, "\0up"));
  await server.until((received) => received.slice(before) === "\0up");
  server.send("\0down");
  await wire.frame(() => bodyOf(wire, 1) === "\0down");
  wire.send(data(1, "", { end: true }));
  await server.end();
  server.send(" and out");
  server.finish();
  await wire.over(1);
  assert.equal(bodyOf(wire, 1), "\0down and out");
}

interface Way {
  name: string;
  settings(origin: { port: number }): Partial<Settings>;
  http2(proxy: ProxyFixture): Promise<Http2Wire>;
}

const ways: Way[] = [
  { name: "explicit", settings: () => ({}), http2: ({ port }) => connectHttp2(port) },
  {
    name: "explicit, over TLS",
    settings: () => ({}),
    http2: ({ port, authority }) => connectHttp2Tls(port, authority.certificatePem),
  },
  {
    name: "reverse",
    settings: ({ port }) => ({ mode: { kind: "reverse", scheme: "http", host: "127.0.0.1", port } }),
    http2: ({ port }) => connectHttp2(port),
  },
];

for (const way of ways) {
  Deno.test(`websocket: HTTP/2 client, HTTP/1 origin: ${way.name}`, async () => {
    await using origin = await startRawOrigin();
    await using proxy = await startProxy(way.settings(origin));
    await using wire = await way.http2(proxy);
    const first = await wire.frame(({ type }) => type === TYPE.SETTINGS);
    assert.equal(
      new Map(readSettings(first.payload)).get(SETTING.ENABLE_CONNECT_PROTOCOL),
      1,
      "from the start",
    );
    wire.send(headers(1, extendedConnect(urlOf(origin))));
    const server = await origin.connection();
    const request = await acceptHttp1(server);
    assert.match(request, /^GET \/chat\?x HTTP\/1\.1\r\nHost: 127\.0\.0\.1:\d+\r\n/);
    assert.match(
      request,
      /\r\nUpgrade: websocket\r\nSec-WebSocket-Key: [\w+/]{22}==\r\nConnection: Upgrade\r\n\r\n$/,
    );
    assert.ok(request.includes(`\r\nsec-websocket-version: ${VERSION}\r\nsec-websocket-protocol: a, b\r\n`));
    const answer = new HeadReader().read(await wire.headers(1));
    assert.deepEqual([...answer], [[":status", "200"], ["sec-websocket-protocol", "b"]]);
    await converse(wire, server);
    const flow = await proxy.http();
    assert.equal(wordsOf(flow), "HTTP/2.0 CONNECT 101", "the record has what came");
    assert.deepEqual([flow.error, flow.request.head.protocol], [null, "websocket"]);
  });
}

Deno.test("websocket: HTTP/2 client, HTTP/1 origin: two handshakes have two keys, and pages go on beside them", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using wire = await connectHttp2(proxy.port);
  const keys = new Set<string>();
  for (const [index, stream] of [1, 3].entries()) {
    wire.send(headers(stream, extendedConnect(urlOf(origin))));
    const request = await acceptHttp1(await origin.connection(index));
    keys.add(/Sec-WebSocket-Key: (.*)\r\n/.exec(request)![1]!);
    await wire.headers(stream);
  }
  assert.equal(keys.size, 2);
  wire.send(headers(5, requestFields("GET", urlOf(origin)), { end: true }));
  const third = await origin.connection(2);
  await third.until("\r\n\r\n");
  third.send("HTTP/1.1 204 No Content\r\n\r\n");
  await wire.over(5);
});

const refusals: [name: string, answer: string, status: string, code: string | null, says: RegExp][] = [
  ["a refusal, with its page", "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno", "403", null, /^no$/],
  ["200", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "502", "no-websocket", /200 instead of 101/],
  [
    "a 101 for somebody else",
    `HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n\r\n`,
    "502",
    "bad-websocket-accept",
    /Sec-WebSocket-Accept/,
  ],
];
for (const [name, answer, status, code, says] of refusals) {
  Deno.test(`websocket: HTTP/2 client, HTTP/1 origin: ${name}`, async () => {
    await using origin = await startRawOrigin();
    await using proxy = await startProxy();
    await using wire = await connectHttp2(proxy.port);
    wire.send(headers(1, extendedConnect(urlOf(origin))));
    const server = await origin.connection();
    await server.until("\r\n\r\n");
    server.send(answer);
    await wire.over(1);
    assert.equal(new HeadReader().read(await wire.headers(1)).get(":status"), status);
    assert.match(bodyOf(wire, 1), says);
    const flow = await proxy.http();
    assert.equal(flow.error?.code ?? null, code);
    if (code !== null) assert.match(flow.error!.rule!, /^RFC (6455, 4\.1|8441, 5)$/);
  });
}

Deno.test("websocket: HTTP/2 client, HTTP/1 origin: a reset on either side is one on the other", async () => {
  for (const resetting of ["client", "server"] as const) {
    await using origin = await startRawOrigin();
    await using proxy = await startProxy();
    await using wire = await connectHttp2(proxy.port);
    wire.send(headers(1, extendedConnect(urlOf(origin))));
    const server = await origin.connection();
    await acceptHttp1(server);
    await wire.headers(1);
    if (resetting === "client") {
      wire.send(resetStream(1, CODE.CANCEL));
      assert.equal(await server.closed(), "ECONNRESET");
    } else {
      server.reset();
      const over = await wire.over(1);
      assert.deepEqual([over.type, readUint32(over.payload, 0)], [TYPE.RST_STREAM, CODE.CANCEL]);
    }
    assert.equal((await proxy.http()).error?.by, resetting);
  }
});

Deno.test("websocket: a kept connection that the origin has closed meanwhile: asked again, on another", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using wire = await connectHttp2(proxy.port);
  wire.send(headers(1, requestFields("GET", urlOf(origin)), { end: true }));
  const first = await origin.connection();
  await first.until("\r\n\r\n");
  first.send("HTTP/1.1 204 No Content\r\n\r\n");
  await wire.over(1);
  wire.send(headers(3, extendedConnect(urlOf(origin))));
  await first.until((received) => received.includes("Upgrade: websocket\r\n"));
  first.finish();
  await acceptHttp1(await origin.connection(1));
  assert.equal(new HeadReader().read(await wire.headers(1)).get(":status"), "204");
  await wire.headers(3);
});

// --- From HTTP/1 to HTTP/2 ---

type Http1Client = Pick<RawClient, "send" | "until" | "finish" | "end" | "received"> & AsyncDisposable;

/** Bytes and ends, both ways, between an HTTP/1 client and a stream. */
async function converseBack(client: Http1Client, wire: Http2Wire): Promise<void> {
  const before = client.received.length;
  client.send("\0up");
  await wire.frame(() => bodyOf(wire, 1) === "\0up");
  wire.send(data(1, "\0down"));
  await client.until((received) => received.slice(before) === "\0down");
  client.finish();
  await wire.over(1);
  wire.send(data(1, " and out", { end: true }));
  await client.end();
  assert.equal(client.received.slice(before), "\0down and out");
}

function assertSwitched(received: string): void {
  const head = received.slice(0, received.indexOf("\r\n\r\n") + 4);
  assert.match(head, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
  assert.match(head, /\r\nsec-websocket-protocol: b\r\n/);
  assert.match(head, /\r\nUpgrade: websocket\r\n/);
  assert.match(head, /\r\nConnection: Upgrade\r\n/);
  assert.ok(head.includes(`\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n`));
  assert.doesNotMatch(head, /content-length|transfer-encoding/i);
}

const toHttp2: [
  name: string,
  scheme: "http" | "https",
  settings: (origin: Http2Origin) => Partial<Settings>,
  connect: (proxy: ProxyFixture, origin: Http2Origin) => Promise<Http1Client>,
][] = [
  ["explicit", "http", () => ({ h2cHosts: [/./] }), ({ port }) => connectClient(port)],
  ["explicit", "https", () => ({}), ({ port }) => connectClient(port)],
  [
    "reverse",
    "https",
    ({ port }) => ({ mode: { kind: "reverse", scheme: "https", host: "localhost", port } }),
    ({ port }) => connectClient(port),
  ],
  [
    "tunnel",
    "http",
    () => ({ h2cHosts: [/./] }),
    ({ port }, origin) => openTunnel(port, `127.0.0.1:${origin.port}`),
  ],
  [
    "tunnel",
    "https",
    () => ({}),
    ({ port, authority }, origin) =>
      openTlsTunnel(port, `localhost:${origin.port}`, {
        serverName: "localhost",
        ca: authority.certificatePem,
        alpn: ["http/1.1"],
      }),
  ],
];
for (const [name, scheme, settingsOf, connect] of toHttp2) {
  Deno.test(`websocket: HTTP/1 client, HTTP/2 origin: ${name}, ${scheme}`, async () => {
    await using origin = await startHttp2Origin({ scheme, settings: OFFER });
    await using proxy = await startProxy(settingsOf(origin));
    await using client = await connect(proxy, origin);
    client.send(
      upgradeText(name === "explicit" ? urlOf(origin, scheme) : "/chat?x", `127.0.0.1:${origin.port}`),
    );
    const wire = await origin.connection(0);
    const request = await acceptHttp2(wire);
    assert.deepEqual([...request], [
      [":method", "CONNECT"],
      [":authority", `${name === "reverse" ? "localhost" : "127.0.0.1"}:${origin.port}`],
      [":scheme", scheme],
      [":path", "/chat?x"],
      [":protocol", "websocket"],
      ["sec-websocket-version", VERSION],
      ["sec-websocket-protocol", "a, b"],
    ]);
    assertSwitched(await client.until("\r\n\r\n"));
    await converseBack(client, wire);
    const flow = await proxy.http();
    assert.equal(wordsOf(flow), "HTTP/1.1 GET 200", "the record has what came");
    assert.deepEqual([flow.error, flow.response?.head.version], [null, "HTTP/2.0"]);
  });
}

Deno.test("websocket: HTTP/1 client, HTTP/2 origin: a refusal is an ordinary answer, and the connection goes on", async () => {
  await using origin = await startHttp2Origin({ scheme: "http", settings: OFFER });
  await using proxy = await startProxy({ h2cHosts: [/./] });
  await using client = await connectClient(proxy.port);
  client.send(upgradeText(urlOf(origin), "x"));
  const wire = await origin.connection();
  await wire.headers(1);
  wire.send(headers(1, [[":status", "403"], ["content-length", "2"]]), data(1, "no", { end: true }));
  const { status, body } = await client.response();
  assert.deepEqual([status, body], [403, "no"]);
  await wire.over(1);
  client.send(upgradeText(urlOf(origin), "x"));
  await wire.headers(3);
  wire.send(headers(3, [[":status", "200"]]));
  assert.equal((await client.response()).status, 101);
});

// --- The same version on both legs ---

Deno.test("websocket: HTTP/1 on both legs: the handshake goes through as it came", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await openTunnel(proxy.port, `127.0.0.1:${origin.port}`);
  client.send(upgradeText("/chat?x", "x"));
  const server = await origin.connection();
  assert.equal(await acceptHttp1(server), upgradeText("/chat?x", "x"));
  await client.until("\r\n\r\n");
  assert.ok(client.received.includes(`\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n`));
  client.send("\0up");
  await server.until("\0up");
  client.finish();
  server.finish();
  assert.equal(wordsOf(await proxy.http()), "HTTP/1.1 GET 101");
});

for (const way of ["tunnel", "explicit", "reverse"] as const) {
  Deno.test(`websocket: HTTP/2 on both legs: ${way}`, async () => {
    await using origin = await startHttp2Origin({ scheme: "http", settings: OFFER });
    const { port } = origin;
    await using proxy = await startProxy({
      h2cHosts: [/./],
      ...(way === "reverse" ? { mode: { kind: "reverse", scheme: "http", host: "127.0.0.1", port } } : {}),
    });
    await using wire = way === "tunnel"
      ? await tunnelHttp2(proxy.port, `127.0.0.1:${port}`)
      : await connectHttp2(proxy.port);
    await wire.frame(({ type, flags, payload }) =>
      type === TYPE.SETTINGS && flags === 0 &&
      new Map(readSettings(payload)).get(SETTING.ENABLE_CONNECT_PROTOCOL) === 1
    );
    wire.send(headers(1, extendedConnect(urlOf(origin))));
    const server = await origin.connection();
    assert.deepEqual(await acceptHttp2(server), new Map(extendedConnect(urlOf(origin))));
    assert.deepEqual(
      [...new HeadReader().read(await wire.headers(1))],
      [[":status", "200"], ["sec-websocket-protocol", "b"]],
    );
    wire.send(data(1, "\0up", { end: true }));
    await server.over(1);
    assert.equal(bodyOf(server, 1), "\0up");
    server.send(data(1, "\0down", { end: true }));
    await wire.over(1);
    assert.equal(bodyOf(wire, 1), "\0down");
    assert.equal(wordsOf(await proxy.http()), "HTTP/2.0 CONNECT 200");
  });
}

// --- An origin whose HTTP/2 takes no WebSocket ---

/** Speaks both versions over TLS, each connection what it was offered. */
async function startBoth(): Promise<RawOrigin> {
  return await startRawOrigin({ tls: { names: ["localhost", "127.0.0.1"], alpn: ["h2", "http/1.1"] } });
}

const NOTE = /takes no WebSocket over HTTP\/2: it was asked for over HTTP\/1\.1/;

Deno.test("websocket: an origin that does not take it over HTTP/2 is asked over HTTP/1.1, on another connection", async () => {
  await using origin = await startBoth();
  await using proxy = await startProxy();
  await using wire = await connectHttp2(proxy.port);
  wire.send(headers(1, extendedConnect(urlOf(origin, "https"))));
  const first = await origin.connection();
  await first.until("PRI * HTTP/2.0");
  first.send(settings());
  const second = await origin.connection(1);
  assert.match(await acceptHttp1(second), /^GET \/chat\?x HTTP\/1\.1\r\n/);
  await wire.headers(1);
  await converse(wire, second);
  const flow = await proxy.http();
  assert.equal(wordsOf(flow), "HTTP/2.0 CONNECT 101");
  assert.match(flow.notes.join(), NOTE);
  assert.deepEqual(flow.server?.tls?.alpnOffers, ["http/1.1"]);
  wire.send(headers(3, extendedConnect(urlOf(origin, "https"))));
  await acceptHttp1(await origin.connection(2));
  await wire.headers(3);
});

Deno.test("websocket: with --h2c too", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({ h2cHosts: [/./] });
  await using client = await connectClient(proxy.port);
  client.send(upgradeText(urlOf(origin), "x"));
  const first = await origin.connection();
  await first.until("PRI * HTTP/2.0");
  first.send(settings());
  const second = await origin.connection(1);
  assert.match(await acceptHttp1(second), /^GET \/chat\?x HTTP\/1\.1\r\n/);
  assert.equal((await client.response()).status, 101);
  client.finish();
  second.finish();
  assert.match((await proxy.http()).notes.join(), NOTE);
});

for (const version of ["HTTP/1", "HTTP/2"] as const) {
  Deno.test(`websocket: an origin that takes it in no version: a page says so to a client of ${version}`, async () => {
    await using origin = await startHttp2Origin({ scheme: "https" });
    await using proxy = await startProxy();
    const url = urlOf(origin, "https");
    let answer: [number, string];
    if (version === "HTTP/1") {
      await using client = await connectClient(proxy.port);
      client.send(upgradeText(url, "x"));
      const { status, body } = await client.response();
      answer = [status, body];
    } else {
      await using wire = await connectHttp2(proxy.port);
      wire.send(headers(1, extendedConnect(url)));
      await wire.over(1);
      answer = [Number(new HeadReader().read(await wire.headers(1)).get(":status")), bodyOf(wire, 1)];
    }
    assert.equal(answer[0], 502);
    assert.match(answer[1], /takes no WebSocket over HTTP\/2, and does not speak HTTP\/1\.1/);
    const flow = await proxy.http();
    assert.deepEqual([flow.error?.code, flow.error?.by], ["no-websocket", "server"]);
    assert.equal(origin.connections.length, 1, "nothing was sent as a plain GET");
    assert.equal(origin.connections[0]!.frames.filter(({ type }) => type === TYPE.HEADERS).length, 0);
  });
}

// --- Other protocols, and mitm itself ---

Deno.test("websocket: extended CONNECT for a protocol that the origin does not take: 501", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using wire = await connectHttp2(proxy.port);
  wire.send(headers(1, extendedConnect(urlOf(origin), "connect-udp")));
  await wire.over(1);
  assert.equal(new HeadReader().read(await wire.headers(1)).get(":status"), "501");
  const flow = await proxy.http();
  assert.deepEqual([flow.error?.code, flow.request.head.protocol], ["no-extended-connect", "connect-udp"]);
  assert.equal(proxy.logs.some(({ code }) => code === "internal"), false);
});

Deno.test("websocket: mitm itself has none", async () => {
  await using proxy = await startProxy();
  await using wire = await connectHttp2(proxy.port);
  wire.send(headers(1, extendedConnect("http://mitm.it/")));
  await wire.over(1);
  assert.equal(new HeadReader().read(await wire.headers(1)).get(":status"), "404");
});
