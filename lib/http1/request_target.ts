// The four forms of a request target (RFC 9112, 3.2), told apart without changing a byte of them.

import { isTargetByte } from "../bytes/ascii.ts";
import type { TargetForm } from "../http/head.ts";
import { parseAuthority } from "../http/target.ts";

export interface RequestTarget {
  form: TargetForm;
  /** Lower case; "" but for absolute form. */
  scheme: string;
  /** "" but for absolute and authority form. */
  authority: string;
  /** "/" where an absolute target names no path ("*" for OPTIONS, RFC 9112, 3.2.4); "" for authority form. */
  path: string;
}

/** What is wrong with a target: its fault code and message. */
export interface BadTarget {
  code: "bad-target" | "userinfo-in-target";
  message: string;
  rule: string;
}

/** RFC 3986, 3.1: scheme. */
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;

export function parseTarget(method: string, target: string): RequestTarget | BadTarget {
  if (!isTargetText(target)) {
    return bad("The request target has a byte that may not stand in it", "RFC 9112, 3.2");
  }
  // RFC 9112, 3.2.3: authority form is for CONNECT, and CONNECT has no other.
  if (method === "CONNECT") {
    if (parseAuthority(target, null) === null) {
      return bad("The target of CONNECT is not host:port", "RFC 9112, 3.2.3");
    }
    return { form: "authority", scheme: "", authority: target, path: "" };
  }
  if (target.startsWith("/")) return { form: "origin", scheme: "", authority: "", path: target };
  if (target === "*") {
    // RFC 9112, 3.2.4
    if (method !== "OPTIONS") return bad("The target * is only for OPTIONS", "RFC 9112, 3.2.4");
    return { form: "asterisk", scheme: "", authority: "", path: "*" };
  }
  return parseAbsolute(method, target);
}

/** Whether every character may stand in a request target, and there is at least one. */
export function isTargetText(target: string): boolean {
  if (target.length === 0) return false;
  for (let index = 0; index < target.length; index++) {
    const code = target.charCodeAt(index);
    if (code > 0xff || !isTargetByte(code)) return false;
  }
  return true;
}

/** RFC 9112, 3.2.2; RFC 9110, 4.2. */
function parseAbsolute(method: string, target: string): RequestTarget | BadTarget {
  const match = SCHEME.exec(target);
  if (match === null) return bad("The request target has none of the four forms", "RFC 9112, 3.2");
  const afterScheme = match[0].length;
  let pathAt = afterScheme;
  while (pathAt < target.length && !"/?#".includes(target.charAt(pathAt))) pathAt++;
  const authority = target.slice(afterScheme, pathAt);
  if (authority.includes("@")) {
    // RFC 9110, 4.2.4: userinfo is how a link pretends to lead elsewhere.
    return {
      code: "userinfo-in-target",
      message: "The request target has userinfo",
      rule: "RFC 9110, 4.2.4",
    };
  }
  if (parseAuthority(authority, 80) === null) {
    return bad("The request target names no valid host", "RFC 9110, 4.2.1");
  }
  if (target.charAt(pathAt) === "#") {
    return bad("A fragment follows the host in the request target", "RFC 9112, 3.2.2");
  }
  let path = target.slice(pathAt);
  if (path === "") path = method === "OPTIONS" ? "*" : "/";
  else if (path.startsWith("?")) path = "/" + path;
  return { form: "absolute", scheme: (match[1] ?? "").toLowerCase(), authority, path };
}

function bad(message: string, rule: string): BadTarget {
  return { code: "bad-target", message, rule };
}
