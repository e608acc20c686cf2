// The remembered root of a host: it never widens trust, and a host that moves to another root goes on working.

import assert from "node:assert/strict";
import tls from "node:tls";
import { loadOrCreateAuthority } from "../../lib/tls/authority_files.ts";
import type { CertificateAuthority } from "../../lib/tls/certificate_authority.ts";
import { startProxy } from "../kit/proxy_fixture.ts";

async function newAuthority(): Promise<CertificateAuthority> {
  const folder = await Deno.makeTempDir({ prefix: "mitm-narrow-" });
  try {
    return (await loadOrCreateAuthority(folder)).authority;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** An origin that answers every request with its name and closes. */
async function origin(authority: CertificateAuthority, name: string) {
  const leaf = await authority.leafFor({ host: "swap.test", extraNames: [] });
  const server = tls.createServer({ cert: leaf.certificatePem, key: leaf.keyPem }, (socket) => {
    socket.on("error", () => {});
    socket.once(
      "data",
      () =>
        socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\nConnection: close\r\n\r\n${name}`),
    );
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

Deno.test("a host's root is remembered, given up when the host moves to another, and never trusted beyond the roots", async () => {
  const [first, second, stranger] = [await newAuthority(), await newAuthority(), await newAuthority()];
  await using one = await origin(first, "first");
  await using two = await origin(second, "second");
  await using three = await origin(stranger, "stranger");
  await using proxy = await startProxy({ upstreamCa: [first.certificatePem, second.certificatePem] });

  const ask = async (port: number): Promise<string> => {
    proxy.settings.resolve = [{ host: "swap.test", port: 443, address: "127.0.0.1", toPort: port }];
    const client = Deno.createHttpClient({
      proxy: { url: proxy.url },
      caCerts: [proxy.authority.certificatePem],
    });
    try {
      const response = await fetch("https://swap.test/", { client });
      return `${response.status} ${(await response.text()).slice(0, 8)}`;
    } finally {
      client.close();
    }
  };
  assert.equal(await ask(one.port), "200 first");
  assert.equal(await ask(one.port), "200 first");
  assert.equal(await ask(two.port), "200 second");
  assert.equal(await ask(two.port), "200 second");
  assert.match(await ask(three.port), /^502/);
  assert.match(await ask(three.port), /^502/);
  assert.equal(await ask(one.port), "200 first");
  const failed = await proxy.http((flow) => flow.error !== null);
  assert.equal(failed.error?.code, "tls-verification");
  assert.match(failed.error?.message ?? "", /--upstream-ca FILE.*--insecure/);
});
