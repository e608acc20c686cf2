// The encoder: which form each field gets, what goes into the table, and size updates (RFC 7541, 4.2, 6, 7.1).

import assert from "node:assert/strict";
import { HpackEncoder } from "../../lib/hpack/encoder.ts";
import { blockOf, encode, entries, newDecoder, pairs, plain, toHex } from "./blocks.ts";
import { update } from "./decoder_rows.ts";
import type { FieldLine } from "./rfc_examples.ts";

type Form = "indexed" | "inserted" | "not indexed" | "never indexed";

/** How the last field of `fields` is written. */
function formOf(fields: FieldLine[], never: string[] = [], encoder = new HpackEncoder(4096)): Form {
  encode(encoder, fields.slice(0, -1), never);
  const first = encode(encoder, fields.slice(-1), never)[0]!;
  if (first >= 0x80) return "indexed";
  if (first >= 0x40) return "inserted";
  assert.ok(first < 0x20);
  return first >= 0x10 ? "never indexed" : "not indexed";
}

const forms: { name: string; fields: FieldLine[]; never?: string[]; form: Form }[] = [
  { name: "what the static table has", fields: [[":method", "GET"]], form: "indexed" },
  { name: "its second value of a name", fields: [[":path", "/index.html"]], form: "indexed" },
  { name: "its last value of a name", fields: [[":status", "500"]], form: "indexed" },
  { name: "an empty value that it has", fields: [["accept", ""]], form: "indexed" },
  { name: "what came before", fields: [["x", "y"], ["a", "b"], ["x", "y"]], form: "indexed" },
  { name: "another value", fields: [["x", "y"], ["x", "z"]], form: "inserted" },
  { name: "an unknown name", fields: [["x", "y"]], form: "inserted" },
  { name: "another method", fields: [[":method", "PATCH"]], form: "inserted" },
  { name: "another status", fields: [[":status", "503"]], form: "inserted" },
  { name: "an authority", fields: [[":authority", "example"]], form: "inserted" },
  { name: "a date", fields: [["date", "Mon, 21 Oct 2013 20:13:21 GMT"]], form: "inserted" },
  { name: "a path", fields: [[":path", "/x"]], form: "not indexed" },
  { name: "a path that came before", fields: [[":path", "/x"], [":path", "/x"]], form: "not indexed" },
  { name: "a length", fields: [["content-length", "123"]], form: "not indexed" },
  { name: "an etag", fields: [["etag", '"x"']], form: "not indexed" },
  { name: "an age", fields: [["age", "1"]], form: "not indexed" },
  { name: "a cookie that is set", fields: [["set-cookie", "a=b"]], form: "not indexed" },
  { name: "a request id", fields: [["x-request-id", "1"]], form: "not indexed" },
  { name: "what must not be", fields: [["x", "y"]], never: ["x"], form: "never indexed" },
  {
    name: "what must not be, known",
    fields: [[":method", "GET"]],
    never: [":method"],
    form: "never indexed",
  },
  { name: "what must not be, a path", fields: [[":path", "/x"]], never: [":path"], form: "never indexed" },
];

for (const { name, fields, never = [], form } of forms) {
  Deno.test(`encoded: ${name}: ${form}`, () => assert.equal(formOf(fields, never), form));
}

Deno.test("what is never indexed stays so where the table has it from before (RFC 7541, 6.2.3)", () => {
  const encoder = new HpackEncoder(4096);
  encode(encoder, [["x", "y"]]);
  // The name, 62, is referred to.
  assert.equal(toHex(encode(encoder, [["x", "y"]], ["x"])), `1f2f${plain("y")}`);
  assert.equal(toHex(encode(encoder, [["x", "y"]])), "be");
  assert.deepEqual(entries(encoder.table), [["x", "y"]]);
});

Deno.test("never indexed survives being decoded and encoded again (RFC 7541, 6.2.3)", () => {
  const sent: FieldLine[] = [["authorization", "Basic eDp5"], ["x", "y"], ["authorization", "Basic eDp5"]];
  let bytes = encode(new HpackEncoder(4096), sent, ["authorization"]);
  for (let hop = 0; hop < 3; hop++) {
    const encoder = new HpackEncoder(4096);
    const { list, neverIndexed } = blockOf(newDecoder().decode(bytes));
    assert.deepEqual(pairs(list), sent);
    assert.deepEqual(neverIndexed, new Set(["authorization"]));
    bytes = encode(encoder, pairs(list), [...neverIndexed!]);
    assert.deepEqual(entries(encoder.table), [["x", "y"]]);
  }
});

Deno.test("an entry may take three quarters of the table, and no more", () => {
  for (const [tableSize, length, form] of [[4096, 3072, "inserted"], [4096, 3073, "not indexed"]] as const) {
    assert.equal(formOf([["x", "y".repeat(length - 33)]], [], new HpackEncoder(tableSize)), form);
  }
  const encoder = new HpackEncoder(4096);
  encoder.setTableLimit(0);
  encode(encoder, [["a", "b"]]);
  assert.equal(formOf([["x", "y"]], [], encoder), "not indexed");
  assert.equal(encoder.table.length, 0);
});

Deno.test("strings are in Huffman code where that is shorter, and only there (RFC 7541, 5.2)", () => {
  const encoder = new HpackEncoder(4096);
  assert.equal(toHex(encode(encoder, [[":path", "/api"]])), "048360759b");
  assert.equal(toHex(encode(encoder, [[":path", "/"]], [":path"])), "14012f");
  assert.equal(toHex(encode(encoder, [[":path", "\xff\xfe"]])), "0402fffe");
  // As long as plain: plain.
  assert.equal(toHex(encode(encoder, [[":path", "a"]])), "040161");
  assert.equal(toHex(encode(encoder, [[":path", ""]])), "0400");
});

Deno.test("bytes are true: every character from U+0000 to U+00FF, in names and values", () => {
  const all = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));
  const encoder = new HpackEncoder(4096);
  const decoder = newDecoder();
  for (const text of [all, all.slice(128), all.slice(32, 127)]) {
    for (const never of [[], [text]]) {
      const { list } = blockOf(decoder.decode(encode(encoder, [[text, text], [":path", text]], never)));
      assert.deepEqual(list, [text, text, ":path", text]);
    }
  }
});

Deno.test("several values of one name: each is found, the newest gives the name", () => {
  const encoder = new HpackEncoder(4096);
  encode(encoder, [["x", "1"], ["x", "2"], ["x", "3"]]);
  assert.equal(toHex(encode(encoder, [["x", "1"], ["x", "2"], ["x", "3"]])), "c0bfbe");
  assert.equal(toHex(encode(encoder, [["x", "4"]])), `7e${plain("4")}`);
});

Deno.test("an entry that was evicted is not referred to", () => {
  const encoder = new HpackEncoder(4096);
  const decoder = newDecoder();
  const value = (digit: number): string => String(digit).repeat(1000);
  // Each counts 1033: three fit.
  for (const digit of [1, 2, 3, 4, 1, 2, 4, 4, 3, 2, 1]) {
    const { list } = blockOf(decoder.decode(encode(encoder, [["x", value(digit)]])));
    assert.deepEqual(list, ["x", value(digit)]);
    assert.deepEqual(entries(decoder.table), entries(encoder.table));
  }
  assert.equal(encoder.table.length, 3);
});

const get: FieldLine[] = [[":method", "GET"]];
const updates: { name: string; most: number; limits: number[]; bytes: string }[] = [
  { name: "none where nothing changed", most: 4096, limits: [], bytes: "" },
  { name: "none where the same was said", most: 4096, limits: [4096], bytes: "" },
  { name: "none for more than we use", most: 4096, limits: [65_536], bytes: "" },
  { name: "a smaller one", most: 4096, limits: [100], bytes: update(100) },
  { name: "none at all", most: 4096, limits: [0], bytes: update(0) },
  { name: "a larger one", most: 65_536, limits: [65_536], bytes: update(65_536) },
  { name: "a larger one, up to what we use", most: 8192, limits: [65_536], bytes: update(8192) },
  { name: "the largest there can be", most: 2 ** 32, limits: [2 ** 32 - 1], bytes: update(2 ** 32 - 1) },
  { name: "less than the default from the start", most: 100, limits: [], bytes: update(100) },
  {
    name: "the smallest and the last",
    most: 4096,
    limits: [200, 100, 300],
    bytes: update(100) + update(300),
  },
  { name: "gone and back", most: 4096, limits: [0, 4096], bytes: update(0) + update(4096) },
  { name: "smaller and smaller", most: 4096, limits: [200, 100], bytes: update(100) },
  { name: "larger and back", most: 65_536, limits: [8192, 4096], bytes: "" },
  { name: "smaller, below what is in use", most: 100, limits: [50, 100], bytes: update(50) + update(100) },
];

for (const { name, most, limits, bytes } of updates) {
  Deno.test(`size updates (RFC 7541, 4.2): ${name}`, () => {
    const encoder = new HpackEncoder(most);
    for (const limit of limits) encoder.setTableLimit(limit);
    assert.equal(toHex(encode(encoder, get)), `${bytes}82`);
    // Said once.
    assert.equal(toHex(encode(encoder, get)), "82");
  });
}

Deno.test("size updates: what the smallest size evicted is gone", () => {
  const encoder = new HpackEncoder(4096);
  encode(encoder, [["x", "y"]]);
  encoder.setTableLimit(0);
  encoder.setTableLimit(4096);
  assert.equal(
    toHex(encode(encoder, [["x", "y"]])),
    `${update(0)}${update(4096)}40${plain("x")}${plain("y")}`,
  );
});

Deno.test("size updates: a limit that changes inside a block is told with the next one", () => {
  const encoder = new HpackEncoder(4096);
  encoder.field("x", "y", false);
  encoder.setTableLimit(0);
  encoder.field("x", "y", false);
  assert.equal(toHex(encoder.finish()), `40${plain("x")}${plain("y")}be`);
  assert.equal(encoder.table.length, 1);
  assert.equal(toHex(encode(encoder, get)), `${update(0)}82`);
});

Deno.test("size updates: a block without fields is empty, and the update waits for the next", () => {
  const encoder = new HpackEncoder(4096);
  encoder.setTableLimit(100);
  assert.equal(encoder.finish().length, 0);
  assert.equal(toHex(encode(encoder, get)), `${update(100)}82`);
});

Deno.test("a block is a view: valid until the next field, also a large one", () => {
  const encoder = new HpackEncoder(4096);
  const decoder = newDecoder({ maxListSize: 1e6 });
  for (const length of [10, 1_000, 40_000, 10, 300_000, 10]) {
    const value = "v".repeat(length);
    encoder.field(":path", value, false);
    encoder.field("x", "y", false);
    const block = encoder.finish();
    assert.deepEqual(blockOf(decoder.decode(block)).list, [":path", value, "x", "y"]);
  }
});

Deno.test("the same fields a second time cost a byte each", () => {
  const fields: FieldLine[] = [
    [":method", "GET"],
    [":scheme", "https"],
    [":authority", "www.example.com"],
    ["user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/118.0"],
    ["accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
    ["accept-language", "en-US,en;q=0.5"],
    ["accept-encoding", "gzip, deflate, br"],
    ["cookie", "session=0123456789abcdef"],
    ["sec-fetch-mode", "navigate"],
  ];
  const encoder = new HpackEncoder(4096);
  assert.ok(encode(encoder, fields).length > 100);
  assert.equal(encode(encoder, fields).length, fields.length);
});
