// Hosts whose clients refused our certificate, with --passthrough-on-reject: from their next connection on they
// pass untouched.
// Invariant: at most LIMIT names are kept, the oldest goes first.

/** A client names the hosts: without a bound it could fill memory. */
const LIMIT = 10_000;

export class RejectedHosts {
  readonly #names = new Set<string>();

  add(host: string): void {
    if (this.#names.size >= LIMIT) {
      const oldest = this.#names.values().next().value;
      if (oldest !== undefined) this.#names.delete(oldest);
    }
    this.#names.add(host.toLowerCase());
  }

  has(host: string): boolean {
    return this.#names.has(host.toLowerCase());
  }
}
