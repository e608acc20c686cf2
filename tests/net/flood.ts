// A sender that writes for as long as it is let: for tests of backpressure.

import type net from "node:net";
import { pattern, PATTERN_PERIOD } from "./socket_pairs.ts";

/** Nothing moved for this long, this many times in a row: the sender is stopped. Milliseconds. */
const LOOK = 20;
const QUIET_LOOKS = 5;
/** A sender that is never stopped is let go after this many bytes. */
const RUNAWAY = 512 * 1024 * 1024;

export interface Flood {
  /** How many bytes the system has taken. */
  readonly bytes: number;
  /** Writes nothing new. */
  stop(): void;
}

/** Writes `pattern(…, 7)` until the system takes nothing more. */
export async function floodUntilStopped(socket: net.Socket): Promise<Flood> {
  const flood = startFlood(socket);
  let quiet = 0;
  let seen = -1;
  while (quiet < QUIET_LOOKS) {
    quiet = flood.bytes === seen ? quiet + 1 : 0;
    seen = flood.bytes;
    if (seen > RUNAWAY) throw new Error("the sender was never stopped");
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
  return flood;
}

function startFlood(socket: net.Socket): Flood {
  const piece = pattern(PATTERN_PERIOD, 7);
  let taken = 0;
  let stopped = false;
  const next = () => {
    if (stopped || socket.destroyed) return;
    socket.write(piece, (error) => {
      if (error) return;
      taken += piece.length;
      next();
    });
  };
  next();
  return {
    get bytes() {
      return taken;
    },
    stop: () => void (stopped = true),
  };
}
