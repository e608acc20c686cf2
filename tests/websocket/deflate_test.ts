// What Deflater makes, Inflater reads as the same, and so does zlib; and the other way round: for all parameters
// (RFC 7692, 7.1 and 7.2).

import assert from "node:assert/strict";
import zlib from "node:zlib";
import { Deflater } from "../../lib/websocket/deflater.ts";
import { cuts, pieces as piecesOf } from "../kit/cuts.ts";
import {
  allParameters,
  assertSameBytes,
  conversation,
  Direction,
  noise,
  parametersName,
  utf8,
  WINDOW_BITS,
} from "./contents.ts";
import { joined, toHex } from "./hand_frames.ts";
import { zlibContents, zlibPayloads } from "./zlib_peer.ts";

/** The payload of a message whose content comes in these pieces. */
function payloadOf(deflater: Deflater, pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return joined(pieces.map((piece, index) => deflater.compress(piece, index === pieces.length - 1)));
}

for (const parameters of allParameters) {
  const name = parametersName(parameters);
  const { windowBits, contextTakeover } = parameters;

  Deno.test(`deflate: what we compress we read, whole and in pieces, ${name} (RFC 7692, 7.2)`, () => {
    for (const size of [Infinity, 5000, 1]) {
      const deflater = new Deflater(windowBits, contextTakeover);
      const direction = new Direction(parameters);
      for (const [index, content] of conversation.entries()) {
        // Each byte flushed alone takes long.
        if (size === 1 && content.length > 2000) continue;
        const pieces = content.length === 0 ? [content.slice()] : piecesOf(content, size);
        const payload = payloadOf(deflater, pieces);
        assert.ok(payload.length > 0, "there is no message without a byte (RFC 7692, 7.2.3.6)");
        const received = piecesOf(payload, size === 1 ? 1 : 1021);
        assertSameBytes(direction.content(received), content, `message ${index}, pieces of ${size}`);
      }
    }
  });

  Deno.test(`deflate: zlib reads what we compress, ${name} (RFC 7692, 7.2.1)`, () => {
    const deflater = new Deflater(windowBits, contextTakeover);
    const payloads = conversation.map((content) => payloadOf(deflater, [content]));
    assertSameBytes(zlibContents(payloads, parameters), joined(conversation));
    const again = new Deflater(windowBits, contextTakeover);
    const inPieces = conversation.map((content) =>
      payloadOf(again, [...piecesOf(content, 3000), new Uint8Array(0)])
    );
    assertSameBytes(zlibContents(inPieces, parameters), joined(conversation));
  });

  Deno.test(`deflate: we read what zlib compresses, ${name} (RFC 7692, 7.2.2)`, async () => {
    const { Z_FILTERED, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE } = zlib.constants;
    const unusual = [
      ...[0, 1, 9].map((level) => ({ level })),
      ...[Z_FILTERED, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE].map((strategy) => ({ strategy, memLevel: 1 })),
    ];
    for (const option of [{}, ...windowBits === 8 || windowBits === 15 ? unusual : []]) {
      const payloads = await zlibPayloads(conversation, parameters, option);
      const direction = new Direction(parameters);
      for (const [index, payload] of payloads.entries()) {
        const content = direction.content(piecesOf(payload, 5000));
        assertSameBytes(
          content,
          conversation[index] ?? noise(0),
          `${JSON.stringify(option)}, message ${index}`,
        );
      }
    }
  });
}

Deno.test("deflate: a content in two pieces, cut anywhere, and its payload too (RFC 7692, 7.2.1)", () => {
  const content = utf8("Hello, hello, Hello, hello!");
  for (const contextTakeover of [true, false]) {
    for (const pieces of cuts(content)) {
      const deflater = new Deflater(15, contextTakeover);
      const first = payloadOf(deflater, pieces);
      for (const parts of cuts(payloadOf(deflater, pieces))) {
        const direction = new Direction({ windowBits: 15, contextTakeover });
        assertSameBytes(direction.content([first.slice()]), content);
        assertSameBytes(direction.content(parts), content);
      }
    }
  }
});

Deno.test("deflate: an empty message is an empty block, whatever came before it (RFC 7692, 7.2.3.6)", () => {
  for (const { windowBits, contextTakeover } of allParameters) {
    const deflater = new Deflater(windowBits, contextTakeover);
    const empty = new Uint8Array(0);
    const hex = ["", "", "Hello", "", "", "Hello"].map((text) => toHex(deflater.compress(utf8(text), true)));
    assert.deepEqual([hex[0], hex[1], hex[3], hex[4]], ["00", "00", "00", "00"]);
    // The end comes alone: all that was said before it is complete.
    const begun = deflater.compress(utf8("Hello"), false);
    assert.equal(toHex(begun.subarray(-4)), "0000ffff");
    assert.equal(toHex(deflater.compress(empty, true)), "00");
  }
});

Deno.test("deflate: without context takeover the same message is the same payload (RFC 7692, 7.1.1)", () => {
  const without = new Deflater(15, false);
  const first = toHex(without.compress(utf8("Hello, hello"), true));
  assert.equal(toHex(without.compress(utf8("Hello, hello"), true)), first);
  assert.equal(toHex(new Deflater(15, false).compress(utf8("Hello, hello"), true)), first);
  // Within a message the window is kept.
  without.compress(noise(500), false);
  assert.ok(without.compress(noise(500), true).length < 50);
  const keeping = new Deflater(15, true);
  assert.equal(toHex(keeping.compress(utf8("Hello, hello"), true)), first);
  assert.ok(keeping.compress(utf8("Hello, hello"), true).length < first.length / 2);
});

for (const windowBits of WINDOW_BITS) {
  Deno.test(`deflate: nothing refers further back than 2^${windowBits} bytes (RFC 7692, 7.1.2)`, () => {
    const window = 2 ** windowBits;
    const parameters = { windowBits, contextTakeover: true };
    for (const period of [window + 1, window + 10, window + 200, window * 2]) {
      const block = noise(period);
      const payload = new Deflater(windowBits, true).compress(joined([block, block, block]), true);
      assert.ok(payload.length >= period * 3, `what came ${period} bytes before is of no use`);
      assertSameBytes(zlibContents([payload], parameters), joined([block, block, block]));
    }
    // What it keeps is of use: zlib needs 262 bytes of its window for itself.
    const useful = noise(Math.max(window - 262, 250));
    const deflater = new Deflater(windowBits, true);
    deflater.compress(useful, true);
    assert.ok(deflater.compress(useful, true).length < useful.length / 2);
  });
}

Deno.test("deflate: outputs around the size of a piece of output", () => {
  const direction = new Direction({ windowBits: 15, contextTakeover: true });
  const deflater = new Deflater(15, true);
  const lengths = [16, 32, 64].flatMap((size) =>
    Array.from({ length: 40 }, (_, at) => size * 1024 - 32 + at)
  );
  const payloads: Uint8Array[] = [];
  for (const [index, length] of lengths.entries()) {
    const content = noise(length, index + 5);
    const payload = deflater.compress(content, true);
    payloads.push(payload.slice());
    assertSameBytes(direction.content([payload]), content, `${length}`);
  }
  const contents = lengths.map((length, index) => noise(length, index + 5));
  assertSameBytes(zlibContents(payloads, { windowBits: 15, contextTakeover: true }), joined(contents));
});

Deno.test("deflate: what was given is not changed, what was made stays", () => {
  const deflater = new Deflater(15, true);
  const content = utf8("Hello, hello");
  const payload = deflater.compress(content, true);
  const before = toHex(payload);
  assert.deepEqual(content, utf8("Hello, hello"));
  content.fill(0);
  deflater.compress(noise(10_000), true);
  assert.equal(toHex(payload), before);
});
