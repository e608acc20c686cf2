// A body that a hook wants to see whole before anything is forwarded.
// Invariant: never more than HOLD_LIMIT bytes.

import { PieceList } from "../bytes/piece_list.ts";

/** More than this is not held in memory, whatever a hook wants: the message is refused instead. */
export const HOLD_LIMIT = 64 * 1024 * 1024;

const EMPTY = new Uint8Array(0);

export class HeldBody {
  /** Null for nearly every request: not worth a list of its own. */
  #pieces: PieceList | null = null;

  get length(): number {
    return this.#pieces?.length ?? 0;
  }

  /** Copies the bytes. False when they do not fit. */
  append(data: Uint8Array): boolean {
    if (this.length + data.length > HOLD_LIMIT) return false;
    if (data.length > 0) (this.#pieces ??= new PieceList()).append(data);
    return true;
  }

  bytes(): Uint8Array {
    return this.#pieces?.bytes() ?? EMPTY;
  }
}
