// What the bench's WebSocket client sends, and whether what comes back is that.

import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import type { Message } from "./bench_websocket_client.ts";
import { BINARY, FIN, maskedFrame, RSV1, TEXT } from "./bench_websocket_frames.ts";

export interface MessageKind {
  /** Before it is compressed. Bytes. */
  size: number;
  binary: boolean;
  /** With permessage-deflate. */
  deflate: boolean;
}

/** A message, ready to be sent any number of times. */
export interface Variant {
  payload: Uint8Array;
  /** The payload as it travels: maybe compressed. */
  wire: Uint8Array;
  /** That masked, with its head. */
  frame: Uint8Array;
}

/** So many different messages take turns. */
const VARIANTS = 16;
/** One echo in so many is compared byte by byte: coprime to VARIANTS, so that each message has its turn. */
const LOOK_EVERY = 7;
/** What ends a message compressed by itself, and does not travel (RFC 7692, 7.2.1). */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);
const flush = { finishFlush: constants.Z_SYNC_FLUSH };

export function makeVariants({ size, binary, deflate }: MessageKind): Variant[] {
  return Array.from({ length: VARIANTS }, (_, index) => {
    const payload = binary ? randomBytes(size) : text(size, index);
    const wire = deflate ? deflateRawSync(payload, flush).subarray(0, -TAIL.length) : payload;
    const first = FIN | (binary ? BINARY : TEXT) | (deflate ? RSV1 : 0);
    return { payload, wire, frame: maskedFrame(first, wire, randomBytes(4)) };
  });
}

/** What such messages look like. */
function text(size: number, index: number): Uint8Array {
  const start = JSON.stringify({
    id: 48_211_907 + index,
    side: "buy",
    price: "101.25",
    amount: `${index}.0`,
  });
  return Buffer.from(start.padEnd(size, ".").slice(0, size));
}

/**
 * What is wrong with the echo of message number `index`; null: nothing that was looked at, which is the length of
 * each, and the content of each few.
 */
export function echoFault({ payload, isCompressed }: Message, sent: Variant, index: number): string | null {
  const isLookedAt = index % LOOK_EVERY === 0;
  if (sent.wire !== sent.payload) {
    const isSame = isCompressed && payload.length === sent.wire.length;
    if (!isLookedAt || isSame && equal(payload, sent.wire)) return null;
    // A proxy may compress anew, or no more.
    if (isCompressed) payload = inflateRawSync(Buffer.concat([payload, TAIL]), flush);
  } else if (isCompressed) {
    return `the echo of message ${index} is compressed, which was not agreed on`;
  }
  if (payload.length !== sent.payload.length) {
    return `the echo of message ${index} has ${payload.length} bytes instead of ${sent.payload.length}`;
  }
  return isLookedAt && !equal(payload, sent.payload)
    ? `the echo of message ${index} has another content`
    : null;
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
