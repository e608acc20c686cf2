// What the peer may send: the windows of the connection and its streams (RFC 9113, 5.2 and 6.9), opened again only by
// what the far side has taken.
// Invariants: the connection's window is never smaller than all streams' windows together, so that a stalled stream
// stalls no other; all windows together grow by at most `windowGrowth`; credit that comes in for a stream that is
// gone was given back when it went.

import type { FrameWriter } from "./frame_writer.ts";
import { DEFAULT_WINDOW_SIZE } from "./frame_types.ts";
import type { Http2Limits } from "./limits.ts";
import type { Http2Stream } from "./stream.ts";
import { WindowBudget } from "./window_budget.ts";

/** An update is sent for this many bytes, or for half a smaller window: fewer frames, and the window stays open. */
const UPDATE_SIZE = 256 * 1024;
/** A stream gets a large window from the start while it has at most this much company. */
const FEW_STREAMS = 2;

export class ReceiveWindows {
  readonly #budget: WindowBudget;
  readonly #limits: Readonly<Http2Limits>;
  readonly #writer: FrameWriter;
  /** What the peer may still send on the connection, bytes. */
  #window: number;
  readonly #updateSize: number;
  #unannounced = 0;
  #growthLeft: number;
  #isLost = false;
  readonly #dirty: Http2Stream[] = [];

  /** `budget`: shared with other connections; what is taken of it goes back with a stream's end, or with `lost()`. */
  constructor(limits: Readonly<Http2Limits>, writer: FrameWriter, budget: WindowBudget | undefined) {
    this.#budget = budget ?? new WindowBudget(limits.windowGrowth);
    this.#limits = limits;
    this.#writer = writer;
    this.#growthLeft = limits.windowGrowth;
    const streams = Math.max(limits.concurrentStreams, limits.pushedStreams);
    this.#window = Math.max(DEFAULT_WINDOW_SIZE, streams * limits.streamWindow + limits.windowGrowth);
    this.#updateSize = Math.min(UPDATE_SIZE, this.#window >> 1);
  }

  /** Tells the peer how large the connection's window is. After our SETTINGS. */
  announce(): void {
    if (this.#window > DEFAULT_WINDOW_SIZE) this.#writer.windowUpdate(0, this.#window - DEFAULT_WINDOW_SIZE);
  }

  /** `stream` was opened beside `others` and data is expected: while there are few, its window is large at once. */
  opened(stream: Http2Stream, others: number): void {
    if (others >= FEW_STREAMS) return;
    // Half of what is left, while there may be a second.
    const share = others === 0 ? this.#growthLeft : this.#growthLeft >> 1;
    this.#grow(stream, Math.min(share, this.#limits.earlyStreamWindow - stream.windowSize));
  }

  /** `length` bytes of DATA with padding have begun to come. Which window they do not fit, or null. */
  take(stream: Http2Stream | null, length: number): "connection" | "stream" | null {
    if (length > this.#window) return "connection";
    this.#window -= length;
    if (stream === null) return null;
    if (length > stream.receiveWindow) {
      this.#giveBack(length);
      return "stream";
    }
    stream.receiveWindow -= length;
    stream.unconsumed += length;
    return null;
  }

  /** Data of no stream we know, or care for, has gone by. */
  drop(length: number): void {
    this.#giveBack(length);
  }

  /** `credit` bytes of the stream's data have been passed on. */
  consume(stream: Http2Stream, credit: number): void {
    // Never more than came: what a stream had when it was reset is given back already.
    const bytes = Math.min(credit, stream.unconsumed);
    if (bytes <= 0) return;
    stream.unconsumed -= bytes;
    this.#giveBack(bytes);
    if (stream.unannounced === 0) this.#dirty.push(stream);
    stream.unannounced += bytes;
  }

  /** The stream is lost: all it has sent is given back at once. */
  release(stream: Http2Stream): void {
    this.#giveBack(stream.unconsumed);
    stream.unconsumed = 0;
    this.ended(stream);
  }

  /** The peer will send no more on it: its growth is for others. */
  ended(stream: Http2Stream): void {
    this.#giveUp(stream.windowSize - this.#limits.streamWindow);
    stream.windowSize = this.#limits.streamWindow;
  }

  /** The connection is gone, and its streams with it: nothing grows on it any more. */
  lost(): void {
    this.#giveUp(this.#limits.windowGrowth - this.#growthLeft);
    this.#isLost = true;
  }

  /** Writes the updates that are due. `mayStillSend`: whether the stream's peer has not ended it. */
  flush(mayStillSend: (stream: Http2Stream) => boolean): void {
    if (this.#unannounced >= this.#updateSize) {
      this.#writer.windowUpdate(0, this.#unannounced);
      this.#window += this.#unannounced;
      this.#unannounced = 0;
    }
    if (this.#dirty.length === 0) return;
    let kept = 0;
    for (const stream of this.#dirty) {
      if (!mayStillSend(stream)) stream.unannounced = 0;
      else if (stream.unannounced < Math.min(UPDATE_SIZE, stream.windowSize >> 1)) {
        this.#dirty[kept++] = stream;
      } else this.#update(stream);
    }
    this.#dirty.length = kept;
  }

  #update(stream: Http2Stream): void {
    // The far side keeps up: the window doubles in the time it takes to use it, for as long as that goes on.
    if (stream.unconsumed < stream.windowSize >> 2) this.#widen(stream, stream.unannounced);
    this.#writer.windowUpdate(stream.id, stream.unannounced);
    stream.receiveWindow += stream.unannounced;
    stream.unannounced = 0;
  }

  #grow(stream: Http2Stream, share: number): void {
    const before = stream.unannounced;
    this.#widen(stream, share);
    const grown = stream.unannounced - before;
    if (grown === 0) return;
    stream.unannounced = before;
    stream.receiveWindow += grown;
    this.#writer.windowUpdate(stream.id, grown);
  }

  #widen(stream: Http2Stream, wanted: number): void {
    const { left } = this.#budget;
    const growth = Math.min(
      wanted,
      this.#growthLeft,
      left,
      this.#limits.largeStreamWindow - stream.windowSize,
    );
    if (growth <= 0 || this.#isLost) return;
    this.#growthLeft -= growth;
    this.#budget.left -= growth;
    stream.windowSize += growth;
    stream.unannounced += growth;
  }

  #giveUp(growth: number): void {
    if (this.#isLost) return;
    this.#growthLeft += growth;
    this.#budget.left += growth;
  }

  #giveBack(bytes: number): void {
    this.#unannounced += bytes;
  }
}
