import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { certificateFlaw } from "../../lib/tls/certificate_flaw.ts";
import { makeCertificate } from "../proxy/tls_origins.ts";

const DAY = 24 * 60 * 60 * 1000;

Deno.test("certificate flaw: its own time, its purpose, and nothing else", async () => {
  const der = async (usage: "server" | "client") => {
    const { cert } = await makeCertificate({ names: ["a.example"], usage, from: -2, to: 2 });
    return new Uint8Array(new X509Certificate(cert).raw);
  };
  const server = await der("server");
  const now = Date.now();
  assert.equal(certificateFlaw(server, now), null);
  assert.equal(certificateFlaw(server, now - 3 * DAY), "not-valid-yet");
  assert.equal(certificateFlaw(server, now + 3 * DAY), "expired");
  assert.equal(certificateFlaw(await der("client"), now), "not-for-servers");
  assert.equal(certificateFlaw(new Uint8Array(0), now), null);
  assert.equal(certificateFlaw(server.subarray(0, 50), now), null);
});
