// Cases about the close (RFC 6455, 5.5.1 and 7). Family 7.

import type { Framer } from "../kit/websocket_frames.ts";
import { type FuzzCase, wordsFor } from "./websocket_fuzzer.ts";

const HELLO = [wordsFor("text", "Hello World!")];

/** The code that comes back is the one that was sent. */
const closing = (name: string, code: number, send: FuzzCase["send"], data: string[] = []): FuzzCase => ({
  name,
  send,
  data,
  code,
  closes: "well",
});

const wrong = (name: string, code: number, send: FuzzCase["send"]): FuzzCase => ({
  name,
  send,
  code,
  closes: "badly",
});

const beforeAndAfter = (name: string, after: (frames: Framer) => Uint8Array[]): FuzzCase =>
  closing(name, 1000, (frames) => [frames.text("Hello World!"), frames.close(1000), ...after(frames)], HELLO);

/** RFC 6455, 7.4; 1012 to 1014 are in the registry. */
const VALID_CODES = [
  1000,
  1001,
  1002,
  1003,
  1007,
  1008,
  1009,
  1010,
  1011,
  1012,
  1013,
  1014,
  3000,
  3999,
  4000,
  4999,
];
const INVALID_CODES = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];

export const ends: FuzzCase[] = [
  beforeAndAfter("7.1.1 after a message", () => []),
  beforeAndAfter("7.1.2 two Close frames", (frames) => [frames.close(1001)]),
  beforeAndAfter("7.1.3 a PING behind it", (frames) => [frames.ping("ping")]),
  beforeAndAfter("7.1.4 a message behind it", (frames) => [frames.text("not seen")]),
  beforeAndAfter("what breaks every rule behind it", (frames) => [frames.frame(15, "", { reserved: 0x70 })]),
  closing("7.1.5 between the fragments of a message", 1000, (frames) => [
    frames.text("fragment1", { more: true }),
    frames.close(1000),
    frames.continuation("fragment2"),
  ]),
  closing("7.1.6 behind a large message", 1000, (frames) => [
    frames.text("B".repeat(256 * 1024)),
    frames.close(1000),
    frames.ping(),
  ], [wordsFor("text", "B".repeat(256 * 1024))]),
  closing("7.3.1 without a code", 1005, (frames) => [frames.close()]),
  wrong("7.3.2 half a code", 1002, (frames) => [frames.frame(8, "\x03")]),
  closing("7.3.3 without a reason", 1000, (frames) => [frames.close(1000)]),
  closing("7.3.4 with a reason", 1000, (frames) => [frames.close(1000, "Hello World!")]),
  closing("7.3.5 with a reason of 123 bytes", 1000, (frames) => [frames.close(1000, "*".repeat(123))]),
  wrong("7.3.6 with a reason of 124 bytes", 1002, (frames) => [frames.close(1000, "*".repeat(124))]),
  wrong("7.5.1 with a reason that is not UTF-8", 1007, (frames) => [
    frames.close(1000, "\xce\xba\xe1\xbd\xb9\xed\xa0\x80edited"),
  ]),
  wrong(
    "with a reason that ends inside a code point",
    1007,
    (frames) => [frames.close(1000, "\xce\xba\xe1\xbd")],
  ),
  ...VALID_CODES.map((code) => closing(`7.7 ${code}`, code, (frames) => [frames.close(code, "reason")])),
  ...INVALID_CODES.map((code) => wrong(`7.9 ${code}`, 1002, (frames) => [frames.close(code, "reason")])),
  { ...closing("7.7 1000, byte by byte", 1000, (frames) => [frames.close(1000, "reason")]), chop: 1 },
];
