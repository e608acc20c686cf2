// TLS in the middle: the origin first, with what the client offered; then the client, with what the origin chose and
// a certificate made for the name it asked for.

import type { ConnectionRecord } from "../flow/record.ts";
import { formatHostPort } from "../http/target.ts";
import { startTlsServer, TlsError, type TlsTransport } from "../net/tls_transport.ts";
import type { Endpoint, Transport } from "../net/transport.ts";
import { hostNamesOf } from "../tls/certificate_facts.ts";
import { type ClientHello, tlsVersionName } from "../tls/client_hello.ts";
import { log, now, type ProxyContext, unknownTlsFacts } from "./context.ts";
import type { HttpProtocol } from "./origin.ts";
import type { Settings } from "./settings.ts";

/** What HTTP we can speak, as ALPN names. Everything else a client offers for HTTP is not passed on. */
const SPOKEN = new Set(["h2", "http/1.1", "http/1.0"]);
/** RFC 7301 names that mean HTTP: the ones we do not speak are left out of what the origin is offered. */
const HTTP_NAMES = new Set(["h2", "h2c", "h3", "http/0.9", "http/1.0", "http/1.1"]);

/** The part of the client's offers that goes to the origin. `raw`: all, since nothing is parsed. */
export function offersFor(hello: ClientHello, settings: Settings, raw: boolean): string[] {
  if (raw) return [...hello.alpn];
  return hello.alpn.filter((name) => isSpoken(name, settings) || !HTTP_NAMES.has(name));
}

/** What the client is told: the origin's choice; where it made none, HTTP/1.1 is what will be spoken. */
export function answerFor(hello: ClientHello, chosen: string | null, raw: boolean): string[] {
  if (chosen !== null) return [chosen];
  return !raw && hello.alpn.includes("http/1.1") ? ["http/1.1"] : [];
}

/** What the client is told where it is us it speaks to, or the origin cannot be asked. */
export function ownAnswer(hello: ClientHello, settings: Settings): string[] {
  return OWN_CHOICE.filter((name) => hello.alpn.includes(name) && isSpoken(name, settings)).slice(0, 1);
}

/** In the order of preference. */
const OWN_CHOICE: readonly string[] = ["h2", "http/1.1"];

function isSpoken(name: string, settings: Settings): boolean {
  return SPOKEN.has(name) && (settings.http2 || name !== "h2");
}

/** Which HTTP follows on a connection whose client was told `alpn`; null: its first bytes will say. */
export function protocolOf(alpn: string | null): HttpProtocol | null {
  if (alpn === "h2") return "http2";
  return alpn !== null && alpn.startsWith("http/1") ? "http1" : null;
}

export interface ClientTlsRequest {
  client: ConnectionRecord;
  transport: Transport;
  hello: ClientHello;
  /** Where the client wanted to go. */
  target: Endpoint;
  /** More names for the certificate, beside the server name and the target. */
  originRecord: ConnectionRecord | null;
  alpn: readonly string[];
}

/** The handshake with the client. Null when it failed: that has been logged, with the cure, and the transport is closed. */
export async function secureClient(
  context: ProxyContext,
  request: ClientTlsRequest,
): Promise<TlsTransport | null> {
  const { client, hello, target } = request;
  const host = hello.serverName ?? target.host;
  client.tls = unknownTlsFacts(hello.serverName, hello.alpn);
  const certificate = request.originRecord?.tls?.certificate ?? null;
  const extraNames = [target.host, ...(certificate === null ? [] : hostNamesOf(certificate))];
  try {
    const shown = await context.certificates.contextFor(host, extraNames);
    const transport = await startTlsServer(request.transport, {
      secureContext: shown.secureContext,
      alpn: request.alpn,
      timeout: context.settings.tlsTimeout,
    });
    const { session } = transport;
    client.tlsAt = now();
    client.tls = {
      ...client.tls,
      version: session.getProtocol() ?? "",
      cipher: session.getCipher()?.name ?? "",
      alpn: typeof session.alpnProtocol === "string" && session.alpnProtocol !== ""
        ? session.alpnProtocol
        : null,
      certificate: shown.facts,
    };
    context.hooks.run("tlsEstablished", client, "client");
    return transport;
  } catch (error) {
    request.transport.close();
    reportFailure(context, request, error);
    return null;
  }
}

/** Alerts that mean: I do not trust this certificate. RFC 8446, 6.2. */
const REJECTIONS =
  /UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|UNSUPPORTED_CERTIFICATE|CERTIFICATE_REQUIRED|UnknownCA|BadCertificate|CertificateUnknown|AccessDenied/i;

function reportFailure(context: ProxyContext, request: ClientTlsRequest, error: unknown): void {
  const { client, hello, target } = request;
  const host = hello.serverName ?? target.host;
  const where = formatHostPort(host, target.port);
  const code = error instanceof TlsError ? error.code : "failed";
  const text = error instanceof Error ? error.message : String(error);
  const rejected = REJECTIONS.test(`${code} ${text}`);
  let message: string;
  if (rejected || code === "closed") {
    const what = rejected
      ? `the client does not trust mitm's certificate for ${where} (${text})`
      : `the client closed the connection during the TLS handshake for ${where}: perhaps it does not trust mitm's certificate`;
    message = `${what}; let it trust the CA (http://mitm.it/ through the proxy, or the certificate file), ` +
      `or let the host pass with --ignore`;
    if (rejected && context.settings.passthroughOnReject) {
      context.rejectedHosts.add(host);
      message = `${what}; from its next connection on ${host} passes untouched (--passthrough-on-reject)`;
    }
  } else {
    const versions = hello.versions.map(tlsVersionName).join(", ");
    message =
      `TLS with the client failed for ${where}: ${text} (the client offers ${versions}; mitm speaks TLS 1.2 and 1.3)`;
  }
  context.hooks.run("tlsFailed", client, "client", message);
  log(context, "warn", rejected ? "tls-client-rejected" : "tls-client-failed", message, client);
}
