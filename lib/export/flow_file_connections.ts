// Both connections of a flow, as a flow file of mitmproxy has them (version 17; see flow_file.ts).

import type { ConnectionRecord, Endpoint, Flow } from "../flow/record.ts";
import { TnetBytes, type TnetDictionary, TnetFloat, type TnetValue } from "./tnetstring.ts";

/** The versions a reader knows. */
const TLS_VERSIONS: ReadonlySet<string> = new Set(["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]);

/** The connection's state to its reader, a sum of 1 (we may read from it) and 2 (write to it). */
const CLOSED = 0;
const OPEN = 3;

/** An address that is not known, where there has to be one. */
const UNKNOWN: Endpoint = { host: "0.0.0.0", port: 0 };

export function clientConnection(client: ConnectionRecord, id: string): TnetDictionary {
  return {
    ...connection(client, id),
    address: socketAddress(client.remote),
    sockname: socketAddress(client.local ?? UNKNOWN),
    mitmcert: null,
    tls_extensions: [],
    timestamp_start: seconds(client.startedAt),
  };
}

/** Where a flow went, or was to go. */
export function serverConnection(flow: Flow, id: string): TnetDictionary {
  const { server } = flow;
  const { host, port } = server?.name ?? flow;
  return {
    ...connection(server, id),
    address: host === "" ? null : [host, port],
    ip_address: server === null ? null : socketAddress(server.remote),
    source_address: server === null || server.local === null ? null : socketAddress(server.local),
    timestamp_start: seconds(server?.startedAt ?? null),
    timestamp_tcp_setup: seconds(server?.connectedAt ?? null),
    via: null,
    via2: null,
  };
}

/** Milliseconds as seconds. */
export function seconds(milliseconds: number): TnetFloat;
export function seconds(milliseconds: number | null): TnetFloat | null;
export function seconds(milliseconds: number | null): TnetFloat | null {
  return milliseconds === null ? null : new TnetFloat(milliseconds / 1000);
}

/** What both have. */
function connection(record: ConnectionRecord | null, id: string): TnetDictionary {
  const tls = record?.tls ?? null;
  return {
    id,
    alpn: tls === null || tls.alpn === null ? null : new TnetBytes(tls.alpn),
    alpn_offers: (tls?.alpnOffers ?? []).map((protocol) => new TnetBytes(protocol)),
    // Of certificates the record has what they say, not what they are.
    certificate_list: [],
    cipher_list: [],
    cipher_name: tls === null || tls.cipher === "" ? null : tls.cipher,
    error: null,
    sni: tls?.serverName ?? null,
    state: record !== null && record.endedAt === null ? OPEN : CLOSED,
    timestamp_end: seconds(record?.endedAt ?? null),
    timestamp_tls_setup: seconds(record?.tlsAt ?? null),
    tls: tls !== null,
    tls_established: (record?.tlsAt ?? null) !== null,
    tls_version: tls !== null && TLS_VERSIONS.has(tls.version) ? tls.version : null,
  };
}

/** As sockets have them: IPv6 with flow and scope. */
function socketAddress({ host, port }: Endpoint): TnetValue {
  return host.includes(":") ? [host, port, 0, 0] : [host, port];
}
