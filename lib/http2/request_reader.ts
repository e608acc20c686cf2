// Request heads from decoded header blocks: RFC 9113, 8.3.1 and 8.5, RFC 8441, 4. Strict: whatever an HTTP/1 server
// behind us could read differently is malformed.
// Invariants: pure, never throws; what comes through can be written as HTTP/1 and as HTTP/2.

import { isToken } from "../bytes/ascii.ts";
import type { HeaderBlock } from "../hpack/header_block.ts";
import type { Framing, RequestHead } from "../http/head.ts";
import {
  isAuthority,
  isConnectAuthority,
  isPath,
  isProtocol,
  isScheme,
  parseContentLength,
  sameAuthority,
} from "./field_rules.ts";
import { readFieldSection } from "./field_section.ts";
import { type HeadFault, malformed } from "./head_fault.ts";

/**
 * The head of a client's request, or of one a server promises. `end`: END_STREAM came with it. `extendedConnect`: the
 * client was offered CONNECT with :protocol. Takes ownership of the block.
 */
export function readRequestHead(
  block: HeaderBlock,
  end: boolean,
  extendedConnect: boolean,
): RequestHead | HeadFault {
  const pseudo = readPseudoFields(block.list);
  if ("kind" in pseudo) return pseudo;
  const { method, protocol } = pseudo;
  const fault = checkPseudoFields(pseudo, extendedConnect);
  if (fault !== null) return fault;
  const section = readFieldSection(block, pseudo.end, "request", null);
  if ("kind" in section) return section;
  const tunnels = method === "CONNECT" && protocol === null;
  const authority = decideAuthority(pseudo.authority, section.host, pseudo.scheme);
  if (typeof authority !== "string") return authority;
  const framing = decideFraming(method, end, section.contentLength);
  if ("kind" in framing) return framing;
  return {
    kind: "request",
    version: "HTTP/2.0",
    method,
    target: tunnels ? authority : pseudo.path,
    targetForm: tunnels ? "authority" : pseudo.path === "*" ? "asterisk" : "origin",
    scheme: pseudo.scheme.toLowerCase(),
    authority,
    path: pseudo.path,
    protocol,
    framing: framing.framing,
    contentLength: framing.contentLength,
    fields: section.fields,
  };
}

interface RequestPseudoFields {
  method: string;
  /** These are "" when they did not come, or came empty: where they must stand, both are malformed. */
  scheme: string;
  path: string;
  /** Null when it did not come. */
  authority: string | null;
  protocol: string | null;
  hasScheme: boolean;
  hasPath: boolean;
  /** Where in the list the regular fields begin. */
  end: number;
}

/** RFC 9113, 8.3: before all regular fields, none twice, none that is not known. */
function readPseudoFields(list: readonly string[]): RequestPseudoFields | HeadFault {
  let method: string | null = null;
  let scheme: string | null = null;
  let path: string | null = null;
  let authority: string | null = null;
  let protocol: string | null = null;
  let end = 0;
  for (; end < list.length && (list[end] ?? "").startsWith(":"); end += 2) {
    const name = list[end] ?? "";
    const value = list[end + 1] ?? "";
    let before: string | null;
    switch (name) {
      case ":method":
        before = method;
        method = value;
        break;
      case ":scheme":
        before = scheme;
        scheme = value;
        break;
      case ":path":
        before = path;
        path = value;
        break;
      case ":authority":
        before = authority;
        authority = value;
        break;
      case ":protocol":
        before = protocol;
        protocol = value;
        break;
      default:
        return malformed("A pseudo-field that is not defined for requests", "RFC 9113, 8.3");
    }
    if (before !== null) return malformed(`Several ${name} pseudo-fields`, "RFC 9113, 8.3");
  }
  if (method === null) return malformed("A request without :method", "RFC 9113, 8.3.1");
  return {
    method,
    scheme: scheme ?? "",
    path: path ?? "",
    authority,
    protocol,
    hasScheme: scheme !== null,
    hasPath: path !== null,
    end,
  };
}

function checkPseudoFields(pseudo: RequestPseudoFields, extendedConnect: boolean): HeadFault | null {
  const { method, scheme, path, authority, protocol } = pseudo;
  if (!isToken(method)) return malformed("The method is not a token", "RFC 9110, 9.1");
  if (protocol !== null) {
    const fault = checkExtendedConnect(method, authority, protocol, extendedConnect);
    if (fault !== null) return fault;
  } else if (method === "CONNECT") return checkConnect(pseudo);

  if (!pseudo.hasScheme) return malformed("A request without :scheme", "RFC 9113, 8.3.1");
  if (!pseudo.hasPath) return malformed("A request without :path", "RFC 9113, 8.3.1");
  if (!isScheme(scheme)) return malformed(":scheme is not a scheme", "RFC 9113, 8.3.1");
  if (path === "") return malformed(":path is empty", "RFC 9113, 8.3.1");
  if (!isPath(method, path)) {
    return malformed(":path is neither a path nor, for OPTIONS, *", "RFC 9113, 8.3.1");
  }
  if (authority !== null && !isAuthority(authority)) {
    // RFC 9110, 4.2.4: userinfo is how a link pretends to lead elsewhere.
    const what = authority.includes("@") ? "has userinfo" : "is not a host with or without port";
    return malformed(`:authority ${what}`, "RFC 9113, 8.3.1");
  }
  return null;
}

/** RFC 9113, 8.5: only :method and :authority. */
function checkConnect({ authority, hasScheme, hasPath }: RequestPseudoFields): HeadFault | null {
  if (hasScheme || hasPath) return malformed("CONNECT with :scheme or :path", "RFC 9113, 8.5");
  if (authority === null) return malformed("CONNECT without :authority", "RFC 9113, 8.5");
  if (isConnectAuthority(authority)) return null;
  return malformed("The :authority of CONNECT is not host:port", "RFC 9113, 8.5");
}

function checkExtendedConnect(
  method: string,
  authority: string | null,
  protocol: string,
  offered: boolean,
): HeadFault | null {
  // RFC 8441, 3: not before the setting that allows it has been sent.
  if (!offered) return malformed(":protocol without having been offered", "RFC 8441, 3");
  if (method !== "CONNECT") return malformed(":protocol in a request that is not CONNECT", "RFC 8441, 4");
  if (!isProtocol(protocol)) return malformed(":protocol names no protocol", "RFC 8441, 4");
  if (authority === null) return malformed("CONNECT with :protocol without :authority", "RFC 8441, 4");
  return null;
}

/** RFC 9113, 8.3.1: :authority, else Host; a Host that says something else is malformed. "": there is neither. */
function decideAuthority(
  authority: string | null,
  host: string | null,
  scheme: string,
): string | HeadFault {
  if (authority === null) {
    if (host === null || host === "" || isAuthority(host)) return host ?? "";
    return malformed("host is not a valid authority", "RFC 9110, 7.2");
  }
  if (host === null) return authority;
  if (sameAuthority(authority, host, scheme)) return authority;
  return malformed("host differs from :authority", "RFC 9113, 8.3.1");
}

interface FramingDecision {
  framing: Framing;
  contentLength: number | null;
}

const NO_BODY: FramingDecision = { framing: "none", contentLength: null };
const STREAM: FramingDecision = { framing: "stream", contentLength: null };

function decideFraming(method: string, end: boolean, lengths: string | null): FramingDecision | HeadFault {
  if (lengths === null) return end || method === "CONNECT" ? NO_BODY : STREAM;
  const length = parseContentLength(lengths);
  // RFC 9110, 8.6: equal ones in a row may pass; recipients differ on that, so we do not let them.
  if (length === null) return malformed("content-length is not one number of bytes", "RFC 9110, 8.6");
  if (method === "CONNECT") {
    return length === 0 ? NO_BODY : malformed("CONNECT with a content-length", "RFC 9110, 9.3.6");
  }
  if (end && length !== 0) {
    return malformed(`content-length announces ${length} bytes and none follow`, "RFC 9113, 8.1.1");
  }
  return { framing: "length", contentLength: length };
}
