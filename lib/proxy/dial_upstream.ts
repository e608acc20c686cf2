// An HTTP connection to an origin: TCP, TLS where it is wanted, and which version of HTTP is spoken on it.
// By ALPN (RFC 9113, 3.2), or without TLS by what is known beforehand (RFC 9113, 3.3).

import type { ConnectionRecord } from "../flow/record.ts";
import { formatHostPort } from "../http/target.ts";
import type { Transport } from "../net/transport.ts";
import type { ProxyContext } from "./context.ts";
import { dialOrigin, secureOrigin } from "./dial_origin.ts";
import { matchesHost } from "./host_patterns.ts";
import { endpointOf, type HttpProtocol, type Origin, type Routing } from "./origin.ts";
import type { Settings } from "./settings.ts";
import { UpstreamError } from "./upstream_error.ts";

/** RFC 7301, 6 and RFC 9113, 3.2. */
const ALPN_NAMES = { http1: "http/1.1", http2: "h2" } as const;

/** What an origin is offered, and what is known of what it speaks. Each dial may know more than the one before. */
export interface ProtocolChoice {
  /** In the order of preference; more than one only over TLS. */
  offered: readonly HttpProtocol[];
  /** What it spoke last, or must speak; null: it will say. */
  known: HttpProtocol | null;
  /** What is offered is for a WebSocket that HTTP/2 has refused: another version is no help. */
  insists?: true;
}

export interface UpstreamDialing {
  context: ProxyContext;
  client: ConnectionRecord;
  routing: Routing;
}

export interface DialedUpstream {
  transport: Transport;
  record: ConnectionRecord;
  protocol: HttpProtocol;
}

/**
 * For an origin nothing is known of. A client of HTTP/2 gets the better of what the origin speaks; one of HTTP/1 gets
 * HTTP/1: another version would be a change nobody asked for.
 */
export function protocolChoice(settings: Settings, origin: Origin, client: HttpProtocol): ProtocolChoice {
  if (!settings.http2) return only("http1");
  if (origin.scheme === "https") {
    return client === "http2" ? { offered: ["http2", "http1"], known: null } : only("http1");
  }
  return only(speaksHttp2Unasked(settings, origin) ? "http2" : "http1");
}

/** `--h2c`: HTTP/2 by prior knowledge, RFC 9113, 3.3. */
export function speaksHttp2Unasked(settings: Settings, origin: Origin): boolean {
  return settings.http2 && matchesHost(settings.h2cHosts, endpointOf(origin), null);
}

/** An origin that speaks this, and is offered nothing else. */
export function only(protocol: HttpProtocol): ProtocolChoice {
  return { offered: [protocol], known: protocol };
}

/** An origin whose HTTP/2 takes no WebSocket: HTTP/1.1 does, or nothing. */
export function http1ForWebSocket(): ProtocolChoice {
  return { ...only("http1"), insists: true };
}

/** Connects as `choice` says, and corrects it. Rejects with an UpstreamError. */
export async function dialUpstream(
  dialing: UpstreamDialing,
  origin: Origin,
  choice: ProtocolChoice,
): Promise<DialedUpstream> {
  let dialed: DialedUpstream;
  try {
    dialed = await connect(dialing, origin, choice.offered);
  } catch (error) {
    if (choice.insists === true) throw noWebSocket(origin, UpstreamError.from(error));
    const other = otherOffer(dialing.context.settings, choice.offered);
    const refused = error instanceof UpstreamError && error.code === "no-application-protocol";
    if (!refused || other === null) throw error;
    // It speaks the other version only: once more, and from now on so at once.
    dialed = await connect(dialing, origin, other);
    choice.offered = other;
  }
  choice.known = dialed.protocol;
  return dialed;
}

function noWebSocket({ host, port }: Origin, { code, message }: UpstreamError): UpstreamError {
  const what = `${formatHostPort(host, port)} takes no WebSocket over HTTP/2`;
  return code === "no-application-protocol"
    ? new UpstreamError("no-websocket", `${what}, and does not speak HTTP/1.1`)
    : new UpstreamError(code, `${what}, and over HTTP/1.1: ${message}`);
}

function otherOffer(settings: Settings, offered: readonly HttpProtocol[]): readonly HttpProtocol[] | null {
  if (offered.length > 1) return null;
  if (offered[0] === "http2") return ["http1"];
  return settings.http2 ? ["http2"] : null;
}

async function connect(
  { context, client, routing }: UpstreamDialing,
  origin: Origin,
  offered: readonly HttpProtocol[],
): Promise<DialedUpstream> {
  const dialed = await dialOrigin(context, client, endpointOf(origin));
  const { record } = dialed;
  if (origin.scheme !== "https") {
    return { transport: dialed.transport, record, protocol: offered[0] ?? "http1" };
  }
  const serverName = routing.kind === "tunnel" ? routing.serverName ?? origin.host : origin.host;
  const alpn = offered.map((protocol) => ALPN_NAMES[protocol]);
  const transport = await secureOrigin(context, client, dialed, serverName, alpn);
  // No answer means HTTP/1.1.
  return { transport, record, protocol: record.tls?.alpn === ALPN_NAMES.http2 ? "http2" : "http1" };
}
