// The HTTP connections to origins that belong to one client connection: reused within it, by scheme and authority.
// Invariants: at most CONNECTION_LIMIT connections an origin; all of them are closed with the client's.

import type { ConnectionRecord } from "../flow/record.ts";
import { Http1Client } from "../http1/client.ts";
import type { Transport } from "../net/transport.ts";
import type { ProxyContext } from "./context.ts";
import { dialOrigin, dropDialed, secureOrigin } from "./dial_origin.ts";
import { endpointOf, type Origin, type Routing } from "./origin.ts";
import { UpstreamConnection, type UpstreamOwner } from "./upstream_connection.ts";
import { UpstreamError } from "./upstream_error.ts";

/** What browsers open to one origin at most; only a client with parallel streams needs more than one. */
const CONNECTION_LIMIT = 6;

/** What we can speak to an origin, in the order of preference. */
const HTTP_PROTOCOLS: readonly string[] = ["http/1.1"];

export interface PoolOwner {
  /** The origin closed a connection between requests. */
  upstreamIdleClosed(): void;
  upstreamReceived(): void;
}

export class UpstreamPool implements UpstreamOwner {
  readonly #context: ProxyContext;
  readonly #client: ConnectionRecord;
  readonly #routing: Routing;
  readonly #owner: PoolOwner;
  readonly #connections = new Map<string, UpstreamConnection[]>();
  /** Why the tunnel's own origin cannot be used: TLS with it failed before the client's began. */
  #failure: UpstreamError | null = null;
  #closed = false;
  /** The key of the origin asked for last: nearly always the next one's too. */
  #last: { origin: Origin; key: string } | null = null;

  constructor(context: ProxyContext, client: ConnectionRecord, routing: Routing, owner: PoolOwner) {
    this.#context = context;
    this.#client = client;
    this.#routing = routing;
    this.#owner = owner;
  }

  /** A connection that was made already (the tunnel's): it is kept like one that was used before. */
  offer(origin: Origin, transport: Transport, record: ConnectionRecord): void {
    this.#add(keyOf(origin), transport, record, true);
  }

  /** The tunnel's origin cannot be reached: each request is answered with why. */
  refuse(failure: UpstreamError): void {
    this.#failure = failure;
  }

  /** A usable connection, dialed where there is none. `fresh`: not a kept one. Rejects with an UpstreamError. */
  acquire(origin: Origin, fresh: boolean): UpstreamConnection | Promise<UpstreamConnection> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const key = this.#keyOf(origin);
    const open = this.#connections.get(key) ?? [];
    if (!fresh) {
      for (const connection of open) if (connection.isUsable) return connection;
    }
    if (open.length >= CONNECTION_LIMIT) {
      // One that only waits for the origin to close as well makes room at once.
      const leaving = open.find((one) => one.isLeaving);
      if (leaving === undefined) {
        return Promise.reject(
          new UpstreamError("busy", `all ${CONNECTION_LIMIT} connections to ${key} are busy`),
        );
      }
      leaving.close();
    }
    return this.#dial(key, origin);
  }

  /** Closes everything. */
  close(): void {
    this.#closed = true;
    for (const connections of [...this.#connections.values()]) {
      for (const one of [...connections]) one.close();
    }
  }

  // --- UpstreamOwner ---

  upstreamIdle(upstream: UpstreamConnection): void {
    if (this.#closed) upstream.close();
  }

  upstreamClosed(upstream: UpstreamConnection, wasIdle: boolean): void {
    for (const [key, connections] of this.#connections) {
      const rest = connections.filter((other) => other !== upstream);
      if (rest.length === connections.length) continue;
      if (rest.length === 0) this.#connections.delete(key);
      else this.#connections.set(key, rest);
    }
    if (wasIdle && !this.#closed) this.#owner.upstreamIdleClosed();
  }

  upstreamReceived(): void {
    this.#owner.upstreamReceived();
  }

  #keyOf(origin: Origin): string {
    const last = this.#last;
    if (
      last !== null && last.origin.host === origin.host && last.origin.port === origin.port &&
      last.origin.scheme === origin.scheme
    ) return last.key;
    this.#last = { origin, key: keyOf(origin) };
    return this.#last.key;
  }

  async #dial(key: string, origin: Origin): Promise<UpstreamConnection> {
    const dialed = await dialOrigin(this.#context, this.#client, endpointOf(origin));
    let { transport } = dialed;
    if (origin.scheme === "https") {
      const serverName = this.#routing.kind === "tunnel"
        ? this.#routing.serverName ?? origin.host
        : origin.host;
      transport = await secureOrigin(this.#context, this.#client, dialed, serverName, HTTP_PROTOCOLS);
    }
    if (this.#closed) {
      dropDialed(this.#context, this.#client, { transport, record: dialed.record });
      throw new UpstreamError("failed", "the client has gone");
    }
    return this.#add(key, transport, dialed.record, false);
  }

  #add(key: string, transport: Transport, record: ConnectionRecord, kept: boolean): UpstreamConnection {
    const connection = new Http1Client({
      lenient: this.#context.settings.lenient,
      hopByHop: this.#routing.kind === "explicit" ? "own" : "keep",
    });
    const upstream = new UpstreamConnection(
      this.#context,
      this.#client,
      record,
      transport,
      connection,
      this,
      kept,
    );
    this.#connections.set(key, [...(this.#connections.get(key) ?? []), upstream]);
    return upstream;
  }
}

function keyOf(origin: Origin): string {
  return `${origin.scheme}://${origin.host.toLowerCase()}:${origin.port}`;
}
