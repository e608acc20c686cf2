// One direction of an exchange as a queue: events are handled in order; while a handler waits (a hook holds, the
// origin is being dialed), what comes next is kept, and no credit is returned for it, so the peer waits too.
// Invariants: handlers never overlap; data kept across turns is copied; after `close()` nothing is handled; a handler
// that throws ends its own exchange, never more.

import type { HttpEvent } from "../http/connection.ts";
import type { Turns } from "../net/driver.ts";

/** Null: done already. Else: done when it resolves; it rejects only for a mistake, which ends the exchange. */
export type Pending = Promise<void> | null;

export class Lane {
  readonly #turns: Turns;
  readonly #handle: (event: HttpEvent) => Pending;
  readonly #failed: (error: unknown) => void;
  readonly #queue: HttpEvent[] = [];
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
    if (this.#busy) this.#queue.push(event.kind === "data" ? { ...event, data: event.data.slice() } : event);
    else this.#run(event);
  }

  /** Drops what waits. Returns the credit of dropped data, in bytes. */
  close(): number {
    this.#closed = true;
    let credit = 0;
    for (const event of this.#queue.splice(0)) if (event.kind === "data") credit += event.credit;
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
        this.#run(next);
      }
    });
  }
}

/** `next` after `pending`, at once when there is nothing to wait for. */
export function after(pending: Pending, next: () => Pending): Pending {
  if (pending === null) return next();
  return pending.then(() => next() ?? undefined);
}
