// A connection to an origin that speaks HTTP: hands out streams to exchanges, and tells them what comes back.
// Owned by one session's pool: connections are never shared between clients (authentication may be bound to them).

import { addNote, type ConnectionRecord, type HttpFlow } from "../flow/record.ts";
import { type HttpConnection, type HttpEvent, isHttpEvent, type Signal } from "../http/connection.ts";
import type { ProtocolFault } from "../http/fault.ts";
import type { Deadline } from "../net/deadlines.ts";
import { type DriverHandler, HttpDriver } from "../net/driver.ts";
import type { Transport, TransportFault } from "../net/transport.ts";
import { log, now, type ProxyContext } from "./context.ts";
import { Leg } from "./leg.ts";

/** Who has a stream open on the connection: an exchange. */
export interface StreamUser {
  readonly flow: HttpFlow;
  serverEvent(event: HttpEvent): void;
  serverDrained(): void;
  serverClosed(fault: TransportFault | null): void;
}

export interface UpstreamOwner {
  /** No exchange is under way on it any more, and a new one may be opened. */
  upstreamIdle(upstream: UpstreamConnection): void;
  /** It is over. `wasIdle`: the origin closed it between requests. */
  upstreamClosed(upstream: UpstreamConnection, wasIdle: boolean): void;
  /** Bytes have come: the exchange is alive. */
  upstreamReceived(): void;
}

export class UpstreamConnection implements DriverHandler {
  readonly driver: HttpDriver;
  readonly record: ConnectionRecord;
  readonly #context: ProxyContext;
  readonly #client: ConnectionRecord;
  readonly #owner: UpstreamOwner;
  readonly #exchanges = new Map<number, StreamUser>();
  readonly #idleDeadline: Deadline;
  /** Streams opened so far; a connection that waited for its first request counts as used. */
  #opened: number;

  constructor(
    context: ProxyContext,
    client: ConnectionRecord,
    record: ConnectionRecord,
    transport: Transport,
    connection: HttpConnection,
    owner: UpstreamOwner,
    kept: boolean,
  ) {
    this.#opened = kept ? 1 : 0;
    this.#context = context;
    this.#client = client;
    this.record = record;
    this.#owner = owner;
    this.driver = new HttpDriver(transport, connection, context.turns, this);
    this.#idleDeadline = context.deadlines.create(() => this.close());
    this.#idleDeadline.set(context.settings.idleTimeout);
    this.driver.start();
  }

  /** Whether its last stream was not its first: it was kept alive. */
  get wasReused(): boolean {
    return this.#opened > 1;
  }

  /** Whether a new exchange can be opened on it. */
  get isUsable(): boolean {
    return !this.driver.isClosed && this.driver.connection.canOpen;
  }

  /** Whether nothing is under way on it and nothing will be. */
  get isLeaving(): boolean {
    return this.driver.connection.closing && this.#exchanges.size === 0;
  }

  /** Opens a stream for an exchange; null when the connection cannot take one (any more). */
  open(exchange: StreamUser): Leg | null {
    if (this.driver.isClosed) return null;
    const stream = this.driver.connection.openStream();
    if (stream === null) return null;
    this.#opened++;
    this.#exchanges.set(stream, exchange);
    this.#idleDeadline.clear();
    return new Leg(this.driver, stream);
  }

  /** The stream from `open` is over: its exchange hears nothing more. */
  release({ stream }: Leg): void {
    this.#exchanges.delete(stream);
    if (this.#exchanges.size > 0) return;
    this.#idleDeadline.set(this.#context.settings.idleTimeout);
    if (this.isUsable) this.#owner.upstreamIdle(this);
  }

  close(): void {
    this.driver.close();
  }

  // --- DriverHandler ---

  event(event: HttpEvent | Signal): void {
    if (isHttpEvent(event)) this.#exchanges.get(event.stream)?.serverEvent(event);
    else if (event.kind === "writable") this.#exchanges.get(event.stream)?.serverDrained();
    else if (event.kind === "note") {
      const { message, code, rule } = event.note;
      for (const exchange of this.#exchanges.values()) addNote(exchange.flow, `${message} (${rule})`);
      log(this.#context, "info", code, `${this.#where()}: ${message}`, this.#client, rule);
    } else if (event.kind === "fault") this.#fault(event.fault);
    else if (event.kind === "ended" && this.#exchanges.size === 0) this.close();
  }

  received(): void {
    this.#owner.upstreamReceived();
  }

  drained(): void {
    for (const exchange of this.#exchanges.values()) exchange.serverDrained();
  }

  closed(fault: TransportFault | null): void {
    this.#idleDeadline.cancel();
    this.record.endedAt = now();
    const exchanges = [...this.#exchanges.values()];
    this.#exchanges.clear();
    this.#owner.upstreamClosed(this, exchanges.length === 0);
    for (const exchange of exchanges) exchange.serverClosed(fault);
    this.#context.hooks.run("serverDisconnected", this.record, this.#client);
  }

  #fault(fault: ProtocolFault): void {
    log(this.#context, "warn", fault.code, `${this.#where()}: ${fault.message}`, this.#client, fault.rule);
    if (this.#exchanges.size === 0) this.close();
  }

  #where(): string {
    const { host, port } = this.record.name ?? this.record.remote;
    return `server ${host}:${port}`;
  }
}
