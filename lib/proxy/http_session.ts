// The HTTP on one client connection: makes an exchange of every request, finds connections to origins for them,
// and watches over the time it all takes.
// Invariants: every state has a deadline, but for what a hook holds; when the client's connection is over, so are
// its exchanges, its tunnels and its upstream connections.

import { addNote, type ConnectionRecord } from "../flow/record.ts";
import type { HttpEvent, HttpServerConnection, Offers, Signal } from "../http/connection.ts";
import type { ProtocolNote } from "../http/fault.ts";
import type { RequestHead } from "../http/head.ts";
import { type DriverHandler, HttpDriver } from "../net/driver.ts";
import type { Transport, TransportFault } from "../net/transport.ts";
import { log, now, type ProxyContext } from "./context.ts";
import { newHttpFlow, unreadableHead } from "./new_flow.ts";
import { caPage, isCaHost } from "./ca_page.ts";
import type { ConnectRequest } from "./connect_request.ts";
import { Exchange } from "./exchange.ts";
import { ExchangeClock } from "./exchange_clock.ts";
import { type H2cUpgrade, h2cUpgrade, switchingToH2c } from "./h2c_upgrade.ts";
import { Leg } from "./leg.ts";
import { type HttpProtocol, type Origin, originOf, type Routing } from "./origin.ts";
import { passPush, type PushHost } from "./pushed.ts";
import { giveUpStarved } from "./starved_streams.ts";
import { SessionTunnels } from "./session_tunnels.ts";
import { UpstreamPool } from "./upstream_pool.ts";

export interface HttpSessionOptions {
  routing: Routing;
  /** The codec of the client leg. */
  connection: HttpServerConnection;
  /** Makes the codec that goes on after `Upgrade: h2c`; without it that is not followed. */
  http2?: (upgraded: H2cUpgrade) => HttpServerConnection;
  /** Called for CONNECT to the proxy itself; without it CONNECT is forwarded like any request. */
  onConnect: ((request: ConnectRequest) => void) | null;
  /** The session is over (not called when the transport was handed on to a tunnel). */
  onOver: () => void;
}

const UPGRADED = "the client went over to HTTP/2 with this request, and is answered in it (RFC 7540, 3.2)";

const NOTHING_HERE = "this is mitm itself: there is a page here, and no WebSocket";

export class HttpSession implements DriverHandler, PushHost {
  readonly context: ProxyContext;
  readonly routing: Routing;
  readonly pool: UpstreamPool;
  readonly clientRecord: ConnectionRecord;
  readonly #options: HttpSessionOptions;
  readonly #exchanges = new Map<number, Exchange>();
  readonly #tunnels: SessionTunnels;
  readonly #clock: ExchangeClock<Exchange>;
  #connection: HttpServerConnection;
  #driver: HttpDriver;
  /** The last stream that the client has opened. */
  #lastStream = 0;
  /** 101 has been sent; HTTP/2 begins when it is on the wire. */
  #upgrade: H2cUpgrade | null = null;
  #stopping = false;
  #clientEnded = false;
  #over = false;

  constructor(
    context: ProxyContext,
    client: ConnectionRecord,
    transport: Transport,
    options: HttpSessionOptions,
  ) {
    this.context = context;
    this.routing = options.routing;
    this.clientRecord = client;
    this.#options = options;
    this.#connection = options.connection;
    this.#driver = new HttpDriver(transport, options.connection, context.turns, this);
    const protocol = (): HttpProtocol => this.#connection.multiplexes ? "http2" : "http1";
    const poolOptions = {
      routing: options.routing,
      get clientProtocol() {
        return protocol();
      },
    };
    this.pool = new UpstreamPool(context, client, poolOptions, {
      upstreamIdleClosed: () => this.#upstreamIdleClosed(),
      upstreamReceived: () => this.#movedAlone(false),
      upstreamOffers: (offers) => this.#upstreamOffers(offers),
      upstreamPush: (upstream, push) => passPush(this, upstream, push),
    });
    this.#tunnels = new SessionTunnels(context, client, {
      handedOn: () => this.#end(),
      changed: () => this.#rest(),
    });
    this.#clock = new ExchangeClock<Exchange>(context, {
      exchanges: () => this.#exchanges.values(),
      hasTunnels: () => !this.#tunnels.isEmpty,
      insists: (exchange) => this.#connection.multiplexes ? exchange.stop() : this.destroy(),
      idleFor: (inHead) => this.#idleFor(inHead),
    });
  }

  get driver(): HttpDriver {
    return this.#driver;
  }

  start(): void {
    this.#clock.idle(false);
    this.#driver.start();
  }

  /** Finishes what is open and takes nothing new. */
  shutdown(): void {
    this.#stopping = true;
    // What is switching now is told by the codec that comes.
    if (this.#upgrade !== null) return;
    this.#connection.shutdown();
    this.#driver.touch();
  }

  /** Ends it now, and all that belongs to it: nothing waits for the transport to say that it is closed. */
  destroy(): void {
    this.context.turns.run(() => {
      for (const exchange of [...this.#exchanges.values()]) exchange.stop();
    });
    this.#tunnels.closed({ code: "reset", message: "mitm ended the connection that carried the tunnel" });
    this.#driver.transport.reset();
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
        return this.#toStream(event);
      case "writable":
        this.#tunnels.writable(event.stream);
        return this.#exchanges.get(event.stream)?.clientDrained();
      case "priority":
        return this.#exchanges.get(event.stream)?.prioritize(event.priority);
      case "offers":
        return this.pool.clientOffers(event.offers);
      case "note":
        // Where streams share the connection nobody can tell whose it was.
        if (!this.#connection.multiplexes) {
          for (const exchange of this.#exchanges.values()) {
            addNote(exchange.flow, `${event.note.message} (${event.note.rule})`);
          }
        }
        return this.#log("info", event.note);
      case "fault":
        return this.#log("warn", event.fault);
      case "ended":
        this.#clientEnded = true;
        return;
      case "push":
        return;
    }
  }

  received(): void {
    this.#movedAlone(true);
  }

  pumped(): void {
    this.#clock.headStarted(this.#connection.headStarted);
    if (this.#clientEnded) giveUpStarved(this.#driver, this.#exchanges.values(), this.#tunnels);
  }

  drained(): void {
    for (const exchange of this.#exchanges.values()) exchange.clientDrained();
    this.#tunnels.drained();
    this.#movedAlone(false);
    if (this.#upgrade !== null && this.#connection.output.length === 0) this.#switch(this.#upgrade);
  }

  closed(fault: TransportFault | null): void {
    for (const exchange of [...this.#exchanges.values()]) exchange.clientClosed(fault);
    this.#tunnels.closed(fault);
    this.#end();
    this.#options.onOver();
  }

  // --- PushHost ---

  readonly originLegOf = (stream: number): Leg | null => this.#exchanges.get(stream)?.originLeg ?? null;

  exchangeBegun(exchange: Exchange): void {
    this.#exchanges.set(exchange.client.stream, exchange);
    this.context.store.add(exchange.flow);
    this.context.running.begin(exchange.flow, exchange);
    this.#clock.begin();
  }

  exchangeOver(exchange: Exchange): void {
    this.#exchanges.delete(exchange.client.stream);
    this.context.running.end(exchange.flow);
    this.#clock.over(exchange);
    if (this.#exchanges.size > 0 || this.#over) return;
    this.#rest();
    this.#driver.touch();
  }

  // ---

  #request(event: HttpEvent & { kind: "head" }, head: RequestHead): void {
    const { stream } = event;
    this.#lastStream = stream;
    const { onConnect, http2 } = this.#options;
    // RFC 8441, 4: with :protocol it is a request like any other, by its :scheme and :authority.
    if (head.method === "CONNECT" && head.protocol === null && onConnect !== null) {
      return onConnect(this.#tunnels.request(this.#driver, this.#connection, stream, head));
    }
    const upgrade = http2 === undefined || this.#connection.multiplexes ? null : h2cUpgrade(head, event.end);
    if (upgrade !== null) return this.#followUpgrade(stream, upgrade);
    const origin = originOf(this.routing, head);
    const exchange = this.#newExchange(stream, head, origin);
    if (this.#connection.multiplexes && head.version !== "HTTP/2.0") addNote(exchange.flow, UPGRADED);
    if (typeof origin === "string") {
      if (event.end) exchange.flow.request.endedAt = now();
      return exchange.refuse(400, "no-host", origin, "RFC 9112, 3.2", "client");
    }
    const own = this.routing.kind === "explicit" &&
      (isCaHost(origin.host) || this.context.isOwnAddress(origin));
    if (own) {
      if (event.end) exchange.flow.request.endedAt = now();
      // Any page would say that there is a tunnel: RFC 8441, 4.
      if (head.method === "CONNECT") {
        return exchange.refuse(404, "no-websocket", NOTHING_HERE, null, "client");
      }
      return exchange.respond(caPage(this.context.certificates.authority, head));
    }
    exchange.clientEvent(event);
  }

  #newExchange(stream: number, head: RequestHead, origin: Origin | string): Exchange {
    const flow = newHttpFlow(this.context, this.clientRecord, head, origin);
    const exchange = new Exchange(this, new Leg(this.#driver, stream), flow);
    this.exchangeBegun(exchange);
    return exchange;
  }

  #toStream(event: HttpEvent): void {
    const exchange = this.#exchanges.get(event.stream);
    if (exchange !== undefined) {
      this.#clock.moved(exchange, true);
      exchange.clientEvent(event);
    } else if (this.#tunnels.take(event)) return;
    else if (event.kind === "data") {
      this.#connection.consume(event.stream, event.credit);
      this.#driver.touch();
    } else if (
      event.kind === "reset" && this.#isUnheard(event.stream) && event.fault.code !== "client-gone"
    ) {
      // A head that could not be read: there is a flow for it all the same.
      this.#lastStream = event.stream;
      const head = unreadableHead(this.#connection.multiplexes ? "HTTP/2.0" : "HTTP/1.1");
      this.#newExchange(event.stream, head, "").clientEvent(event);
    }
  }

  /** Whether the stream is the client's, and nothing was said of it before. */
  #isUnheard(stream: number): boolean {
    // RFC 9113, 5.1.1: pushed streams are even, and the numbers of each side only rise.
    return stream > this.#lastStream && (!this.#connection.multiplexes || stream % 2 === 1);
  }

  // --- Upgrade: h2c ---

  #followUpgrade(stream: number, upgrade: H2cUpgrade): void {
    this.#upgrade = upgrade;
    this.#clock.allow(this.context.settings.headTimeout);
    this.#connection.send({ kind: "head", stream, head: switchingToH2c(), end: false });
    this.#driver.touch();
  }

  /** The 101 is on the wire: the same transport goes on with another codec. */
  #switch(upgrade: H2cUpgrade): void {
    const { http2 } = this.#options;
    if (http2 === undefined) return;
    this.#upgrade = null;
    const { transport } = this.#driver;
    const rest = this.#connection.detach();
    this.#driver.detach();
    if (rest !== null) transport.unread(rest);
    this.#connection = http2(upgrade);
    this.#driver = new HttpDriver(transport, this.#connection, this.context.turns, this);
    this.#lastStream = 0;
    this.start();
    if (this.#stopping) this.shutdown();
  }

  // --- What the upstream connections tell ---

  #upstreamIdleClosed(): void {
    // In a tunnel the client believes it speaks to that very connection: it is shown the same end.
    if (this.routing.kind === "tunnel" && this.#exchanges.size === 0) this.shutdown();
  }

  #upstreamOffers(offers: Offers): void {
    // An explicit proxy has as many origins as a client likes: what one of them offers, the proxy does not.
    if (this.routing.kind === "explicit") return;
    this.#connection.offer(offers);
    this.#driver.touch();
  }

  // --- Time ---

  /** A byte has moved on a connection that carries one exchange at a time. */
  #movedAlone(byClient: boolean): void {
    if (this.#connection.multiplexes) return;
    for (const exchange of this.#exchanges.values()) this.#clock.moved(exchange, byClient);
  }

  /** Whether anything is under way may have changed. */
  #rest(): void {
    if (this.#over || this.#exchanges.size > 0) return;
    if (this.#tunnels.isEmpty) this.#clock.idle(this.#connection.headStarted);
    else this.#clock.tunnelsOnly();
  }

  #idleFor(inHead: boolean): void {
    if (inHead) {
      const seconds = this.context.settings.headTimeout / 1000;
      const message = `client sent no complete request head in ${seconds} s: closed`;
      log(this.context, "warn", "slow-head", message, this.clientRecord);
    }
    const { connection } = this.#driver;
    // Bytes of the last answer that nobody took: half of it must not look like all of it.
    if (connection.output.length > 0) return this.destroy();
    if (!connection.multiplexes || this.#stopping) return this.#driver.close();
    // RFC 9113, 9.1: with GOAWAY. Whoever does not take it, or an answer, is let go.
    this.shutdown();
    this.#clock.allow(this.context.settings.headTimeout);
  }

  #log(
    level: "info" | "warn",
    { code, message, rule }: Pick<ProtocolNote, "code" | "message" | "rule">,
  ): void {
    log(this.context, level, code, `client: ${message}`, this.clientRecord, rule);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#clock.cancel();
    this.pool.close();
  }
}
