// Hex dumps: offset, sixteen bytes, the printable ones as ASCII.

import { asciiDecode } from "../bytes/latin1.ts";

const BYTES_A_LINE = 16;
/** Offset, two blanks, two groups of eight bytes with a blank after each byte and one between the groups, a blank. */
const ASCII_COLUMN = 10 + BYTES_A_LINE * 3 + 2;
const LINE_LENGTH = ASCII_COLUMN + BYTES_A_LINE + 2;
/** So many lines are made of one string: making each of its own bytes took ten times as long. */
const LINES_A_BLOCK = 1024;

const BLANK = 0x20;
const BAR = 0x7c;
const DIGITS = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));

/** "00000000  48 65 6c 6c 6f 0a                                 |Hello.|", for at most `maxLines` lines. */
export function hexDump(bytes: Uint8Array, maxLines = Infinity): string[] {
  const lines: string[] = [];
  const end = Math.max(0, Math.min(bytes.length, maxLines * BYTES_A_LINE));
  const block = new Uint8Array(LINE_LENGTH * Math.min(LINES_A_BLOCK, Math.ceil(end / BYTES_A_LINE)));
  for (let offset = 0; offset < end;) {
    block.fill(BLANK);
    const lengths: number[] = [];
    for (let at = 0; at < block.length && offset < end; at += LINE_LENGTH) {
      const count = Math.min(BYTES_A_LINE, bytes.length - offset);
      writeLine(block, at, bytes, offset, count);
      lengths.push(ASCII_COLUMN + count + 2);
      offset += BYTES_A_LINE;
    }
    const text = asciiDecode(block, 0, lengths.length * LINE_LENGTH);
    for (const [index, length] of lengths.entries()) {
      lines.push(text.slice(index * LINE_LENGTH, index * LINE_LENGTH + length));
    }
  }
  return lines;
}

/** How many bytes `maxLines` lines of a dump show at most. */
export function hexBytes(maxLines: number): number {
  return maxLines * BYTES_A_LINE;
}

/** `count` bytes from `offset` on. `block` holds blanks there. */
function writeLine(block: Uint8Array, at: number, bytes: Uint8Array, offset: number, count: number): void {
  for (let digit = 0; digit < 8; digit++) {
    block[at + digit] = DIGITS[offset >>> (28 - digit * 4) & 0x0f] ?? 0;
  }
  block[at + ASCII_COLUMN] = BAR;
  for (let index = 0; index < count; index++) {
    const byte = bytes[offset + index] ?? 0;
    const place = at + 10 + index * 3 + (index < BYTES_A_LINE / 2 ? 0 : 1);
    block[place] = DIGITS[byte >>> 4] ?? 0;
    block[place + 1] = DIGITS[byte & 0x0f] ?? 0;
    block[at + ASCII_COLUMN + 1 + index] = byte >= 0x20 && byte < 0x7f ? byte : 0x2e;
  }
  block[at + ASCII_COLUMN + 1 + count] = BAR;
}
