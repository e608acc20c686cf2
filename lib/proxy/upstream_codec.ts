// The codec of a connection to an origin.

import { randomBytes } from "node:crypto";
import type { ConnectionRecord } from "../flow/record.ts";
import type { HttpConnection } from "../http/connection.ts";
import { Http1Client } from "../http1/client.ts";
import { Http2Client } from "../http2/client.ts";
import type { HttpProtocol, Routing } from "./origin.ts";
import type { Settings } from "./settings.ts";
import { windowBudget } from "./window_budget.ts";

export function upstreamCodec(
  settings: Settings,
  routing: Routing,
  protocol: HttpProtocol,
  record: ConnectionRecord,
): HttpConnection {
  const hopByHop = routing.kind === "explicit" ? "own" : "keep";
  if (protocol === "http1") return new Http1Client({ lenient: settings.lenient, hopByHop, webSocketKey });
  const scheme = record.tls === null ? "http" : "https";
  return new Http2Client({ hopByHop, priority: settings.http2Priority, scheme, windowBudget });
}

/** RFC 6455, 4.1 */
function webSocketKey(): string {
  return randomBytes(16).toString("base64");
}
