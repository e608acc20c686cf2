// Origins by name, by IPv4 and by IPv6 address, in every way to name one: the URL, CONNECT, Host, SNI or none.

import assert from "node:assert/strict";
import dns from "node:dns/promises";
import { networkInterfaces } from "node:os";
import { type ProxyFixture, startProxy, testOriginAuthority } from "../kit/proxy_fixture.ts";
import { connectClient, RawClient } from "../kit/raw_client.ts";
import { secure, tunnelSocket } from "../proxy/tunnel_clients.ts";

const hasIpv6 = Object.values(networkInterfaces()).flat().some((one) => one?.address === "::1");

function serveAt(hostname: string, tls: Deno.TlsCertifiedKeyPem | null): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve(
    { hostname, port: 0, onListen: () => {}, ...tls },
    (request) => new Response(`${request.url} ${request.headers.get("host")}`),
  );
}

async function certificateFor(...names: string[]): Promise<Deno.TlsCertifiedKeyPem> {
  const authority = await testOriginAuthority();
  const leaf = await authority.leafFor({ host: names[0]!, extraNames: names.slice(1) });
  return { cert: leaf.certificatePem, key: leaf.keyPem };
}

async function explicit(proxy: ProxyFixture, authority: string) {
  await using client = await connectClient(proxy.port);
  client.send(`GET http://${authority}/path HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  return await client.response();
}

/** TLS in a tunnel; `serverName` null: no SNI, as RFC 6066, 3 wants it for addresses. */
async function tunnelled(proxy: ProxyFixture, authority: string, serverName: string | null) {
  const socket = await tunnelSocket(proxy.port, authority);
  const { session } = await secure(socket, {
    serverName,
    ca: proxy.authority.certificatePem,
    more: serverName === null ? { host: authority.replace(/:\d+$/, "").replaceAll(/[[\]]/g, "") } : {},
  });
  await using client = new RawClient(session);
  client.send(`GET /path HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  return { response: await client.response(), altNames: session.getPeerCertificate().subjectaltname };
}

Deno.test("an IPv6 literal in the URL", async () => {
  await using proxy = await startProxy();
  if (!hasIpv6) {
    const { status, body } = await explicit(proxy, "[::1]:1");
    assert.equal(status, 502);
    return assert.match(body, /\[::1\]:1/);
  }
  await using server = serveAt("::1", null);
  const authority = `[::1]:${server.addr.port}`;
  assert.equal((await explicit(proxy, authority)).body, `http://${authority}/path ${authority}`);
  const flow = await proxy.http();
  assert.deepEqual([flow.host, flow.port, flow.server?.remote.host], ["::1", server.addr.port, "::1"]);
  assert.equal(flow.error, null);
});

Deno.test("an IPv6 literal in CONNECT: TLS without SNI, a certificate for the address", async () => {
  await using proxy = await startProxy();
  if (!hasIpv6) return assert.rejects(tunnelSocket(proxy.port, "[::1]:1"), /^Error: HTTP\/1\.1 502 /);
  await using server = serveAt("::1", await certificateFor("::1"));
  const authority = `[::1]:${server.addr.port}`;
  const { response, altNames } = await tunnelled(proxy, authority, null);
  assert.equal(response.body, `https://${authority}/path ${authority}`);
  assert.match(altNames!, /IP Address:(::1|0:0:0:0:0:0:0:1)/);
  const flow = await proxy.http();
  assert.deepEqual([flow.host, flow.client.tls?.serverName, flow.server?.tls?.serverName], [
    "::1",
    null,
    null,
  ]);
});

Deno.test("an IPv4 address in CONNECT: TLS without SNI, a certificate for the address", async () => {
  await using proxy = await startProxy();
  await using server = serveAt("127.0.0.1", await certificateFor("127.0.0.1"));
  const authority = `127.0.0.1:${server.addr.port}`;
  const { response, altNames } = await tunnelled(proxy, authority, null);
  assert.equal(response.body, `https://${authority}/path ${authority}`);
  assert.match(altNames!, /IP Address:127\.0\.0\.1/);
  const flow = await proxy.http();
  assert.deepEqual([flow.client.tls?.serverName, flow.server?.tls?.serverName], [null, null]);
});

Deno.test("CONNECT to an address with a name in SNI: the origin is asked for by that name", async () => {
  await using proxy = await startProxy();
  await using server = serveAt("127.0.0.1", await certificateFor("localhost"));
  const { response, altNames } = await tunnelled(proxy, `127.0.0.1:${server.addr.port}`, "localhost");
  assert.equal(response.status, 200);
  assert.match(altNames!, /DNS:localhost/);
  const flow = await proxy.http();
  assert.deepEqual([flow.client.tls?.serverName, flow.server?.tls?.serverName], ["localhost", "localhost"]);
  assert.equal(flow.server?.remote.host, "127.0.0.1");
});

/** On some systems localhost is ::1 first, on some 127.0.0.1 alone: whoever listens on one of them is found. */
for (const hostname of ["127.0.0.1", "::1"]) {
  Deno.test(`localhost is found where the origin listens on ${hostname} only`, async () => {
    await using proxy = await startProxy();
    const addresses = (await dns.lookup("localhost", { all: true })).map(({ address }) => address);
    if (!addresses.includes(hostname)) {
      const { status, body } = await explicit(proxy, "localhost:1");
      assert.equal(status, 502);
      return assert.match(body, /localhost:1/);
    }
    await using server = serveAt(hostname, null);
    const authority = `localhost:${server.addr.port}`;
    assert.equal((await explicit(proxy, authority)).body, `http://${authority}/path ${authority}`);
    assert.equal((await proxy.http()).server?.remote.host, hostname);
  });
}
