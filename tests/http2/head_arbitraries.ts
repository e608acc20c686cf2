// Generators of heads and of almost-heads for the properties.

import fc from "fast-check";
import { Fields } from "../../lib/http/fields.ts";
import type { Framing, RequestHead, ResponseHead } from "../../lib/http/head.ts";

const lowerToken = fc.string({
  unit: fc.constantFrom(..."!#$%&'*+-.^_`|~09az"),
  minLength: 1,
  maxLength: 12,
});
export const method = fc.oneof(
  fc.constantFrom("GET", "HEAD", "POST", "OPTIONS"),
  fc.string({ unit: fc.constantFrom(..."!#$%&'*+-.^_`|~09azAZ"), minLength: 1, maxLength: 8 }),
);

const valueCharacters = Array.from({ length: 256 }, (_, byte) => byte)
  .filter((byte) => byte === 0x09 || (byte >= 0x20 && byte !== 0x7f))
  .map((byte) => String.fromCharCode(byte));
export const value = fc.string({ unit: fc.constantFrom(...valueCharacters), maxLength: 30 })
  .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ""));

/** Names with a treatment of their own are chosen on purpose where wanted. */
const special =
  /^(host|connection|content-length|transfer-encoding|te|upgrade|keep-alive|proxy-.*|http2-settings|cookie)$/;
const ordinary = fc.tuple(lowerToken.filter((name) => !special.test(name)), value);
const line = fc.oneof(
  { weight: 5, arbitrary: ordinary },
  fc.tuple(fc.constant("cookie"), value),
  fc.constantFrom<[string, string]>(["te", "trailers"], ["proxy-authorization", "x"], [
    "expect",
    "100-continue",
  ]),
);

/** Lines any section may have; at most one te. */
const lines = fc.array(line, { maxLength: 8 }).map((all) =>
  all.filter(([name], index) => name !== "te" || all.findIndex(([first]) => first === "te") === index)
);

export const target = fc.string({
  unit: fc.constantFrom(...valueCharacters.filter((text) => text > " ")),
  maxLength: 20,
}).map((text) => "/" + text);

const host = fc.constantFrom("a", "Example.com", "[::1]", "192.0.2.1", "x-y.z");
const port = fc.option(fc.integer({ min: 1, max: 65535 }), { nil: null });
export const authority = fc.tuple(host, port).map(([name, number]) =>
  number === null ? name : `${name}:${number}`
);

interface Body {
  end: boolean;
  framing: Framing;
  contentLength: number | null;
  /** The line that says so. */
  length: string | null;
}
const body: fc.Arbitrary<Body> = fc.oneof(
  fc.constantFrom<Body>(
    { end: true, framing: "none", contentLength: null, length: null },
    { end: false, framing: "stream", contentLength: null, length: null },
    { end: true, framing: "length", contentLength: 0, length: "00" },
  ),
  fc.nat().map((length): Body => ({
    end: false,
    framing: "length",
    contentLength: length,
    length: String(length),
  })),
);

function fieldsOf(
  all: [string, string][],
  extra: [string, string] | null,
  at: number,
  never: readonly string[],
): Fields {
  const fields = Fields.of(...all);
  if (extra !== null) fields.insert(at % (all.length + 1), ...extra);
  const present = new Set([...fields].map(([name]) => name).filter((name) => never.includes(name)));
  fields.neverIndexed = present.size === 0 ? null : present;
  return fields;
}

const never = fc.constantFrom([], ["cookie", "te"], ["content-length"], ["host", "proxy-authorization"]);

/** Request heads as an HTTP/2 reader makes them, CONNECT apart, and whether the stream ends with them. */
export const requestHeads: fc.Arbitrary<{ head: RequestHead; end: boolean }> = fc.record({
  method: method.filter((name) => name !== "CONNECT"),
  path: target,
  scheme: fc.constantFrom("http", "https", "x+y"),
  authority: fc.option(authority, { nil: "" }),
  /** A host field that says the same. */
  host: fc.boolean(),
  lines,
  body,
  never,
  at: fc.nat(),
}).map(({ method, path, scheme, authority, host, lines, body, never, at }) => {
  const fields = fieldsOf(lines, body.length === null ? null : ["content-length", body.length], at, never);
  if (host) fields.append("host", authority);
  const asterisk = method === "OPTIONS" && at % 2 === 0;
  const head: RequestHead = {
    kind: "request",
    version: "HTTP/2.0",
    method,
    target: asterisk ? "*" : path,
    targetForm: asterisk ? "asterisk" : "origin",
    scheme,
    authority,
    path: asterisk ? "*" : path,
    protocol: null,
    framing: body.framing,
    contentLength: body.contentLength,
    fields,
  };
  return { head, end: body.end };
});

/** CONNECT, plain and extended, as an HTTP/2 reader makes it. */
export const connectHeads: fc.Arbitrary<RequestHead> = fc.record({
  host,
  port: fc.integer({ min: 1, max: 65535 }),
  path: target,
  protocol: fc.option(fc.constantFrom("websocket", "connect-udp", "x/1"), { nil: null }),
  lines,
  never,
}).map(({ host, port, path, protocol, lines, never }) => ({
  kind: "request",
  version: "HTTP/2.0",
  method: "CONNECT",
  target: protocol === null ? `${host}:${port}` : path,
  targetForm: protocol === null ? "authority" : "origin",
  scheme: protocol === null ? "" : "https",
  authority: `${host}:${port}`,
  path: protocol === null ? "" : path,
  protocol,
  framing: "none",
  contentLength: null,
  fields: fieldsOf(lines, null, 0, never),
}));

/** Final response heads with a body, as an HTTP/2 reader makes them, and whether the stream ends with them. */
export const responseHeads: fc.Arbitrary<{ head: ResponseHead; end: boolean }> = fc.record({
  status: fc.integer({ min: 200, max: 999 }).filter((status) => status !== 204 && status !== 304),
  lines: lines.map((all) => all.filter(([name]) => name !== "te")),
  body,
  never,
  at: fc.nat(),
}).map(({ status, lines, body, never, at }) => {
  const fields = fieldsOf(lines, body.length === null ? null : ["content-length", body.length], at, never);
  const head: ResponseHead = {
    kind: "response",
    version: "HTTP/2.0",
    status,
    reason: "",
    framing: body.framing,
    contentLength: body.contentLength,
    fields,
  };
  return { head, end: body.end };
});

export const trailers: fc.Arbitrary<Fields> = fc.tuple(
  lines.map((all) => all.filter(([name]) => name !== "te")),
  never,
).map(([all, names]) => fieldsOf(all, null, 0, names));

const names = [
  ":method",
  ":scheme",
  ":authority",
  ":path",
  ":status",
  ":protocol",
  ":x",
  "host",
  "content-length",
  "te",
  "cookie",
  "connection",
  "transfer-encoding",
  "x",
  "X-Y",
  "Content-Length",
  "a b",
  "",
];
const values = [
  "GET",
  "CONNECT",
  "OPTIONS",
  "https",
  "a",
  "a:443",
  "/",
  "*",
  "200",
  "204",
  "103",
  "5",
  "0",
  "trailers",
  "chunked",
  "websocket",
  " x",
  "\x01",
  "a\r\nb",
  "",
  "\xe9",
];
const pair = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom<[string, string]>(
      ["x", "y"],
      ["x", "\xe9"],
      ["cookie", "a=b"],
      ["host", "a"],
      ["content-length", "5"],
      ["content-length", "0"],
      ["te", "trailers"],
      ["X-Y", " z"],
      ["keep-alive", "x"],
    ),
  },
  fc.tuple(fc.constantFrom(...names), fc.constantFrom(...values)),
  fc.tuple(
    fc.string({ unit: "binary", maxLength: 4 }).map(narrow),
    fc.string({ unit: "binary" }).map(narrow),
  ),
);
const starts: [string, string][][] = [
  [[":method", "GET"], [":scheme", "https"], [":path", "/"]],
  [[":method", "GET"], [":scheme", "https"], [":authority", "a"], [":path", "/"]],
  [[":method", "CONNECT"], [":authority", "a:443"]],
  [[":method", "CONNECT"], [":protocol", "websocket"], [":scheme", "https"], [":authority", "a"], [
    ":path",
    "/",
  ]],
  [[":status", "200"]],
  [[":status", "204"]],
  [],
];

/** Lists that are often a head, and often nearly one. */
export const nearlyHeads: fc.Arbitrary<[string, string][]> = fc.tuple(
  fc.constantFrom(...starts),
  fc.array(pair, { maxLength: 5 }),
).map(([start, rest]) => [...start, ...rest]);

/** Each character one byte. */
function narrow(text: string): string {
  return text.replace(/[^\0-\xff]/gu, (wide) => String.fromCharCode((wide.codePointAt(0) ?? 0) & 0xff));
}
