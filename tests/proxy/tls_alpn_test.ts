// ALPN (RFC 7301): the origin is offered what the client offers, the client is told what the origin chose.

import assert from "node:assert/strict";
import type tls from "node:tls";
import { type ProxyFixture, startProxy, testOriginAuthority } from "../kit/proxy_fixture.ts";
import { get, startTlsOrigin } from "./tls_origins.ts";
import { connectTls, openTlsTunnel, type TlsClient } from "./tunnel_clients.ts";

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
  [["h2", "http/1.1"], ["http/1.1", "h2"], "http/1.1", "the origin likes it better"],
  [["h2", "http/1.1"], null, "http/1.1", "an origin without ALPN, and a client that would like more"],
  [["h2c", "h3", "http/1.1"], ["h3", "h2c", "http/1.1"], "http/1.1", "what is not spoken is not offered"],
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

const http2: [client: string[], origin: string[], why: string][] = [
  [["h2", "http/1.1"], ["h2", "http/1.1"], "both would like it"],
  [["http/1.1", "h2"], ["h2", "http/1.1"], "the origin chooses"],
  [["h2"], ["h2", "http/1.1"], "the client speaks nothing else"],
  [["h2", "http/1.1"], ["h2"], "the origin speaks nothing else"],
  [["mqtt", "h2"], ["h2"], "among others"],
];

for (const [client, origin, why] of http2) {
  Deno.test(`alpn: client ${text(client)}, origin ${text(origin)}: h2 on both legs (${why})`, async () => {
    const sessions = await withOrigin(
      origin,
      async (proxy, open) => {
        await using connection = await open(client);
        assert.equal(connection.alpn, "h2");
        // RFC 9113, 3.4: the server's SETTINGS need not wait for the client's preface.
        await connection.until(beginsWithSettings);
        connection.send(`${PREFACE}\0\0\0\x04\0\0\0\0\0`);
        // RFC 9113, 6.5.3
        await connection.until("\0\0\0\x04\x01\0\0\0\0");
        assert.equal(proxy.logs.length, 0);
      },
      {},
      (connection) => void connection.until(PREFACE).catch(() => {}),
    );
    assert.deepEqual(sessions.map(({ alpnProtocol }) => alpnProtocol), ["h2"]);
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
    assert.equal((await proxy.http()).error?.code, "no-application-protocol");
  });
});

Deno.test("alpn: where the origin fails the client is told what it likes best of what is spoken", async () => {
  for (
    const [offers, told] of [
      [["h2"], "h2"],
      [["http/1.1", "h2"], "h2"],
      [["http/1.1"], "http/1.1"],
      [["mqtt"], null],
    ] as const
  ) {
    await withOrigin(["imap"], async (proxy, open) => {
      await using connection = await open([...offers]);
      assert.equal(connection.alpn, told);
      if (told === "h2") await connection.until(beginsWithSettings);
      else assert.equal((await get(connection)).status, 502);
      assert.deepEqual(proxy.logs.filter(({ level }) => level === "error"), []);
    });
  }
});

Deno.test("alpn: --no-http2: h2 is neither offered nor chosen", async () => {
  for (const origin of [["h2", "http/1.1"], ["http/1.1"], null]) {
    const sessions = await withOrigin(
      origin,
      async (_proxy, open) => {
        await using connection = await open(["h2", "http/1.1"]);
        assert.equal(connection.alpn, "http/1.1");
        assert.equal((await get(connection)).status, 200);
      },
      { http2: false },
    );
    assert.deepEqual(sessions.map(({ alpnProtocol }) => alpnProtocol), [
      origin === null ? false : "http/1.1",
    ]);
  }
});

for (const where of ["the proxy itself", "a reverse port"] as const) {
  Deno.test(`alpn: ${where} prefers h2, with --no-http2 it speaks HTTP/1`, async () => {
    const mode = { kind: "reverse", scheme: "http", host: "127.0.0.1", port: 9 } as const;
    for (
      const [offers, told, withoutHttp2] of [
        [["h2", "http/1.1"], "h2", "http/1.1"],
        [["http/1.1", "h2"], "h2", "http/1.1"],
        [["h2"], "h2", null],
        [["http/1.1"], "http/1.1", "http/1.1"],
        [["mqtt", "http/1.1"], "http/1.1", "http/1.1"],
        [null, null, null],
      ] as const
    ) {
      for (const http2 of [true, false]) {
        await using proxy = await startProxy({ http2, ...(where === "a reverse port" ? { mode } : {}) });
        await using connection = await connectTls(proxy.port, {
          serverName: "proxy.example",
          ca: proxy.authority.certificatePem,
          ...(offers === null ? {} : { alpn: [...offers] }),
        });
        assert.equal(connection.alpn, http2 ? told : withoutHttp2);
        // In HTTP/2 the server speaks at once; in HTTP/1 it waits. Nothing listens at the reverse port's origin.
        if (connection.alpn === "h2") await connection.until(beginsWithSettings);
        else assert.equal((await get(connection)).status, 502);
      }
    }
  });
}

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

function beginsWithSettings(received: string): boolean {
  return received.length >= 9 && received.charCodeAt(3) === 4 && received.slice(5, 9) === "\0\0\0\0";
}

function text(names: string[] | string | null): string {
  return names === null ? "none" : typeof names === "string" ? names : names.join("+");
}
