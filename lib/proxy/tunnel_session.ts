// Inside a tunnel (CONNECT, SOCKS5): the origin is dialed already, both sides are watched, and the first bytes decide.
// The order is the design's: --ignore/--allow, TLS hello, --tcp, HTTP/2's preface, HTTP/1, anything else raw TCP. A
// server that speaks first is raw TCP, unless it may be HTTP/2's.

import { peekEither, type PeekResult } from "../net/peek.ts";
import type { Endpoint, Transport } from "../net/transport.ts";
import type { ClientHello } from "../tls/client_hello.ts";
import { now } from "./context.ts";
import { type Dialed, dropDialed, secureOrigin } from "./dial_origin.ts";
import { speaksHttp2Unasked } from "./dial_upstream.ts";
import { type FirstBytes, mayBeHttp2Server, sniffRaw, sniffTunnel } from "./first_bytes.ts";
import { isRawTcp, matchesHost, passesUntouched } from "./host_patterns.ts";
import { newTcpFlow } from "./new_flow.ts";
import type { HttpProtocol, Routing } from "./origin.ts";
import { type SessionHost, SNIFF_TIME } from "./session_host.ts";
import { TcpSession } from "./tcp_session.ts";
import { answerFor, offersFor, ownAnswer, protocolOf, secureClient } from "./tls_interception.ts";
import { UpstreamError } from "./upstream_error.ts";

/** Carries a tunnel to its end. Owns both transports. `alwaysRaw`: what is in it, or in its TLS, is not looked at. */
export async function runTunnel(
  session: SessionHost,
  client: Transport,
  target: Endpoint,
  dialed: Dialed,
  alwaysRaw = false,
): Promise<void> {
  const { settings, rejectedHosts } = session.context;
  if (matchesHost(settings.ignoreHosts, target, null)) return passUntouched(session, client, dialed);
  const raw = alwaysRaw || isRawTcp(settings, target, null);
  // A server that is known to speak HTTP/2 may say its SETTINGS first: they decide nothing.
  const isKnown = !raw && speaksHttp2Unasked(settings, { scheme: "http", ...target });
  const first = await sniff(session, client, isKnown ? null : dialed.transport, raw);
  if (first === null) return closeBoth(session, client, dialed);
  if (first !== "tls") {
    if (passesUntouched(settings, target, null)) return passUntouched(session, client, dialed);
    const ends: Ends = { client, dialed, target, serverName: null, tls: false };
    return carry(session, ends, first, isKnown ? "http2" : null);
  }
  const hello = await session.readHello(client);
  if (hello === null) return dropDialed(session.context, session.record, dialed);
  const held = session.context.hooks.run("tlsHello", {
    client: session.record,
    host: target.host,
    port: target.port,
    serverName: hello.serverName,
    alpnOffers: hello.alpn,
  });
  if (held !== null) await held;
  const name = hello.serverName ?? target.host;
  if (passesUntouched(settings, target, hello.serverName) || rejectedHosts.has(name)) {
    return passUntouched(session, client, dialed);
  }
  await intercept(session, client, target, dialed, hello, alwaysRaw);
}

/** What is in a tunnel, and its two ends. */
interface Ends {
  client: Transport;
  dialed: Dialed;
  target: Endpoint;
  serverName: string | null;
  /** TLS has been taken off on both sides. */
  tls: boolean;
}

/** Takes TLS off: the origin first, then the client; then looks again. */
async function intercept(
  session: SessionHost,
  client: Transport,
  target: Endpoint,
  dialed: Dialed,
  hello: ClientHello,
  alwaysRaw: boolean,
): Promise<void> {
  const { context, record } = session;
  const raw = alwaysRaw || isRawTcp(context.settings, target, hello.serverName);
  const serverName = hello.serverName ?? target.host;
  let server: Transport | null = null;
  let failure: UpstreamError | null = null;
  try {
    server = await secureOrigin(
      context,
      record,
      dialed,
      serverName,
      offersFor(hello, context.settings, raw),
    );
  } catch (error) {
    failure = UpstreamError.from(error);
  }
  if (failure !== null && raw) return failTcp(session, client, target, dialed, failure);
  const chosen = dialed.record.tls?.alpn ?? null;
  const secure = await secureClient(context, {
    client: record,
    transport: client,
    hello,
    target,
    originRecord: dialed.record,
    alpn: failure === null ? answerFor(hello, chosen, raw) : ownAnswer(hello, context.settings),
  });
  if (secure === null) {
    if (server !== null) dropDialed(context, record, { transport: server, record: dialed.record });
    return session.over();
  }
  const routing: Routing = {
    kind: "tunnel",
    origin: { scheme: "https", host: target.host, port: target.port },
    serverName: hello.serverName,
  };
  if (server === null) {
    const http = session.startHttp(secure, routing, protocolOf(record.tls?.alpn ?? null) ?? "http1");
    if (failure !== null) http.pool.refuse(failure);
    return http.start();
  }
  const ends: Ends = {
    client: secure,
    dialed: { transport: server, record: dialed.record },
    target,
    serverName: hello.serverName,
    tls: true,
  };
  if (raw) return carry(session, ends, "raw");
  if (chosen !== null) return carry(session, ends, protocolOf(chosen) ?? "raw");
  const first = await sniff(session, secure, server, false);
  if (first === null) return closeBoth(session, secure, ends.dialed);
  carry(session, ends, first === "tls" ? "raw" : first);
}

/** Starts what the bytes are: HTTP, the same version on both legs unless the origin has another one, or raw TCP. */
function carry(
  session: SessionHost,
  ends: Ends,
  first: FirstBytes,
  originSpeaks: HttpProtocol | null = null,
): void {
  const { context, record } = session;
  const { client, dialed, target } = ends;
  const isHttp = first === "http1" || (first === "http2" && context.settings.http2);
  if (isHttp && !isRawTcp(context.settings, target, ends.serverName)) {
    const scheme = ends.tls ? "https" as const : "http" as const;
    const origin = { scheme, host: target.host, port: target.port };
    const http = session.startHttp(client, { kind: "tunnel", origin, serverName: ends.serverName }, first);
    http.pool.offer(origin, dialed.transport, dialed.record, originSpeaks ?? first);
    return http.start();
  }
  const flow = newTcpFlow(context, record, target, ends.tls);
  startTcp(session, client, dialed, flow);
}

function startTcp(
  session: SessionHost,
  client: Transport,
  dialed: Dialed,
  flow: ReturnType<typeof newTcpFlow> | null,
): void {
  const tcp = new TcpSession(
    session.context,
    { client, server: dialed.transport, serverRecord: dialed.record },
    flow,
    () => {
      dialed.record.endedAt = now();
      session.context.hooks.run("serverDisconnected", dialed.record, session.record);
      session.over();
    },
  );
  // Bytes have no natural end: they may go on until they are cut off.
  session.carriedBy({ shutdown: () => {}, destroy: () => tcp.stop() });
  tcp.start();
}

/** The first bytes of either side; null when the client has gone. `raw`: only TLS is told from the rest. */
export async function sniff(
  session: SessionHost,
  client: Transport,
  server: Transport | null,
  raw: boolean,
): Promise<FirstBytes | null> {
  const { settings } = session.context;
  let first: FirstBytes = "unsure";
  let serverSpoke = false;
  const timeouts = { silence: settings.stallTimeout, undecided: SNIFF_TIME };
  const decide = (bytes: Uint8Array) => {
    first = raw ? sniffRaw(bytes) : sniffTunnel(bytes);
    return first !== "unsure";
  };
  const isGreeting = (bytes: Uint8Array) => {
    serverSpoke = true;
    return raw || !settings.http2 || !mayBeHttp2Server(bytes);
  };
  const result: PeekResult = await peekEither(client, server, timeouts, decide, isGreeting);
  if (result.kind === "closed") return null;
  // Nobody said enough: the server spoke, the client closed its side, or the time is up.
  if (result.kind !== "decided") return "raw";
  // Of all that servers say first only HTTP/2's SETTINGS are known.
  return serverSpoke && (first as FirstBytes) !== "http2" ? "raw" : first;
}

function passUntouched(session: SessionHost, client: Transport, dialed: Dialed): void {
  startTcp(session, client, dialed, null);
}

function closeBoth(session: SessionHost, client: Transport, dialed: Dialed): void {
  dropDialed(session.context, session.record, dialed);
  session.drop(client);
}

/** A raw TCP flow that never began: its origin failed. */
export function failTcp(
  session: SessionHost,
  client: Transport,
  target: Endpoint,
  dialed: Dialed | null,
  failure: UpstreamError,
): void {
  const { context, record } = session;
  const flow = newTcpFlow(context, record, target, record.tls !== null || dialed?.record.tls !== null);
  flow.server = dialed?.record ?? null;
  flow.error = { at: now(), message: failure.message, by: "server", code: failure.code, rule: null };
  flow.endedAt = now();
  context.store.add(flow);
  context.hooks.run("tcpEnd", flow);
  client.reset();
  session.over();
}
