// One direction of an exchange as a queue: events are handled in order; while a handler waits (a hook holds, the
// origin is being dialed), what comes next is kept, and no credit is returned for it, so the peer waits too.
// Invariants: handlers never overlap; data kept across turns is copied; after `close()` nothing is handled; a handler
// that throws ends its own exchange, never more.

import { PieceList } from "../bytes/piece_list.ts";
import type { HttpEvent } from "../http/connection.ts";
import type { Turns } from "../net/driver.ts";

/** Null: done already. Else: done when it resolves; it rejects only for a mistake, which ends the exchange. */
export type Pending = Promise<void> | null;

/** An event that waits; `pieces`: its data, while more may join it. */
interface Waiting {
  event: HttpEvent;
  pieces: PieceList | null;
}

/** Events that wait as they came, so that chunks stay what they were; beyond it pieces of a body join. */
const KEPT_APART = 64;
/** Bytes of data that join while they wait: as much as one read of a transport. */
const JOINED_SIZE = 64 * 1024;
const NO_DATA = new Uint8Array(0);

export class Lane {
  readonly #turns: Turns;
  readonly #handle: (event: HttpEvent) => Pending;
  readonly #failed: (error: unknown) => void;
  readonly #queue: Waiting[] = [];
  #busy = false;
  #closed = false;

  /** `failed` hears of a handler that throws: our own mistake, or what a hook made of a message. */
  constructor(turns: Turns, handle: (event: HttpEvent) => Pending, failed: (error: unknown) => void) {
    this.#turns = turns;
    this.#handle = handle;
    this.#failed = failed;
  }

  /** Whether something waits: a handler, or events behind it. */
  get isBusy(): boolean {
    return this.#busy;
  }

  push(event: HttpEvent): void {
    if (this.#closed) return;
    if (!this.#busy) this.#run(event);
    else if (event.kind === "data") this.#keep(event);
    else this.#queue.push({ event, pieces: null });
  }

  /** Pieces of a body that wait are one piece: a peer that sends them byte by byte does not make us keep as many events. */
  #keep(event: HttpEvent & { kind: "data" }): void {
    const last = this.#queue.at(-1);
    const isCrowded = this.#queue.length >= KEPT_APART;
    if (isCrowded && last !== undefined && last.pieces !== null && mayJoin(last.event, last.pieces, event)) {
      last.pieces.append(event.data);
      last.event.credit += event.credit;
      last.event.end = event.end;
      return;
    }
    const pieces = new PieceList();
    pieces.append(event.data);
    this.#queue.push({ event: { ...event, data: NO_DATA }, pieces });
  }

  /** Drops what waits. Returns the credit of dropped data, in bytes. */
  close(): number {
    this.#closed = true;
    let credit = 0;
    for (const { event } of this.#queue.splice(0)) if (event.kind === "data") credit += event.credit;
    return credit;
  }

  #run(event: HttpEvent): void {
    let pending: Pending;
    try {
      pending = this.#handle(event);
    } catch (error) {
      return this.#failed(error);
    }
    if (pending === null) return;
    this.#busy = true;
    pending.then(
      () => this.#goOn(),
      (error) => {
        this.#turns.run(() => this.#failed(error));
        this.#goOn();
      },
    );
  }

  #goOn(): void {
    this.#busy = false;
    this.#turns.run(() => {
      while (!this.#busy && !this.#closed) {
        const next = this.#queue.shift();
        if (next === undefined) return;
        const { event, pieces } = next;
        if (event.kind === "data" && pieces !== null) event.data = pieces.bytes();
        this.#run(event);
      }
    });
  }
}

/** `next` after `pending`, at once when there is nothing to wait for. */
export function after(pending: Pending, next: () => Pending): Pending {
  if (pending === null) return next();
  return pending.then(() => next() ?? undefined);
}

/** RFC 9112, 7.1.1: an extension belongs to its chunk. */
function mayJoin(
  waiting: HttpEvent,
  pieces: PieceList,
  next: HttpEvent & { kind: "data" },
): waiting is typeof next {
  return waiting.kind === "data" && !waiting.end && waiting.extension === undefined &&
    next.extension === undefined && pieces.length + next.data.length <= JOINED_SIZE;
}
