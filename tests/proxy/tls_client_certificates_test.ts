// Origins that ask for a certificate: `--client-cert FILE` for all of them, or a folder of HOST.pem.

import assert from "node:assert/strict";
import type tls from "node:tls";
import { startProxy, testOriginAuthority } from "../kit/proxy_fixture.ts";
import { get, type Issuer, makeCertificate, makeIssuer, startTlsOrigin } from "./tls_origins.ts";
import { openTlsTunnel, soon } from "./tunnel_clients.ts";

const clients: Issuer = await makeIssuer("Clients of the origin");

async function clientPem(name: string): Promise<string> {
  const { cert, key } = await makeCertificate({ names: [name], issuer: clients, usage: "client" });
  return key + cert;
}

/** Demands a certificate, and answers with the name in it. */
async function demandingOrigin(version: tls.SecureVersion, must = true) {
  const authority = await testOriginAuthority();
  const { certificatePem, keyPem } = await authority.leafFor({
    host: "one.example",
    extraNames: ["two.example"],
  });
  return await startTlsOrigin(
    {
      cert: certificatePem,
      key: keyPem,
      ca: clients.certificate.toString("pem"),
      requestCert: true,
      rejectUnauthorized: must,
      minVersion: version,
      maxVersion: version,
    },
    (connection, session) =>
      void connection.until("\r\n\r\n").then(() => {
        const { subject } = session.getPeerCertificate() ?? {};
        const name = String(subject?.CN ?? "nobody");
        connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\n\r\n${name}`);
      }, () => {}),
  );
}

async function ask(
  origin: { port: number },
  host: string,
  clientCertificate: string | null,
): Promise<{ status: number; text: string }> {
  await using proxy = await startProxy({
    clientCertificate,
    resolve: [{ host: "*", port: 443, address: "127.0.0.1", toPort: origin.port }],
  });
  await using client = await openTlsTunnel(proxy.port, `${host}:443`, {
    serverName: host,
    ca: proxy.authority.certificatePem,
  });
  return await get(client);
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mitm-client-cert-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  Deno.test(`client certificates, ${version}: a file is shown to every origin that asks`, () =>
    inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/client.pem`, await clientPem("the client"));
      await using origin = await demandingOrigin(version);
      for (const host of ["one.example", "two.example"]) {
        assert.match((await ask(origin, host, `${folder}/client.pem`)).text, /\r\n\r\nthe client$/);
      }
    }));

  Deno.test(`client certificates, ${version}: a folder holds one for each host, or none`, () =>
    inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/one.example.pem`, await clientPem("for one"));
      await Deno.writeTextFile(`${folder}/two.example.pem`, await clientPem("for two"));
      await using origin = await demandingOrigin(version);
      assert.match((await ask(origin, "one.example", folder)).text, /\r\n\r\nfor one$/);
      assert.match((await ask(origin, "TWO.example", folder)).text, /\r\n\r\nfor two$/);
      await using polite = await demandingOrigin(version, false);
      await Deno.remove(`${folder}/two.example.pem`);
      assert.match((await ask(polite, "two.example", folder)).text, /\r\n\r\nnobody$/);
    }));

  Deno.test(`client certificates, ${version}: without one, an origin that insists is a failure`, async () => {
    await using origin = await demandingOrigin(version);
    const { status, text } = await ask(origin, "one.example", null);
    assert.equal(status, 502);
    // TLS 1.3 lets the client speak before the server has seen that there is no certificate.
    if (version === "TLSv1.2") assert.match(text, /TLS with one\.example:443 failed/);
  });
}

Deno.test("client certificates: a file that has become unreadable fails the connection, and leaves nothing open", () =>
  inFolder(async (folder) => {
    await using origin = await demandingOrigin("TLSv1.3", false);
    for (
      const [name, contents, wanted] of [
        ["gone", null, /cannot read the client certificate/],
        [
          "damaged",
          "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
          /cannot use the client certificate .*: it has no private key/,
        ],
        ["empty", "", /cannot use the client certificate .*: it is not a PEM file/],
      ] as const
    ) {
      const file = `${folder}/${name}.pem`;
      await Deno.writeTextFile(file, await clientPem(name));
      await using proxy = await startProxy({
        clientCertificate: file,
        resolve: [{ host: "*", port: 443, address: "127.0.0.1", toPort: origin.port }],
      });
      const lost = new Promise<void>((resolve) => proxy.hooks.on("serverDisconnected", () => resolve()));
      if (contents === null) await Deno.remove(file);
      else await Deno.writeTextFile(file, contents);
      await using client = await openTlsTunnel(proxy.port, "one.example:443", {
        serverName: "one.example",
        ca: proxy.authority.certificatePem,
      });
      const { status, text } = await get(client);
      assert.equal(status, 502);
      assert.match(text, wanted, text);
      await soon(lost, "the connection to the origin to be closed");
    }
    assert.equal(origin.connections.length, 0);
  }));
