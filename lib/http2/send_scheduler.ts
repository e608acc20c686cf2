// DATA on its way out: within the windows the peer gives (RFC 9113, 5.2 and 6.9), in turns between streams.
// Invariants: nothing is sent beyond either window; no more DATA goes to the output than its high water; a stream's
// data keeps its order, and its end (END_STREAM, trailers) comes last; what waits is owned here, copied once.

import type { OutBuffer } from "../bytes/out_buffer.ts";
import { DEFAULT_WINDOW_SIZE, MAX_WINDOW_SIZE } from "./frame_types.ts";
import type { FrameWriter } from "./frame_writer.ts";
import type { Http2Limits } from "./limits.ts";
import type { Http2Stream } from "./stream.ts";

export interface SendOwner {
  /** END_STREAM has gone out with DATA. */
  endSent(stream: Http2Stream): void;
  /** All data before them is out: the trailers are to be sent now, with END_STREAM. */
  sendTrailers(stream: Http2Stream): void;
  /** Bytes of use have gone out. */
  dataSent(length: number): void;
  /** A stream that took nothing takes something again. */
  writable(stream: Http2Stream): void;
}

export class SendScheduler {
  readonly #limits: Readonly<Http2Limits>;
  readonly #output: OutBuffer;
  readonly #writer: FrameWriter;
  readonly #owner: SendOwner;
  /** What the peer takes on the connection, bytes. */
  #window = DEFAULT_WINDOW_SIZE;
  /** Streams with data that can go now, in turn. */
  #rotation: Http2Stream[] = [];
  /** Streams somebody waits for. */
  readonly #starved = new Set<Http2Stream>();

  constructor(limits: Readonly<Http2Limits>, output: OutBuffer, writer: FrameWriter, owner: SendOwner) {
    this.#limits = limits;
    this.#output = output;
    this.#writer = writer;
    this.#owner = owner;
  }

  /** How much `stream` takes now, bytes. When it is nothing, `writable` follows. */
  capacity(stream: Http2Stream): number {
    const room = stream.queue.length > 0
      ? 0
      : Math.min(stream.sendWindow, this.#window, this.#limits.outputHighWater - this.#output.length);
    if (room > 0) return room;
    if (!stream.isStarved) {
      stream.isStarved = true;
      this.#starved.add(stream);
    }
    return 0;
  }

  /** Sends `data`, or keeps a copy of what does not go out now. */
  data(stream: Http2Stream, data: Uint8Array, end: boolean): void {
    let sent = 0;
    if (stream.queue.length === 0 && !stream.isScheduled) {
      while (sent < data.length) {
        const length = this.#frameLength(stream, data.length - sent);
        if (length <= 0) break;
        const last = sent + length === data.length;
        this.#send(stream, sent === 0 && last ? data : data.subarray(sent, sent + length), end && last);
        sent += length;
      }
      if (sent === data.length) {
        // An empty frame needs no window: RFC 9113, 6.9.
        if (end && data.length === 0) this.#send(stream, data, true);
        return;
      }
    }
    if (sent < data.length) stream.queue.push(sent === 0 ? data : data.subarray(sent));
    stream.endQueued = end;
    this.#schedule(stream);
  }

  /** RFC 9113, 6.9.1: false when the window would be too large. */
  connectionWindowUpdate(increment: number): boolean {
    this.#window += increment;
    if (this.#window > MAX_WINDOW_SIZE) return false;
    if (this.#window > 0) this.#tellStarved();
    return true;
  }

  /** WINDOW_UPDATE of a stream, or a changed SETTINGS_INITIAL_WINDOW_SIZE (then it may be negative). */
  streamWindowUpdate(stream: Http2Stream, increment: number): boolean {
    stream.sendWindow += increment;
    if (stream.sendWindow > MAX_WINDOW_SIZE) return false;
    if (stream.sendWindow > 0) {
      this.#schedule(stream);
      this.#tell(stream);
    }
    return true;
  }

  /** Puts what waits into the output, as far as windows and room go. */
  flush(): void {
    const rotation = this.#rotation;
    if (rotation.length === 0) return;
    let index = 0;
    // Each stream in turn, one frame: a large response does not keep small ones waiting.
    while (index < rotation.length) {
      const stream = rotation[index];
      if (stream === undefined) break;
      if (stream.queue.length > 0 && (this.#window <= 0 || this.#room <= 0)) break;
      index++;
      stream.isScheduled = false;
      this.#sendOne(stream);
      if (index > 256) {
        rotation.splice(0, index);
        index = 0;
      }
    }
    rotation.splice(0, index);
  }

  /** The stream is over: what waits is dropped. */
  drop(stream: Http2Stream): void {
    stream.queue.clear();
    stream.endQueued = false;
    stream.trailersQueued = null;
    if (stream.isStarved) this.#starved.delete(stream);
    stream.isStarved = false;
    if (!stream.isScheduled) return;
    this.#rotation = this.#rotation.filter((other) => other !== stream);
    stream.isScheduled = false;
  }

  get #room(): number {
    return this.#limits.outputHighWater - this.#output.length;
  }

  #frameLength(stream: Http2Stream, length: number): number {
    return Math.min(length, stream.sendWindow, this.#window, this.#room, this.#writer.maxFrameSize);
  }

  #schedule(stream: Http2Stream): void {
    if (stream.isScheduled) return;
    const blocked = stream.queue.length > 0 && stream.sendWindow <= 0;
    if (blocked || (stream.queue.length === 0 && !stream.endQueued && stream.trailersQueued === null)) return;
    stream.isScheduled = true;
    this.#rotation.push(stream);
  }

  /** One frame of what waits. */
  #sendOne(stream: Http2Stream): void {
    if (stream.queue.length > 0) {
      const length = this.#frameLength(stream, stream.queue.length);
      if (length <= 0) return this.#schedule(stream);
      const data = stream.queue.take(length);
      const end = stream.endQueued && stream.queue.length === 0;
      this.#send(stream, data, end);
      if (end) return;
    } else if (stream.endQueued) return this.#send(stream, new Uint8Array(0), true);
    if (stream.queue.length === 0) {
      if (stream.trailersQueued !== null) return this.#owner.sendTrailers(stream);
      this.#tell(stream);
    } else this.#schedule(stream);
  }

  #send(stream: Http2Stream, data: Uint8Array, end: boolean): void {
    this.#writer.data(stream.id, data, end);
    stream.sendWindow -= data.length;
    this.#window -= data.length;
    if (data.length > 0) this.#owner.dataSent(data.length);
    if (end) {
      stream.endQueued = false;
      this.#owner.endSent(stream);
    }
  }

  #tellStarved(): void {
    if (this.#starved.size === 0) return;
    for (const stream of [...this.#starved]) this.#tell(stream);
  }

  #tell(stream: Http2Stream): void {
    if (!stream.isStarved || stream.queue.length > 0 || stream.sendWindow <= 0 || this.#window <= 0) return;
    stream.isStarved = false;
    this.#starved.delete(stream);
    this.#owner.writable(stream);
  }
}
