// Fields that concern one connection only, and what an explicit proxy says instead (RFC 9110, 7.6.1).
// Invariant: what frames, routes or tells how to read a message is never stripped, even if Connection names it:
// else a peer could make us change a message's meaning.

import { type Fields, sameName } from "./fields.ts";
import type { HttpVersion, RequestHead } from "./head.ts";

/** Stripped whether Connection names them or not, in lower case. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "proxy-connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
]);

/** RFC 9110, 7.6.1: fields for all recipients must not be named; naming these is of no effect. */
const NEVER_STRIPPED = new Set([
  "content-length",
  "transfer-encoding",
  "host",
  "te",
  "trailer",
  "upgrade",
  "content-type",
  "content-encoding",
  "content-range",
  "cache-control",
  "expect",
]);

/** Connection options that are not names of fields to strip. */
const OPTIONS = new Set(["close", "keep-alive"]);

/** The further field names to strip because Connection names them, in lower case; null for none. */
export function namedByConnection(fields: Fields, alsoKept: string | null): ReadonlySet<string> | null {
  if (!fields.has("connection")) return null;
  let named: Set<string> | null = null;
  for (const token of fields.tokens("connection")) {
    if (OPTIONS.has(token) || NEVER_STRIPPED.has(token) || token === alsoKept) continue;
    named ??= new Set();
    named.add(token);
  }
  return named;
}

/** Whether the sender of a message means the connection to go on after it (RFC 9112, 9.3). */
export function wantsPersistence(version: HttpVersion, fields: Fields): boolean {
  const index = fields.indexOf("connection");
  if (index < 0) return version !== "HTTP/1.0";
  // What nearly all messages say that say anything.
  if (sameName(fields.value(index), "keep-alive") && fields.indexOf("connection", index + 1) < 0) return true;
  const options = fields.tokens("connection");
  if (options.includes("close")) return false;
  return version !== "HTTP/1.0" || options.includes("keep-alive");
}

/** RFC 7540, 3.2.1: part of an h2c handshake, and named by its Connection. */
const H2C_SETTINGS = "http2-settings";

/** What an explicit proxy says in a request's Connection field, and the named field that goes with it. */
export function requestConnection(head: RequestHead): { options: string[]; alsoKept: string | null } {
  const options: string[] = [];
  let alsoKept: string | null = null;
  // RFC 9110, 10.1.4: whoever sends TE names it in Connection.
  if (head.fields.hasToken("te", "trailers")) options.push("TE");
  // RFC 9110, 7.8
  if (head.protocol !== null && head.method !== "CONNECT") {
    options.push("Upgrade");
    if (head.fields.hasToken("connection", H2C_SETTINGS)) {
      options.push("HTTP2-Settings");
      alsoKept = H2C_SETTINGS;
    }
  }
  return { options, alsoKept };
}
