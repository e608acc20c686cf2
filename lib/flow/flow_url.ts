// Where a flow goes, as a URL or as host and port: byte-true, not yet safe to show.

import type { HttpFlow, TcpFlow } from "./record.ts";
import { formatAuthority, formatHostPort } from "../http/target.ts";

/** The target URI of a request (RFC 9110, 7.1): "https://example.com/path", the default port left out. */
export function flowUrl(flow: HttpFlow): string {
  const head = flow.request.head;
  // RFC 9110, 9.3.6: the target of CONNECT is host and port, not a URI.
  if (head.targetForm === "authority") return head.authority === "" ? head.target : head.authority;
  const authority = flow.host === "" ? head.authority : formatAuthority(flow.scheme, flow.host, flow.port);
  // RFC 9112, 3.3: with the asterisk form the target URI has neither path nor query.
  const path = head.targetForm === "asterisk" ? "" : head.path;
  return `${flow.scheme}://${authority}${path}`;
}

/** The far end of a conversation: "host:port", or the URL of the request that started it. */
export function flowTarget(flow: TcpFlow | HttpFlow): string {
  return flow.kind === "http" ? flowUrl(flow) : formatHostPort(flow.host, flow.port);
}
