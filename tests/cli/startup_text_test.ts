// What is said when the proxy listens.

import assert from "node:assert/strict";
import { type StartFacts, startupJson, startupText } from "../../lib/cli/startup_text.ts";

const facts: StartFacts = {
  version: "1.2.3",
  host: "127.0.0.1",
  port: 8080,
  mode: { kind: "regular" },
  certificatePath: "/home/me/.mitm/mitm-ca-cert.pem",
  certificateCreated: false,
};

Deno.test("where it listens, where the certificate is, what to try", () => {
  assert.equal(
    startupText(facts),
    `mitm 1.2.3 listening on 127.0.0.1:8080
CA certificate: /home/me/.mitm/mitm-ca-cert.pem (open http://mitm.it/ through the proxy to install it)
try: curl -x http://127.0.0.1:8080 --cacert /home/me/.mitm/mitm-ca-cert.pem https://example.com/
`,
  );
});

Deno.test("addresses a client can use, words a shell can read", () => {
  const every = startupText({ ...facts, host: "0.0.0.0", certificatePath: "/my 'own'/ca.pem" });
  assert(every.includes("listening on 0.0.0.0:8080\n"));
  assert(every.includes("-x http://127.0.0.1:8080 --cacert '/my '\\''own'\\''/ca.pem' https"));
  const six = startupText({ ...facts, host: "::" });
  assert(six.includes("listening on [::]:8080\n"));
  assert(six.includes("-x http://[::1]:8080 "));
});

Deno.test("a reverse proxy says for what, and does not pose as a proxy", () => {
  const mode = { kind: "reverse", scheme: "https", host: "example.com", port: 443 } as const;
  const text = startupText({ ...facts, mode, certificateCreated: true });
  assert(text.startsWith("mitm 1.2.3 listening on 127.0.0.1:8080 for https://example.com:443\n"));
  assert(text.includes("mitm-ca-cert.pem, made just now\n"));
  assert(!text.includes("curl -x"));
});

Deno.test("the same for programs, on one line", () => {
  const text = startupJson(facts, Date.UTC(2030, 0, 1));
  assert(text.endsWith("}\n") && !text.slice(0, -1).includes("\n"));
  assert.deepEqual(JSON.parse(text), {
    type: "listening",
    at: "2030-01-01T00:00:00.000Z",
    version: "1.2.3",
    host: "127.0.0.1",
    port: 8080,
    mode: "regular",
    ca_certificate: "/home/me/.mitm/mitm-ca-cert.pem",
    ca_created: false,
  });
});
