// A body that a hook wants to see whole before anything is forwarded.
// Invariant: never more than HOLD_LIMIT bytes.

/** More than this is not held in memory, whatever a hook wants: the message is refused instead. */
export const HOLD_LIMIT = 64 * 1024 * 1024;

const EMPTY = new Uint8Array(0);

export class HeldBody {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Copies the bytes. False when they do not fit. */
  append(data: Uint8Array): boolean {
    if (this.#length + data.length > HOLD_LIMIT) return false;
    if (data.length > 0) this.#pieces.push(data.slice());
    this.#length += data.length;
    return true;
  }

  bytes(): Uint8Array {
    // Nearly every request: not worth an array of its own.
    if (this.#length === 0) return EMPTY;
    const joined = new Uint8Array(this.#length);
    let offset = 0;
    for (const piece of this.#pieces) {
      joined.set(piece, offset);
      offset += piece.length;
    }
    return joined;
  }
}
