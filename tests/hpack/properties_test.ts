// Properties: what is encoded is decoded, in step through resizes; whatever bytes come, nothing throws and limits hold.

import assert from "node:assert/strict";
import fc from "fast-check";
import { HpackEncoder } from "../../lib/hpack/encoder.ts";
import type { HpackDecoder } from "../../lib/hpack/decoder.ts";
import { conversation, fieldList, type GeneratedField, tableSize } from "./arbitraries.ts";
import { blockOf, entries, newDecoder, pairs, sizeOf } from "./blocks.ts";

function encode(encoder: HpackEncoder, fields: readonly GeneratedField[]): Uint8Array {
  for (const { line: [name, value], never } of fields) encoder.field(name, value, never);
  return encoder.finish().slice();
}

const unlimited = { maxListSize: 1e9, maxFields: 1e6 };

Deno.test("property: header lists are decoded as they were encoded, tables in step, through any resizes", () => {
  fc.assert(
    fc.property(tableSize, conversation, (maxTableSize, steps) => {
      const encoder = new HpackEncoder(maxTableSize);
      const decoder = newDecoder(unlimited);
      for (const step of steps) {
        if (typeof step === "number") {
          encoder.setTableLimit(step);
          decoder.setMaxTableSize(step);
          continue;
        }
        // An update that is due waits with us for a block that has fields.
        if (step.length === 0) continue;
        const block = blockOf(decoder.decode(encode(encoder, step)));
        assert.deepEqual(pairs(block.list), step.map(({ line }) => line));
        const never = step.filter(({ never }) => never).map(({ line }) => line[0]);
        assert.deepEqual(block.neverIndexed, never.length === 0 ? null : new Set(never));
        assert.equal(block.size, sizeOf(step.map(({ line }) => line)));
        assert.deepEqual(entries(decoder.table), entries(encoder.table));
        assert.equal(decoder.table.maxSize, encoder.table.maxSize);
        assert.ok(encoder.table.size <= encoder.table.maxSize);
        assert.ok(encoder.table.maxSize <= maxTableSize);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("property: limits change what is kept, and nothing else", () => {
  const lists = fc.array(fieldList, { maxLength: 5 });
  fc.assert(
    fc.property(lists, fc.nat(30), fc.nat(3000), (lists, maxFields, maxListSize) => {
      const encoder = new HpackEncoder(4096);
      const free = newDecoder(unlimited);
      const limited = newDecoder({ maxFields, maxListSize });
      for (const fields of lists) {
        const bytes = encode(encoder, fields);
        const whole = blockOf(free.decode(bytes));
        const kept = blockOf(limited.decode(bytes));
        assert.deepEqual(kept.list, whole.list.slice(0, kept.list.length));
        assert.equal(kept.size, whole.size);
        const fits = whole.size <= maxListSize && fields.length <= maxFields;
        assert.equal(kept.truncated, !fits);
        assert.equal(kept.list.length === whole.list.length, fits);
        assert.ok(sizeOf(pairs(kept.list)) <= maxListSize);
        assert.deepEqual(entries(limited.table), entries(free.table));
      }
    }),
    { numRuns: 200 },
  );
});

/** Blocks that are nearly right: parts of right ones, with some bytes changed. */
const nearlyBlocks = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.record({
      fields: fieldList,
      changes: fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { maxLength: 3 }),
      end: fc.oneof(fc.constant(1e9), fc.nat(300)),
    }).map(({ fields, changes, end }) => {
      const bytes = encode(new HpackEncoder(4096), fields).slice(0, end);
      for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
      return bytes;
    }),
    // Instructions next to each other, most of them right.
    fc.array(fc.constantFrom(0x20, 0x3f, 0x40, 0x7f, 0x82, 0xbe, 0xff, 0x01, 0x00, 0x10, 0x81, 0x0f), {
      maxLength: 60,
    }).map((list) => Uint8Array.from(list)),
  ),
  { maxLength: 6 },
);

Deno.test("property: any bytes give a block or a fault with its rule, and stay within the limits", () => {
  const size = fc.option(tableSize, { nil: null });
  fc.assert(
    fc.property(nearlyBlocks, size, fc.nat(20), fc.nat(2000), (blocks, resize, maxFields, maxListSize) => {
      const decoder = newDecoder({ maxFields, maxListSize });
      let limit = 4096;
      for (const [index, bytes] of blocks.entries()) {
        if (index === 1 && resize !== null) decoder.setMaxTableSize(limit = resize);
        const before = bytes.slice();
        const result = decoder.decode(bytes);
        assert.deepEqual(bytes, before);
        checkTable(decoder);
        if (result.kind === "fault") {
          assert.match(result.rule, /^RFC 7541, \d\.\d(\.\d)?$/);
          assert.equal(decoder.decode(bytes), result);
          return;
        }
        assert.ok(decoder.table.maxSize <= limit);
        assert.ok(result.list.length <= maxFields * 2);
        assert.ok(sizeOf(pairs(result.list)) <= maxListSize);
        assert.ok(result.size >= sizeOf(pairs(result.list)));
        assert.equal(result.truncated, result.size > sizeOf(pairs(result.list)));
        for (const name of result.neverIndexed ?? []) assert.ok(result.list.includes(name));
        for (const text of result.list) assert.match(text, /^[\0-\xff]*$/);
      }
    }),
    { numRuns: 1500 },
  );
});

function checkTable({ table }: HpackDecoder): void {
  assert.equal(table.size, sizeOf(entries(table)));
  assert.ok(table.size <= Math.max(table.maxSize, 0));
}

Deno.test("property: what any block decodes to, encodes to a block that decodes to the same", () => {
  fc.assert(
    fc.property(nearlyBlocks, (blocks) => {
      const decoder = newDecoder();
      const encoder = new HpackEncoder(4096);
      const second = newDecoder();
      for (const bytes of blocks) {
        const result = decoder.decode(bytes);
        if (result.kind === "fault") return;
        const never = result.neverIndexed;
        for (const [name, value] of pairs(result.list)) encoder.field(name, value, never?.has(name) ?? false);
        const again = blockOf(second.decode(encoder.finish()));
        assert.deepEqual(again.list, result.list);
        assert.deepEqual(again.neverIndexed, result.neverIndexed);
      }
    }),
    { numRuns: 500 },
  );
});
