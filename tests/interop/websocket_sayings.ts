// Messages for conversations between peers: made the same each time, of every size, form and compressibility.

import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { generatedArray } from "./generated_bytes.ts";

/** A message that a peer program shall send. */
export interface Saying {
  type: "text" | "binary";
  base64: string;
  /** Sizes of the fragments but for the last one, which takes the rest. */
  fragments?: number[];
  /** False: as it is, also where compression was agreed on. */
  compress?: boolean;
}

type More = Pick<Saying, "fragments" | "compress">;

const WORDS = "lorem ipsum dolor ünïcödé sit amet, €uro 語彙 consectetur 🙂 adipiscing elit".split(" ");

export function text(content: string, more: More = {}): Saying {
  return { type: "text", base64: Buffer.from(content).toString("base64"), ...more };
}

export function binary(content: Uint8Array, more: More = {}): Saying {
  return { type: "binary", base64: Buffer.from(content).toString("base64"), ...more };
}

/** `length` bytes of words in an order that does not come again soon: it can be compressed, but not to nothing. */
export function words(length: number, seed = 1): string {
  const made: string[] = [];
  let state = Math.imul(seed, 2654435761) >>> 0;
  let left = length;
  for (;;) {
    state = Math.imul(state, 1664525) + 1013904223 >>> 0;
    const word = `${WORDS[(state >>> 16) % WORDS.length]} `;
    left -= Buffer.byteLength(word);
    if (left < 0) return made.join("") + "-".repeat(left + Buffer.byteLength(word));
    made.push(word);
  }
}

/** `length` bytes in which nothing comes again. */
export const noise = (length: number): Uint8Array<ArrayBuffer> => generatedArray(length);

/** What an end that gets it sees of it. */
export function seen({ type, base64 }: Saying): [type: string, length: number, hash: string] {
  const bytes = Buffer.from(base64, "base64");
  return [type, bytes.length, createHash("sha256").update(bytes).digest("hex")];
}
