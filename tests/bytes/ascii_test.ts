// The byte classes, against their definitions in words.

import assert from "node:assert/strict";
import { isFieldValueByte, isTargetByte, isToken, isTokenByte } from "../../lib/bytes/ascii.ts";

Deno.test("ascii: the classes of all bytes (RFC 9110, 5.5 and 5.6.2; RFC 9112, 3.2)", () => {
  for (let byte = 0; byte < 256; byte++) {
    const character = String.fromCharCode(byte);
    assert.equal(isTokenByte(byte), /^[A-Za-z0-9!#$%&'*+.^_`|~-]$/.test(character), `token ${byte}`);
    const control = byte < 0x20 || byte === 0x7f;
    assert.equal(isFieldValueByte(byte), !control || byte === 0x09, `field value ${byte}`);
    assert.equal(isTargetByte(byte), !control && byte !== 0x20, `target ${byte}`);
  }
});

Deno.test("ascii: tokens (RFC 9110, 5.6.2)", () => {
  for (const text of ["a", "M-SEARCH", "!#$%&'*+-.^_`|~9"]) assert.equal(isToken(text), true, text);
  for (const text of ["", "a b", "a:", "(", "\xe9", "\u0141", "a\0", "\t"]) {
    assert.equal(isToken(text), false, text);
  }
});
