// Messages that do not go out as they came: changed by a hook, held until they were complete, or compressed anew.
// Invariant: what is compressed here refers only to what was compressed here before it: the receiver has seen all of that.

import { Deflater } from "../websocket/deflater.ts";
import type { DirectionParameters } from "../websocket/extensions.ts";
import { OPCODE } from "../websocket/opcodes.ts";
import type { HeldFrame, MessageUnderWay } from "./websocket_message.ts";
import type { WebSocketSink } from "./websocket_sink.ts";

export class WebSocketRewriter {
  readonly #sink: WebSocketSink;
  readonly #deflate: DirectionParameters | null;
  #deflater: Deflater | null = null;
  #hasDiverged = false;

  constructor(sink: WebSocketSink, deflate: DirectionParameters | null) {
    this.#sink = sink;
    this.#deflate = deflate;
  }

  /** The receiver's window is not the sender's: everything compressed is compressed anew. */
  get hasDiverged(): boolean {
    return this.#hasDiverged;
  }

  /** A compressed message does not reach its receiver as it came. */
  diverge(): void {
    // RFC 7692, 7.1.1: what follows may refer to what its receiver has not seen, unless each message stands for itself.
    if (this.#deflate?.contextTakeover === true) this.#hasDiverged = true;
  }

  /** A held message that was not changed, in the frames it came in. */
  frames(message: MessageUnderWay, content: Uint8Array): void {
    let before: HeldFrame | null = null;
    for (const frame of message.heldFrames(content)) {
      if (before !== null) this.#frame(message, before, false);
      before = frame;
    }
    if (before !== null) this.#frame(message, before, true);
  }

  /** A message with another content, as one frame. */
  whole(message: MessageUnderWay, content: Uint8Array): void {
    if (message.isCompressed) this.compressed(message, content, true);
    else this.#write(message, content, true);
  }

  /** The next frame of a message, to be compressed. */
  compressed(message: MessageUnderWay, content: Uint8Array, fin: boolean): void {
    const { windowBits, contextTakeover } = this.#deflate ?? { windowBits: 15, contextTakeover: true };
    this.#deflater ??= new Deflater(windowBits, contextTakeover);
    this.#write(message, this.#deflater.compress(content, fin), fin);
  }

  #frame(message: MessageUnderWay, { content, compressed }: HeldFrame, fin: boolean): void {
    if (compressed !== null && this.#hasDiverged) this.compressed(message, content, fin);
    else this.#write(message, compressed ?? content, fin);
  }

  #write(message: MessageUnderWay, payload: Uint8Array, fin: boolean): void {
    const isFirst = !message.hasBegun;
    message.hasBegun = true;
    const opcode = isFirst ? OPCODE[message.type] : OPCODE.continuation;
    this.#sink.write(opcode, fin, isFirst && message.isCompressed, payload);
  }
}
