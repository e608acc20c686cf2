// The static table of RFC 7541, Appendix A, by index and by name.

/** Name and value of each entry; the first has index 1. */
const ENTRIES: readonly (readonly [name: string, value: string])[] = [
  [":authority", ""],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  [":status", "200"],
  [":status", "204"],
  [":status", "206"],
  [":status", "304"],
  [":status", "400"],
  [":status", "404"],
  [":status", "500"],
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ["accept-language", ""],
  ["accept-ranges", ""],
  ["accept", ""],
  ["access-control-allow-origin", ""],
  ["age", ""],
  ["allow", ""],
  ["authorization", ""],
  ["cache-control", ""],
  ["content-disposition", ""],
  ["content-encoding", ""],
  ["content-language", ""],
  ["content-length", ""],
  ["content-location", ""],
  ["content-range", ""],
  ["content-type", ""],
  ["cookie", ""],
  ["date", ""],
  ["etag", ""],
  ["expect", ""],
  ["expires", ""],
  ["from", ""],
  ["host", ""],
  ["if-match", ""],
  ["if-modified-since", ""],
  ["if-none-match", ""],
  ["if-range", ""],
  ["if-unmodified-since", ""],
  ["last-modified", ""],
  ["link", ""],
  ["location", ""],
  ["max-forwards", ""],
  ["proxy-authenticate", ""],
  ["proxy-authorization", ""],
  ["range", ""],
  ["referer", ""],
  ["refresh", ""],
  ["retry-after", ""],
  ["server", ""],
  ["set-cookie", ""],
  ["strict-transport-security", ""],
  ["transfer-encoding", ""],
  ["user-agent", ""],
  ["vary", ""],
  ["via", ""],
  ["www-authenticate", ""],
];

/** How many entries; the dynamic table's indices begin after it (RFC 7541, 2.3.3). */
export const STATIC_LENGTH = ENTRIES.length;

/** The name at each index; index 0 is none. */
export const staticNames: readonly string[] = ["", ...ENTRIES.map(([name]) => name)];
/** The value at each index. */
export const staticValues: readonly string[] = ["", ...ENTRIES.map(([, value]) => value)];

/** The entries that share a name: they stand one after the other. */
export interface StaticName {
  /** Of the first of them. */
  readonly index: number;
  readonly values: readonly string[];
}

/** The entries of each name. */
export function staticEntriesByName(): Map<string, StaticName> {
  const byName = new Map<string, StaticName>();
  for (const [name] of ENTRIES) {
    if (byName.has(name)) continue;
    const values = ENTRIES.filter((entry) => entry[0] === name).map(([, value]) => value);
    byName.set(name, { index: staticNames.indexOf(name), values });
  }
  return byName;
}
