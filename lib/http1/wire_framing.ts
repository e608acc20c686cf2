// How a body of any origin goes out over HTTP/1: what the head says is kept where the receiver understands it,
// and turned into what it does understand where not (RFC 9112, 6.1, 6.3 and 7; RFC 9110, 8.6).
// Invariant: the framing fields that go out are exactly those of the decision made here.

import type { HttpVersion, RequestHead, ResponseHead } from "../http/head.ts";
import { isBodiless } from "./framing.ts";

export type WireFraming =
  /** No body follows; Content-Length and Transfer-Encoding describe what is not sent, or are not there. */
  | { kind: "bodiless"; fields: "as-came" | "no-coding" | "zero-length-only" | "none" }
  /** A request without content, and without a field that says so. */
  | { kind: "none" }
  | { kind: "length"; length: number }
  | { kind: "chunked" }
  | { kind: "close" };

const CHUNKED: WireFraming = { kind: "chunked" };
const CLOSE: WireFraming = { kind: "close" };
const EMPTY: WireFraming = { kind: "length", length: 0 };
const NONE: WireFraming = { kind: "none" };
const TUNNEL_OPENED: WireFraming = { kind: "bodiless", fields: "none" };

/** Methods whose requests have a body as a rule: RFC 9110, 8.6 asks for "Content-Length: 0" where it is missing. */
const EXPECTING_CONTENT = new Set(["POST", "PUT", "PATCH"]);

/** `end`: nothing follows the head. */
export function requestWireFraming(head: RequestHead, end: boolean): WireFraming {
  switch (head.framing) {
    case "length":
      return { kind: "length", length: head.contentLength ?? 0 };
    case "chunked":
      return CHUNKED;
    case "stream":
    case "close":
      // A request cannot end with the connection: chunked, whatever its version.
      if (!end) return CHUNKED;
      return withoutContent(head);
    case "none":
      return withoutContent(head);
  }
}

/** `requestVersion` and `requestMethod` of what is answered; `version` is what the response head will say. */
export function responseWireFraming(
  head: ResponseHead,
  end: boolean,
  version: HttpVersion,
  requestVersion: HttpVersion,
  requestMethod: string,
): WireFraming {
  // RFC 9112, 7: chunked only to a recipient of HTTP/1.1, and only in an HTTP/1.1 message.
  const mayChunk = requestVersion !== "HTTP/1.0" && version !== "HTTP/1.0";
  if (isBodiless(head.status, requestMethod)) return bodiless(head.status, requestMethod, mayChunk);
  switch (head.framing) {
    case "length":
      return { kind: "length", length: head.contentLength ?? 0 };
    case "chunked":
      return mayChunk ? CHUNKED : CLOSE;
    case "stream":
      if (end) return EMPTY;
      return mayChunk ? CHUNKED : CLOSE;
    case "close":
      return CLOSE;
    case "none":
      // Without it the receiver would wait for the end of the connection.
      return EMPTY;
  }
}

function bodiless(status: number, requestMethod: string, mayChunk: boolean): WireFraming {
  // RFC 9110, 9.3.6
  if (requestMethod === "CONNECT" && status >= 200 && status < 300) return TUNNEL_OPENED;
  // RFC 9110, 8.6; RFC 9112, 6.1: neither field in 1xx and 204; a length of 0 is common and harms nobody.
  if (status < 200 || status === 204) return { kind: "bodiless", fields: "zero-length-only" };
  return { kind: "bodiless", fields: mayChunk ? "as-came" : "no-coding" };
}

function withoutContent(head: RequestHead): WireFraming {
  return head.version === "HTTP/2.0" && EXPECTING_CONTENT.has(head.method) ? EMPTY : NONE;
}
