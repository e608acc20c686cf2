// Cases about messages: fragments (RFC 6455, 5.4) and UTF-8 (8.1). Families 5 and 6.

import { Buffer } from "node:buffer";
import type { Framer } from "../kit/websocket_frames.ts";
import { type FuzzCase, wordsFor } from "./websocket_fuzzer.ts";

const [ONE, TWO] = ["fragment1", "fragment2"];
const BOTH = [wordsFor("text", ONE + TWO)];

/** The same frame by frame, all at once and byte by byte. */
function inAllPieces(name: string, rest: Omit<FuzzCase, "name" | "chop">): FuzzCase[] {
  return [
    { name, ...rest },
    { name: `${name}, at once`, ...rest, chop: 1_000_000 },
    { name: `${name}, byte by byte`, ...rest, chop: 1 },
  ];
}

const five = (frames: Framer) => [
  frames.text("f1", { more: true }),
  frames.continuation("f2", { more: true }),
  frames.ping("ping1"),
  frames.continuation("f3", { more: true }),
  frames.continuation("f4", { more: true }),
  frames.ping("ping2"),
  frames.continuation("f5"),
];

export const fragments: FuzzCase[] = [
  {
    name: "5.1 a PING in two",
    send: (frames) => [frames.ping(ONE, { more: true }), frames.continuation(TWO)],
    code: 1002,
  },
  {
    name: "5.2 a PONG in two",
    send: (frames) => [frames.pong(ONE, { more: true }), frames.continuation(TWO)],
    code: 1002,
  },
  {
    name: "a Close in two",
    send: (frames) => [frames.close(1000, "", { more: true }), frames.continuation(TWO)],
    code: 1002,
  },
  ...inAllPieces("5.3 a text in two", {
    send: (frames) => [frames.text(ONE, { more: true }), frames.continuation(TWO)],
    data: BOTH,
  }),
  ...inAllPieces("5.6 a text in two, a PING between them", {
    send: (frames) => [frames.text(ONE, { more: true }), frames.ping("ping"), frames.continuation(TWO)],
    data: BOTH,
    pongs: ["ping"],
  }),
  ...inAllPieces("5.9 a last continuation of nothing, then a text", {
    send: (frames) => [frames.continuation("non-continuation payload"), frames.text("Hello, world!")],
    code: 1002,
  }),
  ...inAllPieces("5.12 a continuation of nothing, then a text", {
    send: (
      frames,
    ) => [frames.continuation("non-continuation payload", { more: true }), frames.text("Hello, world!")],
    code: 1002,
  }),
  {
    name: "5.15 a text in two, a continuation of nothing, a text",
    send: (frames) => [
      frames.text(ONE, { more: true }),
      frames.continuation(TWO),
      frames.continuation("fragment3", { more: true }),
      frames.text("fragment4"),
    ],
    data: BOTH,
    code: 1002,
  },
  ...[true, false].map((more): FuzzCase => ({
    name: `5.16 twice: a continuation of nothing (${more}), a text in two`,
    send: (frames) =>
      [1, 2].flatMap(() => [
        frames.continuation(ONE, { more }),
        frames.text(TWO, { more: true }),
        frames.continuation("fragment3"),
      ]),
    code: 1002,
  })),
  {
    name: "5.18 two texts, the first one not ended",
    send: (frames) => [frames.text(ONE, { more: true }), frames.text(TWO)],
    code: 1002,
  },
  {
    name: "a text not ended, a binary",
    send: (frames) => [frames.text(ONE, { more: true }), frames.binary(TWO)],
    code: 1002,
  },
  ...inAllPieces("5.19 a text in five, two PINGs between them", {
    send: five,
    data: [wordsFor("text", "f1f2f3f4f5")],
    pongs: ["ping1", "ping2"],
  }),
  {
    name: "a binary in a hundred",
    send: (frames) =>
      Array.from(
        { length: 100 },
        (_, at) =>
          at === 0 ? frames.binary("b", { more: true }) : frames.continuation("c", { more: at < 99 }),
      ),
    data: [wordsFor("binary", `b${"c".repeat(99)}`)],
  },
];

/** RFC 3629: what is UTF-8, in hex. */
const VALID = [
  ...["68656c6c6f24776f726c64", "68656c6c6fc2a2776f726c64", "68656c6c6fe282ac776f726c64"],
  ...["68656c6c6ff0a4ada2776f726c64", "cebae1bdb9cf83cebcceb5"],
  // The first and the last of each length.
  ...["00", "c280", "e0a080", "f0908080", "7f", "dfbf", "efbfbf", "f48fbfbf"],
  // Beside the surrogates, and what is no character.
  ...[
    "ed9fbf",
    "ee8080",
    "efbfbd",
    "efbfbe",
    "f09fbfbe",
    "f09fbfbf",
    "f3bfbfbe",
    "f48fbfbe",
    "efb790",
    "efbbbf",
  ],
];

const INVALID = [
  // Of five and six bytes, and above U+10FFFF.
  ...["f888808080", "fc8480808080", "f7bfbfbf", "fbbfbfbfbf", "fdbfbfbfbfbf", "f4908080"],
  // Continuation bytes of nothing.
  ...[
    "80",
    "bf",
    "80bf",
    "80bf80",
    "80bf80bf",
    "80bf80bf80",
    "80bf80bf80bf",
    "808182838485868788898a8b8c8d8e8f",
  ],
  // Beginnings of nothing.
  ...["c020c120c220", "df20", "e020e120", "ef20", "f020f120", "f720", "f820fb20", "fc20fd20"],
  // The last byte is missing.
  ...["c0", "e080", "f08080", "f8808080", "fc80808080", "df", "efbf", "f7bfbf", "fbbfbfbf", "fdbfbfbfbf"],
  "c0e080f08080f8808080fc80808080dfefbff7bfbffbbfbfbffdbfbfbfbf",
  ...["fe", "ff", "fefeffff"],
  // Overlong forms.
  ...["c0af", "e080af", "f08080af", "f8808080af", "fc80808080af", "c1bf", "e09fbf", "f08fbfbf", "f887bfbfbf"],
  ...["fc83bfbfbfbf", "c080", "e08080", "f0808080", "f880808080", "fc8080808080"],
  // Surrogates.
  ...["eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80", "edbfbf", "eda080edb080", "edadbfedbfbf"],
  ...["edae80edb080", "edafbfedbfbf", "cebae1bdb9cf83cebcceb5eda080656469746564"],
];

const KOSME = Buffer.from("cebae1bdb9cf83cebcceb5", "hex");
const isBoundary = (at: number) => at === KOSME.length || ((KOSME[at] ?? 0) & 0xc0) !== 0x80;

const hex = (digits: string) => Buffer.from(digits, "hex");

/** A text, whole and in fragments of one byte, with nothing before and behind it. */
function textCases(name: string, bytes: Uint8Array, isValid: boolean): FuzzCase[] {
  const rest = isValid ? { data: [wordsFor("text", bytes)] } : { code: 1007 };
  return [
    { name, send: (frames) => [frames.text(bytes)], ...rest },
    {
      name: `${name}, in fragments of one byte`,
      send: (frames) => [
        frames.text("", { more: true }),
        ...Array.from(bytes, (byte) => frames.continuation(Uint8Array.of(byte), { more: true })),
        frames.continuation(),
      ],
      ...rest,
    },
  ];
}

/** RFC 6455, 8.1: "immediately", in the suite: before the message has ended. What follows is never sent. */
const FAIL_FAST: FuzzCase[] = [
  {
    name: "6.4.1 in the second fragment of three; not by ws",
    send: (
      frames,
    ) => [frames.text(KOSME, { more: true }), frames.continuation(hex("f4908080"), { more: true })],
    code: 1007,
    direct: false,
  },
  {
    name: "6.4.2 as soon as the code point cannot be, in fragments; not by ws",
    send: (frames) => [
      frames.text(Buffer.concat([KOSME, hex("f4")]), { more: true }),
      frames.continuation(hex("90"), { more: true }),
    ],
    code: 1007,
    direct: false,
  },
  {
    name: "6.4.3 in the middle of a frame; not by ws",
    send: (frames) => [frames.text(Buffer.concat([KOSME, hex("f4908080")]), { says: 100 })],
    code: 1007,
    direct: false,
  },
  {
    name: "6.4.4 as soon as the code point cannot be, byte by byte; not by ws",
    send: (frames) => [frames.text(Buffer.concat([KOSME, hex("f490")]), { says: 100 })],
    chop: 1,
    code: 1007,
    direct: false,
  },
];

export const utf8: FuzzCase[] = [
  { name: "6.1.1 nothing", send: (frames) => [frames.text()], data: [wordsFor("text", "")] },
  {
    name: "6.1.2 nothing in three",
    send: (
      frames,
    ) => [frames.text("", { more: true }), frames.continuation("", { more: true }), frames.continuation()],
    data: [wordsFor("text", "")],
  },
  {
    name: "6.1.3 something between nothing and nothing",
    send: (frames) => [
      frames.text("", { more: true }),
      frames.continuation("middle", { more: true }),
      frames.continuation(),
    ],
    data: [wordsFor("text", "middle")],
  },
  {
    name: "6.2 a code point in two fragments, a PING between them",
    send: (frames) => [
      frames.text(KOSME.subarray(0, 3), { more: true }),
      frames.ping("ping"),
      frames.continuation(KOSME.subarray(3)),
    ],
    data: [wordsFor("text", KOSME)],
    pongs: ["ping"],
  },
  {
    name: "6.3 a message that is right, then one that is not",
    send: (frames) => [frames.text(KOSME), frames.text(hex("eda080"))],
    data: [wordsFor("text", KOSME)],
    code: 1007,
  },
  {
    name: "a code point begun in one message goes not on in the next",
    send: (frames) => [frames.text(hex("ce")), frames.text(hex("ba"))],
    code: 1007,
  },
  {
    name: "a binary may be anything",
    send: (frames) => [frames.binary(hex("eda080"))],
    data: [wordsFor("binary", hex("eda080"))],
  },
  ...FAIL_FAST,
  ...Array.from(
    { length: KOSME.length },
    (_, at) => textCases(`6.6 ${at + 1} bytes`, KOSME.subarray(0, at + 1), isBoundary(at + 1)),
  ).flat(),
  ...VALID.flatMap((digits) => textCases(`6 ${digits}`, hex(digits), true)),
  ...INVALID.flatMap((digits) => textCases(`6 ${digits}`, hex(digits), false)),
];
