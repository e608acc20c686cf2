// The decoder: what each form of a field means, and what ends a connection (RFC 7541, 3 to 6).

import assert from "node:assert/strict";
import { HpackDecoder } from "../../lib/hpack/decoder.ts";
import { HpackEncoder } from "../../lib/hpack/encoder.ts";
import { blockOf, encode, entries, faultOf, hex, newDecoder, pairs, plain, toHex } from "./blocks.ts";
import { type DecoderRow, faultRows, goodRows, update, xy } from "./decoder_rows.ts";

function after({ maxTableSize = 4096, before = [], resizes = [] }: DecoderRow): HpackDecoder {
  const decoder = newDecoder({ maxTableSize });
  for (const block of before) blockOf(decoder.decode(hex(block)));
  for (const size of resizes) decoder.setMaxTableSize(size);
  return decoder;
}

for (const row of goodRows) {
  Deno.test(`decoded: ${row.name} (${row.rule})`, () => {
    const block = blockOf(after(row).decode(hex(row.block)));
    assert.deepEqual(pairs(block.list), row.fields);
    assert.deepEqual(block.neverIndexed, row.never ? new Set(row.never) : null);
  });
}

for (const row of faultRows) {
  Deno.test(`a fault: ${row.name} (${row.rule})`, () => {
    const decoder = after(row);
    const fault = faultOf(decoder.decode(hex(row.block)));
    assert.equal(fault.rule, row.rule);
    assert.match(fault.message, /^[A-Z].*[^.]$/);
    // RFC 9113, 4.3: the state is lost for good.
    assert.deepEqual(faultOf(decoder.decode(hex("82"))), fault);
  });
}

/** Name and value of each. */
const appendixA: string[] = [
  ":authority",
  ":method GET",
  ":method POST",
  ":path /",
  ":path /index.html",
  ":scheme http",
  ":scheme https",
  ":status 200",
  ":status 204",
  ":status 206",
  ":status 304",
  ":status 400",
  ":status 404",
  ":status 500",
  "accept-charset",
  "accept-encoding gzip, deflate",
  "accept-language",
  "accept-ranges",
  "accept",
  "access-control-allow-origin",
  "age",
  "allow",
  "authorization",
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-range",
  "content-type",
  "cookie",
  "date",
  "etag",
  "expect",
  "expires",
  "from",
  "host",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "last-modified",
  "link",
  "location",
  "max-forwards",
  "proxy-authenticate",
  "proxy-authorization",
  "range",
  "referer",
  "refresh",
  "retry-after",
  "server",
  "set-cookie",
  "strict-transport-security",
  "transfer-encoding",
  "user-agent",
  "vary",
  "via",
  "www-authenticate",
];

Deno.test("all static entries, decoded and encoded (RFC 7541, Appendix A)", () => {
  const decoder = newDecoder();
  const lines: string[] = [];
  for (let index = 1; index <= 61; index++) {
    const { list } = blockOf(decoder.decode(Uint8Array.of(0x80 | index)));
    lines.push(list.join(" ").trim());
    assert.equal(toHex(encode(new HpackEncoder(4096), pairs(list))), toHex(Uint8Array.of(0x80 | index)));
  }
  assert.deepEqual(lines, appendixA);
});

Deno.test("an entry larger than the table empties it, and is no fault (RFC 7541, 4.4)", () => {
  const decoder = newDecoder();
  blockOf(decoder.decode(hex(update(100) + xy)));
  assert.equal(decoder.table.length, 1);
  const value = "!".repeat(100);
  const block = blockOf(decoder.decode(hex(`40${plain("x")}${plain(value)}`)));
  assert.deepEqual(block.list, ["x", value]);
  assert.deepEqual([decoder.table.length, decoder.table.size], [0, 0]);
  assert.equal(faultOf(decoder.decode(hex("be"))).rule, "RFC 7541, 2.3.3");
});

Deno.test("a new entry may take its name from one that it evicts (RFC 7541, 4.4)", () => {
  const decoder = newDecoder();
  blockOf(decoder.decode(hex(`${update(40)}40${plain("name")}${plain("y")}`)));
  assert.deepEqual(blockOf(decoder.decode(hex(`7e${plain("zzz")}`))).list, ["name", "zzz"]);
  assert.deepEqual(entries(decoder.table), [["name", "zzz"]]);
  // The same, where the new one does not fit either.
  assert.deepEqual(blockOf(decoder.decode(hex(`7e${plain("zzzzz")}`))).list, ["name", "zzzzz"]);
  assert.deepEqual(entries(decoder.table), []);
});

Deno.test("a smaller size evicts the oldest (RFC 7541, 4.3)", () => {
  const decoder = newDecoder();
  const block = ["a", "b", "c"].map((name) => `40${plain(name)}${plain("1")}`).join("");
  blockOf(decoder.decode(hex(block)));
  assert.deepEqual(entries(decoder.table), [["c", "1"], ["b", "1"], ["a", "1"]]);
  blockOf(decoder.decode(hex(update(2 * 34 + 33))));
  assert.deepEqual(entries(decoder.table), [["c", "1"], ["b", "1"]]);
  blockOf(decoder.decode(hex(update(34))));
  assert.deepEqual(entries(decoder.table), [["c", "1"]]);
  blockOf(decoder.decode(hex(update(33) + update(4096))));
  assert.deepEqual(entries(decoder.table), []);
});

Deno.test("a table allowed to be large starts at 4096 bytes (RFC 9113, 6.5.2)", () => {
  const decoder = newDecoder({ maxTableSize: 65_536 });
  assert.equal(decoder.table.maxSize, 4096);
  blockOf(decoder.decode(hex(update(65_536))));
  assert.equal(decoder.table.maxSize, 65_536);
});

Deno.test("the block is only borrowed: nothing decoded changes with it", () => {
  const decoder = newDecoder();
  const value = "v".repeat(100);
  const bytes = hex(`40${plain("name")}${plain(value)}40${plain("n")}${plain("short")}`);
  const { list } = blockOf(decoder.decode(bytes));
  bytes.fill(0x41);
  assert.deepEqual(list, ["name", value, "n", "short"]);
  assert.deepEqual(entries(decoder.table), [["n", "short"], ["name", value]]);
});

Deno.test("what is decoded belongs to the taker: the next block has a list of its own", () => {
  const decoder = newDecoder();
  const first = blockOf(decoder.decode(hex(`10${plain("a")}${plain("b")}`)));
  const second = blockOf(decoder.decode(hex("82")));
  assert.deepEqual([first.list, second.list], [["a", "b"], [":method", "GET"]]);
  assert.deepEqual([first.neverIndexed, second.neverIndexed], [new Set(["a"]), null]);
});

Deno.test("literals with the same bytes, plain and coded, are told apart", () => {
  const decoder = newDecoder();
  for (let round = 0; round < 3; round++) {
    assert.deepEqual(blockOf(decoder.decode(hex("0481 1f"))).list, [":path", "a"]);
    assert.deepEqual(blockOf(decoder.decode(hex("0401 1f"))).list, [":path", "\x1f"]);
    assert.equal(faultOf(newDecoder().decode(hex("048118"))).rule, "RFC 7541, 5.2");
  }
});
