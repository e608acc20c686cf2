// HTTP/2 by `Upgrade: h2c` (RFC 7540, 3.2): which requests are followed, what is forwarded of them, and what comes then.

import assert from "node:assert/strict";
import { Fields } from "../../lib/http/fields.ts";
import type { RequestHead } from "../../lib/http/head.ts";
import { h2cUpgrade, withoutH2c } from "../../lib/proxy/h2c_upgrade.ts";
import { headers, SETTING, settingsPayload, TYPE } from "../kit/http2_frames.ts";
import { Http2Wire, startHttp2Origin } from "../kit/http2_wire.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { bodyOf, getFields, HeadReader } from "./http2_clients.ts";
import { sayHello } from "./tls_origins.ts";
import {
  Client,
  connectClient,
  connectSocket,
  openTlsTunnel,
  openTunnel,
  readHead,
  tunnelSocket,
} from "./tunnel_clients.ts";

const SETTINGS = base64url(settingsPayload([SETTING.MAX_CONCURRENT_STREAMS, 100]));

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function head(fields: readonly (readonly [string, string])[], parts: Partial<RequestHead> = {}): RequestHead {
  const list = Fields.of(...fields);
  return {
    kind: "request",
    version: "HTTP/1.1",
    method: "GET",
    target: "/",
    targetForm: "origin",
    scheme: "",
    authority: "a.example",
    path: "/",
    protocol: list.all("upgrade").join(", ") || null,
    framing: "none",
    contentLength: null,
    fields: list,
    ...parts,
  };
}

const UPGRADE = [
  ["Connection", "Upgrade, HTTP2-Settings"],
  ["Upgrade", "h2c"],
  ["HTTP2-Settings", SETTINGS],
] as const;

function withSettings(...values: string[]): RequestHead {
  return head([UPGRADE[0], UPGRADE[1], ...values.map((value) => ["HTTP2-Settings", value] as const)]);
}

// --- Which are followed ---

Deno.test("h2c: a request that asks for it, and its settings", () => {
  const asking = head(UPGRADE);
  const upgrade = h2cUpgrade(asking, true);
  assert.equal(upgrade?.head, asking);
  assert.deepEqual([...upgrade.settings], [0, 3, 0, 0, 0, 100]);
  assert.deepEqual(h2cUpgrade(withSettings(""), true)?.settings.length, 0, "no settings are settings too");
  assert.ok(h2cUpgrade(head([["Upgrade", "chat/1, H2C"], UPGRADE[0], UPGRADE[2]]), true), "among others");
});

const notFollowed: [why: string, head: RequestHead, end?: boolean][] = [
  ["nothing is asked for", head([])],
  ["another protocol", head([["Connection", "upgrade"], ["Upgrade", "websocket"]])],
  ["a WebSocket is asked for as well", head([UPGRADE[0], ["Upgrade", "websocket, h2c"], UPGRADE[2]])],
  ["a body comes", head(UPGRADE), false],
  ["HTTP/1.0", head(UPGRADE, { version: "HTTP/1.0" })],
  ["Upgrade is not named in Connection", head(UPGRADE, { protocol: null })],
  ["HTTP2-Settings is not named in Connection", head([["Connection", "Upgrade"], UPGRADE[1], UPGRADE[2]])],
  ["no settings", head([UPGRADE[0], UPGRADE[1]])],
  ["settings twice", withSettings(SETTINGS, SETTINGS)],
  ["settings that are no base64url", withSettings("+/==")],
  ["settings of half a byte", withSettings("A")],
  ["settings that are no whole number of settings", withSettings("AAAA")],
  ["a setting out of its range", withSettings(base64url(settingsPayload([SETTING.ENABLE_PUSH, 2])))],
  ["a window too large", withSettings(base64url(settingsPayload([SETTING.INITIAL_WINDOW_SIZE, 2 ** 31])))],
  ["more settings than there may be", withSettings(base64url(new Uint8Array(65 * 6)))],
  ["CONNECT", head(UPGRADE, { method: "CONNECT" })],
];

for (const [why, asking, end = true] of notFollowed) {
  Deno.test(`h2c: not followed: ${why}`, () => {
    assert.equal(h2cUpgrade(asking, end), null);
  });
}

// --- What is forwarded ---

const forwarded: [
  what: string,
  before: [string, string][],
  after: [string, string][],
  protocol: string | null,
][] = [
  ["all that is about it goes", [
    ["A", "1"],
    ...UPGRADE.map(([name, value]) => [name, value] as [string, string]),
    ["B", "2"],
  ], [
    ["A", "1"],
    ["B", "2"],
  ], null],
  [
    "what else is asked for stays",
    [["Connection", "upgrade, http2-settings"], ["Upgrade", "h2c, websocket"], [
      "HTTP2-Settings",
      "x",
    ]],
    [["Connection", "upgrade"], ["Upgrade", "websocket"]],
    "websocket",
  ],
  ["other connection options stay", [["connection", "keep-alive,Upgrade , x"], ["upgrade", "H2C"]], [
    ["connection", "keep-alive, x"],
  ], null],
  ["over several lines", [["Connection", "Upgrade"], ["Connection", "close"], ["Upgrade", "h2c"], [
    "Upgrade",
    "a",
  ]], [
    ["Connection", "Upgrade"],
    ["Connection", "close"],
    ["Upgrade", "a"],
  ], "a"],
];

for (const [what, before, after, protocol] of forwarded) {
  Deno.test(`h2c: forwarded without it: ${what}`, () => {
    const asking = head(before);
    const changed = withoutH2c(asking);
    assert.deepEqual([...changed.fields], after);
    assert.equal(changed.protocol, protocol);
    assert.deepEqual([...asking.fields], before, "the record keeps what came");
    assert.equal(withoutH2c(changed), changed);
  });
}

Deno.test("h2c: what does not ask for it is forwarded as it is", () => {
  for (
    const one of [
      head([["Connection", "Upgrade"], ["Upgrade", "websocket"]]),
      head([["HTTP2-Settings", "x"]]),
      head([["Upgrade", "h2c"]], { protocol: null }),
    ]
  ) {
    assert.equal(withoutH2c(one), one);
  }
});

// --- On the wire ---

function request(target: string, fields = "", body = ""): string {
  return `GET ${target} HTTP/1.1\r\nHost: a.example\r\nX-Case: Kept\r\nConnection: Upgrade, HTTP2-Settings\r\n` +
    `Upgrade: h2c\r\nHTTP2-Settings: ${SETTINGS}\r\n${fields}\r\n${body}`;
}

for (const where of ["the proxy's port", "a reverse port", "a tunnel"] as const) {
  Deno.test(`h2c: on ${where}: 101, then the answer on stream 1, then more streams`, async () => {
    await using origin = await startRawOrigin({ onConnection: sayHello });
    const authority = `127.0.0.1:${origin.port}`;
    await using proxy = await startProxy(
      where === "a reverse port"
        ? { mode: { kind: "reverse", scheme: "http", host: "127.0.0.1", port: origin.port } }
        : {},
    );
    const socket = where === "a tunnel"
      ? await tunnelSocket(proxy.port, authority)
      : await connectSocket(proxy.port);
    socket.write(request(where === "the proxy's port" ? `http://${authority}/first` : "/first"));
    const head = readHead(socket);
    // A tunnel's has been paused.
    socket.resume();
    const switching = await head;
    assert.match(switching, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
    assert.match(switching, /\r\nconnection: upgrade\r\n/i);
    assert.match(switching, /\r\nupgrade: h2c\r\n/i);
    await using wire = new Http2Wire(socket, "client");
    await wire.over(1);
    const reader = new HeadReader();
    assert.equal(reader.read(await wire.headers(1)).get(":status"), "200");
    assert.equal(bodyOf(wire, 1), "hello");
    wire.send(headers(3, getFields(`http://${authority}/second`), { end: true }));
    await wire.over(3);
    assert.equal(bodyOf(wire, 3), "hello");
    const first = await proxy.http(({ request }) => request.head.path === "/first");
    assert.equal(first.request.head.version, "HTTP/1.1", "as it came");
    assert.equal(first.request.head.fields.get("upgrade"), "h2c");
    assert.ok(first.notes.some((note) => note.includes("RFC 7540, 3.2")), first.notes.join());
    const second = await proxy.http(({ request }) => request.head.path === "/second");
    assert.equal(second.request.head.version, "HTTP/2.0");
    assert.equal(first.client, second.client);
    assert.equal(first.server, second.server);
    assert.equal(origin.connections.length, 1);
    const { received } = await origin.connection();
    assert.match(received, /^GET \/first HTTP\/1\.1\r\n[^]*X-Case: Kept\r\n/);
    assert.doesNotMatch(received, /upgrade|http2-settings/i);
  });
}

Deno.test("h2c: the settings of the upgrade count, and what is sent ahead of the 101 is not lost", async () => {
  await using origin = await startRawOrigin({ onConnection: sayHello });
  await using proxy = await startProxy();
  const socket = await connectSocket(proxy.port);
  const small = base64url(settingsPayload([SETTING.INITIAL_WINDOW_SIZE, 2]));
  socket.write(
    request(`http://127.0.0.1:${origin.port}/`).replace(SETTINGS, small) +
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
  );
  assert.match(await readHead(socket), /^HTTP\/1\.1 101 /);
  const client = new Client(socket);
  // DATA of two bytes: as much as the window takes.
  await client.until("\0\0\x02\0\0\0\0\0\x01he");
  await client[Symbol.asyncDispose]();
});

for (
  const [why, settings, text] of [
    ["--no-http2", { http2: false }, (target: string) => request(target)],
    ["with a body", {}, (target: string) => request(target, "Content-Length: 2\r\n", "hi")],
    ["with bad settings", {}, (target: string) => request(target).replace(SETTINGS, "!")],
  ] as const
) {
  Deno.test(`h2c: ${why}: the request is HTTP/1.1, and the origin is not asked for h2c`, async () => {
    await using origin = await startRawOrigin({ onConnection: sayHello });
    await using proxy = await startProxy(settings);
    for (const where of ["explicit", "tunnel"] as const) {
      const authority = `127.0.0.1:${origin.port}`;
      await using client = where === "tunnel"
        ? await openTunnel(proxy.port, authority)
        : await connectClient(proxy.port);
      client.send(text(where === "tunnel" ? "/" : `http://${authority}/`));
      await client.until("hello");
      assert.match(client.received, /^HTTP\/1\.1 200 /);
      const { received } = await origin.connection(where === "tunnel" ? 1 : 0);
      assert.doesNotMatch(received, /upgrade|h2c|http2-settings/i);
      const flow = await proxy.http(() => proxy.ended.length === (where === "tunnel" ? 2 : 1));
      assert.equal(flow.request.head.fields.get("upgrade"), "h2c", "the record shows what came");
    }
  });
}

Deno.test("h2c: over TLS it is ignored: there ALPN decides", async () => {
  await using origin = await startRawOrigin({ tls: { names: ["localhost"] }, onConnection: sayHello });
  await using proxy = await startProxy();
  await using client = await openTlsTunnel(proxy.port, `localhost:${origin.port}`, {
    serverName: "localhost",
    ca: proxy.authority.certificatePem,
  });
  client.send(request("/"));
  await client.until("hello");
  assert.match(client.received, /^HTTP\/1\.1 200 /);
});

Deno.test("h2c: a client that goes before the 101 leaves nothing behind", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  const gone = new Promise<void>((resolve) => proxy.hooks.on("clientDisconnected", () => resolve()));
  const client = await connectClient(proxy.port);
  client.send(request(`http://127.0.0.1:${origin.port}/`));
  client.reset();
  await gone;
  assert.equal(proxy.proxy.connections, 0);
  await client.closed();
});

Deno.test("h2c: a proxy that stops meanwhile says so in HTTP/2", async () => {
  await using origin = await startHttp2Origin({ scheme: "http" });
  await using proxy = await startProxy({ h2cHosts: [/./] });
  const socket = await connectSocket(proxy.port);
  socket.write(request(`http://127.0.0.1:${origin.port}/`));
  await readHead(socket);
  await using wire = new Http2Wire(socket, "client");
  const server = await origin.connection();
  await server.headers(1);
  const stopped = proxy.proxy.stop(4_000);
  await wire.frame(({ type }) => type === TYPE.GOAWAY);
  server.send(headers(1, [[":status", "204"]], { end: true }));
  await wire.over(1);
  await stopped;
});
