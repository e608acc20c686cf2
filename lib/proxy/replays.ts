// What is sent again at a person's wish: counted, limited, and ended with the proxy.
// Invariants: never more than REPLAY_LIMIT at once; after `shutdown()` none begins.

import type { ProxyContext } from "./context.ts";
import { isReachable, type ReplayRequest, whyNotReplayable } from "./replay_request.ts";
import { ReplaySession } from "./replay_session.ts";
import { ReplayConversation, type ReplayTcp } from "./replay_tcp.ts";
import type { Carrier } from "./session_host.ts";

/** Replays at once. 64: more than a person starts by hand, and a flood of them takes no more than a few clients do. */
export const REPLAY_LIMIT = 64;

export class Replays {
  readonly #context: ProxyContext;
  readonly #onEmpty: () => void;
  readonly #open = new Set<Carrier>();
  #stopping = false;

  /** `onEmpty`: the last one under way is over. */
  constructor(context: ProxyContext, onEmpty: () => void) {
    this.#context = context;
    this.#onEmpty = onEmpty;
  }

  /** How many are under way. */
  get size(): number {
    return this.#open.size;
  }

  /** Sends a request again. Null: it is on its way; else why not, for a person. */
  request(request: ReplayRequest): string | null {
    const why = this.#whyNot() ?? whyNotReplayable(request);
    if (why !== null) return why;
    const session = new ReplaySession(this.#context, request, () => this.#ended(session));
    this.#open.add(session);
    session.start();
    return null;
  }

  /** Says again what a client of raw TCP has said. */
  tcp(replay: ReplayTcp): string | null {
    const why = this.#whyNot();
    if (why !== null) return why;
    if (!isReachable(replay.host, replay.port)) {
      return "the conversation names no host and port to have it with";
    }
    const conversation = new ReplayConversation(this.#context, replay, () => this.#ended(conversation));
    this.#open.add(conversation);
    conversation.run();
    return null;
  }

  /** None begins any more; those under way may finish. */
  shutdown(): void {
    this.#stopping = true;
    for (const replay of [...this.#open]) replay.shutdown();
  }

  destroy(): void {
    for (const replay of [...this.#open]) replay.destroy();
  }

  #whyNot(): string | null {
    if (this.#stopping) return "mitm is stopping";
    if (this.#open.size < REPLAY_LIMIT) return null;
    return `${REPLAY_LIMIT} replays are under way already: wait until one has ended`;
  }

  #ended(replay: Carrier): void {
    this.#open.delete(replay);
    if (this.#open.size === 0) this.#onEmpty();
  }
}
