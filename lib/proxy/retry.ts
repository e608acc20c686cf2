// When a request may be sent a second time: RFC 9110, 9.2.2 and RFC 9112, 9.3.1.

import type { HttpFlow } from "../flow/record.ts";

const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/** How a kept connection fails when the origin had closed it already: nothing of a response has come. */
const CLOSED_CODES = new Set(["no-response", "server-gone", "closed-connection"]);

/** Only on a reused connection, for a request that may be repeated and has no body that has gone by. */
export function canRetry(wasReused: boolean, code: string, flow: HttpFlow): boolean {
  return wasReused && CLOSED_CODES.has(code) && IDEMPOTENT.has(flow.request.head.method) &&
    flow.request.endedAt !== null && flow.request.body.length === 0;
}
