// Looking at the first bytes of a connection without taking them: what comes before the data path.
// Invariant: whatever was read is given back (`unread`) before the promise settles; no handler stays attached.

import type { Transport, TransportFault } from "./transport.ts";

export type PeekResult =
  /** `decide` came to an answer. */
  | { kind: "decided" }
  /** The peer closed its direction first. */
  | { kind: "ended" }
  /** The connection is gone. */
  | { kind: "closed"; fault: TransportFault | null }
  | { kind: "timed-out" }
  /** `other` (see `peekEither`) sent something first. */
  | { kind: "other-first" };

/** In milliseconds: how long nobody may say anything, and how long the first bytes may stay undecided. */
export interface PeekTimeouts {
  silence: number;
  undecided: number;
}

/** Reads until `decide` says true about all bytes so far. */
export function peek(
  transport: Transport,
  timeouts: PeekTimeouts,
  decide: (bytes: Uint8Array) => boolean,
): Promise<PeekResult> {
  return peekEither(transport, null, timeouts, decide);
}

/**
 * The same, and watches `other`: a server that speaks first. `isGreeting` is asked about all it has said: false waits on,
 * for `transport` to decide, or for more.
 */
export function peekEither(
  transport: Transport,
  other: Transport | null,
  timeouts: PeekTimeouts,
  decide: (bytes: Uint8Array) => boolean,
  isGreeting: (bytes: Uint8Array) => boolean = () => true,
): Promise<PeekResult> {
  return new Promise((resolve) => {
    let bytes: Uint8Array = NOTHING;
    let otherBytes: Uint8Array = NOTHING;
    let over = false;
    const finish = (result: PeekResult) => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      transport.attach(null);
      other?.attach(null);
      transport.unread(bytes);
      other?.unread(otherBytes);
      resolve(result);
    };
    let timer = setTimeout(() => finish({ kind: "timed-out" }), timeouts.silence);
    /** Somebody has begun: it must be decided soon. */
    const begun = () => {
      if (bytes.length > 0 || otherBytes.length > 0) return;
      clearTimeout(timer);
      timer = setTimeout(() => finish({ kind: "timed-out" }), timeouts.undecided);
    };
    other?.attach({
      data(chunk) {
        if (over) {
          other.unread(chunk);
          return false;
        }
        begun();
        otherBytes = joined(otherBytes, chunk);
        if (!isGreeting(otherBytes)) return true;
        finish({ kind: "other-first" });
        return false;
      },
      end: () => finish({ kind: "other-first" }),
      closed: () => finish({ kind: "other-first" }),
    });
    if (over) return;
    transport.attach({
      data(chunk) {
        if (over) {
          transport.unread(chunk);
          return false;
        }
        begun();
        bytes = joined(bytes, chunk);
        if (!decide(bytes)) return true;
        finish({ kind: "decided" });
        return false;
      },
      end: () => finish({ kind: "ended" }),
      closed: (fault) => finish({ kind: "closed", fault }),
    });
  });
}

const NOTHING = new Uint8Array(0);

function joined(before: Uint8Array, chunk: Uint8Array): Uint8Array {
  const all = new Uint8Array(before.length + chunk.length);
  all.set(before);
  all.set(chunk, before.length);
  return all;
}
