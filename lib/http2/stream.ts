// What is known of one stream (RFC 9113, 5). Plain state: the connection and its parts work on it.

import type { Fields } from "../http/fields.ts";
import { DataQueue } from "./data_queue.ts";
import type { StreamState } from "./stream_states.ts";

export class Http2Stream {
  readonly id: number;
  state: StreamState = "idle";

  // --- What we send ---

  /** What the peer takes, bytes; may be negative (RFC 9113, 6.9.2). */
  sendWindow: number;
  /** Data that waits for a window or for room. */
  readonly queue = new DataQueue();
  /** END_STREAM follows the queue. */
  endQueued = false;
  /** They follow the queue, with END_STREAM. */
  trailersQueued: Fields | null = null;
  /** In the scheduler's rotation. */
  isScheduled = false;
  /** Somebody was told that it takes nothing now, and waits to hear otherwise. */
  isStarved = false;
  /** The final head has been sent. */
  headSent = false;

  // --- What we receive ---

  /** What the peer may still send, bytes. */
  receiveWindow: number;
  /** What the window is when all has been taken, bytes. */
  windowSize: number;
  /** Data that has come and was not given back, bytes with padding. */
  unconsumed = 0;
  /** Given back, but not told the peer yet. */
  unannounced = 0;

  /** The (final) head has been said. */
  headSaid = false;
  /** No more is said of what comes: the message is complete, or lost. */
  isDeaf = false;
  /** What Content-Length still promises, bytes; null without one. */
  expected: number | null = null;
  /** No content may come: a response to HEAD, 204, 304. */
  isBodiless = false;
  interimResponses = 0;
  /** Of the request. */
  method = "";
  /** RFC 9113, 8.5: bytes of a tunnel, once it is open; `held` keeps those that come before. */
  tunnel: "none" | "awaited" | "open" = "none";
  held: DataQueue | null = null;
  /** The peer's END_STREAM came before the tunnel was open. */
  heldEnd = false;

  constructor(id: number, sendWindow: number, receiveWindow: number) {
    this.id = id;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
    this.windowSize = receiveWindow;
  }
}
