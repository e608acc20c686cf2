// Heads and trailers to header blocks, made legal for HTTP/2 whatever version they came in (RFC 9113, 8.2, 8.3 and 8.5;
// RFC 8441, 4 and 5).
// Invariants: the head given is not changed; fields keep their order and bytes; everything is checked before the
// sink gets its first field, and what cannot be sent throws a TypeError: readers never make it.

import { isToken } from "../bytes/ascii.ts";
import type { FieldSink } from "../hpack/header_block.ts";
import type { Fields } from "../http/fields.ts";
import type { RequestHead, ResponseHead } from "../http/head.ts";
import { isWebSocketUpgrade } from "../http/websocket.ts";
import { isAuthority, isConnectAuthority, isPath, isProtocol, isScheme } from "./field_rules.ts";
import { type FieldTreatment, type LengthRule, OutgoingFields } from "./outgoing_fields.ts";

export interface RequestWriting {
  /** Hop-by-hop fields are ours (explicit proxy): proxy authentication is not passed on. */
  own: boolean;
  /** The server takes CONNECT with :protocol (RFC 8441, 3). */
  extendedConnect: boolean;
  /** Of the connection: for heads that do not say theirs. */
  scheme: "http" | "https";
}

export function writeRequestHead(head: RequestHead, options: RequestWriting, sink: FieldSink): void {
  const { fields } = head;
  const fromHttp1 = head.version !== "HTTP/2.0";
  const scheme = head.scheme === "" ? options.scheme : head.scheme;
  const upgrades = options.extendedConnect && isWebSocketUpgrade(head);
  const out = new OutgoingFields();
  const tunnels = head.method === "CONNECT" && head.protocol === null;
  const authority = tunnels && head.authority === "" ? head.target : head.authority;
  if (!isToken(head.method)) throw new TypeError("the method of a request to be sent is not a token");
  if (tunnels) pushTunnel(out, authority);
  else pushTarget(out, upgrades ? "CONNECT" : head.method, head, scheme);
  if (upgrades || (head.method === "CONNECT" && head.protocol !== null)) {
    pushProtocol(out, upgrades ? "websocket" : head.protocol ?? "", options.extendedConnect);
  }
  out.add(fields, {
    section: "request",
    fromHttp1,
    own: options.own,
    length: requestLength(head),
    authority,
    scheme: tunnels ? "" : scheme,
    chunked: head.framing === "chunked",
    upgrades,
  });
  out.emit(sink, fields.neverIndexed, fromHttp1);
}

/**
 * `requestMethod` is what is answered: with it no Content-Length goes out where none can be true. "": not known, the
 * head is taken at its word.
 */
export function writeResponseHead(
  head: ResponseHead,
  own: boolean,
  sink: FieldSink,
  requestMethod = "",
): void {
  const { status, fields } = head;
  if (!Number.isInteger(status) || status < 100 || status > 999) {
    throw new TypeError("the status of a response to be sent has not three digits");
  }
  // RFC 9113, 8.6
  if (status === 101) throw new TypeError("a response to be sent has status 101, which HTTP/2 does not have");
  const fromHttp1 = head.version !== "HTTP/2.0";
  const out = new OutgoingFields();
  out.pseudo(":status", String(status));
  out.add(fields, {
    section: "response",
    fromHttp1,
    own,
    length: responseLength(head, requestMethod),
    authority: "",
    scheme: "",
    chunked: head.framing === "chunked",
    upgrades: false,
  });
  out.emit(sink, fields.neverIndexed, fromHttp1);
}

/** What frames or routes a message is left out (RFC 9110, 6.5.1). */
export function writeTrailers(fields: Fields, own: boolean, sink: FieldSink): void {
  const out = new OutgoingFields();
  out.add(fields, own ? OWN_TRAILERS : TRAILERS);
  out.emit(sink, fields.neverIndexed, false);
}

const NO_LENGTH: LengthRule = { kind: "none" };
const ZERO_ONLY: LengthRule = { kind: "zero-only" };
const AS_CAME: LengthRule = { kind: "as-came" };

const TRAILERS: FieldTreatment = {
  section: "trailers",
  fromHttp1: false,
  own: false,
  length: NO_LENGTH,
  authority: "",
  scheme: "",
  chunked: false,
  upgrades: false,
};
const OWN_TRAILERS: FieldTreatment = { ...TRAILERS, own: true };

/** RFC 9113, 8.3.1. */
function pushTarget(out: OutgoingFields, method: string, head: RequestHead, scheme: string): void {
  const { authority } = head;
  // An absolute target is spelled out in scheme, authority and path; else the target is the path, as in HTTP/1.
  const path = head.targetForm === "absolute" ? head.path : head.target;
  if (!isPath(method, path)) {
    throw new TypeError("the path of a request to be sent does not begin with /, or has a forbidden byte");
  }
  if (!isScheme(scheme)) throw new TypeError("the scheme of a request to be sent is none");
  if (authority !== "" && !isAuthority(authority)) {
    throw new TypeError("the authority of a request to be sent is not a host with or without port");
  }
  out.pseudo(":method", method);
  // "": there is none, and then there must be no :authority.
  if (authority !== "") out.pseudo(":authority", authority);
  out.pseudo(":scheme", scheme);
  out.pseudo(":path", path);
}

/** RFC 9113, 8.5. */
function pushTunnel(out: OutgoingFields, authority: string): void {
  if (!isConnectAuthority(authority)) {
    throw new TypeError("the target of CONNECT to be sent is not host:port");
  }
  out.pseudo(":method", "CONNECT");
  out.pseudo(":authority", authority);
}

/** RFC 8441, 4. */
function pushProtocol(out: OutgoingFields, protocol: string, taken: boolean): void {
  if (!taken) throw new TypeError("CONNECT with :protocol to a server that takes none");
  if (!isProtocol(protocol)) throw new TypeError("the protocol of a request to be sent is none");
  out.pseudo(":protocol", protocol);
}

function requestLength(head: RequestHead): LengthRule {
  return head.framing === "length" ? { kind: "exactly", length: head.contentLength ?? 0 } : NO_LENGTH;
}

/** RFC 9110, 8.6. */
function responseLength({ status, framing, contentLength }: ResponseHead, requestMethod: string): LengthRule {
  if (status < 200 || (requestMethod === "CONNECT" && status < 300)) return NO_LENGTH;
  if (status === 204) return ZERO_ONLY;
  if (status === 304 || requestMethod === "HEAD") return AS_CAME;
  if (framing === "length") return { kind: "exactly", length: contentLength ?? 0 };
  if (framing !== "none") return NO_LENGTH;
  return requestMethod === "" ? AS_CAME : ZERO_ONLY;
}
