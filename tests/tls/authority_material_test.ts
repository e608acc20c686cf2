import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { AuthorityError, type AuthorityErrorCode } from "../../lib/tls/authority_error.ts";
import { makeAuthorityPem, readAuthorityPem } from "../../lib/tls/authority_material.ts";
import { CertificateAuthority } from "../../lib/tls/certificate_authority.ts";
import { certificateFacts } from "../../lib/tls/certificate_facts.ts";
import { readPem, toPem } from "../../lib/tls/certificate_text.ts";
import {
  KEY_COMMANDS,
  type KeyKind,
  opensslAuthority,
  opensslCertificate,
  opensslIssued,
} from "./authorities.ts";
import { inFolder, opensslMissing, run } from "./command_line.ts";

const DAY = 24 * 60 * 60 * 1000;
const NOW = Date.UTC(2026, 5, 1);

function read(text: string, now = Date.now()) {
  return readAuthorityPem(text, "ca.pem", "try again", now);
}

async function refused(
  text: string,
  code: AuthorityErrorCode,
  message: RegExp,
  now = Date.now(),
): Promise<void> {
  await assert.rejects(read(text, now), (error) => {
    assert(error instanceof AuthorityError, String(error));
    assert.equal(error.code, code);
    assert.equal(error.path, "ca.pem");
    assert.match(error.message, message);
    assert.match(error.message, /^ca\.pem: [^\n]+; try again$/);
    return true;
  });
}

/** The blocks of our own authority, each as PEM. */
async function parts(): Promise<
  { key: string; certificate: string; keyDer: Uint8Array; certificateDer: Uint8Array }
> {
  const reading = readPem(await makeAuthorityPem(Date.now()));
  assert(reading.kind === "blocks");
  const [key, certificate] = reading.blocks;
  assert(key?.label === "PRIVATE KEY" && certificate?.label === "CERTIFICATE");
  return {
    key: toPem("PRIVATE KEY", key.der),
    certificate: toPem("CERTIFICATE", certificate.der),
    keyDer: key.der,
    certificateDer: certificate.der,
  };
}

Deno.test("a new authority: P-256, ten years from two days back, a random serial", async () => {
  const material = await read(await makeAuthorityPem(NOW), NOW);
  const { certificate } = material;
  assert.equal(certificate.notBefore.getTime(), NOW - 2 * DAY);
  assert.equal(certificate.notAfter.getTime(), NOW - 2 * DAY + 3650 * DAY);
  assert.deepEqual(material.signingKey.algorithm, { name: "ECDSA", namedCurve: "P-256" });
  assert.equal(material.signingKey.extractable, false);
  assert.deepEqual(material.chain, []);
  const other = await read(await makeAuthorityPem(NOW), NOW);
  assert.notEqual(other.certificate.serialNumber, certificate.serialNumber);
  assert.match(certificate.serialNumber, /^[4-7][0-9a-f]{31}$/);

  const plain = new X509Certificate(certificate.toString("pem"));
  assert.equal(plain.ca, true);
  assert.equal(plain.subject, "CN=mitm CA\nO=mitm");
  assert(plain.checkIssued(plain));
  assert(plain.verify(plain.publicKey));
});

Deno.test({
  name: "openssl reads a new authority as one (needs openssl)",
  ignore: opensslMissing,
  fn: () =>
    inFolder(async (folder) => {
      const path = `${folder}/ca.pem`;
      await Deno.writeTextFile(path, await makeAuthorityPem(Date.now()));
      const text = await run("openssl", ["x509", "-in", path, "-noout", "-text"]);
      assert.match(text, /Version: 3/);
      assert.match(text, /X509v3 Basic Constraints: critical\s+CA:TRUE\n/);
      assert.match(text, /X509v3 Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
      assert.match(text, /X509v3 Subject Key Identifier:\s+([0-9A-F]{2}:){19}[0-9A-F]{2}/);
      assert.match(text, /Signature Algorithm: ecdsa-with-SHA256/);
      assert.match(text, /ASN1 OID: prime256v1/);
      assert.match(
        await run("openssl", ["verify", "-x509_strict", "-check_ss_sig", "-CAfile", path, path]),
        /: OK/,
      );
      assert.match(await run("openssl", ["pkey", "-in", path, "-check", "-noout"]), /valid/);
    }),
});

for (const kind of Object.keys(KEY_COMMANDS) as KeyKind[]) {
  Deno.test({
    name: `an authority by openssl signs leaves that openssl verifies: ${kind} (needs openssl)`,
    ignore: opensslMissing,
    fn: () =>
      inFolder(async (folder) => {
        const { key, certificate } = await opensslAuthority(folder, kind);
        const caPath = `${folder}/ca.pem`;
        const leafPath = `${folder}/leaf.pem`;
        await Deno.writeTextFile(caPath, certificate);
        for (const text of [key + certificate, certificate + key]) {
          const authority = await CertificateAuthority.create(await read(text));
          assert.equal(authority.certificatePem.replace(/\s/g, ""), certificate.replace(/\s/g, ""));
          const leaf = await authority.leafFor({ host: "a.example", extraNames: [] });
          await Deno.writeTextFile(leafPath, leaf.certificatePem);
          const verified = await run("openssl", [
            ...[
              "verify",
              "-CAfile",
              caPath,
              "-purpose",
              "sslserver",
              "-verify_hostname",
              "a.example",
              leafPath,
            ],
          ]);
          assert.match(verified, /: OK/);
        }
      }),
  });
}

Deno.test({
  name: "the issuer of a leaf is the subject of the authority, string types included (needs openssl)",
  ignore: opensslMissing,
  fn: () =>
    inFolder(async (folder) => {
      const subject = "/C=DE/O=B\u00fccher, Inc./CN=a \\+ b\\/c";
      const { key, certificate } = await opensslAuthority(folder, "P-256 in PKCS#8", { subject });
      const authority = await CertificateAuthority.create(await read(key + certificate));
      const leaf = await authority.leafFor({ host: "a.example", extraNames: [] });
      await Deno.writeTextFile(`${folder}/ca.pem`, certificate);
      await Deno.writeTextFile(`${folder}/leaf.pem`, leaf.certificatePem);
      assert.match(
        await run("openssl", ["verify", "-CAfile", `${folder}/ca.pem`, `${folder}/leaf.pem`]),
        /: OK/,
      );
      assert.match(leaf.facts.issuer, /^C=DE, O=B\u00fccher, Inc\., CN=a \+ b\/c$/);
    }),
});

Deno.test({
  name:
    "the certificates above an authority go with its leaves, in their order, strangers do not (needs openssl)",
  ignore: opensslMissing,
  fn: () =>
    inFolder(async (folder) => {
      const file = (name: string) => `${folder}/${name}`;
      const root = await opensslAuthority(folder, "P-256 in PKCS#8", { subject: "/CN=root" });
      const stranger = await opensslAuthority(folder, "P-256 in PKCS#8", { subject: "/CN=stranger" });
      const issue = async (name: string, issuer: { key: string; certificate: string }) => {
        const key = await run("openssl", KEY_COMMANDS["P-256 in PKCS#8"]);
        return { key, certificate: await opensslIssued(folder, key, `/CN=${name}`, issuer) };
      };
      const middle = await issue("middle", root);
      const lower = await issue("lower", middle);

      const text = root.certificate + stranger.certificate + lower.certificate + lower.key +
        middle.certificate;
      const authority = await CertificateAuthority.create(await read(text));
      assert.equal(authority.facts.subject, "CN=lower");
      const leaf = await authority.leafFor({ host: "a.example", extraNames: [] });
      const shown = readPem(leaf.certificatePem);
      assert(shown.kind === "blocks");
      assert.deepEqual(
        shown.blocks.map((block) => new X509Certificate(block.der).subject),
        ["CN=a.example", "CN=lower", "CN=middle", "CN=root"],
      );
      await Deno.writeTextFile(file("root.pem"), root.certificate);
      await Deno.writeTextFile(file("leaf.pem"), leaf.certificatePem);
      const verify = [
        "verify",
        "-CAfile",
        file("root.pem"),
        "-untrusted",
        file("leaf.pem"),
        file("leaf.pem"),
      ];
      assert.match(await run("openssl", verify), /: OK/);
    }),
});

Deno.test({
  name: "authorities that certify each other do not go round in circles (needs openssl)",
  ignore: opensslMissing,
  fn: () =>
    inFolder(async (folder) => {
      const one = await opensslAuthority(folder, "P-256 in PKCS#8", { subject: "/CN=one" });
      const two = await opensslAuthority(folder, "P-256 in PKCS#8", { subject: "/CN=two" });
      const oneByTwo = await opensslIssued(folder, one.key, "/CN=one", two);
      const twoByOne = await opensslIssued(folder, two.key, "/CN=two", one);
      const material = await read(one.key + oneByTwo + twoByOne);
      assert.deepEqual(material.chain.map((der) => certificateFacts(der)?.subject), ["CN=two"]);
    }),
});

Deno.test({
  name: "of two certificates for the key, the one that can sign is taken (needs openssl)",
  ignore: opensslMissing,
  fn: () =>
    inFolder(async (folder) => {
      const { key, certificate } = await opensslAuthority(folder);
      const server = await opensslCertificate(folder, key, {
        subject: "/CN=server",
        extensions: ["basicConstraints=CA:FALSE"],
      });
      const material = await read(server + key + certificate);
      assert.equal(material.certificate.subject, "O=mitmproxy, CN=mitmproxy");
    }),
});

Deno.test("damaged files: each is named, in one line", async () => {
  const own = await parts();
  const other = await parts();
  const half = (text: string) => text.slice(0, text.length / 2);
  const brokenDer = (der: Uint8Array) => der.slice(0, der.length - 20);
  await refused("", "not-pem", /is not a PEM file/);
  await refused("\u0030\u0082\u0001", "not-pem", /is not a PEM file/);
  await refused(own.certificate, "no-key", /has no private key/);
  await refused(own.key, "no-certificate", /has no certificate/);
  await refused(own.key + other.key + own.certificate, "no-key", /more than one private key/);
  await refused(own.key + other.certificate, "mismatch", /does not belong to the certificate/);
  await refused(own.key + half(own.certificate), "damaged", /CERTIFICATE block has no end/);
  await refused(half(own.key), "damaged", /PRIVATE KEY block has no end/);
  await refused(
    own.key.replace("\nM", "\n*") + own.certificate,
    "damaged",
    /PRIVATE KEY block is not base64/,
  );
  await refused(
    toPem("PRIVATE KEY", brokenDer(own.keyDer)) + own.certificate,
    "damaged",
    /the private key is damaged/,
  );
  await refused(
    own.key + toPem("CERTIFICATE", brokenDer(own.certificateDer)),
    "damaged",
    /a certificate is damaged/,
  );
  await refused(
    own.key + own.certificate + toPem("CERTIFICATE", Uint8Array.of(1, 2)),
    "damaged",
    /a certificate is damaged/,
  );
  await refused(
    toPem("EC PRIVATE KEY", own.keyDer) + own.certificate,
    "damaged",
    /the private key is damaged/,
  );
});

Deno.test("an authority outside its time is refused", async () => {
  const text = await makeAuthorityPem(NOW);
  await refused(text, "expired", /the certificate expired on 2036-05-27/, NOW + 3650 * DAY);
  await refused(
    text,
    "not-yet-valid",
    /valid only from 2026-05-30 on \(is the clock right\?\)/,
    NOW - 3 * DAY,
  );
  assert.equal((await read(text, NOW - 2 * DAY)).chain.length, 0);
});

Deno.test({
  name: "certificates that may not sign are refused (needs openssl)",
  ignore: opensslMissing,
  fn: () =>
    inFolder(async (folder) => {
      const { key } = await opensslAuthority(folder);
      const rows: [string[], RegExp][] = [
        [["basicConstraints=critical,CA:FALSE"], /not a CA's \(basicConstraints\)/],
        [["subjectAltName=DNS:a.example"], /not a CA's \(basicConstraints\)/],
        [
          ["basicConstraints=critical,CA:TRUE", "keyUsage=digitalSignature"],
          /may not sign certificates \(keyUsage\)/,
        ],
      ];
      for (const [extensions, message] of rows) {
        await refused(key + await opensslCertificate(folder, key, { extensions }), "not-ca", message);
      }
      const bare = await opensslCertificate(folder, key, { extensions: ["basicConstraints=CA:TRUE"] });
      assert.equal((await read(key + bare)).signatureHash, "SHA-256");
    }),
});

Deno.test({
  name: "keys that cannot be used are refused by their kind (needs openssl)",
  ignore: opensslMissing,
  fn: () =>
    inFolder(async (folder) => {
      const rows: [string[], AuthorityErrorCode, RegExp][] = [
        [
          ["genpkey", "-algorithm", "ED25519"],
          "key-kind",
          /the private key is ed25519, and only RSA and ECDSA on P-256/,
        ],
        [["ecparam", "-name", "secp256k1", "-genkey", "-noout"], "key-kind", /the private key is secp256k1/],
      ];
      for (const [args, code, message] of rows) {
        const key = await run("openssl", args);
        await refused(key + await opensslCertificate(folder, key), code, message);
      }
      const { key, certificate } = await opensslAuthority(folder, "RSA PRIVATE KEY");
      await Deno.writeTextFile(`${folder}/key`, key);
      const encryptions = [
        ["pkcs8", "-topk8", "-in", `${folder}/key`, "-passout", "pass:secret"],
        ["rsa", "-in", `${folder}/key`, "-aes128", "-traditional", "-passout", "pass:secret"],
      ];
      for (const args of encryptions) {
        await refused(await run("openssl", args) + certificate, "encrypted", /the private key is encrypted/);
      }
    }),
});
