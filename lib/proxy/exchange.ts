// One request and its response, from one leg to the other: the only relay for all versions. It records what
// passes, runs the hooks, and sees to it that a failure on one side reaches the other as what it was.
// Invariants: events of one direction are handled in order (Lane); what a hook holds is not forwarded and earns
// no credit; a body that was cut short never ends cleanly; `finish` runs exactly once.

import { addNote, type HttpFlow } from "../flow/record.ts";
import type { HttpEvent } from "../http/connection.ts";
import type { ProtocolFault } from "../http/fault.ts";
import { isInterim, type ResponseHead } from "../http/head.ts";
import type { Answer } from "../hooks/hooks.ts";
import type { TransportFault } from "../net/transport.ts";
import { type CompleteResponse, continueHead, errorPage, responseFromAnswer } from "./answers.ts";
import { howClosed } from "./closing_words.ts";
import { log, now, type ProxyContext } from "./context.ts";
import { FlowGate } from "./flow_gate.ts";
import { after, Lane, type Pending } from "./lane.ts";
import type { Leg } from "./leg.ts";
import { MessageSide } from "./message_side.ts";
import { newResponseRecord } from "./new_flow.ts";
import { OriginSide, type OriginSource, type OriginUser } from "./origin_side.ts";
import { endsHttp, TunnelRelay } from "./tunnel_relay.ts";
import { UpstreamError } from "./upstream_error.ts";

/** What an exchange needs of the session it belongs to. */
export interface ExchangeHost extends OriginSource {
  exchangeOver(exchange: Exchange): void;
}

export class Exchange implements OriginUser {
  readonly flow: HttpFlow;
  readonly client: Leg;
  readonly #host: ExchangeHost;
  readonly #context: ProxyContext;
  readonly #requestLane: Lane;
  readonly #responseLane: Lane;
  readonly #gate: FlowGate;
  readonly #request: MessageSide;
  readonly #response: MessageSide;
  readonly #origin: OriginSide;
  #answered = false;
  /** The client waits for 100 before it sends the body. */
  #expectsContinue = false;
  #requestDone = false;
  /** All of the response is here, in the lane at least: what becomes of its connection does not matter any more. */
  #responseArrived = false;
  #responseStarted = false;
  #responseDone = false;
  #tunnel: TunnelRelay | null = null;
  #over = false;

  constructor(host: ExchangeHost, client: Leg, flow: HttpFlow) {
    this.#host = host;
    this.#context = host.context;
    this.client = client;
    this.flow = flow;
    this.#gate = new FlowGate(host.context, flow, {
      kill: () => this.kill(),
      answered: (answer) => this.#answer(answer),
      get canAnswer() {
        return mayAnswer();
      },
    });
    const mayAnswer = () => !this.#over && !this.#responseStarted;
    const side = { flow, isSettled: () => this.isSettled() };
    this.#request = new MessageSide("request", host.context, this.#gate, {
      ...side,
      forward: (event) => this.#forwardRequest(event),
      consume: (credit) => this.client.consume(credit),
      tooLarge: (limit) => this.#tooLarge("request", limit),
      tooLargeToHold: () =>
        this.refuse(413, "hold-limit", "the request body is too large to be held for a hook", null),
      holds: () => this.#continueOurselves(),
    });
    this.#response = new MessageSide("response", host.context, this.#gate, {
      ...side,
      forward: (event) => this.#forwardResponse(event),
      consume: (credit) => this.#origin.leg?.consume(credit),
      tooLarge: (limit) => this.#tooLarge("response", limit),
      tooLargeToHold: () =>
        this.refuse(502, "hold-limit", "the response body is too large to be held for a hook", null),
      holds: () => {},
    });
    this.#origin = new OriginSide(host, this, this.#gate);
    const broken = (error: unknown) => this.#broken(error);
    this.#requestLane = new Lane(host.context.turns, (event) => this.#onRequest(event), broken);
    this.#responseLane = new Lane(host.context.turns, (event) => this.#onResponse(event), broken);
  }

  /** Whether a hook holds something: no timeout counts then. */
  get isHeld(): boolean {
    return this.#gate.isHeld;
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** Nothing is forwarded any more: it is over, or was answered by mitm or a hook. */
  isSettled(): boolean {
    return this.#over || this.#answered;
  }

  // --- What the session and the upstream connection tell ---

  clientEvent(event: HttpEvent): void {
    if (event.kind === "reset") this.#clientReset(event.fault);
    else this.#requestLane.push(event);
  }

  serverEvent(event: HttpEvent): void {
    if (event.kind === "reset") this.#serverFailed(event.fault.code, event.fault.message, event.fault);
    else {
      const end = event.kind === "trailers" || event.end;
      if (end && this.#tunnel === null) this.#responseArrived = true;
      this.#responseLane.push(event);
    }
  }

  /** A write on the client leg is done. */
  clientDrained(): void {
    this.#origin.leg?.settle(this.client);
  }

  serverDrained(): void {
    const { leg } = this.#origin;
    if (leg !== null) this.client.settle(leg);
  }

  clientClosed(fault: TransportFault | null): void {
    if (this.#over) return;
    if (!this.#responseDone) {
      const message = `the client ${howClosed(fault)} before the response was complete`;
      this.#fail("client", "client-gone", message, null);
    }
    this.#abortServer();
    this.#finish();
  }

  serverClosed(fault: TransportFault | null): void {
    this.#serverFailed("server-gone", `the server ${howClosed(fault)}`, null);
  }

  timedOut(seconds: number): void {
    const message = `nothing moved for ${seconds} s`;
    this.#fail("proxy", "stalled", message, null);
    this.#abortServer();
    if (this.#responseStarted) this.#resetClient("stalled", message);
    else this.#sendComplete(errorPage(504, `${message}; --stall-timeout sets how long mitm waits`, null));
  }

  /** There is no connection to the origin to be had. */
  unreachable(error: unknown): void {
    if (this.#over) return;
    const { code, message } = UpstreamError.from(error);
    this.#fail("server", code, message, null);
    this.#sendComplete(errorPage(code === "timed-out" ? 504 : 502, message, null));
  }

  /** Ends it now, from a person or a hook: both sides see a reset. */
  kill(): void {
    if (this.#over) return;
    this.flow.killed = true;
    this.#tearDown("killed", "killed by a hook");
  }

  /** Ends it now, because its connection is ended by mitm: both sides see a reset. */
  stop(): void {
    this.#tearDown("stopped", "mitm ended the connection before the response was complete");
  }

  /** A request that cannot be forwarded is answered with a page. */
  refuse(
    status: number,
    code: string,
    message: string,
    rule: string | null,
    by: "client" | "proxy" = "proxy",
  ): void {
    this.#fail(by, code, message, rule);
    this.#abortServer();
    this.#sendComplete(errorPage(status, message, rule));
  }

  /** A complete response of our own (the CA page). */
  respond(response: CompleteResponse): void {
    this.flow.answered = true;
    this.#sendComplete(response);
  }

  // --- Request direction ---

  #onRequest(event: HttpEvent): Pending {
    if (this.#over) return null;
    if (this.#answered) return this.#dropRequest(event);
    if (this.#tunnel !== null) return this.#tunnel.pass(event, true);
    switch (event.kind) {
      case "head":
        this.#expectsContinue = this.flow.request.head.fields.hasToken("expect", "100-continue");
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
      return this.#origin.connect(event.end);
    }
    const credit = event.kind === "data" ? event.credit : 0;
    const { leg } = this.#origin;
    if (leg === null) {
      // The origin has gone after its response: what still comes is read, and matters to no one.
      this.client.consume(credit);
    } else {
      leg.send(event);
      this.client.passed(credit, leg);
    }
    if (event.kind === "trailers" || (event.kind === "data" && event.end)) {
      this.#requestDone = true;
      this.#finishIfDone();
    }
    return null;
  }

  /** It has been answered already: what still comes is counted and dropped. */
  #dropRequest(event: HttpEvent): null {
    if (event.kind === "data") {
      this.#context.store.grow(this.flow, this.flow.request.body.append(event.data));
      this.client.consume(event.credit);
    }
    if (event.kind === "trailers" || (event.kind !== "reset" && event.end)) {
      this.flow.request.endedAt = now();
      this.#finishIfDone();
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
    if (this.#over || this.#answered) {
      if (event.kind === "data") this.#origin.leg?.consume(event.credit);
      return null;
    }
    if (this.#tunnel !== null) return this.#tunnel.pass(event, false);
    switch (event.kind) {
      case "head":
        return event.head.kind === "response" ? this.#responseHead(event.head, event.end) : null;
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
    this.flow.response = newResponseRecord(this.#context, this.flow, head);
    const { method } = this.flow.request.head;
    const switches = endsHttp(method, head);
    return this.#response.head(this.flow.response, end, () => {
      if (endsHttp(method, head)) return this.#startTunnel(head);
      if (!switches) return false;
      // A hook made an ordinary response of it, but the origin waits for bytes of the other protocol.
      this.#answer({ status: head.status, reason: head.reason, fields: head.fields });
      return null;
    });
  }

  #forwardResponse(event: HttpEvent): Pending {
    const end = event.kind === "trailers" || (event.kind !== "reset" && event.end);
    const credit = event.kind === "data" ? event.credit : 0;
    if (this.#origin.endedUncleanly) this.#endUncleanly();
    this.client.send(event);
    if (event.kind === "head") this.#responseStarted = true;
    this.#origin.leg?.passed(credit, this.client);
    if (end) {
      this.#responseDone = true;
      this.#finishIfDone();
    }
    return null;
  }

  /** RFC 9112, 9.8: the origin ended TLS without close_notify; the client is shown the same. */
  #endUncleanly(): void {
    if (this.client.driver.endUncleanly || this.flow.response?.head.framing !== "close") return;
    this.client.driver.endUncleanly = true;
    addNote(this.flow, "the server ended TLS without close_notify; the client was shown the same");
  }

  #startTunnel(head: ResponseHead): Pending {
    const { leg } = this.#origin;
    if (leg === null) return null;
    this.#forwardResponse({ kind: "head", stream: 0, head, end: false });
    this.client.tunnel();
    leg.tunnel();
    this.#tunnel = new TunnelRelay(this.#context, this.flow, this.client, leg, {
      holding: (pending) => this.#gate.holding(pending),
      ended: () => {
        this.#requestDone = this.#responseDone = true;
        this.#finish();
      },
      kill: () => this.kill(),
    });
    return this.#tunnel.start();
  }

  // --- Endings ---

  #answer(answer: Answer): void {
    this.flow.answered = true;
    this.#abortServer();
    this.#sendComplete(responseFromAnswer(answer));
  }

  /** Sends a whole response of ours to the client; what the request still brings is dropped. */
  #sendComplete(complete: CompleteResponse): void {
    if (this.#over || this.#responseStarted) return;
    const { head, body, trailers } = complete;
    this.#answered = true;
    // What came of another one until now is not what the client gets.
    this.#context.store.grow(this.flow, -(this.flow.response?.body.kept ?? 0));
    this.flow.response = newResponseRecord(this.#context, this.flow, head);
    this.flow.response.body.append(this.flow.request.head.method === "HEAD" ? new Uint8Array(0) : body);
    this.#context.store.grow(this.flow, this.flow.response.body.kept);
    this.flow.response.trailers = trailers;
    this.flow.response.endedAt = now();
    const bodyless = body.length === 0 || this.flow.request.head.method === "HEAD";
    this.#context.turns.run(() => {
      this.#forwardResponse({ kind: "head", stream: 0, head, end: bodyless && trailers === null });
      if (!bodyless) {
        this.#forwardResponse({ kind: "data", stream: 0, data: body, credit: 0, end: trailers === null });
      }
      if (trailers !== null) this.#forwardResponse({ kind: "trailers", stream: 0, fields: trailers });
    });
  }

  /** What was to be sent cannot be: a hook made it illegal, or it is our own mistake. Only this flow ends. */
  #broken(error: unknown): void {
    if (this.#over) return;
    const message = `internal error: ${error instanceof Error ? error.message : error}`;
    log(this.#context, "error", "internal", `${message} (flow ${this.flow.id})`, this.flow.client);
    this.#fail("proxy", "internal", message, null);
    this.#cutShort(500, "internal", message, null);
  }

  #tooLarge(which: "request" | "response", limit: number): void {
    const message = `the ${which} body is over --body-size-limit (${limit} bytes)`;
    this.#fail("proxy", "body-size-limit", message, null);
    this.#cutShort(which === "request" ? 413 : 502, "body-size-limit", message, null);
  }

  /** The client broke a rule, or took its stream back. */
  #clientReset(fault: ProtocolFault): void {
    if (this.#over) return;
    // RFC 9112, 9.5: a client that has its whole answer may stop sending the request, and close.
    const hasHadEnough = this.#responseDone && fault.code === "truncated";
    if (!hasHadEnough) this.#fail("client", fault.code, fault.message, fault.rule);
    this.#abortServer(fault);
    // The codec closes in good order: the answer may not be on the wire yet.
    if (this.#responseDone) return this.#finish();
    if (this.#responseStarted || fault.scope === "stream") {
      this.#resetClient(fault.code, fault.message);
      this.#finish();
    } else this.#sendComplete(errorPage(fault.status, fault.message, fault.rule));
  }

  #serverFailed(code: string, message: string, fault: ProtocolFault | null): void {
    if (this.#over) return;
    if (this.#responseDone || this.#responseArrived) {
      this.#abortServer();
      return this.#finishIfDone();
    }
    const again = this.#origin.retry(code);
    if (again !== false) return void again?.catch((error) => this.#broken(error));
    const where = `${this.flow.host}:${this.flow.port}`;
    this.#fail("server", code, `${message} (${where})`, fault?.rule ?? null);
    this.#cutShort(502, code, `${where}: ${message}`, fault?.rule ?? null);
  }

  #tearDown(code: string, message: string): void {
    if (this.#over) return;
    if (!this.#responseDone || this.flow.killed) this.#fail("proxy", code, message, null);
    this.#abortServer();
    this.#resetClient(code, message);
    this.#finish();
  }

  /** Ends it before its time: with a page while the client has nothing yet, else by a reset. */
  #cutShort(status: number, code: string, message: string, rule: string | null): void {
    this.#abortServer();
    if (!this.#responseStarted) return this.#sendComplete(errorPage(status, message, rule));
    this.#resetClient(code, message);
    this.#finish();
  }

  #fail(by: "client" | "server" | "proxy", code: string, message: string, rule: string | null): void {
    this.flow.error ??= { at: now(), message, by, code, rule };
  }

  #resetClient(code: string, message: string): void {
    this.client.reset({ scope: "stream", peer: "server", code, status: 502, message, rule: "" });
  }

  #abortServer(fault?: ProtocolFault): void {
    this.client.releaseOwed();
    this.#origin.abort(this.#requestDone && this.#responseDone, fault);
  }

  #finishIfDone(): void {
    if (!this.#responseDone || this.#over) return;
    const noMoreComes = this.flow.request.endedAt !== null || this.client.connection.closing;
    if (noMoreComes || this.#tunnel !== null) this.#finish();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#tunnel?.close();
    if (!this.#requestDone || !this.#responseDone) this.#abortServer();
    else this.#origin.release();
    this.client.consume(this.#requestLane.close());
    this.#responseLane.close();
    this.flow.endedAt = now();
    this.flow.closedBy ??= this.flow.error?.by ?? null;
    this.flow.held = false;
    this.#context.store.end(this.flow);
    const { hooks } = this.#context;
    if (this.#tunnel !== null) hooks.run("tcpEnd", this.flow);
    if (this.flow.error !== null) hooks.run("httpError", this.flow);
    hooks.run("httpEnded", this.flow);
    this.#host.exchangeOver(this);
  }
}
