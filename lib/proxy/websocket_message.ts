// A message of a WebSocket on its way through mitm, and how it is passed on: as it came, compressed anew, or held whole.
// Invariant: what is held is at most HELD_MESSAGE_SIZE bytes of content, and the compressed bytes it came in.

import { PieceList } from "../bytes/piece_list.ts";
import type { WebSocketMessage } from "../flow/record.ts";
import type { MessageType } from "../websocket/opcodes.ts";

/** More than this is not held in memory, whatever a hook wants: the connection is closed with 1009. */
export const HELD_MESSAGE_SIZE = 16 * 1024 * 1024;
/** Frames of a held message whose borders are kept; further ones are one. */
const HELD_FRAMES = 65_536;

export type Passing =
  /** Frame by frame, byte for byte. */
  | "as-came"
  /** An earlier message was changed or dropped: its receiver's window is not its sender's any more (RFC 7692, 7.1.1). */
  | "recompressed"
  /** A hook wants to see it whole first. */
  | "held";

/** One frame of a held message. */
export interface HeldFrame {
  content: Uint8Array;
  /** As it was compressed; null where it was not. */
  compressed: Uint8Array | null;
}

export class MessageUnderWay {
  readonly record: WebSocketMessage;
  readonly type: MessageType;
  readonly isCompressed: boolean;
  readonly passing: Passing;
  /** Bytes of content until now. */
  length = 0;
  /** The first frame has gone out: what follows are continuations. */
  hasBegun = false;
  readonly #content = new PieceList();
  readonly #compressed = new PieceList();
  readonly #contentEnds: number[] = [];
  readonly #compressedEnds: number[] = [];

  constructor(record: WebSocketMessage, type: MessageType, passing: Passing) {
    this.record = record;
    this.type = type;
    this.isCompressed = record.compressed;
    this.passing = passing;
  }

  /** A piece of content of a held message. False: it is too much. */
  hold(content: Uint8Array): boolean {
    if (this.#content.length + content.length > HELD_MESSAGE_SIZE) return false;
    this.#content.append(content);
    return true;
  }

  /** The bytes a held message came in, where they are compressed. */
  holdCompressed(data: Uint8Array): boolean {
    if (this.#compressed.length + data.length > HELD_MESSAGE_SIZE) return false;
    this.#compressed.append(data);
    return true;
  }

  /** A frame of a held message has ended. */
  holdFrameEnd(): void {
    if (this.#contentEnds.length >= HELD_FRAMES) {
      this.#contentEnds.pop();
      this.#compressedEnds.pop();
    }
    this.#contentEnds.push(this.#content.length);
    this.#compressedEnds.push(this.#compressed.length);
  }

  heldContent(): Uint8Array {
    return this.#content.bytes();
  }

  /** The frames it came in. `content` is what `heldContent()` gave. */
  *heldFrames(content: Uint8Array): Generator<HeldFrame> {
    const compressed = this.isCompressed ? this.#compressed.bytes() : null;
    let contentStart = 0;
    let compressedStart = 0;
    for (const [index, contentEnd] of this.#contentEnds.entries()) {
      const compressedEnd = this.#compressedEnds[index] ?? 0;
      yield {
        content: content.subarray(contentStart, contentEnd),
        compressed: compressed?.subarray(compressedStart, compressedEnd) ?? null,
      };
      contentStart = contentEnd;
      compressedStart = compressedEnd;
    }
  }
}
