// When a request may be sent a second time: RFC 9110, 9.2.2; RFC 9112, 9.3.1; RFC 9113, 8.7.

import type { HttpFlow } from "../flow/record.ts";
import type { RequestHead } from "../http/head.ts";
import { isWebSocketConnect } from "../http/websocket.ts";

const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/** How a kept connection fails when the origin had closed it already: nothing of a response has come. */
const CLOSED_CODES = new Set(["no-response", "server-gone", "closed-connection"]);

/** RFC 9113, 8.7: by RST_STREAM, or above the last stream of a GOAWAY. */
const REFUSED = "REFUSED_STREAM";

export interface Repetition {
  /** Not on a connection that is open already. */
  fresh: boolean;
  /** For the flow's notes. */
  why: string;
}

/** How a request that failed with `code` may be repeated; null: not at all. */
export function repetition(wasKept: boolean, code: string, flow: HttpFlow): Repetition | null {
  // Whatever came of an answer: somebody has acted on the request.
  if (flow.response !== null || flow.interim.length > 0) return null;
  // Nobody has acted on it, whatever its method. What has come of its body must be here to be sent again.
  if (code === REFUSED) {
    return flow.request.body.truncated ? null : { fresh: false, why: "the server refused the stream" };
  }
  return isFailedReuse(wasKept, code, flow)
    ? { fresh: true, why: "the server closed the kept connection" }
    : null;
}

/** Only on a kept connection, for a request that may be repeated and has no body that has gone by. */
function isFailedReuse(wasKept: boolean, code: string, flow: HttpFlow): boolean {
  return wasKept && CLOSED_CODES.has(code) && isIdempotent(flow.request.head) &&
    flow.request.endedAt !== null && flow.request.body.length === 0;
}

function isIdempotent(head: RequestHead): boolean {
  // RFC 6455, 4.1: the handshake of a WebSocket is a GET, whatever HTTP/2 calls it.
  return IDEMPOTENT.has(head.method) || isWebSocketConnect(head);
}
