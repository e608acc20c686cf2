// Reaching an origin: TCP, then TLS where it is wanted, with records, hooks and errors a person can act on.

import type { ConnectionRecord, TlsFacts } from "../flow/record.ts";
import { formatHostPort } from "../http/target.ts";
import { dial, DialError } from "../net/dial.ts";
import { startTlsClient, TlsError, type TlsTransport } from "../net/tls_transport.ts";
import type { Endpoint, Transport } from "../net/transport.ts";
import { certificateFacts } from "../tls/certificate_facts.ts";
import { type CertificateFlaw, certificateFlaw } from "../tls/certificate_flaw.ts";
import { newConnectionRecord, now, type ProxyContext, unknownTlsFacts } from "./context.ts";
import { isInsecure, resolveOverride } from "./host_patterns.ts";
import { UpstreamError } from "./upstream_error.ts";

export interface Dialed {
  transport: Transport;
  record: ConnectionRecord;
}

/** Connects to `target`. Rejects with an UpstreamError. */
export async function dialOrigin(
  context: ProxyContext,
  client: ConnectionRecord,
  target: Endpoint,
): Promise<Dialed> {
  const instead = resolveOverride(context.settings, target);
  const record = newConnectionRecord(context, instead, null, target);
  if (context.isOwnAddress(instead)) throw loopError(target);
  const held = context.hooks.run("serverConnecting", record, client);
  if (held !== null) await held;
  try {
    const transport = await dial(target, instead, context.settings.connectTimeout);
    record.remote = transport.remote;
    record.local = transport.local;
    record.connectedAt = now();
    if (transport.remote.host === transport.local.host && context.isOwnAddress(transport.remote)) {
      transport.close();
      throw loopError(target);
    }
    const connected = context.hooks.run("serverConnected", record, client);
    if (connected !== null) await connected;
    return { transport, record };
  } catch (error) {
    const failure = upstreamError(error, target);
    record.endedAt = now();
    context.hooks.run("serverFailed", record, client, failure.message);
    throw failure;
  }
}

/** Lets go of an origin that was dialed for nothing: who heard that it is connected hears that it is not. */
export function dropDialed(context: ProxyContext, client: ConnectionRecord, dialed: Dialed): void {
  dialed.transport.close();
  dialed.record.endedAt = now();
  context.hooks.run("serverDisconnected", dialed.record, client);
}

/**
 * TLS to an origin that was dialed. `alpn`: what to offer. Rejects with an UpstreamError; the transport is closed then.
 */
export async function secureOrigin(
  context: ProxyContext,
  client: ConnectionRecord,
  dialed: Dialed,
  serverName: string,
  alpn: readonly string[],
): Promise<TlsTransport> {
  const { record } = dialed;
  const target = record.name ?? record.remote;
  record.tls = unknownTlsFacts(isAddress(serverName) ? null : serverName, alpn);
  try {
    const transport = await handshake(context, dialed, target, serverName, alpn);
    record.tlsAt = now();
    record.tls = sessionFacts(transport, record.tls);
    context.hooks.run("tlsEstablished", record, "server");
    return transport;
  } catch (error) {
    // The handshake may not have come to own it.
    dialed.transport.close();
    const failure = tlsFailure(error, target, serverName, alpn);
    if (error instanceof TlsError && error.certificate !== null) {
      record.tls = { ...record.tls, certificate: certificateFacts(error.certificate) };
    }
    record.endedAt = now();
    context.hooks.run("tlsFailed", record, "server", failure.message);
    context.hooks.run("serverDisconnected", record, client);
    throw failure;
  }
}

async function handshake(
  context: ProxyContext,
  dialed: Dialed,
  target: Endpoint,
  serverName: string,
  alpn: readonly string[],
): Promise<TlsTransport> {
  const { settings, trust } = context;
  const verify = !isInsecure(settings, target, serverName);
  const start = async (inner: Transport) =>
    await startTlsClient(inner, {
      secureContext: await trust.contextFor(serverName),
      serverName,
      sendServerName: !isAddress(serverName),
      alpn,
      verify,
      timeout: settings.tlsTimeout,
    });
  let transport: TlsTransport;
  try {
    transport = await start(dialed.transport);
  } catch (error) {
    if (!verify || !trust.failed(serverName)) throw error;
    // Its certificate leads to another root than last time: once more, against all of them.
    dialed.transport = await dial(target, resolveOverride(settings, target), settings.connectTimeout);
    transport = await start(dialed.transport);
  }
  if (transport.session.authorized) trust.verified(serverName, transport.session);
  else trust.failed(serverName);
  return transport;
}

/** What was agreed on, with the peer's certificate. */
function sessionFacts(transport: TlsTransport, offered: TlsFacts): TlsFacts {
  const { session } = transport;
  const certificate = session.getPeerCertificate();
  const { alpnProtocol } = session;
  const error: unknown = session.authorizationError;
  return {
    ...offered,
    version: session.getProtocol() ?? "",
    cipher: session.getCipher()?.name ?? "",
    alpn: typeof alpnProtocol === "string" && alpnProtocol !== "" ? alpnProtocol : null,
    certificate: certificate?.raw === undefined ? null : certificateFacts(certificate.raw),
    verifyError: session.authorized || error === null || error === undefined
      ? null
      : verificationCode(String(error), certificate?.raw ?? null),
  };
}

function upstreamError(error: unknown, target: Endpoint): UpstreamError {
  if (error instanceof UpstreamError) return error;
  if (error instanceof DialError) return new UpstreamError(error.code, error.message);
  return new UpstreamError(
    "failed",
    `connection to ${formatHostPort(target.host, target.port)} failed: ${error}`,
  );
}

function loopError(target: Endpoint): UpstreamError {
  return new UpstreamError(
    "loop",
    `${
      formatHostPort(target.host, target.port)
    } is this proxy itself: the request would go round in a circle`,
  );
}

/** How the TLS layer names a certificate that does not hold, and what a person calls it. */
const VERIFICATION: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "the certificate has expired",
  CERT_NOT_YET_VALID: "the certificate is not valid yet",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the certificate is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "the certificate's chain ends in a self-signed certificate that is not trusted",
  UNABLE_TO_GET_ISSUER_CERT: "the certificate's issuer is not known",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the certificate's issuer is not trusted here",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the certificate's issuer is not trusted here",
  CERT_REVOKED: "the certificate is revoked",
  INVALID_PURPOSE: "the certificate is not meant for servers",
  ERR_TLS_CERT_ALTNAME_INVALID: "the certificate is for another name",
};

/** Deno has one word for most of what can be wrong; the certificate itself says more. */
function verificationCode(code: string, certificate: Uint8Array | null): string {
  const flaw = code === "UNABLE_TO_VERIFY_LEAF_SIGNATURE" && certificate !== null
    ? certificateFlaw(certificate, Date.now())
    : null;
  return flaw === null ? code : FLAWS[flaw];
}

const FLAWS: Readonly<Record<CertificateFlaw, string>> = {
  expired: "CERT_HAS_EXPIRED",
  "not-valid-yet": "CERT_NOT_YET_VALID",
  "not-for-servers": "INVALID_PURPOSE",
};

/** What trusting another issuer does not help against. */
const BEYOND_TRUST = new Set([...Object.values(FLAWS), "CERT_REVOKED", "ERR_TLS_CERT_ALTNAME_INVALID"]);

/** RFC 7301, 3.2: the alert of a server that speaks nothing of what it was offered, as node:tls names it. */
const NO_APPLICATION_PROTOCOL = "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL";

function tlsFailure(
  error: unknown,
  target: Endpoint,
  serverName: string,
  alpn: readonly string[],
): UpstreamError {
  const where = formatHostPort(target.host, target.port);
  if (error instanceof DialError) return new UpstreamError(error.code, error.message);
  if (!(error instanceof TlsError)) {
    return new UpstreamError(
      "tls",
      `TLS with ${where} failed: ${error instanceof Error ? error.message : error}`,
    );
  }
  const code = verificationCode(error.code, error.certificate);
  const reason = VERIFICATION[code];
  if (reason !== undefined) {
    const trust = BEYOND_TRUST.has(code) ? "" : "trust its issuer with --upstream-ca FILE, or ";
    const asked = serverName === target.host ? "" : ` (asked for as ${serverName})`;
    return new UpstreamError(
      "tls-verification",
      `the certificate of ${where}${asked} cannot be verified: ${reason} (${code}); ` +
        `${trust}do not verify with --insecure`,
    );
  }
  if (error.code === NO_APPLICATION_PROTOCOL) {
    return new UpstreamError(
      "no-application-protocol",
      `TLS with ${where} failed: it speaks nothing of what it was offered (ALPN: ${alpn.join(", ")})`,
    );
  }
  if (error.code === "timed-out") return new UpstreamError("timed-out", `${error.message} (${where})`);
  return new UpstreamError("tls", `TLS with ${where} failed: ${error.message} (${error.code})`);
}

/** An IP address is not sent as a server name: RFC 6066, 3. */
export function isAddress(name: string): boolean {
  return name.includes(":") || /^\d{1,3}(\.\d{1,3}){3}$/.test(name);
}
