// Whether a text is of use as a PEM file: node:tls takes any text without a word, and then shows no certificate.

import { X509Certificate } from "node:crypto";
import { readPem } from "./certificate_text.ts";

/** Why `text` does not serve as a PEM file with blocks that end in each of `labels`, or null. */
export function pemFault(text: string, labels: readonly string[]): string | null {
  const pem = readPem(text);
  if (pem.kind === "damaged") return pem.reason;
  if (pem.blocks.length === 0) return "it is not a PEM file";
  for (const label of labels) {
    if (!pem.blocks.some((block) => block.label.endsWith(label))) return `it has no ${label.toLowerCase()}`;
  }
  for (const block of pem.blocks) {
    if (block.encrypted) return "its private key is encrypted, and there is no one to ask for the passphrase";
    if (!block.label.endsWith("CERTIFICATE")) continue;
    try {
      new X509Certificate(block.der);
    } catch {
      return "a certificate in it is damaged";
    }
  }
  return null;
}
