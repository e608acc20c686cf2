// CONNECT over HTTP/2 to the proxy (RFC 9113, 8.5): many tunnels in one connection, each as good as one of its own.

import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import type net from "node:net";
import tls from "node:tls";
import type { ConnectionRecord } from "../../lib/flow/record.ts";
import {
  CODE,
  data,
  FLAG,
  headers,
  readUint32,
  resetStream,
  SETTING,
  TYPE,
  windowUpdate,
} from "../kit/http2_frames.ts";
import { startHttp2Origin } from "../kit/http2_wire.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { type ProxyFixture, startProxy } from "../kit/proxy_fixture.ts";
import {
  bodyOf,
  connectFields,
  connectHttp2,
  connectHttp2Tls,
  getFields,
  HeadReader,
} from "./http2_clients.ts";
import { sayHello } from "./tls_origins.ts";
import { Client, soon } from "./tunnel_clients.ts";

const HOST = "inside.example";

/** Says everything back. */
function echo(connection: { socket: net.Socket; send(data: Uint8Array): void; finish(): void }): void {
  connection.socket.on("data", (chunk: Uint8Array) => connection.send(chunk));
  connection.socket.on("end", () => connection.finish());
}

/** A node:http2 client of the proxy; disposing closes it. */
class Session implements AsyncDisposable {
  readonly session: http2.ClientHttp2Session;

  constructor(proxy: ProxyFixture, secure: boolean) {
    this.session = secure
      ? http2.connect(`https://127.0.0.1:${proxy.port}`, { ca: proxy.authority.certificatePem })
      : http2.connect(`http://127.0.0.1:${proxy.port}`);
  }

  /** A tunnel, after its 200. */
  async tunnel(authority: string): Promise<Client> {
    const stream = this.session.request({ ":method": "CONNECT", ":authority": authority }, {
      endStream: false,
    });
    const [head] = await once(stream, "response");
    assert.equal(head[":status"], 200);
    return new Client(stream as unknown as net.Socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.session.destroyed) return;
    const closed = once(this.session, "close");
    this.session.destroy();
    await closed;
  }
}

async function secureOver(tunnel: Client, proxy: ProxyFixture, alpn: string[]): Promise<tls.TLSSocket> {
  tunnel.socket.removeAllListeners("data");
  const session = tls.connect({
    socket: tunnel.socket,
    servername: HOST,
    ca: proxy.authority.certificatePem,
    ALPNProtocols: alpn,
  } as unknown as tls.ConnectionOptions);
  await soon(once(session, "secureConnect"), "the handshake in the tunnel");
  return session;
}

for (const secure of [true, false]) {
  Deno.test(`connect over h2${secure ? "" : "c"}: TLS in the tunnel, HTTP/1.1 in it`, async () => {
    await using origin = await startRawOrigin({ tls: { names: [HOST] }, onConnection: sayHello });
    await using proxy = await startProxy({
      resolve: [{ host: HOST, port: 443, address: "127.0.0.1", toPort: origin.port }],
    });
    const connected: ConnectionRecord[] = [];
    proxy.hooks.on("clientConnected", (record) => void connected.push(record));
    await using session = new Session(proxy, secure);
    const tunnel = await session.tunnel(`${HOST}:443`);
    const inner = new Client(await secureOver(tunnel, proxy, ["http/1.1"]));
    for (const path of ["/one", "/two"]) {
      const before = inner.received.length;
      inner.send(`GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
      await inner.until((received) => received.slice(before).endsWith("hello"));
    }
    const one = await proxy.http(({ request }) => request.head.path === "/one");
    const two = await proxy.http(({ request }) => request.head.path === "/two");
    assert.equal(one.client, two.client);
    assert.equal(origin.connections.length, 1);
    // The tunnel's facts are not the connection's.
    const [outer] = connected;
    assert.ok(outer !== undefined && outer !== one.client);
    assert.notEqual(one.client.id, outer.id);
    assert.deepEqual(one.client.remote, outer.remote);
    assert.deepEqual([one.client.tls?.alpn, one.client.tls?.serverName], ["http/1.1", HOST]);
    assert.equal(outer.tls?.alpn ?? null, secure ? "h2" : null);
    assert.equal(one.server?.tls?.serverName, HOST);
    inner.socket.destroy();
  });
}

Deno.test("connect over h2: HTTP/2 in TLS in the tunnel", async () => {
  await using origin = await startHttp2Origin({
    scheme: "https",
    onConnection: async (wire) => {
      for (const stream of [1, 3]) {
        await wire.headers(stream);
        wire.send(headers(stream, [[":status", "200"]]), data(stream, `answer ${stream}`, { end: true }));
      }
    },
  });
  await using proxy = await startProxy({
    resolve: [{ host: HOST, port: 443, address: "127.0.0.1", toPort: origin.port }],
    insecure: true,
  });
  await using session = new Session(proxy, true);
  const tunnel = await session.tunnel(`${HOST}:443`);
  const secured = await secureOver(tunnel, proxy, ["h2"]);
  assert.equal(secured.alpnProtocol, "h2");
  const inner = http2.connect(`https://${HOST}`, { createConnection: () => secured });
  for (const [path, text] of [["/one", "answer 1"], ["/two", "answer 3"]] as const) {
    const stream = inner.request({ ":path": path });
    let body = "";
    stream.on("data", (chunk) => body += String(chunk));
    await soon(once(stream, "end"), "the end of the answer");
    assert.equal(body, text);
    const flow = await proxy.http(({ request }) => request.head.path === path);
    assert.deepEqual([flow.request.head.version, flow.response?.head.version], ["HTTP/2.0", "HTTP/2.0"]);
  }
  inner.destroy();
});

Deno.test("connect over h2: two tunnels and a request at once, in one connection", async () => {
  await using echoes = await startRawOrigin({ onConnection: echo });
  await using web = await startRawOrigin({ onConnection: sayHello });
  await using proxy = await startProxy();
  await using session = new Session(proxy, true);
  const first = await session.tunnel(`127.0.0.1:${echoes.port}`);
  const second = await session.tunnel(`127.0.0.1:${echoes.port}`);
  first.send("\0first");
  second.send("\0second");
  await Promise.all([first.until("\0first"), second.until("\0second")]);
  const stream = session.session.request({
    ":scheme": "http",
    ":authority": `127.0.0.1:${web.port}`,
    ":path": "/plain",
  });
  stream.resume();
  await soon(once(stream, "end"), "the answer");
  assert.equal((await proxy.http()).request.head.path, "/plain");
  // One ends, the other goes on.
  first.finish();
  await first.end();
  second.send(" goes on");
  await second.until("\0second goes on");
  second.finish();
  await second.end();
  const flows = [await proxy.tcp(), await proxy.tcp((flow) => flow.messages.length === 4)];
  assert.notEqual(flows[0]!.client.id, flows[1]!.client.id);
  assert.deepEqual(flows.map(({ error }) => error), [null, null]);
});

Deno.test("connect over h2: what is sent ahead of the 200 is not lost", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  const gate = Promise.withResolvers<void>();
  const dialing = Promise.withResolvers<void>();
  proxy.hooks.on("serverConnecting", () => {
    dialing.resolve();
    return gate.promise;
  });
  await using wire = await connectHttp2(proxy.port);
  wire.send(
    headers(1, connectFields(`127.0.0.1:${origin.port}`)),
    data(1, "\0early "),
    data(1, "bytes", { end: true }),
  );
  await dialing.promise;
  assert.equal(wire.frames.some(({ type }) => type === TYPE.HEADERS), false);
  gate.resolve();
  const server = await origin.connection();
  await server.end();
  assert.equal(server.received, "\0early bytes");
  server.send("answer");
  server.finish();
  assert.notEqual((await wire.over(1)).flags & FLAG.END_STREAM, 0);
  assert.equal(bodyOf(wire, 1), "answer");
  assert.equal((await proxy.tcp()).error, null);
});

// --- Refused ---

for (
  const [target, status, code] of [
    ["127.0.0.1:1", "502", "refused"],
    ["no-such-host.invalid:443", "502", "unresolvable"],
    ["localhost:PROXY", "403", "loop"],
  ] as const
) {
  Deno.test(`connect over h2: to ${target}: ${status} on its stream, and the connection goes on`, async () => {
    await using origin = await startRawOrigin({ onConnection: echo });
    await using proxy = await startProxy();
    await using wire = await connectHttp2(proxy.port);
    const authority = target.replace("PROXY", String(proxy.port));
    wire.send(headers(1, connectFields(authority)), headers(3, connectFields(`127.0.0.1:${origin.port}`)));
    wire.send(data(3, "\0x"));
    await wire.over(1);
    await wire.frame(({ type, stream }) => type === TYPE.DATA && stream === 3);
    const reader = new HeadReader();
    const heads = wire.frames.filter(({ type }) => type === TYPE.HEADERS).map((frame) =>
      [frame.stream, reader.read(frame).get(":status")] as const
    );
    assert.deepEqual(new Map(heads), new Map([[1, status], [3, "200"]]), wire.log.join());
    const flow = await proxy.http();
    assert.deepEqual([flow.error?.code, flow.request.head.method], [code, "CONNECT"]);
    assert.equal(flow.request.head.version, "HTTP/2.0");
  });
}

// --- Ends ---

Deno.test("connect over h2: half-close in both directions", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using session = new Session(proxy, false);
  const clientFirst = await session.tunnel(`127.0.0.1:${origin.port}`);
  clientFirst.send("\0ask");
  clientFirst.finish();
  const one = await origin.connection(0);
  await one.end();
  assert.equal(one.received, "\0ask");
  one.send("answer");
  one.finish();
  await clientFirst.end();
  assert.equal(clientFirst.received, "answer");

  const serverFirst = await session.tunnel(`127.0.0.1:${origin.port}`);
  const two = await origin.connection(1);
  two.send("greeting");
  two.finish();
  await serverFirst.end();
  assert.equal(serverFirst.received, "greeting");
  serverFirst.send("\0bye");
  serverFirst.finish();
  await two.end();
  assert.equal(two.received, "\0bye");
  const flows = [
    await proxy.tcp(({ closedBy }) => closedBy === "client"),
    await proxy.tcp(({ closedBy }) => closedBy === "server"),
  ];
  assert.deepEqual(flows.map(({ error }) => error), [null, null]);
});

Deno.test("connect over h2: a reset of the stream is a reset for the origin, and the other way round", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using wire = await connectHttp2(proxy.port);
  const target = connectFields(`127.0.0.1:${origin.port}`);
  wire.send(headers(1, target), data(1, "\0one"));
  await (await origin.connection(0)).until("\0one");
  wire.send(resetStream(1, CODE.CANCEL));
  assert.equal(await (await origin.connection(0)).closed(), "ECONNRESET");
  const byClient = await proxy.tcp();
  assert.deepEqual([byClient.error?.by, byClient.error?.code], ["client", "reset"]);

  wire.send(headers(3, target), data(3, "\0two"));
  await (await origin.connection(1)).until("\0two");
  (await origin.connection(1)).reset();
  const over = await wire.over(3);
  // RFC 9113, 8.5
  assert.deepEqual([over.type, readUint32(over.payload, 0)], [TYPE.RST_STREAM, CODE.CONNECT_ERROR]);
  assert.equal((await proxy.tcp(({ error }) => error?.by === "server")).error?.code, "reset");
  assert.equal(wire.frames.some(({ type }) => type === TYPE.GOAWAY), false);
});

Deno.test("connect over h2: taken back before the dial is done: what was dialed is closed", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  const gate = Promise.withResolvers<void>();
  const dialing = Promise.withResolvers<void>();
  const closed = new Promise<void>((resolve) => proxy.hooks.on("serverDisconnected", () => resolve()));
  proxy.hooks.on("serverConnecting", () => {
    dialing.resolve();
    return gate.promise;
  });
  await using wire = await connectHttp2(proxy.port);
  wire.send(headers(1, connectFields(`127.0.0.1:${origin.port}`)));
  await dialing.promise;
  wire.send(
    resetStream(1, CODE.CANCEL),
    ...[3].map((stream) => headers(stream, connectFields("example.com"))),
  );
  await wire.over(3);
  gate.resolve();
  await soon(closed, "serverDisconnected");
  assert.equal((await origin.connection()).received, "");
  assert.equal(wire.frames.some(({ stream }) => stream === 1), false);
});

Deno.test("connect over h2: the client's connection ends, and with it all its tunnels", async () => {
  for (const how of ["reset", "closed"] as const) {
    await using origin = await startRawOrigin();
    await using proxy = await startProxy();
    await using wire = await connectHttp2(proxy.port);
    for (const stream of [1, 3]) {
      wire.send(headers(stream, connectFields(`127.0.0.1:${origin.port}`)), data(stream, "\0x"));
    }
    for (const index of [0, 1]) await (await origin.connection(index)).until("\0x");
    if (how === "reset") wire.socket.resetAndDestroy();
    else wire.socket.destroy();
    for (const index of [0, 1]) await (await origin.connection(index)).closed();
    await proxy.tcp();
    await proxy.tcp(() => proxy.ended.length === 2);
    assert.deepEqual(proxy.ended.map(({ error }) => error?.by), ["client", "client"]);
    assert.deepEqual(proxy.logs.filter(({ level }) => level === "error"), []);
  }
});

Deno.test("connect over h2: the proxy stops: all tunnels end", async () => {
  await using origin = await startRawOrigin();
  await using web = await startRawOrigin({ onConnection: sayHello });
  await using proxy = await startProxy();
  await using wire = await connectHttp2(proxy.port);
  wire.send(headers(1, connectFields(`127.0.0.1:${origin.port}`)), data(1, "\0x"));
  const server = await origin.connection();
  await server.until("\0x");
  // HTTP in a tunnel, between two requests: it has nothing to finish.
  wire.send(headers(3, connectFields(`127.0.0.1:${web.port}`)), data(3, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  await wire.frame(({ type, stream }) => type === TYPE.DATA && stream === 3);
  const stopped = proxy.proxy.stop(600);
  await wire.frame(({ type }) => type === TYPE.GOAWAY);
  assert.notEqual((await wire.over(3)).flags & FLAG.END_STREAM, 0, "in good order");
  await stopped;
  assert.equal(await server.closed(), "ECONNRESET");
  await wire.closed();
  assert.equal((await proxy.tcp()).error?.code, "stopped");
  assert.equal(proxy.proxy.connections, 0);
});

Deno.test("connect over h2: a connection with a tunnel is not idle; without one it is", async () => {
  await using origin = await startRawOrigin({ onConnection: echo });
  await using proxy = await startProxy({ idleTimeout: 300 });
  await using wire = await connectHttp2(proxy.port);
  wire.send(headers(1, connectFields(`127.0.0.1:${origin.port}`)), data(1, "\0x"));
  await wire.frame(({ type, stream }) => type === TYPE.DATA && stream === 1);
  const idle = await connectHttp2(proxy.port);
  await idle.closed();
  assert.equal(wire.frames.some(({ type }) => type === TYPE.GOAWAY), false);
  wire.send(data(1, "", { end: true }));
  await wire.over(1);
  await wire.frame(({ type }) => type === TYPE.GOAWAY);
  await wire.closed();
});

Deno.test("connect over h2: a tunnel on which nothing moves ends alone", async () => {
  await using origin = await startRawOrigin({ onConnection: echo });
  await using proxy = await startProxy({ stallTimeout: 700 });
  await using wire = await connectHttp2(proxy.port);
  const target = connectFields(`127.0.0.1:${origin.port}`);
  wire.send(headers(1, target), data(1, "\0x"), headers(3, target), data(3, "\0x"));
  await Promise.all(
    [1, 3].map((on) => wire.frame(({ type, stream }) => type === TYPE.DATA && stream === on)),
  );
  const moving = setInterval(() => wire.send(data(3, "x")), 50);
  try {
    assert.equal((await wire.over(1)).type, TYPE.RST_STREAM);
  } finally {
    clearInterval(moving);
  }
  assert.equal((await proxy.tcp()).error?.code, "stalled");
  wire.send(data(3, "", { end: true }));
  assert.equal((await wire.over(3)).type, TYPE.DATA);
});

// --- Backpressure ---

Deno.test("connect over h2: a tunnel whose origin reads nothing shuts its own window, and no other", async () => {
  await using origin = await startRawOrigin({
    onConnection: (connection) => {
      connection.until((received) => received.length > 0).then((received) => {
        if (received.startsWith("\0stall")) connection.socket.pause();
        else {
          connection.send(Uint8Array.from(received, (character) => character.charCodeAt(0)));
          echo(connection);
        }
      }, () => {});
    },
  });
  await using proxy = await startProxy();
  await using wire = await connectHttp2(proxy.port);
  const target = connectFields(`127.0.0.1:${origin.port}`);
  wire.send(headers(1, target), data(1, "\0stall"));
  await (await origin.connection(0)).until("\0stall");
  const credit = (stream: number) => {
    let sum = 0;
    for (const frame of wire.frames) {
      if (frame.type === TYPE.WINDOW_UPDATE && frame.stream === stream) sum += readUint32(frame.payload, 0);
    }
    return sum;
  };
  const piece = new Uint8Array(16_384);
  let sent = 6;
  // As much as it is allowed to: its window, and what it got back.
  const more = () => {
    while (sent + piece.length <= 262_144 + credit(1)) {
      wire.send(data(1, piece));
      sent += piece.length;
    }
  };
  const granted = () => wire.frames.length;
  for (let seen = -1; seen < granted();) {
    seen = granted();
    more();
    // Another tunnel is as quick as ever: by its answer all before it has been looked at.
    const stream = wire.frames.length * 2 + 1001;
    wire.send(headers(stream, target), data(stream, "\0go"));
    await wire.frame(({ type, stream: on }) => type === TYPE.DATA && on === stream);
    wire.send(data(stream, "", { end: true }));
    await wire.over(stream);
    if (credit(1) < sent - 262_144 + piece.length) break;
  }
  // The sockets' own buffers take some megabytes, then it stands.
  assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes were taken`);
  const server = await origin.connection(0);
  server.socket.resume();
  await server.until((received) => received.length >= 6);
  wire.send(resetStream(1, CODE.CANCEL));
  await proxy.tcp(({ error }) => error !== null);
});

Deno.test("connect over h2: a tunnel whose client takes nothing stops its origin, and no other", async () => {
  const flood = new Uint8Array(4 * 1024 * 1024);
  await using origin = await startRawOrigin({
    onConnection: (connection) => {
      connection.until((received) => received.length > 0).then((received) => {
        if (received.startsWith("\0flood")) connection.send(flood);
        else {
          connection.send(Uint8Array.from(received, (character) => character.charCodeAt(0)));
          echo(connection);
        }
      }, () => {});
    },
  });
  await using proxy = await startProxy();
  await using wire = await connectHttp2(proxy.port, [[SETTING.INITIAL_WINDOW_SIZE, 100_000]]);
  wire.send(windowUpdate(0, 2 ** 31 - 1 - 65_535));
  const target = connectFields(`127.0.0.1:${origin.port}`);
  wire.send(headers(1, target), data(1, "\0flood"));
  const received = (stream: number) => bodyLength(wire, stream);
  await wire.frame(() => received(1) === 100_000, "all of the window");
  wire.send(headers(3, target), data(3, "\0go"));
  await wire.frame(({ type, stream }) => type === TYPE.DATA && stream === 3);
  assert.equal(received(1), 100_000);
  wire.send(windowUpdate(1, flood.length));
  await wire.frame(() => received(1) === flood.length, "all of it");
});

function bodyLength(
  wire: { frames: readonly { type: number; stream: number; payload: Uint8Array }[] },
  stream: number,
) {
  let length = 0;
  for (const frame of wire.frames) {
    if (frame.type === TYPE.DATA && frame.stream === stream) length += frame.payload.length;
  }
  return length;
}

Deno.test("connect over h2: over TLS to the proxy, a megabyte each way comes through whole", async () => {
  await using origin = await startRawOrigin({ onConnection: echo });
  await using proxy = await startProxy();
  await using wire = await connectHttp2Tls(proxy.port, proxy.authority.certificatePem);
  wire.send(headers(1, connectFields(`127.0.0.1:${origin.port}`)));
  await wire.headers(1);
  const size = 1024 * 1024;
  let sent = 0;
  let given = 0;
  const credit = () =>
    wire.frames.filter(({ type, stream }) => type === TYPE.WINDOW_UPDATE && stream === 1)
      .reduce((sum, frame) => sum + readUint32(frame.payload, 0), 262_144);
  while (bodyLength(wire, 1) < size) {
    for (; sent < size && sent + 16_384 <= credit(); sent += 16_384) {
      wire.send(data(1, Uint8Array.from({ length: 16_384 }, (_, index) => (sent + index * 7) & 0xff)));
    }
    const before = wire.frames.length;
    const received = bodyLength(wire, 1);
    if (received > given) {
      wire.send(windowUpdate(1, received - given), windowUpdate(0, received - given));
      given = received;
    }
    await wire.frame(() => wire.frames.length > before, "more");
  }
  const pieces = wire.frames.filter(({ type, stream }) => type === TYPE.DATA && stream === 1);
  let at = 0;
  for (const { payload } of pieces) {
    for (const byte of payload) {
      const block = at - at % 16_384;
      if (byte !== ((block + (at - block) * 7) & 0xff)) assert.fail(`byte ${at} is ${byte}`);
      at++;
    }
  }
  assert.equal(at, size);
  wire.send(headers(3, getFields("http://127.0.0.1:1/"), { end: true }));
  await wire.over(3);
});
