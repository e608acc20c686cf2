// ALPN (RFC 7301): the origin is offered what the client offers, the client is told what the origin chose.

import assert from "node:assert/strict";
import type tls from "node:tls";
import { type ProxyFixture, startProxy, testOriginAuthority } from "../kit/proxy_fixture.ts";
import { get, startTlsOrigin } from "./tls_origins.ts";
import { openTlsTunnel, type TlsClient } from "./tunnel_clients.ts";

const HOST = "alpn.example";

async function withOrigin(
  alpn: string[] | null,
  work: (proxy: ProxyFixture, open: (offers: string[] | null) => Promise<TlsClient>) => Promise<void>,
  settings: Parameters<typeof startProxy>[0] = {},
  onConnection?: Parameters<typeof startTlsOrigin>[1],
): Promise<tls.TLSSocket[]> {
  const { certificatePem, keyPem } = await (await testOriginAuthority()).leafFor({
    host: HOST,
    extraNames: [],
  });
  await using origin = await startTlsOrigin(
    { cert: certificatePem, key: keyPem, ...(alpn === null ? {} : { ALPNProtocols: alpn }) },
    onConnection,
  );
  await using proxy = await startProxy({
    resolve: [{ host: HOST, port: 443, address: "127.0.0.1", toPort: origin.port }],
    ...settings,
  });
  await work(proxy, (offers) =>
    openTlsTunnel(proxy.port, `${HOST}:443`, {
      serverName: HOST,
      ca: proxy.authority.certificatePem,
      ...(offers === null ? {} : { alpn: offers }),
    }));
  return origin.sessions;
}

const http: [client: string[] | null, origin: string[] | null, told: string | null, why: string][] = [
  [["http/1.1"], ["http/1.1"], "http/1.1", "both speak it"],
  [["http/1.1"], ["h2", "http/1.1"], "http/1.1", "the origin would like more"],
  [["h2", "http/1.1"], ["http/1.1"], "http/1.1", "the client would like more"],
  [["mqtt", "http/1.1"], ["http/1.1"], "http/1.1", "the origin chooses"],
  [["http/1.1"], null, "http/1.1", "an origin without ALPN is spoken to in HTTP/1.1"],
  [null, ["http/1.1"], null, "a client without ALPN gets no answer"],
  [null, null, null, "nobody says anything"],
];

for (const [client, origin, told, why] of http) {
  Deno.test(`alpn: client ${text(client)}, origin ${text(origin)}: ${text(told)}, HTTP (${why})`, async () => {
    const sessions = await withOrigin(origin, async (proxy, open) => {
      await using connection = await open(client);
      assert.equal(connection.alpn, told);
      assert.equal((await get(connection)).status, 200);
      const flow = await proxy.http();
      assert.equal(flow.client.tls?.alpn, told);
      assert.deepEqual(flow.client.tls?.alpnOffers, client ?? []);
    });
    assert.equal(sessions.length, 1, "one connection to the origin, the one that was asked first");
  });
}

Deno.test("alpn: a protocol we do not know is passed through, and what is in it is raw TCP, even if it looks like HTTP", async () => {
  await withOrigin(
    ["mqtt"],
    async (proxy, open) => {
      await using connection = await open(["mqtt"]);
      assert.equal(connection.alpn, "mqtt");
      connection.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await connection.until("echo: GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      connection.finish();
      const flow = await proxy.tcp();
      assert.equal(flow.tls, true);
      assert.equal(flow.server?.tls?.alpn, "mqtt");
      assert.deepEqual(flow.server?.tls?.alpnOffers, ["mqtt"]);
    },
    {},
    (connection) =>
      connection.until("\r\n\r\n").then((received) => {
        connection.send(`echo: ${received}`);
        connection.finish();
      }, () => {}),
  );
});

Deno.test("alpn: with --tcp everything the client offers is passed on, and told back", async () => {
  for (
    const [offers, origin, told] of [
      [["h2", "http/1.1"], ["h2"], "h2"],
      [["h2", "imap"], ["imap"], "imap"],
      [["h2"], null, null],
      [null, ["h2"], null],
    ] as const
  ) {
    await withOrigin(
      origin === null ? null : [...origin],
      async (proxy, open) => {
        await using connection = await open(offers === null ? null : [...offers]);
        assert.equal(connection.alpn, told);
        connection.send("GET / HTTP/1.1\r\n\r\n");
        await connection.until("raw");
        connection.finish();
        const flow = await proxy.tcp();
        assert.deepEqual(flow.server?.tls?.alpnOffers, offers ?? []);
      },
      { tcpHosts: [/./] },
      (connection) =>
        connection.until("\r\n\r\n").then(() => {
          connection.send("raw");
          connection.finish();
        }, () => {}),
    );
  }
});

Deno.test("alpn: an origin that refuses what the client offers is a failure that says so", async () => {
  await withOrigin(["imap"], async (proxy, open) => {
    await using connection = await open(["http/1.1"]);
    const { status, text } = await get(connection);
    assert.equal(status, 502);
    assert.match(text, /TLS with alpn\.example:443 failed/);
    assert.equal((await proxy.http()).error?.code, "tls");
  });
});

function text(names: string[] | string | null): string {
  return names === null ? "none" : typeof names === "string" ? names : names.join("+");
}
