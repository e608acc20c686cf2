// Origins whose certificates do not hold: what the client is told, what the record says, and what --insecure does.

import assert from "node:assert/strict";
import net from "node:net";
import { startProxy } from "../kit/proxy_fixture.ts";
import {
  type CertificateWish,
  get,
  type Issuer,
  makeCertificate,
  makeIssuer,
  startTlsOrigin,
} from "./tls_origins.ts";
import { connectClient, openTlsTunnel } from "./tunnel_clients.ts";

const HOST = "secure.example";
const trusted: Issuer = await makeIssuer("A root the proxy is told to trust");
const unknown: Issuer = await makeIssuer("A root nobody knows");
const trustedPem = trusted.certificate.toString("pem");

interface Flawed {
  what: string;
  wish: CertificateWish;
  reason: RegExp;
  code: string;
  /** The issuer's certificate comes with it. */
  wholeChain?: boolean;
}

const failures: Flawed[] = [
  {
    what: "self-signed",
    wish: { names: [HOST] },
    reason: /is self-signed/,
    code: "DEPTH_ZERO_SELF_SIGNED_CERT",
  },
  {
    what: "expired",
    wish: { names: [HOST], issuer: trusted, from: -20, to: -1 },
    reason: /has expired/,
    code: "CERT_HAS_EXPIRED",
  },
  {
    what: "expired, and of an unknown issuer",
    wish: { names: [HOST], issuer: unknown, from: -20, to: -1 },
    reason: /has expired/,
    code: "CERT_HAS_EXPIRED",
  },
  {
    what: "not valid yet",
    wish: { names: [HOST], issuer: trusted, from: 1, to: 20 },
    reason: /is not valid yet/,
    code: "CERT_NOT_YET_VALID",
  },
  {
    what: "for another name",
    wish: { names: ["other.example"], issuer: trusted },
    reason: /is for another name/,
    code: "ERR_TLS_CERT_ALTNAME_INVALID",
  },
  {
    what: "of an unknown issuer",
    wish: { names: [HOST], issuer: unknown },
    reason: /issuer is not trusted here/,
    code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  },
  {
    what: "of an unknown issuer, whose own certificate comes with it",
    wish: { names: [HOST], issuer: unknown },
    reason: /self-signed certificate that is not trusted|issuer is not trusted here/,
    code: "SELF_SIGNED_CERT_IN_CHAIN",
    wholeChain: true,
  },
  {
    what: "not meant for servers",
    wish: { names: [HOST], issuer: trusted, usage: "client" },
    reason: /is not meant for servers/,
    code: "INVALID_PURPOSE",
  },
];

/** What trusting an issuer helps against. */
const ABOUT_TRUST = /SELF_SIGNED|UNABLE/;

async function originFor(wish: CertificateWish, wholeChain = false) {
  const { cert, key } = await makeCertificate(wish);
  const chain = wholeChain && wish.issuer ? wish.issuer.certificate.toString("pem") + "\n" : "";
  return await startTlsOrigin({ cert: cert + chain, key, ALPNProtocols: ["http/1.1"] });
}

for (const { what, wish, reason, code, wholeChain } of failures) {
  Deno.test(`tls verification: a certificate that is ${what}`, async () => {
    await using origin = await originFor(wish, wholeChain);
    const resolve = [{ host: HOST, port: 443, address: "127.0.0.1", toPort: origin.port }];
    await using proxy = await startProxy({ upstreamCa: [trustedPem], resolve });
    await using client = await openTlsTunnel(proxy.port, `${HOST}:443`, {
      serverName: HOST,
      ca: proxy.authority.certificatePem,
      alpn: ["http/1.1"],
    });
    assert.equal(client.alpn, "http/1.1", "the client is answered over TLS all the same");
    const { status, text } = await get(client);
    assert.equal(status, 502);
    assert.match(text, reason);
    assert.match(text, /secure\.example:443/);
    assert.match(text, /--insecure/);
    const flow = await proxy.http();
    assert.equal(flow.error?.code, "tls-verification");
    assert.equal(flow.error.by, "server");
    assert.match(flow.error.message, reason);
    assert.match(flow.error.message, /do not verify with --insecure$/);
    assert.equal(/--upstream-ca FILE/.test(flow.error.message), ABOUT_TRUST.test(code));
    assert.match(flow.error.message, new RegExp(`\\((${code}|UNABLE_TO_VERIFY_LEAF_SIGNATURE)\\)`));
    const shown = flow.server?.tls?.certificate ?? null;
    if (shown !== null) assert.deepEqual(shown.altNames, wish.names.map((name) => `DNS:${name}`));
    assert.equal(origin.connections.length, 0, "nothing was asked of it");

    // The same without CONNECT: the request names it.
    await using explicit = await connectClient(proxy.port);
    explicit.send(`GET https://${HOST}/ HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    const answer = await explicit.until("</html>");
    assert.match(answer, /^HTTP\/1\.1 502 /);
    assert.match(answer, reason);
  });
}

for (const { what, wish, code, wholeChain } of failures) {
  Deno.test(`tls verification: --insecure takes a certificate that is ${what}, and the record says why not`, async () => {
    await using origin = await originFor(wish, wholeChain);
    const resolve = [{ host: HOST, port: 443, address: "127.0.0.1", toPort: origin.port }];
    for (const insecure of [true as const, [/^secure\.example:443$/i]]) {
      await using proxy = await startProxy({ upstreamCa: [trustedPem], resolve, insecure });
      await using client = await openTlsTunnel(proxy.port, `${HOST}:443`, {
        serverName: HOST,
        ca: proxy.authority.certificatePem,
      });
      assert.match((await get(client)).text, /^HTTP\/1\.1 200 [^]*hello$/);
      const { server, error } = await proxy.http();
      assert.equal(error, null);
      assert.deepEqual(server?.tls?.certificate?.altNames, wish.names.map((name) => `DNS:${name}`));
      const { verifyError } = server!.tls!;
      // Deno's word for all that is about issuers, but for the plainest case.
      if (verifyError !== "UNABLE_TO_VERIFY_LEAF_SIGNATURE") assert.equal(verifyError, code);
      else assert.match(code, ABOUT_TRUST);
    }
  });
}

Deno.test("tls verification: --insecure has nothing to say against a certificate that holds, however often", async () => {
  await using origin = await originFor({ names: [HOST], issuer: trusted });
  const resolve = [{ host: HOST, port: 443, address: "127.0.0.1", toPort: origin.port }];
  await using proxy = await startProxy({ upstreamCa: [trustedPem], resolve, insecure: true });
  for (let again = 0; again < 3; again++) {
    await using client = await openTlsTunnel(proxy.port, `${HOST}:443`, {
      serverName: HOST,
      ca: proxy.authority.certificatePem,
    });
    assert.equal((await get(client, `/${again}`)).status, 200);
    const flow = await proxy.http(({ request }) => request.head.path === `/${again}`);
    assert.equal(flow.server?.tls?.verifyError, null);
  }
});

Deno.test("tls verification: --insecure for another host is not for this one", async () => {
  await using origin = await originFor({ names: [HOST] });
  const resolve = [{ host: HOST, port: 443, address: "127.0.0.1", toPort: origin.port }];
  await using proxy = await startProxy({ resolve, insecure: [/other/] });
  await using client = await openTlsTunnel(proxy.port, `${HOST}:443`, {
    serverName: HOST,
    ca: proxy.authority.certificatePem,
  });
  assert.equal((await get(client)).status, 502);
});

Deno.test("tls verification: --upstream-ca is trusted; the record shows the origin's certificate", async () => {
  await using origin = await originFor({ names: [HOST, "www.secure.example"], issuer: trusted });
  const resolve = [{ host: HOST, port: 443, address: "127.0.0.1", toPort: origin.port }];
  await using proxy = await startProxy({ upstreamCa: [trustedPem], resolve });
  await using client = await openTlsTunnel(proxy.port, `${HOST}:443`, {
    serverName: HOST,
    ca: proxy.authority.certificatePem,
  });
  assert.equal((await get(client)).status, 200);
  const facts = (await proxy.http()).server?.tls;
  assert.equal(facts?.version, "TLSv1.3");
  assert.match(facts.cipher, /^TLS_/);
  assert.equal(facts.serverName, HOST);
  assert.equal(facts.verifyError, null);
  assert.match(facts.certificate!.subject, /CN=secure\.example/);
  assert.match(facts.certificate!.issuer, /CN=A root the proxy is told to trust/);
  assert.deepEqual(facts.certificate!.altNames, ["DNS:secure.example", "DNS:www.secure.example"]);
});

Deno.test("tls verification: the name that counts is the server name of the client's hello", async () => {
  await using origin = await originFor({ names: [HOST], issuer: trusted });
  await using proxy = await startProxy({ upstreamCa: [trustedPem] });
  const target = `127.0.0.1:${origin.port}`;
  await using right = await openTlsTunnel(proxy.port, target, {
    serverName: HOST,
    ca: proxy.authority.certificatePem,
  });
  assert.equal((await get(right)).status, 200);
  await using wrong = await openTlsTunnel(proxy.port, target, { serverName: "wrong.example", ca: null });
  const { status, text } = await get(wrong);
  assert.equal(status, 502);
  assert.match(text, /asked for as wrong\.example/);
});

Deno.test("tls verification: without a server name it is the address that must be in the certificate", async () => {
  await using origin = await originFor({ names: ["127.0.0.1"], issuer: trusted });
  await using other = await originFor({ names: [HOST], issuer: trusted });
  await using proxy = await startProxy({ upstreamCa: [trustedPem] });
  for (const [port, wanted] of [[origin.port, 200], [other.port, 502]] as const) {
    await using client = await openTlsTunnel(proxy.port, `127.0.0.1:${port}`, { serverName: null, ca: null });
    assert.equal((await get(client)).status, wanted);
  }
  assert.equal((await proxy.http(({ error }) => error === null)).server?.tls?.serverName, null);
});

Deno.test("tls verification: an origin that does not speak TLS, closes, or says nothing", async () => {
  for (
    const [what, act, wanted] of [
      ["plain", (socket: net.Socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"), 502],
      ["closing", (socket: net.Socket) => socket.end(), 502],
      ["resetting", (socket: net.Socket) => socket.resetAndDestroy(), 502],
      ["silent", () => {}, 504],
    ] as const
  ) {
    const sockets: net.Socket[] = [];
    const server = net.createServer((socket) => {
      sockets.push(socket);
      socket.on("error", () => {});
      // After the hello: what speaks before it is no TLS at all.
      socket.once("data", () => act(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as net.AddressInfo;
    {
      await using proxy = await startProxy({ tlsTimeout: 300 });
      await using client = await openTlsTunnel(proxy.port, `127.0.0.1:${port}`, {
        serverName: HOST,
        ca: null,
      });
      const { status, text } = await get(client);
      assert.equal(status, wanted, `${what}: ${text}`);
      assert.match(text, new RegExp(`127\\.0\\.0\\.1:${port}`), what);
      assert.match((await proxy.http()).error!.message, /TLS/, what);
    }
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
});
