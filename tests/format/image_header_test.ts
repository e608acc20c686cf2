// What images say of themselves, format by format; and that no bytes are too few or too odd.

import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Encode } from "../../lib/bytes/latin1.ts";
import { imageFacts, imageText, svgText } from "../../lib/format/image_header.ts";

const vp8x = (flags: string) => `RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0${flags}\0\0\0\x7f\x02\x00\xdf\x01\x00`;

const rows: { name: string; bytes: string; undeclared?: true; text: string | null }[] = [
  {
    name: "PNG",
    bytes: "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x06\0\0\0",
    text: "PNG image, 640 × 480 pixels, 8-bit RGBA",
  },
  { name: "PNG without its size", bytes: "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80", text: null },
  { name: "GIF", bytes: "GIF87a\x80\x02\xe0\x01\0", undeclared: true, text: "GIF image, 640 × 480 pixels" },
  {
    name: "JPEG, behind other segments",
    bytes: "\xff\xd8\xff\xe0\0\x04ab\xff\xff\xdb\0\x02\xff\xc2\0\x0b\x08\x01\xe0\x02\x80\x01",
    undeclared: true,
    text: "JPEG image, 640 × 480 pixels, progressive",
  },
  {
    name: "JPEG, baseline",
    bytes: "\xff\xd8\xff\xc0\0\x0b\x08\x01\xe0\x02\x80\x01",
    text: "JPEG image, 640 × 480 pixels",
  },
  { name: "JPEG without a frame", bytes: "\xff\xd8\xff\xe0\0\x04ab\xff\xd9", text: null },
  { name: "JPEG whose segments go astray", bytes: "\xff\xd8\xff\xe0\0\x02abcdefghijkl", text: null },
  {
    name: "WebP, lossy",
    bytes: "RIFF\x1a\0\0\0WEBPVP8 \x0e\0\0\0\x30\x01\0\x9d\x01\x2a\x80\x02\xe0\x01",
    text: "WebP image, 640 × 480 pixels, lossy",
  },
  {
    name: "WebP, lossless",
    bytes: "RIFF\x1a\0\0\0WEBPVP8L\x0e\0\0\0\x2f\x7f\xc2\x77\x00\0\0\0\0\0",
    text: "WebP image, 640 × 480 pixels, lossless",
  },
  { name: "WebP, extended", bytes: vp8x("\x10"), text: "WebP image, 640 × 480 pixels" },
  { name: "WebP, animated", bytes: vp8x("\x02"), text: "WebP image, 640 × 480 pixels, animated" },
  {
    name: "BMP, from the top down",
    bytes: "BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x80\x02\0\0\x20\xfe\xff\xff\x01\0\x18\0",
    text: "BMP image, 640 × 480 pixels, 24 bits a pixel",
  },
  {
    name: "BMP, as OS/2 had it",
    bytes: "BM\0\0\0\0\0\0\0\0\x1a\0\0\0\x0c\0\0\0\x80\x02\xe0\x01\x01\0\x08\0\0\0\0\0",
    text: "BMP image, 640 × 480 pixels, 8 bits a pixel",
  },
  {
    name: "two letters are not enough, unless it is said",
    bytes: `BM${"\0".repeat(40)}`,
    undeclared: true,
    text: null,
  },
  {
    name: "ICO, the second of 256",
    bytes: `\0\0\x01\0\x02\0\x10\x10${"\0".repeat(14)}\0\0${"\0".repeat(14)}`,
    text: "ICO image, 16 × 16, 256 × 256 pixels",
  },
  { name: "ICO without images", bytes: "\0\0\x01\0\0\0", text: null },
  { name: "something else", bytes: "hello", text: null },
];

for (const { name, bytes, undeclared, text } of rows) {
  Deno.test(`image: ${name}`, () => {
    const facts = imageFacts(latin1Encode(bytes), undeclared !== true);
    assert.equal(facts === null ? null : imageText(facts), text);
  });
}

Deno.test("image: the root of an SVG image", () => {
  assert.equal(
    svgText(`<?xml version="1.0"?><!-- x --><svg xmlns="x" width='24' viewBox = "0 0 24 24">`),
    "width 24, viewBox 0 0 24 24",
  );
  assert.equal(svgText("<svg><path width='1'/></svg>"), null);
  assert.equal(svgText("<p>"), null);
});

Deno.test("image: no bytes make it throw", () => {
  const starts = ["\x89PNG\r\n\x1a\n", "GIF89a", "\xff\xd8\xff", "RIFF\0\0\0\0WEBPVP8X", "BM", "\0\0\x01\0"];
  const property = fc.property(
    fc.constantFrom(...starts),
    fc.uint8Array({ maxLength: 60 }),
    (start, rest) => {
      const facts = imageFacts(Uint8Array.from([...latin1Encode(start), ...rest]), true);
      for (const { width, height } of facts?.sizes ?? []) assert.ok(width >= 0 && height >= 0);
    },
  );
  fc.assert(property, { numRuns: 300 });
});
