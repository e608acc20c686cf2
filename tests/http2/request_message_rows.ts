// Requests that are malformed, and the odd ones that are not, as frames to a server (RFC 9113, 8.1 to 8.3, 8.5).

import {
  continuation,
  data,
  type FieldLine,
  headers,
  priority,
  resetStream,
  windowUpdate,
} from "../kit/http2_frames.ts";
import { requestLines } from "./drive.ts";
import type { Expectation, Row } from "./rows.ts";

const malformed: Expectation = { stream: 1, code: "PROTOCOL_ERROR", says: [] };
/** The head had been told when it came out. */
const malformedLater: Expectation = { stream: 1, code: "PROTOCOL_ERROR" };

function row(name: string, rule: string, expect: Expectation, ...bytes: Uint8Array[]): Row {
  return { name, rule: `RFC 9113, ${rule}`, role: "server", bytes, expect };
}

/** One whole request with these lines. */
function request(name: string, rule: string, expect: Expectation, ...lines: FieldLine[]): Row {
  return row(name, rule, expect, headers(1, lines, { end: true }));
}

function get(name: string, rule: string, expect: Expectation, ...more: FieldLine[]): Row {
  return request(name, rule, expect, ...requestLines("GET", "/", ...more));
}

/** A POST that goes on. */
const post = (...more: FieldLine[]): Uint8Array => headers(1, requestLines("POST", "/", ...more));
const length = (value: string): FieldLine => ["content-length", value];
const saidPost = (fields = "", framing = "stream"): string => `#1 POST https://a / {${fields}} ${framing}`;

export const exchangeRows: Row[] = [
  row(
    "trailers",
    "8.1",
    { ok: [saidPost(), '#1 body "x"', "#1 trailers {t: u | t: v}"] },
    post(),
    data(1, "x"),
    headers(1, [["t", "u"], ["t", "v"]], { end: true }),
  ),
  row(
    "trailers in pieces, without a body",
    "8.1",
    { ok: [saidPost(), "#1 trailers {t: u}"] },
    post(),
    headers(1, [["t", "u"]], { end: true, endHeaders: false }),
    continuation(1, new Uint8Array(0)),
  ),
  row(
    "trailers that are empty",
    "8.1",
    { ok: [saidPost(), '#1 body "x"', /^#1 (trailers \{\}|end)$/] },
    post(),
    data(1, "x"),
    headers(1, [], { end: true }),
  ),
  row("a second HEADERS that does not end", "8.1", malformedLater, post(), headers(1, [["t", "u"]])),
  row("the same after DATA", "8.1", malformedLater, post(), data(1, "x"), headers(1, [["t", "u"]])),
  row(
    "a pseudo-field in trailers",
    "8.1",
    malformedLater,
    post(),
    data(1, "x"),
    headers(1, [[":path", "/"]], { end: true }),
  ),
  row(
    "an uppercase name in trailers",
    "8.2.1",
    malformedLater,
    post(),
    headers(1, [["T", "u"]], { end: true }),
  ),
  row("CONNECT", "8.5", { ok: ["#1 CONNECT ://a:1 a:1 {} end"] }, headers(1, connect())),
  row("CONNECT with :path", "8.5", malformed, headers(1, connect([":path", "/"]))),
  row("CONNECT with :scheme", "8.5", malformed, headers(1, connect([":scheme", "https"]))),
  row("CONNECT without :authority", "8.5", malformed, headers(1, [[":method", "CONNECT"]])),
];

function connect(...more: FieldLine[]): FieldLine[] {
  return [[":method", "CONNECT"], [":authority", "a:1"], ...more];
}

const three = saidPost("content-length: 3", "length 3");

export const lengthRows: Row[] = [
  row(
    "content-length kept",
    "8.1.1",
    { ok: [three, '#1 body "abc"', "#1 end"] },
    post(length("3")),
    data(1, "ab"),
    data(1, "c", { end: true }),
  ),
  row(
    "padding is not content",
    "8.1.1",
    { ok: [three, '#1 body "abc"', "#1 end"] },
    post(length("3")),
    data(1, "abc", { pad: 7, end: true }),
  ),
  row(
    "content-length kept, with trailers",
    "8.1.1",
    { ok: [three, '#1 body "abc"', "#1 trailers {t: u}"] },
    post(length("3")),
    data(1, "abc"),
    headers(1, [["t", "u"]], { end: true }),
  ),
  row(
    "content-length 0",
    "8.1.1",
    { ok: ["#1 POST https://a / {content-length: 0} end"] },
    headers(1, requestLines("POST", "/", length("0")), { end: true }),
  ),
  row("too little", "8.1.1", malformedLater, post(length("3")), data(1, "ab", { end: true })),
  row(
    "too little, in several frames",
    "8.1.1",
    malformedLater,
    post(length("3")),
    data(1, "a"),
    data(1, "", { end: true }),
  ),
  row(
    "too little, before trailers",
    "8.1.1",
    malformedLater,
    post(length("3")),
    data(1, "ab"),
    headers(1, [["t", "u"]], { end: true }),
  ),
  row("nothing", "8.1.1", malformedLater, headers(1, requestLines("POST", "/", length("3")), { end: true })),
  row("too much", "8.1.1", malformedLater, post(length("3")), data(1, "abcd", { end: true })),
  row(
    "too much, in several frames, no end in sight",
    "8.1.1",
    malformedLater,
    post(length("3")),
    data(1, "ab"),
    data(1, "cd"),
  ),
  row("anything after content-length 0", "8.1.1", malformedLater, post(length("0")), data(1, "x")),
  ...["x", "-1", "+3", "3.0", "0x3", "", "3 3", "99999999999999999999"].map((value) =>
    row(`content-length ${JSON.stringify(value)}`, "8.1.1", malformed, post(length(value)))
  ),
  row("content-length twice, differing", "8.1.1", malformed, post(length("3"), length("4"))),
  row("content-length in a list, differing", "8.1.1", malformed, post(length("3, 4"))),
  row(
    "content-length twice, the same",
    "8.1.1",
    { any: [malformed, { ok: [/^#1 POST .* length 3$/, '#1 body "abc"', "#1 end"] }] },
    post(length("3"), length("3")),
    data(1, "abc", { end: true }),
  ),
];

export const fieldRows: Row[] = [
  get("an uppercase name", "8.2", malformed, ["X-Y", "z"]),
  get("a blank in a name", "8.2.1", malformed, ["x y", "z"]),
  get("a control character in a name", "8.2.1", malformed, ["x\x01", "z"]),
  get("NUL in a name", "8.2.1", malformed, ["x\0", "z"]),
  get("LF in a name", "8.2.1", malformed, ["x\ny", "z"]),
  get("DEL in a name", "8.2.1", malformed, ["x\x7f", "z"]),
  get("a byte beyond ASCII in a name", "8.2.1", malformed, ["x\xe9", "z"]),
  get("a colon in a name", "8.2.1", malformed, ["x:y", "z"]),
  get("a colon at the end of a name", "8.2.1", malformed, ["x:", "z"]),
  get("no name", "8.2.1", malformed, ["", "z"]),
  get("NUL in a value", "8.2.1", malformed, ["x", "a\0b"]),
  get("LF in a value", "8.2.1", malformed, ["x", "a\nb"]),
  get("CR in a value", "8.2.1", malformed, ["x", "a\rb"]),
  get("a request in a value", "8.2.1", malformed, ["x", "a\r\n\r\nGET /b HTTP/1.1\r\nHost: c"]),
  get("a value that begins with a blank", "8.2.1", malformed, ["x", " a"]),
  get("a value that ends with a tab", "8.2.1", malformed, ["x", "a\t"]),
  request("LF in a pseudo-field", "8.2.1", malformed, ...requestLines("GET", "/\n")),
  get("bytes beyond ASCII in a value", "8.2.1", { ok: ["#1 GET https://a / {x: \xe9 \x80} end"] }, [
    "x",
    "\xe9 \x80",
  ]),
  get("an empty value", "8.2.1", { ok: ["#1 GET https://a / {x: } end"] }, ["x", ""]),
  ...["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"].map((name) =>
    get(name, "8.2.2", malformed, [name, name === "transfer-encoding" ? "chunked" : "x"])
  ),
  get("te of something else", "8.2.2", malformed, ["te", "gzip"]),
  get("te of trailers and something else", "8.2.2", malformed, ["te", "trailers, deflate;q=0.5"]),
  get("te: trailers", "8.2.2", { ok: ["#1 GET https://a / {te: trailers} end"] }, ["te", "trailers"]),
];

const method: FieldLine = [":method", "GET"];
const scheme: FieldLine = [":scheme", "https"];
const authority: FieldLine = [":authority", "a"];
const path: FieldLine = [":path", "/"];

export const pseudoFieldRows: Row[] = [
  request("any order", "8.3", { ok: ["#1 GET https://a / {} end"] }, path, authority, scheme, method),
  request("after a field", "8.3", malformed, method, scheme, ["x", "y"], path),
  request("unknown", "8.3", malformed, method, scheme, path, [":test", "x"]),
  request("of a response", "8.3", malformed, method, scheme, path, [":status", "200"]),
  request("no name but the colon", "8.3", malformed, method, scheme, path, [":", "x"]),
  request("in uppercase", "8.3", malformed, [":METHOD", "GET"], scheme, path),
  request("none at all", "8.3.1", malformed, ["x", "y"]),
  request("an empty section", "8.3.1", malformed),
  request("no :method", "8.3.1", malformed, scheme, authority, path),
  request("no :scheme", "8.3.1", malformed, method, authority, path),
  request("no :path", "8.3.1", malformed, method, scheme, authority),
  request(":path empty", "8.3.1", malformed, method, scheme, authority, [":path", ""]),
  request(":method empty", "8.3.1", malformed, [":method", ""], scheme, authority, path),
  request(":method that is no token", "8.3.1", malformed, [":method", "G T"], scheme, authority, path),
  request(":scheme empty", "8.3.1", malformed, method, [":scheme", ""], authority, path),
  request(":path not absolute", "8.3.1", malformed, method, scheme, authority, [":path", "x"]),
  request(":path * without OPTIONS", "8.3.1", malformed, method, scheme, authority, [":path", "*"]),
  request(":path with a blank", "8.3.1", malformed, method, scheme, authority, [":path", "/ HTTP/1.1"]),
  request(":method twice", "8.3", malformed, method, method, scheme, path),
  request(":scheme twice", "8.3", malformed, method, scheme, scheme, path),
  request(":authority twice", "8.3", malformed, method, scheme, path, authority, authority),
  request(":path twice", "8.3", malformed, method, scheme, path, path),
  request("userinfo", "8.3.1", malformed, method, scheme, path, [":authority", "u:p@a"]),
  request(
    "OPTIONS *",
    "8.3.1",
    { ok: ["#1 OPTIONS https://a * {} end"] },
    [":method", "OPTIONS"],
    scheme,
    authority,
    [":path", "*"],
  ),
  request(
    "Host instead of :authority",
    "8.3.1",
    { ok: ["#1 GET https://b / {host: b} end"] },
    method,
    scheme,
    path,
    ["host", "b"],
  ),
  request(
    "Host the same as :authority",
    "8.3.1",
    { ok: ["#1 GET https://a / {host: a} end"] },
    method,
    scheme,
    authority,
    path,
    ["host", "a"],
  ),
  request(
    "Host that differs from :authority",
    "8.3.1",
    { any: [malformed, { ok: [/^#1 GET https:\/\/a \/ /] }, { forgiven: [/^#1 GET https:\/\/a \/ /] }] },
    method,
    scheme,
    authority,
    path,
    ["host", "b"],
  ),
  request(
    ":protocol that was not offered",
    "8.3",
    malformed,
    [":method", "CONNECT"],
    [":protocol", "websocket"],
    scheme,
    authority,
    path,
  ),
];

/** After a malformed head the stream is over: what was under way is dropped, and the next stream is as good as ever. */
export const afterFaultRows: Row[] = [
  row(
    "the rest of a malformed request is dropped",
    "5.4.2",
    { stream: 1, code: "PROTOCOL_ERROR", says: ["#3 GET https://a / {} end"] },
    headers(1, requestLines("POST", "/", ["X", "y"])),
    data(1, "abc"),
    windowUpdate(1, 10),
    priority(1, 0),
    headers(1, [["t", "u"]], { end: true }),
    headers(3, requestLines("GET", "/"), { end: true }),
  ),
  row(
    "a reset of it, too",
    "5.4.2",
    malformed,
    headers(1, requestLines("POST", "/", ["X", "y"])),
    resetStream(1, 8),
  ),
];
