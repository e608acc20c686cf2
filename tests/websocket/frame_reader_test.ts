// Frames as bytes, and what the reader says of them, whoever sends them and however they are cut (RFC 6455, 5; RFC 7692, 6).

import assert from "node:assert/strict";
import type { Peer } from "../../lib/http/fault.ts";
import { FrameReader } from "../../lib/websocket/frame_reader.ts";
import { cuts, pieces as piecesOf } from "../kit/cuts.ts";
import { FrameLog } from "./drive.ts";
import { type FaultRow, type FrameRow, type GoodRow, peersOf, toldAfter } from "./frame_rows.ts";
import { frame, fromHex, handBytes, joined, OP, toHex, whole } from "./hand_frames.ts";
import { allLengthRows, rfcExamples, sameAsExamples } from "./length_rows.ts";
import { allOrderRows } from "./order_rows.ts";

const RESERVED = Uint8Array.of(0x83, 0x00);

function newLog(row: FrameRow, peer: Peer): FrameLog {
  return new FrameLog({ peer, compression: row.compression === true });
}

function cutName(pieces: readonly Uint8Array[]): string {
  return `cut ${pieces.length <= 2 ? pieces.map(({ length }) => length).join("+") : "pieces"}`;
}

function runGood(row: GoodRow, peer: Peer): void {
  const bytes = handBytes(row.frames, peer);
  for (const pieces of cuts(bytes)) {
    const name = cutName(pieces);
    const log = newLog(row, peer).feed(pieces);
    assert.deepEqual(log.texts(), row.events, name);
    assert.equal(log.reader.isBetweenMessages, row.inside === undefined, name);
  }
  if (row.inside === "frame") return;
  // What follows a Close frame means nothing; anything else is a frame of its own, and this one is none.
  const junk = newLog(row, peer).feed([joined([bytes, RESERVED, RESERVED])]);
  assert.deepEqual(
    junk.texts(),
    junk.isOver && isClosed(row) ? row.events : [...row.events, "fault reserved-opcode 1002"],
  );
}

function isClosed(row: GoodRow): boolean {
  return row.events.at(-1)?.startsWith("close ") === true;
}

function runFault(row: FaultRow, peer: Peer): void {
  const expected = [...row.before ?? [], `fault ${row.fault}`];
  const bytes = handBytes(row.frames, peer);
  for (const pieces of cuts(bytes)) {
    assert.deepEqual(newLog(row, peer).feed(pieces).texts(), expected, cutName(pieces));
  }
  const junk = joined([bytes, RESERVED, bytes]);
  assert.deepEqual(newLog(row, peer).feed([junk]).texts(), expected, "trailing junk");
  // It is told with the byte that is wrong, not before and not later; what comes after it is dropped.
  const told = toldAfter(row, peer);
  const log = newLog(row, peer);
  log.feed(piecesOf(bytes.slice(0, told - 1), 1));
  assert.equal(log.isOver, false, "told too early");
  log.feed([bytes.slice(told - 1, told)]);
  assert.deepEqual(log.texts(), expected, "not told in time");
  log.feed([bytes.slice(told), RESERVED.slice()]);
  assert.deepEqual(log.texts(), expected, "after the fault");
}

for (const row of [...allLengthRows, ...allOrderRows]) {
  for (const peer of peersOf(row)) {
    Deno.test(`frames of a ${peer}: ${row.name} (${row.rule})`, () => {
      if ("fault" in row) runFault(row, peer);
      else runGood(row, peer);
    });
  }
}

for (const { name, peer, hex, events } of rfcExamples) {
  Deno.test(`frames, example: ${name} (RFC 6455, 5.7)`, () => {
    for (const pieces of cuts(fromHex(hex))) {
      const log = new FrameLog({ peer, compression: false }).feed(pieces);
      assert.deepEqual(log.texts(), events, cutName(pieces));
      assert.equal(
        toHex(joined(log.raw)),
        /^(ping|pong) /.test(events[0] ?? "") ? "" : hex.replaceAll(" ", ""),
      );
    }
  });
}

Deno.test("frames: what makes the rows makes the RFC's examples (RFC 6455, 5.7)", () => {
  for (const [hex, made] of sameAsExamples) assert.equal(toHex(made), hex);
});

Deno.test("frames: chunks without bytes change nothing", () => {
  const pieces = piecesOf(handBytes([whole(OP.text, "Hello"), whole(OP.ping, "a")], "client"), 1);
  const log = new FrameLog({ peer: "client", compression: false });
  log.feed([new Uint8Array(0), ...pieces.flatMap((piece) => [piece, new Uint8Array(0)])]);
  assert.deepEqual(log.texts(), ['text "Hello"', 'ping "a"']);
});

Deno.test("frames: after stop() nothing more is said, in the middle of anything", () => {
  const bytes = handBytes([whole(OP.text, "Hello"), whole(OP.ping, "a"), whole(OP.text, "b")], "client");
  for (let at = 0; at < bytes.length; at++) {
    const log = new FrameLog({ peer: "client", compression: false }).feed([bytes.slice(0, at)]);
    const before = log.texts();
    log.reader.stop();
    log.feed([bytes.slice(at)]);
    assert.deepEqual(log.texts(), before);
  }
});

Deno.test("frames: stop() in the middle of a turn", () => {
  const log = new FrameLog({ peer: "server", compression: false });
  log.reader.receive(handBytes([whole(OP.ping, "a"), whole(OP.ping, "b")], "server"));
  assert.equal(log.reader.next()?.kind, "ping");
  log.reader.stop();
  assert.equal(log.reader.next(), null);
});

/** As much as a reader has to say, or so many events. */
function said(reader: FrameReader, most = Infinity): string[] {
  const texts: string[] = [];
  for (let event = most > 0 ? reader.next() : null; event !== null; event = reader.next()) {
    texts.push(JSON.stringify(event, (_, value) => value instanceof Uint8Array ? toHex(value) : value));
    if (texts.length === most) break;
  }
  return texts;
}

const TALK = handBytes([
  { ...whole(OP.text, "abc"), first: OP.text },
  whole(OP.ping, "d"),
  whole(OP.continuation),
  whole(OP.binary, "efg"),
  whole(OP.close),
], "client");

Deno.test("frames: what was not read of a chunk is settled, and read in a later turn", () => {
  const all = said(readerOf(TALK));
  for (let count = 0; count <= all.length; count++) {
    const chunk = TALK.slice();
    const reader = readerOf(chunk);
    const first = said(reader, count);
    reader.settle();
    chunk.fill(0xa5);
    assert.deepEqual([...first, ...said(reader)], all);
  }
});

Deno.test("frames: a fork stands where the reader does, and neither disturbs the other", () => {
  const all = said(readerOf(TALK));
  for (let at = 0; at <= TALK.length; at++) {
    for (let count = 0; count <= all.length; count++) {
      const chunk = TALK.slice(0, at);
      const reader = readerOf(chunk);
      said(reader, count);
      const fork = reader.fork();
      assert.equal(fork.isBetweenMessages, reader.isBetweenMessages);
      const rest = said(fork);
      assert.deepEqual(said(reader), rest);
      chunk.fill(0xa5);
      const more = TALK.slice(at);
      fork.receive(more);
      const late = said(fork);
      more.fill(0xa5);
      reader.receive(TALK.slice(at));
      assert.deepEqual(said(reader), late);
    }
  }
});

Deno.test("frames: a fork is held to the same rules", () => {
  const bits = handBytes([frame(0xc1, "a")], "client");
  for (const compression of [true, false]) {
    const fork = new FrameReader({ peer: "client", compression }).fork();
    fork.receive(bits.slice());
    assert.equal(fork.next()?.kind, compression ? "frame" : "fault");
    assert.equal(fork.fork().next()?.kind, compression ? "payload" : undefined);
  }
});

function readerOf(chunk: Uint8Array): FrameReader {
  const reader = new FrameReader({ peer: "client", compression: false });
  reader.receive(chunk);
  return reader;
}

Deno.test("frames: an end is one between messages only", () => {
  const bytes = handBytes(
    [{ ...whole(OP.text, "ab"), first: OP.text }, whole(OP.ping, "a"), whole(0, "c")],
    "server",
  );
  const ends = Array.from({ length: bytes.length + 1 }, (_, at) => {
    return new FrameLog({ peer: "server", compression: false }).feed([bytes.slice(0, at)]).reader
      .isBetweenMessages;
  });
  assert.deepEqual(ends, [true, ...Array.from({ length: bytes.length - 1 }, () => false), true]);
});
