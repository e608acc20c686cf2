// Field names, looked at once: what is legal, what it is in lower case, and which treatment it gets
// (RFC 9113, 8.2.1 and 8.2.2). Nearly all names of a message have been seen before, so the verdicts are kept.
// Invariant: the table never holds more than TABLE_LIMIT names of at most NAME_LENGTH characters.

export type FieldRole =
  | "ordinary"
  /** Begins with a colon. */
  | "pseudo"
  | "not-a-token"
  /** RFC 9113, 8.2.2; RFC 9110, 7.6.1: means one HTTP/1 connection, and does not exist here. */
  | "connection-specific"
  | "transfer-encoding"
  | "te"
  | "host"
  | "content-length"
  | "cookie"
  /** RFC 9110, 11.7: for the next proxy only. */
  | "proxy-authentication"
  /** RFC 7540, 3.2.1: part of an HTTP/1 handshake. */
  | "http2-settings";

export interface FieldName {
  readonly lower: string;
  /** Whether it came in lower case. */
  readonly isLower: boolean;
  readonly role: FieldRole;
}

/** What is to be known of a field name, in any case. */
export function fieldName(name: string): FieldName {
  const known = table.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  const verdict: FieldName = { lower, isLower: lower === name, role: roleOf(name, lower) };
  if (name.length > NAME_LENGTH) return verdict;
  if (table.size >= TABLE_LIMIT) table.clear();
  table.set(name, verdict);
  return verdict;
}

/** Longer names are rare. */
const NAME_LENGTH = 40;
/** Peers choose the names: without a bound they could fill memory. Full, it starts anew: what is common is soon back. */
const TABLE_LIMIT = 4_096;

const table = new Map<string, FieldName>();

const ROLES: ReadonlyMap<string, FieldRole> = new Map([
  ["connection", "connection-specific"],
  ["proxy-connection", "connection-specific"],
  ["keep-alive", "connection-specific"],
  ["upgrade", "connection-specific"],
  ["transfer-encoding", "transfer-encoding"],
  ["te", "te"],
  ["host", "host"],
  ["content-length", "content-length"],
  ["cookie", "cookie"],
  ["proxy-authenticate", "proxy-authentication"],
  ["proxy-authorization", "proxy-authentication"],
  ["http2-settings", "http2-settings"],
]);

/** RFC 9110, 5.1 and 5.6.2. RFC 9113, 8.2.1 forbids less, but no other name could be passed on to HTTP/1. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

function roleOf(name: string, lower: string): FieldRole {
  // The name as it came: there are letters beyond ASCII whose lower case is in it.
  if (TOKEN.test(name)) return ROLES.get(lower) ?? "ordinary";
  return name.startsWith(":") ? "pseudo" : "not-a-token";
}
