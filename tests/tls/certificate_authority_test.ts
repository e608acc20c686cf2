import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import fc from "fast-check";
import { makeAuthorityPem, readAuthorityPem } from "../../lib/tls/authority_material.ts";
import { CertificateAuthority, type Leaf } from "../../lib/tls/certificate_authority.ts";
import { readPem } from "../../lib/tls/certificate_text.ts";
import { newAuthority, opensslAuthority } from "./authorities.ts";
import { inFolder, opensslMissing, run } from "./command_line.ts";

const DAY = 24 * 60 * 60 * 1000;
const NOW = Date.UTC(2026, 5, 1, 12, 30, 15);

function certificates(leaf: Leaf): X509Certificate[] {
  const reading = readPem(leaf.certificatePem);
  assert(reading.kind === "blocks");
  return reading.blocks.map((block) => new X509Certificate(block.der));
}

function first(leaf: Leaf): X509Certificate {
  const [certificate] = certificates(leaf);
  assert(certificate !== undefined);
  return certificate;
}

Deno.test("a leaf: signed by the authority, its certificate behind it, its key the leaves' own", async () => {
  const authority = await newAuthority();
  const leaf = await authority.leafFor({
    host: "Example.com",
    extraNames: ["www.example.com", "10.0.0.1", "::1"],
  });
  const [own, issuer, ...rest] = certificates(leaf);
  assert(own !== undefined && issuer !== undefined && rest.length === 0);
  assert.equal(issuer.fingerprint256, authority.facts.fingerprint);
  assert.deepEqual(new Uint8Array(issuer.raw), authority.certificateDer);
  assert(own.checkIssued(issuer));
  assert(own.verify(issuer.publicKey));
  assert(!own.verify(own.publicKey));
  assert.equal(own.ca, false);
  const key = createPrivateKey(leaf.keyPem);
  assert(own.checkPrivateKey(key));
  assert(!issuer.checkPrivateKey(key));
  assert.deepEqual(key.asymmetricKeyDetails, { namedCurve: "prime256v1" });
  assert.equal(own.checkHost("example.com"), "example.com");
  assert.equal(own.checkHost("www.example.com"), "www.example.com");
  assert.equal(own.checkHost("other.example.com"), undefined);
  assert.equal(own.checkIP("10.0.0.1"), "10.0.0.1");
  assert.equal(own.checkIP("::1"), "::1");
  assert.equal(own.checkIP("10.0.0.2"), undefined);
});

Deno.test("a leaf's facts are those of its certificate", async () => {
  const authority = await newAuthority({ now: () => NOW });
  const leaf = await authority.leafFor({
    host: "a.example",
    extraNames: ["*.a.example", "2001:db8::1", "10.0.0.1"],
  });
  assert.deepEqual(leaf.facts, {
    subject: "CN=a.example",
    issuer: "CN=mitm CA, O=mitm",
    altNames: ["DNS:a.example", "DNS:*.a.example", "IP Address:2001:db8::1", "IP Address:10.0.0.1"],
    validFrom: "2026-05-30T12:30:15Z",
    validTo: "2027-07-01T12:30:15Z",
    fingerprint: first(leaf).fingerprint256,
  });
});

Deno.test("validity: from two days back, 397 days in all", async () => {
  const authority = await newAuthority({ now: () => NOW });
  const certificate = first(await authority.leafFor({ host: "a.example", extraNames: [] }));
  const from = Date.parse(certificate.validFrom);
  assert.equal(from, NOW - 2 * DAY);
  assert.equal(Date.parse(certificate.validTo) - from, 397 * DAY);
});

Deno.test("validity: no leaf outlives the authority, and none is made after its end", async () => {
  let now = NOW;
  const authority = await newAuthority({ now: () => now });
  const end = Date.parse(authority.facts.validTo);
  now = end - 100 * DAY;
  assert.equal(
    Date.parse((await authority.leafFor({ host: "a.example", extraNames: [] })).facts.validTo),
    end,
  );
  now = end - 1000;
  const last = await authority.leafFor({ host: "b.example", extraNames: [] });
  assert.equal(Date.parse(last.facts.validTo), end);
  // A new one would not live longer, so there is none.
  assert.equal(await authority.leafFor({ host: "b.example", extraNames: [] }), last);
  now = end;
  await assert.rejects(
    authority.leafFor({ host: "b.example", extraNames: [] }),
    /the CA certificate expired on 2036-/,
  );
});

Deno.test("serial numbers are positive, random, and differ", async () => {
  const authority = await newAuthority();
  const serials = await Promise.all(Array.from({ length: 20 }, async (_, index) => {
    return first(await authority.leafFor({ host: `h${index}.example`, extraNames: [] })).serialNumber;
  }));
  assert.equal(new Set(serials).size, 20);
  for (const serial of serials) assert.match(serial, /^[4-7][0-9A-F]{31}$/);
});

Deno.test("a name too long for a common name stands in the alternative names alone", async () => {
  const authority = await newAuthority();
  const label = "a".repeat(55);
  const short = await authority.leafFor({ host: `${label}.example`, extraNames: [] });
  assert.equal(short.facts.subject, `CN=${label}.example`);
  const long = await authority.leafFor({ host: `b${label}.example`, extraNames: ["c.example"] });
  assert.equal(long.facts.subject, "");
  assert.deepEqual(long.facts.altNames, [`DNS:b${label}.example`, "DNS:c.example"]);
});

Deno.test("names that no certificate can carry do not stop a leaf", async () => {
  const authority = await newAuthority();
  const longHost = "x".repeat(300);
  const leaf = await authority.leafFor({ host: longHost, extraNames: ["a b", "ok.example", ""] });
  assert.deepEqual(leaf.facts.altNames, ["DNS:ok.example"]);
  const none = await authority.leafFor({ host: "\u0000", extraNames: [] });
  assert.deepEqual(none.facts.altNames, ["DNS:unnamed.invalid"]);
});

Deno.test("property: any host and names give a leaf of the authority", async () => {
  const authority = await newAuthority();
  const issuer = new X509Certificate(authority.certificatePem);
  const name = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.domain(),
    fc.ipV4(),
    fc.ipV6(),
    fc.stringMatching(/^[a-z0-9_*.-]{1,30}$/),
  );
  await fc.assert(
    fc.asyncProperty(name, fc.array(name, { maxLength: 5 }), async (host, extraNames) => {
      const leaf = await authority.leafFor({ host, extraNames });
      const certificate = first(leaf);
      assert(certificate.verify(issuer.publicKey));
      assert(leaf.facts.altNames.length >= 1);
    }),
    { numRuns: 60 },
  );
});

Deno.test("cache: one leaf for the same names, however they are written", async () => {
  const authority = await newAuthority();
  const leaf = await authority.leafFor({ host: "a.example", extraNames: ["b.example", "c.example"] });
  assert.equal(
    await authority.leafFor({ host: "A.example.", extraNames: ["c.example", "B.example", "a.example"] }),
    leaf,
  );
  assert.notEqual(await authority.leafFor({ host: "a.example", extraNames: ["b.example"] }), leaf);
  assert.notEqual(
    await authority.leafFor({ host: "b.example", extraNames: ["a.example", "c.example"] }),
    leaf,
  );
});

Deno.test("cache: requests at the same time share one leaf", async () => {
  const authority = await newAuthority();
  const leaves = await Promise.all(
    Array.from({ length: 20 }, () => authority.leafFor({ host: "a.example", extraNames: [] })),
  );
  assert.equal(new Set(leaves).size, 1);
});

Deno.test("cache: all leaves have one key", async () => {
  const authority = await newAuthority();
  const [a, b] = await Promise.all(
    ["a.example", "b.example"].map((host) => authority.leafFor({ host, extraNames: [] })),
  );
  assert.equal(a?.keyPem, b?.keyPem);
  assert.notEqual(a?.facts.fingerprint, b?.facts.fingerprint);
  assert.notEqual(
    (await (await newAuthority()).leafFor({ host: "a.example", extraNames: [] })).keyPem,
    a?.keyPem,
  );
});

Deno.test("cache limit: the leaf unused longest goes first", async () => {
  const authority = await newAuthority({ leafCacheLimit: 3 });
  const leafFor = (host: string) => authority.leafFor({ host, extraNames: [] });
  const [a, b, c] = [await leafFor("a.example"), await leafFor("b.example"), await leafFor("c.example")];
  assert.equal(await leafFor("a.example"), a);
  await leafFor("d.example");
  assert.equal(await leafFor("a.example"), a);
  assert.equal(await leafFor("c.example"), c);
  assert.notEqual(await leafFor("b.example"), b);
});

Deno.test("cache: a leaf is made anew when less than a day of it is left", async () => {
  let now = NOW;
  const authority = await newAuthority({ now: () => now });
  const leafFor = () => authority.leafFor({ host: "a.example", extraNames: [] });
  const leaf = await leafFor();
  const end = Date.parse(leaf.facts.validTo);
  now = end - DAY - 1;
  assert.equal(await leafFor(), leaf);
  now = end - DAY;
  const renewed = await leafFor();
  assert.notEqual(renewed, leaf);
  assert.equal(Date.parse(renewed.facts.validTo), now + 395 * DAY);
});

Deno.test("cache: a leaf that could not be made is tried again", async () => {
  const material = await readAuthorityPem(await makeAuthorityPem(Date.now()), "test", "none", Date.now());
  const usable = material.signingKey;
  const { publicKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
    "sign",
    "verify",
  ]);
  // A key that cannot sign.
  material.signingKey = publicKey;
  const authority = await CertificateAuthority.create(material);
  const failed = authority.leafFor({ host: "a.example", extraNames: [] });
  await assert.rejects(failed);
  material.signingKey = usable;
  assert.equal(
    (await authority.leafFor({ host: "a.example", extraNames: [] })).facts.subject,
    "CN=a.example",
  );
});

Deno.test({
  name: "openssl reads a leaf as it should be, and verifies it (needs openssl)",
  ignore: opensslMissing,
  fn: () =>
    inFolder(async (folder) => {
      const authority = await newAuthority();
      const caPath = `${folder}/ca.pem`;
      const leafPath = `${folder}/leaf.pem`;
      await Deno.writeTextFile(caPath, authority.certificatePem);
      const caText = await run("openssl", ["x509", "-in", caPath, "-noout", "-text"]);
      const keyId = /X509v3 Subject Key Identifier:\s+([0-9A-F:]{59})\n/.exec(caText)?.[1];
      assert(keyId !== undefined);

      const leaf = await authority.leafFor({
        host: "a.example",
        extraNames: ["*.b_c.example", "10.0.0.1", "2001:db8::1"],
      });
      await Deno.writeTextFile(leafPath, leaf.certificatePem);
      const text = await run("openssl", ["x509", "-in", leafPath, "-noout", "-text"]);
      assert.match(text, /Version: 3/);
      assert.match(text, /Signature Algorithm: ecdsa-with-SHA256/);
      assert.match(text, /Issuer: CN ?= ?mitm CA, O ?= ?mitm\n/);
      assert.match(text, /Subject: CN ?= ?a\.example\n/);
      assert.match(text, /ASN1 OID: prime256v1/);
      assert.match(
        text,
        /X509v3 Subject Alternative Name: ?\n\s+DNS:a\.example, DNS:\*\.b_c\.example, IP Address:10\.0\.0\.1, IP Address:2001:DB8:0:0:0:0:0:1\n/,
      );
      assert.match(text, new RegExp(`X509v3 Authority Key Identifier: ?\\n\\s+(keyid:)?${keyId}\\n`));
      assert.match(text, /X509v3 Extended Key Usage: ?\n\s+TLS Web Server Authentication\n/);
      assert.match(text, /X509v3 Key Usage: critical\n\s+Digital Signature\n/);
      assert.doesNotMatch(text, /Subject Key Identifier|Basic Constraints/);

      const verify = (...options: string[]) => {
        return run("openssl", ["verify", "-CAfile", caPath, "-purpose", "sslserver", ...options, leafPath]);
      };
      assert.match(await verify("-verify_hostname", "a.example"), /: OK/);
      assert.match(await verify("-verify_ip", "10.0.0.1"), /: OK/);
      assert.match(await verify("-verify_ip", "2001:db8::1"), /: OK/);
      await assert.rejects(verify("-verify_hostname", "other.example"), /hostname mismatch/);
      await assert.rejects(verify("-purpose", "sslclient"), /unsupported certificate purpose|unsuitable/);

      // RFC 5280, 4.2.1.6: with an empty subject the names are critical.
      const long = await authority.leafFor({ host: `${"a".repeat(60)}.example`, extraNames: [] });
      await Deno.writeTextFile(leafPath, long.certificatePem);
      const longText = await run("openssl", ["x509", "-in", leafPath, "-noout", "-text"]);
      assert.match(longText, /Subject: ?\n/);
      assert.match(longText, /X509v3 Subject Alternative Name: critical\n/);
      assert.match(await verify("-verify_hostname", `${"a".repeat(60)}.example`), /: OK/);
    }),
});

Deno.test({
  name: "leaves name the authority's key identifier, whatever it is, or the hash of its key (needs openssl)",
  ignore: opensslMissing,
  fn: () =>
    inFolder(async (folder) => {
      const caPath = `${folder}/ca.pem`;
      const leafPath = `${folder}/leaf.pem`;
      const rows: [string, RegExp | null, RegExp][] = [
        [
          "A1B2C3D4",
          /Subject Key Identifier: ?\n\s+A1:B2:C3:D4\n/,
          /Authority Key Identifier: ?\n\s+(keyid:)?A1:B2:C3:D4\n/,
        ],
        ["none", null, /Authority Key Identifier: ?\n\s+(keyid:)?([0-9A-F]{2}:){19}[0-9A-F]{2}\n/],
      ];
      for (const [identifier, caPattern, leafPattern] of rows) {
        const { key, certificate } = await opensslAuthority(folder, "P-256 in PKCS#8", {
          extensions: ["basicConstraints=critical,CA:TRUE", `subjectKeyIdentifier=${identifier}`],
        });
        const authority = await CertificateAuthority.create(
          await readAuthorityPem(key + certificate, "test", "none", Date.now()),
        );
        const leaf = await authority.leafFor({ host: "a.example", extraNames: [] });
        await Deno.writeTextFile(caPath, certificate);
        await Deno.writeTextFile(leafPath, leaf.certificatePem);
        const caText = await run("openssl", ["x509", "-in", caPath, "-noout", "-text"]);
        if (caPattern === null) assert.doesNotMatch(caText, /Subject Key Identifier/);
        else assert.match(caText, caPattern);
        assert.match(await run("openssl", ["x509", "-in", leafPath, "-noout", "-text"]), leafPattern);
        assert.match(await run("openssl", ["verify", "-CAfile", caPath, leafPath]), /: OK/);
      }
    }),
});
