// The tab of the two connections below a flow: addresses, TLS, certificates, how long they lasted.
// Invariant: what a peer sent is escaped; a fact that is not known has no line.

import type { CertificateFacts, ConnectionRecord, Endpoint, Flow, TlsFacts } from "../flow/record.ts";
import { escapeText, escapeWord } from "../format/escape.ts";
import { formatClock, formatDuration } from "../format/units.ts";
import { formatHostPort } from "../http/target.ts";
import { heading, joinSections, type ViewOptions } from "./flow_view_parts.ts";
import { labelledLines, wrappedLines } from "./flow_view_wrap.ts";
import { type Line, span, type Style } from "./line.ts";

const NAME_WIDTH = 14;

type Leg = "client" | "server";

interface Fact {
  name: string;
  value: string;
  style?: Style;
}

export function connectionLines(flow: Flow, { width }: ViewOptions): Line[] {
  const client = flow.replayed
    ? [...heading("client", width), ...wrappedLines("none: sent again by mitm", "faint", width)]
    : [...heading("client", width), ...factLines(connectionFacts(flow.client, "client"), width)];
  const server = flow.server === null
    ? [...heading("server", width), ...wrappedLines("none: no connection to an origin", "faint", width)]
    : [...heading("server", width), ...factLines(connectionFacts(flow.server, "server"), width)];
  return joinSections([client, server]);
}

function factLines(facts: readonly Fact[], width: number): Line[] {
  return facts.flatMap(({ name, value, style = "plain" }) => {
    return labelledLines([span(`${name.padEnd(NAME_WIDTH - 1)} `, "name")], value, style, width);
  });
}

function connectionFacts(connection: ConnectionRecord, leg: Leg): Fact[] {
  const { id, remote, local, name, startedAt, connectedAt, endedAt, tls } = connection;
  const facts: Fact[] = [];
  if (name !== null) facts.push({ name: "name", value: address(name) });
  facts.push({ name: "address", value: address(remote) });
  if (local !== null) facts.push({ name: "local", value: address(local) });
  facts.push({ name: "number", value: `${id}` });
  facts.push({ name: "opened", value: formatClock(startedAt) });
  if (leg === "server") {
    const taken = connectedAt === null ? "not connected" : `in ${formatDuration(connectedAt - startedAt)}`;
    facts.push({ name: "connected", value: taken });
  }
  const ended = endedAt === null
    ? "not yet"
    : `${formatClock(endedAt)}, after ${formatDuration(endedAt - startedAt)}`;
  facts.push({ name: "closed", value: ended });
  facts.push(...tls === null ? [{ name: "TLS", value: "none" }] : tlsFacts(tls, connection, leg));
  return facts;
}

function tlsFacts(tls: TlsFacts, { connectedAt, tlsAt }: ConnectionRecord, leg: Leg): Fact[] {
  const { version, cipher, alpn, alpnOffers, serverName, certificate, verifyError } = tls;
  const spoken = `${escapeWord(version)} ${escapeWord(cipher)}`.trim();
  const facts: Fact[] = [{ name: "TLS", value: spoken === "" ? "not established" : spoken }];
  // Of a client's connection it is not known when the handshake began: a CONNECT may stand before it.
  if (leg === "server" && connectedAt !== null && tlsAt !== null) {
    facts.push({ name: "handshake", value: `in ${formatDuration(tlsAt - connectedAt)}` });
  }
  const offers = alpnOffers.length === 0 ? "" : ` (offered: ${alpnOffers.map(escapeWord).join(" ")})`;
  facts.push({ name: "ALPN", value: (alpn === null ? "none" : escapeWord(alpn)) + offers });
  facts.push({ name: "SNI", value: serverName === null ? "none" : escapeWord(serverName) });
  if (verifyError !== null) {
    facts.push({ name: "not verified", value: escapeText(verifyError), style: "error" });
  }
  if (certificate !== null) facts.push(...certificateFacts(certificate, leg));
  return facts;
}

function certificateFacts(certificate: CertificateFacts, leg: Leg): Fact[] {
  const { subject, issuer, altNames, validFrom, validTo, fingerprint } = certificate;
  const whose = leg === "client" ? " (made by mitm)" : "";
  const facts: Fact[] = [
    { name: "certificate", value: escapeText(subject) + whose },
    { name: "  issuer", value: escapeText(issuer) },
  ];
  if (altNames.length > 0) facts.push({ name: "  names", value: altNames.map(escapeText).join(", ") });
  facts.push({ name: "  valid", value: `${escapeText(validFrom)} to ${escapeText(validTo)}` });
  facts.push({ name: "  SHA-256", value: escapeText(fingerprint) });
  return facts;
}

function address({ host, port }: Endpoint): string {
  return escapeWord(formatHostPort(host, port));
}
