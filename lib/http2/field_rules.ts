// Rules for what stands in pseudo-fields and in the fields that frame or route a message, shared by the readers and
// the writer (RFC 9113, 8.2 and 8.3; RFC 9110, 4.2, 7.2, 8.6).
// Invariant: nothing here throws.

import { defaultPort, parseAuthority } from "../http/target.ts";

/** RFC 9110, 8.6: 1*DIGIT, up to 2^53-1; null for anything else. */
export function parseContentLength(text: string): number | null {
  if (!/^[0-9]+$/.test(text)) return null;
  const length = Number(text);
  return Number.isSafeInteger(length) ? length : null;
}

/** RFC 3986, 3.1. */
export function isScheme(text: string): boolean {
  return text === "https" || text === "http" || /^[A-Za-z][A-Za-z0-9+.-]*$/.test(text);
}

/**
 * RFC 9113, 8.3.1: a path and query, or "*" for OPTIONS. For other schemes than http and https too: what begins
 * otherwise would be another form of target once it stands in an HTTP/1 request line.
 */
export function isPath(method: string, path: string): boolean {
  if (path.startsWith("/")) return TARGET.test(path);
  return path === "*" && method === "OPTIONS";
}

/** What may stand in an HTTP/1 request line: visible characters and bytes from 0x80 on; no blank, no control. */
const TARGET = /^[\x21-\x7e\x80-\xff]+$/;

/** RFC 8441, 4: the name of an upgrade token (RFC 9110, 7.8). */
export function isProtocol(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?$/.test(text);
}

/** RFC 9110, 4.2.1: a host that is not empty, and a port or none. */
export function isAuthority(text: string): boolean {
  return parseAuthority(text, 80) !== null;
}

/** RFC 9113, 8.5: host and port, both. */
export function isConnectAuthority(text: string): boolean {
  return parseAuthority(text, null) !== null;
}

/**
 * RFC 9113, 8.3.1: whether Host names the same entity as :authority, by scheme-based normalisation (RFC 3986, 6.2.3).
 * CONNECT has no scheme (""): a Host without port leaves the port to :authority.
 */
export function sameAuthority(authority: string, host: string, scheme: string): boolean {
  if (authority === host) return true;
  const one = parseAuthority(authority, scheme === "" ? null : defaultPort(scheme));
  if (one === null) return false;
  const other = parseAuthority(host, scheme === "" ? one.port : defaultPort(scheme));
  return other !== null && one.port === other.port && one.host.toLowerCase() === other.host.toLowerCase();
}
