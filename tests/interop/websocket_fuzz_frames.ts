// Cases about single frames (RFC 6455, 5.2, 5.5): framing, PINGs and PONGs, reserved bits, opcodes. Families 1 to 4.

import { Buffer } from "node:buffer";
import type { Framer } from "../kit/websocket_frames.ts";
import { type FuzzCase, wordsFor } from "./websocket_fuzzer.ts";

const SIZES = [0, 1, 125, 126, 127, 128, 65_535, 65_536];

const asText = (length: number) => "*".repeat(length);
const asBinary = (length: number) => Buffer.alloc(length, 0xfe);

export const framing: FuzzCase[] = [
  ...SIZES.map((size): FuzzCase => ({
    name: `1.1 text of ${size} bytes`,
    send: (frames) => [frames.text(asText(size))],
    data: [wordsFor("text", asText(size))],
  })),
  ...SIZES.map((size): FuzzCase => ({
    name: `1.2 binary of ${size} bytes`,
    send: (frames) => [frames.binary(asBinary(size))],
    data: [wordsFor("binary", asBinary(size))],
  })),
  {
    name: "1.1.8 text of 65536 bytes in pieces of 997",
    send: (frames) => [frames.text(asText(65_536))],
    chop: 997,
    data: [wordsFor("text", asText(65_536))],
  },
  {
    name: "1.2.8 binary of 65536 bytes in pieces of 997",
    send: (frames) => [frames.binary(asBinary(65_536))],
    chop: 997,
    data: [wordsFor("binary", asBinary(65_536))],
  },
  {
    name: "many in one write, and in pieces of 3",
    send: (frames) => Array.from({ length: 30 }, (_, at) => frames.text(`m${at}`)),
    chop: 3,
    data: Array.from({ length: 30 }, (_, at) => wordsFor("text", `m${at}`)),
  },
  // RFC 6455, 5.1. The key says which peer it is: none where there must be one, and the other way round.
  {
    name: "a frame with the wrong mask",
    send: (
      frames,
    ) => [frames.text("a"), frames.text("b", { key: isMasked(frames.text()) ? null : Buffer.from("key!") })],
    data: [wordsFor("text", "a")],
    code: 1002,
  },
  // RFC 6455, 5.2: in as few bytes as possible.
  ...[["5 bytes in 16 bits", 2], ["5 bytes in 64 bits", 8]].map(([name, lengthBytes]): FuzzCase => ({
    name: `a length of ${name}; not by ws`,
    send: (frames) => [frames.text("Hello", { lengthBytes: Number(lengthBytes) })],
    code: 1002,
    direct: false,
  })),
];

function isMasked([, second = 0]: Uint8Array): boolean {
  return second >= 0x80;
}

const TEN = Array.from({ length: 10 }, (_, at) => `payload-${at}`);

export const pings: FuzzCase[] = [
  { name: "2.1 without payload", send: (frames) => [frames.ping()], pongs: [""] },
  { name: "2.2 with a text", send: (frames) => [frames.ping("Hello, world!")], pongs: ["Hello, world!"] },
  {
    name: "2.3 with bytes",
    send: (frames) => [frames.ping("\x00\xff\xfe\xfd\xfc\xfb\x00\xff")],
    pongs: ["\x00\xff\xfe\xfd\xfc\xfb\x00\xff"],
  },
  {
    name: "2.4 of 125 bytes",
    send: (frames) => [frames.ping("\xfe".repeat(125))],
    pongs: ["\xfe".repeat(125)],
  },
  { name: "2.5 of 126 bytes", send: (frames) => [frames.ping("\xfe".repeat(126))], code: 1002 },
  {
    name: "2.6 of 125 bytes, byte by byte",
    send: (frames) => [frames.ping("\xfe".repeat(125))],
    chop: 1,
    pongs: ["\xfe".repeat(125)],
  },
  { name: "2.7 a PONG nobody asked for, without payload", send: (frames) => [frames.pong()] },
  { name: "2.8 a PONG nobody asked for", send: (frames) => [frames.pong("unsolicited")] },
  {
    name: "2.9 a PONG nobody asked for, and a PING",
    send: (frames) => [frames.pong("unsolicited"), frames.ping("ping")],
    pongs: ["ping"],
  },
  { name: "2.10 ten", send: (frames) => TEN.map((payload) => frames.ping(payload)), pongs: TEN },
  {
    name: "2.11 ten, byte by byte",
    send: (frames) => TEN.map((payload) => frames.ping(payload)),
    chop: 1,
    pongs: TEN,
  },
  {
    name: "ten between messages",
    send: (frames) => TEN.flatMap((payload) => [frames.ping(payload), frames.text(payload)]),
    pongs: TEN,
    data: TEN.map((payload) => wordsFor("text", payload)),
  },
  { name: "a PONG of 126 bytes", send: (frames) => [frames.pong("\xfe".repeat(126))], code: 1002 },
];

const HELLO = "Hello, world!";

/** A message, then what is wrong, then a PING that must not be answered. */
function afterHello(name: string, wrong: (frames: Framer) => Uint8Array[], chop?: number): FuzzCase {
  return {
    name,
    send: (frames) => [frames.text(HELLO), ...wrong(frames), frames.ping()],
    ...(chop === undefined ? {} : { chop }),
    data: [wordsFor("text", HELLO)],
    code: 1002,
  };
}

export const reserved: FuzzCase[] = [
  { name: "3.1 1 on a text", send: (frames) => [frames.text(HELLO, { reserved: 0x10 })], code: 1002 },
  afterHello("3.2 2 on a text", (frames) => [frames.text(HELLO, { reserved: 0x20 })]),
  afterHello("3.3 3 on a text", (frames) => [frames.text(HELLO, { reserved: 0x30 })], 21),
  afterHello("3.4 4 on a text, byte by byte", (frames) => [frames.text(HELLO, { reserved: 0x40 })], 1),
  {
    name: "3.5 5 on a binary",
    send: (frames) => [frames.binary("\x00\xff", { reserved: 0x50 })],
    code: 1002,
  },
  { name: "3.6 6 on a PING", send: (frames) => [frames.ping(HELLO, { reserved: 0x60 })], code: 1002 },
  { name: "3.7 7 on a Close", send: (frames) => [frames.close(1000, "", { reserved: 0x70 })], code: 1002 },
  afterHello("4 on a continuation", (frames) => [
    frames.text("a", { more: true }),
    frames.continuation("b", { reserved: 0x40 }),
  ]),
];

const RESERVED_OPCODES = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15];

export const opcodes: FuzzCase[] = [
  ...RESERVED_OPCODES.map((opcode): FuzzCase => ({
    name: `4 opcode ${opcode}`,
    send: (frames) => [frames.frame(opcode, "")],
    code: 1002,
  })),
  ...RESERVED_OPCODES.map((opcode): FuzzCase => ({
    name: `4 opcode ${opcode} with a payload`,
    send: (frames) => [frames.frame(opcode, "reserved opcode payload")],
    code: 1002,
  })),
  ...RESERVED_OPCODES.map((opcode) =>
    afterHello(`4 opcode ${opcode} after a message`, (frames) => [frames.frame(opcode, "")])
  ),
  ...RESERVED_OPCODES.map((opcode) =>
    afterHello(`4 opcode ${opcode} after a message, byte by byte`, (frames) => [frames.frame(opcode, "p")], 1)
  ),
];
