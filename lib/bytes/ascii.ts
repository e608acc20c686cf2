// ASCII character classes of RFC 9110, 5.6.2 and RFC 9112, as table look-ups.
// Invariant: every function takes one byte (0-255) and is total.

export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;

const TOKEN = 1;
const FIELD_VALUE = 2;
const TARGET = 4;

const classes = new Uint8Array(256);
for (const character of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  classes[character.charCodeAt(0)] = TOKEN;
}
for (let byte = 0; byte < 256; byte++) {
  const visible = byte > 0x20 && byte !== 0x7f;
  if (visible || byte === SPACE || byte === HTAB) classes[byte] = (classes[byte] ?? 0) | FIELD_VALUE;
  if (visible) classes[byte] = (classes[byte] ?? 0) | TARGET;
}

/** RFC 9110, 5.6.2: tchar. */
export function isTokenByte(byte: number): boolean {
  return ((classes[byte] ?? 0) & TOKEN) !== 0;
}

/** RFC 9110, 5.5: field-vchar (with obs-text), SP and HTAB; no other control character. */
export function isFieldValueByte(byte: number): boolean {
  return ((classes[byte] ?? 0) & FIELD_VALUE) !== 0;
}

/** What may stand in a request target: visible characters and bytes from 0x80 on; no blank, no control. */
export function isTargetByte(byte: number): boolean {
  return ((classes[byte] ?? 0) & TARGET) !== 0;
}

/** Whether `text` is a token: at least one character, all of them tchar. */
export function isToken(text: string): boolean {
  if (text.length === 0) return false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 255 || !isTokenByte(code)) return false;
  }
  return true;
}
