// A connection to an origin that speaks HTTP: hands out streams to exchanges, and tells them what comes back.
// Owned by one session's pool: connections are never shared between clients (authentication may be bound to them).
// Invariants: a stream is one exchange's; what comes for a stream that nobody has is given back at once; a connection
// that does not answer is noticed, whether streams are open on it or not.

import { addNote, type ConnectionRecord, type HttpFlow } from "../flow/record.ts";
import {
  type HttpConnection,
  type HttpEvent,
  isHttpEvent,
  type Offers,
  type Signal,
} from "../http/connection.ts";
import type { ProtocolFault, ProtocolNote } from "../http/fault.ts";
import type { Deadline } from "../net/deadlines.ts";
import { type DriverHandler, HttpDriver } from "../net/driver.ts";
import type { Transport, TransportFault } from "../net/transport.ts";
import { log, now, type ProxyContext } from "./context.ts";
import { Leg } from "./leg.ts";

/**
 * How long a server may take to answer a PING, in milliseconds. 15 s: far beyond any round trip and the work before
 * it, and short enough that a page does not hang on a dead connection.
 */
export const PING_TIMEOUT = 15_000;

/** What a stream must carry: an ordinary request, a WebSocket, or CONNECT for another protocol (RFC 8441, 4). */
export type StreamNeed = "any" | "websocket" | "extended-connect";

/** Who has a stream open on the connection: an exchange. */
export interface StreamUser {
  readonly flow: HttpFlow;
  serverEvent(event: HttpEvent): void;
  serverDrained(): void;
  serverClosed(fault: TransportFault | null): void;
}

export type PushSignal = Signal & { kind: "push" };

export interface UpstreamOwner {
  /** It may be able to take another stream now. */
  upstreamChanged(): void;
  /** It is over. `wasIdle`: the origin closed it between requests. */
  upstreamClosed(upstream: UpstreamConnection, wasIdle: boolean): void;
  /** Bytes have come on a connection that carries one exchange at a time: it is alive. */
  upstreamReceived(): void;
  /** What the server offers has become known, or has changed. */
  upstreamOffers(offers: Offers): void;
  /** The server promises a response: somebody `adopt`s the stream, or it is `refuse`d. */
  upstreamPush(upstream: UpstreamConnection, push: PushSignal): void;
}

export interface UpstreamParts {
  client: ConnectionRecord;
  record: ConnectionRecord;
  transport: Transport;
  connection: HttpConnection;
  owner: UpstreamOwner;
  /** It waited for its first request: like one that was used before. */
  kept: boolean;
}

export class UpstreamConnection implements DriverHandler {
  readonly driver: HttpDriver;
  readonly record: ConnectionRecord;
  readonly #context: ProxyContext;
  readonly #client: ConnectionRecord;
  readonly #owner: UpstreamOwner;
  readonly #exchanges = new Map<number, StreamUser>();
  readonly #idleDeadline: Deadline;
  /** Since the last byte; null where nothing can be asked of the server. */
  readonly #silence: Deadline | null;
  /** A PING is out, and nothing has come since. */
  #pinged = false;
  #dead = false;
  /** What the server offers; null until it has said. */
  #offers: Offers | null = null;
  /** It has waited for requests, and nothing has come since: the server may have closed it meanwhile. */
  #waited: boolean;

  constructor(context: ProxyContext, parts: UpstreamParts) {
    const { transport, connection } = parts;
    this.#waited = parts.kept;
    this.#context = context;
    this.#client = parts.client;
    this.record = parts.record;
    this.#owner = parts.owner;
    this.driver = new HttpDriver(transport, connection, context.turns, this);
    this.#idleDeadline = context.deadlines.create(() => this.close());
    this.#idleDeadline.set(context.settings.idleTimeout);
    const { http2PingKeepalive } = context.settings;
    this.#silence = connection.multiplexes && http2PingKeepalive > 0
      ? context.deadlines.create(() => this.#silent())
      : null;
    this.#silence?.set(http2PingKeepalive);
    this.driver.start();
  }

  /** Whether it was kept alive, and has given no sign of life since it was used again. */
  get wasKept(): boolean {
    return this.#waited;
  }

  /** Whether a new exchange can be opened on it. */
  get isUsable(): boolean {
    return !this.#dead && !this.driver.isClosed && this.driver.connection.canOpen;
  }

  /** Whether a stream on it can be what is needed; null: the server has not said yet. */
  takes(need: StreamNeed): boolean | null {
    if (need === "any") return true;
    // RFC 6455: any connection of HTTP/1 can become a WebSocket; RFC 8441, 3: one of HTTP/2 where that is offered.
    if (!this.driver.connection.multiplexes) return need === "websocket";
    return this.#offers?.extendedConnect ?? null;
  }

  /** Whether it has left HTTP: it takes no request any more, and goes on for as long as its peers like. */
  get isTunnel(): boolean {
    return this.driver.halfCloses;
  }

  /** Whether nothing is under way on it. */
  get isIdle(): boolean {
    return this.#exchanges.size === 0;
  }

  /** Whether nothing is under way on it and nothing will be. */
  get isLeaving(): boolean {
    return this.driver.connection.closing && this.isIdle;
  }

  /** Opens a stream for an exchange; null when the connection cannot take one (any more). */
  open(exchange: StreamUser): Leg | null {
    if (!this.isUsable) return null;
    const stream = this.driver.connection.openStream();
    return stream === null ? null : this.#take(stream, exchange);
  }

  /** Gives a stream that the server has promised to an exchange. */
  adopt(stream: number, exchange: StreamUser): Leg {
    return this.#take(stream, exchange);
  }

  /** Nobody wants a stream that the server has promised: RFC 9113, 8.4.2. */
  refuse(stream: number): void {
    const fault: ProtocolFault = {
      scope: "stream",
      peer: "client",
      code: "CANCEL",
      status: 502,
      message: "the client takes no pushed response",
      rule: "RFC 9113, 8.4.2",
    };
    this.driver.connection.send({ kind: "reset", stream, fault });
    this.driver.touch();
  }

  /** Whose `stream` is; undefined when it is over. */
  userOf(stream: number): StreamUser | undefined {
    return this.#exchanges.get(stream);
  }

  /** The stream from `open` is over: its exchange hears nothing more. */
  release({ stream }: Leg): void {
    this.#exchanges.delete(stream);
    if (this.#exchanges.size === 0) {
      this.#waited = true;
      this.#idleDeadline.set(this.#context.settings.idleTimeout);
    }
    this.#owner.upstreamChanged();
  }

  /** Tells the server what the client's peer offers. */
  offer(offers: Offers): void {
    this.driver.connection.offer(offers);
    this.driver.touch();
  }

  close(): void {
    this.driver.close();
  }

  // --- DriverHandler ---

  event(event: HttpEvent | Signal): void {
    if (isHttpEvent(event)) return this.#toExchange(event);
    switch (event.kind) {
      case "writable":
        return this.#exchanges.get(event.stream)?.serverDrained();
      case "note":
        return this.#note(event.note);
      case "fault":
        return this.#fault(event.fault);
      case "ended":
        if (this.isIdle) this.close();
        return;
      case "offers":
        this.#offers = event.offers;
        return this.#owner.upstreamOffers(event.offers);
      case "push":
        return this.#owner.upstreamPush(this, event);
      case "priority":
        return;
    }
  }

  received(): void {
    this.#pinged = false;
    if (this.#exchanges.size > 0) this.#waited = false;
    this.#silence?.set(this.#context.settings.http2PingKeepalive);
    // Where streams share the connection, not all that comes is about one: their events tell.
    if (!this.driver.connection.multiplexes) this.#owner.upstreamReceived();
  }

  drained(): void {
    for (const exchange of this.#exchanges.values()) exchange.serverDrained();
  }

  pumped(): void {
    // SETTINGS may allow more streams than before.
    this.#owner.upstreamChanged();
  }

  closed(fault: TransportFault | null): void {
    this.#idleDeadline.cancel();
    this.#silence?.cancel();
    this.record.endedAt = now();
    const exchanges = [...this.#exchanges.values()];
    this.#exchanges.clear();
    this.#owner.upstreamClosed(this, exchanges.length === 0);
    for (const exchange of exchanges) exchange.serverClosed(fault);
    this.#context.hooks.run("serverDisconnected", this.record, this.#client);
  }

  // ---

  #take(stream: number, exchange: StreamUser): Leg {
    this.#exchanges.set(stream, exchange);
    this.#idleDeadline.clear();
    return new Leg(this.driver, stream);
  }

  #toExchange(event: HttpEvent): void {
    const exchange = this.#exchanges.get(event.stream);
    if (exchange !== undefined) return exchange.serverEvent(event);
    if (event.kind !== "data") return;
    this.driver.connection.consume(event.stream, event.credit);
    this.driver.touch();
  }

  /** Nothing has come for a while, or not even an answer to the question whether somebody is there. */
  #silent(): void {
    this.#context.turns.run(() => {
      if (this.#pinged) return this.#unanswered();
      if (!this.driver.connection.ping()) return;
      this.#pinged = true;
      this.#silence?.set(PING_TIMEOUT);
      this.driver.touch();
    });
  }

  #unanswered(): void {
    this.#dead = true;
    const message = `the server has sent nothing for ${
      (this.#context.settings.http2PingKeepalive + PING_TIMEOUT) / 1000
    } s, not even an answer to PING`;
    log(this.#context, "warn", "dead-connection", `${this.#where()}: ${message}; closed`, this.#client);
    const fault: ProtocolFault = {
      scope: "connection",
      peer: "server",
      code: "dead-connection",
      status: 502,
      message,
      rule: "RFC 9113, 6.7",
    };
    for (const [stream, exchange] of [...this.#exchanges]) {
      exchange.serverEvent({ kind: "reset", stream, fault });
    }
    this.close();
  }

  #note({ code, message, rule }: ProtocolNote): void {
    // With more than one nobody can tell whose it was.
    if (this.#exchanges.size === 1) {
      for (const { flow } of this.#exchanges.values()) addNote(flow, `${message} (${rule})`);
    }
    // What is forgiven is named once an origin; the end of a connection each time.
    if (code !== "goaway" && !this.#context.toldNotes.isFirst(this.#origin(), code)) return;
    log(this.#context, "info", code, `${this.#where()}: ${message}`, this.#client, rule);
  }

  #fault(fault: ProtocolFault): void {
    log(this.#context, "warn", fault.code, `${this.#where()}: ${fault.message}`, this.#client, fault.rule);
    // What is still to be said (GOAWAY) is said first: the driver ends what is closing.
    if (this.isIdle && this.driver.connection.output.length === 0) this.close();
  }

  #origin(): string {
    const { host, port } = this.record.name ?? this.record.remote;
    return `${host}:${port}`;
  }

  #where(): string {
    return `server ${this.#origin()}`;
  }
}
