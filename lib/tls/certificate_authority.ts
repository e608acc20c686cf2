// The certificate authority at work: certificates for the hosts that clients ask for (RFC 5280), made when first
// needed and kept. All leaves of a process share one key pair, which is not the authority's.
// Invariants: requests for the same names share one certificate, also while it is being made; no leaf outlives the
// authority's certificate; the authority's private key never leaves this room.

import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { type AuthorityMaterial, BACKDATED, randomSerial } from "./authority_material.ts";
import { type CertificateFacts, certificateFacts } from "./certificate_facts.ts";
import { toPem } from "./certificate_text.ts";
import { type LeafName, leafNames } from "./leaf_names.ts";

export interface LeafRequest {
  /** From the client's SNI, else from CONNECT. */
  host: string;
  /** The CONNECT host where it differs, then the names of the origin's certificate (`hostNamesOf`). What cannot stand in a certificate is left out. */
  extraNames: readonly string[];
}

/** Handed out to everybody who asks for the same names: not to be changed; good as a key for what is derived from it. */
export interface Leaf {
  /** The leaf, the authority's certificate, and what stands above that, as PEM. */
  readonly certificatePem: string;
  /** PKCS#8; the same for all leaves. */
  readonly keyPem: string;
  readonly facts: CertificateFacts;
}

const DAY = 24 * 60 * 60 * 1000;

/** Browsers refuse server certificates that are valid for more than 398 days; one day of distance to that. Milliseconds. */
export const LEAF_LIFETIME = 397 * DAY;

/** A leaf that is valid for less than this is made anew: connections and TLS sessions live on it for hours. Milliseconds. */
const LEAF_RENEWAL = DAY;

/** How many leaves are kept, some 4 KiB each: more than the hosts a browser's session meets; the one unused longest goes first. */
export const LEAF_CACHE_LIMIT = 1000;

/** RFC 5280, appendix A: ub-common-name is 64; names from there on stand in the subjectAltName alone. */
const COMMON_NAME_LIMIT = 64;

export interface AuthorityOptions {
  /** Milliseconds since the epoch. */
  now?: () => number;
  leafCacheLimit?: number;
}

interface CachedLeaf {
  promise: Promise<Leaf>;
  renewAt: number;
}

export class CertificateAuthority {
  /** The authority's certificate, for clients to trust. */
  readonly certificatePem: string;
  /** The same in DER. The caller must not change it. */
  readonly certificateDer: Uint8Array;
  readonly facts: CertificateFacts;

  readonly #material: AuthorityMaterial;
  readonly #leafKeys: LeafKeys;
  /** What is the same in every leaf: AKI, EKU, keyUsage. */
  readonly #extensions: x509.Extension[];
  readonly #chainPem: string;
  readonly #now: () => number;
  readonly #cacheLimit: number;
  /** From the least to the most recently used. */
  readonly #leaves = new Map<string, CachedLeaf>();

  private constructor(
    material: AuthorityMaterial,
    leafKeys: LeafKeys,
    extensions: x509.Extension[],
    options: AuthorityOptions,
  ) {
    this.#material = material;
    this.#leafKeys = leafKeys;
    this.#extensions = extensions;
    this.#now = options.now ?? Date.now;
    this.#cacheLimit = options.leafCacheLimit ?? LEAF_CACHE_LIMIT;
    this.certificateDer = new Uint8Array(material.certificate.rawData);
    this.certificatePem = toPem("CERTIFICATE", this.certificateDer);
    this.facts = factsOf(this.certificateDer);
    this.#chainPem = this.certificatePem + material.chain.map((der) => toPem("CERTIFICATE", der)).join("");
  }

  static async create(
    material: AuthorityMaterial,
    options: AuthorityOptions = {},
  ): Promise<CertificateAuthority> {
    return new CertificateAuthority(
      material,
      await makeLeafKeys(),
      await leafExtensions(material.certificate),
      options,
    );
  }

  /**
   * The certificate for these names, from the cache where it is there. Names that no certificate can carry are left out,
   * whatever they are; it rejects only when signing fails, or when the authority itself has expired since it was loaded.
   */
  leafFor(request: LeafRequest): Promise<Leaf> {
    const names = leafNames(request.host, request.extraNames);
    const [first, ...others] = names.map((name) => name.value);
    // The first name is the subject; the order of the others means nothing.
    const key = [first, ...others.sort()].join(" ");
    const now = this.#now();
    const cached = this.#leaves.get(key);
    if (cached !== undefined) {
      this.#leaves.delete(key);
      if (now < cached.renewAt) {
        this.#leaves.set(key, cached);
        return cached.promise;
      }
    }
    const notBefore = now - BACKDATED;
    const authorityEnd = this.#material.certificate.notAfter.getTime();
    const notAfter = Math.min(notBefore + LEAF_LIFETIME, authorityEnd);
    if (notAfter <= now) {
      return Promise.reject(
        new Error(`the CA certificate expired on ${this.facts.validTo}: no leaf for ${first}`),
      );
    }
    const promise = this.#mint(names, new Date(notBefore), new Date(notAfter));
    // Where the authority's own end is near, a new leaf would not live longer.
    const entry = { promise, renewAt: notAfter === authorityEnd ? notAfter : notAfter - LEAF_RENEWAL };
    this.#leaves.set(key, entry);
    if (this.#leaves.size > this.#cacheLimit) {
      const oldest = this.#leaves.keys().next();
      if (oldest.done !== true) this.#leaves.delete(oldest.value);
    }
    promise.catch(() => {
      if (this.#leaves.get(key) === entry) this.#leaves.delete(key);
    });
    return promise;
  }

  async #mint(names: readonly LeafName[], notBefore: Date, notAfter: Date): Promise<Leaf> {
    const first = names[0]?.value ?? "";
    const commonName = first.length < COMMON_NAME_LIMIT ? first : undefined;
    const altNames = names.map((name) => ({ type: name.kind, value: name.value }));
    const { certificate: authority, signingKey, signatureHash } = this.#material;
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: randomSerial(),
      ...(commonName === undefined ? {} : { subject: [{ CN: [commonName] }] }),
      issuer: authority.subjectName,
      notBefore,
      notAfter,
      publicKey: this.#leafKeys.spki,
      signingKey,
      signingAlgorithm: { name: signingKey.algorithm.name, hash: signatureHash },
      extensions: [
        // RFC 5280, 4.2.1.6: critical where the subject is empty.
        new x509.SubjectAlternativeNameExtension(altNames, commonName === undefined),
        ...this.#extensions,
      ],
    });
    const der = new Uint8Array(certificate.rawData);
    return {
      certificatePem: toPem("CERTIFICATE", der) + this.#chainPem,
      keyPem: this.#leafKeys.pem,
      facts: factsOf(der),
    };
  }
}

interface LeafKeys {
  /** The public half, SubjectPublicKeyInfo. */
  spki: ArrayBuffer;
  pem: string;
}

async function makeLeafKeys(): Promise<LeafKeys> {
  const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
    "sign",
    "verify",
  ]);
  return {
    spki: await crypto.subtle.exportKey("spki", keys.publicKey),
    pem: toPem("PRIVATE KEY", new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey))),
  };
}

/** There is no SKI on purpose: it is optional on leaves, and Windows has rejected chains over it. */
async function leafExtensions(authority: x509.X509Certificate): Promise<x509.Extension[]> {
  // RFC 5280, 4.2.1.1: the authority's own SKI, whatever it was made from.
  const keyId = authority.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  return [
    keyId === undefined
      ? await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey)
      : new x509.AuthorityKeyIdentifierExtension(keyId),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
  ];
}

/** Of a certificate that has been parsed before: null would be our own mistake. */
function factsOf(der: Uint8Array): CertificateFacts {
  const facts = certificateFacts(der);
  if (facts === null) throw new Error("a certificate of our own cannot be read");
  return facts;
}
