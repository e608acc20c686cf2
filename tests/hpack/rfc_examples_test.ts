// RFC 7541, Appendix C: what its blocks decode to, with the table after each; and what we encode of what is in them.

import assert from "node:assert/strict";
import { HpackEncoder } from "../../lib/hpack/encoder.ts";
import { blockOf, encode, entries, hex, newDecoder, pairs, plain, sizeOf, toHex } from "./blocks.ts";
import { examples } from "./rfc_examples.ts";

for (const { name, tableSize, steps } of examples) {
  Deno.test(`RFC 7541, ${name}: decoded`, () => {
    const decoder = newDecoder({ maxTableSize: tableSize });
    for (const { hex: bytes, fields, table, tableSize, never } of steps) {
      const block = blockOf(decoder.decode(hex(bytes)));
      assert.deepEqual(pairs(block.list), fields);
      assert.equal(block.size, sizeOf(fields));
      assert.equal(block.truncated, false);
      assert.deepEqual(block.neverIndexed, never ? new Set([fields[0]![0]]) : null);
      assert.deepEqual(entries(decoder.table), table);
      assert.equal(decoder.table.size, tableSize);
      assert.equal(sizeOf(table), tableSize);
    }
  });
}

Deno.test("RFC 7541, C.4: encoded to the same bytes, with the same table", () => {
  const encoder = new HpackEncoder(4096);
  const requests = examples.find(({ name }) => name.startsWith("C.4"))!;
  for (const { hex: bytes, fields, table, tableSize } of requests.steps) {
    assert.equal(toHex(encode(encoder, fields)), bytes.replaceAll(" ", ""));
    assert.deepEqual(entries(encoder.table), table);
    assert.equal(encoder.table.size, tableSize);
  }
});

Deno.test("RFC 7541, C.6: what of it we index encodes to the same literals", () => {
  const first = examples.find(({ name }) => name.startsWith("C.6"))!.steps[0]!;
  const encoder = new HpackEncoder(4096);
  const whole = first.hex.replaceAll(" ", "");
  // Without its last field, Location: that one we do not index.
  const expected = whole.slice(0, whole.indexOf("6e919d29"));
  assert.equal(toHex(encode(encoder, first.fields.slice(0, 3))), expected);
  const location = toHex(encode(encoder, first.fields.slice(3)));
  // 46: more than the prefix of 4 bits holds.
  assert.equal(location, "0f1f" + whole.slice(expected.length + 2));
});

const integers = [
  { name: "C.1.1: 10 in a prefix of 5 bits", value: 10, bytes: "2a" },
  { name: "C.1.2: 1337 in a prefix of 5 bits", value: 1337, bytes: "3f9a0a" },
];

for (const { name, value, bytes } of integers) {
  Deno.test(`RFC 7541, ${name}, as a table size`, () => {
    const decoder = newDecoder();
    blockOf(decoder.decode(hex(bytes)));
    assert.equal(decoder.table.maxSize, value);

    const encoder = new HpackEncoder(4096);
    encoder.setTableLimit(value);
    assert.equal(toHex(encode(encoder, [[":method", "GET"]])), `${bytes}82`);
  });
}

Deno.test("RFC 7541, C.1.3: 42 at the beginning of an octet, as the length of a string", () => {
  const value = "!".repeat(42);
  const decoder = newDecoder();
  assert.deepEqual(blockOf(decoder.decode(hex(`04${plain(value)}`))).list, [":path", value]);
  assert.equal(plain(value).slice(0, 2), "2a");
});
