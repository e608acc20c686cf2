// What is decompressed, how much at a time, and what cannot be (RFC 7692, 7.2.2 and 7.2.3; RFC 1951).

import assert from "node:assert/strict";
import zlib from "node:zlib";
import fc from "fast-check";
import { Deflater } from "../../lib/websocket/deflater.ts";
import { Inflater, OUTPUT_SIZE } from "../../lib/websocket/inflater.ts";
import { cutAt, cuts, pieces as piecesOf } from "../kit/cuts.ts";
import { assertSameBytes, Direction, noise, utf8, WINDOW_BITS } from "./contents.ts";
import { corruptPayloads } from "./corrupt_payloads.ts";
import { MessageLog } from "./drive.ts";
import { fixedBlock, literals, type Piece } from "./hand_blocks.ts";
import { frame, fromHex, handBytes, joined, OP, RSV1, whole } from "./hand_frames.ts";
import { TAIL } from "./zlib_peer.ts";

const { Z_SYNC_FLUSH } = zlib.constants;
const FAULT = "bad-compression 1007";
const keeping = { windowBits: 15, contextTakeover: true };
const forgetting = { windowBits: 15, contextTakeover: false };
const hello = 'text "Hello"';

/** RFC 7692, 7.2.3: its frames, byte by byte. */
const examples: readonly { name: string; section: string; hex: string; lines: string[]; takeover?: false }[] =
  [
    { name: "one block", section: "7.2.3.1", hex: "c1 07 f2 48 cd c9 c9 07 00", lines: [hello] },
    {
      name: "one block in two fragments",
      section: "7.2.3.1",
      hex: "41 03 f2 48 cd 80 04 c9 c9 07 00",
      lines: [hello],
    },
    {
      name: "the same window for two messages",
      section: "7.2.3.2",
      hex: "c1 07 f2 48 cd c9 c9 07 00 c1 05 f2 00 11 00 00",
      lines: [hello, hello],
    },
    {
      name: "no window for the second message",
      section: "7.2.3.2",
      hex: "c1 07 f2 48 cd c9 c9 07 00 c1 07 f2 48 cd c9 c9 07 00",
      lines: [hello, hello],
      takeover: false,
    },
    {
      name: "a window that is no longer there",
      section: "7.1.1",
      hex: "c1 07 f2 48 cd c9 c9 07 00 c1 05 f2 00 11 00 00",
      lines: [hello, `fault ${FAULT}`],
      takeover: false,
    },
    {
      name: "without compression",
      section: "7.2.3.3",
      hex: "c1 0b 00 05 00 fa ff 48 65 6c 6c 6f 00",
      lines: [hello],
    },
    { name: "BFINAL", section: "7.2.3.4", hex: "c1 08 f3 48 cd c9 c9 07 00 00", lines: [hello] },
    {
      name: "BFINAL, and the window stays",
      section: "7.2.3.4",
      hex:
        "c1 08 f3 48 cd c9 c9 07 00 00 c1 05 f2 00 11 00 00 c1 08 f3 48 cd c9 c9 07 00 00 c1 05 f2 00 11 00 00",
      lines: [hello, hello, hello, hello],
    },
    {
      name: "two final blocks in one message",
      section: "7.2.3.4",
      hex: "c1 0f f3 48 cd c9 c9 07 00 f3 48 cd c9 c9 07 00 00 c1 05 f2 00 11 00 00",
      lines: ['text "HelloHello"', hello],
    },
    {
      name: "two blocks",
      section: "7.2.3.5",
      hex: "c1 0d f2 48 05 00 00 00 ff ff ca c9 c9 07 00",
      lines: [hello],
    },
    { name: "an empty message", section: "7.2.3.6", hex: "c1 01 00", lines: ['text ""'] },
    {
      name: "empty messages between others, of no bytes too",
      section: "7.2.3.6",
      hex: "c1 07 f2 48 cd c9 c9 07 00 c1 01 00 c1 00 c1 02 02 00 c1 05 f2 00 11 00 00",
      lines: [hello, 'text ""', 'text ""', 'text ""', hello],
    },
    {
      name: "an empty fragment at the end",
      section: "7.2.3.6",
      hex: "41 07 f2 48 cd c9 c9 07 00 80 00",
      lines: [hello],
    },
    {
      name: "empty fragments and a ping",
      section: "7.2.3.6",
      hex: "41 00 00 03 f2 48 cd 89 01 61 00 00 80 04 c9 c9 07 00",
      lines: ['ping "a"', hello],
    },
    {
      name: "messages that are not compressed leave the window alone",
      section: "6",
      hex: "c1 07 f2 48 cd c9 c9 07 00 81 03 61 62 63 82 05 f2 00 11 00 00 c1 05 f2 00 11 00 00",
      lines: [hello, 'text "abc"', 'binary "ò\\u0000\\u0011\\u0000\\u0000"', hello],
    },
  ];

for (const { name, section, hex, lines, takeover } of examples) {
  Deno.test(`inflate, example: ${name} (RFC 7692, ${section})`, () => {
    for (const pieces of cuts(fromHex(hex))) {
      const log = new MessageLog("server", takeover === false ? forgetting : keeping).feed(pieces);
      assert.deepEqual(log.lines, lines);
      if (lines.at(-1)?.startsWith("fault") !== true) assert.equal(log.isBetweenMessages, true);
    }
  });
}

Deno.test("inflate: every cut of a payload into fragments, masked, with pings between (RFC 7692, 6.1)", () => {
  const deflater = new Deflater(15, true);
  const texts = ["Hello, Hello, hello!", "Hello, Hello, hello! Hello!"];
  const [first = noise(0), second = noise(0)] = texts.map((text) => deflater.compress(utf8(text), true));
  for (const fragments of cuts(second)) {
    const frames = fragments.map((fragment, index) => {
      const fin = index === fragments.length - 1 ? 0x80 : 0;
      return frame(fin | (index === 0 ? RSV1 | OP.binary : OP.continuation), fragment);
    });
    const wire = handBytes([
      whole(RSV1 | OP.text, first),
      ...frames.flatMap((frame) => [whole(OP.pong), frame]),
    ], "client");
    for (const pieces of [[wire.slice()], piecesOf(wire, 1)]) {
      const lines = new MessageLog("client", keeping).feed(pieces).lines.filter((line) =>
        !line.startsWith("pong")
      );
      assert.deepEqual(lines, [`text "${texts[0]}"`, `binary "${texts[1]}"`]);
    }
  }
});

/** zlib reads no further than a last block, and we do. */
function inflateAll(bytes: Uint8Array): void {
  let rest = bytes;
  do {
    const { engine } = zlib.inflateRawSync(rest, { finishFlush: Z_SYNC_FLUSH, info: true }) as unknown as {
      engine: { bytesWritten: number };
    };
    rest = rest.subarray(engine.bytesWritten);
  } while (rest.length > 0);
}

for (const { name, section, payload, says } of corruptPayloads) {
  Deno.test(`inflate, wrong: ${name} (RFC 1951, ${section})`, () => {
    assert.throws(() => inflateAll(joined([payload, TAIL])), { message: says });
    const first = new Direction(keeping);
    assert.equal(first.message([payload.slice()]), FAULT);
    for (const pieces of cuts(payload)) {
      const direction = new Direction(keeping);
      assert.equal(direction.message(pieces), FAULT);
      assertSameBytes(direction.received, first.received, "what came before the fault");
    }
    const wire = handBytes([whole(RSV1 | OP.binary, payload), whole(OP.text, "late")], "client");
    for (const pieces of cuts(wire)) {
      assert.deepEqual(new MessageLog("client", keeping).feed(pieces).lines, [`fault ${FAULT}`]);
    }
  });
}

Deno.test("inflate: what was right before a fault comes before it, in one piece with it too", () => {
  const payload = fixedBlock([...literals(utf8("abc")), { length: 258, distance: 4 }]);
  const direction = new Direction(keeping);
  assert.equal(direction.message([payload]), FAULT);
  assertSameBytes(direction.received, utf8("abc"));
});

for (const windowBits of WINDOW_BITS) {
  const window = 2 ** windowBits;
  const reference = (distance: number): Uint8Array => fixedBlock([{ length: 258, distance }]);

  Deno.test(`inflate: a window of 2^${windowBits} holds that many bytes, and no more (RFC 7692, 7.1.2)`, () => {
    for (const before of [window, window + 1, window * 2 + 3, 70_000]) {
      const content = noise(before);
      const direction = new Direction({ windowBits, contextTakeover: true });
      assertSameBytes(direction.content(piecesOf(fixedBlock(literals(content)), 1021)), content);
      const expected = joined([content, new Uint8Array(258)]);
      for (let at = 0; at < 258; at++) expected[before + at] = expected[before + at - window] ?? 0;
      assertSameBytes(direction.content([reference(window)]), expected.subarray(before));
    }
    // The distance codes end at 32 KiB.
    if (windowBits === 15) return;
    const direction = new Direction({ windowBits, contextTakeover: true });
    direction.content([fixedBlock(literals(noise(window * 2)))]);
    assert.equal(direction.message([reference(window + 1)]), FAULT);
  });

  Deno.test(`inflate: a window of 2^${windowBits} begins anew without context takeover (RFC 7692, 7.1.1)`, () => {
    const direction = new Direction({ windowBits, contextTakeover: false });
    const content = noise(window);
    for (let round = 0; round < 3; round++) {
      // Larger than a piece of output, so that the window is in use.
      const large = fixedBlock([
        ...literals(content),
        ...Array<Piece>(300).fill({ length: 258, distance: window }),
      ]);
      assert.equal(direction.content([large]).length, window + 300 * 258);
      assertSameBytes(direction.content([fixedBlock(literals(content))]), content);
    }
    assert.equal(direction.message([reference(1)]), FAULT);
  });
}

/** Zeros that take a thousandth of their length. */
function bomb(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    zlib.deflateRawSync(new Uint8Array(length), { level: 9, finishFlush: Z_SYNC_FLUSH }).subarray(0, -4),
  );
}

Deno.test("inflate: 64 KiB that become 64 MiB are made as they are pulled, piece by piece", () => {
  const total = 64 * 1024 * 1024;
  const payload = bomb(total);
  assert.ok(payload.length < 68 * 1024);
  const inflater = new Inflater(15, true);
  inflater.begin();
  inflater.push(payload);
  let length = 0;
  let pulls = 0;
  const pullAll = (): void => {
    for (let piece = inflater.pull(); piece !== null; piece = inflater.pull()) {
      assert.ok(piece instanceof Uint8Array && piece.length <= OUTPUT_SIZE);
      // One buffer for all pieces.
      assert.equal(piece.buffer.byteLength, OUTPUT_SIZE);
      length += piece.length;
      pulls++;
      // The turn ends here, and the chunk is gone.
      if (pulls % 100 === 1) {
        inflater.settle();
        payload.fill(0xff);
      }
    }
  };
  pullAll();
  inflater.finish();
  pullAll();
  assert.equal(length, total);
  assert.ok(pulls >= total / OUTPUT_SIZE);
});

Deno.test("inflate: a message of exactly one piece of output, and one byte more or less", () => {
  for (const length of [OUTPUT_SIZE - 1, OUTPUT_SIZE, OUTPUT_SIZE + 1, OUTPUT_SIZE * 2]) {
    const direction = new Direction(keeping);
    for (let round = 0; round < 3; round++) {
      assertSameBytes(direction.content([bomb(length)]), new Uint8Array(length));
      assertSameBytes(
        direction.content([new Deflater(15, false).compress(noise(length), true)]),
        noise(length),
      );
    }
  }
});

Deno.test("inflate: what bytes say is made before the next ones come, at the end of a piece of output too", () => {
  const payload = fixedBlock([{ literal: 97 }, ...Array<Piece>(256).fill({ length: 258, distance: 1 })]);
  for (let at = payload.length - 20; at <= payload.length; at++) {
    const begun = payload.slice(0, at);
    const inflater = new Inflater(15, true);
    inflater.begin();
    inflater.push(begun);
    let length = 0;
    for (let piece = inflater.pull(); piece !== null; piece = inflater.pull()) {
      assert.ok(piece instanceof Uint8Array);
      length += piece.length;
    }
    assert.equal(length, zlib.inflateRawSync(begun, { finishFlush: Z_SYNC_FLUSH }).length, `${at} bytes`);
  }
});

Deno.test("inflate: many empty blocks, last ones too, make nothing and come to an end", () => {
  const stored = joined(Array.from({ length: 13_000 }, () => fromHex("00 00 00 ff ff")));
  const last = joined(Array.from({ length: 5000 }, () => fromHex("03 00")));
  for (const payload of [stored, last]) {
    assert.equal(new Direction(keeping).content([joined([payload, Uint8Array.of(0)])]).length, 0);
  }
});

Deno.test("property: payloads with wrong bytes in them give what zlib makes of them, or a fault, in any cuts", () => {
  const content = fc.oneof(
    fc.string({ maxLength: 200 }).map(utf8),
    fc.uint8Array({ maxLength: 100 }),
    fc.nat(60_000).map((length) => new Uint8Array(length)),
  );
  const change = fc.tuple(fc.nat(300), fc.nat(255));
  fc.assert(
    fc.property(
      content,
      fc.constantFrom(0, 1, 6, 9),
      fc.array(change, { maxLength: 3 }),
      fc.array(fc.nat(300), { maxLength: 6 }),
      (content, level, changes, at) => {
        const finishFlush = Z_SYNC_FLUSH;
        const payload = Uint8Array.from(zlib.deflateRawSync(content, { level, finishFlush }).subarray(0, -4));
        for (const [at, byte] of changes) payload[at % payload.length] = byte;
        const direction = new Direction(keeping);
        const whole = direction.message([payload.slice()]);
        const inPieces = new Direction(keeping);
        assert.deepEqual(inPieces.message(cutAt(payload, at)), whole);
        assertSameBytes(inPieces.received, direction.received);
        let theirs: Uint8Array;
        try {
          theirs = zlib.inflateRawSync(joined([payload, TAIL]), { finishFlush });
        } catch {
          return assert.equal(whole, FAULT);
        }
        // Behind a last block zlib reads no further, and we do.
        if (whole instanceof Uint8Array) assertSameBytes(whole.subarray(0, theirs.length), theirs);
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("inflater: a last block without the empty one behind it, which other programs forgive too, hurts no later message", () => {
  const inflater = new Inflater(15, true);
  const text = (payload: Uint8Array) => {
    inflater.begin();
    inflater.push(payload);
    let content = "";
    for (const finish of [() => {}, () => inflater.finish()]) {
      finish();
      for (let piece = inflater.pull(); piece !== null; piece = inflater.pull()) {
        assert.ok(piece instanceof Uint8Array, "a fault");
        content += new TextDecoder().decode(piece);
      }
    }
    return content;
  };
  // RFC 7692, 7.2.3.4, without its last byte; then 7.2.3.1.
  assert.equal(text(Uint8Array.fromHex("f348cdc9c90700")), "Hello");
  assert.equal(text(Uint8Array.fromHex("f248cdc9c90700")), "Hello");
});
