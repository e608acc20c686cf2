// CONNECT to the proxy (RFC 9110, 9.3.6; RFC 9113, 8.5): accepted with a 200 and a transport handed on, or refused with
// a page.
// Invariants: exactly one of `accept` and `refuse`; where the whole transport is handed on, the 200 is on the wire
// before.

import { BodyCapture } from "../flow/body_capture.ts";
import type { ConnectionRecord } from "../flow/record.ts";
import type { HttpServerConnection } from "../http/connection.ts";
import { Fields } from "../http/fields.ts";
import type { RequestHead } from "../http/head.ts";
import { type HostAndPort, parseAuthority } from "../http/target.ts";
import type { HttpDriver } from "../net/driver.ts";
import { StreamTransport } from "../net/stream_transport.ts";
import type { Transport } from "../net/transport.ts";
import { errorPage, inVersionOf } from "./answers.ts";
import { now, type ProxyContext } from "./context.ts";
import { newHttpFlow } from "./new_flow.ts";

export interface ConnectOwner {
  /** The transport was handed on: the HTTP session is over. */
  accepted(): void;
  /** The stream is a tunnel from here on: it gets what comes for it, until it is over. */
  tunnelled(tunnel: StreamTransport): void;
  tunnelOver(): void;
  /** HTTP goes on. */
  refused(): void;
}

export interface ConnectParts {
  context: ProxyContext;
  client: ConnectionRecord;
  driver: HttpDriver;
  connection: HttpServerConnection;
  stream: number;
  head: RequestHead;
  owner: ConnectOwner;
}

export class ConnectRequest {
  readonly head: RequestHead;
  /** What is asked for; null when it is not a host and port. */
  readonly target: HostAndPort | null;
  readonly #parts: ConnectParts;
  #accepting: ((transport: Transport | null) => void) | null = null;
  #gone = false;

  constructor(parts: ConnectParts) {
    this.#parts = parts;
    this.head = parts.head;
    this.target = parseAuthority(parts.head.authority, null);
  }

  /** Whether the client has gone meanwhile. */
  get isGone(): boolean {
    return this.#gone;
  }

  /** Whether the tunnel will be one stream among others of the client's connection, not all of it. */
  get isStream(): boolean {
    return this.#parts.connection.multiplexes;
  }

  /** Answers 200 and resolves with the transport, what the client already sent in it; null when the client has gone. */
  accept(): Promise<Transport | null> {
    if (this.#gone) return Promise.resolve(null);
    const { context, connection, driver, stream, owner } = this.#parts;
    const tunnel = this.isStream ? new StreamTransport(driver, stream, () => owner.tunnelOver()) : null;
    context.turns.run(() => {
      connection.send({
        kind: "head",
        stream,
        head: {
          kind: "response",
          version: "HTTP/1.1",
          status: 200,
          reason: "Connection established",
          framing: "none",
          contentLength: null,
          fields: new Fields(),
        },
        end: false,
      });
      if (tunnel !== null) {
        connection.tunnel(stream);
        owner.tunnelled(tunnel);
      }
      driver.touch();
    });
    if (tunnel !== null) return Promise.resolve(tunnel);
    return new Promise((resolve) => this.#accepting = resolve);
  }

  /** Answers with a page that says why; the failure is a flow of its own. */
  refuse(status: number, code: string, message: string, by: "client" | "server"): void {
    if (this.#gone) return;
    const { context, client, connection, driver, stream, owner } = this.#parts;
    const flow = newHttpFlow(context, client, this.head, "");
    flow.host = this.target?.host ?? this.head.authority;
    flow.port = this.target?.port ?? 0;
    flow.request.endedAt = now();
    flow.error = { at: now(), message, by, code, rule: null };
    const { head: page, body } = errorPage(status, message, null);
    const head = inVersionOf(this.head, page);
    const capture = new BodyCapture(context.settings.captureLimit);
    capture.append(body);
    flow.response = { head, body: capture, trailers: null, startedAt: now(), endedAt: now() };
    context.store.add(flow);
    context.turns.run(() => {
      owner.refused();
      connection.send({ kind: "head", stream, head, end: false });
      connection.send({ kind: "data", stream, data: body, credit: 0, end: true });
      driver.touch();
    });
    flow.endedAt = now();
    context.store.end(flow);
    context.hooks.run("httpError", flow);
    context.hooks.run("httpEnded", flow);
  }

  // --- What the session tells ---

  /** A write is done: once the 200 is out, the transport goes on to the tunnel. */
  drained(): void {
    const { connection, driver, owner } = this.#parts;
    if (this.#accepting === null || connection.output.length > 0) return;
    const resolve = this.#accepting;
    this.#accepting = null;
    const rest = connection.detach();
    driver.detach();
    if (rest !== null) driver.transport.unread(rest);
    owner.accepted();
    resolve(driver.transport);
  }

  /** The client has gone, or has taken its request back. */
  clientClosed(): void {
    this.#gone = true;
    this.#accepting?.(null);
    this.#accepting = null;
  }
}
