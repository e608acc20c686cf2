// Reverse mode for HTTP: one origin behind the port, plain and TLS clients on it alike.

import assert from "node:assert/strict";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { get, sayHello } from "./tls_origins.ts";
import { connectClient, connectTls } from "./tunnel_clients.ts";

for (const scheme of ["http", "https"] as const) {
  for (const client of ["plain", "TLS"] as const) {
    Deno.test(`reverse:${scheme}, ${client} client: requests go to the one origin, under its name`, async () => {
      await using origin = await startRawOrigin({
        ...(scheme === "https" ? { tls: { names: ["localhost"], alpn: ["http/1.1"] } } : {}),
        onConnection: sayHello,
      });
      await using proxy = await startProxy({
        mode: { kind: "reverse", scheme, host: "localhost", port: origin.port },
      });
      await using connection = client === "TLS"
        ? await connectTls(proxy.port, {
          serverName: "public.example",
          ca: proxy.authority.certificatePem,
          alpn: ["http/1.1"],
        })
        : await connectClient(proxy.port);
      for (const path of ["/one", "/two"]) assert.equal((await get(connection, path)).status, 200);
      const server = await origin.connection();
      const host = origin.port === (scheme === "https" ? 443 : 80) ? "localhost" : `localhost:${origin.port}`;
      assert.ok(server.received.startsWith(`GET /one HTTP/1.1\r\nHost: ${host}\r\n`), server.received);
      assert.equal(origin.connections.length, 1, "one connection for both");
      const flow = await proxy.http();
      assert.deepEqual([flow.scheme, flow.host, flow.port], [scheme, "localhost", origin.port]);
      assert.equal(
        flow.request.head.fields.get("host"),
        "example.com",
        "the record shows what the client sent",
      );
      assert.equal(flow.client.tls?.serverName ?? null, client === "TLS" ? "public.example" : null);
      if (client === "TLS") assert.equal(flow.client.tls?.alpn, "http/1.1");
      assert.equal(flow.server?.tls?.serverName ?? null, scheme === "https" ? "localhost" : null);
    });
  }
}

Deno.test("reverse: --keep-host-header passes Host through as it came", async () => {
  await using origin = await startRawOrigin({ onConnection: sayHello });
  await using proxy = await startProxy({
    mode: { kind: "reverse", scheme: "http", host: "127.0.0.1", port: origin.port },
    keepHostHeader: true,
  });
  await using client = await connectClient(proxy.port);
  await get(client);
  assert.match((await origin.connection()).received, /^GET \/ HTTP\/1\.1\r\nHost: example\.com\r\n/);
});

Deno.test("reverse: what is no HTTP gets a 400, plain and inside TLS", async () => {
  await using origin = await startRawOrigin({ onConnection: sayHello });
  await using proxy = await startProxy({
    mode: { kind: "reverse", scheme: "http", host: "127.0.0.1", port: origin.port },
  });
  for (const garbage of ["\x00\x01\x02\x03\r\n\r\n", "SSH-2.0-client\r\n\r\n", "\x05\x01\x00\r\n\r\n"]) {
    await using plain = await connectClient(proxy.port);
    plain.send(garbage);
    await plain.end();
    assert.match(plain.received, /^HTTP\/1\.1 400 /);
  }
  await using inside = await connectTls(proxy.port, { serverName: "localhost", ca: null });
  inside.send("\x00\x01\x02\x03\r\n\r\n");
  await inside.end();
  assert.match(inside.received, /^HTTP\/1\.1 400 /);
  assert.equal(origin.connections.length, 0);
});

Deno.test("reverse: CONNECT is a request like others, for the origin to judge", async () => {
  await using origin = await startRawOrigin({
    onConnection: (connection) => {
      connection.until("\r\n\r\n").then(
        () => connection.send("HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n"),
        () => {},
      );
    },
  });
  await using proxy = await startProxy({
    mode: { kind: "reverse", scheme: "http", host: "127.0.0.1", port: origin.port },
  });
  await using client = await connectClient(proxy.port);
  client.send("CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: elsewhere.example:443\r\n\r\n");
  assert.match(await client.until("\r\n\r\n"), /^HTTP\/1\.1 405 No/);
});

Deno.test("reverse: an origin that cannot be reached, or not be trusted, is a 502", async () => {
  await using untrusted = await startRawOrigin({ tls: { names: ["other.example"] } });
  for (const [port, reason] of [[1, /refused/], [untrusted.port, /for another name/]] as const) {
    await using proxy = await startProxy({
      mode: { kind: "reverse", scheme: "https", host: "127.0.0.1", port },
    });
    await using client = await connectClient(proxy.port);
    const { status, text } = await get(client);
    assert.equal(status, 502);
    assert.match(text, reason);
  }
});

Deno.test("reverse: to the proxy itself is refused", async () => {
  const mode = { kind: "reverse" as const, scheme: "http" as const, host: "127.0.0.1", port: 0 };
  await using proxy = await startProxy({ mode });
  mode.port = proxy.port;
  await using client = await connectClient(proxy.port);
  const { status, text } = await get(client);
  assert.equal(status, 502);
  assert.match(text, /is this proxy itself/);
});
