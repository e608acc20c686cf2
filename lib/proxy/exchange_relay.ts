// One request and its response, from one leg to the other: the only relay for all versions. It records what passes, and
// runs the hooks. What becomes of it when something fails is said in exchange.ts.
// Invariants: events of one direction are handled in order (Lane); what a hook holds is not forwarded and earns no
// credit; all credit is given back in the end; `finish` runs exactly once.

import { addNote, type HttpFlow } from "../flow/record.ts";
import type { HttpEvent } from "../http/connection.ts";
import type { ProtocolFault } from "../http/fault.ts";
import { isInterim, type ResponseHead } from "../http/head.ts";
import type { StreamPriority } from "../http/priority.ts";
import type { Answer } from "../hooks/hooks.ts";
import type { TransportFault } from "../net/transport.ts";
import { readHandshake } from "../websocket/handshake.ts";
import { type CompleteResponse, continueHead, inVersionOf } from "./answers.ts";
import { now, type ProxyContext } from "./context.ts";
import { FlowGate } from "./flow_gate.ts";
import { after, Lane, type Pending } from "./lane.ts";
import type { Leg } from "./leg.ts";
import { MessageSide } from "./message_side.ts";
import { newResponseRecord } from "./new_flow.ts";
import { OriginSide, type OriginSource, type OriginUser } from "./origin_side.ts";
import { type AfterHttp, endsHttp, TunnelRelay } from "./tunnel_relay.ts";
import type { UpstreamConnection } from "./upstream_connection.ts";
import { WebSocketRelay } from "./websocket_relay.ts";

/** What an exchange needs of the session it belongs to. */
export interface ExchangeHost extends OriginSource {
  exchangeOver(exchange: ExchangeRelay): void;
}

export abstract class ExchangeRelay implements OriginUser {
  readonly flow: HttpFlow;
  readonly client: Leg;
  /** When something moved last: `performance.now()`. */
  movedAt = performance.now();
  readonly #host: ExchangeHost;
  protected readonly context: ProxyContext;
  readonly #requestLane: Lane;
  readonly #responseLane: Lane;
  readonly #gate: FlowGate;
  readonly #request: MessageSide;
  readonly #response: MessageSide;
  protected readonly origin: OriginSide;
  protected answered = false;
  /** The client waits for 100 before it sends the body. */
  #expectsContinue = false;
  #requestDone = false;
  /** The client has ended or lost its side without an end of the request: nothing more comes. */
  protected requestLost = false;
  /** The origin has answered and wants no more of the request; until the client has been told. */
  protected unwanted: ProtocolFault | null = null;
  /** All of the response is here, in the lane at least: what becomes of its connection does not matter any more. */
  protected responseArrived = false;
  protected responseStarted = false;
  protected responseDone = false;
  /** What goes on once HTTP has ended on both streams. */
  protected tunnel: AfterHttp | null = null;
  protected over = false;

  constructor(host: ExchangeHost, client: Leg, flow: HttpFlow) {
    this.#host = host;
    this.context = host.context;
    this.client = client;
    this.flow = flow;
    this.#gate = new FlowGate(host.context, flow, {
      kill: () => this.kill(),
      answered: (answer) => this.answer(answer),
      get canAnswer() {
        return mayAnswer();
      },
    });
    const mayAnswer = () => !this.over && !this.responseStarted;
    const side = { flow, isSettled: () => this.isSettled() };
    this.#request = new MessageSide("request", host.context, this.#gate, {
      ...side,
      forward: (event) => this.#forwardRequest(event),
      consume: (credit) => this.client.consume(credit),
      tooLarge: (limit) => this.tooLarge("request", limit),
      tooLargeToHold: () =>
        this.refuse(413, "hold-limit", "the request body is too large to be held for a hook", null),
      holds: () => this.#continueOurselves(),
    });
    this.#response = new MessageSide("response", host.context, this.#gate, {
      ...side,
      forward: (event) => this.#forwardResponse(event),
      consume: (credit) => this.origin.consume(credit),
      tooLarge: (limit) => this.tooLarge("response", limit),
      tooLargeToHold: () =>
        this.refuse(502, "hold-limit", "the response body is too large to be held for a hook", null),
      holds: () => {},
    });
    this.origin = new OriginSide(host, this, this.#gate);
    const broken = (error: unknown) => this.broken(error);
    this.#requestLane = new Lane(host.context.turns, (event) => this.#onRequest(event), broken);
    this.#responseLane = new Lane(host.context.turns, (event) => this.#onResponse(event), broken);
  }

  /** Whether a hook holds something: no timeout counts then. */
  get isHeld(): boolean {
    return this.#gate.isHeld;
  }

  get isOver(): boolean {
    return this.over;
  }

  /** Nothing is forwarded any more: it is over, or was answered by mitm or a hook. */
  isSettled(): boolean {
    return this.over || this.answered;
  }

  /** The stream to the origin, while there is one. */
  get originLeg(): Leg | null {
    return this.origin.leg;
  }

  /**
   * RFC 9113, 8.4: the origin has promised the response that comes on `stream`, to a request nobody sent. It is shown to
   * the hooks before its response goes on.
   */
  startPushed(upstream: UpstreamConnection, stream: number): void {
    this.origin.adopt(upstream, stream);
    // On the response's lane: what comes of the response waits while a hook holds the request.
    this.#responseLane.push({ kind: "head", stream: 0, head: this.flow.request.head, end: true });
  }

  // --- What the session and the upstream connection tell ---

  clientEvent(event: HttpEvent): void {
    if (event.kind === "reset") this.clientReset(event.fault);
    else this.#requestLane.push(event);
  }

  serverEvent(event: HttpEvent): void {
    this.movedAt = performance.now();
    if (event.kind === "reset") this.serverFailed(event.fault);
    else {
      const end = event.kind === "trailers" || event.end;
      if (end && this.tunnel === null) this.responseArrived = true;
      this.#responseLane.push(event);
    }
  }

  /** A write on the client leg is done. */
  clientDrained(): void {
    if (this.origin.leg?.settle(this.client) === true) this.movedAt = performance.now();
    this.tunnel?.drained();
    if (this.unwanted !== null) this.finishIfDone();
  }

  serverDrained(): void {
    const { leg } = this.origin;
    if (leg !== null && this.client.settle(leg)) this.movedAt = performance.now();
    this.tunnel?.drained();
  }

  /** The client says how important its stream is. */
  prioritize(priority: StreamPriority): void {
    if (!this.over) this.origin.prioritize(priority);
  }

  // --- What exchange.ts says ---

  abstract serverClosed(fault: TransportFault | null): void;
  abstract unreachable(error: unknown): void;
  abstract kill(): void;
  abstract refuse(status: number, code: string, message: string, rule: string | null): void;
  /** A hook answers in the origin's place. */
  protected abstract answer(answer: Answer): void;
  /** A handler of an event has thrown. */
  protected abstract broken(error: unknown): void;
  protected abstract tooLarge(which: "request" | "response", limit: number): void;
  /** The client broke a rule, or took its stream back. */
  protected abstract clientReset(fault: ProtocolFault): void;
  protected abstract serverFailed(fault: ProtocolFault): void;

  // --- Request direction ---

  #onRequest(event: HttpEvent): Pending {
    if (this.over) return null;
    if (this.answered) return this.#dropRequest(event);
    if (this.tunnel !== null) return this.tunnel.pass(event, true);
    switch (event.kind) {
      case "head":
        this.#expectsContinue = this.flow.request.head.fields.hasToken("expect", "100-continue");
        if (event.priority !== undefined) this.origin.prioritize(event.priority);
        return this.#request.head(this.flow.request, event.end, () => false);
      case "data":
        return this.#request.data(event);
      case "trailers":
        return this.#request.trailers(event);
      case "reset":
        return null;
    }
  }

  #forwardRequest(event: HttpEvent): Pending {
    if (event.kind === "head") {
      if (this.#expectsContinue && !this.flow.request.head.fields.has("expect")) this.#continueOurselves();
      if (event.end) this.#requestDone = true;
      return this.origin.connect(event.end);
    }
    const { leg, connecting } = this.origin;
    if (connecting !== null) {
      // What came until now is being sent again: this comes after it.
      const kept = event.kind === "data" ? { ...event, data: event.data.slice() } : event;
      return after(connecting, () => this.#forwardRequest(kept));
    }
    const credit = event.kind === "data" ? event.credit : 0;
    if (leg === null) {
      // The origin has gone after its response: what still comes is read, and matters to no one.
      this.client.consume(credit);
    } else {
      leg.send(event);
      this.client.passed(credit, leg);
    }
    if (event.kind === "trailers" || (event.kind === "data" && event.end)) {
      this.#requestDone = true;
      this.finishIfDone();
    }
    return null;
  }

  /** It has been answered already: what still comes is counted and dropped. */
  #dropRequest(event: HttpEvent): null {
    if (event.kind === "data") {
      this.context.store.grow(this.flow, this.flow.request.body.append(event.data));
      this.client.consume(event.credit);
    }
    if (event.kind === "trailers" || (event.kind !== "reset" && event.end)) {
      this.flow.request.endedAt = now();
      this.finishIfDone();
    }
    return null;
  }

  /** RFC 9110, 10.1.1: who holds the body must ask for it, and so must who does not pass Expect on. */
  #continueOurselves(): void {
    if (!this.#expectsContinue) return;
    this.#expectsContinue = false;
    this.flow.request.head.fields.delete("expect");
    this.client.send({ kind: "head", stream: 0, head: continueHead(), end: false });
  }

  // --- Response direction ---

  #onResponse(event: HttpEvent): Pending {
    if (this.over || this.answered) {
      if (event.kind === "data") this.origin.consume(event.credit);
      return null;
    }
    if (this.tunnel !== null) return this.tunnel.pass(event, false);
    switch (event.kind) {
      case "head":
        if (event.head.kind === "response") return this.#responseHead(event.head, event.end);
        return this.#request.head(this.flow.request, true, () => false);
      case "data":
        return this.#response.data(event);
      case "trailers":
        return this.#response.trailers(event);
      case "reset":
        return null;
    }
  }

  #responseHead(head: ResponseHead, end: boolean): Pending {
    if (isInterim(head)) {
      this.flow.interim = [...this.flow.interim, { head, at: now() }];
      return after(this.#gate.run("interimResponse"), () => {
        if (!this.isSettled()) this.client.send({ kind: "head", stream: 0, head, end: false });
        return null;
      });
    }
    this.flow.response = newResponseRecord(this.context, this.flow, head);
    const switches = endsHttp(this.flow.request.head, head);
    return this.#response.head(this.flow.response, end, () => {
      if (endsHttp(this.flow.request.head, head)) return this.#startTunnel(head);
      if (!switches) return false;
      // A hook made an ordinary response of it, but the origin waits for bytes of the other protocol.
      this.answer({ status: head.status, reason: head.reason, fields: head.fields });
      return null;
    });
  }

  #forwardResponse(event: HttpEvent): Pending {
    const end = event.kind === "trailers" || (event.kind !== "reset" && event.end);
    const credit = event.kind === "data" ? event.credit : 0;
    if (this.origin.endedUncleanly) this.#endUncleanly();
    this.client.send(event);
    if (event.kind === "head") this.responseStarted = true;
    const { leg } = this.origin;
    if (leg === null) this.origin.consume(credit);
    else leg.passed(credit, this.client);
    if (end) {
      this.responseDone = true;
      this.finishIfDone();
    }
    return null;
  }

  /** RFC 9112, 9.8: the origin ended TLS without close_notify; the client is shown the same. */
  #endUncleanly(): void {
    const { driver, connection } = this.client;
    if (driver.endUncleanly || connection.multiplexes || this.flow.response?.head.framing !== "close") return;
    driver.endUncleanly = true;
    addNote(this.flow, "the server ended TLS without close_notify; the client was shown the same");
  }

  #startTunnel(head: ResponseHead): Pending {
    const { leg } = this.origin;
    if (leg === null) return null;
    this.#forwardResponse({ kind: "head", stream: 0, head, end: false });
    this.client.tunnel();
    leg.tunnel();
    this.tunnel = this.#afterHttp(head, leg);
    return this.tunnel.start();
  }

  #afterHttp(head: ResponseHead, leg: Leg): AfterHttp {
    const owner = {
      holding: (pending: Pending) => this.#gate.holding(pending),
      ended: () => {
        this.#requestDone = this.responseDone = true;
        this.finish();
      },
      kill: () => this.kill(),
    };
    const handshake = readHandshake(this.flow.request.head, head);
    if (handshake.kind === "websocket") {
      const legs = { client: this.client, server: leg };
      return new WebSocketRelay(this.context, this.flow, legs, handshake.deflate, owner);
    }
    if (handshake.why !== null) addNote(this.flow, `${handshake.why}: its bytes are shown as they are`);
    return new TunnelRelay(this.context, this.flow, this.client, leg, owner);
  }

  // --- Endings ---

  /** Sends a whole response of ours to the client; what the request still brings is dropped. */
  protected sendComplete(complete: CompleteResponse): void {
    if (this.over || this.responseStarted) return;
    const { body, trailers } = complete;
    const head = inVersionOf(this.flow.request.head, complete.head);
    this.answered = true;
    // What came of another one until now is not what the client gets.
    this.context.store.grow(this.flow, -(this.flow.response?.body.kept ?? 0));
    this.flow.response = newResponseRecord(this.context, this.flow, head);
    this.flow.response.body.append(this.flow.request.head.method === "HEAD" ? new Uint8Array(0) : body);
    this.context.store.grow(this.flow, this.flow.response.body.kept);
    this.flow.response.trailers = trailers;
    this.flow.response.endedAt = now();
    const bodyless = body.length === 0 || this.flow.request.head.method === "HEAD";
    this.context.turns.run(() => {
      this.#forwardResponse({ kind: "head", stream: 0, head, end: bodyless && trailers === null });
      if (!bodyless) {
        this.#forwardResponse({ kind: "data", stream: 0, data: body, credit: 0, end: trailers === null });
      }
      if (trailers !== null) this.#forwardResponse({ kind: "trailers", stream: 0, fields: trailers });
    });
  }

  protected abortServer(fault?: ProtocolFault): void {
    this.client.releaseOwed();
    this.origin.abort(this.#requestDone && this.responseDone, fault);
  }

  protected finishIfDone(): void {
    if (!this.responseDone || this.over) return;
    const noMoreComes = this.flow.request.endedAt !== null || this.requestLost ||
      this.client.connection.closing;
    if (noMoreComes || this.tunnel !== null) return this.finish();
    if (this.unwanted === null || !this.client.stopPeer(this.unwanted)) return;
    addNote(
      this.flow,
      "the server answered without the rest of the request, and the client was told to stop",
    );
    this.finish();
  }

  protected finish(): void {
    if (this.over) return;
    this.over = true;
    this.tunnel?.close();
    if (!this.#requestDone || !this.responseDone) this.abortServer();
    else this.origin.release();
    this.client.releaseOwed();
    this.client.consume(this.#requestLane.close());
    this.origin.consume(this.#responseLane.close());
    this.flow.endedAt = now();
    this.flow.closedBy ??= this.flow.error?.by ?? null;
    this.flow.held = false;
    this.context.store.end(this.flow);
    const { hooks } = this.context;
    this.tunnel?.tellEnd();
    if (this.flow.error !== null) hooks.run("httpError", this.flow);
    hooks.run("httpEnded", this.flow);
    this.#host.exchangeOver(this);
  }
}
