// Reverse mode for raw TCP: bytes to one origin, TLS intercepted where the client speaks it.

import assert from "node:assert/strict";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy, testOriginAuthority } from "../kit/proxy_fixture.ts";
import { connectClient, connectTls } from "./tunnel_clients.ts";

for (const tls of [false, true]) {
  const name = tls ? "TLS" : "plain";
  Deno.test(`reverse:tcp, ${name}: bytes both ways, even where they look like HTTP`, async () => {
    await using origin = await startRawOrigin(
      tls ? { tls: { names: ["db.example"], alpn: ["postgresql"] } } : {},
    );
    await using proxy = await startProxy({
      mode: { kind: "reverse", scheme: "tcp", host: "127.0.0.1", port: origin.port },
    });
    await using client = tls
      ? await connectTls(proxy.port, {
        serverName: "db.example",
        ca: proxy.authority.certificatePem,
        alpn: ["postgresql"],
      })
      : await connectClient(proxy.port);
    client.send("GET / HTTP/1.1\r\n\r\n");
    const server = await origin.connection();
    await server.until("GET / HTTP/1.1\r\n\r\n");
    server.send("raw");
    await client.until("raw");
    client.finish();
    await server.end();
    server.finish();
    const flow = await proxy.tcp();
    assert.deepEqual([flow.tls, flow.host, flow.port], [tls, "127.0.0.1", origin.port]);
    assert.deepEqual(flow.messages.map(({ fromClient }) => fromClient), [true, false]);
    assert.equal(flow.client.tls?.alpn ?? null, tls ? "postgresql" : null);
    assert.equal(flow.server?.tls?.serverName ?? null, tls ? "db.example" : null);
  });
}

Deno.test("reverse:tcp: the server may speak first", async () => {
  await using origin = await startRawOrigin({ onConnection: (connection) => connection.send("220 hi\r\n") });
  await using proxy = await startProxy({
    mode: { kind: "reverse", scheme: "tcp", host: "127.0.0.1", port: origin.port },
  });
  await using client = await connectClient(proxy.port);
  await client.until("220 hi\r\n");
  client.send("x");
  await (await origin.connection()).until("x");
});

Deno.test("reverse:tcp: a single byte is not waited on", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({
    mode: { kind: "reverse", scheme: "tcp", host: "127.0.0.1", port: origin.port },
  });
  await using client = await connectClient(proxy.port);
  const started = performance.now();
  client.send("G");
  await (await origin.connection()).until("G");
  // SNIFF_TIME is two seconds.
  assert.ok(performance.now() - started < 1_000);
});

Deno.test("reverse:tcp: an origin that cannot be reached resets the client, with a flow and a line in the log", async () => {
  await using proxy = await startProxy({
    mode: { kind: "reverse", scheme: "tcp", host: "127.0.0.1", port: 1 },
  });
  await using client = await connectClient(proxy.port);
  assert.equal(await client.closed(), "ECONNRESET");
  const entry = await proxy.log("connect-failed");
  assert.equal(entry.message, "connection to 127.0.0.1:1 refused: nothing listens there");
  const flow = await proxy.tcp();
  assert.deepEqual([flow.error?.code, flow.error?.by, flow.host], ["refused", "server", "127.0.0.1"]);
  assert.equal(proxy.proxy.connections, 0);
});

Deno.test("reverse:tcp: --ignore lets its bytes pass unrecorded", async () => {
  await using origin = await startRawOrigin({ tls: { names: ["db.example"] } });
  await using proxy = await startProxy({
    mode: { kind: "reverse", scheme: "tcp", host: "127.0.0.1", port: origin.port },
    ignoreHosts: [/^127\.0\.0\.1/],
  });
  await using client = await connectTls(proxy.port, {
    serverName: "db.example",
    ca: (await testOriginAuthority()).certificatePem,
  });
  client.send("secret");
  await (await origin.connection()).until("secret");
  assert.equal(proxy.store.size, 0);
});
