// Generators: conversations as they should be, frames that are nearly so, and cuts.

import fc from "fast-check";
import type { Peer } from "../../lib/http/fault.ts";
import { closePayload } from "../../lib/websocket/close_codes.ts";
import { Deflater } from "../../lib/websocket/deflater.ts";
import type { DirectionParameters } from "../../lib/websocket/extensions.ts";
import { frameBytes } from "../../lib/websocket/frame_writer.ts";
import { OPCODE, type Opcode } from "../../lib/websocket/opcodes.ts";
import { WINDOW_BITS } from "./contents.ts";
import { show } from "./drive.ts";
import { frame, fromHex, handBytes, type HandFrame, joined, OP } from "./hand_frames.ts";

/** A frame that is right, and what is said of it. */
export interface WrittenFrame {
  opcode: Opcode;
  fin: boolean;
  compressed: boolean;
  payload: Uint8Array;
}

export interface GeneratedMessage {
  isText: boolean;
  compressed: boolean;
  /** The content of its fragments. */
  fragments: Uint8Array[];
  /** Pings and pongs, each before the fragment of that number. */
  controls: { opcode: typeof OPCODE.ping | typeof OPCODE.pong; payload: Uint8Array; before: number }[];
}

export interface Conversation {
  messages: GeneratedMessage[];
  close: { code: number; reason: string } | null;
}

const size = fc.oneof(
  { weight: 8, arbitrary: fc.nat(20) },
  { weight: 3, arbitrary: fc.constantFrom(0, 1, 47, 48, 49, 124, 125, 126, 127, 128) },
  { weight: 1, arbitrary: fc.constantFrom(65_535, 65_536) },
);
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.tuple(fc.constantFrom("Hello, ", "κόσμε", "🙂"), fc.nat(60)).map(([text, count]) => text.repeat(count)),
).map((text) => new TextEncoder().encode(text));
const binary = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.tuple(size, fc.nat(255)).map(([length, byte]) => new Uint8Array(length).fill(byte)),
);

/** Into so many fragments, of any sizes, empty ones too. */
function fragmented(content: Uint8Array, at: readonly number[]): Uint8Array[] {
  const borders = [
    0,
    ...at.map((place) => place % (content.length + 1)).sort((a, b) => a - b),
    content.length,
  ];
  return borders.slice(1).map((to, index) => content.slice(borders[index], to));
}

const control = fc.record({
  opcode: fc.constantFrom(OPCODE.ping, OPCODE.pong),
  payload: fc.oneof(fc.uint8Array({ maxLength: 10 }), fc.uint8Array({ minLength: 120, maxLength: 125 })),
  before: fc.nat(4),
});

const message: fc.Arbitrary<GeneratedMessage> = fc.boolean().chain((isText) =>
  fc.record({
    isText: fc.constant(isText),
    compressed: fc.boolean(),
    fragments: fc.tuple(isText ? text : binary, fc.array(fc.nat(70_000), { maxLength: 3 })).map((
      [content, at],
    ) => fragmented(content, at)),
    controls: fc.array(control, { maxLength: 2 }),
  })
);

const code = fc.constantFrom(1000, 1001, 1003, 1005, 1007, 1014, 3000, 4999);

export const conversation: fc.Arbitrary<Conversation> = fc.record({
  messages: fc.array(message, { maxLength: 6 }),
  close: fc.option(fc.record({ code, reason: fc.string({ unit: "binary", maxLength: 20 }) }), { nil: null }),
});

export const parameters: fc.Arbitrary<DirectionParameters> = fc.record({
  windowBits: fc.constantFrom(...WINDOW_BITS),
  contextTakeover: fc.boolean(),
});

/** Mask keys: of a server's frames none is used. */
export const key = fc.oneof(fc.nat(2 ** 32 - 1), fc.constantFrom(0, 1, 255, 2 ** 24, 2 ** 31, 2 ** 32 - 1));

/** The frames of it; compressed messages are compressed where that was agreed to. */
export function writtenFrames(
  { messages, close }: Conversation,
  deflate: DirectionParameters | null,
): WrittenFrame[] {
  const deflater = deflate === null ? null : new Deflater(deflate.windowBits, deflate.contextTakeover);
  const frames: WrittenFrame[] = [];
  for (const { isText, compressed, fragments, controls } of messages) {
    for (const [index, content] of fragments.entries()) {
      for (const { opcode, payload, before } of controls) {
        if (before === index) frames.push({ opcode, fin: true, compressed: false, payload });
      }
      const fin = index === fragments.length - 1;
      const isCompressed = compressed && deflater !== null;
      frames.push({
        opcode: index > 0 ? OPCODE.continuation : isText ? OPCODE.text : OPCODE.binary,
        fin,
        compressed: isCompressed && index === 0,
        payload: isCompressed ? deflater.compress(content, fin) : content,
      });
    }
  }
  if (close !== null) {
    const payload = closePayload(close.code, close.reason);
    frames.push({ opcode: OPCODE.close, fin: true, compressed: false, payload });
  }
  return frames;
}

/** The bytes of each frame, in the peer's role. */
export function writtenBytes(
  frames: readonly WrittenFrame[],
  peer: Peer,
  keys: readonly number[],
): Uint8Array[] {
  return frames.map(({ payload, ...parts }, index) =>
    frameBytes({ ...parts, maskKey: peer === "server" ? null : keys[index % keys.length] ?? 0 }, payload)
  );
}

/** What a `MessageLog` must say of it: a ping comes when it comes, a message when its last fragment does. */
export function expectedLines({ messages, close }: Conversation): string[] {
  const lines = messages.flatMap(({ isText, fragments, controls }) => [
    ...fragments.flatMap((_, index) =>
      controls.filter(({ before }) => before === index).map(({ opcode, payload }) =>
        `${opcode === OPCODE.ping ? "ping" : "pong"} ${show(payload)}`
      )
    ),
    `${isText ? "text" : "binary"} ${show(joined(fragments))}`,
  ]);
  if (close === null) return lines;
  return [...lines, `close ${close.code} ${JSON.stringify(close.code === 1005 ? "" : close.reason)}`];
}

/** First bytes: mostly of messages, some of anything. */
const first = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.constantFrom(0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x80, 0xc1, 0xc2, 0x41, 0x89, 0x8a),
  },
  { weight: 1, arbitrary: fc.constantFrom(0x88, 0x09, 0x0a, 0xc0, 0xc9, 0x91, 0xa1, 0x83, 0x8b) },
  { weight: 1, arbitrary: fc.nat(255) },
);
const payloads = fc.oneof(
  fc.uint8Array({ maxLength: 30 }),
  fc.string({ unit: "binary", maxLength: 10 }).map((text) => new TextEncoder().encode(text)),
  fc.constantFrom(...[
    "f248cdc9c90700",
    "f200110000",
    "00",
    "f348cdc9c9070000",
    "f248",
    "cdc9c90700",
    "06",
    "",
    "a3e8e00a46010000",
  ])
    .map(fromHex),
  fc.nat(200).map((length) => new Uint8Array(length)),
);
export const anyFrame: fc.Arbitrary<HandFrame> = fc.record({
  first,
  payload: payloads,
  more: fc.oneof(
    { weight: 15, arbitrary: fc.constant({}) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        { key: null },
        { key: "00000000" },
        { lengthBytes: 2 as const },
        { lengthBytes: 8 as const },
        { says: 3n },
        { says: 126n },
        { says: 2n ** 40n },
        { says: 2n ** 60n },
        { says: 2n ** 63n },
      ),
    },
  ),
}).map(({ first, payload, more }) =>
  frame(first, first === OP.close ? payload.subarray(0, 1) : payload, more)
);

/** What a peer may send, with places overwritten in some cases, and plain rubbish in others. */
export function anyBytes(peer: Peer): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat(500), fc.uint8Array({ minLength: 1, maxLength: 3 }));
  const changes = fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(change, { maxLength: 2 }));
  const nearly = fc.tuple(fc.array(anyFrame, { maxLength: 12 }), changes).map(([frames, changes]) => {
    const bytes = handBytes(frames, peer);
    for (const [at, insert] of changes) {
      if (at + insert.length <= bytes.length) bytes.set(insert, at);
    }
    return bytes as Uint8Array;
  });
  return fc.oneof({ weight: 9, arbitrary: nearly }, {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 100 }),
  });
}

export const offsets = fc.array(fc.nat(600), { maxLength: 12 });
