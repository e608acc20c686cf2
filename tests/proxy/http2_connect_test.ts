// CONNECT over HTTP/2 to the proxy (RFC 9113, 8.5): many tunnels in one connection, each as good as one of its own.

import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import tls from "node:tls";
import type { ConnectionRecord } from "../../lib/flow/record.ts";
import { data, FLAG, headers, TYPE } from "../kit/http2_frames.ts";
import { startHttp2Origin } from "../kit/http2_wire.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { type ProxyFixture, startProxy } from "../kit/proxy_fixture.ts";
import { bodyOf, connectFields, connectHttp2, HeadReader } from "./http2_clients.ts";
import { echo, Session } from "./http2_tunnels.ts";
import { sayHello } from "./tls_origins.ts";
import { Client, soon } from "./tunnel_clients.ts";

const HOST = "inside.example";

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
