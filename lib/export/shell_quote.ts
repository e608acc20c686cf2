// Bytes as they are written in a command line, so that any POSIX shell hands on exactly these bytes.
// Invariants: what comes out is one line of printable text, whatever went in: safe to show, and to paste. `$'…'` is not
// used: not every shell knows it (dash does not), and in none of them it holds a NUL. printf with octal escapes is POSIX.

import { latin1Encode } from "../bytes/latin1.ts";
import { utf8OfWire } from "./wire_text.ts";

/** Needs no quotation marks in any shell. */
const BARE = /^[A-Za-z0-9_@%+:,./-]+$/;

/** Controls, invisible format characters (direction marks among them), line separators, private use. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/u;

/**
 * What does not stand for itself in printf's format. "!" would be an event of the history in "$(…)", and a format that
 * begins with "-" an option.
 */
const NOT_IN_FORMAT = /^-|['\\%!]|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;
const NOT_IN_FORMAT_BYTES = /^-|['\\%!]|[^ -~]/g;

/** Escapes of printf's format that are easier to read than octal ones. */
const NAMED = new Map([["\n", "\\n"], ["\r", "\\r"], ["\t", "\\t"], ["\\", "\\\\"], ["%", "%%"]]);

/** A byte-true string as one word. A word of a shell holds no NUL; line ends at the end of it are lost where it is not plain. */
export function shellWord(bytes: string): string {
  const plain = plainText(bytes);
  if (plain === null) return `"$(${printfCommand(bytes)})"`;
  return BARE.test(plain) ? plain : `'${plain.replaceAll("'", "'\\''")}'`;
}

/** The command that writes these bytes (a byte-true string) to its standard output; for any bytes. */
export function printfCommand(bytes: string): string {
  const text = utf8OfWire(bytes);
  const format = text === null
    ? bytes.replace(NOT_IN_FORMAT_BYTES, escapeByte)
    : text.replace(NOT_IN_FORMAT, escapeCharacter);
  return `printf '${format}'`;
}

/** A byte-true string as text that can stand in '…' on one line; null when it is not that. */
export function plainText(bytes: string): string | null {
  const text = utf8OfWire(bytes);
  return text === null || UNSAFE.test(text) ? null : text;
}

function escapeCharacter(character: string): string {
  const named = NAMED.get(character);
  if (named !== undefined) return named;
  return Array.from(new TextEncoder().encode(character), octal).join("");
}

function escapeByte(byte: string): string {
  return NAMED.get(byte) ?? octal(latin1Encode(byte)[0] ?? 0);
}

/** Three digits: what follows may be a digit. */
function octal(byte: number): string {
  return `\\${byte.toString(8).padStart(3, "0")}`;
}
