// Cases about sizes: large messages, in many fragments and in many pieces, and many messages. Families 9 and 10.

import { Buffer } from "node:buffer";
import type { Framer } from "../kit/websocket_frames.ts";
import { type FuzzCase, wordsFor } from "./websocket_fuzzer.ts";
import { noise } from "./websocket_sayings.ts";

const KIB = 1024;
const LARGE = 1024 * KIB;

const asText = (length: number) => "*".repeat(length);

function inFragments(
  frames: Framer,
  type: "text" | "binary",
  content: Uint8Array,
  size: number,
): Uint8Array[] {
  const made: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += size) {
    const piece = content.subarray(at, at + size);
    const more = at + size < content.length;
    made.push(at === 0 ? frames[type](piece, { more }) : frames.continuation(piece, { more }));
  }
  return made;
}

function fragmented(name: string, length: number, size: number): FuzzCase[] {
  const text = Buffer.from(asText(length));
  const binary = noise(length);
  const called = `${name} in fragments of ${size}`;
  return [
    {
      name: `${called}, text`,
      send: (frames) => inFragments(frames, "text", text, size),
      data: [wordsFor("text", text)],
    },
    {
      name: `${called}, binary`,
      send: (frames) => inFragments(frames, "binary", binary, size),
      data: [wordsFor("binary", binary)],
    },
  ];
}

export const sizes: FuzzCase[] = [
  ...[64 * KIB, 256 * KIB, LARGE].flatMap((length): FuzzCase[] => [
    {
      name: `9.1 text of ${length} bytes`,
      send: (frames) => [frames.text(asText(length))],
      data: [wordsFor("text", asText(length))],
    },
    {
      name: `9.2 binary of ${length} bytes`,
      send: (frames) => [frames.binary(noise(length))],
      data: [wordsFor("binary", noise(length))],
    },
  ]),
  ...fragmented("9.3 64 KiB", 64 * KIB, 64),
  ...fragmented("9.3 256 KiB", 256 * KIB, KIB),
  ...fragmented("9.3 1 MiB", LARGE, 256 * KIB),
  ...[64, 512, 2 * KIB].map((chop): FuzzCase => ({
    name: `9.5 text of 64 KiB in pieces of ${chop}`,
    send: (frames) => [frames.text(asText(64 * KIB))],
    chop,
    data: [wordsFor("text", asText(64 * KIB))],
  })),
  ...[0, 16, 64, 256, KIB, 4 * KIB].map((length): FuzzCase => ({
    name: `9.7 a hundred of ${length} bytes`,
    send: (frames) => Array.from({ length: 100 }, () => frames.text(asText(length))),
    chop: LARGE,
    data: Array.from({ length: 100 }, () => wordsFor("text", asText(length))),
  })),
  {
    name: "10.1.1 65536 bytes in fragments of 1300",
    send: (frames) => inFragments(frames, "text", Buffer.from(asText(65_536)), 1_300),
    data: [wordsFor("text", asText(65_536))],
  },
];
