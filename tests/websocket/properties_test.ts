// Properties: what is written is read, in any cuts; whatever comes, nothing throws, all ends, cuts do not matter and
// what is kept is bounded. What holds for every run is checked by `FrameLog`.

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Peer } from "../../lib/http/fault.ts";
import { cutAt } from "../kit/cuts.ts";
import {
  anyBytes,
  conversation,
  expectedLines,
  key,
  offsets,
  parameters,
  writtenBytes,
  type WrittenFrame,
  writtenFrames,
} from "./arbitraries.ts";
import { assertSameBytes } from "./contents.ts";
import { FrameLog, MessageLog, show } from "./drive.ts";
import { joined } from "./hand_frames.ts";

const peers: readonly Peer[] = ["client", "server"];
const keys = fc.array(key, { minLength: 1, maxLength: 5 });
const farOffsets = fc.array(fc.nat(140_000), { maxLength: 20 });
const NAMES = new Map([[0, "continuation"], [1, "text"], [2, "binary"], [9, "ping"], [10, "pong"]]);

/** What a `FrameLog` must say of it. */
function lineOf({ opcode, fin, compressed, payload }: WrittenFrame): string {
  return `${compressed ? "compressed " : ""}${NAMES.get(opcode)}${fin ? "" : " more"} ${show(payload)}`;
}

for (const peer of peers) {
  Deno.test(`property, ${peer}: frames that were written are read as the same, in any cuts`, () => {
    fc.assert(
      fc.property(conversation, parameters, keys, farOffsets, (conversation, deflate, keys, at) => {
        const frames = writtenFrames({ ...conversation, close: null }, deflate);
        const bytes = writtenBytes(frames, peer, keys);
        const log = new FrameLog({ peer, compression: true }).feed(cutAt(joined(bytes), at));
        assert.deepEqual(log.texts(), frames.map(lineOf));
        assert.equal(log.reader.isBetweenMessages, true);
        const data = bytes.filter((_, index) => (frames[index]?.opcode ?? 0) < 8);
        assertSameBytes(joined(log.raw), joined(data), "what came of data frames");
      }),
      { numRuns: 200 },
    );
  });

  Deno.test(`property, ${peer}: messages that were sent arrive, compressed or not, in any cuts`, () => {
    fc.assert(
      fc.property(
        conversation,
        fc.option(parameters, { nil: null }),
        keys,
        farOffsets,
        (conversation, deflate, keys, at) => {
          const bytes = joined(writtenBytes(writtenFrames(conversation, deflate), peer, keys));
          const log = new MessageLog(peer, deflate).feed(cutAt(bytes, at));
          assert.deepEqual(log.lines, expectedLines(conversation));
          assert.equal(log.isBetweenMessages, true);
        },
      ),
      { numRuns: 300 },
    );
  });

  Deno.test(`property, ${peer}: any bytes in any cuts give the same frames, and then one fault or none`, () => {
    fc.assert(
      fc.property(anyBytes(peer), fc.boolean(), offsets, (bytes, compression, at) => {
        const whole = new FrameLog({ peer, compression }).feed([bytes.slice()]);
        const lines = whole.texts();
        assert.deepEqual(new FrameLog({ peer, compression }).feed(cutAt(bytes, at)).texts(), lines);
        const singles = Array.from(bytes, (byte) => Uint8Array.of(byte));
        assert.deepEqual(new FrameLog({ peer, compression }).feed(singles).texts(), lines);
        const fault = lines.findIndex((line) => /^(fault|close) /.test(line));
        assert.ok(fault < 0 || fault === lines.length - 1);
        // The end is the end.
        if (!whole.isOver) return;
        assert.equal(whole.reader.next(), null);
        assert.deepEqual(whole.feed([bytes.slice()]).texts(), lines);
      }),
      { numRuns: 800 },
    );
  });

  Deno.test(`property, ${peer}: any bytes in any cuts give the same messages, and then one fault or none`, () => {
    const deflate = { windowBits: 15, contextTakeover: true };
    fc.assert(
      fc.property(anyBytes(peer), fc.boolean(), offsets, (bytes, compression, at) => {
        const run = (pieces: readonly Uint8Array[]): string[] =>
          new MessageLog(peer, compression ? deflate : null).feed(pieces).lines;
        const lines = run([bytes.slice()]);
        assert.deepEqual(run(cutAt(bytes, at)), lines);
        assert.deepEqual(run(Array.from(bytes, (byte) => Uint8Array.of(byte))), lines);
        const fault = lines.findIndex((line) => /^(fault|close) /.test(line));
        assert.ok(fault < 0 || fault === lines.length - 1);
      }),
      { numRuns: 800 },
    );
  });
}
