// TLS 1.2 and 1.3 on either leg, whatever the other one speaks; independent of each other.

import assert from "node:assert/strict";
import type tls from "node:tls";
import { startProxy, testOriginAuthority } from "../kit/proxy_fixture.ts";
import { get, startTlsOrigin } from "./tls_origins.ts";
import { openTlsTunnel } from "./tunnel_clients.ts";

const HOST = "version.example";

async function origin(version: tls.SecureVersion) {
  const { certificatePem, keyPem } = await (await testOriginAuthority()).leafFor({
    host: HOST,
    extraNames: [],
  });
  return await startTlsOrigin({
    cert: certificatePem,
    key: keyPem,
    minVersion: version,
    maxVersion: version,
  });
}

for (const clientVersion of ["TLSv1.2", "TLSv1.3"] as const) {
  for (const originVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    Deno.test(`tls versions: client ${clientVersion}, origin ${originVersion}`, async () => {
      await using server = await origin(originVersion);
      await using proxy = await startProxy({
        resolve: [{ host: HOST, port: 443, address: "127.0.0.1", toPort: server.port }],
      });
      await using client = await openTlsTunnel(proxy.port, `${HOST}:443`, {
        serverName: HOST,
        ca: proxy.authority.certificatePem,
        more: { minVersion: clientVersion, maxVersion: clientVersion },
      });
      assert.equal(client.session.getProtocol(), clientVersion);
      assert.equal((await get(client)).status, 200);
      assert.equal((await get(client)).status, 200);
      const flow = await proxy.http();
      assert.equal(flow.client.tls?.version, clientVersion);
      assert.equal(flow.server?.tls?.version, originVersion);
      for (const facts of [flow.client.tls, flow.server?.tls]) assert.match(facts!.cipher, /AES|CHACHA20/);
      const { client: leg, server: far } = flow;
      assert.ok(leg.tlsAt! >= leg.connectedAt! && far!.tlsAt! >= far!.connectedAt!);
      assert.ok(leg.tlsAt! >= far!.tlsAt!, "the origin first: what it chooses is told to the client");
    });
  }
}
