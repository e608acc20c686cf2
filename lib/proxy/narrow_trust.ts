// Which trusted root a host's certificate led to, so that the next handshake with it is given that root alone: Deno
// reads every root of a context anew for each connection, which costs more than the handshake's own arithmetic.
// Never widens trust: what is given is a part of the trusted roots, and the platform verifies as strictly as ever.
// Invariants: learned only from a handshake that was verified against all roots; one failure forgets the host, and the
// caller tries again with all roots.

import { X509Certificate } from "node:crypto";
import tls from "node:tls";

/** Hosts whose root is remembered; the oldest goes first. */
const HOST_LIMIT = 1_000;
/** Certificates of a chain that are looked at: real chains have two to four. */
const CHAIN_LIMIT = 8;

export class NarrowTrust {
  readonly #roots: () => readonly string[];
  readonly #contexts = new Map<string, tls.SecureContext>();
  #bySubject: Map<string, string[]> | null = null;

  /** `roots`: all trusted roots, PEM. */
  constructor(roots: () => readonly string[]) {
    this.#roots = roots;
  }

  /** A context with this host's root alone; null while it is not known. */
  contextFor(host: string): tls.SecureContext | null {
    return this.#contexts.get(host) ?? null;
  }

  /** `session` has been verified against all roots. */
  learn(host: string, session: tls.TLSSocket): void {
    if (this.#contexts.has(host)) return;
    const roots = this.#rootsOf(session);
    if (roots.length === 0) return;
    if (this.#contexts.size >= HOST_LIMIT) {
      const oldest = this.#contexts.keys().next().value;
      if (oldest !== undefined) this.#contexts.delete(oldest);
    }
    this.#contexts.set(host, tls.createSecureContext({ ca: roots }));
  }

  /** The host's certificate no longer leads there. Whether something was forgotten. */
  forget(host: string): boolean {
    return this.#contexts.delete(host);
  }

  /** Every trusted root that issued a certificate of the chain: the path may end at any of them. */
  #rootsOf(session: tls.TLSSocket): string[] {
    this.#bySubject ??= indexBySubject(this.#roots());
    const found = new Set<string>();
    let certificate = session.getPeerCertificate(true);
    for (let depth = 0; depth < CHAIN_LIMIT && certificate?.raw !== undefined; depth++) {
      const { issuer } = new X509Certificate(certificate.raw);
      for (const pem of this.#bySubject.get(issuer) ?? []) found.add(pem);
      if (certificate.issuerCertificate === certificate) break;
      certificate = certificate.issuerCertificate;
    }
    return [...found];
  }
}

function indexBySubject(roots: readonly string[]): Map<string, string[]> {
  const index = new Map<string, string[]>();
  for (const pem of roots) {
    // A file given with --upstream-ca may hold several.
    for (const one of pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []) {
      const subject = subjectOf(one);
      if (subject !== null) index.set(subject, [...(index.get(subject) ?? []), one]);
    }
  }
  return index;
}

/** Null where the platform cannot read the certificate: it is then only in the full list. */
function subjectOf(pem: string): string | null {
  try {
    return new X509Certificate(pem).subject;
  } catch {
    return null;
  }
}
