// A header block to be written: its fields collected, made legal (RFC 9113, 8.2), and given to the encoder all at once.
// Invariants: whatever cannot be sent throws a TypeError before the encoder gets the first field: half a block would
// leave its table and the peer's different; the fields given are not changed.

import type { FieldSink } from "../hpack/header_block.ts";
import { type Fields, trimBlanks } from "../http/fields.ts";
import { namedByConnection } from "../http/hop_by_hop.ts";
import { fieldName } from "./field_names.ts";
import { parseContentLength, sameAuthority } from "./field_rules.ts";

/** Which Content-Length goes out. */
export type LengthRule =
  /** That of the body that follows. */
  | { kind: "exactly"; length: number }
  /** What it would be: responses to HEAD, and 304. */
  | { kind: "as-came" }
  | { kind: "zero-only" }
  | { kind: "none" };

/** How the fields of one section are treated. */
export interface FieldTreatment {
  section: "request" | "response" | "trailers";
  /** They came as HTTP/1, or were made here. */
  fromHttp1: boolean;
  /** Hop-by-hop fields are ours: proxy authentication is not passed on. */
  own: boolean;
  length: LengthRule;
  /** What :authority says, and :scheme ("" for CONNECT); a host field that says something else is left out. */
  authority: string;
  scheme: string;
  /** The body has transfer codings to be told of besides chunked. */
  chunked: boolean;
  /** The handshake of a WebSocket becomes that of RFC 8441. */
  upgrades: boolean;
}

/**
 * Cookie lines of HTTP/1 from this length on are split: when one cookie changes, the others stay in the table. A shorter
 * one costs less as a whole.
 */
const COOKIE_SPLIT_LENGTH = 256;
/** Crumbs one line is split into at most. Each counts 32 bytes more in the peer's header list limit (RFC 7541, 4.1). */
const COOKIE_CRUMBS = 32;
/** RFC 7541, 7.1.3: a value this short can be guessed, one try a request, by watching what is in the table. */
const GUESSABLE_COOKIE = 20;

export class OutgoingFields {
  readonly #list: string[] = [];

  /** A pseudo-field; its value has been checked. */
  pseudo(name: string, value: string): void {
    this.#list.push(name, value);
  }

  add(fields: Fields, treatment: FieldTreatment): void {
    const named = strippedNames(fields, treatment);
    let hasHost = false;
    let hasLength = false;
    let hasTe = false;
    for (let index = 0; index < fields.length; index++) {
      const name = fieldName(fields.name(index));
      const value = fields.value(index);
      switch (name.role) {
        case "ordinary":
          if (named === null || !named.has(name.lower)) this.#push(name.lower, value);
          break;
        case "cookie":
          if (named !== null && named.has(name.lower)) break;
          if (treatment.fromHttp1) this.#pushCookie(value);
          else this.#push("cookie", value);
          break;
        case "content-length":
          if (!hasLength) this.#pushLength(value, fields, treatment.length);
          hasLength = true;
          break;
        case "host":
          if (keepsHost(value, treatment, hasHost)) this.#push("host", value);
          hasHost = true;
          break;
        case "te":
          // RFC 9113, 8.2.2
          if (!hasTe && treatment.section === "request" && fields.hasToken("te", "trailers")) {
            this.#push("te", "trailers");
          }
          hasTe = true;
          break;
        case "transfer-encoding":
          if (treatment.chunked) this.#pushCodings(value);
          break;
        case "proxy-authentication":
          if (!treatment.own) this.#push(name.lower, value);
          break;
        case "connection-specific":
        case "http2-settings":
          // RFC 9113, 8.2.2
          break;
        case "pseudo":
        case "not-a-token":
          throw new TypeError("the name of a field to be sent is not a token");
      }
    }
    const { length } = treatment;
    if (length.kind === "exactly" && !hasLength) this.#push("content-length", String(length.length));
  }

  /** Gives everything to the encoder. */
  emit(sink: FieldSink, neverIndexed: ReadonlySet<string> | null, fromHttp1: boolean): void {
    const list = this.#list;
    for (let index = 0; index < list.length; index += 2) {
      const name = list[index] ?? "";
      const value = list[index + 1] ?? "";
      const never = (neverIndexed !== null && neverIndexed.has(name)) ||
        (fromHttp1 && isSensitive(name, value));
      sink.field(name, value, never);
    }
  }

  #push(name: string, value: string): void {
    if (NOT_IN_A_VALUE.test(value)) {
      throw new TypeError("a field value to be sent has a line break, NUL or no byte");
    }
    // RFC 9113, 8.2.1
    this.#list.push(name, trimBlanks(value));
  }

  /** RFC 9113, 8.2.3. What joins to the same line again, at "; ", and is legal each by itself. */
  #pushCookie(value: string): void {
    const crumbs = value.length < COOKIE_SPLIT_LENGTH ? [value] : value.split("; ", COOKIE_CRUMBS);
    let length = 2 * crumbs.length - 2;
    for (const crumb of crumbs) length += crumb.length;
    const last = crumbs.length - 1;
    // `split` forgets what is beyond its limit.
    if (length < value.length) crumbs[last] = (crumbs[last] ?? "") + value.slice(length);
    if (last > 0 && crumbs.some((crumb) => crumb === "" || trimBlanks(crumb) !== crumb)) {
      return this.#push("cookie", value);
    }
    for (const crumb of crumbs) this.#push("cookie", crumb);
  }

  #pushLength(value: string, fields: Fields, rule: LengthRule): void {
    switch (rule.kind) {
      case "exactly":
        // Spelled as it came when it says the same.
        return this.#push(
          "content-length",
          parseContentLength(value) === rule.length ? value : String(rule.length),
        );
      case "as-came": {
        // RFC 9112, 6.2: a length beside Transfer-Encoding means nothing.
        const several = fields.all("content-length").length > 1;
        if (several || parseContentLength(value) === null || fields.has("transfer-encoding")) return;
        return this.#push("content-length", value);
      }
      case "zero-only":
        if (value === "0") this.#push("content-length", value);
        return;
      case "none":
        return;
    }
  }

  /**
   * RFC 9113, 8.2.2: HTTP/2 has no transfer codings, and we do not decode them. So that the body can still be read,
   * what was applied to it stands as a content coding, after those it had.
   */
  #pushCodings(value: string): void {
    const codings = value.split(",").map(trimBlanks).filter((coding) => !/^(chunked)?$/i.test(coding));
    if (codings.length > 0) this.#push("content-encoding", codings.join(", "));
  }
}

/** What would end a line early in HTTP/1, or is no byte (RFC 9113, 8.2.1). */
const NOT_IN_A_VALUE = /[\r\n\0\u0100-\uffff]/;

/** RFC 9110, 7.6.1: what Connection names goes with it. */
function strippedNames(fields: Fields, treatment: FieldTreatment): ReadonlySet<string> | null {
  const named = namedByConnection(fields, null);
  if (!treatment.upgrades) return named;
  // RFC 8441, 5: not used in HTTP/2.
  return new Set([...named ?? [], "sec-websocket-key"]);
}

/**
 * RFC 9113, 8.3.1: what HTTP/1 said in Host stands in :authority. A client of HTTP/2 that sent both gets both passed
 * on, unless the request was sent elsewhere meanwhile. In responses it means nothing.
 */
function keepsHost(value: string, treatment: FieldTreatment, another: boolean): boolean {
  if (treatment.section !== "request") return treatment.section === "response";
  return !treatment.fromHttp1 && !another && sameAuthority(treatment.authority, value, treatment.scheme);
}

/**
 * RFC 7541, 7.1.3: of a message that came uncompressed nobody has said what must not be indexed, so what gives access
 * and could be guessed piece by piece is kept out of the table. Long cookies are not: they are most of a request's bytes.
 */
function isSensitive(name: string, value: string): boolean {
  switch (name.length) {
    case 6:
      return name === "cookie" && value.length < GUESSABLE_COOKIE;
    case 13:
      return name === "authorization";
    case 19:
      return name === "proxy-authorization";
    default:
      return false;
  }
}
