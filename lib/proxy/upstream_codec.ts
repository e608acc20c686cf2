// The codec of a connection to an origin.

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
  if (protocol === "http1") return new Http1Client({ lenient: settings.lenient, hopByHop });
  const scheme = record.tls === null ? "http" : "https";
  return new Http2Client({ hopByHop, priority: settings.http2Priority, scheme, windowBudget });
}
