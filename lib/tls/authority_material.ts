// What a certificate authority is made of — its certificate, its private key, the certificates above it — made new,
// or taken out of a PEM file as mitm, mitmproxy and openssl write them: key and certificates in any order, the key
// as PKCS#8 (RFC 5958), PKCS#1 (RFC 8017) or SEC 1 (RFC 5915).
// Invariant: material that is handed out can sign now: the key belongs to the certificate, which is a valid CA's.

import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { Buffer } from "node:buffer";
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { AuthorityError, type AuthorityErrorCode } from "./authority_error.ts";
import { type PemBlock, readPem, toPem } from "./certificate_text.ts";

export interface AuthorityMaterial {
  certificate: x509.X509Certificate;
  signingKey: CryptoKey;
  signatureHash: "SHA-256" | "SHA-384" | "SHA-512";
  /** The certificates above, each one signed by the next, DER; for the authority of an organisation. */
  chain: Uint8Array[];
}

const DAY = 24 * 60 * 60 * 1000;
/** Certificates start this much before now: clients whose clock is behind accept them too. Milliseconds. */
export const BACKDATED = 2 * DAY;
/** Ten years: installing a CA on devices is work that should last. Milliseconds. */
const AUTHORITY_LIFETIME = 3650 * DAY;

/** A new authority with an ECDSA P-256 key, valid for ten years, as the PEM text of its file. `now`: milliseconds since the epoch. */
export async function makeAuthorityPem(now: number): Promise<string> {
  const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
    "sign",
    "verify",
  ]);
  const notBefore = now - BACKDATED;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerial(),
    name: [{ CN: ["mitm CA"] }, { O: ["mitm"] }],
    keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    notBefore: new Date(notBefore),
    notAfter: new Date(notBefore + AUTHORITY_LIFETIME),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const key = new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  return toPem("PRIVATE KEY", key) + toPem("CERTIFICATE", new Uint8Array(certificate.rawData));
}

/** RFC 5280, 4.1.2.2: a positive number of at most 20 octets. 127 random bits, as hex. */
export function randomSerial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  // Neither negative nor with a leading zero octet.
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toHex();
}

/**
 * Reads the text of an authority's file. `path` and `cure` (what to do about it) go into the message.
 * @throws {AuthorityError}
 */
export async function readAuthorityPem(
  text: string,
  path: string,
  cure: string,
  now: number,
): Promise<AuthorityMaterial> {
  const fail = (code: AuthorityErrorCode, what: string) => new AuthorityError(code, path, what, cure);
  const pem = readPem(text);
  if (pem.kind === "damaged") throw fail("damaged", pem.reason);
  if (pem.blocks.length === 0) throw fail("not-pem", "is not a PEM file");

  const keyBlocks = pem.blocks.filter((block) => block.label.endsWith("PRIVATE KEY"));
  const certificateBlocks = pem.blocks.filter((block) => /^(X509 )?CERTIFICATE$/.test(block.label));
  const [keyBlock] = keyBlocks;
  if (keyBlock === undefined) throw fail("no-key", "has no private key");
  if (keyBlocks.length > 1) throw fail("no-key", "has more than one private key");
  if (certificateBlocks.length === 0) throw fail("no-certificate", "has no certificate");
  if (keyBlock.encrypted) {
    throw fail("encrypted", "the private key is encrypted, and there is no one to ask for the passphrase");
  }

  const key = readKey(keyBlock);
  if (key === null) throw fail("damaged", "the private key is damaged");
  const algorithm = signatureAlgorithm(key);
  if (algorithm === null) {
    throw fail(
      "key-kind",
      `the private key is ${keyKind(key)}, and only RSA and ECDSA on P-256, P-384, P-521 sign`,
    );
  }
  const certificates = certificateBlocks.map((block) => readCertificate(block.der));
  const own: Candidate[] = [];
  for (const certificate of certificates) {
    if (certificate === null) throw fail("damaged", "a certificate is damaged");
    if (certificate.plain.checkPrivateKey(key)) own.push(certificate);
  }
  // A CA that was renewed with the same key may stand there twice.
  const chosen = own.find((candidate) => unfitness(candidate, now) === null) ?? own[0];
  if (chosen === undefined) throw fail("mismatch", "the private key does not belong to the certificate");
  const unfit = unfitness(chosen, now);
  if (unfit !== null) throw fail(unfit.code, unfit.what);
  return {
    certificate: chosen.parsed,
    signingKey: await importKey(key, algorithm),
    signatureHash: algorithm.hash,
    chain: chainAbove(chosen, certificates.filter((candidate) => candidate !== null)),
  };
}

/** One certificate in two readings: node:crypto's, which checks signatures, and the library's, which has the extensions. */
interface Candidate {
  plain: X509Certificate;
  parsed: x509.X509Certificate;
  der: Uint8Array;
}

function readCertificate(der: Uint8Array<ArrayBuffer>): Candidate | null {
  try {
    return { plain: new X509Certificate(der), parsed: new x509.X509Certificate(der), der };
  } catch {
    return null;
  }
}

/** Why a certificate cannot sign others now, or null. */
function unfitness({ parsed }: Candidate, now: number): { code: AuthorityErrorCode; what: string } | null {
  // RFC 5280, 4.2.1.9.
  const constraints = parsed.getExtension(x509.BasicConstraintsExtension);
  if (constraints === null || !constraints.ca) {
    return { code: "not-ca", what: "the certificate is not a CA's (basicConstraints)" };
  }
  // RFC 5280, 4.2.1.3.
  const usages = parsed.getExtension(x509.KeyUsagesExtension);
  if (usages !== null && (usages.usages & x509.KeyUsageFlags.keyCertSign) === 0) {
    return { code: "not-ca", what: "the certificate may not sign certificates (keyUsage)" };
  }
  if (parsed.notAfter.getTime() <= now) {
    return { code: "expired", what: `the certificate expired on ${isoDay(parsed.notAfter)}` };
  }
  if (parsed.notBefore.getTime() > now) {
    return {
      code: "not-yet-valid",
      what: `the certificate is valid only from ${isoDay(parsed.notBefore)} on (is the clock right?)`,
    };
  }
  return null;
}

/** RFC 8446, 4.4.2: each certificate certifies the one before it. What does not belong there is left out. */
function chainAbove(own: Candidate, certificates: readonly Candidate[]): Uint8Array[] {
  const chain: Uint8Array[] = [];
  const left = new Set(certificates);
  left.delete(own);
  for (let current = own; !current.plain.checkIssued(current.plain);) {
    const issuer = [...left].find((candidate) => current.plain.checkIssued(candidate.plain));
    if (issuer === undefined) break;
    chain.push(issuer.der);
    left.delete(issuer);
    current = issuer;
  }
  return chain;
}

function readKey(block: PemBlock): KeyObject | null {
  const type = block.label === "RSA PRIVATE KEY"
    ? "pkcs1"
    : block.label === "EC PRIVATE KEY"
    ? "sec1"
    : "pkcs8";
  try {
    return createPrivateKey({ key: Buffer.from(block.der), format: "der", type });
  } catch {
    return null;
  }
}

type SignatureAlgorithm = { name: string; namedCurve?: string; hash: AuthorityMaterial["signatureHash"] };

/** The hash is as strong as the curve (RFC 5480, 4). */
const ecAlgorithms: Readonly<Record<string, SignatureAlgorithm>> = {
  prime256v1: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  secp384r1: { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" },
  secp521r1: { name: "ECDSA", namedCurve: "P-521", hash: "SHA-512" },
};

function signatureAlgorithm(key: KeyObject): SignatureAlgorithm | null {
  if (key.asymmetricKeyType === "rsa") return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  if (key.asymmetricKeyType !== "ec") return null;
  return ecAlgorithms[key.asymmetricKeyDetails?.namedCurve ?? ""] ?? null;
}

function keyKind(key: KeyObject): string {
  return key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? "of an unknown kind";
}

function importKey(key: KeyObject, algorithm: SignatureAlgorithm): Promise<CryptoKey> {
  const pkcs8 = new Uint8Array(key.export({ format: "der", type: "pkcs8" }));
  const imported = algorithm.namedCurve === undefined
    ? { name: algorithm.name, hash: algorithm.hash }
    : { name: algorithm.name, namedCurve: algorithm.namedCurve };
  return crypto.subtle.importKey("pkcs8", pkcs8, imported, false, ["sign"]);
}

function isoDay(date: Date): string {
  return date.toISOString().slice(0, 10);
}
