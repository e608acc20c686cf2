// Cases about permessage-deflate (RFC 7692): sizes, parameters, and what is no compressed message. Families 12 and 13.

import { Buffer } from "node:buffer";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { type Framer, RSV1 } from "../kit/websocket_frames.ts";
import { type Deflate, type FuzzCase, type Squeeze, wordsFor } from "./websocket_fuzzer.ts";
import { noise, words } from "./websocket_sayings.ts";

/** Messages a case, fewer where they are large. */
const COUNT = 8;
const PLAIN: Deflate = { client: {}, server: {} };

/** Byte-true. */
const wordy = (length: number, seed: number) => latin1Decode(Buffer.from(words(length, seed)));

interface Content {
  type: "text" | "binary";
  /** Byte-true. */
  content: string;
}

/** One compressed message, in fragments of `size`. */
async function squeezed(
  frames: Framer,
  squeeze: Squeeze,
  { type, content }: Content,
  size = Infinity,
): Promise<Uint8Array[]> {
  const payload = await squeeze(content);
  if (payload.length <= size) return [frames[type](payload, { reserved: RSV1 })];
  const made: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += size) {
    const piece = payload.subarray(at, at + size);
    const more = at + size < payload.length;
    made.push(
      at === 0 ? frames[type](piece, { more, reserved: RSV1 }) : frames.continuation(piece, { more }),
    );
  }
  return made;
}

const echo = ({ type, content }: Content) => wordsFor(`compressed ${type}`, Buffer.from(content, "latin1"));

function echoes(name: string, deflate: Deflate, contents: Content[], size?: number): FuzzCase {
  return {
    name,
    deflate,
    async send(frames, squeeze) {
      const made: Uint8Array[] = [];
      for (const content of contents) made.push(...await squeezed(frames, squeeze, content, size));
      return made;
    },
    data: contents.map(echo),
  };
}

/** Words, noise, and words that have been there before: far back too. */
const contents = (length: number, count = COUNT): Content[] =>
  Array.from(
    { length: count },
    (_, at) =>
      at % 3 === 2
        ? { type: "binary", content: latin1Decode(noise(length)) }
        : { type: "text", content: wordy(length, at % 4) },
  );

const SIZES = [16, 64, 256, 1024, 4096, 8192, 16_384, 32_768, 65_536, 131_072];

export const compressedSizes: FuzzCase[] = [
  ...SIZES.map((size) => echoes(`12.1 ${size} bytes`, PLAIN, contents(size, size > 32_768 ? 3 : COUNT))),
  ...SIZES.slice(0, 8).map((size) =>
    echoes(`12.1 ${size} bytes in fragments of 256`, PLAIN, contents(size), 256)
  ),
  echoes("a mebibyte of one byte", PLAIN, [{ type: "binary", content: "\0".repeat(1024 * 1024) }]),
  echoes("nothing", PLAIN, [{ type: "text", content: "" }, { type: "binary", content: "" }]),
];

const bits = [undefined, 9, 10, 11, 12, 13, 14, 15];
const withBits = (windowBits: number | undefined, forgets: boolean) => ({
  ...(windowBits === undefined ? {} : { bits: windowBits }),
  ...(forgets ? { forgets } as const : {}),
});

/** Every window and either context, in either direction. */
const windows: FuzzCase[] = [false, true].flatMap((forgets) =>
  bits.flatMap((windowBits) => [
    echoes(
      `13 client ${windowBits}, ${forgets ? "no context" : "context"}`,
      { client: withBits(windowBits, forgets), server: {} },
      contents(3_000, 3),
    ),
    echoes(
      `13 server ${windowBits}, ${forgets ? "no context" : "context"}`,
      { client: {}, server: withBits(windowBits, forgets) },
      contents(3_000, 3),
    ),
    echoes(
      `13 both ${windowBits}, ${forgets ? "no context" : "context"}`,
      { client: withBits(windowBits, forgets), server: withBits(windowBits, forgets) },
      contents((windowBits ?? 15) > 13 ? 40_000 : 3_000, 3),
    ),
  ])
);

export const parameters: FuzzCase[] = [
  ...windows,
  {
    ...echoes("13.7 the first of two offers", { client: {}, server: { bits: 10 } }, contents(3_000, 3)),
    offer: "permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate",
  },
  {
    ...echoes("an offer that nobody knows, and one that is known", PLAIN, contents(3_000, 3)),
    offer: "x-unknown; parameter=1, permessage-deflate",
  },
];

const hello: Content = { type: "text", content: "Hello" };

/** RFC 7692, 7.2.3: the forms its examples have. All of them say "Hello". */
const FORMS = {
  "7.2.3.1 one block": "f248cdc9c90700",
  "7.2.3.3 without compression": "000500faff48656c6c6f00",
  "7.2.3.4 a last block": "f348cdc9c9070000",
  "7.2.3.5 two blocks": "f24805000000ffffcac9c90700",
};

export const deflateForms: FuzzCase[] = [
  ...Object.entries(FORMS).map(([name, digits]): FuzzCase => ({
    name,
    deflate: { client: { forgets: true }, server: { forgets: true } },
    send: (frames) => [frames.text(Buffer.from(digits, "hex"), { reserved: RSV1 })],
    data: [echo(hello)],
  })),
  {
    name: "7.2.3.1 in two fragments, a PING between them",
    deflate: PLAIN,
    send: (frames) => [
      frames.text("\xf2\x48\xcd", { reserved: RSV1, more: true }),
      frames.ping("ping"),
      frames.continuation("\xc9\xc9\x07\x00"),
    ],
    data: [echo(hello)],
    pongs: ["ping"],
  },
  {
    name: "7.2.3.2 the same again, out of the window",
    deflate: PLAIN,
    send: (frames) => [
      frames.text("\xf2\x48\xcd\xc9\xc9\x07\x00", { reserved: RSV1 }),
      frames.text("\xf2\x00\x11\x00\x00", { reserved: RSV1 }),
    ],
    data: [echo(hello), echo(hello)],
  },
  {
    name: "not compressed, between two that are",
    deflate: PLAIN,
    send: async (frames, squeeze) => [
      ...await squeezed(frames, squeeze, hello),
      frames.text("as it is"),
      ...await squeezed(frames, squeeze, hello),
    ],
    // ws compresses what it sends.
    data: [echo(hello), echo({ type: "text", content: "as it is" }), echo(hello)],
  },
];

const fails = (name: string, code: number, send: FuzzCase["send"], data: string[] = []): FuzzCase => ({
  name,
  deflate: PLAIN,
  send,
  code,
  data,
});

/** No block of DEFLATE begins with these bits. */
const NO_DATA = "\xff\xff\xff\xff";

export const deflateFaults: FuzzCase[] = [
  // The zlib of Deno tells ws nothing of it.
  {
    ...fails("no compressed data; not by ws", 1007, (frames) => [frames.text(NO_DATA, { reserved: RSV1 })]),
    direct: false,
  },
  {
    ...fails("no compressed data in the second message; not by ws", 1007, async (frames, squeeze) => [
      ...await squeezed(frames, squeeze, hello),
      frames.binary(NO_DATA, { reserved: RSV1 }),
    ], [echo(hello)]),
    direct: false,
  },
  fails(
    "a text that is not UTF-8",
    1007,
    (frames, squeeze) => squeezed(frames, squeeze, { type: "text", content: "\xed\xa0\x80" }),
  ),
  fails("RSV1 on a continuation", 1002, (frames) => [
    frames.text("\xf2\x48\xcd", { reserved: RSV1, more: true }),
    frames.continuation("\xc9\xc9\x07\x00", { reserved: RSV1 }),
  ]),
  fails(
    "RSV1 on a PING",
    1002,
    (frames) => [frames.ping("\xf2\x48\xcd\xc9\xc9\x07\x00", { reserved: RSV1 })],
  ),
  fails("RSV1 on a Close", 1002, (frames) => [frames.close(1000, "", { reserved: RSV1 })]),
  fails("RSV2", 1002, (frames) => [frames.text("", { reserved: 0x20 })]),
];
