// The tunnels of one client connection, asked for and open: CONNECT over HTTP/1 takes the whole transport, over HTTP/2
// each is a stream among others (RFC 9113, 8.5).

import type { ConnectionRecord } from "../flow/record.ts";
import type { HttpEvent, HttpServerConnection } from "../http/connection.ts";
import type { RequestHead } from "../http/head.ts";
import type { HttpDriver } from "../net/driver.ts";
import type { StreamTransport } from "../net/stream_transport.ts";
import type { TransportFault } from "../net/transport.ts";
import { ConnectRequest } from "./connect_request.ts";
import type { ProxyContext } from "./context.ts";

export interface TunnelsOwner {
  /** The transport itself became a tunnel: HTTP is over on it. */
  handedOn(): void;
  /** One more, or one less. */
  changed(): void;
}

export class SessionTunnels {
  readonly #context: ProxyContext;
  readonly #client: ConnectionRecord;
  readonly #owner: TunnelsOwner;
  readonly #requests = new Map<number, ConnectRequest>();
  readonly #tunnels = new Map<number, StreamTransport>();

  constructor(context: ProxyContext, client: ConnectionRecord, owner: TunnelsOwner) {
    this.#context = context;
    this.#client = client;
    this.#owner = owner;
  }

  get isEmpty(): boolean {
    return this.#requests.size === 0 && this.#tunnels.size === 0;
  }

  /** The streams that are tunnels. */
  streams(): number[] {
    return [...this.#tunnels.keys()];
  }

  /** A client asks for one. */
  request(
    driver: HttpDriver,
    connection: HttpServerConnection,
    stream: number,
    head: RequestHead,
  ): ConnectRequest {
    const answered = () => this.#requests.delete(stream);
    const request = new ConnectRequest({
      context: this.#context,
      client: this.#client,
      driver,
      connection,
      stream,
      head,
      owner: {
        accepted: () => {
          answered();
          this.#owner.handedOn();
        },
        tunnelled: (tunnel) => {
          answered();
          this.#tunnels.set(stream, tunnel);
        },
        tunnelOver: () => {
          this.#tunnels.delete(stream);
          this.#owner.changed();
        },
        refused: () => {
          answered();
          this.#owner.changed();
        },
      },
    });
    this.#requests.set(stream, request);
    this.#owner.changed();
    return request;
  }

  /** Something for a stream; false: it is none of these. */
  take(event: HttpEvent): boolean {
    const tunnel = this.#tunnels.get(event.stream);
    if (tunnel !== undefined) {
      tunnel.take(event);
      return true;
    }
    const request = this.#requests.get(event.stream);
    if (request === undefined) return false;
    if (event.kind === "reset") {
      this.#requests.delete(event.stream);
      request.clientClosed();
      this.#owner.changed();
    }
    return true;
  }

  writable(stream: number): void {
    this.#tunnels.get(stream)?.writable();
  }

  /** A write on the connection is done. */
  drained(): void {
    for (const request of this.#requests.values()) request.drained();
    for (const tunnel of this.#tunnels.values()) tunnel.writable();
  }

  /** The client's connection is over. */
  closed(fault: TransportFault | null): void {
    for (const request of this.#requests.values()) request.clientClosed();
    this.#requests.clear();
    for (const tunnel of [...this.#tunnels.values()]) tunnel.connectionClosed(fault);
  }
}
