import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Decode, latin1Encode } from "../../lib/bytes/latin1.ts";
import { TnetBytes, TnetFloat, tnetstring, type TnetValue } from "../../lib/export/tnetstring.ts";
import { readTnetstrings, type ReadValue } from "./read_tnetstring.ts";

/** `text` is byte-true. */
const rows: { value: TnetValue; text: string }[] = [
  { value: null, text: "0:~" },
  { value: true, text: "4:true!" },
  { value: false, text: "5:false!" },
  { value: -17, text: "3:-17#" },
  { value: new TnetFloat(1767362602), text: "12:1767362602.0^" },
  { value: new TnetFloat(1767362602.25), text: "13:1767362602.25^" },
  { value: "ä", text: "2:\xc3\xa4;" },
  { value: new Uint8Array([0, 255]), text: "2:\0\xff," },
  { value: new TnetBytes("\0\xff"), text: "2:\0\xff," },
  { value: [], text: "0:]" },
  { value: {}, text: "0:}" },
  { value: [1, [null, ""]], text: "13:1:1#6:0:~0:;]]" },
  { value: { a: 1, "ü": { b: false } }, text: "29:1:a;1:1#2:\xc3\xbc;12:1:b;5:false!}}" },
];

for (const { value, text } of rows) {
  Deno.test(`tnetstring: ${JSON.stringify(text)}`, () => assert.equal(latin1Decode(tnetstring(value)), text));
}

const { value: anyValue } = fc.letrec<{ value: TnetValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e20, max: 1e20 }).map((value) =>
      new TnetFloat(value)
    ),
    fc.string({ unit: "binary" }).filter((text) => text.isWellFormed()),
    fc.uint8Array(),
    fc.uint8Array().map((bytes) => new TnetBytes(latin1Decode(bytes))),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(fc.string({ unit: "grapheme", maxLength: 5 }), tie("value"), {
      maxKeys: 5,
      noNullPrototype: true,
    }),
  ),
}));

Deno.test("tnetstring: an independent reader reads any value back", () => {
  fc.assert(fc.property(anyValue, anyValue, (first, second) => {
    const file = new Uint8Array([...tnetstring(first), ...tnetstring(second)]);
    assert.deepEqual(readTnetstrings(file), [expected(first), expected(second)]);
  }));
});

function expected(value: TnetValue): ReadValue {
  if (value === null) return { type: "null" };
  if (typeof value === "boolean") return { type: "bool", value };
  if (typeof value === "number") return { type: "int", value };
  if (typeof value === "string") return { type: "str", value };
  if (value instanceof TnetFloat) return { type: "float", value: value.value + 0 };
  if (value instanceof TnetBytes) return { type: "bytes", value: latin1Encode(value.text) };
  if (value instanceof Uint8Array) return { type: "bytes", value };
  if (Array.isArray(value)) return { type: "list", value: value.map(expected) };
  return {
    type: "dict",
    value: new Map(Object.entries(value).map(([key, item]) => [key, expected(item as TnetValue)])),
  };
}
