// Leaves in real handshakes: node:tls on both sides, and curl and openssl as clients.

import assert from "node:assert/strict";
import https from "node:https";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import { readAuthorityPem } from "../../lib/tls/authority_material.ts";
import { CertificateAuthority, type Leaf } from "../../lib/tls/certificate_authority.ts";
import { certificateFacts } from "../../lib/tls/certificate_facts.ts";
import { newAuthority, opensslAuthority } from "./authorities.ts";
import { curlMissing, inFolder, opensslMissing, run } from "./command_line.ts";

/** An HTTPS server that shows a leaf, for as long as `work` takes. */
async function serving(leaf: Leaf, work: (port: number) => Promise<void>, host = "127.0.0.1"): Promise<void> {
  const server = https.createServer({ cert: leaf.certificatePem, key: leaf.keyPem }, (_request, response) => {
    response.setHeader("connection", "close");
    response.end("hello");
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  try {
    await work((server.address() as AddressInfo).port);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

/** The certificate the client was shown, or why it refused. */
function handshake(port: number, options: tls.ConnectionOptions): Promise<Uint8Array | string> {
  return new Promise((resolve) => {
    let outcome: Uint8Array | string = "closed";
    const socket = tls.connect({ host: "127.0.0.1", port, ...options }, () => {
      outcome = socket.getPeerCertificate().raw;
      socket.end();
    });
    socket.on("error", (error) => outcome = error.message);
    socket.on("close", () => resolve(outcome));
    socket.resume();
  });
}

Deno.test("node:tls accepts a leaf for its names, and nothing else", async () => {
  const authority = await newAuthority();
  const leaf = await authority.leafFor({ host: "a.example", extraNames: ["*.b.example", "10.0.0.1"] });
  const ca = authority.certificatePem;
  await serving(leaf, async (port) => {
    for (const servername of ["a.example", "www.b.example"]) {
      const shown = await handshake(port, { ca, servername });
      assert(shown instanceof Uint8Array, String(shown));
      assert.deepEqual(certificateFacts(shown), leaf.facts);
    }
    assert.match(String(await handshake(port, { ca, servername: "c.example" })), /name|altname/i);
    const stranger = await newAuthority();
    assert.match(
      String(await handshake(port, { ca: stranger.certificatePem, servername: "a.example" })),
      /issuer|unknown|signature|certificate/i,
    );
  });
});

Deno.test("Deno's own TLS client accepts a leaf for a name and for an address", async () => {
  const authority = await newAuthority();
  const leaf = await authority.leafFor({ host: "localhost", extraNames: ["127.0.0.1"] });
  await serving(leaf, async (port) => {
    for (const hostname of ["localhost", "127.0.0.1"]) {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port });
      using secure = await Deno.startTls(connection, { hostname, caCerts: [authority.certificatePem] });
      await secure.handshake();
    }
  });
});

Deno.test({
  name: "a leaf of an RSA authority is accepted (needs openssl)",
  ignore: opensslMissing,
  fn: () =>
    inFolder(async (folder) => {
      const { key, certificate } = await opensslAuthority(folder, "RSA PRIVATE KEY");
      const authority = await CertificateAuthority.create(
        await readAuthorityPem(key + certificate, "test", "none", Date.now()),
      );
      const leaf = await authority.leafFor({ host: "a.example", extraNames: [] });
      await serving(leaf, async (port) => {
        const shown = await handshake(port, { ca: certificate, servername: "a.example" });
        assert(shown instanceof Uint8Array, String(shown));
      });
    }),
});

Deno.test({
  name: "curl accepts a leaf for a name and for addresses (needs curl)",
  ignore: curlMissing,
  fn: () =>
    inFolder(async (folder) => {
      const authority = await newAuthority();
      const caPath = `${folder}/ca.pem`;
      await Deno.writeTextFile(caPath, authority.certificatePem);
      const leaf = await authority.leafFor({ host: "a.example", extraNames: ["127.0.0.1"] });
      await serving(leaf, async (port) => {
        const fetched = (host: string) =>
          run("curl", [
            ...["--silent", "--show-error", "--noproxy", "*", "--max-time", "10", "--cacert", caPath],
            ...["--resolve", `a.example:${port}:127.0.0.1`, "--resolve", `b.example:${port}:127.0.0.1`],
            `https://${host}:${port}/`,
          ]);
        assert.equal(await fetched("a.example"), "hello");
        assert.equal(await fetched("127.0.0.1"), "hello");
        await assert.rejects(fetched("b.example"), /curl: \(60\)/);
      });
    }),
});

Deno.test({
  name: "openssl s_client verifies a leaf (needs openssl)",
  ignore: opensslMissing,
  fn: () =>
    inFolder(async (folder) => {
      const authority = await newAuthority();
      const caPath = `${folder}/ca.pem`;
      await Deno.writeTextFile(caPath, authority.certificatePem);
      const leaf = await authority.leafFor({ host: "a.example", extraNames: [] });
      await serving(leaf, async (port) => {
        const text = await run("openssl", [
          ...["s_client", "-connect", `127.0.0.1:${port}`, "-servername", "a.example", "-CAfile", caPath],
          ...["-verify_return_error", "-verify_hostname", "a.example", "-x509_strict"],
        ]);
        assert.match(text, /Verify return code: 0 \(ok\)/);
        assert.match(text, /Verification: OK/);
        assert.match(text, /1 s:CN ?= ?mitm CA, O ?= ?mitm/);
      });
    }),
});
