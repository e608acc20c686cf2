// What a client says of how important its streams are, as it is said to the origin (`http2_priority`).

import type { StreamPriority } from "../http/priority.ts";
import type { Leg } from "./leg.ts";

/** Where the client's stream is on its way to an origin; null: nowhere (yet, or any more). */
export type OriginLegOf = (stream: number) => Leg | null;

/** The latest of both kinds for one stream: what is said on its origin's leg, whenever that is opened. */
export class StreamPriorities {
  #dependency: (StreamPriority & { kind: "dependency" }) | null = null;
  #update: (StreamPriority & { kind: "update" }) | null = null;

  note(priority: StreamPriority): void {
    if (priority.kind === "dependency") this.#dependency = priority;
    else this.#update = priority;
  }

  /** What goes with the head on `leg`. */
  withHead(leg: Leg, find: OriginLegOf): StreamPriority | null {
    return this.#dependency === null ? null : translated(this.#dependency, leg, find);
  }

  /** What follows the head. */
  get afterHead(): StreamPriority | null {
    return this.#update;
  }
}

/** The same, in the stream numbers of `leg`'s connection. */
export function translated(priority: StreamPriority, leg: Leg, find: OriginLegOf): StreamPriority {
  if (priority.kind === "update" || priority.on === 0) return priority;
  // RFC 7540, 5.3.1: on a stream that is not there, or is another origin's, nothing depends.
  const other = find(priority.on);
  return { ...priority, on: other?.driver === leg.driver ? other.stream : 0 };
}
