// Decompression of messages in one direction (RFC 7692, 7.2.2), pulled piece by piece: who pulls decides how much is
// made of a few bytes, so that no input makes us hold more than OUTPUT_SIZE.
// Invariants: never throws on what a peer sends; the window holds what the agreed parameters say, 32 KiB at most.

// @ts-types="./pako_inflate.d.ts"
import { inflate, inflateInit2, inflateReset, inflateResetKeep } from "pako/lib/zlib/inflate.js";
import type { WebSocketFault } from "./fault.ts";
import { newZlibStream, Z, type ZlibStream } from "./zlib_stream.ts";

/** What one `pull()` gives at most, in bytes. */
export const OUTPUT_SIZE = 64 * 1024;

/** RFC 7692, 7.2.2: what the sender has taken off the end of the message. */
const TAIL = new Uint8Array([0x00, 0x00, 0xff, 0xff]);

/** All streams share it: what was pulled is used before the next pull. */
let output = new Uint8Array(0);

export class Inflater {
  readonly #stream: ZlibStream = newZlibStream();
  readonly #keepsWindow: boolean;
  /** More may come without input. */
  #isFull = false;
  #isFresh = true;
  #anyInput = false;
  /** The input ended with a last block: a sender that forgot the empty one behind it needs no tail (RFC 7692, 7.2.3.4). */
  #endsWithLast = false;

  /** `windowBits`: 8 to 15, of the sender. `contextTakeover`: the window is kept from message to message. */
  constructor(windowBits: number, contextTakeover: boolean) {
    this.#keepsWindow = contextTakeover;
    // RFC 7692, 7.1.2: negative for a stream without header. A larger window than the sender's does no harm.
    inflateInit2(this.#stream, -windowBits);
  }

  /** A message begins. */
  begin(): void {
    if (!this.#keepsWindow && !this.#isFresh) forgetWindow(this.#stream);
    this.#isFresh = false;
    this.#anyInput = false;
  }

  /** The next bytes of the message; they are borrowed until `pull()` has returned null. */
  push(data: Uint8Array): void {
    const stream = this.#stream;
    stream.input = data;
    stream.next_in = 0;
    stream.avail_in = data.length;
    if (data.length === 0) return;
    this.#anyInput = true;
    this.#endsWithLast = false;
  }

  /** Copies what is left of the borrowed bytes. */
  settle(): void {
    const stream = this.#stream;
    stream.input = stream.input.slice(stream.next_in, stream.next_in + stream.avail_in);
    stream.next_in = 0;
  }

  /** All of the message has been pushed and pulled: what is left of it can be pulled now. */
  finish(): void {
    // A message of no bytes at all stands for an empty one.
    if (this.#anyInput && !this.#endsWithLast) this.push(TAIL);
  }

  /** The next piece of what was compressed, at most OUTPUT_SIZE: a view, valid until the next pull of any stream. */
  pull(): Uint8Array | WebSocketFault | null {
    const stream = this.#stream;
    if (output.length === 0) output = new Uint8Array(OUTPUT_SIZE);
    while (stream.avail_in > 0 || this.#isFull) {
      stream.output = output;
      stream.next_out = 0;
      stream.avail_out = OUTPUT_SIZE;
      const status = inflate(stream, Z.syncFlush);
      this.#isFull = stream.avail_out === 0;
      // RFC 7692, 7.2.3.4: a block may be marked as the last one; others follow in the same window.
      if (status === Z.streamEnd) {
        inflateResetKeep(stream);
        this.#isFull = false;
        this.#endsWithLast = stream.avail_in === 0;
      } else if (status !== Z.ok && status !== Z.bufferError) {
        // What was made before it comes first, however the input was cut; then zlib says the same again.
        if (stream.next_out === 0) return this.#fault();
        this.#isFull = true;
      }
      if (stream.next_out > 0) return output.subarray(0, stream.next_out);
      if (status === Z.bufferError) return null;
    }
    return null;
  }

  #fault(): WebSocketFault {
    const { msg } = this.#stream;
    this.#stream.avail_in = 0;
    this.#isFull = false;
    const message = `A compressed message that cannot be decompressed (${msg === "" ? "invalid data" : msg})`;
    return { closeCode: 1007, code: "bad-compression", message, rule: "RFC 7692, 7.2.2" };
  }
}

/** pako's `inflateReset` says that the window has no size, and goes on with the one there is: nothing is remembered then. */
function forgetWindow(stream: ZlibStream): void {
  inflateReset(stream);
  const { state } = stream;
  if (state?.window instanceof Uint8Array) state.wsize = state.window.length;
}
