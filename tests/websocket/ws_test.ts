// In step with the npm package ws: what it sends we read, what we send it reads, and it refuses what we refuse.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import type { Peer } from "../../lib/http/fault.ts";
import type { DirectionParameters } from "../../lib/websocket/extensions.ts";
import { cutAt } from "../kit/cuts.ts";
import { PeerProgram } from "../kit/peer_program.ts";
import {
  anyFrame,
  type Conversation,
  conversation,
  expectedLines,
  key,
  offsets,
  parameters,
  writtenBytes,
  writtenFrames,
} from "./arbitraries.ts";
import { allParameters, conversation as contents } from "./contents.ts";
import { MessageLog, show } from "./drive.ts";
import { type FrameRow, peersOf } from "./frame_rows.ts";
import { handBytes, joined } from "./hand_frames.ts";
import { allLengthRows } from "./length_rows.ts";
import { allOrderRows } from "./order_rows.ts";

const PACKAGE = "npm:ws@8.23.0";
const peers: readonly Peer[] = ["client", "server"];

type Event = ["text" | "binary" | "ping" | "pong", string] | ["close", number, string] | ["fault", number];

class Ws implements AsyncDisposable {
  readonly #program: PeerProgram;

  private constructor(program: PeerProgram) {
    this.#program = program;
  }

  static async start(): Promise<Ws> {
    const file = new URL("ws_peer.mjs", import.meta.url).pathname;
    const lock = new URL("ws_peer.lock", import.meta.url).pathname;
    return new Ws(await PeerProgram.startDeno(file, lock, [PACKAGE]));
  }

  /** The bytes of these messages, sent by this peer. */
  async send(
    peer: Peer,
    deflate: DirectionParameters | null,
    { messages, close }: Conversation,
  ): Promise<Uint8Array> {
    const bytes = await this.#program.ask<string>("send", {
      peer,
      deflate,
      messages: messages.map(({ isText, compressed, fragments, controls }) => ({
        binary: !isText,
        compress: compressed && deflate !== null,
        fragments: fragments.map(toBase64),
        controls: controls.map(({ opcode, payload, before }) => ({
          kind: opcode === 9 ? "ping" : "pong",
          payload: toBase64(payload),
          before,
        })),
      })),
      close: close === null || close.code === 1005
        ? close === null ? null : { reason: "" }
        : { code: close.code, reason: toBase64(new TextEncoder().encode(close.reason)) },
    });
    return fromBase64(bytes);
  }

  /** What it makes of what this peer has sent, in the lines of a `MessageLog`; of a fault the close code alone. */
  async receive(
    peer: Peer,
    deflate: DirectionParameters | null,
    pieces: readonly Uint8Array[],
  ): Promise<string[]> {
    const events = await this.#program.ask<Event[]>("receive", {
      peer,
      deflate,
      pieces: pieces.map(toBase64),
    });
    return events.map((event) => {
      if (event[0] === "fault") return `fault ${event[1]}`;
      if (event[0] === "close") return `close ${event[1]} ${JSON.stringify(textOf(fromBase64(event[2])))}`;
      return `${event[0]} ${show(fromBase64(event[1]))}`;
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#program[Symbol.asyncDispose]();
  }
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(text, "base64"));
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

/** `fault unmasked-frame 1002`: ws has no such names. */
function withoutNames(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/^fault \S+ /, "fault "));
}

const keys = fc.array(key, { minLength: 1, maxLength: 3 });
const deflates = fc.option(parameters, { nil: null });

Deno.test("property, ws: what it sends, in fragments and compressed, we read, in any cuts", async () => {
  await using ws = await Ws.start();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...peers),
      deflates,
      conversation,
      offsets,
      async (peer, deflate, conversation, at) => {
        const bytes = await ws.send(peer, deflate, conversation);
        const log = new MessageLog(peer, deflate).feed(cutAt(bytes, at));
        assert.deepEqual(log.lines, expectedLines(conversation));
      },
    ),
    { numRuns: 300, interruptAfterTimeLimit: 20_000 },
  );
});

Deno.test("property, ws: what we send, in fragments and compressed, it reads", async () => {
  await using ws = await Ws.start();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...peers),
      deflates,
      conversation,
      keys,
      offsets,
      async (peer, deflate, conversation, keys, at) => {
        const bytes = joined(writtenBytes(writtenFrames(conversation, deflate), peer, keys));
        assert.deepEqual(await ws.receive(peer, deflate, cutAt(bytes, at)), expectedLines(conversation));
      },
    ),
    { numRuns: 300, interruptAfterTimeLimit: 20_000 },
  );
});

Deno.test("ws: long and repeated contents in one window, both ways, with all parameters", async () => {
  await using ws = await Ws.start();
  const messages = contents.map((content) => ({
    isText: false,
    compressed: true,
    fragments: [content],
    controls: [],
  }));
  const talk = { messages, close: null };
  const expected = expectedLines(talk);
  for (const deflate of allParameters) {
    const theirs = await ws.send("client", deflate, talk);
    assert.deepEqual(new MessageLog("client", deflate).feed([theirs]).lines, expected);
    const ours = joined(writtenBytes(writtenFrames(talk, deflate), "server", [0]));
    assert.deepEqual(await ws.receive("server", deflate, [ours]), expected);
  }
});

/** What ws sees otherwise: lengths may take more bytes than they need, and a wrong text is told at its end. */
const OTHERWISE = /^fault (bad-length|frame-too-large|invalid-utf8) /;

Deno.test("ws: the rows of frames are to it what they are to us", async () => {
  await using ws = await Ws.start();
  const rows: readonly FrameRow[] = [...allLengthRows, ...allOrderRows];
  let same = 0;
  for (const row of rows) {
    // What is compressed in them is nothing that can be decompressed.
    if (row.compression === true) continue;
    for (const peer of peersOf(row)) {
      const bytes = handBytes(row.frames, peer);
      const lines = new MessageLog(peer).feed([bytes.slice()]).lines;
      if (OTHERWISE.test(lines.at(-1) ?? "")) continue;
      assert.deepEqual(await ws.receive(peer, null, [bytes]), withoutNames(lines), row.name);
      same++;
    }
  }
  assert.ok(same > 400);
});

Deno.test("property, ws: frames in any order are to it what they are to us", async () => {
  await using ws = await Ws.start();
  const frames = fc.array(anyFrame, { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...peers), frames, async (peer, frames) => {
      const bytes = handBytes(frames, peer);
      const lines = new MessageLog(peer).feed([bytes.slice()]).lines;
      if (OTHERWISE.test(lines.at(-1) ?? "")) return;
      // It waits for a second byte.
      const more = lines.at(-1)?.startsWith("fault ") === true ? 1 : 0;
      assert.deepEqual(
        await ws.receive(peer, null, [joined([bytes, new Uint8Array(more)])]),
        withoutNames(lines),
      );
    }),
    { numRuns: 500, interruptAfterTimeLimit: 20_000 },
  );
});
