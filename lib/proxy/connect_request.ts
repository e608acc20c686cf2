// CONNECT to the proxy (RFC 9110, 9.3.6): accepted with a 200 and the transport handed on, or refused with a page.
// Invariants: exactly one of `accept` and `refuse`; the 200 is on the wire before the transport is handed on.

import { BodyCapture } from "../flow/body_capture.ts";
import type { ConnectionRecord } from "../flow/record.ts";
import type { HttpServerConnection } from "../http/connection.ts";
import { Fields } from "../http/fields.ts";
import type { RequestHead } from "../http/head.ts";
import { type HostAndPort, parseAuthority } from "../http/target.ts";
import type { HttpDriver } from "../net/driver.ts";
import type { Transport } from "../net/transport.ts";
import { errorPage } from "./answers.ts";
import { now, type ProxyContext } from "./context.ts";
import { newHttpFlow } from "./new_flow.ts";

export interface ConnectOwner {
  /** The transport was handed on: the HTTP session is over. */
  accepted(): void;
  /** HTTP goes on. */
  refused(): void;
}

export class ConnectRequest {
  readonly head: RequestHead;
  /** What is asked for; null when it is not a host and port. */
  readonly target: HostAndPort | null;
  readonly #context: ProxyContext;
  readonly #client: ConnectionRecord;
  readonly #driver: HttpDriver;
  readonly #connection: HttpServerConnection;
  readonly #stream: number;
  readonly #owner: ConnectOwner;
  #accepting: ((transport: Transport | null) => void) | null = null;
  #gone = false;

  constructor(
    context: ProxyContext,
    client: ConnectionRecord,
    driver: HttpDriver,
    connection: HttpServerConnection,
    stream: number,
    head: RequestHead,
    owner: ConnectOwner,
  ) {
    this.#context = context;
    this.#client = client;
    this.#driver = driver;
    this.#connection = connection;
    this.#stream = stream;
    this.#owner = owner;
    this.head = head;
    this.target = parseAuthority(head.authority, null);
  }

  /** Whether the client has gone meanwhile. */
  get isGone(): boolean {
    return this.#gone;
  }

  /** Answers 200 and resolves with the transport, what the client already sent in it; null when the client has gone. */
  accept(): Promise<Transport | null> {
    if (this.#gone) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#accepting = resolve;
      this.#context.turns.run(() => {
        this.#connection.send({
          kind: "head",
          stream: this.#stream,
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
        this.#driver.touch();
      });
    });
  }

  /** Answers with a page that says why; the failure is a flow of its own. */
  refuse(status: number, code: string, message: string, by: "client" | "server"): void {
    if (this.#gone) return;
    const flow = newHttpFlow(this.#context, this.#client, this.head, "");
    flow.host = this.target?.host ?? this.head.authority;
    flow.port = this.target?.port ?? 0;
    flow.request.endedAt = now();
    flow.error = { at: now(), message, by, code, rule: null };
    const { head, body } = errorPage(status, message, null);
    const capture = new BodyCapture(this.#context.settings.captureLimit);
    capture.append(body);
    flow.response = { head, body: capture, trailers: null, startedAt: now(), endedAt: now() };
    this.#context.store.add(flow);
    this.#context.turns.run(() => {
      this.#owner.refused();
      this.#connection.send({ kind: "head", stream: this.#stream, head, end: false });
      this.#connection.send({ kind: "data", stream: this.#stream, data: body, credit: 0, end: true });
      this.#driver.touch();
    });
    flow.endedAt = now();
    this.#context.store.end(flow);
    this.#context.hooks.run("httpError", flow);
    this.#context.hooks.run("httpEnded", flow);
  }

  // --- What the session tells ---

  /** A write is done: once the 200 is out, the transport goes on to the tunnel. */
  drained(): void {
    if (this.#accepting === null || this.#connection.output.length > 0) return;
    const resolve = this.#accepting;
    this.#accepting = null;
    const rest = this.#connection.detach();
    this.#driver.detach();
    if (rest !== null) this.#driver.transport.unread(rest);
    this.#owner.accepted();
    resolve(this.#driver.transport);
  }

  clientClosed(): void {
    this.#gone = true;
    this.#accepting?.(null);
    this.#accepting = null;
  }
}
