// What is wrong with a certificate by itself, where the TLS stack only says that it cannot be verified.
// Invariant: no DER makes it throw.

import "reflect-metadata";
import * as x509 from "@peculiar/x509";

export type CertificateFlaw = "expired" | "not-valid-yet" | "not-for-servers";

/** `now` in milliseconds since the epoch. Null: nothing that shows without its issuer (or `der` is not a certificate). */
export function certificateFlaw(der: Uint8Array, now: number): CertificateFlaw | null {
  try {
    const certificate = new x509.X509Certificate(der.slice());
    if (certificate.notAfter.getTime() < now) return "expired";
    if (certificate.notBefore.getTime() > now) return "not-valid-yet";
    const { serverAuth } = x509.ExtendedKeyUsage;
    // RFC 5280, 4.2.1.12: without the extension, anything.
    const usages = certificate.getExtension(x509.ExtendedKeyUsageExtension)?.usages ?? [serverAuth];
    return usages.includes(serverAuth) || usages.includes(ANY_USAGE) ? null : "not-for-servers";
  } catch {
    return null;
  }
}

/** RFC 5280, 4.2.1.12: anyExtendedKeyUsage. */
const ANY_USAGE = "2.5.29.37.0";
