// What has been named in the log already: something forgiven is said once for each origin, not once a connection.
// Invariant: never more than LIMIT entries; the oldest is forgotten first, and would be said again.

/** Far more than a session shows; a page that names hosts without end must not fill memory. */
const LIMIT = 4_096;

export class ToldNotes {
  readonly #told = new Set<string>();

  /** Whether `code` is said of `host` for the first time. */
  isFirst(host: string, code: string): boolean {
    const key = `${code} ${host.toLowerCase()}`;
    if (this.#told.has(key)) return false;
    if (this.#told.size >= LIMIT) {
      const oldest = this.#told.values().next().value;
      if (oldest !== undefined) this.#told.delete(oldest);
    }
    this.#told.add(key);
    return true;
  }
}
