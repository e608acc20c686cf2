// A peer's half of permessage-deflate (RFC 7692) by zlib itself, its window kept from message to message: an independent
// judge of what was compressed anew.

import { Buffer } from "node:buffer";
import { constants, createDeflateRaw, createInflateRaw, type DeflateRaw, type InflateRaw } from "node:zlib";
import { latin1Decode, latin1Encode } from "../../lib/bytes/latin1.ts";
import { joined } from "./websocket_frames.ts";

/** RFC 7692, 7.2.1 */
const TAIL = Uint8Array.of(0x00, 0x00, 0xff, 0xff);

export class DeflatePeer implements Disposable {
  readonly #deflate: DeflateRaw;
  readonly #inflate: InflateRaw;

  constructor(windowBits = 15) {
    this.#deflate = createDeflateRaw({ windowBits });
    this.#inflate = createInflateRaw({ windowBits });
  }

  /** The payload of a message; `text` is byte-true. */
  async compress(text: string): Promise<Uint8Array> {
    // RFC 7692, 7.2.3.6
    if (text === "") return Uint8Array.of(0x00);
    return (await flushed(this.#deflate, latin1Encode(text))).subarray(0, -TAIL.length);
  }

  /** The content of a message, byte-true. */
  async decompress(payload: Uint8Array): Promise<string> {
    return latin1Decode(await flushed(this.#inflate, joined([payload, TAIL])));
  }

  [Symbol.dispose](): void {
    this.#deflate.close();
    this.#inflate.close();
  }
}

/** All that comes of some bytes, put in. */
function flushed(stream: DeflateRaw | InflateRaw, bytes: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const pieces: Uint8Array[] = [];
    const take = (piece: Uint8Array) => void pieces.push(piece);
    stream.on("data", take).once("error", reject);
    stream.write(Buffer.from(bytes));
    stream.flush(constants.Z_SYNC_FLUSH, () => {
      stream.off("data", take).off("error", reject);
      resolve(joined(pieces));
    });
  });
}
