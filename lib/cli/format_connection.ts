// Connections and TLS for the event log.

import type { ConnectionRecord, TlsFacts } from "../flow/record.ts";
import { formatHostPort } from "../http/target.ts";
import { escapeText, escapeWord } from "../format/escape.ts";
import type { ConnectionEvent } from "./format_event.ts";
import { formatDuration } from "../format/units.ts";

/** The client an event belongs to; null where it does not say. */
export function clientOf(event: ConnectionEvent): ConnectionRecord | null {
  switch (event.kind) {
    case "tls-hello":
      return event.hello.client;
    case "tls-established":
    case "tls-failed":
      return event.leg === "client" ? event.connection : null;
    default:
      return event.client;
  }
}

/** One line's words, without time and client. */
export function connectionText(event: ConnectionEvent): string {
  switch (event.kind) {
    case "client-connected":
      return "connected";
    case "client-disconnected":
      return `disconnected${lifetime(event.client)}`;
    case "server-connecting":
      return `connecting to ${serverName(event.server)}`;
    case "server-connected":
      return `connected to ${serverName(event.server)}${dialTime(event.server)}`;
    case "server-failed":
      return `could not connect to ${serverName(event.server)}: ${escapeText(event.reason)}`;
    case "server-disconnected":
      return `disconnected from ${serverName(event.server)}${lifetime(event.server)}`;
    case "tls-hello": {
      const { host, port, serverName, alpnOffers } = event.hello;
      const target = escapeWord(formatHostPort(host, port));
      return `tls hello for ${target}, ${sni(serverName)}, offers ${offers(alpnOffers)}`;
    }
    case "tls-established":
      return `tls with ${peerName(event)}: ${tlsText(event.connection.tls, event.leg)}`;
    case "tls-failed":
      return `tls with ${peerName(event)} failed: ${escapeText(event.reason)}`;
  }
}

function peerName(event: { connection: ConnectionRecord; leg: "client" | "server" }): string {
  return event.leg === "client" ? "client" : serverName(event.connection);
}

/** "example.com:443 (93.184.216.34:443)"; the address alone when it is what was asked for. */
function serverName(server: ConnectionRecord): string {
  const address = formatHostPort(server.remote.host, server.remote.port);
  const name = server.name === null ? address : formatHostPort(server.name.host, server.name.port);
  return name === address ? escapeWord(address) : `${escapeWord(name)} (${escapeWord(address)})`;
}

function dialTime(server: ConnectionRecord): string {
  return server.connectedAt === null ? "" : ` in ${formatDuration(server.connectedAt - server.startedAt)}`;
}

function lifetime(connection: ConnectionRecord): string {
  return connection.endedAt === null
    ? ""
    : ` after ${formatDuration(connection.endedAt - connection.startedAt)}`;
}

function tlsText(tls: TlsFacts | null, leg: "client" | "server"): string {
  if (tls === null) return "established";
  const parts = [
    `${escapeWord(tls.version)} ${escapeWord(tls.cipher)}`.trim(),
    tls.alpn === null ? "no ALPN" : `ALPN ${escapeWord(tls.alpn)}`,
    sni(tls.serverName),
  ];
  if (leg === "server" && tls.certificate !== null) {
    parts.push(
      `certificate ${escapeText(tls.certificate.subject)} until ${escapeText(tls.certificate.validTo)}`,
    );
  }
  if (tls.verifyError !== null) parts.push(`not verified: ${escapeText(tls.verifyError)}`);
  return parts.filter((part) => part !== "").join(", ");
}

function sni(serverName: string | null): string {
  return serverName === null ? "no SNI" : `SNI ${escapeWord(serverName)}`;
}

function offers(alpnOffers: readonly string[]): string {
  return alpnOffers.length === 0 ? "no ALPN" : alpnOffers.map(escapeWord).join(" ");
}
