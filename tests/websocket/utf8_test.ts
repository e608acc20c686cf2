// Which texts are UTF-8, alone and as messages, whole, in frames and in cuts; and when it is told (RFC 6455, 8.1).

import assert from "node:assert/strict";
import fc from "fast-check";
import { Deflater } from "../../lib/websocket/deflater.ts";
import { isUtf8, Utf8Validator } from "../../lib/websocket/utf8.ts";
import { cutAt, cuts, pieces as piecesOf } from "../kit/cuts.ts";
import { MessageLog, show } from "./drive.ts";
import { begun, frame, fromHex, handBytes, type HandFrame, OP, RSV1, whole } from "./hand_frames.ts";
import { invalidTexts, textHex, toldWith, type Utf8Row, validTexts } from "./utf8_rows.ts";

const FAULT = "fault invalid-utf8 1007";
const deflate = { windowBits: 9, contextTakeover: true };

/** With which piece the validator tells that it is wrong; null when never, "end" when only the end does. */
function toldBy(pieces: readonly Uint8Array[]): number | "end" | null {
  const validator = new Utf8Validator();
  for (const [index, piece] of pieces.entries()) if (!validator.push(piece)) return index;
  return validator.isComplete ? null : "end";
}

/** The same, by somebody else. */
function toldByTextDecoder(pieces: readonly Uint8Array[]): number | "end" | null {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for (const [index, piece] of pieces.entries()) {
    try {
      decoder.decode(piece, { stream: true });
    } catch {
      return index;
    }
  }
  try {
    decoder.decode();
    return null;
  } catch {
    return "end";
  }
}

/** A text in one frame, in two, and in frames of one byte with empty ones and pings between. */
function* framings(bytes: Uint8Array): Generator<HandFrame[]> {
  yield [whole(OP.text, bytes)];
  for (let at = 0; at <= bytes.length; at++) {
    yield [begun(OP.text, bytes.slice(0, at)), whole(OP.continuation, bytes.slice(at))];
  }
  const single = piecesOf(bytes, 1).flatMap((
    byte,
  ) => [begun(OP.continuation, byte), whole(OP.ping), begun(OP.continuation)]);
  yield [begun(OP.text), ...single, whole(OP.continuation)];
}

/** The same text, each byte compressed into a frame of its own. */
function compressedFrames(bytes: Uint8Array): HandFrame[] {
  const deflater = new Deflater(9, true);
  const frames = piecesOf(bytes, 1).map((byte, index) =>
    frame(index === 0 ? RSV1 | OP.text : OP.continuation, deflater.compress(byte, false))
  );
  const last = deflater.compress(new Uint8Array(0), true);
  return [...frames, bytes.length === 0 ? whole(RSV1 | OP.text, last) : whole(OP.continuation, last)];
}

function withoutPings(lines: readonly string[]): string[] {
  return lines.filter((line) => !line.startsWith("ping "));
}

function checkMessages(bytes: Uint8Array, expected: string): void {
  for (const frames of framings(bytes)) {
    const wire = handBytes([...frames, whole(OP.text, "next")], "client");
    const lines = expected === FAULT ? [FAULT] : [expected, 'text "next"'];
    for (const pieces of [[wire.slice()], piecesOf(wire, 1)]) {
      assert.deepEqual(withoutPings(new MessageLog("client").feed(pieces).lines), lines);
    }
  }
  const wire = handBytes(compressedFrames(bytes), "server");
  for (const pieces of [[wire.slice()], piecesOf(wire, 1)]) {
    assert.deepEqual(new MessageLog("server", deflate).feed(pieces).lines, [expected]);
  }
}

/** The message's frame has come up to this byte and no further. */
function linesAfter(bytes: Uint8Array, count: number, frames: "one" | "many" | "compressed"): string[] {
  if (frames === "one") {
    const wire = handBytes([whole(OP.text, bytes)], "client");
    return new MessageLog("client").feed([wire.slice(0, wire.length - bytes.length + count)]).lines;
  }
  const made = frames === "many"
    ? piecesOf(bytes, 1).map((byte, index) => begun(index === 0 ? OP.text : OP.continuation, byte))
    : compressedFrames(bytes);
  const wire = handBytes(made.slice(0, count), "server");
  return new MessageLog("server", frames === "many" ? null : deflate).feed([wire]).lines;
}

function rowName(row: Utf8Row): string {
  return `${row.family}: ${row.hex.length > 60 ? `${row.hex.slice(0, 60)}…` : row.hex}`;
}

for (const row of validTexts) {
  Deno.test(`utf8: ${rowName(row)} (RFC 3629, 4)`, () => {
    const bytes = fromHex(textHex(row));
    assert.equal(isUtf8(bytes), true);
    for (const pieces of cuts(bytes)) assert.equal(toldBy(pieces), null);
    checkMessages(bytes, `text ${show(bytes)}`);
  });
}

for (const row of invalidTexts) {
  Deno.test(`utf8, wrong: ${rowName(row)} (RFC 3629, 4)`, () => {
    const bytes = fromHex(textHex(row));
    const told = toldWith(row);
    assert.equal(isUtf8(bytes), false);
    assert.equal(toldBy(piecesOf(bytes, 1)), told === null ? "end" : told - 1);
    for (const pieces of cuts(bytes)) assert.equal(toldBy(pieces), toldByTextDecoder(pieces));
    checkMessages(bytes, FAULT);
    // Fail fast: with the byte that is wrong, in whatever frame it comes.
    for (const frames of ["one", "many", "compressed"] as const) {
      assert.deepEqual(linesAfter(bytes, (told ?? bytes.length) - 1, frames), [], "told too early");
      if (told !== null) assert.deepEqual(linesAfter(bytes, told, frames), [FAULT], "not told in time");
    }
  });
}

Deno.test("utf8: binary messages may be anything", () => {
  for (const row of invalidTexts) {
    const bytes = fromHex(textHex(row));
    const wire = handBytes([whole(OP.binary, bytes), whole(OP.text, "a")], "client");
    assert.deepEqual(new MessageLog("client").feed([wire]).lines, [`binary ${show(bytes)}`, 'text "a"']);
  }
});

Deno.test("utf8: a message begins anew, whatever the one before has left", () => {
  const validator = new Utf8Validator();
  for (const hex of ["e0", "ed", "f0", "f4", "f0 90", "f4 8f bf", "c2"]) {
    for (const text of ["e1 80 80", "f1 80 80 80", "61", "c2 80", "e1 bf bf", "f1 bf bf bf"]) {
      validator.reset();
      assert.equal(validator.push(fromHex(hex)), true);
      validator.reset();
      assert.equal(validator.push(fromHex(text)) && validator.isComplete, true, `${hex}, ${text}`);
    }
  }
});

Deno.test("utf8: every code point is valid, every surrogate is not", () => {
  const encoder = new TextEncoder();
  const validator = new Utf8Validator();
  for (let point = 0; point <= 0x10ffff; point++) {
    const isSurrogate = point >= 0xd800 && point <= 0xdfff;
    const bytes = isSurrogate
      ? Uint8Array.of(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f))
      : encoder.encode(String.fromCodePoint(point));
    validator.reset();
    if ((validator.push(bytes) && validator.isComplete) === isSurrogate) {
      assert.fail(`U+${point.toString(16)}`);
    }
  }
});

Deno.test("utf8: every pair of bytes is what TextDecoder says, whatever follows", () => {
  // Without "fatal", which would throw a million times: what is wrong becomes U+FFFD, and none of these is that itself.
  const decoder = new TextDecoder();
  const rests = [[], ...[0x7f, 0x80, 0xbf, 0xc0].flatMap((third) => [[third], [third, 0x80], [third, 0x7f]])];
  for (let first = 0; first < 256; first++) {
    for (let second = 0; second < 256; second++) {
      // Most that begin with ASCII are the same.
      for (const rest of first < 0x7e ? [[]] : rests) {
        const bytes = Uint8Array.of(first, second, ...rest);
        if (isUtf8(bytes) === decoder.decode(bytes).includes("\ufffd")) assert.fail(`${[...bytes]}`);
      }
    }
  }
});

Deno.test("utf8: a wrong byte is found at every place in ASCII, however the text is aligned", () => {
  for (let length = 0; length < 24; length++) {
    for (let at = 0; at < length; at++) {
      for (let shift = 0; shift < 4; shift++) {
        const bytes = new Uint8Array(length + shift).subarray(shift).fill(0x61);
        assert.equal(isUtf8(bytes), true);
        bytes[at] = 0x80;
        assert.equal(isUtf8(bytes), false);
      }
    }
  }
});

Deno.test("property: utf8 in any cuts is what TextDecoder says, told with the same piece", () => {
  const telling = [0x00, 0x61, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1];
  const byte = fc.constantFrom(...telling, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff);
  const point = fc.string({ unit: "binary", minLength: 1, maxLength: 6 }).map((
    text,
  ) => [...new TextEncoder().encode(text)]);
  const text = fc.array(
    fc.oneof({ weight: 5, arbitrary: point }, { weight: 1, arbitrary: fc.array(byte, { maxLength: 4 }) }),
    {
      maxLength: 8,
    },
  ).map((parts) => Uint8Array.from(parts.flat()));
  fc.assert(
    fc.property(text, fc.array(fc.nat(60), { maxLength: 8 }), (bytes, at) => {
      const pieces = cutAt(bytes, at);
      assert.equal(toldBy(pieces), toldByTextDecoder(pieces));
    }),
    { numRuns: 1000 },
  );
});
