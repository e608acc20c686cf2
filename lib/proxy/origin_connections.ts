// The connections of one client to one origin, and the requests that wait for room on them, first come first served.
// HTTP/1 takes one request a connection, HTTP/2 as many as the server allows; which it is may be known only after a
// handshake, and until then everybody waits for that one. Whether HTTP/2 takes a WebSocket is known once the server's
// SETTINGS have come; where it does not, that request is turned away, to HTTP/1.
// Invariants: at most CONNECTION_LIMIT connections and dials; a request that waits has a dial under way or an open
// connection to wait for; each gets exactly one of `opened` and `failed`, unless it was cancelled; a failed dial is told
// to all who waited for it, and is not tried again by itself.

import type { ConnectionRecord } from "../flow/record.ts";
import type { Offers } from "../http/connection.ts";
import { formatHostPort } from "../http/target.ts";
import type { Turns } from "../net/driver.ts";
import type { Transport } from "../net/transport.ts";
import type { DialedUpstream, ProtocolChoice } from "./dial_upstream.ts";
import type { Leg } from "./leg.ts";
import type { HttpProtocol, Origin } from "./origin.ts";
import {
  type PushSignal,
  type StreamNeed,
  type StreamUser,
  UpstreamConnection,
  type UpstreamOwner,
} from "./upstream_connection.ts";
import { UpstreamError } from "./upstream_error.ts";

/** What browsers open to one origin at most; WebSockets over HTTP/1 are not counted, by them and here. */
export const CONNECTION_LIMIT = 6;

/** Who needs a stream to the origin. Both calls come in a turn, perhaps before `acquire` has returned. */
export interface StreamRequest {
  /** Who the stream is for. */
  readonly user: StreamUser;
  readonly need: StreamNeed;
  opened(upstream: UpstreamConnection, leg: Leg): void;
  failed(error: UpstreamError): void;
}

export interface OriginConnectionsOwner {
  /** Connects as `choice` says, and corrects it. Rejects with an UpstreamError. */
  dial(origin: Origin, choice: ProtocolChoice): Promise<DialedUpstream>;
  /** Nobody wants it any more. */
  drop(dialed: DialedUpstream): void;
  newUpstream(
    record: ConnectionRecord,
    transport: Transport,
    protocol: HttpProtocol,
    owner: UpstreamOwner,
    kept: boolean,
  ): UpstreamConnection;
  /** The origin takes no WebSocket over HTTP/2: the request for one goes over HTTP/1, on connections of its own. */
  overHttp1(origin: Origin, request: StreamRequest, fresh: boolean): void;
  /** The origin closed the last connection between requests. */
  upstreamIdleClosed(): void;
  upstreamReceived(): void;
  upstreamOffers(offers: Offers): void;
  upstreamPush(upstream: UpstreamConnection, push: PushSignal): void;
}

/** A connection under way. */
type Dial = Record<never, never>;

interface Waiting {
  request: StreamRequest;
  /** Connections that will not do: a kept one has failed it. Null: any will. */
  excluded: ReadonlySet<UpstreamConnection> | null;
  /** The dial it waits for, and fails with; null: it waits for any connection. */
  dial: Dial | null;
  /** The connection whose SETTINGS it waits for, and fails with. */
  unheard: UpstreamConnection | null;
}

export class OriginConnections implements UpstreamOwner {
  readonly #turns: Turns;
  readonly #origin: Origin;
  readonly #owner: OriginConnectionsOwner;
  readonly #connections: UpstreamConnection[] = [];
  readonly #dials = new Set<Dial>();
  readonly #waiting: Waiting[] = [];
  #choice: ProtocolChoice;
  /** What the server of HTTP/2 said last of CONNECT with :protocol; null: nothing yet. */
  #extendedConnect: boolean | null = null;
  #serving = false;
  #closed = false;

  constructor(turns: Turns, origin: Origin, choice: ProtocolChoice, owner: OriginConnectionsOwner) {
    this.#turns = turns;
    this.#origin = origin;
    this.#choice = choice;
    this.#owner = owner;
  }

  /** Whether nothing is here that would be missed. */
  get isEmpty(): boolean {
    return this.#connections.length === 0 && this.#dials.size === 0 && this.#waiting.length === 0;
  }

  /** A connection that was made already: it is kept like one that was used before, and further ones are like it. */
  add(transport: Transport, record: ConnectionRecord, choice: ProtocolChoice): void {
    this.#choice = choice;
    this.#add({ transport, record, protocol: choice.known ?? "http1" }, true);
  }

  /** What the origin speaks is known from elsewhere. */
  expect(choice: ProtocolChoice): void {
    this.#choice = choice;
  }

  /** Finds a stream for `request`. `fresh`: not on a connection that is open already. */
  acquire(request: StreamRequest, fresh: boolean): void {
    if (this.#closed) return request.failed(new UpstreamError("failed", "the client has gone"));
    const excluded = fresh ? new Set(this.#connections) : null;
    const waiting: Waiting = { request, excluded, dial: null, unheard: null };
    if (this.#waiting.length === 0 && this.#hand(waiting)) return;
    this.#waiting.push(waiting);
    this.#serve();
  }

  /** The request is of no interest any more. */
  cancel(request: StreamRequest): void {
    const index = this.#waiting.findIndex((waiting) => waiting.request === request);
    if (index >= 0) this.#waiting.splice(index, 1);
  }

  offer(offers: Offers): void {
    for (const upstream of this.#connections) upstream.offer(offers);
  }

  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
    for (const upstream of [...this.#connections]) upstream.close();
  }

  // --- UpstreamOwner ---

  upstreamChanged(): void {
    this.#serve();
  }

  upstreamClosed(upstream: UpstreamConnection, wasIdle: boolean): void {
    this.#remove(upstream);
    const isLast = this.#connections.length === 0 && this.#dials.size === 0;
    // Who asks for HTTP/1 and nothing else has its ordinary requests elsewhere.
    if (wasIdle && isLast && !this.#closed && !this.#choice.insists) this.#owner.upstreamIdleClosed();
    const unheard = this.#waiting.filter((waiting) => waiting.unheard === upstream);
    this.#fail(unheard, `${this.#where} closed the connection before it said its HTTP/2 SETTINGS`);
    this.#serve();
  }

  upstreamReceived(): void {
    this.#owner.upstreamReceived();
  }

  upstreamOffers(offers: Offers): void {
    this.#extendedConnect = offers.extendedConnect;
    this.#owner.upstreamOffers(offers);
  }

  upstreamPush(upstream: UpstreamConnection, push: PushSignal): void {
    this.#owner.upstreamPush(upstream, push);
  }

  // --- The queue ---

  /** Gives what is free to those who wait, and dials for the rest. Whatever it calls may call it. */
  #serve(): void {
    if (this.#waiting.length === 0 || this.#serving || this.#closed) return;
    this.#serving = true;
    try {
      let index = 0;
      while (index < this.#waiting.length) {
        const waiting = this.#waiting[index];
        if (waiting === undefined) break;
        const upstream = this.#usableFor(waiting);
        const isHopeless = upstream === null && this.#isHopeless(waiting.request.need);
        if (upstream === null && !isHopeless) {
          index++;
          continue;
        }
        this.#waiting.splice(index, 1);
        // The queue may be another one afterwards.
        if (upstream === null) this.#turnAway(waiting);
        else if (!this.#open(upstream, waiting)) {
          this.#waiting.splice(index++, 0, waiting);
          continue;
        }
        index = 0;
      }
      for (const waiting of [...this.#waiting]) {
        waiting.unheard = this.#unheardFor(waiting);
        if (waiting.unheard === null) waiting.dial ??= this.#dialFor(waiting);
      }
    } finally {
      this.#serving = false;
    }
  }

  #hand(waiting: Waiting): boolean {
    const upstream = this.#usableFor(waiting);
    return upstream !== null && this.#open(upstream, waiting);
  }

  #usableFor({ request: { need }, excluded }: Waiting): UpstreamConnection | null {
    for (const upstream of this.#connections) {
      const takes = upstream.isUsable && upstream.takes(need) === true;
      if (takes && excluded?.has(upstream) !== true) return upstream;
    }
    return null;
  }

  /** A connection whose server may yet say that it takes what `waiting` needs. */
  #unheardFor({ request: { need }, excluded }: Waiting): UpstreamConnection | null {
    for (const upstream of this.#connections) {
      const mayTake = upstream.isUsable && upstream.takes(need) === null;
      if (mayTake && excluded?.has(upstream) !== true) return upstream;
    }
    return null;
  }

  /** Whether no connection to be had here takes it. */
  #isHopeless(need: StreamNeed): boolean {
    if (need === "any") return false;
    return this.#choice.known === "http1" ? need === "extended-connect" : this.#extendedConnect === false;
  }

  #turnAway({ request, excluded }: Waiting): void {
    if (request.need === "websocket") {
      return this.#owner.overHttp1(this.#origin, request, excluded !== null);
    }
    const message = `${this.#where} takes no CONNECT with :protocol (RFC 8441)`;
    request.failed(new UpstreamError("no-extended-connect", message));
  }

  #open(upstream: UpstreamConnection, { request }: Waiting): boolean {
    const leg = upstream.open(request.user);
    if (leg === null) return false;
    request.opened(upstream, leg);
    return true;
  }

  /** A dial that `waiting` can wait for; null: there are connections enough, one of them has to do. */
  #dialFor(waiting: Waiting): Dial | null {
    const shared = this.#choice.known !== "http1";
    for (const dial of this.#dials) {
      // One whose request has found another connection meanwhile is as good as a new one.
      if (shared || !this.#waiting.some((other) => other.dial === dial)) return dial;
    }
    const tunnels = this.#connections.filter(({ isTunnel }) => isTunnel).length;
    const taken = this.#connections.length - tunnels + this.#dials.size;
    if (taken < CONNECTION_LIMIT || this.#makeRoom(waiting)) return this.#dial();
    if (this.#connections.length > 0) return null;
    // There is nothing else to hope for.
    const [first = null] = this.#dials;
    return first;
  }

  /** Lets go of a connection that does nothing for anybody. */
  #makeRoom({ excluded }: Waiting): boolean {
    for (const upstream of this.#connections) {
      if (!upstream.isLeaving && !(upstream.isIdle && excluded?.has(upstream) === true)) continue;
      this.#remove(upstream);
      upstream.close();
      return true;
    }
    return false;
  }

  // --- Connections ---

  #dial(): Dial {
    const dial: Dial = {};
    this.#dials.add(dial);
    this.#owner.dial(this.#origin, this.#choice).then(
      (dialed) => this.#turns.run(() => this.#dialed(dial, dialed)),
      (error) => this.#turns.run(() => this.#dialFailed(dial, UpstreamError.from(error))),
    );
    return dial;
  }

  #dialed(dial: Dial, dialed: DialedUpstream): void {
    this.#dials.delete(dial);
    if (this.#closed) return this.#owner.drop(dialed);
    if (!this.#add(dialed, false)) {
      this.#fail(this.#waitingFor(dial), `${this.#where} closed the connection as soon as it was made`);
      return this.#serve();
    }
    for (const waiting of this.#waiting) if (waiting.dial === dial) waiting.dial = null;
    this.#serve();
  }

  #dialFailed(dial: Dial, error: UpstreamError): void {
    this.#dials.delete(dial);
    this.#fail(this.#waitingFor(dial), error);
    this.#serve();
  }

  #waitingFor(dial: Dial): Waiting[] {
    return this.#waiting.filter((waiting) => waiting.dial === dial);
  }

  #fail(told: readonly Waiting[], why: UpstreamError | string): void {
    const error = typeof why === "string" ? new UpstreamError("failed", why) : why;
    for (const { request } of told) this.cancel(request);
    for (const { request } of told) request.failed(error);
  }

  get #where(): string {
    return formatHostPort(this.#origin.host, this.#origin.port);
  }

  /** False: it can take no stream, and never will. */
  #add({ record, transport, protocol }: DialedUpstream, kept: boolean): boolean {
    const upstream = this.#owner.newUpstream(record, transport, protocol, this, kept);
    const { driver, isUsable } = upstream;
    if (!driver.isClosed) this.#connections.push(upstream);
    // A server may take no stream for the moment: SETTINGS_MAX_CONCURRENT_STREAMS of 0.
    return isUsable || (protocol === "http2" && !driver.isClosed && !driver.connection.closing);
  }

  #remove(upstream: UpstreamConnection): void {
    const index = this.#connections.indexOf(upstream);
    if (index >= 0) this.#connections.splice(index, 1);
  }
}
