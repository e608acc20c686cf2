// An exchange's way to its origin: finds a connection, opens a stream on it, sends the request head, and lets go of
// it in the end, by a reset where the exchange was cut short.
// Invariants: at most one stream is open at a time; after `abort` or `release` nothing more is heard of it, and nothing
// is waited for; a request goes out a second time at most once.

import { addNote, type HttpFlow } from "../flow/record.ts";
import type { ProtocolFault } from "../http/fault.ts";
import type { Fields } from "../http/fields.ts";
import type { RequestHead } from "../http/head.ts";
import type { StreamPriority } from "../http/priority.ts";
import { isWebSocketRequest } from "../http/websocket.ts";
import type { FlowGate } from "./flow_gate.ts";
import type { ProxyContext } from "./context.ts";
import type { Pending } from "./lane.ts";
import type { Leg } from "./leg.ts";
import { forwardedHead, type Origin, type Routing } from "./origin.ts";
import type { StreamRequest } from "./origin_connections.ts";
import { type OriginLegOf, StreamPriorities, translated } from "./priorities.ts";
import { repetition } from "./retry.ts";
import type { StreamNeed, StreamUser, UpstreamConnection } from "./upstream_connection.ts";
import type { UpstreamError } from "./upstream_error.ts";

/** Where streams to origins come from. */
export interface StreamSource {
  /** Finds a stream; `fresh`: not on a connection that is open already. It may be opened before this returns. */
  acquire(origin: Origin, request: StreamRequest, fresh: boolean): void;
  /** The request is of no interest any more. */
  cancel(origin: Origin, request: StreamRequest): void;
}

export interface OriginSource {
  readonly context: ProxyContext;
  readonly routing: Routing;
  readonly pool: StreamSource;
  readonly originLegOf: OriginLegOf;
}

/** The exchange. */
export interface OriginUser extends StreamUser {
  readonly flow: HttpFlow;
  /** There is no connection to be had. */
  unreachable(error: unknown): void;
}

/** What is sent when the stream is open. */
interface Opening {
  /** The head is all of the request. */
  end: boolean;
  /** All that the exchange has sent before, when it is sent again. */
  again: { body: Uint8Array; trailers: Fields | null; complete: boolean } | null;
}

interface Search {
  origin: Origin;
  opening: Opening;
  /** Why what is to be sent cannot be; null while nothing is wrong. */
  failure: unknown;
  /** Somebody waits for the end of it. */
  over: (() => void) | null;
}

const CANCELLED: ProtocolFault = {
  scope: "stream",
  peer: "client",
  code: "cancelled",
  status: 502,
  message: "cancelled",
  rule: "",
};

export class OriginSide implements StreamRequest {
  readonly user: OriginUser;
  readonly #source: OriginSource;
  readonly #gate: FlowGate;
  #upstream: UpstreamConnection | null = null;
  #leg: Leg | null = null;
  /** The last one there was: what came on it may have to be given back after it was let go. */
  #lastLeg: Leg | null = null;
  #search: Search | null = null;
  #connecting: Pending = null;
  #priorities: StreamPriorities | null = null;
  #retried = false;

  constructor(source: OriginSource, user: OriginUser, gate: FlowGate) {
    this.#source = source;
    this.user = user;
    this.#gate = gate;
  }

  /** The stream to the origin; null before it is open and after it was let go. */
  get leg(): Leg | null {
    return this.#leg;
  }

  /** While a stream is looked for: resolves when that is over, one way or the other. */
  get connecting(): Pending {
    return this.#connecting;
  }

  /** Whether the origin has ended TLS without close_notify. */
  get endedUncleanly(): boolean {
    return this.#upstream?.driver.endUncleanly === true;
  }

  /** The stream is there already: the origin has promised what comes on it, and nothing is asked. */
  adopt(upstream: UpstreamConnection, stream: number): void {
    this.#upstream = upstream;
    this.#leg = this.#lastLeg = upstream.adopt(stream, this.user);
    this.#retried = true;
    this.user.flow.server = upstream.record;
  }

  /** Finds a connection and sends the request head on it; `end`: it is all of the request. */
  connect(end: boolean): Pending {
    return this.#leg !== null ? null : this.#find({ end, again: null }, false);
  }

  /**
   * The request has failed with `code`. Where nobody has acted on it and it may be repeated it is, once, with all that
   * has come of it. False: not here.
   */
  retry(code: string): Pending | false {
    const { flow } = this.user;
    const upstream = this.#upstream;
    if (upstream === null || this.#retried) return false;
    const how = repetition(upstream.wasKept, code, flow);
    if (how === null) return false;
    this.#retried = true;
    this.release();
    addNote(flow, `sent again: ${how.why}`);
    const { body, trailers, endedAt } = flow.request;
    const complete = endedAt !== null;
    const again = { body: body.bytes(), trailers: complete ? trailers : null, complete };
    const end = complete && again.body.length === 0 && again.trailers === null;
    return this.#find({ end, again }, how.fresh);
  }

  /** Gives back credit of what came from the origin, also of a stream that was let go. */
  consume(credit: number): void {
    this.#lastLeg?.consume(credit);
  }

  /** How important the client says its stream is. */
  prioritize(priority: StreamPriority): void {
    this.#priorities ??= new StreamPriorities();
    this.#priorities.note(priority);
    const leg = this.#leg;
    if (leg !== null) leg.prioritize(translated(priority, leg, this.#source.originLegOf));
  }

  /** The exchange ends here; `complete`: by itself, else the origin sees a reset. */
  abort(complete: boolean, fault: ProtocolFault | undefined): void {
    const leg = this.#leg;
    const closed = this.#upstream?.driver.isClosed ?? true;
    this.release();
    if (leg !== null && !closed && !complete) leg.reset(fault ?? CANCELLED);
  }

  /** The stream is over in good order, or gone; one that is looked for is not wanted any more. */
  release(): void {
    const search = this.#search;
    if (search !== null) {
      this.#source.pool.cancel(search.origin, this);
      this.#found(search);
    }
    const leg = this.#leg;
    const upstream = this.#upstream;
    this.#leg = null;
    this.#upstream = null;
    if (leg === null) return;
    // What the client has not taken yet is in its codec: the connection's window is for others.
    leg.releaseOwed();
    upstream?.release(leg);
  }

  // --- StreamRequest ---

  get need(): StreamNeed {
    return needOf(this.user.flow.request.head);
  }

  opened(upstream: UpstreamConnection, leg: Leg): void {
    const search = this.#search;
    if (search === null) return;
    this.#upstream = upstream;
    this.#leg = this.#lastLeg = leg;
    this.user.flow.server = upstream.record;
    try {
      this.#send(leg, search);
    } catch (error) {
      // This exchange ends, not the one in whose turn the stream was found.
      search.failure = error;
    }
    this.#found(search);
  }

  failed(error: UpstreamError): void {
    const search = this.#search;
    if (search === null) return;
    this.user.unreachable(error);
    this.#found(search);
  }

  // ---

  /** Null: done at once. Rejects when what is to be sent cannot be. */
  #find(opening: Opening, fresh: boolean): Pending {
    const { flow } = this.user;
    const scheme = flow.scheme === "https" ? "https" : "http";
    const origin: Origin = { scheme, host: flow.host, port: flow.port };
    const search: Search = { origin, opening, failure: null, over: null };
    this.#search = search;
    this.#source.pool.acquire(origin, this, fresh);
    if (this.#search !== search) return search.failure === null ? null : Promise.reject(search.failure);
    this.#connecting = new Promise((resolve, reject) => {
      search.over = () => search.failure === null ? resolve() : reject(search.failure);
    });
    return this.#connecting;
  }

  #found(search: Search): void {
    if (this.#search !== search) return;
    this.#search = null;
    this.#connecting = null;
    search.over?.();
  }

  #send(leg: Leg, { origin, opening: { end, again } }: Search): void {
    const head = forwardedHead(this.#routing, origin, this.user.flow.request.head);
    const priority = this.#priorities?.withHead(leg, this.#source.originLegOf) ?? null;
    leg.send({ kind: "head", stream: 0, head, end, ...(priority === null ? {} : { priority }) });
    const update = this.#priorities?.afterHead ?? null;
    if (update !== null) leg.prioritize(update);
    if (again === null || end) return;
    const { body, trailers, complete } = again;
    const last = complete && trailers === null;
    if (body.length > 0 || last) leg.send({ kind: "data", stream: 0, data: body, credit: 0, end: last });
    if (trailers !== null) leg.send({ kind: "trailers", stream: 0, fields: trailers });
    // Credit was owed while the old stream had no room.
    this.user.serverDrained();
  }

  /** As the session has it, but that a hook's choice of Host stands. */
  get #routing(): Routing {
    const { routing } = this.#source;
    return routing.kind === "reverse" && this.#gate.hostEdited ? { ...routing, keepHost: true } : routing;
  }
}

function needOf(head: RequestHead): StreamNeed {
  if (head.protocol === null) return "any";
  if (isWebSocketRequest(head)) return "websocket";
  return head.method === "CONNECT" ? "extended-connect" : "any";
}
