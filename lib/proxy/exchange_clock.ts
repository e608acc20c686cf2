// The time the HTTP on one client connection takes: a head that trickles, an exchange on which nothing moves, a
// connection on which nothing is asked. One deadline for all of it; exchanges only carry the time of their last sign
// of life, so that tiny requests cost no timer.
// Invariants: some deadline always runs, but while there are only tunnels (they have their own); what a hook holds
// does not time out; an exchange that stalls alone ends alone.

import type { Deadline } from "../net/deadlines.ts";
import type { ProxyContext } from "./context.ts";

/** An exchange, as far as its time is concerned. */
export interface TimedExchange {
  /** A hook holds something. */
  readonly isHeld: boolean;
  /** When something moved last: `performance.now()`. */
  movedAt: number;
  /** Nothing has moved for so long: it is answered, or reset. */
  timedOut(seconds: number): void;
}

export interface ClockOwner<Exchange extends TimedExchange> {
  exchanges(): Iterable<Exchange>;
  /** Streams that are no exchanges: tunnels, and requests for one. */
  hasTunnels(): boolean;
  /** It has been told that it timed out, and does not end. */
  insists(exchange: Exchange): void;
  /** Nothing has been asked for too long; `inHead`: the head that was begun did not come. */
  idleFor(inHead: boolean): void;
}

export class ExchangeClock<Exchange extends TimedExchange> {
  readonly #context: ProxyContext;
  readonly #owner: ClockOwner<Exchange>;
  readonly #deadline: Deadline;
  /** Those that were told, and when they must be over. */
  readonly #told = new Map<Exchange, number>();
  #isBusy = false;
  #headStarted = false;

  constructor(context: ProxyContext, owner: ClockOwner<Exchange>) {
    this.#context = context;
    this.#owner = owner;
    this.#deadline = context.deadlines.create((now) => this.#expired(now));
  }

  /** Nothing is under way; `headStarted`: but a head has begun. */
  idle(headStarted: boolean): void {
    const { headTimeout, idleTimeout } = this.#context.settings;
    this.#isBusy = false;
    this.#headStarted = headStarted;
    this.#deadline.set(headStarted ? headTimeout : idleTimeout);
  }

  /** Part of a head has come, or the rest of it. What else comes while nothing is under way keeps nobody waiting. */
  headStarted(headStarted: boolean): void {
    if (!this.#isBusy && headStarted !== this.#headStarted) this.idle(headStarted);
  }

  /** An exchange begins. */
  begin(): void {
    if (this.#isBusy && this.#deadline.isSet) return;
    this.#isBusy = true;
    this.#deadline.set(this.#context.settings.stallTimeout);
  }

  /** Something has moved; `byClient`: it has sent something, and one that was told may still end well. */
  moved(exchange: Exchange, byClient: boolean): void {
    exchange.movedAt = performance.now();
    if (byClient && this.#told.size > 0) this.#told.delete(exchange);
  }

  /** Only tunnels are left. */
  tunnelsOnly(): void {
    this.#isBusy = true;
    this.#deadline.clear();
  }

  over(exchange: Exchange): void {
    if (this.#told.size > 0) this.#told.delete(exchange);
  }

  /** What is to be written gets so long, in milliseconds. */
  allow(time: number): void {
    this.#isBusy = true;
    this.#deadline.set(time);
  }

  cancel(): void {
    this.#deadline.cancel();
  }

  #expired(now: number): void {
    const exchanges = [...this.#owner.exchanges()];
    if (exchanges.length === 0) {
      if (!this.#owner.hasTunnels()) this.#owner.idleFor(this.#headStarted);
      return;
    }
    const { stallTimeout, headTimeout } = this.#context.settings;
    let next = stallTimeout;
    this.#context.turns.run(() => {
      for (const exchange of exchanges) {
        if (exchange.isHeld) {
          exchange.movedAt = now;
          continue;
        }
        const due = this.#told.get(exchange) ?? exchange.movedAt + stallTimeout;
        if (due > now) next = Math.min(next, due - now);
        else if (this.#told.has(exchange)) this.#owner.insists(exchange);
        else {
          this.#told.set(exchange, now + headTimeout);
          next = Math.min(next, headTimeout);
          exchange.timedOut(stallTimeout / 1000);
        }
      }
    });
    // Whoever has ended the last one has said what is waited for now.
    if (this.#isBusy && !this.#deadline.isSet) this.#deadline.set(next);
  }
}
