// Every wait has a timeout: one coarse timer for all of them. Setting a deadline is one assignment, so it can be
// done for each chunk; expiry is noticed within a quarter of a second.
// Invariant: an expired deadline is cleared before its callback runs; `stop()` leaves no timer behind.

/** How often deadlines are looked at, in milliseconds: nobody waits for a timeout more exactly than this. */
const TICK = 250;

export class Deadlines {
  readonly #active = new Set<Deadline>();
  #timer: ReturnType<typeof setInterval> | null = null;

  /** A deadline that is not set yet; `expired` is told the time. The owner must `cancel()` it in the end. */
  create(expired: (now: number) => void): Deadline {
    return new Deadline(this.#active, expired);
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#tick(), TICK);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #tick(): void {
    const now = performance.now();
    for (const deadline of this.#active) deadline.check(now);
  }
}

export class Deadline {
  readonly #active: Set<Deadline>;
  readonly #expired: (now: number) => void;
  #at = Infinity;

  constructor(active: Set<Deadline>, expired: (now: number) => void) {
    this.#active = active;
    this.#expired = expired;
    active.add(this);
  }

  /** Whether it runs. */
  get isSet(): boolean {
    return this.#at !== Infinity;
  }

  /** Expires `milliseconds` from now, whatever was set before. */
  set(milliseconds: number): void {
    this.#at = performance.now() + milliseconds;
  }

  clear(): void {
    this.#at = Infinity;
  }

  /** For good. */
  cancel(): void {
    this.#at = Infinity;
    this.#active.delete(this);
  }

  check(now: number): void {
    if (now < this.#at) return;
    this.#at = Infinity;
    this.#expired(now);
  }
}
