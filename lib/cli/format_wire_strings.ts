// Byte-true strings for machines. Most are ASCII; a peer may send any bytes, in UTF-8 or not.
// Invariant: `text(s)` written in the encoding gives the bytes of `s`, unless `failed`.

import { latin1Encode } from "../bytes/latin1.ts";
import { decodeUtf8 } from "../format/decode_text.ts";

// deno-lint-ignore no-control-regex
const ASCII_ONLY = /^[\x00-\x7f]*$/;
/** A name from our own configuration, not from the wire. */
const UNICODE = /[\u0100-\uffff]/;

export class WireStrings {
  readonly #encoding: "utf-8" | "latin1";
  #failed = false;

  /** "utf-8": strings are decoded. "latin1": each byte stays one character, U+0000 to U+00FF. */
  constructor(encoding: "utf-8" | "latin1") {
    this.#encoding = encoding;
  }

  /** Whether a string was not valid UTF-8. */
  get failed(): boolean {
    return this.#failed;
  }

  text(wire: string): string {
    if (this.#encoding === "latin1" || ASCII_ONLY.test(wire) || UNICODE.test(wire)) return wire;
    const decoded = decodeUtf8(latin1Encode(wire));
    if (decoded === null) this.#failed = true;
    return decoded ?? wire;
  }
}
