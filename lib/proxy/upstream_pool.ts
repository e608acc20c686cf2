// The HTTP connections to origins that belong to one client connection: reused within it, by scheme and authority.
// Invariant: all of them are closed with the client's.

import { addNote, type ConnectionRecord } from "../flow/record.ts";
import type { Offers } from "../http/connection.ts";
import type { Transport } from "../net/transport.ts";
import type { ProxyContext } from "./context.ts";
import { dropDialed } from "./dial_origin.ts";
import {
  type DialedUpstream,
  dialUpstream,
  http1ForWebSocket,
  only,
  type ProtocolChoice,
  protocolChoice,
  speaksHttp2Unasked,
} from "./dial_upstream.ts";
import type { HttpProtocol, Origin, Routing } from "./origin.ts";
import { upstreamCodec } from "./upstream_codec.ts";
import { OriginConnections, type OriginConnectionsOwner, type StreamRequest } from "./origin_connections.ts";
import { type PushSignal, UpstreamConnection, type UpstreamOwner } from "./upstream_connection.ts";
import type { UpstreamError } from "./upstream_error.ts";

/** Origins remembered for a client that does not stay with one; beyond it those without a connection are forgotten. */
const ORIGIN_LIMIT = 256;

const OVER_HTTP1 =
  "the server takes no WebSocket over HTTP/2: it was asked for over HTTP/1.1, on another connection";

export interface PoolOptions {
  routing: Routing;
  /** What the client speaks: an origin that speaks both is spoken to in the same. */
  clientProtocol: HttpProtocol;
}

export interface PoolOwner {
  /** An origin closed its last connection between requests of a client that has one at a time. */
  upstreamIdleClosed(): void;
  /** Something has come for an exchange. */
  upstreamReceived(): void;
  /** What a server offers has become known, or has changed. */
  upstreamOffers(offers: Offers): void;
  /** A server promises a response: RFC 9113, 8.4. */
  upstreamPush(upstream: UpstreamConnection, push: PushSignal): void;
}

export class UpstreamPool implements OriginConnectionsOwner {
  readonly #context: ProxyContext;
  readonly #client: ConnectionRecord;
  readonly #options: PoolOptions;
  readonly #owner: PoolOwner;
  readonly #origins = new Map<string, OriginConnections>();
  /** Why the tunnel's own origin cannot be used: TLS with it failed before the client's began. */
  #failure: UpstreamError | null = null;
  /** What the client offers; null until it is known. */
  #offers: Offers | null = null;
  #closed = false;
  /** The origin asked for last: nearly always the next one's too. */
  #last: { origin: Origin; connections: OriginConnections } | null = null;

  constructor(context: ProxyContext, client: ConnectionRecord, options: PoolOptions, owner: PoolOwner) {
    this.#context = context;
    this.#client = client;
    this.#options = options;
    this.#owner = owner;
  }

  /** A connection that was made already (the tunnel's): it is kept like one that was used before. */
  offer(origin: Origin, transport: Transport, record: ConnectionRecord, protocol: HttpProtocol): void {
    const { settings } = this.#context;
    // Without TLS the version can still be chosen: nothing has been said on the connection.
    const spoken = origin.scheme === "http" && speaksHttp2Unasked(settings, origin) ? "http2" : protocol;
    this.#connectionsTo(origin).add(transport, record, only(spoken));
  }

  /**
   * The tunnel's origin cannot be reached: each request is answered with why. Where it only speaks nothing of what the
   * client offered, it is asked for the other version of HTTP first.
   */
  refuse(failure: UpstreamError): void {
    const { routing, clientProtocol } = this.#options;
    const isVersion = failure.code === "no-application-protocol" && this.#context.settings.http2;
    if (!isVersion || routing.kind !== "tunnel") this.#failure = failure;
    else this.#connectionsTo(routing.origin).expect(only(clientProtocol === "http1" ? "http2" : "http1"));
  }

  /** What the client offers is told to every server, now and later. */
  clientOffers(offers: Offers): void {
    this.#offers = offers;
    for (const connections of this.#origins.values()) connections.offer(offers);
  }

  /** Finds a stream to `origin`, on a new connection where there is no room. `fresh`: not on one that is open already. */
  acquire(origin: Origin, request: StreamRequest, fresh: boolean): void {
    if (this.#failure !== null) request.failed(this.#failure);
    else this.#connectionsTo(origin).acquire(request, fresh);
  }

  /** The request to `origin` is of no interest any more: it hears nothing. */
  cancel(origin: Origin, request: StreamRequest): void {
    this.#origins.get(keyOf(origin))?.cancel(request);
    this.#origins.get(webSocketKeyOf(origin))?.cancel(request);
  }

  /** Closes everything. */
  close(): void {
    this.#closed = true;
    for (const connections of [...this.#origins.values()]) connections.close();
  }

  // --- OriginConnectionsOwner ---

  dial(origin: Origin, choice: ProtocolChoice): Promise<DialedUpstream> {
    const { routing } = this.#options;
    return dialUpstream({ context: this.#context, client: this.#client, routing }, origin, choice);
  }

  drop(dialed: DialedUpstream): void {
    dropDialed(this.#context, this.#client, dialed);
  }

  newUpstream(
    record: ConnectionRecord,
    transport: Transport,
    protocol: HttpProtocol,
    owner: UpstreamOwner,
    kept: boolean,
  ): UpstreamConnection {
    const connection = upstreamCodec(this.#context.settings, this.#options.routing, protocol, record);
    const client = this.#client;
    const upstream = new UpstreamConnection(this.#context, {
      client,
      record,
      transport,
      connection,
      owner,
      kept,
    });
    if (this.#offers !== null) upstream.offer(this.#offers);
    return upstream;
  }

  overHttp1(origin: Origin, request: StreamRequest, fresh: boolean): void {
    const { flow } = request.user;
    if (!flow.notes.includes(OVER_HTTP1)) addNote(flow, OVER_HTTP1);
    this.#connectionsOf(webSocketKeyOf(origin), origin, http1ForWebSocket).acquire(request, fresh);
  }

  upstreamIdleClosed(): void {
    // A client with parallel streams may be asking this very moment: it is not told, and gets a new one.
    if (!this.#closed && this.#options.clientProtocol === "http1") this.#owner.upstreamIdleClosed();
  }

  upstreamReceived(): void {
    this.#owner.upstreamReceived();
  }

  upstreamOffers(offers: Offers): void {
    this.#owner.upstreamOffers(offers);
  }

  upstreamPush(upstream: UpstreamConnection, push: PushSignal): void {
    this.#owner.upstreamPush(upstream, push);
  }

  // ---

  #connectionsTo(origin: Origin): OriginConnections {
    const last = this.#last;
    if (
      last !== null && last.origin.host === origin.host && last.origin.port === origin.port &&
      last.origin.scheme === origin.scheme
    ) return last.connections;
    const connections = this.#connectionsOf(
      keyOf(origin),
      origin,
      () => protocolChoice(this.#context.settings, origin, this.#options.clientProtocol),
    );
    this.#last = { origin, connections };
    return connections;
  }

  #connectionsOf(key: string, origin: Origin, choice: () => ProtocolChoice): OriginConnections {
    let connections = this.#origins.get(key);
    if (connections === undefined) {
      if (this.#origins.size >= ORIGIN_LIMIT) this.#forgetIdle();
      connections = new OriginConnections(this.#context.turns, origin, choice(), this);
      this.#origins.set(key, connections);
    }
    return connections;
  }

  #forgetIdle(): void {
    for (const [key, connections] of this.#origins) if (connections.isEmpty) this.#origins.delete(key);
  }
}

function keyOf(origin: Origin): string {
  return `${origin.scheme}://${origin.host.toLowerCase()}:${origin.port}`;
}

/** Of the connections for WebSockets only. */
function webSocketKeyOf(origin: Origin): string {
  return `${keyOf(origin)} WebSocket`;
}
