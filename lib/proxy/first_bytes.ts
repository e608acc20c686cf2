// What a connection is, from its first bytes (design: deciding). Pure: looks at bytes, says what they are or that
// more are needed.

import { latin1Decode } from "../bytes/latin1.ts";
import { looksLikeTls } from "../tls/client_hello.ts";

export type FirstBytes = "tls" | "http1" | "http2" | "socks5" | "raw" | "unsure";

/** A first line longer than this is judged by its beginning alone. */
export const SNIFF_SIZE = 8 * 1024;

/** RFC 9113, 3.4. */
const HTTP2_PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** Methods common enough to be known before the line is complete. Any other token needs its "HTTP/x.y" to be seen. */
const COMMON_METHOD =
  /^(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|CONNECT|TRACE|PROPFIND) (\/|\*|https?:|[\w.-]+:\d)/;
const REQUEST_LINE = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [^\r\n]* HTTP\/\d+\.\d+\r?$/;
const TOKEN_START = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+( |$)/;

/** What speaks inside a tunnel or on a reverse port. */
export function sniffTunnel(bytes: Uint8Array): FirstBytes {
  if (bytes.length === 0) return "unsure";
  const tls = looksLikeTls(bytes);
  if (tls === "yes") return "tls";
  if (tls === "unsure") return "unsure";
  const text = latin1Decode(bytes, 0, Math.min(bytes.length, SNIFF_SIZE));
  if (text.startsWith(HTTP2_PREFACE)) return "http2";
  if (HTTP2_PREFACE.startsWith(text)) return "unsure";
  // RFC 9112, 2.2: empty lines before a request are skipped.
  const line = text.replace(/^(\r?\n){1,16}/, "");
  if (line === "" || line === "\r") return "unsure";
  if (COMMON_METHOD.test(line)) return "http1";
  if (!TOKEN_START.test(line)) return "raw";
  const end = line.indexOf("\n");
  if (end >= 0) return REQUEST_LINE.test(line.slice(0, end)) ? "http1" : "raw";
  return bytes.length >= SNIFF_SIZE ? "raw" : "unsure";
}

/** The most settings a server is believed to begin with: there are fewer than ten. */
const SETTINGS_SIZE = 64 * 6;

/**
 * Whether a server that speaks first may speak HTTP/2: RFC 9113, 3.4: its SETTINGS need not wait for the client. Then the
 * client's bytes decide.
 */
export function mayBeHttp2Server(bytes: Uint8Array): boolean {
  // RFC 9113, 4.1 and 6.5: the length, in whole settings; SETTINGS, not an acknowledgement, on stream 0.
  const length = ((bytes[1] ?? 0) << 8) | (bytes[2] ?? 0);
  if (bytes.length >= 3 && (length % 6 !== 0 || length > SETTINGS_SIZE)) return false;
  return HTTP2_SETTINGS.every((byte, index) =>
    byte === null || index >= bytes.length || bytes[index] === byte
  );
}

/** The head of that frame, but for its length. */
const HTTP2_SETTINGS: readonly (number | null)[] = [0, null, null, 4, 0, 0, 0, 0, 0];

/** With `--tcp` only TLS is told from the rest: nothing else is waited for. */
export function sniffRaw(bytes: Uint8Array): FirstBytes {
  if (bytes.length === 0) return "unsure";
  const tls = looksLikeTls(bytes);
  return tls === "yes" ? "tls" : tls === "no" ? "raw" : "unsure";
}

/** What speaks to the proxy's own port in regular mode: everything that is nothing else gets HTTP/1's answer. */
export function sniffProxyPort(bytes: Uint8Array): FirstBytes {
  if (bytes.length === 0) return "unsure";
  // RFC 1928, 3: version 5.
  if (bytes[0] === 5) return "socks5";
  const tls = looksLikeTls(bytes);
  if (tls === "yes") return "tls";
  if (tls === "unsure") return "unsure";
  const text = latin1Decode(bytes, 0, Math.min(bytes.length, HTTP2_PREFACE.length));
  if (text.startsWith(HTTP2_PREFACE)) return "http2";
  if (text.length >= 3 && HTTP2_PREFACE.startsWith(text)) return "unsure";
  return "http1";
}
