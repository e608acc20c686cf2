// `--ignore` and `--allow` of the running program: the fingerprint openssl sees through CONNECT is the origin's own.

import assert from "node:assert/strict";
import { curl } from "../kit/curl.ts";
import { type OriginConnection, startRawOrigin } from "../kit/origins.ts";
import { peerTest } from "../kit/peers.ts";
import { testOriginAuthority } from "../kit/proxy_fixture.ts";
import { sayHello } from "../proxy/tls_origins.ts";
import { originFingerprint } from "../proxy/tunnel_clients.ts";
import { openssl } from "./openssl.ts";
import { Program } from "./program.ts";

const HOST = "example.com";

/** s_client waits half a second for the other's end. */
function endsToo(connection: OriginConnection): void {
  connection.socket.on("end", () => connection.finish());
}

/** SHA-256 of the certificate at the end of these s_client options. */
async function fingerprint(args: readonly string[]): Promise<string> {
  const shown = await openssl(["s_client", "-servername", HOST, ...args], "Q\n");
  const { stdout } = await openssl(["x509", "-noout", "-fingerprint", "-sha256"], shown.stdout);
  return /Fingerprint=([0-9A-F:]+)/.exec(stdout)?.[1] ?? stdout;
}

for (
  const [what, words, untouched] of [
    ["nothing set", [], false],
    ["--ignore by host", ["--ignore", "^example\\.com$"], true],
    ["--ignore by host and port", ["--ignore", "example\\.com:443"], true],
    ["--allow of another host", ["--allow", "other\\.example"], true],
    ["--allow of this host", ["--allow", "example\\.com"], false],
  ] as const
) {
  peerTest(["openssl"], `ignore: ${what}: ${untouched ? "the origin's certificate" : "ours"}`, async () => {
    await using origin = await startRawOrigin({ tls: { names: [HOST] }, onConnection: endsToo });
    await using program = await Program.start([
      "--resolve",
      `${HOST}:443:127.0.0.1:${origin.port}`,
      ...words,
    ]);
    const direct = await fingerprint(["-connect", `127.0.0.1:${origin.port}`]);
    assert.equal(direct, await originFingerprint([HOST]));
    const proxied = await fingerprint([
      "-proxy",
      `127.0.0.1:${program.port}`,
      "-connect",
      `${HOST}:443`,
    ]);
    assert.match(proxied, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    assert.equal(proxied === direct, untouched);
  });
}

peerTest(["openssl"], "ignore: by server name, where CONNECT names an address", async () => {
  await using origin = await startRawOrigin({ tls: { names: [HOST] }, onConnection: endsToo });
  await using program = await Program.start(["--ignore", HOST]);
  const proxied = await fingerprint([
    "-proxy",
    `127.0.0.1:${program.port}`,
    "-connect",
    `127.0.0.1:${origin.port}`,
  ]);
  assert.equal(proxied, await originFingerprint([HOST]));
});

peerTest(
  ["curl"],
  "ignore: --passthrough-on-reject lets a host through once a client has refused",
  async () => {
    await using origin = await startRawOrigin({ tls: { names: [HOST] }, onConnection: sayHello });
    await using program = await Program.start([
      "--resolve",
      `${HOST}:443:127.0.0.1:${origin.port}`,
      "--passthrough-on-reject",
    ]);
    const trust = await Deno.makeTempFile({ prefix: "mitm-trust-", suffix: ".pem" });
    try {
      // This client trusts the origin's CA and no other.
      await Deno.writeTextFile(trust, (await testOriginAuthority()).certificatePem);
      const args = ["--proxy", program.url, "--cacert", trust, `https://${HOST}/`];
      const refused = await curl({ args });
      assert.equal(refused.code, 60, "peer certificate cannot be authenticated");
      await program.until(
        /does not trust mitm's certificate for example\.com:443 [^\n]*passes untouched \(--passthrough-on-reject\)/,
      );
      const passed = await curl({ args });
      assert.equal(passed.code, 0, passed.messages);
      assert.equal(new TextDecoder().decode(passed.body), "hello");
    } finally {
      await Deno.remove(trust);
    }
  },
);
