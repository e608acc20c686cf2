// Protobuf messages by their wire types: what is shown of each, what is guessed, and that nothing is too much.

import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Encode } from "../../lib/bytes/latin1.ts";
import { protobufLines } from "../../lib/format/protobuf.ts";
import { FieldReader } from "../../lib/format/protobuf_fields.ts";

interface Row {
  name: string;
  /** Byte-true. */
  bytes: string;
  cut?: true;
  lines: string[] | null;
}

const uuid = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
const length = (text: string) => String.fromCharCode(text.length);

const rows: Row[] = [
  { name: "nothing is a message without fields", bytes: "", lines: [] },
  { name: "a varint", bytes: "\x08\x96\x01", lines: ["1: 150"] },
  {
    name: "a negative varint",
    bytes: "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    lines: ["1: 18446744073709551615 (-1)"],
  },
  {
    name: "a varint that a number does not hold",
    bytes: "\x08\x81\x80\x80\x80\x80\x80\x80\x40",
    lines: ["1: 36028797018963969"],
  },
  { name: "a large field number", bytes: "\xf8\xff\xff\xff\x0f\x01", lines: ["536870911: 1"] },
  { name: "fixed32", bytes: "\x0d\x00\x00\x80\x3f", lines: ["1: fixed32 1065353216 (float 1)"] },
  {
    name: "fixed32, a fraction",
    bytes: "\x0d\xcd\xcc\xcc\x3d",
    lines: ["1: fixed32 1036831949 (float 0.1)"],
  },
  {
    name: "fixed64",
    bytes: "\x09\x9a\x99\x99\x99\x99\x99\xb9\x3f",
    lines: ["1: fixed64 4591870180066957722 (double 0.1)"],
  },
  { name: "a text", bytes: "\x12\x07testing", lines: ['2: "testing"'] },
  { name: "an empty text", bytes: "\x12\x00", lines: ['2: ""'] },
  { name: "a text in quotation marks", bytes: '\x12\x03"\\"', lines: ['2: "\\"\\\\\\""'] },
  { name: "a text of two lines", bytes: "\x12\x03a\nb", lines: ['2: "a\\nb"'] },
  {
    name: "a text in UTF-8, and what is unsafe in it",
    bytes: "\x12\x05\xc3\xa9\xe2\x80\xae",
    lines: ['2: "é\\u{202e}"'],
  },
  { name: "a text that could be a message", bytes: "\x12\x02hi", lines: ['2: "hi"'] },
  { name: "a message", bytes: "\x1a\x03\x08\x96\x01", lines: ["3: {", "  1: 150", "}"] },
  {
    name: "a message of nothing but printable characters",
    bytes: `\x1a${length(`"${length(uuid)}${uuid}`)}"${length(uuid)}${uuid}`,
    lines: ["3: {", `  4: "${uuid}"`, "}"],
  },
  { name: "bytes", bytes: "\x22\x03\x00\xff\x01", lines: ["4: bytes 00 ff 01"] },
  {
    name: "many bytes",
    bytes: `\x22\x1e${"\xff".repeat(30)}`,
    lines: [
      "4: 30 bytes",
      "  00000000  ff ff ff ff ff ff ff ff  ff ff ff ff ff ff ff ff  |................|",
      "  00000010  ff ff ff ff ff ff ff ff  ff ff ff ff ff ff        |..............|",
    ],
  },
  {
    name: "a group",
    bytes: "\x0b\x10\x05\x13\x14\x0c\x18\x01",
    lines: ["1: group {", "  2: 5", "  2: group {", "  }", "}", "3: 1"],
  },
  { name: "a group that does not end", bytes: "\x0b\x10\x05", lines: null },
  { name: "a group that another one ends", bytes: "\x0b\x14", lines: null },
  { name: "an end without a group", bytes: "\x0c", lines: null },
  { name: "field number 0", bytes: "\x00\x01", lines: null },
  { name: "a wire type that is none", bytes: "\x0e\x01", lines: null },
  { name: "a varint of eleven bytes", bytes: `\x08${"\xff".repeat(10)}\x01`, lines: null },
  { name: "a varint of more than 64 bits", bytes: `\x08${"\xff".repeat(9)}\x02`, lines: null },
  { name: "more content than there is", bytes: "\x12\x07test", lines: null },
  { name: "the first part of a message", bytes: "\x08\x01\x12\x07test", cut: true, lines: ["1: 1"] },
  { name: "the first part of what is none", bytes: "\x0e\x01", cut: true, lines: null },
];

for (const { name, bytes, cut, lines } of rows) {
  Deno.test(`protobuf: ${name}`, () => {
    assert.deepEqual(protobufLines(latin1Encode(bytes), 1000, cut === true), lines);
  });
}

Deno.test("protobuf: messages in messages are followed only so deep", () => {
  let bytes = latin1Encode("\x08\x01");
  for (let level = 0; level < 40; level++) {
    bytes = Uint8Array.from([0x0a, ...encodeVarint(bytes.length), ...bytes]);
  }
  const lines = protobufLines(bytes, 1000, false) ?? [];
  assert.equal(lines.filter((line) => line.endsWith("{")).length, 24);
});

Deno.test("protobuf: lines can be limited", () => {
  const lines = protobufLines(latin1Encode("\x08\x01".repeat(1000)), 10, false);
  assert.equal(lines?.length, 10);
});

Deno.test("protobuf: any bytes give safe lines or none, and the reader never goes beyond them", () => {
  const property = fc.property(
    fc.uint8Array({ maxLength: 200 }),
    fc.boolean(),
    fc.integer({ min: 1, max: 50 }),
    (bytes, cut, maxLines) => {
      for (const line of protobufLines(bytes, maxLines, cut) ?? []) {
        assert.doesNotMatch(line, /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      }
      const reader = new FieldReader(bytes);
      for (let field = reader.next(); field !== null; field = reader.next()) {
        assert.ok(field.start <= field.end && field.end <= bytes.length && reader.offset <= bytes.length);
      }
    },
  );
  fc.assert(property, { numRuns: 500 });
});

Deno.test("protobuf: what was encoded is what is shown", () => {
  const field = fc.tuple(
    fc.integer({ min: 1, max: 0x1fff_ffff }),
    fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }),
  );
  fc.assert(fc.property(fc.array(field, { maxLength: 20 }), (fields) => {
    const bytes = fields.flatMap(([number, value]) => [...encodeVarint(number * 8), ...encodeVarint(value)]);
    const lines = protobufLines(Uint8Array.from(bytes), 1000, false);
    assert.deepEqual(lines, fields.map(([number, value]) => `${number}: ${value}`));
  }));
});

function encodeVarint(value: number | bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}
