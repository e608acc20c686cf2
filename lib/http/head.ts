// Request and response heads in a neutral form, shared by all versions: the reader reports what came,
// each writer makes any head legal for its own version (RFC 9110, 6.2; RFC 9112, 3; RFC 9113, 8.3).
// Invariant: `fields` holds the lines as they came (HTTP/1's Host among them; HTTP/2's pseudo-fields are
// only in the named properties). All strings are byte-true.

import type { Fields } from "./fields.ts";

export type HttpVersion = "HTTP/1.0" | "HTTP/1.1" | "HTTP/2.0";

/** RFC 9112, 3.2: how the request target was spelled. HTTP/2 requests are origin (or authority, asterisk) form. */
export type TargetForm = "origin" | "absolute" | "authority" | "asterisk";

/**
 * How the end of a body is known: `length` and `chunked` stand in the fields, `close` is the end of the
 * connection, `stream` is the end of an HTTP/2 stream (or a body a hook made, of unsaid length).
 */
export type Framing = "none" | "length" | "chunked" | "close" | "stream";

export interface RequestHead {
  kind: "request";
  version: HttpVersion;
  method: string;
  /** The request target exactly as sent, and as an HTTP/1 writer sends it. HTTP/2 readers put the path here. */
  target: string;
  targetForm: TargetForm;
  /** From an absolute target or `:scheme`, lower case; "" when the target does not say. */
  scheme: string;
  /** From the absolute target, the CONNECT target, `:authority`, else Host; "" when there is none. As sent. */
  authority: string;
  /** Path and query as sent; "*" for asterisk form; "" for CONNECT. */
  path: string;
  /** The protocol asked for by Upgrade (with `Connection: upgrade`) or `:protocol`, as sent; null without one. */
  protocol: string | null;
  framing: Framing;
  /** The Content-Length, when framing is "length". */
  contentLength: number | null;
  fields: Fields;
}

export interface ResponseHead {
  kind: "response";
  version: HttpVersion;
  status: number;
  /** As sent; "" when missing (and in HTTP/2). */
  reason: string;
  framing: Framing;
  contentLength: number | null;
  fields: Fields;
}

export type Head = RequestHead | ResponseHead;

/** RFC 9110, 15.2: an interim response; another one follows. 101 is final: it ends HTTP on the stream. */
export function isInterim(head: ResponseHead): boolean {
  return head.status >= 100 && head.status < 200 && head.status !== 101;
}
