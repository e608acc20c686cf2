// Compression of messages in one direction (RFC 7692, 7.2.1).
// Invariant: what is made refers only to what was made before it within the agreed window.

// @ts-types="./pako_deflate.d.ts"
import { deflate, deflateInit2, deflateReset } from "pako/lib/zlib/deflate.js";
import { PieceList } from "../bytes/piece_list.ts";
import { newZlibStream, Z, type ZlibStream } from "./zlib_stream.ts";

/** Fast: the peers are near, and it is only used once somebody has changed a message. */
const LEVEL = 1;
/** zlib's own default: with a window of 32 KiB a stream takes 256 KiB. */
const MEMORY_LEVEL = 8;
const OUTPUT_SIZE = 16 * 1024;
/** What a flush ends with, and the receiver adds again (RFC 7692, 7.2.1). */
const TAIL_SIZE = 4;
/** RFC 7692, 7.2.3.6: an empty block. */
const EMPTY = new Uint8Array([0x00]);

export class Deflater {
  readonly #stream: ZlibStream = newZlibStream();
  readonly #keepsWindow: boolean;
  readonly #output = new Uint8Array(OUTPUT_SIZE);

  /** `windowBits`: 8 to 15. `contextTakeover`: the window is kept from message to message. */
  constructor(windowBits: number, contextTakeover: boolean) {
    this.#keepsWindow = contextTakeover;
    // zlib has no window of 256 bytes; in one of 512 it refers back 512 - 262 = 250 bytes at most, which fits into 256.
    const bits = -Math.max(9, windowBits);
    deflateInit2(this.#stream, LEVEL, Z.deflated, bits, MEMORY_LEVEL, Z.defaultStrategy);
  }

  /** The next bytes of a message, compressed so that all of them can be decompressed; `end`: they are its last. */
  compress(data: Uint8Array, end: boolean): Uint8Array {
    const stream = this.#stream;
    const pieces = new PieceList();
    stream.input = data;
    stream.next_in = 0;
    stream.avail_in = data.length;
    do {
      stream.output = this.#output;
      stream.next_out = 0;
      stream.avail_out = OUTPUT_SIZE;
      deflate(stream, Z.syncFlush);
      pieces.append(this.#output.subarray(0, stream.next_out));
    } while (stream.avail_out === 0);
    const compressed = pieces.bytes();
    if (!end) return compressed;
    if (!this.#keepsWindow) deflateReset(stream);
    // After a flush nothing is made of no bytes: an empty block is what the end needs.
    return compressed.length < TAIL_SIZE ? EMPTY : compressed.subarray(0, compressed.length - TAIL_SIZE);
  }
}
