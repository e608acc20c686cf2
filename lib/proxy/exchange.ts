// One request and its response, from one leg to the other: the only relay for all versions. It records what
// passes, runs the hooks, and sees to it that a failure on one side reaches the other as what it was.
// Invariants: events of one direction are handled in order (Lane); what a hook holds is not forwarded and earns
// no credit; a body that was cut short never ends cleanly; `finish` runs exactly once.

import { BodyCapture } from "../flow/body_capture.ts";
import type { HttpFlow, ResponseRecord } from "../flow/record.ts";
import type { HttpEvent } from "../http/connection.ts";
import type { ProtocolFault } from "../http/fault.ts";
import { isInterim, type RequestHead, type ResponseHead } from "../http/head.ts";
import type { Answer, FlowControl } from "../hooks/hooks.ts";
import type { TransportFault } from "../net/transport.ts";
import { type CompleteResponse, continueHead, errorPage, responseFromAnswer } from "./answers.ts";
import { now, type ProxyContext } from "./context.ts";
import { HeldBody } from "./held_body.ts";
import { headText, withBody } from "./held_edit.ts";
import { after, Lane, type Pending } from "./lane.ts";
import type { Leg } from "./leg.ts";
import { forwardedHead, type Origin, type Routing } from "./origin.ts";
import { TunnelRelay } from "./tunnel_relay.ts";
import { UpstreamError } from "./upstream_error.ts";
import type { UpstreamConnection } from "./upstream_connection.ts";
import { canRetry } from "./retry.ts";

/** What an exchange needs of the session it belongs to. */
export interface ExchangeHost {
  readonly context: ProxyContext;
  readonly routing: Routing;
  /** An upstream connection with a stream to be opened on it; rejects with an UpstreamError. */
  acquire(origin: Origin, fresh: boolean): UpstreamConnection | Promise<UpstreamConnection>;
  /** A connection that was acquired but not used after all. */
  giveBack(upstream: UpstreamConnection): void;
  exchangeOver(exchange: Exchange): void;
}

export class Exchange {
  readonly flow: HttpFlow;
  readonly client: Leg;
  readonly #host: ExchangeHost;
  readonly #context: ProxyContext;
  readonly #requestLane: Lane;
  readonly #responseLane: Lane;
  #server: Leg | null = null;
  #upstream: UpstreamConnection | null = null;
  #requestHold: HeldBody | null = null;
  #responseHold: HeldBody | null = null;
  /** Set by a hook's `setBody` while it holds a body. */
  #newBody: Uint8Array | null = null;
  #answer: CompleteResponse | null = null;
  #requestForwarded = false;
  #requestDone = false;
  #responseStarted = false;
  #responseDone = false;
  #retried = false;
  #waiting = 0;
  #tunnel: TunnelRelay | null = null;
  #over = false;

  constructor(host: ExchangeHost, client: Leg, flow: HttpFlow) {
    this.#host = host;
    this.#context = host.context;
    this.client = client;
    this.flow = flow;
    this.#requestLane = new Lane(host.context.turns, (event) => this.#onRequest(event));
    this.#responseLane = new Lane(host.context.turns, (event) => this.#onResponse(event));
  }

  /** Whether a hook holds something: no timeout counts then. */
  get isHeld(): boolean {
    return this.#waiting > 0;
  }

  get isOver(): boolean {
    return this.#over;
  }

  // --- What the session and the upstream connection tell ---

  clientEvent(event: HttpEvent): void {
    if (event.kind === "reset") this.#clientReset(event.fault);
    else this.#requestLane.push(event);
  }

  serverEvent(event: HttpEvent): void {
    if (event.kind === "reset") this.#serverFailed(event.fault.code, event.fault.message, event.fault);
    else this.#responseLane.push(event);
  }

  /** A write on the client leg is done. */
  clientDrained(): void {
    if (this.#server !== null) this.#server.settle(this.client);
  }

  serverDrained(): void {
    if (this.#server !== null) this.client.settle(this.#server);
  }

  clientClosed(fault: TransportFault | null): void {
    if (this.#over) return;
    if (!this.#responseDone) {
      const how = fault?.code === "reset"
        ? "reset the connection"
        : fault === null
        ? "closed the connection"
        : `was lost (${fault.message})`;
      this.#fail("client", "client-gone", `the client ${how} before the response was complete`, null);
    }
    this.#abortServer();
    this.#finish();
  }

  serverClosed(fault: TransportFault | null): void {
    const how = fault === null
      ? "closed the connection"
      : fault.code === "reset"
      ? "reset the connection"
      : `was lost (${fault.message})`;
    this.#serverFailed("server-gone", `the server ${how}`, null);
  }

  timedOut(seconds: number): void {
    const message = `nothing moved for ${seconds} s`;
    this.#fail("proxy", "stalled", message, null);
    this.#abortServer();
    if (this.#responseStarted) this.#resetClient("stalled", message);
    else this.#sendComplete(errorPage(504, `${message}; --stall-timeout sets how long mitm waits`, null));
  }

  /** Ends it now, from a person or a hook: both sides see a reset. */
  kill(): void {
    if (this.#over) return;
    this.flow.killed = true;
    this.#fail("proxy", "killed", "killed by a hook", null);
    this.#abortServer();
    this.#resetClient("killed", "killed by a hook");
    this.#finish();
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
    if (this.#answer !== null) return this.#dropRequest(event);
    if (this.#tunnel !== null) return this.#tunnel.pass(event, true);
    switch (event.kind) {
      case "head":
        return event.head.kind === "request" ? this.#requestHead(event.head, event.end) : null;
      case "data":
        return this.#requestData(event);
      case "trailers":
        this.flow.request.trailers = event.fields;
        return after(this.#hold("requestTrailers"), () => this.#requestEnd(event));
      case "reset":
        return null;
    }
  }

  #requestHead(head: RequestHead, end: boolean): Pending {
    if (end) this.flow.request.endedAt = now();
    const limit = this.#context.settings.bodySizeLimit;
    if (limit !== null && head.contentLength !== null && head.contentLength > limit) {
      this.refuse(
        413,
        "body-size-limit",
        `the request body of ${head.contentLength} bytes is over --body-size-limit`,
        null,
      );
      return null;
    }
    return after(this.#hold("requestHead"), () => {
      if (this.#isSettled()) return null;
      if (end) {
        return after(
          this.#hold("request"),
          () => this.#isSettled() ? null : this.#forwardHeld(new HeldBody()),
        );
      }
      if (!this.#context.hooks.wantsBody("request", this.flow)) return this.#connect(false);
      this.#requestHold = new HeldBody();
      this.#continueOurselves();
      return null;
    });
  }

  /** RFC 9110, 10.1.1: who holds the body must ask for it. */
  #continueOurselves(): void {
    const head = this.flow.request.head;
    if (!head.fields.hasToken("expect", "100-continue")) return;
    head.fields.delete("expect");
    this.client.send({ kind: "head", stream: 0, head: continueHead(), end: false });
  }

  /** It has been answered already: what still comes is counted and dropped. */
  #dropRequest(event: HttpEvent): null {
    if (event.kind === "data") {
      this.flow.request.body.append(event.data);
      this.client.consume(event.credit);
    }
    if (event.kind === "trailers" || (event.kind === "data" && event.end)) {
      this.flow.request.endedAt = now();
      this.#finishIfDone();
    }
    return null;
  }

  #requestData(event: HttpEvent & { kind: "data" }): Pending {
    const { body } = this.flow.request;
    this.#context.store.grow(this.flow, body.append(event.data));
    const limit = this.#context.settings.bodySizeLimit;
    if (limit !== null && body.length > limit && !this.#responseDone) {
      this.#tooLarge("request", limit);
      return null;
    }
    if (this.#requestHold !== null) {
      this.client.consume(event.credit);
      if (!this.#requestHold.append(event.data)) {
        this.refuse(413, "hold-limit", "the request body is too large to be held for a hook", null);
        return null;
      }
      return event.end ? this.#requestEnd(event) : null;
    }
    if (event.end) return this.#requestEnd(event);
    this.#forwardRequest(event);
    return null;
  }

  #requestEnd(event: HttpEvent): Pending {
    this.flow.request.endedAt = now();
    const hold = this.#requestHold;
    if (hold === null) this.#forwardRequest(event);
    return after(this.#hold("request"), () => {
      if (hold !== null) {
        this.#requestHold = null;
        if (!this.#isSettled()) return this.#forwardHeld(hold);
      }
      return null;
    });
  }

  /** Everything about the request is known: it goes out in one piece. */
  #forwardHeld(hold: HeldBody): Pending {
    const body = this.#takeNewBody(this.flow.request.head, this.flow.request.body) ?? hold.bytes();
    return after(this.#connect(body.length === 0 && this.flow.request.trailers === null), () => {
      if (body.length === 0 && this.flow.request.trailers === null) return null;
      this.#forwardRequest({
        kind: "data",
        stream: 0,
        data: body,
        credit: 0,
        end: this.flow.request.trailers === null,
      });
      if (this.flow.request.trailers !== null) {
        this.#forwardRequest({ kind: "trailers", stream: 0, fields: this.flow.request.trailers });
      }
      return null;
    });
  }

  /** Finds an upstream connection and sends the request head on it. */
  #connect(end: boolean, fresh = false): Pending {
    const origin: Origin = {
      scheme: this.flow.scheme === "https" ? "https" : "http",
      host: this.flow.host,
      port: this.flow.port,
    };
    const start = (upstream: UpstreamConnection) => {
      if (this.#isSettled()) this.#host.giveBack(upstream);
      else this.#startOn(upstream, origin, end);
    };
    const found = this.#host.acquire(origin, fresh);
    if (!(found instanceof Promise)) {
      start(found);
      return null;
    }
    return found.then(
      (upstream) => this.#context.turns.run(() => start(upstream)),
      (error) => this.#context.turns.run(() => this.#unreachable(error)),
    );
  }

  #startOn(upstream: UpstreamConnection, origin: Origin, end: boolean): void {
    const leg = upstream.open(this);
    if (leg === null) {
      return this.#unreachable(
        new UpstreamError("busy", "the server's connection closed just now; try again"),
      );
    }
    this.#upstream = upstream;
    this.#server = leg;
    this.flow.server = upstream.record;
    const head = forwardedHead(this.#host.routing, origin, this.flow.request.head);
    this.#requestForwarded = true;
    if (end) this.#requestDone = true;
    leg.send({ kind: "head", stream: 0, head, end });
  }

  #forwardRequest(event: HttpEvent): void {
    const end = event.kind === "trailers" || (event.kind === "data" && event.end);
    const credit = event.kind === "data" ? event.credit : 0;
    if (this.#server === null || this.#responseDone) {
      // The response is over, or there is no origin: what still comes is read and dropped.
      this.client.consume(credit);
      if (this.#server !== null && !this.#upstream?.driver.isClosed) this.#server.send(event);
    } else {
      this.#server.send(event);
      this.client.passed(credit, this.#server);
    }
    if (!end) return;
    this.#requestDone = true;
    this.#finishIfDone();
  }

  // --- Response direction ---

  #onResponse(event: HttpEvent): Pending {
    if (this.#over || this.#answer !== null) {
      if (event.kind === "data") this.#server?.consume(event.credit);
      return null;
    }
    if (this.#tunnel !== null) return this.#tunnel.pass(event, false);
    switch (event.kind) {
      case "head":
        return event.head.kind === "response" ? this.#responseHead(event.head, event.end) : null;
      case "data":
        return this.#responseData(event);
      case "trailers":
        if (this.flow.response !== null) this.flow.response.trailers = event.fields;
        return after(this.#hold("responseTrailers"), () => this.#responseEnd(event));
      case "reset":
        return null;
    }
  }

  #responseHead(head: ResponseHead, end: boolean): Pending {
    if (isInterim(head)) {
      this.flow.interim.push({ head, at: now() });
      return after(this.#hold("interimResponse"), () => {
        if (!this.#over) this.client.send({ kind: "head", stream: 0, head, end: false });
        return null;
      });
    }
    this.flow.response = this.#newResponse(head);
    const limit = this.#context.settings.bodySizeLimit;
    if (limit !== null && !end && head.contentLength !== null && head.contentLength > limit) {
      this.#tooLarge("response", limit);
      return null;
    }
    return after(this.#hold("responseHead"), () => {
      if (this.#isSettled()) return null;
      if (end) {
        return after(
          this.#endResponse(),
          () => this.#isSettled() ? null : this.#forwardHeldResponse(new HeldBody()),
        );
      }
      if (this.#switches(head)) return this.#startTunnel();
      if (this.#context.hooks.wantsBody("response", this.flow)) this.#responseHold = new HeldBody();
      else {this.#forwardResponse({
          kind: "head",
          stream: 0,
          head: this.flow.response?.head ?? head,
          end: false,
        });}
      return null;
    });
  }

  #responseData(event: HttpEvent & { kind: "data" }): Pending {
    const body = this.flow.response?.body;
    if (body === undefined) return null;
    this.#context.store.grow(this.flow, body.append(event.data));
    const limit = this.#context.settings.bodySizeLimit;
    if (limit !== null && body.length > limit) {
      this.#tooLarge("response", limit);
      return null;
    }
    if (this.#responseHold !== null) {
      this.#server?.consume(event.credit);
      if (!this.#responseHold.append(event.data)) {
        this.#abortServer();
        this.refuse(502, "hold-limit", "the response body is too large to be held for a hook", null);
        return null;
      }
      return event.end ? this.#responseEnd(event) : null;
    }
    if (event.end) return this.#responseEnd(event);
    this.#forwardResponse(event);
    return null;
  }

  #responseEnd(event: HttpEvent): Pending {
    const hold = this.#responseHold;
    if (hold === null) {
      const done = this.#endResponse();
      // Nobody may hold what has gone out already: the hook is told, the end is not delayed.
      this.#forwardResponse(event);
      return done;
    }
    return after(this.#endResponse(), () => {
      this.#responseHold = null;
      return this.#isSettled() ? null : this.#forwardHeldResponse(hold);
    });
  }

  #endResponse(): Pending {
    if (this.flow.response !== null) this.flow.response.endedAt = now();
    return this.#hold("response");
  }

  #forwardHeldResponse(hold: HeldBody): Pending {
    const record = this.flow.response;
    if (record === null) return null;
    const body = this.#takeNewBody(record.head, record.body) ?? hold.bytes();
    const end = body.length === 0 && record.trailers === null;
    this.#forwardResponse({ kind: "head", stream: 0, head: record.head, end });
    if (body.length > 0 || !end) {
      this.#forwardResponse({
        kind: "data",
        stream: 0,
        data: body,
        credit: 0,
        end: record.trailers === null,
      });
    }
    if (record.trailers !== null) {
      this.#forwardResponse({ kind: "trailers", stream: 0, fields: record.trailers });
    }
    return null;
  }

  #forwardResponse(event: HttpEvent): void {
    const end = event.kind === "trailers" || (event.kind !== "reset" && event.end);
    const credit = event.kind === "data" ? event.credit : 0;
    if (event.kind === "head") this.#responseStarted = true;
    if (this.#upstream?.driver.endUncleanly === true) this.#endUncleanly();
    this.client.send(event);
    this.#server?.passed(credit, this.client);
    if (!end) return;
    this.#responseDone = true;
    this.#finishIfDone();
  }

  /** RFC 9112, 9.8: the origin ended TLS without close_notify; the client is shown the same. */
  #endUncleanly(): void {
    if (this.client.driver.endUncleanly || this.flow.response?.head.framing !== "close") return;
    this.client.driver.endUncleanly = true;
    this.flow.notes.push("the server ended TLS without close_notify; the client was shown the same");
  }

  // --- After 101, or a 2xx answer to CONNECT: bytes ---

  #switches(head: ResponseHead): boolean {
    return head.status === 101 ||
      (this.flow.request.head.method === "CONNECT" && head.status >= 200 && head.status < 300);
  }

  #startTunnel(): Pending {
    const head = this.flow.response?.head;
    if (head === undefined || this.#server === null) return null;
    this.#forwardResponse({ kind: "head", stream: 0, head, end: false });
    this.client.tunnel();
    this.#server.tunnel();
    this.#tunnel = new TunnelRelay(this.#context, this.flow, this.client, this.#server, {
      holding: (pending) => this.#holding(pending),
      ended: () => this.#finish(),
      kill: () => this.kill(),
    });
    return this.#tunnel.start();
  }

  // --- Hooks ---

  /** Runs a hook point of this flow; while it waits, the flow is held. */
  #hold(name: HttpHookName): Pending {
    const { hooks } = this.#context;
    if (!hooks.has(name)) return null;
    const before = headText(this.flow);
    const pending = hooks.run(name, this.flow, this.#control());
    const settle = (): null => {
      if (headText(this.flow) !== before) this.flow.edited = true;
      if (this.#answer !== null && !this.#over) this.#sendAnswer(this.#answer);
      return null;
    };
    return after(this.#holding(pending), settle);
  }

  #holding(pending: Pending): Pending {
    if (pending === null) return null;
    this.#waiting++;
    this.flow.held = true;
    return pending.then(() => {
      this.#waiting--;
      this.flow.held = this.#waiting > 0;
    });
  }

  #control(): FlowControl {
    return {
      answer: (answer: Answer) => {
        if (this.#responseStarted || this.#over) return;
        this.#answer = responseFromAnswer(answer);
      },
      kill: () => this.#context.turns.run(() => this.kill()),
      setBody: (body: Uint8Array) => this.#newBody = body,
    };
  }

  #takeNewBody(head: RequestHead | ResponseHead, capture: BodyCapture): Uint8Array | null {
    const body = this.#newBody;
    if (body === null) return null;
    this.#newBody = null;
    this.flow.edited = true;
    withBody(head, body.length);
    this.#context.store.grow(this.flow, -capture.kept);
    capture.replace(body);
    this.#context.store.grow(this.flow, capture.kept);
    return body;
  }

  #sendAnswer(answer: CompleteResponse): void {
    this.flow.answered = true;
    this.#abortServer();
    this.#sendComplete(answer);
  }

  // --- Endings ---

  /** Sends a whole response of ours to the client; what the request still brings is dropped. */
  #sendComplete(complete: CompleteResponse): void {
    if (this.#over || this.#responseStarted) return;
    const { head, body, trailers } = complete;
    this.#answer = complete;
    this.flow.response = this.#newResponse(head);
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

  #unreachable(error: unknown): void {
    if (this.#over) return;
    const { code, message } = error instanceof UpstreamError
      ? error
      : new UpstreamError("failed", String(error));
    this.#fail("server", code, message, null);
    this.#sendComplete(errorPage(code === "timed-out" ? 504 : 502, message, null));
  }

  #tooLarge(which: "request" | "response", limit: number): void {
    const message = `the ${which} body is over --body-size-limit (${limit} bytes)`;
    this.#abortServer();
    if (this.#responseStarted) {
      this.#fail("proxy", "body-size-limit", message, null);
      this.#resetClient("body-size-limit", message);
      this.#finish();
    } else this.refuse(which === "request" ? 413 : 502, "body-size-limit", message, null);
  }

  /** The client broke a rule, or took its stream back. */
  #clientReset(fault: ProtocolFault): void {
    if (this.#over) return;
    this.#fail("client", fault.code, fault.message, fault.rule);
    this.#abortServer(fault);
    if (this.#responseStarted || fault.scope === "stream") {
      this.#resetClient(fault.code, fault.message);
      this.#finish();
    } else this.#sendComplete(errorPage(fault.status, fault.message, fault.rule));
  }

  #serverFailed(code: string, message: string, fault: ProtocolFault | null): void {
    if (this.#over || this.#responseDone) return this.#finishIfDone();
    const upstream = this.#upstream;
    if (
      upstream !== null && !this.#retried && this.flow.response === null && this.flow.interim.length === 0 &&
      canRetry(upstream.wasReused, code, this.flow)
    ) {
      // RFC 9112, 9.3.1: a kept connection that closed as the request went out; nobody has acted on it.
      this.#retried = true;
      this.#server = this.#upstream = null;
      this.flow.notes.push("sent again on a new connection: the server closed the kept one");
      this.#connect(true, true);
      return;
    }
    const where = `${this.flow.host}:${this.flow.port}`;
    this.#fail("server", code, `${message} (${where})`, fault?.rule ?? null);
    this.#abortServer();
    if (this.#responseStarted) {
      this.#resetClient(code, message);
      this.#finish();
    } else {
      this.flow.response = null;
      this.#sendComplete(errorPage(502, `${where}: ${message}`, fault?.rule ?? null));
    }
  }

  #fail(by: "client" | "server" | "proxy", code: string, message: string, rule: string | null): void {
    this.flow.error ??= { at: now(), message, by, code, rule };
  }

  #resetClient(code: string, message: string): void {
    this.client.reset({ scope: "stream", peer: "server", code, status: 502, message, rule: "" });
  }

  #abortServer(fault?: ProtocolFault): void {
    const server = this.#server;
    this.#server = null;
    if (server === null || this.#upstream === null) return;
    this.#upstream.release(this);
    if (this.#upstream.driver.isClosed || (this.#requestDone && this.#responseDone)) return;
    server.reset(
      fault ??
        { scope: "stream", peer: "client", code: "cancelled", status: 502, message: "cancelled", rule: "" },
    );
  }

  #isSettled(): boolean {
    return this.#over || this.#answer !== null;
  }

  #finishIfDone(): void {
    if (!this.#responseDone || this.#over) return;
    const noMoreComes = this.flow.request.endedAt !== null || this.client.connection.closing;
    if (noMoreComes || this.#tunnel !== null) this.#finish();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    if (!this.#requestDone || !this.#responseDone) this.#abortServer();
    else this.#upstream?.release(this);
    this.client.consume(this.#requestLane.close());
    this.#responseLane.close();
    this.flow.endedAt = now();
    this.flow.held = false;
    this.#context.store.end(this.flow);
    const { hooks } = this.#context;
    if (this.#tunnel !== null) hooks.run("tcpEnd", this.flow);
    if (this.flow.error !== null) hooks.run("httpError", this.flow);
    hooks.run("httpEnded", this.flow);
    this.#host.exchangeOver(this);
  }

  #newResponse(head: ResponseHead): ResponseRecord {
    return {
      head,
      body: new BodyCapture(this.#context.settings.captureLimit),
      trailers: null,
      startedAt: now(),
      endedAt: null,
    };
  }
}

type HttpHookName =
  | "requestHead"
  | "request"
  | "requestTrailers"
  | "interimResponse"
  | "responseHead"
  | "response"
  | "responseTrailers";
