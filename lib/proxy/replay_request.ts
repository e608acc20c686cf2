// A request that is to be sent again: what can be, and its head made to fit what follows it.
// Invariant: what was recorded stays as it was: hooks edit the head of the new flow in place, so that is a copy.

import type { Fields } from "../http/fields.ts";
import type { RequestHead } from "../http/head.ts";
import { parseAuthority } from "../http/target.ts";
import { isWebSocketRequest } from "../http/websocket.ts";
import { isAddress } from "./dial_origin.ts";
import type { Routing } from "./origin.ts";
import type { Settings } from "./settings.ts";

export interface ReplayRequest {
  /** Where it is sent, whatever its head says. */
  scheme: "http" | "https";
  host: string;
  port: number;
  /** What TLS asks for (null: the host). Left out: the host, or where that is an address, the name in the head. */
  serverName?: string | null;
  /** As recorded, or edited. Its version is the one the origin is spoken to in, where the origin speaks both. */
  head: RequestHead;
  /** All of it. Not copied: it must not change before the flow has ended. */
  body: Uint8Array;
  trailers: Fields | null;
}

/** Why a request cannot be sent again, for a person; null: it can. */
export function whyNotReplayable({ host, port, head }: ReplayRequest): string | null {
  if (!isReachable(host, port)) return "the request names no host and port that it could be sent to";
  if (isWebSocketRequest(head)) return "a WebSocket cannot be replayed: nobody would be there to speak on it";
  if (head.method === "CONNECT") {
    return "CONNECT cannot be replayed: it asks for a tunnel, and nobody is there to use it";
  }
  return null;
}

/** Whether anything could listen there. */
export function isReachable(host: string, port: number): boolean {
  return host !== "" && Number.isInteger(port) && port > 0 && port <= 0xffff;
}

/** How the request relates to its origin: it must get there what the first one got. */
export function replayRouting(settings: Settings, request: ReplayRequest): Routing {
  const { scheme, host, port, head } = request;
  const origin = { scheme, host, port };
  if (settings.mode.kind === "reverse") return { kind: "reverse", origin, keepHost: settings.keepHostHeader };
  // It was said to a proxy (RFC 9112, 3.2.2): the origin gets its own form, without what was the proxy's.
  if (head.targetForm === "absolute") return { kind: "explicit" };
  return { kind: "tunnel", origin, serverName: serverNameOf(request) };
}

/**
 * A copy of the head that says how a body of `length` bytes and these trailers end. What already fits stays as it is spelled;
 * chunked stays chunked.
 */
export function fittingHead(head: RequestHead, length: number, trailers: Fields | null): RequestHead {
  const fields = head.fields.clone();
  const fit = (framing: RequestHead["framing"], contentLength: number | null = null): RequestHead => {
    return { ...head, fields, framing, contentLength };
  };
  if (head.version !== "HTTP/2.0" && (trailers !== null || fields.has("transfer-encoding"))) {
    beChunked(fields);
    return fit("chunked");
  }
  if (!fields.has("content-length")) {
    if (length === 0 && trailers === null) return fit("none");
    // RFC 9113, 8.1.1: a length need not be said.
    if (head.version === "HTTP/2.0") return fit("stream");
  }
  const [said, another] = fields.all("content-length");
  if (said === undefined || another !== undefined || !/^[0-9]+$/.test(said) || Number(said) !== length) {
    fields.set(head.version === "HTTP/2.0" ? "content-length" : "Content-Length", String(length));
  }
  return fit("length", length);
}

/** RFC 9112, 6.1 and 7.1.2: trailers stand behind chunks only, and no length beside them. */
function beChunked(fields: Fields): void {
  fields.delete("content-length");
  const codings = fields.tokens("transfer-encoding");
  if (codings.at(-1) !== "chunked") fields.set("Transfer-Encoding", [...codings, "chunked"].join(", "));
}

/** A client that was told the address by other means asks for the name all the same. */
function serverNameOf({ serverName, host, head }: ReplayRequest): string | null {
  if (serverName !== undefined) return serverName;
  const named = isAddress(host) ? parseAuthority(head.authority, 443) : null;
  return named === null || isAddress(named.host) ? null : named.host;
}
