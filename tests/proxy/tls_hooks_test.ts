// The hooks around connections and TLS: their order, what they are told, and that a hold holds.

import assert from "node:assert/strict";
import type { HookName } from "../../lib/hooks/hooks.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { type ProxyFixture, startProxy } from "../kit/proxy_fixture.ts";
import { get, sayHello } from "./tls_origins.ts";
import { openTlsTunnel, openTunnel, soon } from "./tunnel_clients.ts";

const HOST = "hooks.example";

const NAMES = [
  "clientConnected",
  "serverConnecting",
  "serverConnected",
  "serverFailed",
  "tlsHello",
  "tlsEstablished",
  "tlsFailed",
  "tcpStart",
  "tcpMessage",
  "tcpEnd",
  "requestHead",
  "responseHead",
  "httpEnded",
  "serverDisconnected",
  "clientDisconnected",
] as const satisfies readonly HookName[];

/** The names of all hooks, in the order they ran; those of TLS with their leg. */
function recordHooks(proxy: ProxyFixture): { told: string[]; over: Promise<void> } {
  const told: string[] = [];
  const over = new Promise<void>((resolve) => {
    for (const name of NAMES) {
      proxy.hooks.on(name, (...facts: unknown[]) => {
        told.push(name === "tlsEstablished" || name === "tlsFailed" ? `${name} ${facts[1]}` : name);
        if (name === "clientDisconnected") resolve();
      });
    }
  });
  return { told, over };
}

async function proxyFor(port: number, settings: Parameters<typeof startProxy>[0] = {}) {
  return await startProxy({
    resolve: [{ host: HOST, port: 443, address: "127.0.0.1", toPort: port }],
    ...settings,
  });
}

Deno.test("hooks: an intercepted request, from the client's connection to its end", async () => {
  await using origin = await startRawOrigin({ tls: { names: [HOST] }, onConnection: sayHello });
  await using proxy = await proxyFor(origin.port);
  const { told, over } = recordHooks(proxy);
  {
    await using client = await openTlsTunnel(proxy.port, `${HOST}:443`, {
      serverName: HOST,
      ca: proxy.authority.certificatePem,
    });
    await get(client);
    client.finish();
    await client.end();
  }
  await soon(over, "clientDisconnected");
  const ends = ["clientDisconnected", "serverDisconnected"];
  assert.deepEqual(told.filter((name) => !ends.includes(name)), [
    "clientConnected",
    "serverConnecting",
    "serverConnected",
    "tlsHello",
    "tlsEstablished server",
    "tlsEstablished client",
    "requestHead",
    "responseHead",
    "httpEnded",
  ]);
  assert.deepEqual(told.slice(-2).sort(), ends);
});

Deno.test("hooks: raw TCP in intercepted TLS", async () => {
  await using origin = await startRawOrigin({ tls: { names: [HOST] } });
  await using proxy = await proxyFor(origin.port, { tcpHosts: [/./] });
  const { told, over } = recordHooks(proxy);
  {
    await using client = await openTlsTunnel(proxy.port, `${HOST}:443`, {
      serverName: HOST,
      ca: proxy.authority.certificatePem,
    });
    client.send("x");
    const server = await origin.connection();
    await server.until("x");
    client.finish();
    server.finish();
    await client.end();
  }
  await soon(over, "clientDisconnected");
  assert.deepEqual(told, [
    "clientConnected",
    "serverConnecting",
    "serverConnected",
    "tlsHello",
    "tlsEstablished server",
    "tlsEstablished client",
    "tcpStart",
    "tcpMessage",
    "tcpEnd",
    "serverDisconnected",
    "clientDisconnected",
  ]);
});

Deno.test("hooks: an origin that cannot be reached, and one that is not to be trusted", async () => {
  await using origin = await startRawOrigin({ tls: { names: ["other.example"] } });
  await using proxy = await proxyFor(origin.port, { tcpHosts: [/./] });
  const { told, over } = recordHooks(proxy);
  await assert.rejects(openTunnel(proxy.port, "127.0.0.1:1"), /502/);
  await soon(over, "clientDisconnected");
  assert.deepEqual(told, [
    "clientConnected",
    "serverConnecting",
    "serverFailed",
    "httpEnded",
    "clientDisconnected",
  ]);
  told.length = 0;
  const failed = new Promise<void>((resolve) => proxy.hooks.on("clientDisconnected", () => resolve()));
  await assert.rejects(openTlsTunnel(proxy.port, `${HOST}:443`, { serverName: HOST, ca: null }));
  await soon(failed, "clientDisconnected");
  assert.deepEqual(told, [
    "clientConnected",
    "serverConnecting",
    "serverConnected",
    "tlsHello",
    "tlsFailed server",
    "serverDisconnected",
    "tcpEnd",
    "clientDisconnected",
  ]);
});

Deno.test("hooks: what the hello says; while it is held nobody is spoken to", async () => {
  await using origin = await startRawOrigin({
    tls: { names: [HOST], alpn: ["http/1.1"] },
    onConnection: sayHello,
  });
  await using proxy = await proxyFor(origin.port);
  const release = Promise.withResolvers<void>();
  const held = Promise.withResolvers<unknown[]>();
  proxy.hooks.on("tlsHello", ({ client, ...facts }) => {
    held.resolve([facts, client.remote.host]);
    return release.promise;
  });
  const opening = openTlsTunnel(proxy.port, `${HOST}:443`, {
    serverName: HOST,
    ca: proxy.authority.certificatePem,
    alpn: ["h2", "http/1.1"],
  });
  assert.deepEqual(await held.promise, [
    { host: HOST, port: 443, serverName: HOST, alpnOffers: ["h2", "http/1.1"] },
    "127.0.0.1",
  ]);
  assert.equal(origin.connections.length, 0, "no handshake with the origin");
  release.resolve();
  await using client = await opening;
  assert.equal((await get(client)).status, 200);
});

Deno.test("hooks: each part of connecting can be held", async () => {
  await using origin = await startRawOrigin({ onConnection: sayHello });
  await using proxy = await startProxy();
  for (const name of ["clientConnected", "serverConnecting", "serverConnected"] as const) {
    const release = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const stop = proxy.hooks.on(name, () => {
      held.resolve();
      return release.promise;
    });
    const opening = openTunnel(proxy.port, `127.0.0.1:${origin.port}`);
    await soon(held.promise, name);
    release.resolve();
    stop();
    await using client = await opening;
    assert.equal((await get(client)).status, 200);
  }
});
