// A WebSocket between a client and an origin (RFC 6455; over HTTP/2 RFC 8441): two directions of messages, PINGs that are
// answered here, and the end of it.
// Invariants: each peer gets at most one Close frame, and an end; a Close frame goes through with its code and reason;
// who ends without one is shown to the other as it was; a peer that breaks a rule is told so by the code, after what the
// other one has still sent, and the other one only that its peer has gone; once closing has begun the end comes within
// CLOSE_TIMEOUT of the last byte.

import type { HttpFlow, WebSocketClose, WebSocketMessage, WebSocketRecord } from "../flow/record.ts";
import type { Peer, ProtocolFault } from "../http/fault.ts";
import type { HttpEvent } from "../http/connection.ts";
import type { WebSocketControl } from "../hooks/hooks.ts";
import type { Deadline } from "../net/deadlines.ts";
import { CLOSE, closePayload, readClosePayload } from "../websocket/close_codes.ts";
import type { DeflateParameters } from "../websocket/extensions.ts";
import type { WebSocketFault } from "../websocket/fault.ts";
import { now, type ProxyContext } from "./context.ts";
import type { Pending } from "./lane.ts";
import type { Leg } from "./leg.ts";
import type { AfterHttp, TunnelOwner } from "./tunnel_relay.ts";
import { type DirectionOwner, WebSocketDirection } from "./websocket_direction.ts";
import { HELD_MESSAGE_SIZE } from "./websocket_message.ts";
import { WebSocketSink } from "./websocket_sink.ts";
import { WebSocketTap } from "./websocket_tap.ts";

/** How long the peers may take to close once one of them has begun, in milliseconds. */
export const CLOSE_TIMEOUT = 10_000;
/** How long the other peer may take to send the rest, before one that has broken a rule is told so, in milliseconds. */
export const FAULT_TIMEOUT = 2_000;

/** One end of it: what comes from there, and what goes out there. */
interface Side {
  peer: Peer;
  direction: WebSocketDirection;
  sink: WebSocketSink;
  /** Its Close frame has come. */
  hasClosed: boolean;
  /** It sends nothing more. */
  hasEnded: boolean;
}

export class WebSocketRelay implements AfterHttp, DirectionOwner {
  readonly context: ProxyContext;
  readonly flow: HttpFlow;
  readonly tap: WebSocketTap;
  readonly control: WebSocketControl;
  readonly #record: WebSocketRecord;
  readonly #owner: TunnelOwner;
  readonly #client: Side;
  readonly #server: Side;
  readonly #deadline: Deadline;
  #isClosing = false;
  /** What a peer will be told that has broken a rule. */
  #verdict: { side: Side; code: number; reason: string } | null = null;
  #isOver = false;

  constructor(
    context: ProxyContext,
    flow: HttpFlow,
    legs: { client: Leg; server: Leg },
    deflate: DeflateParameters | null,
    owner: TunnelOwner,
  ) {
    this.context = context;
    this.flow = flow;
    this.#owner = owner;
    this.#record = {
      startedAt: now(),
      compression: deflate !== null,
      messages: [],
      messagesDropped: 0,
      bytesFromClient: 0,
      bytesFromServer: 0,
      close: null,
    };
    flow.websocket = this.#record;
    this.tap = new WebSocketTap(flow, this.#record, context.store, context.settings.captureLimit);
    this.control = this.#newControl();
    const toClient = new WebSocketSink(legs.client, false);
    const toServer = new WebSocketSink(legs.server, true);
    const side = (peer: Peer, source: Leg, own: WebSocketSink, sink: WebSocketSink): Side => ({
      peer,
      direction: new WebSocketDirection(this, {
        fromClient: peer === "client",
        source,
        sink,
        deflate: deflate?.[peer] ?? null,
      }),
      sink: own,
      hasClosed: false,
      hasEnded: false,
    });
    this.#client = side("client", legs.client, toClient, toServer);
    this.#server = side("server", legs.server, toServer, toClient);
    this.#deadline = context.deadlines.create(() => this.#closingTimedOut());
  }

  // --- AfterHttp ---

  start(): Pending {
    const held = this.context.hooks.run("websocketStart", this.flow, this.control);
    if (held === null) return null;
    const pending = this.holding(held);
    for (const { direction } of [this.#client, this.#server]) direction.block(pending, () => {});
    return null;
  }

  pass(event: HttpEvent, fromClient: boolean): Pending {
    if (event.kind !== "data") return null;
    const { direction, hasClosed } = fromClient ? this.#client : this.#server;
    direction.receive(event.data, event.credit);
    if (event.end) direction.receiveEnd();
    // What is still under way may take its time; what comes behind a Close frame means nothing.
    const goesOn = this.#isClosing && this.#verdict === null && !hasClosed && !this.#isOver;
    if (goesOn) this.#deadline.set(CLOSE_TIMEOUT);
    return null;
  }

  drained(): void {
    this.#client.sink.drained();
    this.#server.sink.drained();
    if (this.#isClosing && !this.#isOver) this.#endIfClosed(this.#client);
  }

  legGone(fromClient: boolean, fault: ProtocolFault | null): boolean {
    const { close } = this.#record;
    if (close === null) return false;
    const side = fromClient ? this.#client : this.#server;
    // RST_STREAM behind an end without a Close frame says more than the end; that of a connection may be its echo.
    const isCutShort = close.code === CLOSE.abnormal && close.by === side.peer;
    if (isCutShort && fault?.isReset === true && fault.code !== "NO_ERROR" && !this.#isOver) return false;
    this.#sideEnded(side);
    return true;
  }

  close(): void {
    this.#isOver = true;
    this.#deadline.cancel();
    for (const { sink, direction } of [this.#client, this.#server]) {
      direction.stop();
      sink.leg.tunnelOver();
    }
    const by = this.flow.closedBy ?? this.flow.error?.by ?? "proxy";
    this.#closedBy({ at: now(), code: CLOSE.abnormal, reason: "", by });
  }

  tellEnd(): void {
    this.context.hooks.run("websocketEnd", this.flow);
  }

  // --- DirectionOwner ---

  holding(pending: Promise<void>): Promise<void> {
    return this.#owner.holding(pending) ?? pending;
  }

  pinged(direction: WebSocketDirection, kind: "ping" | "pong", payload: Uint8Array): void {
    const { fromClient } = direction;
    if (kind === "ping") {
      // RFC 6455, 5.5.2: answered at once; a PING of our own keeps the other connection alive, and its PONG ends here.
      this.#sideOf(direction).sink.pong(payload);
      this.#otherOf(direction).sink.ping();
    }
    if (this.#isOver) return;
    this.#tell(this.tap.whole({ fromClient, type: kind, compressed: false }, payload));
  }

  closeCame(direction: WebSocketDirection, payload: Uint8Array): void {
    const reading = readClosePayload(payload, this.context.settings.lenient);
    if ("closeCode" in reading) return this.failed(direction, reading);
    const side = this.#sideOf(direction);
    const { code, reason } = reading;
    side.hasClosed = true;
    this.#closedBy({ at: now(), code, reason, by: side.peer });
    if (this.#verdict === null) this.#otherOf(direction).sink.close(payload);
    else this.#pronounce();
    this.#beginClosing();
  }

  failed(direction: WebSocketDirection, fault: WebSocketFault): void {
    if (this.#isOver) return;
    const side = this.#sideOf(direction);
    const { closeCode, code, message, rule } = fault;
    this.flow.error ??= {
      at: now(),
      message: `${message} (closed with ${closeCode})`,
      by: side.peer,
      code,
      rule,
    };
    this.#closedBy({ at: now(), code: closeCode, reason: "", by: "proxy" });
    const other = this.#otherOf(direction);
    // A second one, of the other peer: both are told at once.
    const isSecond = this.#verdict !== null;
    this.#pronounce();
    this.#verdict = { side, code: closeCode, reason: `${message} (${rule})` };
    // Its peer has gone: a Close frame says so, where it would not stand inside another frame.
    if (other.sink.isBetweenFrames) other.sink.close(closePayload(CLOSE.goingAway, ""));
    else other.sink.end();
    this.#isClosing = true;
    this.#deadline.set(FAULT_TIMEOUT);
    // An end that waits behind the fault comes after it.
    direction.stop();
    if (isSecond || other.hasClosed || other.hasEnded) this.#pronounce();
  }

  sourceEnded(direction: WebSocketDirection): void {
    this.#sideEnded(this.#sideOf(direction));
  }

  // ---

  /** RFC 6455, 7.1.7: it is told what it has done, and nothing more is exchanged with it. */
  #pronounce(): void {
    if (this.#verdict === null) return;
    const { side, code, reason } = this.#verdict;
    this.#verdict = null;
    if (side.sink.isBetweenFrames) side.sink.close(closePayload(code, reason));
    side.sink.end();
    this.#deadline.set(CLOSE_TIMEOUT);
  }

  #sideEnded(side: Side): void {
    if (side.hasEnded || this.#isOver) return;
    side.hasEnded = true;
    const other = side === this.#client ? this.#server : this.#client;
    if (side.hasClosed) this.#endIfClosed(side);
    else {
      // Without a Close frame: the other one sees the same (RFC 6455, 7.1.5: 1006).
      this.#closedBy({ at: now(), code: CLOSE.abnormal, reason: "", by: side.peer });
      // A Close frame of ours that waits for the end of a frame would wait for ever.
      const isClosing = other.sink.isClosing && other.sink.isBetweenFrames;
      if (!isClosing && this.#verdict?.side !== other) other.sink.end();
    }
    if (this.#verdict?.side === other) this.#pronounce();
    this.#beginClosing();
    if (!other.hasEnded) return;
    this.#pronounce();
    side.sink.end();
    other.sink.end();
    this.#over();
  }

  /**
   * RFC 6455, 7.1.1: when both Close frames have been sent it is the server that ends, and to the client that is us: once
   * all that it has said is on its way, which its leaving would end (the connections to origins go with it).
   */
  #endIfClosed(side: Side): void {
    if (!side.hasClosed || !side.sink.isClosing) return;
    if (side.peer === "client" ? this.#server.sink.isWritten : side.hasEnded) side.sink.endBehindClose();
  }

  #beginClosing(): void {
    if (this.#isOver) return;
    this.#isClosing = true;
    if (this.#verdict === null) this.#deadline.set(CLOSE_TIMEOUT);
    for (const side of [this.#client, this.#server]) this.#endIfClosed(side);
  }

  #closingTimedOut(): void {
    if (this.#isOver) return;
    // A person is looking at what is held.
    if (this.flow.held) return this.#deadline.set(CLOSE_TIMEOUT);
    if (this.#verdict !== null) return this.context.turns.run(() => this.#pronounce());
    const silent = [this.#client, this.#server].filter(({ hasEnded }) => !hasEnded);
    // They have had our end, with all that came before it, and do not answer it.
    const told = silent.filter(({ sink }) => sink.isEnded && sink.leg.connection.output.length === 0);
    this.context.turns.run(() => {
      for (const { sink } of [this.#client, this.#server]) sink.end();
      // The stream of a peer that does not end it would stay.
      for (const { sink: { leg } } of silent) if (leg.connection.multiplexes) leg.reset(CANCELLED);
      this.#over();
    });
    // And so would a transport: one that is ended only now is let go of by its driver.
    for (const { sink: { leg } } of told) if (!leg.connection.multiplexes) leg.driver.close();
  }

  #over(): void {
    this.#isOver = true;
    this.#owner.ended();
  }

  #closedBy(close: WebSocketClose): void {
    if (this.#record.close !== null) return;
    this.#record.close = close;
    this.flow.closedBy ??= close.by;
  }

  #sideOf(direction: WebSocketDirection): Side {
    return direction.fromClient ? this.#client : this.#server;
  }

  #otherOf(direction: WebSocketDirection): Side {
    return direction.fromClient ? this.#server : this.#client;
  }

  #tell(message: WebSocketMessage): void {
    const { hooks } = this.context;
    if (!hooks.has("websocketMessage")) return;
    hooks.run("websocketMessage", this.flow, message, {
      ...this.control,
      replace: () => {},
      drop: () => {},
    });
  }

  #newControl(): WebSocketControl {
    return {
      inject: (toClient, type, content) => {
        if (this.#isOver || this.#record.close !== null || content.length > HELD_MESSAGE_SIZE) return false;
        const { sink } = toClient ? this.#client : this.#server;
        const copy = content.slice();
        let taken = false;
        this.context.turns.run(() => {
          taken = sink.inject(type, copy, () => {
            const facts = { fromClient: !toClient, type, compressed: false };
            this.#tell(this.tap.whole(facts, copy, true));
          });
        });
        return taken;
      },
      close: (code, reason) => {
        // Throws before anything is done.
        const payload = closePayload(code, reason);
        if (this.#isOver || this.#record.close !== null) return;
        this.#closedBy({ at: now(), code, reason, by: "proxy" });
        this.context.turns.run(() => {
          this.#client.sink.close(payload);
          this.#server.sink.close(payload);
          this.#beginClosing();
        });
      },
      kill: () => this.context.turns.run(() => this.#owner.kill()),
    };
  }
}

const CANCELLED = {
  scope: "stream",
  peer: "server",
  code: "CANCEL",
  status: 502,
  message: "the WebSocket was not closed in time",
  rule: "RFC 6455, 7.1.1",
} as const;
