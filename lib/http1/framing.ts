// Where a message's body ends: RFC 9112, 6.3, decided here and nowhere else, for requests and responses.
// Invariant: one message, one reading. Whatever another recipient could read differently is a fault, never a guess.

import { isToken } from "../bytes/ascii.ts";
import type { ProtocolFault, ProtocolNote } from "../http/fault.ts";
import { type Fields, sameName, trimBlanks } from "../http/fields.ts";
import type { Framing, Head, HttpVersion } from "../http/head.ts";
import { connectionFault, protocolNote } from "./faults.ts";

export interface FramingDecision {
  framing: Framing;
  /** The Content-Length, when framing is "length". */
  contentLength: number | null;
  note: ProtocolNote | null;
}

/** RFC 9112, 7: the registered transfer codings besides chunked; each passes through untouched. */
const CODINGS = new Set(["gzip", "x-gzip", "deflate", "compress", "x-compress"]);

const NO_BODY: FramingDecision = { framing: "none", contentLength: null, note: null };
const CHUNKED: FramingDecision = { framing: "chunked", contentLength: null, note: null };
const UNTIL_CLOSE: FramingDecision = { framing: "close", contentLength: null, note: null };

/** Decides from a head that came (its own `framing` is not looked at). `requestMethod` is what a response answers. */
export function decideFraming(head: Head, requestMethod: string): FramingDecision | ProtocolFault {
  if (head.kind === "request") return head.method === "CONNECT" ? ofConnect(head.fields) : fromFields(head);
  const { status } = head;
  // RFC 9112, 6.3, 1. and 2.: no body, whatever the fields say. The order matters: 1xx and 204 have rules of their own.
  if (status < 200 || status === 204) return ofBodilessStatus(status, head.fields);
  return isBodiless(status, requestMethod) ? NO_BODY : fromFields(head);
}

/** Whether a response has no body by its status or by what it answers, whatever its fields say (RFC 9112, 6.3). */
export function isBodiless(status: number, requestMethod: string): boolean {
  return status < 200 || status === 204 || status === 304 || requestMethod === "HEAD" ||
    (requestMethod === "CONNECT" && status < 300);
}

/** RFC 9110, 6.5.1: fields that frame or route a message, and so have no place behind it. */
export function isForbiddenTrailer(name: string): boolean {
  return sameName(name, "content-length") || sameName(name, "transfer-encoding") || sameName(name, "host");
}

function fromFields(head: Head): FramingDecision | ProtocolFault {
  const { fields } = head;
  const hasLength = fields.has("content-length");
  if (fields.has("transfer-encoding")) {
    if (hasLength) {
      // RFC 9112, 6.3, 3.: the classic of request smuggling; an intermediary may refuse it, and we do.
      const message = "Transfer-Encoding together with Content-Length";
      return fault(head.kind, "te-and-content-length", message, "RFC 9112, 6.3");
    }
    return fromTransferEncoding(head.kind, head.version, fields);
  }
  if (hasLength) return fromContentLength(head.kind, fields);
  // RFC 9112, 6.3, 7. and 8.
  return head.kind === "request" ? NO_BODY : UNTIL_CLOSE;
}

function fromTransferEncoding(
  kind: Head["kind"],
  version: HttpVersion,
  fields: Fields,
): FramingDecision | ProtocolFault {
  // RFC 9112, 6.1: a 1.0 implementation may have passed it on without understanding it.
  if (version === "HTTP/1.0") {
    return fault(kind, "te-in-http-1.0", "Transfer-Encoding in an HTTP/1.0 message", "RFC 9112, 6.1");
  }
  const lines = fields.all("transfer-encoding");
  if (lines.length > 1) {
    return fault(kind, "repeated-transfer-encoding", "Several Transfer-Encoding lines", "RFC 9112, 6.3");
  }
  const codings = (lines[0] ?? "").split(",").map((coding) => trimBlanks(coding).toLowerCase());
  if (!codings.every(isToken)) {
    return fault(
      kind,
      "bad-transfer-encoding",
      "Transfer-Encoding is not a list of codings",
      "RFC 9112, 6.1",
    );
  }
  const unknown = codings.find((coding) => coding !== "chunked" && !CODINGS.has(coding));
  if (unknown !== undefined) {
    const message = `The transfer coding ${unknown} is not known`;
    return fault(kind, "unknown-transfer-coding", message, "RFC 9112, 6.1", 501);
  }
  const first = codings.indexOf("chunked");
  if (first >= 0 && first !== codings.lastIndexOf("chunked")) {
    return fault(kind, "chunked-twice", "The chunked coding is applied twice", "RFC 9112, 6.1");
  }
  // RFC 9112, 6.3, 4.: in a response it would mean "until the close", which others read differently.
  if (first !== codings.length - 1) {
    return fault(kind, "chunked-not-last", "The last transfer coding is not chunked", "RFC 9112, 6.3");
  }
  return CHUNKED;
}

function fromContentLength(kind: Head["kind"], fields: Fields): FramingDecision | ProtocolFault {
  const lines = fields.all("content-length");
  // RFC 9112, 6.3, 5. would let equal ones pass; recipients differ on that, so we do not.
  if (lines.length > 1) {
    return fault(kind, "repeated-content-length", "Several Content-Length lines", "RFC 9112, 6.3");
  }
  const length = parseContentLength(lines[0] ?? "");
  if (length === null) {
    return fault(kind, "bad-content-length", "Content-Length is not a number of bytes", "RFC 9112, 6.3");
  }
  return { framing: "length", contentLength: length, note: null };
}

/** RFC 9110, 8.6: 1*DIGIT, up to 2^53-1; null for anything else. */
function parseContentLength(text: string): number | null {
  if (!/^[0-9]+$/.test(text)) return null;
  const length = Number(text);
  return Number.isSafeInteger(length) ? length : null;
}

/** RFC 9110, 9.3.6: CONNECT has no content; a length other than 0 would hide bytes of the tunnel. */
function ofConnect(fields: Fields): FramingDecision | ProtocolFault {
  const lengths = fields.all("content-length");
  if (fields.has("transfer-encoding") || lengths.length > 1 || (lengths.length === 1 && lengths[0] !== "0")) {
    return fault("request", "body-in-connect", "CONNECT with a body", "RFC 9110, 9.3.6");
  }
  return NO_BODY;
}

function ofBodilessStatus(status: number, fields: Fields): FramingDecision | ProtocolFault {
  // RFC 9112, 6.1: must not be sent there; whoever sends it may send chunks too.
  if (fields.has("transfer-encoding")) {
    const message = `Transfer-Encoding in a ${status} response`;
    return fault("response", "te-without-body", message, "RFC 9112, 6.1");
  }
  if (!fields.has("content-length")) return NO_BODY;
  const message = `Content-Length in a ${status} response`;
  return {
    ...NO_BODY,
    note: protocolNote("server", "content-length-without-body", message, "RFC 9110, 8.6"),
  };
}

function fault(
  kind: Head["kind"],
  code: string,
  message: string,
  rule: string,
  status = 400,
): ProtocolFault {
  return connectionFault(kind === "request" ? "client" : "server", code, message, rule, status);
}
