// What a peer can make the decoder hold and do: lists beyond a limit, and small blocks that refer to much.

import assert from "node:assert/strict";
import { blockOf, encode, entries, hex, newDecoder, pairs, plain, sizeOf } from "./blocks.ts";
import { update, xy } from "./decoder_rows.ts";
import { HpackEncoder } from "../../lib/hpack/encoder.ts";
import type { FieldLine } from "./rfc_examples.ts";

Deno.test("limit: header list size", () => {
  // Each field counts 34.
  const block = hex(xy.repeat(3));
  const fits = blockOf(newDecoder({ maxListSize: 3 * 34 }).decode(block));
  assert.deepEqual([fits.list.length / 2, fits.size, fits.truncated], [3, 3 * 34, false]);
  const over = blockOf(newDecoder({ maxListSize: 3 * 34 - 1 }).decode(block));
  assert.deepEqual([over.list.length / 2, over.size, over.truncated], [2, 3 * 34, true]);
});

Deno.test("limit: fields", () => {
  const block = hex("82".repeat(5));
  const fits = blockOf(newDecoder({ maxFields: 5 }).decode(block));
  assert.deepEqual([fits.list.length / 2, fits.truncated], [5, false]);
  const over = blockOf(newDecoder({ maxFields: 4 }).decode(block));
  assert.deepEqual([over.list.length / 2, over.size, over.truncated], [4, fits.size, true]);
});

Deno.test("limit: a field left out is followed by none that would fit", () => {
  const block = hex(`04${plain("!".repeat(100))}82`);
  const { list, truncated, size } = blockOf(newDecoder({ maxListSize: 100 }).decode(block));
  assert.deepEqual([list, truncated, size], [[], true, 32 + 5 + 100 + 32 + 7 + 3]);
});

Deno.test("limit: a field that is left out and never indexed is not named", () => {
  const block = hex(`10${plain("a")}${plain("b")}10${plain("c")}${plain("d")}`);
  assert.deepEqual(blockOf(newDecoder({ maxFields: 1 }).decode(block)).neverIndexed, new Set(["a"]));
  assert.equal(blockOf(newDecoder({ maxFields: 0 }).decode(block)).neverIndexed, null);
});

Deno.test("limit: a truncated block leaves the table as it must be", () => {
  const encoder = new HpackEncoder(4096);
  const fields: FieldLine[] = Array.from({ length: 20 }, (_, at) => [`name-${at}`, `value-${at}`]);
  const block = encode(encoder, fields);
  for (const limits of [{ maxFields: 3 }, { maxListSize: 150 }, { maxFields: 0 }, { maxListSize: 0 }]) {
    const decoder = newDecoder(limits);
    const { truncated, size, list } = blockOf(decoder.decode(block));
    assert.deepEqual([truncated, size], [true, sizeOf(fields)]);
    assert.deepEqual(pairs(list), fields.slice(0, list.length / 2));
    assert.deepEqual(entries(decoder.table), entries(encoder.table));
  }
});

Deno.test("limit: faults are found behind a limit too", () => {
  const decoder = newDecoder({ maxFields: 1 });
  const result = decoder.decode(hex(`8282 04a9${"00".repeat(40)}18`));
  assert.equal(result.kind, "fault");
});

Deno.test("limit: a long string beyond the list's limit counts, in plain bytes and in Huffman code", () => {
  const length = 20_000;
  const plainLength = "7fa19b01";
  assert.deepEqual(127 + 0x21 + 0x1b * 128 + 128 ** 2, length);
  const bytes = hex(`04${plainLength}${"21".repeat(length)}`);
  const { list, size, truncated } = blockOf(newDecoder({ maxListSize: 10_000 }).decode(bytes));
  assert.deepEqual([list, size, truncated], [[], 32 + 5 + length, true]);

  const encoder = new HpackEncoder(4096);
  const coded = encode(encoder, [[":path", "0".repeat(length)]]);
  assert.ok(coded.length < 12_510);
  const huffman = blockOf(newDecoder({ maxListSize: 10_000 }).decode(coded));
  assert.deepEqual([huffman.list, huffman.size, huffman.truncated], [[], 32 + 5 + length, true]);
  assert.deepEqual(blockOf(newDecoder().decode(coded)).list, [":path", "0".repeat(length)]);
});

Deno.test("limit: an inserted field too large for the list and the table empties the table (RFC 7541, 4.4)", () => {
  for (const value of ["!".repeat(5000), "0".repeat(8000)]) {
    for (const name of ["x", value]) {
      const decoder = newDecoder({ maxListSize: 100 });
      blockOf(decoder.decode(hex(xy)));
      const large = encodeInserted(name, value);
      const { list, size, truncated } = blockOf(decoder.decode(large));
      assert.deepEqual([list, size, truncated], [[], sizeOf([[name, value]]), true]);
      assert.deepEqual([decoder.table.length, decoder.table.size], [0, 0]);
    }
  }
});

/** A literal with incremental indexing, which our encoder would not write of a field that large. */
function encodeInserted(name: string, value: string): Uint8Array {
  const block = encode(new HpackEncoder(65_536), [[name, value]], [name]);
  assert.equal(block[0], 0x10);
  block[0] = 0x40;
  return block;
}

Deno.test("limit: strings as long as the list's limit allows, and one more", () => {
  for (const insert of ["40", "00"]) {
    for (const over of [0, 1]) {
      const value = "!".repeat(100 + over);
      const decoder = newDecoder({ maxListSize: 32 + 1 + 100, maxTableSize: 0 });
      const { list, truncated } = blockOf(decoder.decode(hex(`${insert}${plain("n")}${plain(value)}`)));
      assert.deepEqual([list, truncated], over === 0 ? [["n", value], false] : [[], true]);
    }
  }
});

Deno.test("HPACK bomb: one large entry, referred to 65,000 times, costs no more than the list's limit", () => {
  const encoder = new HpackEncoder(65_536);
  encoder.setTableLimit(65_536);
  const value = "x".repeat(40_000);
  const decoder = newDecoder({ maxTableSize: 65_536 });
  blockOf(decoder.decode(encode(encoder, [["bomb", value]])));
  assert.equal(decoder.table.length, 1);

  const { list, size, truncated } = blockOf(decoder.decode(new Uint8Array(65_000).fill(0xbe)));
  assert.equal(truncated, true);
  assert.equal(size, 65_000 * (32 + 4 + 40_000));
  assert.deepEqual(list, ["bomb", value]);
});

Deno.test("HPACK bomb: small entries are bounded by the number of fields", () => {
  const decoder = newDecoder({ maxFields: 500, maxListSize: 1e9 });
  blockOf(decoder.decode(hex(xy)));
  const { list, size } = blockOf(decoder.decode(new Uint8Array(65_000).fill(0xbe)));
  assert.deepEqual([list.length / 2, size], [500, 65_000 * 34]);
});

Deno.test("HPACK bomb: a block of size updates, and one of insertions, leave a table within its size", () => {
  const decoder = newDecoder();
  blockOf(decoder.decode(hex(xy)));
  blockOf(decoder.decode(hex((update(0) + update(4096)).repeat(10_000))));
  assert.equal(decoder.table.length, 0);
  const { list } = blockOf(decoder.decode(hex("40 00 00".repeat(20_000))));
  assert.equal(list.length / 2, 500);
  assert.deepEqual([decoder.table.length, decoder.table.size], [128, 4096]);
});
