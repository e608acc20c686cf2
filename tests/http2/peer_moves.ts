// A peer that mostly keeps to the rules: moves without ids, put on streams that are there when their turn comes. So that
// long conversations are reached, and not only the first fault.

import fc from "fast-check";
import {
  data,
  headers,
  ping,
  pushPromise,
  readSettings,
  resetStream,
  SETTING,
  settings,
  settingsAck,
  TYPE,
  windowUpdate,
} from "../kit/http2_frames.ts";
import { requestLines, responseLines, type Wire } from "./drive.ts";
import { anyFrame } from "./frame_arbitraries.ts";

export interface PeerMove {
  what:
    | "begin"
    | "interim"
    | "data"
    | "end"
    | "trailers"
    | "reset"
    | "window"
    | "settings"
    | "ping"
    | "push"
    | "any";
  /** Which of the streams that are there. */
  which: number;
  number: number;
  frame: Uint8Array;
}

const frequent = ["begin", "begin", "data", "data", "data", "end", "end", "trailers", "window"] as const;
const rare = ["interim", "reset", "settings", "ping", "push"] as const;

/** `disturbed`: one in so many moves is any frame at all; 0: none. */
export function peerMove(disturbed: number): fc.Arbitrary<PeerMove> {
  const legal = fc.constantFrom(...frequent, ...frequent, ...rare);
  const what = disturbed === 0 ? legal : fc.oneof({ weight: disturbed - 1, arbitrary: legal }, {
    weight: 1,
    arbitrary: fc.constant("any" as const),
  });
  return fc.record({ what, which: fc.nat(50), number: fc.nat(4000), frame: anyFrame });
}

/** The peer's side of a wire. It knows which streams it may use, not what the codec makes of it. */
export class PeerMover {
  readonly #wire: Wire;
  /** Streams the peer has begun to send on, and has not ended. */
  readonly #open = new Set<number>();
  /** Client role: streams the codec opened, or was promised, that have had no final response. */
  readonly #awaited = new Set<number>();
  /** Requests of the codec's, also those that are over. */
  readonly #requested = new Set<number>();
  #push = false;
  /** SETTINGS of the codec's; the first is acknowledged when a peer takes over. */
  #shaken = 0;
  #next: number;
  #known = 0;

  constructor(wire: Wire) {
    this.#wire = wire;
    this.#next = wire.role === "server" ? 1 : 2;
  }

  move(move: PeerMove): void {
    this.#look();
    const bytes = this.#bytes(move);
    if (bytes !== null) this.#wire.feed(bytes);
  }

  /** Ends all it has begun. */
  finish(): void {
    this.#look();
    for (const stream of this.#awaited) this.#wire.feed(headers(stream, responseLines(204), { end: true }));
    for (const stream of this.#open) this.#wire.feed(data(stream, "", { end: true }));
    this.#awaited.clear();
    this.#open.clear();
  }

  /** What the codec did: new requests, resets. */
  #look(): void {
    for (; this.#known < this.#wire.frames.length; this.#known++) {
      const { type, stream, flags, payload } = this.#wire.frames[this.#known]!;
      if (type === TYPE.RST_STREAM) {
        this.#open.delete(stream);
        this.#awaited.delete(stream);
      } else if (type === TYPE.HEADERS && !this.#requested.has(stream) && this.#wire.role === "client") {
        this.#requested.add(stream);
        this.#awaited.add(stream);
      } else if (type === TYPE.SETTINGS && flags === 0) {
        for (const [id, value] of readSettings(payload)) {
          if (id === SETTING.ENABLE_PUSH) this.#push = value === 1;
        }
        if (this.#shaken++ > 0) this.#wire.feed(settingsAck);
      }
    }
  }

  #bytes({ what, which, number, frame }: PeerMove): Uint8Array | null {
    const open = pick(this.#open, which);
    const awaited = pick(this.#awaited, which);
    const end = number % 3 === 0;
    switch (what) {
      case "begin":
        return this.#begin(awaited, end, number);
      case "interim":
        return awaited === null ? null : headers(awaited, responseLines(103));
      case "data": {
        if (open === null) return null;
        const room = Math.min(
          this.#wire.observer.streams.get(open)?.granted ?? 0,
          this.#wire.observer.granted,
        );
        const pad = number % 5 === 0 ? number % 100 : undefined;
        const length = Math.min(number, room - 101);
        return length < 0 ? null : data(open, new Uint8Array(length), pad === undefined ? {} : { pad });
      }
      case "end":
        if (open === null) return null;
        this.#open.delete(open);
        return data(open, "", { end: true });
      case "trailers":
        if (open === null) return null;
        this.#open.delete(open);
        return headers(open, [["t", "u"]], { end: true });
      case "reset":
        if (open === null) return null;
        this.#open.delete(open);
        this.#awaited.delete(open);
        return resetStream(open, number % 14);
      case "window":
        return windowUpdate(number % 2 === 0 || open === null ? 0 : open, 1 + number);
      case "settings":
        return settings([SETTING.INITIAL_WINDOW_SIZE, number * 10], [SETTING.HEADER_TABLE_SIZE, number]);
      case "ping":
        return ping();
      case "push": {
        if (!this.#push || awaited === null || awaited % 2 === 0) return null;
        const promised = this.#next;
        this.#next += 2;
        this.#awaited.add(promised);
        return pushPromise(awaited, promised, requestLines("GET", "/p"));
      }
      case "any":
        return frame;
    }
  }

  #begin(awaited: number | null, end: boolean, number: number): Uint8Array | null {
    if (this.#wire.role === "server") {
      const stream = this.#next;
      this.#next += 2;
      if (!end) this.#open.add(stream);
      return headers(stream, requestLines(end ? "GET" : "POST", `/${number}`), { end });
    }
    if (awaited === null) return null;
    this.#awaited.delete(awaited);
    if (!end) this.#open.add(awaited);
    return headers(awaited, responseLines(200), { end });
  }
}

function pick(streams: ReadonlySet<number>, which: number): number | null {
  const list = [...streams];
  return list.length === 0 ? null : list[which % list.length]!;
}
