// Hex dumps: offset, sixteen bytes, the printable ones as ASCII.

const BYTES_A_LINE = 16;
/** Two groups of eight bytes, a blank after each byte, one between the groups. */
const HEX_WIDTH = BYTES_A_LINE * 3 + 1;

const HEX = Array.from({ length: 256 }, (_, byte) => `${byte.toString(16).padStart(2, "0")} `);
const ASCII = Array.from(
  { length: 256 },
  (_, byte) => byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".",
);

/** "00000000  48 65 6c 6c 6f 0a                                 |Hello.|", for at most `maxLines` lines. */
export function hexDump(bytes: Uint8Array, maxLines = Infinity): string[] {
  const lines: string[] = [];
  for (let offset = 0; offset < bytes.length && lines.length < maxLines; offset += BYTES_A_LINE) {
    lines.push(hexLine(bytes, offset));
  }
  return lines;
}

/** How many bytes `maxLines` lines of a dump show at most. */
export function hexBytes(maxLines: number): number {
  return maxLines * BYTES_A_LINE;
}

function hexLine(bytes: Uint8Array, offset: number): string {
  const end = Math.min(offset + BYTES_A_LINE, bytes.length);
  const middle = Math.min(offset + BYTES_A_LINE / 2, end);
  let hex = "";
  let ascii = "";
  for (let index = offset; index < middle; index++) {
    const byte = bytes[index] ?? 0;
    hex += HEX[byte];
    ascii += ASCII[byte];
  }
  if (middle < end) hex += " ";
  for (let index = middle; index < end; index++) {
    const byte = bytes[index] ?? 0;
    hex += HEX[byte];
    ascii += ASCII[byte];
  }
  return `${offset.toString(16).padStart(8, "0")}  ${hex.padEnd(HEX_WIDTH)} |${ascii}|`;
}
