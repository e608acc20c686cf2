import assert from "node:assert/strict";
import { hexBytes, hexDump } from "../../lib/format/hex.ts";

Deno.test("hex dump: offset, bytes in two groups, ASCII", () => {
  const bytes = Uint8Array.from([...new TextEncoder().encode("Hello, world!"), 0, 0xff, 0x7f, 0x1b, 0x41]);
  assert.deepEqual(hexDump(bytes), [
    "00000000  48 65 6c 6c 6f 2c 20 77  6f 72 6c 64 21 00 ff 7f  |Hello, world!...|",
    "00000010  1b 41                                             |.A|",
  ]);
});

Deno.test("hex dump: eight bytes line up with nine", () => {
  const [eight = ""] = hexDump(new Uint8Array(8));
  const [nine = ""] = hexDump(new Uint8Array(9));
  assert.equal(eight.indexOf("|"), nine.indexOf("|"));
});

Deno.test("hex dump: nothing gives no line, and lines can be limited", () => {
  assert.deepEqual(hexDump(new Uint8Array(0)), []);
  assert.equal(hexDump(new Uint8Array(100), 3).length, 3);
  assert.equal(hexBytes(3), 48);
});

Deno.test("hex dump: many lines are numbered through", () => {
  const lines = hexDump(new Uint8Array(16 * 3000 + 1).fill(0x41));
  assert.equal(lines.length, 3001);
  const full = `${"41 ".repeat(8)} ${"41 ".repeat(8)} |${"A".repeat(16)}|`;
  for (const [index, line] of lines.slice(0, 3000).entries()) {
    assert.equal(line, `${(index * 16).toString(16).padStart(8, "0")}  ${full}`);
  }
  assert.equal(lines.at(-1), "0000bb80  41                                                |A|");
  assert.deepEqual(hexDump(new Uint8Array(64), -1), []);
});
