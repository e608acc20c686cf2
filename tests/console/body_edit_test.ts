// Bodies as they are edited: content codings taken off, and put on again.

import assert from "node:assert/strict";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { editableBody, encodedBody } from "../../lib/console/body_edit.ts";
import { decodeBody } from "../../lib/flow/body_decode.ts";
import { Fields } from "../../lib/http/fields.ts";
import { makeCapture } from "../kit/records.ts";

const TEXT = '{"name":"tea"}';

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function fieldsOf(coding: string): Fields {
  return Fields.of(["Content-Encoding", coding]);
}

const codings: readonly [coding: string, encode: (bytes: Uint8Array) => Uint8Array][] = [
  ["gzip", (bytes) => gzipSync(bytes)],
  ["X-GZIP", (bytes) => gzipSync(bytes)],
  ["deflate", (bytes) => deflateSync(bytes)],
  ["br", (bytes) => brotliCompressSync(bytes)],
  ["zstd", (bytes) => zstdCompressSync(bytes)],
  ["identity", (bytes) => bytes],
  ["gzip, br", (bytes) => brotliCompressSync(gzipSync(bytes))],
];
for (const [coding, encode] of codings) {
  Deno.test(`body edit: ${coding} is taken off, and put on again`, () => {
    const fields = fieldsOf(coding);
    const body = editableBody(fields, makeCapture(encode(bytesOf(TEXT))));
    assert.ok(typeof body !== "string");
    assert.equal(new TextDecoder().decode(body.content), TEXT);
    const edited = TEXT.replace("tea", "coffee");
    const sent = encodedBody(bytesOf(edited), body.codings);
    assert.equal(new TextDecoder().decode(decodeBody(fields, makeCapture(sent)).bytes), edited);
  });
}

Deno.test("body edit: without a coding, and of none, the bytes are what they are", () => {
  const body = editableBody(Fields.of(), makeCapture("\x00\xff"));
  assert.deepEqual(body, { content: Uint8Array.of(0, 255), codings: [] });
  assert.deepEqual(encodedBody(Uint8Array.of(1), []), Uint8Array.of(1));
});

for (const coding of ["gzip", "compress", "unheard-of"]) {
  Deno.test(`body edit: what cannot be decoded is edited as it is: ${coding}`, () => {
    const body = editableBody(fieldsOf(coding), makeCapture("no such thing"));
    assert.deepEqual(body, { content: bytesOf("no such thing"), codings: [] });
  });
}

Deno.test("body edit: a body that was not kept whole is not edited, nor one that would be too large", () => {
  const cut = editableBody(Fields.of(), makeCapture("hello", 3));
  assert.match(String(cut), /only part of the body was kept/);
  const bomb = editableBody(fieldsOf("gzip"), makeCapture(gzipSync(new Uint8Array(17 * 1024 * 1024))));
  assert.match(String(bomb), /too large to be edited/);
});
