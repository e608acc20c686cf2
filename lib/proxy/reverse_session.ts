// Reverse mode: one origin behind our port. Plain and TLS clients, HTTP/1 and HTTP/2 are told apart by their first
// bytes; over TLS it is ALPN that says which HTTP, where the client offers any.

import type { Transport } from "../net/transport.ts";
import { log } from "./context.ts";
import { type Dialed, dialOrigin } from "./dial_origin.ts";
import type { HttpProtocol } from "./origin.ts";
import type { SessionHost } from "./session_host.ts";
import type { ModeSetting } from "./settings.ts";
import { ownAnswer, protocolOf, secureClient } from "./tls_interception.ts";
import { failTcp, runTunnel, sniff } from "./tunnel_session.ts";
import { UpstreamError } from "./upstream_error.ts";

type ReverseMode = ModeSetting & { kind: "reverse" };

export async function runReverse(
  session: SessionHost,
  client: Transport,
  mode: ReverseMode,
): Promise<void> {
  if (mode.scheme === "tcp") return await runReverseTcp(session, client, mode);
  const { settings } = session.context;
  let first = await sniff(session, client, null, false);
  if (first === null) return session.drop(client);
  let transport = client;
  let protocol: HttpProtocol | null = null;
  if (first === "tls") {
    const hello = await session.readHello(client);
    if (hello === null) return;
    const secure = await secureClient(session.context, {
      client: session.record,
      transport: client,
      hello,
      target: { host: mode.host, port: mode.port },
      originRecord: null,
      alpn: ownAnswer(hello, settings),
    });
    if (secure === null) return session.over();
    transport = secure;
    protocol = protocolOf(session.record.tls?.alpn ?? null);
    if (protocol === null) first = await sniff(session, secure, null, false);
    if (first === null) return session.drop(secure);
  }
  // Whatever it is that was sent, this port is for HTTP: what is not gets a 400.
  protocol ??= first === "http2" && settings.http2 ? "http2" : "http1";
  const origin = { scheme: mode.scheme, host: mode.host, port: mode.port };
  session.startHttp(transport, { kind: "reverse", origin, keepHost: settings.keepHostHeader }, protocol)
    .start();
}

async function runReverseTcp(session: SessionHost, client: Transport, mode: ReverseMode): Promise<void> {
  const { context, record } = session;
  const target = { host: mode.host, port: mode.port };
  let dialed: Dialed;
  try {
    dialed = await dialOrigin(context, record, target);
  } catch (error) {
    const failure = UpstreamError.from(error);
    log(context, "warn", "connect-failed", failure.message, record);
    return failTcp(session, client, target, null, failure);
  }
  await runTunnel(session, client, target, dialed, true);
}
