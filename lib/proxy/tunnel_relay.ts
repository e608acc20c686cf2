// An exchange that stopped being HTTP (101, or a 2xx answer to CONNECT): bytes both ways, each chunk a message of
// the flow, held, edited and injected like those of raw TCP.
// Invariant: each direction ends once, by the end of its own source; the relay is over when both have ended.

import type { HttpFlow } from "../flow/record.ts";
import type { HttpEvent } from "../http/connection.ts";
import type { ProtocolFault } from "../http/fault.ts";
import type { RequestHead, ResponseHead } from "../http/head.ts";
import { isWebSocketUpgrade, opensWebSocket } from "../http/websocket.ts";
import type { MessageControl } from "../hooks/hooks.ts";
import type { ProxyContext } from "./context.ts";
import { after, type Pending } from "./lane.ts";
import type { Leg } from "./leg.ts";
import { type MessageEdit, MessageTap } from "./message_tap.ts";

/**
 * Whether a response ends HTTP on its stream: 101, or a 2xx answer to CONNECT (RFC 9110, 9.3.6 and 15.2.2), also where
 * that CONNECT was an Upgrade of HTTP/1 (RFC 8441, 5).
 */
export function endsHttp(request: RequestHead, response: ResponseHead): boolean {
  const { status } = response;
  return status === 101 || (request.method === "CONNECT" && status >= 200 && status < 300) ||
    (opensWebSocket(response) && isWebSocketUpgrade(request));
}

/** What carries an exchange on once HTTP has ended on it. */
export interface AfterHttp {
  start(): Pending;
  /** Bytes of one leg, to the other. */
  pass(event: HttpEvent, fromClient: boolean): Pending;
  /** A leg may have room again. */
  drained(): void;
  /** A leg is gone, by a reset perhaps (`fault`). True: that is no fault, what was to be said on it has been. */
  legGone(fromClient: boolean, fault: ProtocolFault | null): boolean;
  /** The exchange is over, one way or the other. */
  close(): void;
  /** Tells the hooks that it is over; the record is complete. */
  tellEnd(): void;
}

export interface TunnelOwner {
  /** A hook holds something until `pending` is done. */
  holding(pending: Pending): Pending;
  /** Both directions have ended. */
  ended(): void;
  kill(): void;
}

export class TunnelRelay implements AfterHttp {
  readonly #context: ProxyContext;
  readonly #flow: HttpFlow;
  readonly #client: Leg;
  readonly #server: Leg;
  readonly #owner: TunnelOwner;
  readonly #tap: MessageTap;
  /** While a hook holds the start: nothing goes either way. */
  #starting: Pending = null;
  #clientDone = false;
  #serverDone = false;

  constructor(context: ProxyContext, flow: HttpFlow, client: Leg, server: Leg, owner: TunnelOwner) {
    this.#context = context;
    this.#flow = flow;
    this.#client = client;
    this.#server = server;
    this.#owner = owner;
    this.#tap = new MessageTap(flow, context.store, context.settings.captureLimit);
  }

  start(): Pending {
    const held = this.#owner.holding(this.#context.hooks.run("tcpStart", this.#flow, this.#control(null)));
    return this.#starting = after(held, () => this.#starting = null);
  }

  pass(event: HttpEvent, fromClient: boolean): Pending {
    if (event.kind !== "data") return null;
    if (this.#starting === null) return this.#pass(event, fromClient);
    const kept = { ...event, data: event.data.slice() };
    return after(this.#starting, () => this.#flow.endedAt === null ? this.#pass(kept, fromClient) : null);
  }

  drained(): void {}

  legGone(): boolean {
    return false;
  }

  close(): void {
    this.#client.tunnelOver();
    this.#server.tunnelOver();
  }

  tellEnd(): void {
    this.#context.hooks.run("tcpEnd", this.#flow);
  }

  #pass(event: HttpEvent & { kind: "data" }, fromClient: boolean): Pending {
    if (event.data.length === 0) return this.#forward(event, event.data, fromClient);
    const { hooks } = this.#context;
    const shown = hooks.has("tcpMessage");
    const message = this.#tap.record(fromClient, event.data, false, shown);
    if (!shown) return this.#forward(event, event.data, fromClient);
    const edit: MessageEdit = { content: null, dropped: false };
    const pending = hooks.run("tcpMessage", this.#flow, message, this.#control(edit));
    // The view is the reader's: it does not outlive the turn.
    const data = pending === null ? event.data : event.data.slice();
    return after(this.#owner.holding(pending), () => {
      const content = this.#tap.apply(message, edit, data);
      return this.#forward(event, content, fromClient);
    });
  }

  #forward(event: HttpEvent & { kind: "data" }, data: Uint8Array, fromClient: boolean): null {
    const [source, sink] = fromClient ? [this.#client, this.#server] : [this.#server, this.#client];
    const { credit, end } = event;
    if (data.length > 0 || end) sink.send({ ...event, data });
    source.passed(credit, sink);
    if (!end) return null;
    this.#flow.closedBy ??= fromClient ? "client" : "server";
    if (fromClient) this.#clientDone = true;
    else this.#serverDone = true;
    if (this.#clientDone && this.#serverDone) this.#owner.ended();
    return null;
  }

  #control(edit: MessageEdit | null): MessageControl {
    return {
      replace: (content) => {
        if (edit !== null) edit.content = content;
      },
      drop: () => {
        if (edit !== null) edit.dropped = true;
      },
      inject: (toClient, content) => {
        if (this.#flow.endedAt !== null) return;
        this.#tap.record(!toClient, content, true);
        const sink = toClient ? this.#client : this.#server;
        this.#context.turns.run(() =>
          sink.send({ kind: "data", stream: 0, data: content, credit: 0, end: false })
        );
      },
      kill: () => this.#owner.kill(),
    };
  }
}
