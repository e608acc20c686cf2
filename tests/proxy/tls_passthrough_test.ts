// `--ignore` and `--allow`: TLS that is let through is the origin's own, and nothing of it is recorded.

import assert from "node:assert/strict";
import type { Settings } from "../../lib/proxy/settings.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy, testOriginAuthority } from "../kit/proxy_fixture.ts";
import { get, sayHello } from "./tls_origins.ts";
import { openTlsTunnel, openTunnel, originFingerprint, soon } from "./tunnel_clients.ts";

const HOST = "through.example";

interface Row {
  what: string;
  settings: Partial<Settings>;
  /** What CONNECT names, and what the hello does. */
  host?: string;
  serverName?: string | null;
  untouched: boolean;
}

const rows: Row[] = [
  { what: "nothing set", settings: {}, untouched: false },
  { what: "--ignore of the host", settings: { ignoreHosts: [/^through\.example$/i] }, untouched: true },
  { what: "--ignore of host and port", settings: { ignoreHosts: [/example:443$/i] }, untouched: true },
  { what: "--ignore of another port", settings: { ignoreHosts: [/example:444$/i] }, untouched: false },
  { what: "--ignore of another host", settings: { ignoreHosts: [/other/i] }, untouched: false },
  {
    what: "--ignore of the server name, CONNECT with another",
    settings: { ignoreHosts: [/^through\.example$/i] },
    host: "front.example",
    untouched: true,
  },
  {
    what: "--ignore of the host, a hello without a server name",
    settings: { ignoreHosts: [/^through\.example$/i] },
    serverName: null,
    untouched: true,
  },
  { what: "--allow of the host", settings: { allowHosts: [/^through\.example$/i] }, untouched: false },
  { what: "--allow of another host", settings: { allowHosts: [/other/i] }, untouched: true },
  {
    what: "--allow of the server name, CONNECT with another",
    settings: { allowHosts: [/^through\.example$/i] },
    host: "front.example",
    untouched: false,
  },
  {
    what: "--ignore and --allow of the host",
    settings: { ignoreHosts: [/through/i], allowHosts: [/through/i] },
    untouched: true,
  },
  {
    what: "--ignore and --tcp of the host",
    settings: { ignoreHosts: [/through/i], tcpHosts: [/./] },
    untouched: true,
  },
];

for (const { what, settings, host = HOST, serverName = HOST, untouched } of rows) {
  Deno.test(`passthrough: ${what}: ${untouched ? "the origin's certificate" : "ours"}`, async () => {
    await using origin = await startRawOrigin({
      tls: { names: [HOST, "front.example"] },
      onConnection: sayHello,
    });
    await using proxy = await startProxy({
      resolve: [{ host, port: 443, address: "127.0.0.1", toPort: origin.port }],
      ...settings,
    });
    const wanted = await originFingerprint([HOST, "front.example"]);
    const over = new Promise<void>((resolve) => proxy.hooks.on("clientDisconnected", () => resolve()));
    {
      await using client = await openTlsTunnel(proxy.port, `${host}:443`, {
        serverName,
        ca: untouched ? (await testOriginAuthority()).certificatePem : proxy.authority.certificatePem,
        more: { checkServerIdentity: () => undefined },
      });
      assert.equal(client.fingerprint === wanted, untouched);
      assert.equal((await get(client)).status, 200);
      client.finish();
      const server = await origin.connection();
      await server.end();
      server.finish();
      await client.closed();
    }
    await soon(over, "the end of the connection");
    assert.equal(proxy.ended.length, untouched ? 0 : 1);
    if (untouched) assert.equal(proxy.store.size, 0, "nothing is recorded");
  });
}

Deno.test("passthrough: what is no TLS passes untouched and unrecorded too", async () => {
  for (const settings of [{ ignoreHosts: [/through/i] }, { allowHosts: [/other/i] }]) {
    await using origin = await startRawOrigin({ onConnection: sayHello });
    await using proxy = await startProxy({
      resolve: [{ host: HOST, port: 80, address: "127.0.0.1", toPort: origin.port }],
      ...settings,
    });
    await using client = await openTunnel(proxy.port, `${HOST}:80`);
    // HTTP that mitm would refuse.
    client.send("GET /\x01 HTTP/9.9\r\n\r\n");
    await client.until("hello");
    assert.equal((await origin.connection()).received, "GET /\x01 HTTP/9.9\r\n\r\n");
    assert.equal(proxy.store.size, 0);
  }
});

Deno.test("passthrough: half-closes, resets and many bytes go through as they are", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({ ignoreHosts: [/./] });
  await using client = await openTunnel(proxy.port, `127.0.0.1:${origin.port}`);
  client.send("\x16\x03\x01 not really TLS");
  client.finish();
  const server = await origin.connection();
  await server.end();
  assert.equal(server.received, "\x16\x03\x01 not really TLS");
  server.send("answer".repeat(100_000));
  server.finish();
  await client.end();
  assert.equal(client.received.length, 600_000);

  await using torn = await openTunnel(proxy.port, `127.0.0.1:${origin.port}`);
  torn.send("x");
  const other = await origin.connection(1);
  await other.until("x");
  torn.reset();
  assert.equal(await other.closed(), "ECONNRESET");
});

Deno.test("passthrough: the server may speak first, and nobody need speak at all", async () => {
  await using origin = await startRawOrigin({ onConnection: (connection) => connection.send("220 hi\r\n") });
  await using proxy = await startProxy({ ignoreHosts: [/./] });
  await using client = await openTunnel(proxy.port, `127.0.0.1:${origin.port}`);
  await client.until("220 hi\r\n");
  client.finish();
  (await origin.connection()).finish();
  await client.end();
});
