// Reverse mode: one origin behind our port. Plain and TLS clients are told apart by their first bytes.

import type { Transport } from "../net/transport.ts";
import { log } from "./context.ts";
import { type Dialed, dialOrigin } from "./dial_origin.ts";
import type { SessionHost } from "./session_host.ts";
import type { ModeSetting } from "./settings.ts";
import { answerFor, secureClient } from "./tls_interception.ts";
import { failTcp, runTunnel, sniff } from "./tunnel_session.ts";
import { UpstreamError } from "./upstream_error.ts";

type ReverseMode = ModeSetting & { kind: "reverse" };

export async function runReverse(
  session: SessionHost,
  client: Transport,
  mode: ReverseMode,
): Promise<void> {
  if (mode.scheme === "tcp") return await runReverseTcp(session, client, mode);
  const first = await sniff(session, client, null, false);
  if (first === null) return session.drop(client);
  let transport = client;
  if (first === "tls") {
    const hello = await session.readHello(client);
    if (hello === null) return;
    const secure = await secureClient(session.context, {
      client: session.record,
      transport: client,
      hello,
      target: { host: mode.host, port: mode.port },
      originRecord: null,
      alpn: answerFor(hello, null, false),
    });
    if (secure === null) return session.over();
    transport = secure;
  }
  const origin = { scheme: mode.scheme, host: mode.host, port: mode.port };
  // Whatever it is that was sent, this port is for HTTP: what is not gets a 400.
  session.startHttp(transport, { kind: "reverse", origin, keepHost: session.context.settings.keepHostHeader })
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
