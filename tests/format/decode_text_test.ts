import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Encode } from "../../lib/bytes/latin1.ts";
import {
  decodeDeclaredText,
  decodePrintable,
  decodeUtf8,
  expandTabs,
  splitLines,
} from "../../lib/format/decode_text.ts";

const encoder = new TextEncoder();

Deno.test("bytes: valid UTF-8 is read, anything else is refused", () => {
  assert.equal(decodeUtf8(encoder.encode("é漢😀")), "é漢😀");
  assert.equal(decodeUtf8(latin1Encode("\xe9")), null);
  assert.equal(decodeUtf8(encoder.encode("\ufeffa")), "\ufeffa");
});

Deno.test("bytes: of a cut text an incomplete last character is left out, of a whole one it is a fault", () => {
  const bytes = encoder.encode("ab😀");
  for (let length = 3; length < bytes.length; length++) {
    assert.equal(decodeUtf8(bytes.subarray(0, length), true), "ab");
    assert.equal(decodeUtf8(bytes.subarray(0, length), false), null);
  }
  assert.equal(decodeUtf8(bytes, true), "ab😀");
});

Deno.test("bytes: printable text has no control but TAB, CR and LF", () => {
  assert.equal(decodePrintable(encoder.encode("a\tb\r\n")), "a\tb\r\n");
  assert.equal(decodePrintable(encoder.encode("a\x1b[2J")), null);
  assert.equal(decodePrintable(encoder.encode("a\u009bb")), null);
  assert.equal(decodePrintable(Uint8Array.of(0)), null);
});

Deno.test("bytes: declared text shows each byte that does not belong", () => {
  const padding = "some more text that is quite all right";
  assert.deepEqual(decodeDeclaredText(latin1Encode(`caf\xe9 ${padding}`), false), {
    text: `caf\\xe9 ${padding}`,
    invalid: 1,
  });
  // Overlong, surrogate, beyond U+10FFFF, a continuation alone (RFC 3629, 3).
  for (const faulty of ["\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xbf"]) {
    const read = decodeDeclaredText(latin1Encode(faulty + padding), false);
    assert.equal(read?.invalid, faulty.length);
    assert.equal(read?.text, faulty.replace(/[^]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`) + padding);
  }
});

Deno.test("bytes: declared text that is mostly not text is none", () => {
  assert.equal(decodeDeclaredText(latin1Encode("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0"), false), null);
});

Deno.test("bytes: faulty text is as long as it should be, whatever the bytes", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    const read = decodeDeclaredText(bytes, false);
    if (read === null) return;
    const lenient = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    assert.equal(read.invalid === 0, !lenient.includes("\ufffd") || decodeUtf8(bytes) !== null);
    assert.equal(
      encoder.encode(read.text).length,
      bytes.length + 3 * read.invalid,
    );
  }));
});

Deno.test("lines: CR LF and LF end a line, the end of the last one adds none", () => {
  assert.deepEqual(splitLines("a\r\nb\nc"), ["a", "b", "c"]);
  assert.deepEqual(splitLines("a\n"), ["a"]);
  assert.deepEqual(splitLines("a\r\n\r\n"), ["a", ""]);
  assert.deepEqual(splitLines("a\rb"), ["a\rb"]);
  assert.deepEqual(splitLines("\n"), [""]);
  assert.deepEqual(splitLines(""), []);
  assert.deepEqual(splitLines("a\nb\nc", 2), ["a", "b"]);
});

Deno.test("lines: tabs go to the next stop", () => {
  assert.equal(expandTabs("\ta\tbc\tdefg\th"), "    a   bc  defg    h");
  assert.equal(expandTabs("none"), "none");
});
