import assert from "node:assert/strict";
import fc from "fast-check";
import { certificateFacts, hostNamesOf } from "../../lib/tls/certificate_facts.ts";
import { readPem } from "../../lib/tls/certificate_text.ts";
import { newAuthority, opensslAuthority, type RequestedCertificate } from "./authorities.ts";
import { inFolder, opensslMissing, run } from "./command_line.ts";

async function opensslDer(folder: string, requested: RequestedCertificate): Promise<Uint8Array> {
  const reading = readPem((await opensslAuthority(folder, "P-256 in PKCS#8", requested)).certificate);
  assert(reading.kind === "blocks");
  return reading.blocks[0]?.der ?? new Uint8Array();
}

Deno.test({
  name: "facts are what openssl says (needs openssl)",
  ignore: opensslMissing,
  fn: () =>
    inFolder(async (folder) => {
      const der = await opensslDer(folder, {
        subject: "/C=DE/O=B\u00fccher/CN=a.example",
        extensions: [
          "subjectAltName=DNS:a.example,DNS:*.b.example,IP:10.0.0.1,IP:2001:db8::1,email:m@a.example,URI:https://a.example/",
        ],
      });
      const facts = certificateFacts(der);
      assert(facts !== null);
      assert.equal(facts.subject, "C=DE, O=B\u00fccher, CN=a.example");
      assert.equal(facts.issuer, facts.subject);
      assert.deepEqual(facts.altNames, [
        "DNS:a.example",
        "DNS:*.b.example",
        "IP Address:10.0.0.1",
        "IP Address:2001:db8::1",
        "email:m@a.example",
        "URI:https://a.example/",
      ]);
      assert.deepEqual(hostNamesOf(facts), ["a.example", "*.b.example", "10.0.0.1", "2001:db8::1"]);

      await Deno.writeFile(`${folder}/c.der`, der);
      const said = await run("openssl", [
        ...[
          "x509",
          "-inform",
          "DER",
          "-in",
          `${folder}/c.der`,
          "-noout",
          "-fingerprint",
          "-sha256",
          "-dates",
          "-dateopt",
          "iso_8601",
        ],
      ]);
      assert.equal(/Fingerprint=(.+)/.exec(said)?.[1], facts.fingerprint);
      assert.equal(/notBefore=(.+)/.exec(said)?.[1]?.replace(" ", "T"), facts.validFrom);
      assert.equal(/notAfter=(.+)/.exec(said)?.[1]?.replace(" ", "T"), facts.validTo);
    }),
});

Deno.test({
  name: "names that would break a line or a terminal do not (needs openssl)",
  ignore: opensslMissing,
  fn: () =>
    inFolder(async (folder) => {
      const der = await opensslDer(folder, {
        subject: "/CN=a\u001b[31m\nO=evil",
        extensions: ["subjectAltName=DNS:a\u001b[0m"],
      });
      const facts = certificateFacts(der);
      assert(facts !== null);
      assert.equal(facts.subject, "CN=a?[31m, O=evil");
      assert.deepEqual(facts.altNames, ["DNS:a?[0m"]);
    }),
});

Deno.test({
  name: "a certificate with names of other kinds, or with none (needs openssl)",
  ignore: opensslMissing,
  fn: () =>
    inFolder(async (folder) => {
      const other = certificateFacts(
        await opensslDer(folder, {
          extensions: ["subjectAltName=otherName:1.3.6.1.5.5.7.8.5;UTF8:x@y,RID:1.2.3,DNS:a.example"],
        }),
      );
      assert(other !== null);
      assert.deepEqual(hostNamesOf(other), ["a.example"]);
      const none = certificateFacts(await opensslDer(folder, { extensions: ["basicConstraints=CA:TRUE"] }));
      assert(none !== null);
      assert.deepEqual(none.altNames, []);
      assert.deepEqual(hostNamesOf(none), []);
    }),
});

Deno.test("property: bytes that are no certificate give null or facts, never an exception", async () => {
  const { certificateDer, facts } = await newAuthority();
  assert.deepEqual(certificateFacts(certificateDer), facts);
  const changed = fc.tuple(fc.nat(certificateDer.length - 1), fc.nat(255), fc.nat(certificateDer.length)).map(
    ([position, value, length]) => {
      const bytes = certificateDer.slice(0, length % 3 === 0 ? length : certificateDer.length);
      bytes[position] = value;
      return bytes;
    },
  );
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200, size: "max" }), changed), (bytes) => {
      const reading = certificateFacts(bytes);
      // deno-lint-ignore no-control-regex
      if (reading !== null) assert(!/[\u0000-\u001f\u007f]/.test(Object.values(reading).flat().join("")));
    }),
    { numRuns: 500 },
  );
});
