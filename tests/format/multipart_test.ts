// Multipart bodies cut into parts: delimiters, heads, what is missing, and bounds.

import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Decode, latin1Encode } from "../../lib/bytes/latin1.ts";
import { splitMultipart } from "../../lib/format/multipart.ts";

type Part = [fields: [name: string, value: string][], body: string, complete: boolean];

function split(body: string, boundary = "b"): Part[] | null {
  const multipart = splitMultipart(latin1Encode(body), boundary);
  if (multipart === null) return null;
  return multipart.parts.map(({ fields, body, complete }) => [[...fields], latin1Decode(body), complete]);
}

const rows: { name: string; body: string; boundary?: string; parts: Part[] | null }[] = [
  {
    name: "preamble, parts, epilogue",
    body: "pre\r\n--b\r\nA: 1\r\nB:2\r\n\r\none\r\n--b \t\r\n\r\ntwo\r\n\r\n--b--\r\nafter --b\r\n",
    parts: [[[["A", "1"], ["B", "2"]], "one", true], [[], "two\r\n", true]],
  },
  {
    name: "line ends of one character",
    body: "--b\nA: 1\n\none\n--b--",
    parts: [[[["A", "1"]], "one", true]],
  },
  {
    name: "a field over two lines, and one that is none",
    body: "--b\r\nA: 1;\r\n  x=y\r\nwords\r\n\r\n\r\n--b--",
    parts: [[[["A", "1;  x=y"], ["words", ""]], "", true]],
  },
  { name: "bytes", body: "--b\r\n\r\n\0\xff\r\n\x80\r\n--b--", parts: [[[], "\0\xff\r\n\x80", true]] },
  { name: "an empty part", body: "--b\r\n--b\r\n\r\n--b--", parts: [[[], "", true], [[], "", true]] },
  { name: "no end", body: "--b\r\n\r\none", parts: [[[], "one", false]] },
  { name: "no part", body: "--b--", parts: [] },
  { name: "a head that does not end is the body", body: "--b\r\nA: 1\r\n--b--", parts: [[[], "A: 1", true]] },
  {
    name: "what only begins like a delimiter",
    body: "--b\r\n\r\nx--b\r\n--bc\r\n -b\r\n--b--",
    parts: [[[], "x--b\r\n--bc\r\n -b", true]],
  },
  {
    name: "a boundary that looks like another's end",
    body: "----\n\nx\n------",
    boundary: "--",
    parts: [[[], "x", true]],
  },
  { name: "another boundary", body: "--a\r\n\r\none", parts: null },
  { name: "no boundary", body: "--\r\n\r\none", boundary: "", parts: null },
  { name: "a boundary longer than any", body: "x", boundary: "x".repeat(300), parts: null },
];

for (const { name, body, boundary, parts } of rows) {
  Deno.test(`multipart: ${name}`, () => assert.deepEqual(split(body, boundary), parts));
}

Deno.test("multipart: parts, fields and heads are limited", () => {
  const many = splitMultipart(latin1Encode(`${"--b\r\n\r\nx\r\n".repeat(1000)}--b--`), "b");
  assert.deepEqual([many?.parts.length, many?.more], [256, true]);
  assert.equal(split(`--b\r\n${"A: 1\r\n".repeat(1000)}\r\nx\r\n--b--`)?.[0]?.[0].length, 100);
  const long = `A: ${"1".repeat(20_000)}\r\n\r\nx`;
  assert.deepEqual(split(`--b\r\n${long}\r\n--b--`), [[[], long, true]]);
});

Deno.test("multipart: what was put together comes apart", () => {
  const content = fc.uint8Array({ maxLength: 50 }).map((bytes) => latin1Decode(bytes));
  fc.assert(fc.property(fc.array(content, { minLength: 1, maxLength: 5 }), (contents) => {
    fc.pre(contents.every((each) => !each.includes("--boundary")));
    const body = contents.map((each) => `--boundary\r\n\r\n${each}\r\n`).join("") + "--boundary--\r\n";
    assert.deepEqual(split(body, "boundary"), contents.map((each) => [[], each, true]));
  }));
});

Deno.test("multipart: any bytes are parts within them, or none", () => {
  const pieces = ["--b", "--b--", "\r\n", "\n", "A: 1", "x", " ", "--", "\xff"];
  const body = fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((list) => list.join(""));
  fc.assert(
    fc.property(body, (text) => {
      let size = 0;
      for (const [, content] of split(text) ?? []) size += content.length;
      assert.ok(size <= text.length);
    }),
    { numRuns: 300 },
  );
});
