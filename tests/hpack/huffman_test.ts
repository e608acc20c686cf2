// The Huffman code: each symbol, whole strings, and what is no Huffman code (RFC 7541, 5.2 and Appendix B).

import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { codeLengths, codes, EOS } from "../../lib/hpack/huffman_code.ts";
import { BAD_PADDING, decodedLimit, HAS_EOS, huffmanDecodeInto } from "../../lib/hpack/huffman_decode.ts";
import { huffmanEncodeInto, huffmanLength } from "../../lib/hpack/huffman_encode.ts";
import { hex, toHex } from "./blocks.ts";

function decode(bytes: Uint8Array): string | number {
  const target = new Uint8Array(decodedLimit(bytes.length));
  const length = huffmanDecodeInto(bytes, 0, bytes.length, target);
  return length < 0 ? length : latin1Decode(target, 0, length);
}

function encode(text: string): Uint8Array {
  const target = new Uint8Array(huffmanLength(text));
  assert.equal(huffmanEncodeInto(text, target, 0), target.length);
  return target;
}

/** What RFC 7541, 5.2 says, bit by bit. */
function decodeSlowly(bytes: Uint8Array): string | number {
  const symbols = new Map(Array.from(codes, (code, symbol) => [bitsOf(code, codeLengths[symbol]!), symbol]));
  let text = "";
  let pending = "";
  for (const byte of bytes) {
    for (const bit of bitsOf(byte, 8)) {
      pending += bit;
      const symbol = symbols.get(pending);
      if (symbol === EOS) return HAS_EOS;
      if (symbol === undefined) continue;
      text += String.fromCharCode(symbol);
      pending = "";
    }
  }
  return /^1{0,7}$/.test(pending) ? text : BAD_PADDING;
}

function bitsOf(value: number, length: number): string {
  return value.toString(2).padStart(length, "0");
}

/** Rows of RFC 7541, Appendix B: one of each length, first and last. */
const codeRows: [symbol: number, bits: string][] = [
  [0x30, "00000"],
  [0x74, "01001"],
  [0x20, "010100"],
  [0x75, "101101"],
  [0x3a, "1011100"],
  [0x7a, "1111011"],
  [0x26, "11111000"],
  [0x5a, "11111101"],
  [0x21, "1111111000"],
  [0x3f, "1111111100"],
  [0x27, "11111111010"],
  [0x7c, "11111111100"],
  [0x23, "111111111010"],
  [0x00, "1111111111000"],
  [0x7e, "1111111111101"],
  [0x5e, "11111111111100"],
  [0x3c, "111111111111100"],
  [0x7b, "111111111111110"],
  [0x5c, "1111111111111110000"],
  [0x80, "11111111111111100110"],
  [0x99, "111111111111111011100"],
  [0x81, "1111111111111111010010"],
  [0x01, "11111111111111111011000"],
  [0x09, "111111111111111111101010"],
  [0xc7, "1111111111111111111101100"],
  [0xc0, "11111111111111111111100000"],
  [0xcb, "111111111111111111111011110"],
  [0x02, "1111111111111111111111100010"],
  [0xff, "11111111111111111111101110"],
  [0x0a, "111111111111111111111111111100"],
  [0x16, "111111111111111111111111111110"],
  [EOS, "111111111111111111111111111111"],
];

for (const [symbol, bits] of codeRows) {
  Deno.test(`RFC 7541, Appendix B: the code of symbol ${symbol}`, () => {
    assert.equal(bitsOf(codes[symbol]!, codeLengths[symbol]!), bits);
  });
}

Deno.test("RFC 7541, Appendix B: the code is complete: no bit sequence has no meaning", () => {
  let sum = 0;
  for (const length of codeLengths) sum += 2 ** -length;
  assert.equal(codeLengths.length, 257);
  assert.equal(sum, 1);
});

Deno.test("every byte is encoded and decoded, at each place in an octet", () => {
  for (let byte = 0; byte < 256; byte++) {
    for (let before = 0; before < 8; before++) {
      const text = "0".repeat(before) + String.fromCharCode(byte) + "a";
      const bytes = encode(text);
      assert.equal(decode(bytes), text);
      assert.equal(decodeSlowly(bytes), text);
    }
  }
});

Deno.test("what is decoded is within the limit, and reaches it", () => {
  assert.equal(decodedLimit(5), 8);
  assert.equal(decode(new Uint8Array(5)), "00000000");
});

const faultRows: [name: string, bytes: string, result: number][] = [
  ["EOS alone", "ffff fffc", HAS_EOS],
  ["EOS, and what it is not padding of", "ffff ffff", HAS_EOS],
  ["EOS behind a symbol", "1fff ffff ff", HAS_EOS],
  ["EOS before a symbol", "ffff fffc 1f", HAS_EOS],
  ["8 bits of padding alone", "ff", BAD_PADDING],
  ["8 bits of padding behind 8 bits", "f8ff", BAD_PADDING],
  ["11 bits of padding", "1fff", BAD_PADDING],
  ["29 bits of padding", "ff9f ffff ff", BAD_PADDING],
  ["padding with zeros", "18", BAD_PADDING],
  ["padding with one zero at its end", "1e", BAD_PADDING],
  ["a code that is cut short and not all ones", "fe", BAD_PADDING],
];

for (const [name, bytes, result] of faultRows) {
  Deno.test(`RFC 7541, 5.2: ${name} is a fault`, () => {
    assert.equal(decode(hex(bytes)), result);
    assert.equal(decodeSlowly(hex(bytes)), result);
  });
}

Deno.test("RFC 7541, 5.2: EOS is a fault at each place in an octet, at the end and before more", () => {
  for (let before = 0; before < 8; before++) {
    const bits = "00000".repeat(before) + "1".repeat(30);
    for (const after of ["", "1".repeat(7), "0".repeat(20)]) {
      const octets = (bits + after).padEnd(Math.ceil((bits + after).length / 8) * 8, "1").match(/.{8}/g);
      const bytes = Uint8Array.from(octets!, (octet) => parseInt(octet, 2));
      assert.equal(decode(bytes), HAS_EOS, bits + after);
    }
  }
});

const paddingRows: [text: string, bytes: string][] = [
  ["", ""],
  ["a", "1f"],
  ["aa", "18ff"],
  ["&", "f8"],
  ["00000000", "0000000000"],
];

for (const [text, bytes] of paddingRows) {
  Deno.test(`RFC 7541, 5.2: ${JSON.stringify(text)} is padded with what is missing of an octet`, () => {
    assert.equal(toHex(encode(text)), bytes);
    assert.equal(decode(hex(bytes)), text);
  });
}

Deno.test("property: a byte-true string that is encoded decodes to itself", () => {
  const text = fc.array(fc.nat(255), { maxLength: 200 }).map((codes) => String.fromCharCode(...codes));
  fc.assert(
    fc.property(text, (text) => {
      const bytes = encode(text);
      assert.equal(decode(bytes), text);
      let bits = 0;
      for (let index = 0; index < text.length; index++) bits += codeLengths[text.charCodeAt(index)]!;
      assert.equal(bytes.length, Math.ceil(bits / 8));
    }),
    { numRuns: 300 },
  );
});

Deno.test("property: any bytes decode to what the code says bit by bit, within the limit", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    // Long codes are nearly all ones.
    fc.array(fc.constantFrom(0xff, 0xff, 0xff, 0xfe, 0xfc, 0xf8, 0xe3, 0x9f, 0x00), { maxLength: 20 })
      .map((list) => Uint8Array.from(list)),
  );
  fc.assert(fc.property(bytes, (bytes) => assert.equal(decode(bytes), decodeSlowly(bytes))), {
    numRuns: 1000,
  });
});
