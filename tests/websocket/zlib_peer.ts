// Node's zlib as the other end of a compressed direction: an implementation that is not the one in use.

import assert from "node:assert/strict";
import zlib from "node:zlib";
import type { DirectionParameters } from "../../lib/websocket/extensions.ts";
import { joined } from "./hand_frames.ts";

export const TAIL = Uint8Array.of(0x00, 0x00, 0xff, 0xff);

/** The payloads of these messages, compressed one after the other (RFC 7692, 7.2.1). */
export async function zlibPayloads(
  messages: readonly Uint8Array[],
  { windowBits, contextTakeover }: DirectionParameters,
  options: zlib.ZlibOptions = {},
): Promise<Uint8Array<ArrayBuffer>[]> {
  const payloads: Uint8Array<ArrayBuffer>[] = [];
  let stream: zlib.DeflateRaw | null = null;
  for (const message of messages) {
    stream ??= zlib.createDeflateRaw({ ...options, windowBits });
    const compressed = await flushed(stream, message);
    // A flush after a flush makes nothing.
    if (compressed.length === 0) payloads.push(Uint8Array.of(0));
    else {
      assert.deepEqual(compressed.subarray(-4), TAIL);
      payloads.push(compressed.slice(0, -4));
    }
    if (contextTakeover) continue;
    stream.close();
    stream = null;
  }
  stream?.close();
  return payloads;
}

function flushed(stream: zlib.DeflateRaw, message: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  return new Promise((resolve, reject) => {
    const take = (part: Uint8Array): void => void parts.push(part);
    stream.on("data", take).once("error", reject);
    if (message.length > 0) stream.write(message);
    stream.flush(zlib.constants.Z_SYNC_FLUSH, () => {
      stream.off("data", take).off("error", reject);
      resolve(joined(parts));
    });
  });
}

/** What zlib makes of these payloads; it looks no further back than the window, and 64 bytes. */
export function zlibContents(
  payloads: readonly Uint8Array[],
  { windowBits, contextTakeover }: DirectionParameters,
): Uint8Array {
  const whole = (parts: readonly Uint8Array[]): Uint8Array =>
    zlib.inflateRawSync(joined(parts.flatMap((part) => [part, TAIL])), {
      windowBits,
      chunkSize: 64,
      finishFlush: zlib.constants.Z_SYNC_FLUSH,
    });
  // With context takeover the messages are one stream.
  return contextTakeover ? whole(payloads) : joined(payloads.map((payload) => whole([payload])));
}
