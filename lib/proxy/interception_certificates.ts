// The certificates shown to clients, as TLS contexts: one per leaf, kept, since making a context is what costs.

import tls from "node:tls";
import type { CertificateFacts } from "../flow/record.ts";
import type { CertificateAuthority } from "../tls/certificate_authority.ts";

/** As many contexts as the authority keeps leaves; the oldest goes first. */
const CONTEXT_LIMIT = 1_000;

export interface InterceptionContext {
  secureContext: tls.SecureContext;
  facts: CertificateFacts;
}

export class InterceptionCertificates {
  readonly authority: CertificateAuthority;
  readonly #contexts = new Map<string, InterceptionContext>();

  constructor(authority: CertificateAuthority) {
    this.authority = authority;
  }

  /** A certificate for `host` that also names `extraNames`. */
  async contextFor(host: string, extraNames: readonly string[]): Promise<InterceptionContext> {
    const leaf = await this.authority.leafFor({ host, extraNames });
    // A leaf that was made again (it ran out) has another certificate, so another context.
    const known = this.#contexts.get(leaf.certificatePem);
    if (known !== undefined) return known;
    const context: InterceptionContext = {
      secureContext: tls.createSecureContext({ cert: leaf.certificatePem, key: leaf.keyPem }),
      facts: leaf.facts,
    };
    if (this.#contexts.size >= CONTEXT_LIMIT) {
      const oldest = this.#contexts.keys().next().value;
      if (oldest !== undefined) this.#contexts.delete(oldest);
    }
    this.#contexts.set(leaf.certificatePem, context);
    return context;
  }
}
