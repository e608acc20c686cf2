// A regular expression over what came from the wire: byte-true heads, and content of any kind.
// Invariants: compiled once; searched, never anchored; without case; total: what the engine cannot finish does not match.
//
// Content is bytes, and so is what is matched: "." stands for one byte. A pattern that names a character beyond ASCII
// is looked for in the text too that the bytes are in UTF-8, and in the bytes as Latin-1.

import { latin1Decode, latin1Encode } from "../bytes/latin1.ts";

/** What a pattern is for. In `lines` "^" and "$" stand at line ends too; in `content` "." is a line end too. */
export type Subject = "text" | "lines" | "content";

const FLAGS: Readonly<Record<Subject, string>> = { text: "i", lines: "im", content: "is" };

/** A character beyond ASCII, or an escape that may stand for one. */
// deno-lint-ignore no-control-regex
const BEYOND_ASCII = /[^\x00-\x7f]|\\[ux0-9]/;

const utf8 = new TextDecoder("utf-8");
/** One character a byte, those from 0x80 on in the private use area: on binary data 50 times as fast as `latin1Decode`. */
const units = new TextDecoder("x-user-defined");

export class Pattern {
  readonly #regex: RegExp;
  readonly #beyondAscii: boolean;

  /** Throws on a source that `patternFlaw` finds fault with. */
  constructor(source: string, subject: Subject) {
    this.#regex = new RegExp(source, FLAGS[subject]);
    this.#beyondAscii = BEYOND_ASCII.test(source);
  }

  /** Whether it is found in a byte-true string. */
  inText(text: string): boolean {
    if (this.#search(text)) return true;
    // deno-lint-ignore no-control-regex
    if (!this.#beyondAscii || !/[^\x00-\x7f]/.test(text)) return false;
    return this.#search(utf8.decode(latin1Encode(text)));
  }

  inContent(content: Content): boolean {
    if (!this.#beyondAscii) return this.#search(content.units);
    return this.#search(content.text) || this.#search(content.byteTrue);
  }

  #search(text: string): boolean {
    try {
      return this.#regex.test(text);
    } catch {
      // V8 throws when its stack for backtracking is full ("(a|b)*c" on 16 MiB), and, since it compiles a regular
      // expression when it is first used, for one that is too large.
      return false;
    }
  }
}

/** Bytes to search, as strings that are made when they are asked for, and once. */
export class Content {
  readonly #bytes: Uint8Array;
  #units: string | null = null;
  #text: string | null = null;
  #byteTrue: string | null = null;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** One character a byte; only those below 0x80 are what they seem. */
  get units(): string {
    return this.#units ??= isAscii(this.#bytes) ? this.text : units.decode(this.#bytes);
  }

  /** Read as UTF-8, with marks where it is not. */
  get text(): string {
    return this.#text ??= utf8.decode(this.#bytes);
  }

  get byteTrue(): string {
    return this.#byteTrue ??= latin1Decode(this.#bytes);
  }
}

function isAscii(bytes: Uint8Array): boolean {
  for (let index = 0; index < bytes.length; index++) {
    if ((bytes[index] ?? 0) >= 0x80) return false;
  }
  return true;
}

/** Why `source` is no regular expression, in a few words; null: it is one. */
export function patternFlaw(source: string): string | null {
  try {
    new RegExp(source);
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : "not understood";
    // "Invalid regular expression: /(/: Unterminated group": what stands before the last colon is known.
    const reason = message.slice(message.lastIndexOf(": ") + 1).trim();
    return reason.charAt(0).toLowerCase() + reason.slice(1);
  }
}
