// Generators of fields and of conversations for the properties.

import fc from "fast-check";
import type { FieldLine } from "./rfc_examples.ts";

export interface GeneratedField {
  line: FieldLine;
  never: boolean;
}

const anyText = (maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.nat(255), { maxLength }).map((codes) => String.fromCharCode(...codes));

const name = fc.oneof(
  fc.constantFrom(":method", ":path", ":status", ":authority", "cookie", "set-cookie", "date", "accept"),
  fc.constantFrom("x", "x-request-id", "x-a-rather-long-name-of-a-field-that-comes-again", "etag"),
  anyText(20),
);

const value = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("", "GET", "/", "200", "value", "a value that comes again") },
  { weight: 4, arbitrary: anyText(60) },
  { weight: 1, arbitrary: fc.tuple(anyText(8), fc.nat(800)).map(([text, times]) => text.repeat(times)) },
);

export const field: fc.Arbitrary<GeneratedField> = fc.record({
  line: fc.tuple(name, value),
  never: fc.oneof(
    { weight: 9, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
});

export const fieldList = fc.array(field, { maxLength: 20 });

export const tableSize = fc.oneof(
  fc.constantFrom(0, 1, 32, 33, 100, 4096, 65_536),
  fc.nat(500),
  fc.nat(10_000),
);

/** A header list, or a SETTINGS_HEADER_TABLE_SIZE that is acknowledged. */
export const conversation = fc.array(
  fc.oneof({ weight: 4, arbitrary: fieldList }, { weight: 1, arbitrary: tableSize }),
  { maxLength: 12 },
);

/** A field that real peers take: a lower-case name, a value without control characters and blanks at its ends. */
export type LegalField = GeneratedField;

const legalNames = [
  "x",
  "accept",
  "etag",
  "user-agent",
  "via",
  "x-request-id",
  "link",
  "x-long-name-of-a-field",
];
const visible = Array.from({ length: 256 }, (_, byte) => byte)
  .filter((byte) => (byte > 0x20 && byte < 0x7f) || byte >= 0xa0)
  .map((byte) => String.fromCharCode(byte));
const legalText = fc.string({ unit: fc.constantFrom(...visible), minLength: 1, maxLength: 40 });
const legalValue = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("a", "value", "text/html; charset=utf-8", "a, b;q=0.5") },
  { weight: 4, arbitrary: legalText },
  { weight: 1, arbitrary: fc.tuple(legalText, fc.nat(100)).map(([text, times]) => text.repeat(times + 1)) },
);

/** Fields of different names. */
export const legalFields: fc.Arbitrary<LegalField[]> = fc.uniqueArray(
  fc.record({
    line: fc.tuple(fc.constantFrom(...legalNames), legalValue),
    never: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, {
      weight: 1,
      arbitrary: fc.constant(true),
    }),
  }),
  { maxLength: 8, selector: ({ line }) => line[0] },
);
