// Puts header blocks together: HEADERS or PUSH_PROMISE, and the CONTINUATION that follows (RFC 9113, 4.3, 6.2, 6.6, 6.10).
// Invariant: what is kept of a block that is under way is bounded in bytes and in frames.

import type { Peer, ProtocolFault } from "../http/fault.ts";
import type { StreamPriority } from "../http/priority.ts";
import { connectionFault, type ErrorCode } from "./error_codes.ts";
import { FLAG, FRAME, MAX_WINDOW_SIZE, readUint32 } from "./frame_types.ts";
import type { Http2Limits } from "./limits.ts";

/** What the first frame of a block said. */
export interface BlockUnderWay {
  stream: number;
  end: boolean;
  priority: (StreamPriority & { kind: "dependency" }) | null;
  /** The stream promised, for PUSH_PROMISE. */
  promised: number | null;
}

export type BlockReading =
  | "more"
  /** `fragment` is the whole block: a view, valid until the next frame. */
  | { underWay: BlockUnderWay; fragment: Uint8Array }
  | { fault: ProtocolFault };

export class HeaderBlockReader {
  readonly #peer: Peer;
  readonly #limits: Readonly<Http2Limits>;
  /** The block whose CONTINUATION is awaited. */
  underWay: BlockUnderWay | null = null;
  #kept: Uint8Array = new Uint8Array(0);
  #keptLength = 0;
  #frames = 0;

  constructor(peer: Peer, limits: Readonly<Http2Limits>) {
    this.#peer = peer;
    this.#limits = limits;
  }

  /** A frame of a block: type, flags, stream and payload. The payload is borrowed. */
  take(type: number, flags: number, stream: number, payload: Uint8Array): BlockReading {
    if (type === FRAME.CONTINUATION) return this.#continuation(flags, payload);
    const name = type === FRAME.HEADERS ? "HEADERS" : "PUSH_PROMISE";
    const rule = type === FRAME.HEADERS ? "RFC 9113, 6.2" : "RFC 9113, 6.6";
    if (stream === 0) return this.#fault("PROTOCOL_ERROR", `${name} on stream 0`, rule);
    let start = 0;
    let end = payload.length;
    if ((flags & FLAG.PADDED) !== 0) {
      if (end === 0) return this.#fault("FRAME_SIZE_ERROR", `${name} is too short for its padding`, rule);
      start = 1;
      end -= payload[0] ?? 0;
      if (end < start) return this.#fault("PROTOCOL_ERROR", `${name} is padded beyond its length`, rule);
    }
    const hasPriority = type === FRAME.HEADERS && (flags & FLAG.PRIORITY) !== 0;
    const extra = type === FRAME.PUSH_PROMISE ? 4 : hasPriority ? 5 : 0;
    if (payload.length - start < extra) {
      return this.#fault("FRAME_SIZE_ERROR", `${name} is too short for what it says it has`, rule);
    }
    if (end - start < extra) {
      return this.#fault("PROTOCOL_ERROR", `${name} is padded beyond its length`, rule);
    }
    const underWay: BlockUnderWay = {
      stream,
      end: type === FRAME.HEADERS && (flags & FLAG.END_STREAM) !== 0,
      priority: hasPriority ? readDependency(payload, start) : null,
      promised: type === FRAME.PUSH_PROMISE ? readUint32(payload, start) & 0x7fff_ffff : null,
    };
    const fragment = payload.subarray(start + extra, end);
    if ((flags & FLAG.END_HEADERS) !== 0) return this.#tooLarge(fragment.length) ?? { underWay, fragment };
    this.underWay = underWay;
    this.#keptLength = this.#frames = 0;
    return this.#keep(fragment);
  }

  #continuation(flags: number, payload: Uint8Array): BlockReading {
    const { underWay } = this;
    if (underWay === null) {
      return this.#fault("PROTOCOL_ERROR", "CONTINUATION of no header block", "RFC 9113, 6.10");
    }
    if (++this.#frames > this.#limits.continuationFrames) {
      const message = `A header block of more than ${this.#limits.continuationFrames} CONTINUATION frames`;
      return this.#fault("ENHANCE_YOUR_CALM", message, "limit: continuation frames");
    }
    const kept = this.#keep(payload);
    if (kept !== "more" || (flags & FLAG.END_HEADERS) === 0) return kept;
    this.underWay = null;
    const fragment = this.#kept.subarray(0, this.#keptLength);
    // Blocks in several frames are rare: nothing is held between them.
    this.#kept = new Uint8Array(0);
    return { underWay, fragment };
  }

  #keep(fragment: Uint8Array): BlockReading {
    const length = this.#keptLength + fragment.length;
    const tooLarge = this.#tooLarge(length);
    if (tooLarge !== null) return tooLarge;
    if (length > this.#kept.length) {
      const grown = new Uint8Array(Math.max(length, Math.min(2 * length, this.#limits.headerBlockSize)));
      grown.set(this.#kept.subarray(0, this.#keptLength));
      this.#kept = grown;
    }
    this.#kept.set(fragment, this.#keptLength);
    this.#keptLength = length;
    return "more";
  }

  #tooLarge(length: number): BlockReading | null {
    const { headerBlockSize } = this.#limits;
    if (length <= headerBlockSize) return null;
    const message = `A header block of more than ${headerBlockSize} bytes`;
    return this.#fault("ENHANCE_YOUR_CALM", message, "limit: header block size");
  }

  #fault(code: ErrorCode, message: string, rule: string): BlockReading {
    return { fault: connectionFault(this.#peer, code, message, rule) };
  }
}

/** RFC 9113, 5.3.2 and 6.3: five bytes at `at`. */
function readDependency(payload: Uint8Array, at: number): StreamPriority & { kind: "dependency" } {
  const first = readUint32(payload, at);
  return {
    kind: "dependency",
    on: first & 0x7fff_ffff,
    exclusive: first > MAX_WINDOW_SIZE,
    weight: (payload[at + 4] ?? 0) + 1,
  };
}
