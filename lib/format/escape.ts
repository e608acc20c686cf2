// Makes what a peer sent safe to show: nothing that comes out of here moves a cursor, ends a line, or
// turns the reading direction.
// Invariant: the results of `escapeWire` and `escapeWord` are printable ASCII; the result of `escapeText` holds no
// control, format, separator or surrogate character but U+200C and U+200D (needed to write some scripts and emoji).

/** Controls, invisible format characters (direction marks among them), line separators, lone surrogates, private use. */
const UNSAFE_CLASS = "[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}\\p{Co}]";
const UNSAFE = new RegExp(`(?![\\u200c\\u200d])${UNSAFE_CLASS}`, "gu");
const NOT_PRINTABLE_ASCII = /[^\x20-\x7e]/g;
const NOT_VISIBLE_ASCII = /[^\x21-\x7e]/g;
const PRINTABLE_ASCII_ONLY = /^[\x20-\x7e]*$/;

/** A byte-true string as printable ASCII: `\t`, `\r`, `\n`, else `\xNN` for each byte. */
export function escapeWire(text: string): string {
  return text.replace(NOT_PRINTABLE_ASCII, escapeCharacter);
}

/** Like `escapeWire`, blanks escaped too: one word of a line whose words are parted by blanks. */
export function escapeWord(text: string): string {
  return text.replace(NOT_VISIBLE_ASCII, escapeCharacter);
}

/** A byte-true string in quotation marks, where it might be taken for something else on its line. */
export function quoteWire(text: string): string {
  return `"${escapeWire(text.replace(/["\\]/g, "\\$&"))}"`;
}

/** Unicode text on one line: what is unsafe as `\t`, `\r`, `\n`, `\xNN` or `\u{NNNN}`. */
export function escapeText(text: string): string {
  return PRINTABLE_ASCII_ONLY.test(text) ? text : text.replace(UNSAFE, escapeCharacter);
}

/** JSON text in which unsafe characters (they stand only in strings) are written as `\uNNNN`. The value stays the same. */
export function escapeJsonText(json: string): string {
  if (PRINTABLE_ASCII_ONLY.test(json)) return json;
  return json.replace(UNSAFE, (character) => {
    let escaped = "";
    for (let index = 0; index < character.length; index++) {
      escaped += `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`;
    }
    return escaped;
  });
}

/** `\xNN` for one byte. */
export function escapeByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

function escapeCharacter(character: string): string {
  if (character === "\t") return "\\t";
  if (character === "\r") return "\\r";
  if (character === "\n") return "\\n";
  const code = character.codePointAt(0) ?? 0;
  return code <= 0xff ? escapeByte(code) : `\\u{${code.toString(16)}}`;
}
