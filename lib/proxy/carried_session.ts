// What a session is, whatever its client came on: a TCP connection, or a stream of one that became a tunnel.
// Invariants: what carries the session is ended with it; `over` counts once.

import type { ConnectionRecord } from "../flow/record.ts";
import { Http1Server } from "../http1/server.ts";
import { Http2Server } from "../http2/server.ts";
import { peek } from "../net/peek.ts";
import type { Transport } from "../net/transport.ts";
import { type ClientHello, MAX_CLIENT_HELLO_SIZE, parseClientHello } from "../tls/client_hello.ts";
import type { ConnectRequest } from "./connect_request.ts";
import { log, now, type ProxyContext } from "./context.ts";
import { HttpSession } from "./http_session.ts";
import type { HttpProtocol, Routing } from "./origin.ts";
import type { Carrier, SessionHost } from "./session_host.ts";
import { windowBudget } from "./window_budget.ts";

export abstract class CarriedSession implements SessionHost {
  readonly context: ProxyContext;
  readonly record: ConnectionRecord;
  protected readonly transport: Transport;
  #carrier: Carrier | null = null;
  #stopping = false;
  #over = false;

  constructor(context: ProxyContext, record: ConnectionRecord, transport: Transport) {
    this.context = context;
    this.record = record;
    this.transport = transport;
  }

  /** Ends in good order; what waits to be decided is closed at once. */
  shutdown(): void {
    this.#stopping = true;
    if (this.#carrier === null) this.transport.close();
    else this.#carrier.shutdown();
  }

  destroy(): void {
    this.#carrier?.destroy();
    this.transport.reset();
    this.over();
  }

  carriedBy(carrier: Carrier): void {
    this.#carrier = carrier;
    if (this.#stopping) carrier.shutdown();
  }

  over(): void {
    if (this.#over) return;
    this.#over = true;
    this.record.endedAt = now();
    this.ended();
  }

  drop(transport: Transport): void {
    transport.close();
    this.over();
  }

  async readHello(transport: Transport): Promise<ClientHello | null> {
    const { tlsTimeout } = this.context.settings;
    let hello: ClientHello | null = null;
    let reason = "";
    const result = await peek(transport, { silence: tlsTimeout, undecided: tlsTimeout }, (bytes) => {
      const reading = parseClientHello(bytes);
      if (reading.kind === "hello") hello = reading.hello;
      else if (reading.kind === "not-tls") reason = reading.reason;
      else if (bytes.length <= MAX_CLIENT_HELLO_SIZE) return false;
      return true;
    });
    if (hello !== null) return hello;
    if (result.kind === "timed-out") reason = "it did not come in time";
    else if (result.kind !== "decided") reason = "the client closed first";
    log(
      this.context,
      "warn",
      "bad-client-hello",
      `the client's TLS hello cannot be read: ${reason}`,
      this.record,
    );
    this.drop(transport);
    return null;
  }

  startHttp(transport: Transport, routing: Routing, protocol: HttpProtocol): HttpSession {
    const { lenient, http2, http2Priority } = this.context.settings;
    const hopByHop = routing.kind === "explicit" ? "own" : "keep";
    // In a tunnel it is offered once the origin has. Else an origin that takes no WebSocket over HTTP/2 gets it over HTTP/1.
    const extendedConnect = routing.kind !== "tunnel";
    const http2Options = { hopByHop, priority: http2Priority, windowBudget, extendedConnect } as const;
    const session = new HttpSession(this.context, this.record, transport, {
      routing,
      connection: protocol === "http2"
        ? new Http2Server(http2Options)
        : new Http1Server({ lenient, hopByHop }),
      // RFC 7540, 3.2: over TLS it is ALPN that decides.
      ...(http2 && this.record.tls === null
        ? { http2: (upgraded) => new Http2Server({ ...http2Options, upgraded }) }
        : {}),
      onConnect: routing.kind === "explicit" ? this.onConnect : null,
      onOver: () => this.over(),
    });
    this.carriedBy(session);
    return session;
  }

  /** What is started now is to end soon. */
  protected get isStopping(): boolean {
    return this.#stopping;
  }

  /** A client of the proxy itself asks for a tunnel; null: this one can have none. */
  protected get onConnect(): ((request: ConnectRequest) => void) | null {
    return null;
  }

  /** The session is over: told once. */
  protected abstract ended(): void;

  /** A mistake of ours, not a peer's fault: this session is lost, nobody else notices. */
  protected mistake(what: string, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    log(this.context, "error", "internal", `internal error ${what}: ${message}`, this.record);
    this.destroy();
  }
}
