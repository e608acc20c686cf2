// The HTTP on one client connection: makes an exchange of every request, finds connections to origins for them,
// and watches over the time it all takes.
// Invariants: every state has a deadline, but for what a hook holds; when the client's connection is over, so are
// its exchanges and its upstream connections.

import { addNote, type ConnectionRecord } from "../flow/record.ts";
import type { HttpEvent, HttpServerConnection, Signal } from "../http/connection.ts";
import type { RequestHead } from "../http/head.ts";
import type { Deadline } from "../net/deadlines.ts";
import { type DriverHandler, HttpDriver } from "../net/driver.ts";
import type { Transport, TransportFault } from "../net/transport.ts";
import { log, now, type ProxyContext } from "./context.ts";
import { newHttpFlow, unreadableHead } from "./new_flow.ts";
import { caPage, isCaHost } from "./ca_page.ts";
import { ConnectRequest } from "./connect_request.ts";
import { Exchange, type ExchangeHost } from "./exchange.ts";
import { Leg } from "./leg.ts";
import { type Origin, originOf, type Routing } from "./origin.ts";
import type { UpstreamConnection } from "./upstream_connection.ts";
import { UpstreamPool } from "./upstream_pool.ts";

export interface HttpSessionOptions {
  routing: Routing;
  /** The codec of the client leg. */
  connection: HttpServerConnection;
  /** Called for CONNECT to the proxy itself; without it CONNECT is forwarded like any request. */
  onConnect: ((request: ConnectRequest) => void) | null;
  /** The session is over (not called when the transport was handed on to a tunnel). */
  onOver: () => void;
}

export class HttpSession implements DriverHandler, ExchangeHost {
  readonly context: ProxyContext;
  readonly routing: Routing;
  readonly driver: HttpDriver;
  readonly pool: UpstreamPool;
  readonly #client: ConnectionRecord;
  readonly #options: HttpSessionOptions;
  readonly #exchanges = new Map<number, Exchange>();
  readonly #deadline: Deadline;
  #connecting: ConnectRequest | null = null;
  #headStarted = false;
  /** The exchanges under way have been ended for stalling, and the client has sent nothing since. */
  #stalled = false;
  #over = false;

  constructor(
    context: ProxyContext,
    client: ConnectionRecord,
    transport: Transport,
    options: HttpSessionOptions,
  ) {
    this.context = context;
    this.routing = options.routing;
    this.#client = client;
    this.#options = options;
    this.driver = new HttpDriver(transport, options.connection, context.turns, this);
    this.pool = new UpstreamPool(context, client, options.routing, {
      upstreamIdleClosed: () => this.#upstreamIdleClosed(),
      upstreamReceived: () => this.#moved(),
    });
    this.#deadline = context.deadlines.create(() => this.#expired());
  }

  start(): void {
    this.#deadline.set(this.context.settings.idleTimeout);
    this.driver.start();
  }

  /** Finishes what is open and takes nothing new. */
  shutdown(): void {
    this.driver.connection.shutdown();
    this.driver.touch();
  }

  /** Ends it now, and all that belongs to it: nothing waits for the transport to say that it is closed. */
  destroy(): void {
    this.context.turns.run(() => {
      for (const exchange of [...this.#exchanges.values()]) exchange.stop();
    });
    this.#connecting?.clientClosed();
    this.driver.transport.reset();
    this.#end();
  }

  // --- DriverHandler ---

  event(event: HttpEvent | Signal): void {
    switch (event.kind) {
      case "head":
        if (event.head.kind === "request") this.#request(event, event.head);
        return;
      case "data":
      case "trailers":
      case "reset":
        return this.#toExchange(event);
      case "writable":
        return this.#exchanges.get(event.stream)?.clientDrained();
      case "note":
        for (const exchange of this.#exchanges.values()) {
          addNote(exchange.flow, `${event.note.message} (${event.note.rule})`);
        }
        return log(
          this.context,
          "info",
          event.note.code,
          `client: ${event.note.message}`,
          this.#client,
          event.note.rule,
        );
      case "fault":
        return log(
          this.context,
          "warn",
          event.fault.code,
          `client: ${event.fault.message}`,
          this.#client,
          event.fault.rule,
        );
      case "ended":
        return;
    }
  }

  received(): void {
    this.#stalled = false;
    if (this.#exchanges.size > 0) return this.#moved();
    if (this.#headStarted) return;
    // The first byte of a request: its head has to follow in time, however slowly it trickles.
    this.#headStarted = true;
    this.#deadline.set(this.context.settings.headTimeout);
  }

  drained(): void {
    for (const exchange of this.#exchanges.values()) exchange.clientDrained();
    this.#connecting?.drained();
    if (this.#exchanges.size > 0) this.#moved();
  }

  closed(fault: TransportFault | null): void {
    for (const exchange of [...this.#exchanges.values()]) exchange.clientClosed(fault);
    this.#connecting?.clientClosed();
    this.#end();
    this.#options.onOver();
  }

  // --- ExchangeHost ---

  acquire(origin: Origin, fresh: boolean): UpstreamConnection | Promise<UpstreamConnection> {
    return this.pool.acquire(origin, fresh);
  }

  giveBack(upstream: UpstreamConnection): void {
    if (this.#over) upstream.close();
  }

  exchangeOver(exchange: Exchange): void {
    this.#exchanges.delete(exchange.client.stream);
    if (this.#exchanges.size > 0 || this.#over) return;
    // Part of a pipelined request may be here already.
    this.#headStarted = this.#options.connection.headStarted;
    const { headTimeout, idleTimeout } = this.context.settings;
    this.#deadline.set(this.#headStarted ? headTimeout : idleTimeout);
    this.driver.touch();
  }

  // ---

  #request(event: HttpEvent & { kind: "head" }, head: RequestHead): void {
    if (head.method === "CONNECT" && this.#options.onConnect !== null) {
      return this.#connect(event.stream, head);
    }
    const origin = originOf(this.routing, head);
    const exchange = this.#newExchange(event.stream, head, origin);
    if (typeof origin === "string") {
      if (event.end) exchange.flow.request.endedAt = now();
      return exchange.refuse(400, "no-host", origin, "RFC 9112, 3.2", "client");
    }
    const own = this.routing.kind === "explicit" &&
      (isCaHost(origin.host) || this.context.isOwnAddress(origin));
    if (own) {
      if (event.end) exchange.flow.request.endedAt = now();
      return exchange.respond(caPage(this.context.certificates.authority, head));
    }
    exchange.clientEvent(event);
  }

  #newExchange(stream: number, head: RequestHead, origin: Origin | string): Exchange {
    const flow = newHttpFlow(this.context, this.#client, head, origin);
    const exchange = new Exchange(this, new Leg(this.driver, stream), flow);
    this.#exchanges.set(stream, exchange);
    this.context.store.add(flow);
    this.#moved();
    return exchange;
  }

  #toExchange(event: HttpEvent): void {
    let exchange = this.#exchanges.get(event.stream);
    if (exchange === undefined && event.kind === "reset" && event.fault.code !== "client-gone") {
      // A head that could not be read: there is a flow for it all the same.
      exchange = this.#newExchange(event.stream, unreadableHead(), "");
    }
    if (exchange !== undefined) exchange.clientEvent(event);
    else if (event.kind === "data") {
      this.driver.connection.consume(event.stream, event.credit);
      this.driver.touch();
    }
  }

  #connect(stream: number, head: RequestHead): void {
    this.#deadline.clear();
    this.#connecting = new ConnectRequest(
      this.context,
      this.#client,
      this.driver,
      this.#options.connection,
      stream,
      head,
      {
        accepted: () => {
          this.#connecting = null;
          this.#end();
        },
        refused: () => {
          this.#connecting = null;
          this.#headStarted = false;
          if (!this.#over) this.#deadline.set(this.context.settings.idleTimeout);
        },
      },
    );
    this.#options.onConnect?.(this.#connecting);
  }

  #upstreamIdleClosed(): void {
    // In a tunnel the client believes it speaks to that very connection: it is shown the same end.
    if (this.routing.kind === "tunnel" && this.#exchanges.size === 0) this.shutdown();
  }

  /** A byte has moved: an exchange is alive. */
  #moved(): void {
    if (this.#exchanges.size > 0) this.#deadline.set(this.context.settings.stallTimeout);
  }

  #expired(): void {
    const exchanges = [...this.#exchanges.values()];
    if (exchanges.some((exchange) => exchange.isHeld)) {
      this.#deadline.set(this.context.settings.stallTimeout);
    } else if (exchanges.length > 0) {
      // Who does not take the answer either is let go.
      if (this.#stalled) return this.destroy();
      this.#stalled = true;
      this.context.turns.run(() => {
        for (const exchange of exchanges) exchange.timedOut(this.context.settings.stallTimeout / 1000);
      });
      if (this.#exchanges.size > 0) this.#deadline.set(this.context.settings.headTimeout);
    } else {
      if (this.#headStarted) {
        const seconds = this.context.settings.headTimeout / 1000;
        log(
          this.context,
          "warn",
          "slow-head",
          `client sent no complete request head in ${seconds} s: closed`,
          this.#client,
        );
      }
      // Bytes of the last answer that nobody took: half of it must not look like all of it.
      if (this.driver.connection.output.length > 0) this.destroy();
      else this.driver.close();
    }
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#deadline.cancel();
    this.pool.close();
  }
}
