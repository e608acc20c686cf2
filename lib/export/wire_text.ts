// Byte-true strings as Unicode text, for formats that hold nothing else.
// Invariant: never throws.

import { latin1Encode } from "../bytes/latin1.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const NOT_ASCII = /[\u0080-\uffff]/;

/** A byte-true string as the UTF-8 it is; else each byte as the character it has in ISO 8859-1 (RFC 9110, 5.5: as it was). */
export function wireText(bytes: string): string {
  return utf8OfWire(bytes) ?? bytes;
}

/** A byte-true string as the UTF-8 it is; null when it is not that. */
export function utf8OfWire(bytes: string): string | null {
  return NOT_ASCII.test(bytes) ? utf8Text(latin1Encode(bytes)) : bytes;
}

/** UTF-8, a byte order mark kept; null when the bytes are not that. `cut`: an incomplete character at the end is left out. */
export function utf8Text(bytes: Uint8Array, cut = false): string | null {
  try {
    // What a decoder keeps for the next piece stays in it: one of its own for each cut text.
    if (cut) {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: true });
    }
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}
