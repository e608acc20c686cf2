// Which fields the encoder puts into its table: those likely to come again as they are. The table is small (4 KiB hold
// some 60 entries) and first in, first out: what does not come again pushes out what does.

import { staticEntriesByName } from "./static_table.ts";

/** What the encoder knows of a name. */
export interface KnownName {
  /** Of the first static entry with the name; 0 without one. */
  readonly index: number;
  /** The values of the static entries, from `index` on. */
  readonly values: readonly string[];
  /** Its value belongs to one resource, range or moment: literals are not indexed. */
  readonly isFleeting: boolean;
}

/**
 * nghttp2 (curl, Apache, Node) leaves out :path, age, content-length, etag, if-modified-since, if-none-match, location
 * and set-cookie; Chromium leaves out :path; Go indexes all. We take nghttp2's list and what is of the same kind: values
 * of one resource, and of one request. `date` is indexed, as by all three: it changes once a second, and busy
 * connections carry many responses in one.
 */
const FLEETING = [
  ":path",
  "age",
  "content-disposition",
  "content-length",
  "content-location",
  "content-md5",
  "content-range",
  "digest",
  "etag",
  "expires",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "last-modified",
  "location",
  "range",
  "set-cookie",
  "cf-ray",
  "traceparent",
  "x-amz-cf-id",
  "x-amz-id-2",
  "x-amz-request-id",
  "x-amzn-requestid",
  "x-amzn-trace-id",
  "x-correlation-id",
  "x-request-id",
];

/**
 * The share of the table one entry may take: as nghttp2. Larger ones would empty it; a long cookie or policy that comes
 * with every message is worth most of it.
 */
const LARGEST_SHARE = 3 / 4;

/** The most an entry may count (RFC 7541, 4.1) to be put into a table of `tableSize`. */
export function largestEntry(tableSize: number): number {
  return tableSize * LARGEST_SHARE;
}

/** By name: all names of the static table, and those of values that do not come again. */
export const knownNames: ReadonlyMap<string, KnownName> = buildKnownNames();

function buildKnownNames(): Map<string, KnownName> {
  const known = new Map<string, KnownName>();
  for (const [name, { index, values }] of staticEntriesByName()) {
    known.set(name, { index, values, isFleeting: FLEETING.includes(name) });
  }
  for (const name of FLEETING) {
    if (!known.has(name)) known.set(name, { index: 0, values: [], isFleeting: true });
  }
  return known;
}
