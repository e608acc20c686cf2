// Heads and trailers as text, made legal for HTTP/1 whatever version they came in (RFC 9112, 2.1, 3, 4, 5).
// Invariants: the head given is not changed; fields keep their order, spelling and bytes; a head that would be
// read as something else (a line break in a value, a name that is no token) throws: readers never make one.

import { isToken } from "../bytes/ascii.ts";
import type { Fields } from "../http/fields.ts";
import type { HttpVersion, RequestHead, ResponseHead } from "../http/head.ts";
import { isForbiddenTrailer } from "./framing.ts";
import { HOP_BY_HOP, namedByConnection, requestConnection } from "../http/hop_by_hop.ts";
import { reasonPhrase } from "../http/reason_phrases.ts";
import { isTargetText } from "./request_target.ts";
import type { WireFraming } from "./wire_framing.ts";

/** `own`: hop-by-hop fields are ours (explicit proxy); else they go out as they came. */
export function requestHeadText(head: RequestHead, own: boolean, wire: WireFraming): string {
  if (!isToken(head.method)) throw new TypeError("the method of a request to be sent is not a token");
  if (!isTargetText(head.target)) {
    throw new TypeError("the target of a request to be sent has a forbidden byte");
  }
  if (head.method === "CONNECT" && head.protocol !== null) {
    // RFC 8441, 4: with a path for a target it would be no request of HTTP/1 at all.
    throw new TypeError("an extended CONNECT to be sent over HTTP/1");
  }
  const { fields } = head;
  const fromHttp2 = head.version === "HTTP/2.0";
  const manages = own || fromHttp2;
  const version = head.version === "HTTP/1.0" && wire.kind !== "chunked" ? "HTTP/1.0" : "HTTP/1.1";
  const writer = new FieldWriter(`${head.method} ${head.target} ${version}\r\n`, wire, own);
  writer.host = hostToWrite(head, own);
  writer.joinsCookies = fromHttp2;
  if (manages) {
    const { options, alsoKept } = requestConnection(head);
    writer.manage(options, namedByConnection(fields, alsoKept));
    writer.onlyTrailersInTe = true;
  }
  const needsHost = version === "HTTP/1.1" || writer.host !== null;
  // RFC 9112, 3.2: Host first, where a recipient looks for it.
  if (needsHost && ((fromHttp2 && head.authority !== "") || !fields.has("host"))) {
    writer.addHost(head.authority);
  }
  return writer.write(fields);
}

/**
 * `connection`: what we say in Connection ourselves. With `own`, and for heads from HTTP/2, which have none, it stands in
 * for what came, else it is added to it.
 */
export function responseHeadText(
  head: ResponseHead,
  own: boolean,
  wire: WireFraming,
  connection: readonly string[],
): string {
  const version = responseVersion(head);
  const fromHttp2 = head.version === "HTTP/2.0";
  const reason = head.reason === "" && fromHttp2 ? reasonPhrase(head.status) : head.reason;
  if (NOT_IN_A_LINE.test(reason)) {
    throw new TypeError("a reason phrase to be sent has a line break, NUL or no byte");
  }
  const writer = new FieldWriter(`${version} ${statusText(head.status)} ${reason}\r\n`, wire, own);
  if (own || fromHttp2) writer.manage(connection, namedByConnection(head.fields, null));
  else writer.addedConnection = connection;
  return writer.write(head.fields);
}

/** The version a response head goes out with. */
export function responseVersion(head: ResponseHead): HttpVersion {
  return head.version === "HTTP/1.0" ? "HTTP/1.0" : "HTTP/1.1";
}

/** Trailer lines and the empty line. What frames or routes a message is left out (RFC 9110, 6.5.1). */
export function trailersText(fields: Fields, own: boolean): string {
  let text = "";
  for (let index = 0; index < fields.length; index++) {
    const name = fields.name(index);
    if (isForbiddenTrailer(name) || (own && HOP_BY_HOP.has(name.toLowerCase()))) continue;
    text += fieldLine(name, fields.value(index));
  }
  return text + "\r\n";
}

/** RFC 9112, 3.2.2: what an absolute target names stands in Host too, whatever came. Null: Host as it came. */
function hostToWrite(head: RequestHead, own: boolean): string | null {
  if (head.authority === "") return null;
  // RFC 9113, 8.3.1: Host from :authority.
  if (head.version === "HTTP/2.0") return head.authority;
  return own && head.targetForm === "absolute" ? head.authority : null;
}

function statusText(status: number): string {
  if (!Number.isInteger(status) || status < 100 || status > 999) {
    throw new TypeError("the status of a response to be sent has not three digits");
  }
  return String(status);
}

class FieldWriter {
  /** Replaces the value of Host. */
  host: string | null = null;
  /** RFC 9113, 8.2.3: cookie crumbs become one line again. */
  joinsCookies = false;
  /** Of TE only "trailers" goes out. */
  onlyTrailersInTe = false;
  /** Said in Connection besides what came. */
  addedConnection: readonly string[] = [];

  readonly #wire: WireFraming;
  readonly #own: boolean;
  #text: string;
  #managed: readonly string[] | null = null;
  #named: ReadonlySet<string> | null = null;
  #hostAdded = false;
  #hasConnection = false;
  #hasLength = false;
  #hasCoding = false;
  #hasTe = false;
  #hasCookie = false;

  constructor(startLine: string, wire: WireFraming, own: boolean) {
    this.#text = startLine;
    this.#wire = wire;
    this.#own = own;
  }

  /** Strips hop-by-hop fields, those in `named` too, and says `options` in Connection. */
  manage(options: readonly string[], named: ReadonlySet<string> | null): void {
    this.#managed = options;
    this.#named = named;
  }

  addHost(authority: string): void {
    this.#add("Host", authority);
    this.#hostAdded = true;
  }

  write(fields: Fields): string {
    for (let index = 0; index < fields.length; index++) {
      const name = fields.name(index);
      const value = fields.value(index);
      switch (name.length) {
        // The lengths of all names that get a treatment of their own.
        case 2:
        case 4:
        case 6:
        case 10:
        case 14:
        case 16:
        case 17:
        case 18:
        case 19:
          this.#special(name, value, fields);
          break;
        default:
          this.#ordinary(name, value);
      }
    }
    this.#addMissing();
    return this.#text + "\r\n";
  }

  #special(name: string, value: string, fields: Fields): void {
    switch (name.toLowerCase()) {
      case "content-length":
        return this.#contentLength(name, value, fields);
      case "transfer-encoding":
        return this.#transferEncoding(name, value);
      case "host":
        if (!this.#hostAdded) this.#add(name, this.host ?? value);
        return;
      case "connection":
        return this.#connection(name, value);
      case "te":
        return this.#te(name, value, fields);
      case "cookie":
        return this.#cookie(name, value, fields);
      case "keep-alive":
      case "proxy-connection":
        if (this.#managed === null) this.#add(name, value);
        return;
      case "proxy-authenticate":
      case "proxy-authorization":
        // RFC 9110, 11.7: for the next proxy; in a tunnel and in reverse mode that is not us, whatever the version.
        if (!this.#own) this.#add(name, value);
        return;
      default:
        this.#ordinary(name, value);
    }
  }

  #ordinary(name: string, value: string): void {
    if (this.#named !== null && this.#named.has(name.toLowerCase())) return;
    this.#text += fieldLine(name, value);
  }

  #contentLength(name: string, value: string, fields: Fields): void {
    const wire = this.#wire;
    if (wire.kind === "length") {
      // Spelled as it came when it says the same.
      if (!this.#hasLength) this.#add(name, saysLength(value, wire.length) ? value : String(wire.length));
      this.#hasLength = true;
    } else if (wire.kind === "bodiless" && describesNothingWrong(wire.fields, value, fields)) {
      this.#add(name, value);
    }
  }

  #transferEncoding(name: string, value: string): void {
    const wire = this.#wire;
    if (wire.kind === "chunked") {
      if (!this.#hasCoding) this.#add(name, /(^|[,\t ])chunked$/i.test(value) ? value : "chunked");
      this.#hasCoding = true;
    } else if (wire.kind === "bodiless" && wire.fields === "as-came") {
      this.#add(name, value);
    }
  }

  #connection(name: string, value: string): void {
    if (this.#managed === null) return this.#add(name, value);
    if (this.#managed.length > 0 && !this.#hasConnection) this.#add(name, this.#managed.join(", "));
    this.#hasConnection = true;
  }

  #te(name: string, value: string, fields: Fields): void {
    if (!this.onlyTrailersInTe) return this.#add(name, value);
    // RFC 9110, 10.1.4: the codings in TE are for us; that trailers are welcome is passed on.
    if (!this.#hasTe && fields.hasToken("te", "trailers")) this.#add(name, "trailers");
    this.#hasTe = true;
  }

  #cookie(name: string, value: string, fields: Fields): void {
    if (!this.joinsCookies) return this.#ordinary(name, value);
    if (!this.#hasCookie) this.#add(name, fields.all("cookie").join("; "));
    this.#hasCookie = true;
  }

  #addMissing(): void {
    if (this.#wire.kind === "length" && !this.#hasLength) {
      this.#add("Content-Length", String(this.#wire.length));
    }
    if (this.#wire.kind === "chunked" && !this.#hasCoding) this.#add("Transfer-Encoding", "chunked");
    const connection = this.#managed === null
      ? this.addedConnection
      : this.#hasConnection
      ? []
      : this.#managed;
    if (connection.length > 0) this.#add("Connection", connection.join(", "));
  }

  #add(name: string, value: string): void {
    this.#text += fieldLine(name, value);
  }
}

/** Whether a Content-Length may stand in a head that no body follows. */
function describesNothingWrong(
  kept: "as-came" | "no-coding" | "zero-length-only" | "none",
  value: string,
  fields: Fields,
): boolean {
  switch (kept) {
    case "as-came":
      // RFC 9112, 6.2: never together with Transfer-Encoding, not even here.
      return !fields.has("transfer-encoding");
    case "no-coding":
      return true;
    case "zero-length-only":
      return value === "0";
    case "none":
      return false;
  }
}

function saysLength(value: string, length: number): boolean {
  return /^[0-9]+$/.test(value) && Number(value) === length;
}

/** What would end a line early, or is no byte. A regular expression is several times faster than a loop here. */
const NOT_IN_A_LINE = /[\r\n\0\u0100-\uffff]/;
const NOT_IN_A_TOKEN = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/;

function fieldLine(name: string, value: string): string {
  if (name === "" || NOT_IN_A_TOKEN.test(name)) {
    throw new TypeError("the name of a field to be sent is not a token");
  }
  if (NOT_IN_A_LINE.test(value)) {
    throw new TypeError("a field value to be sent has a line break, NUL or no byte");
  }
  return name + ": " + value + "\r\n";
}
