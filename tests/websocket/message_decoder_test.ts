// Messages pulled piece by piece: what is borrowed, what is kept for a later turn, and what a text that is not UTF-8
// does to what follows (RFC 6455, 8.1; RFC 7692, 7.2.2).

import assert from "node:assert/strict";
import { Deflater } from "../../lib/websocket/deflater.ts";
import type { WebSocketFault } from "../../lib/websocket/fault.ts";
import { OUTPUT_SIZE } from "../../lib/websocket/inflater.ts";
import { readMaskKey } from "../../lib/websocket/mask.ts";
import { invalidText, MessageDecoder } from "../../lib/websocket/message_decoder.ts";
import { pieces as piecesOf } from "../kit/cuts.ts";
import { assertSameBytes, noise, utf8 } from "./contents.ts";
import { faultLine } from "./drive.ts";
import { fixedBlock, literals } from "./hand_blocks.ts";
import { fromHex, joined, KEY, masked } from "./hand_frames.ts";

const deflate = { windowBits: 15, contextTakeover: true };
const keyBytes = fromHex(KEY);
const key = readMaskKey(keyBytes, 0);

function pull(decoder: MessageDecoder): Uint8Array | null {
  const piece = decoder.pull();
  assert.ok(piece === null || piece instanceof Uint8Array);
  return piece;
}

function pullAll(decoder: MessageDecoder): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let piece = pull(decoder); piece !== null; piece = pull(decoder)) parts.push(piece.slice());
  return joined(parts);
}

function contentOf(decoder: MessageDecoder): Uint8Array {
  const content = pullAll(decoder);
  decoder.finish();
  const rest = pullAll(decoder);
  decoder.end();
  return joined([content, rest]);
}

Deno.test("message: what was pushed is given back unmasked, and pulled once", () => {
  const decoder = new MessageDecoder(null);
  const payload = noise(100);
  decoder.begin("binary", false);
  for (const [from, to] of [[0, 3], [3, 7], [7, 100]] as const) {
    const chunk = masked(payload, keyBytes).slice(from, to);
    const before = chunk.slice();
    assertSameBytes(decoder.push(chunk, key, from), payload.subarray(from, to));
    assertSameBytes(chunk, before, "what came is not changed");
    assertSameBytes(pull(decoder) ?? noise(0), payload.subarray(from, to));
    assert.equal(pull(decoder), null);
  }
});

Deno.test("message: without a mask, or with a key of zeros, nothing is copied", () => {
  const decoder = new MessageDecoder(null);
  decoder.begin("binary", false);
  const chunk = noise(10);
  assert.equal(decoder.push(chunk, 0, 0), chunk);
  assert.equal(decoder.pull(), chunk);
});

Deno.test("message: what is compressed is given back compressed, unmasked", () => {
  const decoder = new MessageDecoder(deflate);
  const payload = new Deflater(15, true).compress(utf8("Hello"), true);
  decoder.begin("text", true);
  assertSameBytes(decoder.push(masked(payload, keyBytes), key, 0), payload);
  assertSameBytes(contentOf(decoder), utf8("Hello"));
});

for (const compressed of [false, true]) {
  const name = compressed ? "compressed" : "not compressed";
  const payloadOf = (content: Uint8Array): Uint8Array =>
    compressed ? new Deflater(15, true).compress(content, true) : content;

  Deno.test(`message, ${name}: what is settled is pulled in a later turn, whatever happens meanwhile`, () => {
    const [first, second] = [new MessageDecoder(deflate), new MessageDecoder(deflate)];
    const contents = [joined([noise(1000), new Uint8Array(OUTPUT_SIZE * 3)]), noise(OUTPUT_SIZE)];
    const results: Uint8Array[][] = [[], []];
    const decoders = [first, second];
    const chunks = contents.map((content) => masked(payloadOf(content), keyBytes));
    for (const [index, decoder] of decoders.entries()) {
      const chunk = chunks[index] ?? noise(0);
      decoder.begin("binary", compressed);
      decoder.push(chunk, key, 0);
      decoder.settle();
      chunk.fill(0xa5);
    }
    // In turn: one's pieces do not disturb the other's.
    for (let open = 2; open > 0;) {
      open = 0;
      for (const [index, decoder] of decoders.entries()) {
        const piece = pull(decoder);
        if (piece === null) continue;
        open++;
        results[index]?.push(piece.slice());
        decoder.settle();
      }
    }
    for (const [index, decoder] of decoders.entries()) {
      decoder.finish();
      const content = joined([...results[index] ?? [], pullAll(decoder)]);
      assertSameBytes(content, contents[index] ?? noise(0), `decoder ${index}`);
    }
  });

  Deno.test(`message, ${name}: a text that is not UTF-8 can be gone on with, and the next one is judged anew`, () => {
    const decoder = new MessageDecoder(deflate);
    const wrong = joined([utf8("a"), Uint8Array.of(0xff), utf8("b")]);
    decoder.begin("text", compressed);
    decoder.push(payloadOf(wrong), 0, 0);
    assert.equal(decoder.isInvalidText, false);
    assertSameBytes(contentOf(decoder), wrong);
    assert.equal(decoder.isInvalidText, true);
    for (const type of ["text", "binary"] as const) {
      decoder.begin(type, compressed);
      assert.equal(decoder.isInvalidText, false);
      decoder.push(payloadOf(type === "text" ? utf8("κόσμε") : wrong), 0, 0);
      contentOf(decoder);
      assert.equal(decoder.isInvalidText, false, type);
    }
  });

  Deno.test(`message, ${name}: a text that ends within a code point is invalid at its end`, () => {
    const decoder = new MessageDecoder(deflate);
    for (const type of ["text", "binary"] as const) {
      decoder.begin(type, compressed);
      decoder.push(payloadOf(fromHex("61 e1 bd")), 0, 0);
      pullAll(decoder);
      decoder.finish();
      pullAll(decoder);
      assert.equal(decoder.isInvalidText, false);
      decoder.end();
      assert.equal(decoder.isInvalidText, type === "text");
    }
    decoder.begin("text", compressed);
    decoder.push(payloadOf(fromHex("b9")), 0, 0);
    contentOf(decoder);
    assert.equal(decoder.isInvalidText, true, "it is not gone on with what the last message has left");
  });
}

Deno.test("message: compressed and not, by turns, in one window", () => {
  const decoder = new MessageDecoder(deflate);
  const deflater = new Deflater(15, true);
  for (let round = 0; round < 6; round++) {
    const compressed = round % 2 === 0;
    const content = utf8("Hello, hello ".repeat(round + 1));
    const payload = compressed ? deflater.compress(content, true) : content;
    decoder.begin("text", compressed);
    const parts = piecesOf(masked(payload, keyBytes), 5).map((piece, index) => {
      decoder.push(piece, key, index * 5);
      return pullAll(decoder);
    });
    assertSameBytes(joined([...parts, contentOf(decoder)]), content);
    assert.equal(decoder.isInvalidText, false);
  }
});

Deno.test("message: the window is the one that was agreed to, and no larger (RFC 7692, 7.1.2)", () => {
  for (const windowBits of [8, 9]) {
    const decoder = new MessageDecoder({ windowBits, contextTakeover: true });
    decoder.begin("binary", true);
    decoder.push(fixedBlock(literals(noise(1000))), 0, 0);
    assertSameBytes(contentOf(decoder), noise(1000));
    decoder.begin("binary", true);
    decoder.push(fixedBlock([{ length: 258, distance: 300 }]), 0, 0);
    const piece = decoder.pull();
    if (windowBits === 9) assertSameBytes(piece as Uint8Array, noise(1000).subarray(700, 958));
    else assert.equal(faultLine(piece as WebSocketFault), "fault bad-compression 1007");
  }
});

Deno.test("message: a message that was given up leaves nothing to the next one", () => {
  const decoder = new MessageDecoder({ windowBits: 15, contextTakeover: false });
  decoder.begin("text", false);
  decoder.push(utf8("never pulled"), 0, 0);
  decoder.begin("text", false);
  assert.equal(pull(decoder), null);
  decoder.push(utf8("a"), 0, 0);
  assertSameBytes(contentOf(decoder), utf8("a"));
});

Deno.test("message: the fault of a text that is not UTF-8 (RFC 6455, 8.1)", () => {
  assert.equal(faultLine(invalidText()), "fault invalid-utf8 1007");
});
