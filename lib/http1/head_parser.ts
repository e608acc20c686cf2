// Request and response heads from a scanned section (RFC 9112, 3, 4 and 5). The section is decoded once, to a
// byte-true string, and sliced.
// Invariants: fields keep order, case, duplicates and bytes; nothing is changed but the blanks round values and,
// where the scanner let them pass, folds (each becomes one space).

import { COLON, HTAB, isToken, isTokenByte, SPACE } from "../bytes/ascii.ts";
import type { Peer, ProtocolFault } from "../http/fault.ts";
import { Fields } from "../http/fields.ts";
import { intern } from "../http/intern.ts";
import type { HttpVersion, RequestHead, ResponseHead } from "../http/head.ts";
import { parseAuthority } from "../http/target.ts";
import { connectionFault } from "./faults.ts";
import { parseTarget } from "./request_target.ts";

/** Fields that say where a message ends or goes: never put together from a folded line. */
const NEVER_FOLDED = new Set(["content-length", "transfer-encoding", "host"]);

/** A request head with `framing` still "none". `lines` are offsets into `text`: start, end, start, end, … */
export function parseRequestHead(text: string, lines: readonly number[]): RequestHead | ProtocolFault {
  const lineStart = lines[0] ?? 0;
  const lineEnd = lines[1] ?? 0;
  // RFC 9112, 3: method SP request-target SP HTTP-version, with exactly one SP each.
  const methodEnd = text.indexOf(" ", lineStart);
  const targetEnd = methodEnd < 0 ? -1 : text.indexOf(" ", methodEnd + 1);
  if (methodEnd <= lineStart || targetEnd <= methodEnd + 1 || targetEnd >= lineEnd) return badRequestLine();
  const method = intern(text.slice(lineStart, methodEnd));
  if (!isToken(method)) {
    return connectionFault("client", "bad-method", "The method is not a token", "RFC 9110, 9.1");
  }
  const versionText = text.slice(targetEnd + 1, lineEnd);
  if (versionText.includes(" ")) return badRequestLine();
  const version = parseVersion(versionText, "client");
  if (typeof version !== "string") return version;
  const target = intern(text.slice(methodEnd + 1, targetEnd));
  const parsed = parseTarget(method, target);
  if ("code" in parsed) return connectionFault("client", parsed.code, parsed.message, parsed.rule);

  const fields = parseFieldLines(text, lines, 2, "client");
  if (!(fields instanceof Fields)) return fields;
  const hostFault = checkHost(version, fields);
  if (hostFault !== null) return hostFault;
  return {
    kind: "request",
    version,
    method,
    target,
    targetForm: parsed.form,
    scheme: parsed.scheme,
    // RFC 9112, 3.2.2: what the target names counts, not Host.
    authority: parsed.authority !== "" ? parsed.authority : fields.get("host") ?? "",
    path: parsed.path === target ? target : parsed.path,
    protocol: upgradeProtocol(version, method, fields),
    framing: "none",
    contentLength: null,
    fields,
  };
}

/** A response head with `framing` still "none". */
export function parseResponseHead(text: string, lines: readonly number[]): ResponseHead | ProtocolFault {
  const lineStart = lines[0] ?? 0;
  const lineEnd = lines[1] ?? 0;
  // RFC 9112, 4: HTTP-version SP status-code SP [ reason-phrase ]; the last SP is forgiven when nothing follows.
  const versionEnd = text.indexOf(" ", lineStart);
  if (versionEnd < 0 || versionEnd >= lineEnd) return badStatusLine();
  const version = parseVersion(text.slice(lineStart, versionEnd), "server");
  if (typeof version !== "string") return version;
  const statusEnd = versionEnd + 4;
  const statusText = text.slice(versionEnd + 1, statusEnd);
  if (statusEnd > lineEnd || !/^[1-9][0-9][0-9]$/.test(statusText)) return badStatusLine();
  if (statusEnd < lineEnd && text.charCodeAt(statusEnd) !== SPACE) return badStatusLine();

  const fields = parseFieldLines(text, lines, 2, "server");
  if (!(fields instanceof Fields)) return fields;
  return {
    kind: "response",
    version,
    status: Number(statusText),
    reason: intern(text.slice(statusEnd + 1, Math.max(statusEnd + 1, lineEnd))),
    framing: "none",
    contentLength: null,
    fields,
  };
}

/** The field lines from `lines[from]` on (RFC 9112, 5). */
export function parseFieldLines(
  text: string,
  lines: readonly number[],
  from: number,
  peer: Peer,
): Fields | ProtocolFault {
  const list: string[] = [];
  for (let line = from; line < lines.length; line += 2) {
    const start = lines[line] ?? 0;
    let end = lines[line + 1] ?? 0;
    let nameEnd = start;
    while (nameEnd < end && isTokenByte(text.charCodeAt(nameEnd))) nameEnd++;
    if (nameEnd === end || nameEnd === start || text.charCodeAt(nameEnd) !== COLON) {
      if (list.length > 0 && isBlank(text.charCodeAt(start))) {
        const fault = unfold(list, text.slice(start, end), peer);
        if (fault !== null) return fault;
        continue;
      }
      return badName(text, start, nameEnd, end, peer);
    }
    let valueStart = nameEnd + 1;
    while (valueStart < end && isBlank(text.charCodeAt(valueStart))) valueStart++;
    while (end > valueStart && isBlank(text.charCodeAt(end - 1))) end--;
    list.push(intern(text.slice(start, nameEnd)), intern(text.slice(valueStart, end)));
  }
  // A copy has no spare room: heads are kept by the ten thousand.
  return new Fields(list.slice());
}

/** RFC 9112, 5.2: the fold becomes one space. `list` ends with the line it belongs to. */
function unfold(list: string[], continuation: string, peer: Peer): ProtocolFault | null {
  const name = list[list.length - 2] ?? "";
  if (NEVER_FOLDED.has(name.toLowerCase())) {
    return connectionFault(peer, "obs-fold", `The field ${name} is folded`, "RFC 9112, 5.2");
  }
  const more = continuation.replace(/^[ \t]+|[ \t]+$/g, "");
  const value = list[list.length - 1] ?? "";
  if (more !== "") list[list.length - 1] = value === "" ? more : `${value} ${more}`;
  return null;
}

function badName(text: string, start: number, nameEnd: number, end: number, peer: Peer): ProtocolFault {
  const colon = text.indexOf(":", start);
  if (colon < 0 || colon >= end) {
    return connectionFault(peer, "missing-colon", "A field line without colon", "RFC 9112, 5");
  }
  if (colon === start) {
    return connectionFault(peer, "empty-field-name", "A field without name", "RFC 9110, 5.1");
  }
  // RFC 9112, 5.1: a blank before the colon has been used for smuggling.
  if (nameEnd > start && /^[ \t]+$/.test(text.slice(nameEnd, colon))) {
    return connectionFault(
      peer,
      "blank-before-colon",
      "A blank between field name and colon",
      "RFC 9112, 5.1",
    );
  }
  return connectionFault(peer, "bad-field-name", "A field name is not a token", "RFC 9110, 5.1");
}

function parseVersion(text: string, peer: Peer): HttpVersion | ProtocolFault {
  if (text === "HTTP/1.1") return "HTTP/1.1";
  if (text === "HTTP/1.0") return "HTTP/1.0";
  // RFC 9110, 15.6.6
  if (/^HTTP\/[0-9]\.[0-9]$/.test(text)) {
    return connectionFault(
      peer,
      "unsupported-version",
      `The version ${text} is not 1.0 or 1.1`,
      "RFC 9112, 2.3",
      505,
    );
  }
  return connectionFault(peer, "bad-version", "There is no HTTP version where one must be", "RFC 9112, 2.3");
}

/** RFC 9112, 3.2: exactly one Host in HTTP/1.1, never several, and a valid one. */
function checkHost(version: HttpVersion, fields: Fields): ProtocolFault | null {
  const index = fields.indexOf("host");
  if (index < 0) {
    if (version === "HTTP/1.0") return null;
    return connectionFault("client", "missing-host", "An HTTP/1.1 request without Host", "RFC 9112, 3.2");
  }
  if (fields.indexOf("host", index + 1) >= 0) {
    return connectionFault("client", "repeated-host", "Several Host lines", "RFC 9112, 3.2");
  }
  const value = fields.value(index);
  if (value !== "" && parseAuthority(value, 80) === null) {
    return connectionFault("client", "bad-host", "Host is not a valid authority", "RFC 9112, 3.2");
  }
  return null;
}

/** RFC 9110, 7.8: what is asked for by Upgrade; not in HTTP/1.0, and only where Connection names it. */
function upgradeProtocol(version: HttpVersion, method: string, fields: Fields): string | null {
  if (version === "HTTP/1.0" || method === "CONNECT" || !fields.has("upgrade")) return null;
  if (!fields.hasToken("connection", "upgrade")) return null;
  const protocol = fields.all("upgrade").join(", ");
  return protocol === "" ? null : protocol;
}

function badRequestLine(): ProtocolFault {
  const message = "The request line is not method, target and version with one space between them";
  return connectionFault("client", "bad-request-line", message, "RFC 9112, 3");
}

function badStatusLine(): ProtocolFault {
  const message = "The status line is not version, status and reason with one space between them";
  return connectionFault("server", "bad-status-line", message, "RFC 9112, 4");
}

function isBlank(code: number): boolean {
  return code === SPACE || code === HTAB;
}
