// What a peer may make us do for nothing (RFC 9113, 10.5), counted without a clock: frames that carry nothing against
// bytes that did, resets against streams that ended well. Answers nobody reads are bounded by not reading either.

import type { Peer, ProtocolFault } from "../http/fault.ts";
import { connectionFault } from "./error_codes.ts";
import type { Http2Limits } from "./limits.ts";

/** Overhead is paid for by this many times as much payload. */
const PAID_BY_PAYLOAD = 8;
/** Resets are paid for by this many streams that ended well. */
const PAID_BY_STREAM = 2;

export class FloodGuard {
  readonly #peer: Peer;
  readonly #limits: Readonly<Http2Limits>;
  #overhead = 0;
  #resets = 0;

  constructor(peer: Peer, limits: Readonly<Http2Limits>) {
    this.#peer = peer;
    this.#limits = limits;
  }

  /** A frame that carries nothing, `bytes` long with its head. */
  idleFrame(bytes: number): ProtocolFault | null {
    this.#overhead += bytes;
    if (this.#overhead <= this.#limits.overhead) return null;
    const message = `More than ${this.#limits.overhead} bytes of frames that carry nothing`;
    return this.#fault(message, "limit: overhead");
  }

  /** Bytes that were of use, in either direction. */
  payload(bytes: number): void {
    this.#overhead = Math.max(0, this.#overhead - bytes * PAID_BY_PAYLOAD);
  }

  /** The peer took a stream back, or made us. */
  reset(): ProtocolFault | null {
    if (++this.#resets <= this.#limits.resets) return null;
    return this.#fault(
      `More than ${this.#limits.resets} streams reset beyond those that ended well`,
      "limit: resets",
    );
  }

  streamEnded(): void {
    this.#resets = Math.max(0, this.#resets - PAID_BY_STREAM);
  }

  #fault(message: string, rule: string): ProtocolFault {
    return connectionFault(this.#peer, "ENHANCE_YOUR_CALM", message, rule);
  }
}
