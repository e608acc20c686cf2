// Frames of every length, said in every way; masks; pings and pongs (RFC 6455, 5.2, 5.3, 5.5 and 5.7).

import type { FaultRow, FrameRow, GoodRow } from "./frame_rows.ts";
import { begun, frame, fromHex, handBytes, type HandFrame, KEY, OP, whole } from "./hand_frames.ts";

const stars = (length: number): string => "*".repeat(length);
const shown = (length: number): string => length > 100 ? `"*" x ${length}` : JSON.stringify(stars(length));

const borders = [0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537];

const lengthRows: GoodRow[] = borders.map((length) => ({
  name: `${length} bytes, and a text`,
  rule: "RFC 6455, 5.2",
  frames: [whole(length % 2 === 0 ? OP.binary : OP.text, stars(length)), whole(OP.text, "next")],
  events: [`${length % 2 === 0 ? "binary" : "text"} ${shown(length)}`, 'text "next"'],
}));

/** `bytes`: of the header that said it, when it is told. */
function wrongLength(length: number, lengthBytes: 2 | 8, first: number = 0x80 | OP.binary): FaultRow {
  return {
    name: `${length} in ${lengthBytes * 8} bits`,
    rule: "RFC 6455, 5.2",
    frames: [frame(first, stars(Math.min(length, 300)), { lengthBytes, says: BigInt(length) })],
    fault: "bad-length 1002",
    told: 2 + lengthBytes,
  };
}

const longerThanNeeded: FaultRow[] = [
  wrongLength(0, 2),
  wrongLength(1, 2),
  wrongLength(125, 2),
  wrongLength(0, 8),
  wrongLength(125, 8),
  wrongLength(126, 8),
  wrongLength(65_535, 8),
  { ...wrongLength(125, 2, OP.text), name: "125 in 16 bits, a first fragment" },
];

function hugeLength(says: bigint, fault: string): FaultRow {
  const frames = [whole(OP.binary, "abc", { says })];
  return { name: `a length of ${says}`, rule: "RFC 6455, 5.2", frames, fault, told: 10 };
}

/** The frame begins, and that is all. */
function beginsWith(says: bigint): GoodRow {
  return {
    name: `the beginning of ${says} bytes`,
    rule: "RFC 6455, 5.2",
    frames: [whole(OP.binary, "abc", { says })],
    events: [`binary "abc" of ${says}`],
    inside: "frame",
  };
}

const hugeRows: FrameRow[] = [
  beginsWith(2n ** 31n),
  beginsWith(2n ** 32n - 1n),
  beginsWith(2n ** 32n),
  beginsWith(2n ** 53n - 1n),
  hugeLength(2n ** 53n, "frame-too-large 1009"),
  hugeLength(2n ** 53n + 1n, "frame-too-large 1009"),
  hugeLength(2n ** 63n - 1n, "frame-too-large 1009"),
  hugeLength(2n ** 63n, "bad-length 1002"),
  hugeLength(2n ** 63n + 5n, "bad-length 1002"),
  hugeLength(2n ** 64n - 1n, "bad-length 1002"),
];

const partRows: GoodRow[] = [
  { name: "nothing", rule: "RFC 6455, 5.2", frames: [], events: [] },
  {
    name: "a frame without its payload",
    rule: "RFC 6455, 5.2",
    frames: [whole(OP.text, "", { says: 5n })],
    events: ['text "" of 5'],
    inside: "frame",
  },
  {
    name: "a ping without all of its payload",
    rule: "RFC 6455, 5.2",
    frames: [whole(OP.text, "a"), whole(OP.ping, "1234", { says: 5n })],
    events: ['text "a"'],
    inside: "frame",
  },
];

/** A key, and what bytes a payload of zeros turns into with it. */
const keyRows: GoodRow[] = [
  "00000000",
  "00000001",
  "ff000000",
  "ffffffff",
  "80808080",
  "80000000",
  "01020304",
].map((
  key,
) => ({
  name: `the key ${key}`,
  rule: "RFC 6455, 5.3",
  peer: "client",
  frames: [
    whole(OP.binary, stars(150), { key }),
    whole(OP.text, "Hello", { key }),
    whole(OP.ping, "12345", { key }),
    whole(OP.text, "", { key }),
  ],
  events: ['binary "*" x 150', 'text "Hello"', 'ping "12345"', 'text ""'],
}));

/** `handBytes` is what makes the other rows: these are the RFC's own bytes. */
export const rfcExamples: readonly {
  name: string;
  peer: "client" | "server";
  hex: string;
  events: string[];
}[] = [
  { name: "unmasked text", peer: "server", hex: "81 05 48 65 6c 6c 6f", events: ['text "Hello"'] },
  { name: "masked text", peer: "client", hex: "81 85 37 fa 21 3d 7f 9f 4d 51 58", events: ['text "Hello"'] },
  {
    name: "fragmented unmasked text",
    peer: "server",
    hex: "01 03 48 65 6c 80 02 6c 6f",
    events: ['text more "Hel"', 'continuation "lo"'],
  },
  { name: "unmasked ping", peer: "server", hex: "89 05 48 65 6c 6c 6f", events: ['ping "Hello"'] },
  { name: "masked pong", peer: "client", hex: "8a 85 37 fa 21 3d 7f 9f 4d 51 58", events: ['pong "Hello"'] },
  {
    name: "256 bytes of binary",
    peer: "server",
    hex: `82 7e 01 00 ${"2a".repeat(256)}`,
    events: ['binary "*" x 256'],
  },
  {
    name: "64 KiB of binary",
    peer: "server",
    hex: `82 7f 00 00 00 00 00 01 00 00 ${"2a".repeat(65_536)}`,
    events: ['binary "*" x 65536'],
  },
];

function maskFault(name: string, frames: HandFrame[], before: string[] = []): FaultRow[] {
  const wrong = frames.map((frame, index) => index < frames.length - 1 ? frame : { ...frame, key: null });
  const masked = frames.map((frame, index) => index < frames.length - 1 ? frame : { ...frame, key: KEY });
  const rule = "RFC 6455, 5.1";
  return [
    {
      name: `${name}, not masked`,
      rule,
      peer: "client",
      frames: wrong,
      before,
      fault: "unmasked-frame 1002",
      told: 2,
    },
    {
      name: `${name}, masked`,
      rule,
      peer: "server",
      frames: masked,
      before,
      fault: "masked-frame 1002",
      told: 2,
    },
  ];
}

const maskRows: FrameRow[] = [
  ...maskFault("text", [whole(OP.text, "Hello")]),
  ...maskFault("an empty frame", [whole(OP.binary)]),
  ...maskFault("300 bytes", [whole(OP.binary, stars(300))]),
  ...maskFault("64 KiB", [whole(OP.binary, "abc", { says: 65_536n })]),
  ...maskFault("a ping", [whole(OP.ping, "Hello")]),
  ...maskFault("a close", [whole(OP.close)]),
  ...maskFault("a second frame", [whole(OP.text, "a"), whole(OP.text, "b")], ['text "a"']),
  ...maskFault("a second fragment", [begun(OP.text, "a"), whole(OP.continuation, "b")], ['text more "a"']),
  {
    name: "masked with a key of zeros",
    rule: "RFC 6455, 5.1",
    peer: "server",
    frames: [whole(OP.text, "a", { key: "00000000" })],
    fault: "masked-frame 1002",
    told: 2,
  },
];

function control(name: string, opcode: number, payload: string | Uint8Array, event: string): GoodRow {
  return { name, rule: "RFC 6455, 5.5", frames: [whole(opcode, payload)], events: [event] };
}

function largeControl(name: string, opcode: number, length: number, more = {}): FaultRow {
  const frames = [whole(opcode, stars(Math.min(length, 300)), more)];
  return { name, rule: "RFC 6455, 5.5", frames, fault: "large-control 1002", told: 2 };
}

const pingRows: FrameRow[] = [
  control("a ping without payload", OP.ping, "", 'ping ""'),
  control("a ping with text", OP.ping, "Hello, world!", 'ping "Hello, world!"'),
  control(
    "a ping with any bytes",
    OP.ping,
    fromHex("00 ff fe fd fc fb 00 ff"),
    'ping "\\u0000ÿþýüû\\u0000ÿ"',
  ),
  control("a ping of 125 bytes", OP.ping, stars(125), 'ping "*" x 125'),
  control("a pong nobody asked for", OP.pong, "", 'pong ""'),
  control("a pong with payload", OP.pong, "unsolicited", 'pong "unsolicited"'),
  control("a pong of 125 bytes", OP.pong, stars(125), 'pong "*" x 125'),
  {
    name: "a pong, then a ping",
    rule: "RFC 6455, 5.5.3",
    frames: [whole(OP.pong, "a"), whole(OP.ping, "b"), whole(OP.text, "c")],
    events: ['pong "a"', 'ping "b"', 'text "c"'],
  },
  {
    name: "ten pings",
    rule: "RFC 6455, 5.5.2",
    frames: Array.from({ length: 10 }, (_, index) => whole(OP.ping, `payload-${index}`)),
    events: Array.from({ length: 10 }, (_, index) => `ping "payload-${index}"`),
  },
  largeControl("a ping of 126 bytes", OP.ping, 126),
  largeControl("a pong of 126 bytes", OP.pong, 126),
  largeControl("a close of 126 bytes", OP.close, 126),
  largeControl("a ping of 64 KiB", OP.ping, 65_536, { says: 65_536n }),
  largeControl("a ping of 5 bytes, said in 16 bits", OP.ping, 5, { lengthBytes: 2 }),
  largeControl("a pong of 5 bytes, said in 64 bits", OP.pong, 5, { lengthBytes: 8 }),
];

export const allLengthRows: readonly FrameRow[] = [
  ...lengthRows,
  ...longerThanNeeded,
  ...hugeRows,
  ...partRows,
  ...keyRows,
  ...maskRows,
  ...pingRows,
];

/** The RFC's examples as the other rows' maker would have them. */
export const sameAsExamples: readonly [hex: string, made: Uint8Array][] = [
  ["810548656c6c6f", handBytes([whole(OP.text, "Hello")], "server")],
  ["818537fa213d7f9f4d5158", handBytes([whole(OP.text, "Hello")], "client")],
];
