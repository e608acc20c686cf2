// What a certificate says, for the flow record, the log and the CA page, and the names it stands for.
// Invariant: no DER makes it throw, and no string of the result has a line end or another control character:
// the bytes come from a peer, the strings go to a terminal.

import { X509Certificate } from "node:crypto";

export interface CertificateFacts {
  /** "CN=example.com, O=Example" */
  readonly subject: string;
  readonly issuer: string;
  /** "DNS:example.com", "IP Address:127.0.0.1" */
  readonly altNames: readonly string[];
  /** "2026-01-31T00:00:00Z" */
  readonly validFrom: string;
  readonly validTo: string;
  /** SHA-256, colon-separated upper-case hex. */
  readonly fingerprint: string;
}

/** Null where `der` is not a certificate. */
export function certificateFacts(der: Uint8Array): CertificateFacts | null {
  try {
    const certificate = new X509Certificate(der);
    return {
      subject: oneLine(certificate.subject),
      issuer: oneLine(certificate.issuer),
      altNames: splitAltNames(certificate.subjectAltName),
      validFrom: isoTime(certificate.validFrom),
      validTo: isoTime(certificate.validTo),
      fingerprint: certificate.fingerprint256,
    };
  } catch {
    return null;
  }
}

/** The DNS names and IP addresses among the alternative names, as a `LeafRequest` takes them. */
export function hostNamesOf(facts: Pick<CertificateFacts, "altNames">): string[] {
  const names: string[] = [];
  for (const name of facts.altNames) {
    const match = /^(?:DNS|IP Address):(.+)$/.exec(name);
    if (match?.[1] !== undefined) names.push(match[1]);
  }
  return names;
}

/** node:crypto puts each attribute on its own line. */
function oneLine(name: string | undefined): string {
  return visible((name ?? "").trim().replaceAll("\n", ", "));
}

function splitAltNames(names: string | undefined): string[] {
  if (names === undefined || names === "") return [];
  return names.split(/, (?=(?:DNS|IP Address|email|URI|DirName|Registered ID|othername):)/).map(visible);
}

/** Every control character as "?". */
function visible(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, "?");
}

function isoTime(text: string): string {
  return new Date(text).toISOString().replace(".000Z", "Z");
}
