// A large message of a WebSocket in either direction, in one frame and in many, whose far side stalls and then goes on:
// nobody holds it, so what is under way stays bounded, and every byte arrives as it was sent. 64 MiB each; 256 MiB with
// MITM_BIG=1.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import process from "node:process";
import { Program } from "../e2e/program.ts";
import { fromClient, fromServer, joined } from "../kit/websocket_frames.ts";
import { bytesAt, type Ends, mebibytes, openEnds, readHead, writeText } from "./memory_transfer.ts";
import { switching, upgradeRequest } from "./websocket_in_memory.ts";

const MEBIBYTE = 1024 * 1024;
const SIZE = (process.env["MITM_BIG"] === "1" ? 256 : 64) * MEBIBYTE;
/** What may be under way while the far side stalls, the system's socket buffers included. */
const UNDER_WAY = 16 * MEBIBYTE;
/** How much the process may grow over one message. */
const GROWTH = 16 * MEBIBYTE;
/** Payload of a fragment. */
const FRAGMENT = 10_000;
const PIECE = 64 * 1024;
/** Nothing moved for this long, so many times in a row: everything is full. Milliseconds. */
const LOOK = 40;
const QUIET_LOOKS = 5;

/** What goes over the wire, piece by piece. Payloads are not masked by us: under any mask they are some binary content. */
function* wire(masks: boolean, inFragments: boolean, size = SIZE): Generator<Uint8Array> {
  const say = masks ? fromClient : fromServer;
  if (!inFragments) {
    yield say.binary("", { says: size });
    for (let at = 0; at < size; at += PIECE) yield bytesAt(at, Math.min(PIECE, size - at));
    return;
  }
  let parts: Uint8Array[] = [];
  for (let at = 0; at < size; at += FRAGMENT) {
    const length = Math.min(FRAGMENT, size - at);
    const header = { says: length, more: at + length < size };
    parts.push(at === 0 ? say.binary("", header) : say.continuation("", header), bytesAt(at, length));
    if (parts.length < 12 && header.more) continue;
    yield joined(parts);
    parts = [];
  }
}

class Sender {
  /** How many bytes the system has taken. */
  taken = 0;
  readonly done: Promise<void>;

  constructor(connection: Deno.Conn, pieces: Iterable<Uint8Array>) {
    this.done = this.#run(connection, pieces);
  }

  /** Waits until nothing more is taken; how much that was. */
  async stopped(): Promise<number> {
    let quiet = 0;
    let seen = -1;
    while (quiet < QUIET_LOOKS) {
      quiet = this.taken === seen ? quiet + 1 : 0;
      seen = this.taken;
      await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
    return this.taken;
  }

  async #run(connection: Deno.Conn, pieces: Iterable<Uint8Array>): Promise<void> {
    for (const piece of pieces) {
      for (let written = 0; written < piece.length;) {
        const count = await connection.write(piece.subarray(written));
        written += count;
        this.taken += count;
      }
    }
  }
}

/** Reads all of `pieces` and compares each byte. */
async function receive(connection: Deno.Conn, pieces: Iterable<Uint8Array>): Promise<void> {
  const buffer = new Uint8Array(PIECE);
  let got = new Uint8Array(0);
  for (const piece of pieces) {
    for (let compared = 0; compared < piece.length;) {
      if (got.length === 0) {
        const count = await connection.read(buffer);
        if (count === null) assert.fail("it ended too early");
        got = buffer.subarray(0, count);
      }
      const length = Math.min(got.length, piece.length - compared);
      const wanted = piece.subarray(compared, compared + length);
      if (Buffer.compare(got.subarray(0, length), wanted) !== 0) assert.fail("other bytes than were sent");
      got = got.subarray(length);
      compared += length;
    }
  }
  assert.equal(got.length, 0);
}

/** A WebSocket, after its handshake. */
async function open(program: Program, ca: string): Promise<Ends> {
  const ends = await openEnds(program.port, ca, false);
  await writeText(ends.client, upgradeRequest());
  await readHead(ends.server);
  await writeText(ends.server, switching());
  await readHead(ends.client);
  return ends;
}

Deno.test(`websocket memory: messages of ${SIZE / MEBIBYTE} MiB to peers that stall: bounded, and whole`, async () => {
  await using program = await Program.start(["--detail", "0"]);
  const ca = await Deno.readTextFile(program.caFile);
  // What the program needs at all is there after the first message each way.
  using first = await open(program, ca);
  for (
    const [from, to, masks] of [[first.client, first.server, true], [
      first.server,
      first.client,
      false,
    ]] as const
  ) {
    const sender = new Sender(from, wire(masks, true, 4 * MEBIBYTE));
    await Promise.all([receive(to, wire(masks, true, 4 * MEBIBYTE)), sender.done]);
  }
  for (const toClient of [true, false]) {
    for (const inFragments of [false, true]) {
      using ends = await open(program, ca);
      const before = await program.memory();
      const { client, server } = ends;
      const [from, to] = toClient ? [server, client] : [client, server];
      const sender = new Sender(from, wire(!toClient, inFragments));
      const stalled = await sender.stopped();
      assert.ok(stalled <= UNDER_WAY, `${mebibytes(stalled)} were taken while nothing was read`);
      const started = performance.now();
      await Promise.all([receive(to, wire(!toClient, inFragments)), sender.done]);
      const seconds = (performance.now() - started) / 1000;
      const after = await program.memory();
      if (before === null || after === null) continue;
      const grown = (bytes: number) => mebibytes(bytes - before.resident);
      console.log(
        `${toClient ? "to the client" : "to the origin"}, in ${
          inFragments ? "fragments" : "one frame"
        }: under way ` +
          `${mebibytes(stalled)}; resident ${mebibytes(before.resident)}, grown at the peak ${
            grown(after.peak)
          }, ` +
          `at the end ${grown(after.resident)}; ${(SIZE / MEBIBYTE / seconds).toFixed(0)} MiB/s`,
      );
      assert.ok(after.peak - before.resident <= GROWTH, `it grew by ${grown(after.peak)}`);
    }
  }
});
