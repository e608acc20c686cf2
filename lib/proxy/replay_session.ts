// One request sent again: an exchange like any other, with hooks, retries and timeouts, between a client that is none
// (ReplayCodec) and connections to its origin that are its own.
// Invariants: no other exchange shares its connections; `onOver` is called once, when the exchange is over and the
// connections are closed.

import type { ConnectionRecord } from "../flow/record.ts";
import { type HttpEvent, isHttpEvent, type Signal } from "../http/connection.ts";
import type { Deadline } from "../net/deadlines.ts";
import { type DriverHandler, HttpDriver } from "../net/driver.ts";
import { newConnectionRecord, now, type ProxyContext } from "./context.ts";
import { Exchange } from "./exchange.ts";
import { ExchangeClock } from "./exchange_clock.ts";
import type { ExchangeHost } from "./exchange_relay.ts";
import { Leg } from "./leg.ts";
import { newHttpFlow } from "./new_flow.ts";
import type { Routing } from "./origin.ts";
import { REPLAY_STREAM, ReplayCodec } from "./replay_codec.ts";
import { fittingHead, type ReplayRequest, replayRouting } from "./replay_request.ts";
import { NO_INPUT, REPLAY_CLIENT, ReplayTransport } from "./replay_transport.ts";
import { UpstreamPool } from "./upstream_pool.ts";

/** How long the body waits for 100 once the origin has the head, in milliseconds. As long as curl waits: not all send one. */
const CONTINUE_TIME = 1_000;
/** How long a connection is kept for the rest of a request whose answer is complete, in milliseconds. */
const REST_TIME = 2_000;

export class ReplaySession implements DriverHandler, ExchangeHost {
  readonly context: ProxyContext;
  readonly routing: Routing;
  readonly pool: UpstreamPool;
  readonly #client: ConnectionRecord;
  readonly #codec: ReplayCodec;
  readonly #driver: HttpDriver;
  readonly #exchange: Exchange;
  readonly #clock: ExchangeClock<Exchange>;
  /** For 100, then for the rest of the request. */
  readonly #deadline: Deadline;
  readonly #onOver: () => void;
  #over = false;

  constructor(context: ProxyContext, request: ReplayRequest, onOver: () => void) {
    this.context = context;
    this.routing = replayRouting(context.settings, request);
    this.#onOver = onOver;
    this.#client = newConnectionRecord(context, REPLAY_CLIENT, null, null);
    const { scheme, host, port, body } = request;
    const trailers = request.trailers === null || request.trailers.length === 0
      ? null
      : request.trailers.clone();
    const head = fittingHead(request.head, body.length, trailers);
    this.#codec = new ReplayCodec({ head, body, trailers });
    this.#driver = new HttpDriver(new ReplayTransport(NO_INPUT), this.#codec, context.turns, this);
    const clientProtocol = this.#codec.multiplexes ? "http2" : "http1";
    this.pool = new UpstreamPool(context, this.#client, { routing: this.routing, clientProtocol }, {
      upstreamIdleClosed: () => this.shutdown(),
      upstreamReceived: () => this.#moved(),
      upstreamOffers: () => {},
      upstreamPush: (upstream, { stream }) => upstream.refuse(stream),
    });
    const flow = newHttpFlow(context, this.#client, head, { scheme, host, port });
    flow.replayed = true;
    this.#exchange = new Exchange(this, new Leg(this.#driver, REPLAY_STREAM), flow);
    this.#clock = new ExchangeClock<Exchange>(context, {
      exchanges: () => this.#exchange.isOver ? [] : [this.#exchange],
      hasTunnels: () => false,
      insists: () => this.#exchange.stop(),
      idleFor: () => {},
    });
    this.#deadline = context.deadlines.create(() => this.#expired());
  }

  start(): void {
    const { flow } = this.#exchange;
    this.context.store.add(flow);
    this.context.running.begin(flow, this.#exchange);
    this.#clock.begin();
    if (this.#codec.awaitsContinue) this.#deadline.set(CONTINUE_TIME);
    this.#driver.start();
  }

  /** What is under way may finish. */
  shutdown(): void {
    if (this.#exchange.isOver) this.#close();
  }

  /** Ends it now. */
  destroy(): void {
    this.context.turns.run(() => this.#exchange.stop());
    this.#close();
  }

  // --- DriverHandler ---

  event(event: HttpEvent | Signal): void {
    if (!isHttpEvent(event)) return;
    this.#moved();
    this.#exchange.clientEvent(event);
  }

  received(): void {}

  drained(): void {}

  closed(): void {}

  // --- ExchangeHost ---

  readonly originLegOf = (): Leg | null => this.#exchange.originLeg;

  exchangeOver({ flow }: Exchange): void {
    this.context.running.end(flow);
    this.#clock.cancel();
    this.#codec.stop();
    this.#driver.close();
    this.#client.endedAt = now();
    const { body, endedAt } = flow.request;
    // An origin may answer before it has read all of the request: what is on its way is not cut off.
    const mayBeOnItsWay = flow.error === null && endedAt !== null && body.length > 0;
    if (mayBeOnItsWay) this.#deadline.set(REST_TIME);
    else this.#close();
  }

  // ---

  #moved(): void {
    this.#exchange.movedAt = performance.now();
  }

  #expired(): void {
    if (this.#exchange.isOver) return this.#close();
    // The time counts from when the origin has the head.
    if (this.#exchange.isHeld || this.#exchange.originLeg === null) return this.#deadline.set(CONTINUE_TIME);
    this.#codec.goOn();
    this.#driver.touch();
  }

  #close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#deadline.cancel();
    this.pool.close();
    this.#onOver();
  }
}
