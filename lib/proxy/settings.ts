// Everything the proxy can be told, as plain typed data; `cli` fills it from its options table.
// Sizes are bytes, times are milliseconds. A `Settings` object may change while the proxy runs: what is read per
// connection (host patterns, verification, timeouts) counts from the next connection on.

export type ModeSetting =
  | { kind: "regular" }
  | { kind: "reverse"; scheme: "http" | "https" | "tcp"; host: string; port: number };

/** `--resolve`: dial `address` (and `toPort`) where `host:port` is asked for. */
export interface ResolveRule {
  host: string;
  port: number;
  address: string;
  toPort: number;
}

export interface Settings {
  mode: ModeSetting;
  listenHost: string;
  listenPort: number;
  /** Patterns searched without case in "host", "host:port" and the SNI. */
  tcpHosts: RegExp[];
  ignoreHosts: RegExp[];
  /** When not empty, everything that does not match passes untouched. */
  allowHosts: RegExp[];
  /** Origins without TLS that are spoken to in HTTP/2 by prior knowledge (RFC 9113, 3.3). */
  h2cHosts: RegExp[];
  resolve: ResolveRule[];
  /** Hosts whose certificate is not verified; true: all. */
  insecure: true | RegExp[];
  /** PEM text added to the system's roots. */
  upstreamCa: string[];
  /** A PEM file with certificate and key, or a folder of HOST.pem; null for none. */
  clientCertificate: string | null;
  passthroughOnReject: boolean;
  lenient: boolean;
  /** False: HTTP/1 on both legs. */
  http2: boolean;
  /** Whether priorities (RFC 7540, 5.3; RFC 9218) go through to origins. */
  http2Priority: boolean;
  /** Reverse mode: Host goes through as the client sent it, instead of being the origin's name. */
  keepHostHeader: boolean;
  /** A body larger than this ends in 413 / 502; null: no limit. */
  bodySizeLimit: number | null;
  /** How much of each body (and TCP conversation) is kept. */
  captureLimit: number;
  /** How much memory the flow store may take. */
  flowBudget: number;
  /** How many flows the store keeps at most. */
  flowLimit: number;
  connectTimeout: number;
  tlsTimeout: number;
  /** From the first byte of a request head to its end. */
  headTimeout: number;
  /** A kept-alive connection without a request. */
  idleTimeout: number;
  /** An exchange or tunnel on which no byte moves. */
  stallTimeout: number;
  /** After how long a silence on an HTTP/2 connection to an origin it is sent a PING; 0: never. */
  http2PingKeepalive: number;
  /** How many client connections may be open at once. */
  connectionLimit: number;
}
