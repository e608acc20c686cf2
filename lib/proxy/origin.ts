// Where a request goes: the origin's scheme, name and port, and how the request must be changed to be sent there.

import { defaultPort, formatAuthority, parseAuthority } from "../http/target.ts";
import type { Fields } from "../http/fields.ts";
import type { RequestHead } from "../http/head.ts";
import type { Endpoint } from "../net/transport.ts";
import { withoutH2c } from "./h2c_upgrade.ts";

/** What is spoken on a connection. */
export type HttpProtocol = "http1" | "http2";

export interface Origin {
  scheme: "http" | "https";
  host: string;
  port: number;
}

/** How a client connection relates to origins. */
export type Routing =
  /** Each request names its own: the explicit proxy. */
  | { kind: "explicit" }
  /** All requests go to one: inside a tunnel. Heads go through as they came. */
  | { kind: "tunnel"; origin: Origin; serverName: string | null }
  /** All requests go to one, under its own name: reverse proxy. */
  | { kind: "reverse"; origin: Origin; keepHost: boolean };

/** Which origin a request is for; a string says for a person why there is none. */
export function originOf(routing: Routing, head: RequestHead): Origin | string {
  if (routing.kind !== "explicit") return routing.origin;
  const scheme = head.scheme === "" ? "http" : head.scheme;
  if (scheme !== "http" && scheme !== "https") {
    return `the scheme "${scheme}" cannot be proxied; http and https can`;
  }
  if (head.authority === "") {
    return "the request names no host: neither in its target nor in a Host field";
  }
  const target = parseAuthority(head.authority, defaultPort(scheme));
  if (target === null) return "the request names a host that is not a valid host and port";
  return { scheme, host: target.host, port: target.port };
}

/**
 * The head as it is forwarded; the same object when nothing changes. `head` stays as it came, for the record.
 * Only what the version or the routing demands is changed.
 */
export function forwardedHead(routing: Routing, origin: Origin, head: RequestHead): RequestHead {
  // RFC 9110, 7.8: HTTP/2 by Upgrade is between the client and us.
  return routedHead(routing, origin, withoutH2c(head));
}

function routedHead(routing: Routing, origin: Origin, seen: RequestHead): RequestHead {
  if (routing.kind === "reverse") {
    // An origin is asked for by its own name, as from a client that was given its address.
    if (routing.keepHost && seen.targetForm !== "absolute") return seen;
    const authority = routing.keepHost
      ? seen.authority
      : formatAuthority(origin.scheme, origin.host, origin.port);
    const fields = fieldsWithHost(seen, authority);
    return { ...seen, target: originForm(seen), targetForm: "origin", authority, fields };
  }
  if (seen.targetForm !== "absolute") return seen;
  // RFC 9112, 3.2.2: the target's authority counts; Host is replaced by it.
  const head = withHost(seen, seen.authority);
  if (routing.kind === "tunnel") return head;
  // RFC 9112, 3.2.1: to an origin, origin form.
  const target = originForm(seen);
  return { ...head, target, targetForm: target === "*" ? "asterisk" : "origin" };
}

/** "host:port" as an endpoint. */
export function endpointOf(origin: Origin): Endpoint {
  return { host: origin.host, port: origin.port };
}

/** The URL of a request, as a person would write it. */
export function urlOf(scheme: string, host: string, port: number, path: string): string {
  return `${scheme}://${formatAuthority(scheme, host, port)}${
    path.startsWith("/") ? path : path === "*" ? "" : `/${path}`
  }`;
}

function originForm(head: RequestHead): string {
  if (head.targetForm === "authority") return head.target;
  return head.path === "" ? "/" : head.path;
}

function withHost(head: RequestHead, authority: string): RequestHead {
  const fields = fieldsWithHost(head, authority);
  return fields === head.fields ? head : { ...head, fields };
}

/** The fields with that Host; the same object when nothing changes. */
function fieldsWithHost({ fields, version }: RequestHead, authority: string): Fields {
  const index = fields.indexOf("host");
  if (version === "HTTP/2.0" || (index >= 0 && fields.value(index) === authority)) return fields;
  // RFC 9112, 3.2: an HTTP/1.0 request may go without.
  if (index < 0 && version === "HTTP/1.0") return fields;
  const changed = fields.clone();
  if (index >= 0) changed.set("Host", authority);
  else changed.insert(0, "Host", authority);
  return changed;
}
