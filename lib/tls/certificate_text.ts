// Certificates and keys as text: PEM (RFC 7468), in and out. Pure.
// Invariant: readPem(toPem(label, der)) gives one block with the same label and bytes.

import { latin1Decode, latin1Encode } from "../bytes/latin1.ts";

/** RFC 7468, 2: every line but the last has 64 characters. */
const LINE_LENGTH = 64;

export interface PemBlock {
  /** "CERTIFICATE", "PRIVATE KEY" */
  label: string;
  /** RFC 1421, 4.6: the old way to say that a key is encrypted is a header before the base64 text. */
  encrypted: boolean;
  der: Uint8Array<ArrayBuffer>;
}

export type PemReading =
  | { kind: "blocks"; blocks: PemBlock[] }
  | { kind: "damaged"; reason: string };

/** One PEM block with a line end behind it. */
export function toPem(label: string, der: Uint8Array): string {
  const base64 = btoa(latin1Decode(der));
  let text = `-----BEGIN ${label}-----\n`;
  for (let index = 0; index < base64.length; index += LINE_LENGTH) {
    text += base64.slice(index, index + LINE_LENGTH) + "\n";
  }
  return text + `-----END ${label}-----\n`;
}

/** All PEM blocks in a text; what stands between them (RFC 7468, 5.2: explanatory text) is passed over. */
export function readPem(text: string): PemReading {
  const blocks: PemBlock[] = [];
  const begin = /-----BEGIN ([A-Z0-9 ]+)-----/g;
  for (let match = begin.exec(text); match !== null; match = begin.exec(text)) {
    const label = match[1] ?? "";
    const endLine = `-----END ${label}-----`;
    const end = text.indexOf(endLine, begin.lastIndex);
    const inner = end < 0 ? "" : text.slice(begin.lastIndex, end);
    if (end < 0 || inner.includes("-----")) {
      return { kind: "damaged", reason: `the ${label} block has no end` };
    }
    const { encrypted, base64 } = splitHeaders(inner);
    const der = decodeBase64(base64);
    if (der === null) return { kind: "damaged", reason: `the ${label} block is not base64` };
    blocks.push({ label, encrypted: encrypted || label.startsWith("ENCRYPTED"), der });
    begin.lastIndex = end + endLine.length;
  }
  return { kind: "blocks", blocks };
}

function splitHeaders(inner: string): { encrypted: boolean; base64: string } {
  // RFC 1421, 4.4: headers, an empty line, then the text.
  const split = /^\s*[A-Za-z-]+:[^]*?\r?\n\r?\n/.exec(inner);
  if (split === null) return { encrypted: false, base64: inner };
  return { encrypted: /^Proc-Type:.*ENCRYPTED/m.test(split[0]), base64: inner.slice(split[0].length) };
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    const bytes = latin1Encode(atob(text));
    return bytes.length === 0 ? null : bytes;
  } catch {
    return null;
  }
}
