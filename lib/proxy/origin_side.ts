// An exchange's way to its origin: finds a connection, opens a stream on it, sends the request head, and lets go of
// it in the end, by a reset where the exchange was cut short.
// Invariants: at most one stream is open at a time; after `abort` or `release` nothing more is heard of it; a request
// goes out a second time at most once.

import { addNote, type HttpFlow } from "../flow/record.ts";
import type { ProtocolFault } from "../http/fault.ts";
import type { FlowGate } from "./flow_gate.ts";
import type { ProxyContext } from "./context.ts";
import type { Pending } from "./lane.ts";
import type { Leg } from "./leg.ts";
import { forwardedHead, type Origin, type Routing } from "./origin.ts";
import { canRetry } from "./retry.ts";
import type { StreamUser, UpstreamConnection } from "./upstream_connection.ts";
import { UpstreamError } from "./upstream_error.ts";

/** Where connections to origins come from. */
export interface OriginSource {
  readonly context: ProxyContext;
  readonly routing: Routing;
  /** A connection that can take a stream; `fresh`: not a kept one. Rejects with an UpstreamError. */
  acquire(origin: Origin, fresh: boolean): UpstreamConnection | Promise<UpstreamConnection>;
  /** A connection that was acquired but not used after all. */
  giveBack(upstream: UpstreamConnection): void;
}

/** The exchange. */
export interface OriginUser extends StreamUser {
  readonly flow: HttpFlow;
  /** Nothing is to be sent any more: it is over, or was answered. */
  isSettled(): boolean;
  /** There is no connection to be had. */
  unreachable(error: unknown): void;
}

const CANCELLED: ProtocolFault = {
  scope: "stream",
  peer: "client",
  code: "cancelled",
  status: 502,
  message: "cancelled",
  rule: "",
};

export class OriginSide {
  readonly #source: OriginSource;
  readonly #user: OriginUser;
  readonly #gate: FlowGate;
  #upstream: UpstreamConnection | null = null;
  #leg: Leg | null = null;
  #retried = false;

  constructor(source: OriginSource, user: OriginUser, gate: FlowGate) {
    this.#source = source;
    this.#user = user;
    this.#gate = gate;
  }

  /** The stream to the origin; null before it is open and after it was let go. */
  get leg(): Leg | null {
    return this.#leg;
  }

  /** Whether the origin has ended TLS without close_notify. */
  get endedUncleanly(): boolean {
    return this.#upstream?.driver.endUncleanly === true;
  }

  /** Finds a connection and sends the request head on it; `end`: it is all of the request. */
  connect(end: boolean, fresh = false): Pending {
    const { flow } = this.#user;
    const scheme = flow.scheme === "https" ? "https" : "http";
    const origin: Origin = { scheme, host: flow.host, port: flow.port };
    const start = (upstream: UpstreamConnection) => {
      if (this.#user.isSettled()) this.#source.giveBack(upstream);
      else this.#open(upstream, origin, end);
    };
    const found = this.#source.acquire(origin, fresh);
    if (!(found instanceof Promise)) {
      start(found);
      return null;
    }
    const { turns } = this.#source.context;
    return found.then(
      (upstream) => turns.run(() => start(upstream)),
      (error) => turns.run(() => this.#user.unreachable(error)),
    );
  }

  /**
   * A kept connection closed as the request went out: RFC 9112, 9.3.1. Nobody has acted on it, so where the request
   * may be repeated it is, once, on a new connection. False: not here.
   */
  retry(code: string): Pending | false {
    const { flow } = this.#user;
    const upstream = this.#upstream;
    if (upstream === null || this.#retried || flow.response !== null || flow.interim.length > 0) return false;
    if (!canRetry(upstream.wasReused, code, flow)) return false;
    this.#retried = true;
    this.release();
    addNote(flow, "sent again on a new connection: the server closed the kept one");
    return this.connect(true, true);
  }

  /** The exchange ends here; `complete`: by itself, else the origin sees a reset. */
  abort(complete: boolean, fault: ProtocolFault | undefined): void {
    const leg = this.#leg;
    const closed = this.#upstream?.driver.isClosed ?? true;
    this.release();
    if (leg !== null && !closed && !complete) leg.reset(fault ?? CANCELLED);
  }

  /** The stream is over in good order, or gone. */
  release(): void {
    if (this.#leg !== null) this.#upstream?.release(this.#leg);
    this.#upstream = null;
    this.#leg = null;
  }

  #open(upstream: UpstreamConnection, origin: Origin, end: boolean): void {
    const leg = upstream.open(this.#user);
    if (leg === null) {
      return this.#user.unreachable(
        new UpstreamError("busy", "the server's connection closed just now; try again"),
      );
    }
    this.#upstream = upstream;
    this.#leg = leg;
    this.#user.flow.server = upstream.record;
    const head = forwardedHead(this.#routing, origin, this.#user.flow.request.head);
    leg.send({ kind: "head", stream: 0, head, end });
  }

  /** As the session has it, but that a hook's choice of Host stands. */
  get #routing(): Routing {
    const { routing } = this.#source;
    return routing.kind === "reverse" && this.#gate.hostEdited ? { ...routing, keepHost: true } : routing;
  }
}
