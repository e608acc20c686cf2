import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { CONTENT_LIMIT, type HarContent, harContent } from "../../lib/export/har_content.ts";
import { Fields } from "../../lib/http/fields.ts";
import { makeCapture } from "../kit/records.ts";

interface Row {
  name: string;
  fields?: [name: string, value: string][];
  body: string | Uint8Array;
  capture?: number;
  content: HarContent;
}

const GZIP: [string, string] = ["Content-Encoding", "gzip"];
const zipped = gzipSync("ä".repeat(1000));

const rows: Row[] = [
  { name: "none", body: "", content: { size: 0, mimeType: "", text: "" } },
  {
    name: "text, a byte order mark and NUL in it",
    fields: [["Content-Type", "text/plain"]],
    body: "\xef\xbb\xbfa\0",
    content: { size: 5, mimeType: "text/plain", text: "\ufeffa\0" },
  },
  {
    name: "text in another charset stays its bytes",
    fields: [["content-type", "text/plain; charset=iso-8859-1"]],
    body: "caf\xe9",
    content: { size: 4, mimeType: "text/plain; charset=iso-8859-1", text: "Y2Fm6Q==", encoding: "base64" },
  },
  {
    name: "coded",
    fields: [GZIP],
    body: zipped,
    content: { size: 2000, compression: 2000 - zipped.length, mimeType: "", text: "ä".repeat(1000) },
  },
  {
    name: "coded, but not with what is said",
    fields: [GZIP],
    body: "\xffab",
    content: {
      size: 3,
      mimeType: "",
      text: "/2Fi",
      encoding: "base64",
      comment: "as it came: damaged gzip data: incorrect header check",
    },
  },
  {
    name: "cut within a character",
    body: "a\xc3\xa4",
    capture: 2,
    content: { size: 3, mimeType: "", text: "a", comment: "only the first 2 of 3 bytes were captured" },
  },
  {
    name: "not captured at all",
    body: "abc",
    capture: 0,
    content: { size: 3, mimeType: "", comment: "only the first 0 of 3 bytes were captured" },
  },
];

for (const { name, fields = [], body, capture, content } of rows) {
  Deno.test(`har content: ${name}`, () => {
    assert.deepEqual(harContent(Fields.of(...fields), makeCapture(body, capture)), content);
  });
}

Deno.test("har content: coded and cut by the capture limit has no compression", () => {
  const bytes = gzipSync(crypto.getRandomValues(new Uint8Array(60_000)));
  const content = harContent(Fields.of(GZIP), makeCapture(bytes, 30_000));
  assert.equal(content.compression, undefined);
  assert.equal(content.comment, `only the first 30000 of ${bytes.length} bytes were captured`);
  assert.equal(content.encoding, "base64");
  assert.equal(content.size, Buffer.from(content.text!, "base64").length);
});

Deno.test("har content: a bomb is cut at the limit, and it is said", () => {
  const content = harContent(Fields.of(GZIP), makeCapture(gzipSync("a".repeat(2 * CONTENT_LIMIT))));
  assert.ok(content.text!.length <= CONTENT_LIMIT);
  assert.match(content.comment!, /^cut at \d+ bytes$/);
});

Deno.test("har content: coded data that ends too early is there as far as it goes", () => {
  const bytes = gzipSync(crypto.getRandomValues(new Uint8Array(60_000))).subarray(0, 30_000);
  const content = harContent(Fields.of(GZIP), makeCapture(bytes));
  assert.equal(content.comment, "the coded data ends too early");
});

Deno.test("har content: the text gives back any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
    const { text, encoding = "utf8" } = harContent(new Fields(), makeCapture(bytes));
    assert.deepEqual(new Uint8Array(Buffer.from(text!, encoding)), bytes);
  }));
});
