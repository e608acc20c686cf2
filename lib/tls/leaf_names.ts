// The names a leaf certificate is made for: hosts as clients, CONNECT requests and origins give them, in one spelling.
// Invariants: every name of the result can stand in a subjectAltName (RFC 5280, 4.2.1.6); none stands there twice;
// the result is never empty; no input makes it throw.

import { isIP } from "node:net";

export interface LeafName {
  kind: "dns" | "ip";
  /** DNS: lower case, no dot at the end. IP: without brackets and zone, IPv6 compressed as in RFC 5952. */
  value: string;
}

/**
 * How many names one leaf carries. The certificate goes out in every handshake, about 25 bytes a name; certificates
 * shared by many sites have 100 of them, few more. What matters (the host asked for) comes first and is never cut off.
 */
export const MAX_LEAF_NAMES = 100;

/** RFC 1035, 2.3.4, without the root's dot. */
const MAX_NAME_LENGTH = 253;

/**
 * What a leaf is made for when nothing that was asked for can stand in a certificate. RFC 6761, 6.4: never a real name.
 * The handshake then goes on, and the client decides what to make of it.
 */
const STAND_IN: LeafName = { kind: "dns", value: "unnamed.invalid" };

/** The host first, then the others in the order given. */
export function leafNames(host: string, extraNames: readonly string[]): LeafName[] {
  const names = new Map<string, LeafName>();
  for (const text of [host, ...extraNames]) {
    const name = readName(text);
    if (name !== null && !names.has(name.value)) names.set(name.value, name);
    if (names.size === MAX_LEAF_NAMES) break;
  }
  return names.size === 0 ? [STAND_IN] : [...names.values()];
}

function readName(text: string): LeafName | null {
  if (text.length > MAX_NAME_LENGTH + 2) return null;
  const address = readAddress(text);
  if (address !== null) return { kind: "ip", value: address };
  const name = text.toLowerCase().replace(/\.$/, "");
  if (name.length === 0 || name.length > MAX_NAME_LENGTH) return null;
  // RFC 6125, 6.4.3: a wildcard is the whole left-most label, and not the only one.
  // Underscores and hyphens at either end of a label are against RFC 1123, but in use.
  if (!/^(?:\*\.)?(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}$/.test(name)) return null;
  return { kind: "dns", value: name };
}

function readAddress(text: string): string | null {
  // A certificate has no place for an IPv6 zone: it means something on one machine only.
  const bare = text.replace(/^\[(.*)\]$/, "$1").replace(/^(.*:.*)%.*$/, "$1");
  const version = isIP(bare);
  if (version === 4) return bare;
  return version === 6 ? new URL(`http://[${bare}]/`).hostname.slice(1, -1) : null;
}
