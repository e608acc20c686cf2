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

/** The same, and watches `other`: a server that speaks first. */
export function peekEither(
  transport: Transport,
  other: Transport | null,
  timeouts: PeekTimeouts,
  decide: (bytes: Uint8Array) => boolean,
): Promise<PeekResult> {
  return new Promise((resolve) => {
    let bytes = new Uint8Array(0);
    let over = false;
    const finish = (result: PeekResult) => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      transport.attach(null);
      other?.attach(null);
      transport.unread(bytes);
      resolve(result);
    };
    let timer = setTimeout(() => finish({ kind: "timed-out" }), timeouts.silence);
    other?.attach({
      data(chunk) {
        other.unread(chunk);
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
        if (bytes.length === 0) {
          clearTimeout(timer);
          timer = setTimeout(() => finish({ kind: "timed-out" }), timeouts.undecided);
        }
        const joined = new Uint8Array(bytes.length + chunk.length);
        joined.set(bytes);
        joined.set(chunk, bytes.length);
        bytes = joined;
        if (!decide(bytes)) return true;
        finish({ kind: "decided" });
        return false;
      },
      end: () => finish({ kind: "ended" }),
      closed: (fault) => finish({ kind: "closed", fault }),
    });
  });
}
