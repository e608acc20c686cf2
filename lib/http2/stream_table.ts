// All streams of a connection: those open, by id, and what became of the last ones that closed (RFC 9113, 5.1.1).
// Invariant: a stream that is not in the table is idle, remembered, or long closed; ids are never used twice.

import { MAX_STREAM_ID } from "./frame_types.ts";
import { Http2Stream } from "./stream.ts";
import type { StreamState } from "./stream_states.ts";

export class StreamTable {
  readonly #streams = new Map<number, Http2Stream>();
  readonly #remembered = new Map<number, StreamState>();
  /** Ids in `#remembered`, oldest at `#oldest`: a ring. */
  readonly #ring: number[] = [];
  readonly #ringSize: number;
  #oldest = 0;
  readonly #peerParity: number;
  /** The highest id the peer has used. */
  lastPeerStream = 0;
  #nextOwn: number;
  /** Streams that are not closed, by who opened them. */
  peerActive = 0;
  ownActive = 0;

  /** `peerParity`: 1 when the peer is a client (RFC 9113, 5.1.1). */
  constructor(peerParity: number, remembered: number) {
    this.#peerParity = peerParity;
    this.#nextOwn = peerParity === 1 ? 2 : 1;
    this.#ringSize = Math.max(1, remembered);
  }

  get active(): number {
    return this.peerActive + this.ownActive;
  }

  /** Whether our ids have run out. */
  get isExhausted(): boolean {
    return this.#nextOwn > MAX_STREAM_ID;
  }

  get(id: number): Http2Stream | undefined {
    return this.#streams.get(id);
  }

  /** Streams in the table, some of them closed with data nobody has taken yet. */
  all(): Http2Stream[] {
    return [...this.#streams.values()];
  }

  isPeers(id: number): boolean {
    return (id & 1) === this.#peerParity;
  }

  /** Null: it was closed too long ago to know how, or was skipped. */
  stateOf(id: number): StreamState | null {
    const state = this.#streams.get(id)?.state ?? this.#remembered.get(id);
    if (state !== undefined) return state;
    return (this.isPeers(id) ? id > this.lastPeerStream : id >= this.#nextOwn) ? "idle" : null;
  }

  openOwn(sendWindow: number, receiveWindow: number): Http2Stream {
    const stream = new Http2Stream(this.#nextOwn, sendWindow, receiveWindow);
    this.#nextOwn += 2;
    this.ownActive++;
    this.#streams.set(stream.id, stream);
    return stream;
  }

  openPeers(id: number, sendWindow: number, receiveWindow: number): Http2Stream {
    const stream = new Http2Stream(id, sendWindow, receiveWindow);
    this.lastPeerStream = id;
    this.peerActive++;
    this.#streams.set(id, stream);
    return stream;
  }

  /** The stream's state is a closed one now: it counts no more. */
  closed(stream: Http2Stream): void {
    if (this.isPeers(stream.id)) this.peerActive--;
    else this.ownActive--;
    this.remember(stream.id, stream.state);
  }

  /** Nobody needs the stream any more. */
  forget(id: number): void {
    this.#streams.delete(id);
  }

  /** The peer has used `id` for a stream that we do not keep. */
  skip(id: number, state: StreamState): void {
    if (this.isPeers(id) && id > this.lastPeerStream) this.lastPeerStream = id;
    this.remember(id, state);
  }

  remember(id: number, state: StreamState): void {
    if (!this.#remembered.has(id)) {
      if (this.#ring.length < this.#ringSize) this.#ring.push(id);
      else {
        this.#remembered.delete(this.#ring[this.#oldest] ?? 0);
        this.#ring[this.#oldest] = id;
        this.#oldest = (this.#oldest + 1) % this.#ringSize;
      }
    }
    this.#remembered.set(id, state);
  }
}
