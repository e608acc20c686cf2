import assert from "node:assert/strict";
import {
  brotliCompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import fc from "fast-check";
import { CODING_LIMIT, decodeBody, VIEW_LIMIT } from "../../lib/flow/body_decode.ts";
import { Fields } from "../../lib/http/fields.ts";
import { makeCapture } from "../kit/records.ts";

const text = "The quick brown fox jumps over the lazy dog. ".repeat(2000) + "end";
const plain = new TextEncoder().encode(text);

const encoders: { coding: string; encode: (bytes: Uint8Array) => Uint8Array }[] = [
  { coding: "gzip", encode: (bytes) => gzipSync(bytes) },
  { coding: "x-gzip", encode: (bytes) => gzipSync(bytes) },
  { coding: "deflate", encode: (bytes) => deflateSync(bytes) },
  { coding: "Deflate", encode: (bytes) => deflateRawSync(bytes) },
  { coding: "br", encode: (bytes) => brotliCompressSync(bytes) },
  { coding: "zstd", encode: (bytes) => zstdCompressSync(bytes) },
];

/** What cannot be compressed: partial data gives partial content. */
function noise(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => (state = state * 48271 % 0x7fffffff) & 0xff);
}

function encodedFields(...codings: string[]): Fields {
  return new Fields(codings.flatMap((coding) => ["Content-Encoding", coding]));
}

for (const { coding, encode } of encoders) {
  Deno.test(`decode ${coding}: whole`, () => {
    const decoded = decodeBody(encodedFields(coding), makeCapture(encode(plain)));
    assert.equal(new TextDecoder().decode(decoded.bytes), text);
    const { codings, cut, failure } = decoded;
    assert.deepEqual({ codings, cut, failure }, {
      codings: [coding.toLowerCase()],
      cut: null,
      failure: null,
    });
  });

  Deno.test(`decode ${coding}: no content`, () => {
    const decoded = decodeBody(encodedFields(coding), makeCapture(encode(new Uint8Array(0))));
    assert.deepEqual([decoded.bytes.length, decoded.cut, decoded.failure], [0, null, null]);
  });

  Deno.test(`decode ${coding}: a cut capture shows what there is, and says so`, () => {
    const content = noise(300_000);
    const capture = makeCapture(encode(content), 200_000);
    assert.ok(capture.truncated);
    const decoded = decodeBody(encodedFields(coding), capture);
    assert.equal(decoded.failure, null);
    assert.equal(decoded.cut, "captured");
    assert.ok(decoded.bytes.length > 50_000);
    assert.deepEqual(new Uint8Array(decoded.bytes), content.subarray(0, decoded.bytes.length));
  });

  Deno.test(`decode ${coding}: a bomb stays within the limit`, () => {
    const bomb = encode(new Uint8Array(64 * 1024 * 1024));
    assert.ok(bomb.length < 100_000);
    const decoded = decodeBody(encodedFields(coding), makeCapture(bomb));
    assert.ok(decoded.bytes.length <= VIEW_LIMIT);
    assert.ok(decoded.cut === "limit" || decoded.failure !== null);
  });

  Deno.test(`decode ${coding}: content a little over the limit shows a good part of it`, () => {
    const content = noise(300_000);
    const decoded = decodeBody(encodedFields(coding), makeCapture(encode(content)), 250_000);
    assert.equal(decoded.failure, null);
    assert.equal(decoded.cut, "limit");
    assert.ok(decoded.bytes.length <= 250_000 && decoded.bytes.length > 30_000, String(decoded.bytes.length));
  });

  Deno.test(`decode ${coding}: any bytes give content or a reason, within the limit`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
        const decoded = decodeBody(encodedFields(coding), makeCapture(bytes), 4096);
        assert.ok(decoded.bytes.length <= 4096);
        if (decoded.failure !== null) assert.deepEqual(decoded.bytes, bytes);
      }),
      { numRuns: 200 },
    );
  });
}

for (const { coding, encode } of encoders.filter(({ coding }) => coding !== "br")) {
  Deno.test(`decode ${coding}: damaged data comes as it is, with a reason`, () => {
    const bytes = Uint8Array.from(encode(noise(5000)), (byte) => byte ^ 0x5a);
    const decoded = decodeBody(encodedFields(coding), makeCapture(bytes));
    assert.match(decoded.failure ?? "", /damaged/);
    assert.deepEqual(decoded.bytes, bytes);
    assert.deepEqual(decoded.codings, []);
  });
}

Deno.test("decode br: data that gives nothing comes as it is, with a reason", () => {
  const bytes = noise(500).fill(0xff, 0, 20);
  const decoded = decodeBody(encodedFields("br"), makeCapture(bytes));
  assert.match(decoded.failure ?? "", /damaged/);
  assert.deepEqual(decoded.bytes, bytes);
});

for (const { coding, encode } of encoders.filter(({ coding }) => coding !== "br" && coding !== "zstd")) {
  Deno.test(`decode ${coding}: complete data that stops too early is shown and named`, () => {
    const bytes = encode(noise(100_000));
    const decoded = decodeBody(encodedFields(coding), makeCapture(bytes.subarray(0, 60_000)));
    assert.equal(decoded.failure, null);
    assert.equal(decoded.cut, "ended");
    assert.ok(decoded.bytes.length > 10_000);
  });
}

Deno.test("decode: several codings, in the order they were applied, on one or more lines", () => {
  const capture = makeCapture(brotliCompressSync(gzipSync(plain)));
  for (
    const fields of [
      encodedFields("gzip, br"),
      encodedFields("gzip", "br"),
      encodedFields("gzip,identity,,BR"),
    ]
  ) {
    const decoded = decodeBody(fields, capture);
    assert.equal(new TextDecoder().decode(decoded.bytes), text);
    assert.deepEqual(decoded.codings, ["gzip", "br"]);
  }
});

Deno.test("decode: a bomb within a bomb stays within the limit", () => {
  const bomb = gzipSync(gzipSync(new Uint8Array(256 * 1024 * 1024)));
  const decoded = decodeBody(encodedFields("gzip, gzip"), makeCapture(bomb), 65536);
  assert.ok(decoded.bytes.length <= 65536);
  assert.ok(decoded.cut === "limit" || decoded.failure !== null);
});

Deno.test("decode: an unknown coding, and too many, are said", () => {
  const capture = makeCapture("abc");
  assert.match(decodeBody(encodedFields("exi"), capture).failure ?? "", /"exi" is not known/);
  const many = Array.from({ length: CODING_LIMIT + 1 }, () => "gzip");
  assert.match(decodeBody(encodedFields(...many), capture).failure ?? "", /more than 4/);
});

Deno.test("decode: two gzip members are one content (RFC 1952, 2.2)", () => {
  const capture = makeCapture(new Uint8Array([...gzipSync("one"), ...gzipSync("two")]));
  assert.equal(new TextDecoder().decode(decodeBody(encodedFields("gzip"), capture).bytes), "onetwo");
});

Deno.test("decode: flushed but unfinished gzip, as a live stream sends it, is shown", () => {
  const bytes = gzipSync("data: 1\n\n", { finishFlush: constants.Z_SYNC_FLUSH });
  const decoded = decodeBody(encodedFields("gzip"), makeCapture(bytes));
  assert.equal(new TextDecoder().decode(decoded.bytes), "data: 1\n\n");
  assert.equal(decoded.cut, "ended");
});

Deno.test("decode: without a coding the bytes come as they are, up to the limit", () => {
  const decoded = decodeBody(new Fields(), makeCapture("abcdef"), 4);
  assert.equal(new TextDecoder().decode(decoded.bytes), "abcd");
  assert.equal(decoded.cut, "limit");
  assert.equal(decodeBody(new Fields(), makeCapture("abcdef", 3)).cut, "captured");
});
