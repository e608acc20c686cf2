// Responses that are malformed, those that are forgiven, and the odd ones that are neither, as frames to a client
// (RFC 9113, 8.1 to 8.3, 8.5, 8.6).

import { continuation, data, type FieldLine, headers, resetStream } from "../kit/http2_frames.ts";
import { connectHead, requestHead, responseLines } from "./drive.ts";
import { type Expectation, GET, HEAD, POST, type RequestSpec, type Row } from "./rows.ts";

const malformed: Expectation = { stream: 1, code: "PROTOCOL_ERROR", says: [] };
/** The head had been told when it came out. */
const malformedLater: Expectation = { stream: 1, code: "PROTOCOL_ERROR" };

function row(name: string, rule: string, expect: Expectation, ...bytes: Uint8Array[]): Row {
  return { name, rule: `RFC 9113, ${rule}`, role: "client", bytes, expect };
}

function to(request: RequestSpec, answered: Row): Row {
  return { ...answered, requests: [request] };
}

/** One whole response with these lines. */
function response(name: string, rule: string, expect: Expectation, ...lines: FieldLine[]): Row {
  return row(name, rule, expect, headers(1, lines, { end: true }));
}

const head = (status: number | string, ...more: FieldLine[]): Uint8Array =>
  headers(1, responseLines(status, ...more));
const whole = (status: number | string, ...more: FieldLine[]): Uint8Array =>
  headers(1, responseLines(status, ...more), { end: true });
const trailers = headers(1, [["t", "u"]], { end: true });
const length = (value: string): FieldLine => ["content-length", value];

export const exchangeRows: Row[] = [
  row(
    "a body",
    "8.1",
    { ok: ["#1 200 {a: b} stream", '#1 body "xy"', "#1 end"] },
    head(200, ["a", "b"]),
    data(1, "x"),
    data(1, "y", { end: true }),
  ),
  row("no body", "8.1", { ok: ["#1 404 {} end"] }, whole(404)),
  row(
    "trailers",
    "8.1",
    { ok: ["#1 200 {} stream", '#1 body "x"', "#1 trailers {t: u}"] },
    head(200),
    data(1, "x"),
    trailers,
  ),
  row(
    "trailers without a body",
    "8.1",
    { ok: ["#1 200 {} stream", "#1 trailers {t: u}"] },
    head(200),
    trailers,
  ),
  row(
    "interim responses",
    "8.1",
    { ok: ["#1 100 {} none", "#1 103 {link: </a>} none", "#1 103 {link: </b>} none", "#1 204 {} end"] },
    head(100),
    head(103, ["link", "</a>"]),
    head(103, ["link", "</b>"]),
    whole(204),
  ),
  to(POST, row("100 while the request goes on", "8.1", { ok: ["#1 100 {} none"] }, head(100))),
  row("an interim response that ends", "8.1", malformedLater, whole(103)),
  row("DATA after an interim response", "8.1", malformedLater, head(103), data(1, "x")),
  row("an interim response after the final one", "8.1", malformedLater, head(200), head(103)),
  row("DATA before HEADERS", "8.1", malformed, data(1, "x")),
  row("empty DATA that ends, before HEADERS", "8.1", malformed, data(1, "", { end: true })),
  row(
    "a second HEADERS that does not end",
    "8.1",
    malformedLater,
    head(200),
    data(1, "x"),
    headers(1, [["t", "u"]]),
  ),
  row("a second response that ends", "8.1", malformedLater, head(200), whole(200)),
  row(
    "a pseudo-field in trailers",
    "8.1",
    malformedLater,
    head(200),
    headers(1, [["t", "u"], [":status", "200"]], { end: true }),
  ),
  row("nothing but an end", "8.1", malformed, headers(1, [], { end: true })),
  row(
    "a response before the request has ended",
    "8.1",
    { ok: ["#1 413 {} end"] },
    whole(413),
  ),
  to(
    POST,
    row(
      "the same, and NO_ERROR: the response counts",
      "8.1",
      { ok: ["#1 413 {} stream", '#1 body "no"', "#1 end", "#1 reset stream NO_ERROR"] },
      head(413),
      data(1, "no", { end: true }),
      resetStream(1, 0),
    ),
  ),
  row(
    "a reset in the middle",
    "8.1",
    { ok: ["#1 200 {} stream", '#1 body "x"', "#1 reset stream INTERNAL_ERROR"] },
    head(200),
    data(1, "x"),
    resetStream(1, 2),
  ),
  row("101", "8.6", malformed, head(101)),
  row("101 that ends", "8.6", malformed, whole(101)),
];

const three = "#1 200 {content-length: 3} length 3";

export const lengthRows: Row[] = [
  row(
    "content-length kept",
    "8.1.1",
    { ok: [three, '#1 body "abc"', "#1 end"] },
    head(200, length("3")),
    data(1, "abc", { pad: 3, end: true }),
  ),
  row("too little", "8.1.1", malformedLater, head(200, length("3")), data(1, "ab", { end: true })),
  row(
    "too little, before trailers",
    "8.1.1",
    malformedLater,
    head(200, length("3")),
    data(1, "ab"),
    trailers,
  ),
  row("nothing", "8.1.1", malformedLater, whole(200, length("3"))),
  row("too much", "8.1.1", malformedLater, head(200, length("3")), data(1, "abcd", { end: true })),
  row(
    "too much, no end in sight",
    "8.1.1",
    malformedLater,
    head(200, length("3")),
    data(1, "ab"),
    data(1, "cd"),
  ),
  ...["x", "-1", "+3", "3.0", "", "99999999999999999999"].map((value) =>
    row(`content-length ${JSON.stringify(value)}`, "8.1.1", malformed, head(200, length(value)))
  ),
  row("content-length twice, differing", "8.1.1", malformed, head(200, length("3"), length("4"))),
  to(HEAD, row("HEAD", "8.1.1", { ok: ["#1 200 {content-length: 3} end"] }, whole(200, length("3")))),
  to(
    HEAD,
    row(
      "HEAD, ended by empty DATA",
      "8.1.1",
      { ok: [/^#1 200 \{content-length: 3\} /, "#1 end"] },
      head(200, length("3")),
      data(1, "", { end: true }),
    ),
  ),
  to(
    HEAD,
    row("HEAD with a body", "8.1.1", malformedLater, head(200, length("3")), data(1, "abc", { end: true })),
  ),
  row("304", "8.1.1", { ok: ["#1 304 {content-length: 3} end"] }, whole(304, length("3"))),
  row("304 with a body", "8.1.1", malformedLater, head(304, length("3")), data(1, "abc", { end: true })),
  row("204", "8.1.1", { ok: ["#1 204 {} end"] }, whole(204)),
  row("204 with a body", "8.1.1", malformedLater, head(204), data(1, "x", { end: true })),
];

const status: FieldLine = [":status", "200"];

export const pseudoFieldRows: Row[] = [
  response("no :status", "8.3.2", malformed, ["x", "y"]),
  response(":status twice", "8.3", malformed, status, status),
  response(":status after a field", "8.3", malformed, ["x", "y"], status),
  response(":status empty", "8.3.2", malformed, [":status", ""]),
  ...["20", "2000", "2x0", "-20", "+20", "20 ", "0200", "OK", "\xb200"].map((value) =>
    response(`:status ${JSON.stringify(value)}`, "8.3.2", malformed, [":status", value])
  ),
  response("of a request", "8.3", malformed, status, [":path", "/"]),
  response("unknown", "8.3", malformed, status, [":test", "x"]),
  response("in uppercase", "8.3", malformed, [":STATUS", "200"]),
];

const forgiven: Expectation = { forgiven: [/^#1 200 \{.*\} end$/] };

export const fieldRows: Row[] = [
  ...["connection", "proxy-connection", "keep-alive", "upgrade", "transfer-encoding"].map((name) =>
    response(name, "8.2.2", forgiven, status, [name, name === "transfer-encoding" ? "chunked" : "x"])
  ),
  row(
    "several connection-specific fields, twice",
    "8.2.2",
    { forgiven: [/^#1 103 /, /^#1 200 \{.*\} end$/] },
    head(103, ["connection", "x"], ["keep-alive", "timeout=5"]),
    whole(200, ["connection", "x"]),
  ),
  row(
    "uppercase names, twice",
    "8.2",
    { forgiven: [/^#1 200 \{x-y: z \| server: s\} end$/i] },
    whole(200, ["X-Y", "z"], ["Server", "s"]),
  ),
  row(
    "an uppercase name in trailers",
    "8.2",
    { forgiven: [/^#1 200 /, /^#1 trailers \{t: u\}$/i] },
    head(200),
    headers(1, [["T", "u"]], { end: true }),
  ),
  response("a blank in a name", "8.2.1", malformed, status, ["x y", "z"]),
  response("CR in a name", "8.2.1", malformed, status, ["x\r", "z"]),
  response("NUL in a name", "8.2.1", malformed, status, ["x\0", "z"]),
  response("a byte beyond ASCII in a name", "8.2.1", malformed, status, ["x\xe9", "z"]),
  response("a colon in a name", "8.2.1", malformed, status, ["x:y", "z"]),
  response("no name", "8.2.1", malformed, status, ["", "z"]),
  response("NUL in a value", "8.2.1", malformed, status, ["x", "a\0b"]),
  response("LF in a value", "8.2.1", malformed, status, ["x", "a\nb"]),
  response("CR in a value", "8.2.1", malformed, status, ["x", "a\rb"]),
  response("a response in a value", "8.2.1", malformed, status, ["x", "a\r\n\r\nHTTP/1.1 200 OK"]),
  response(
    "a value that begins with a blank",
    "8.2.1",
    { any: [malformed, { forgiven: [/^#1 200 \{x: ?a\} end$/] }] },
    status,
    ["x", " a"],
  ),
  row("LF in trailers", "8.2.1", malformedLater, head(200), headers(1, [["t", "a\nb"]], { end: true })),
];

const CONNECT: RequestSpec = { head: connectHead("a:1"), end: true };

export const connectRows: Row[] = [
  to(
    CONNECT,
    row(
      "refused, with a body",
      "8.5",
      { ok: ["#1 403 {} stream", '#1 body "no"', "#1 end"] },
      head(403),
      data(1, "no", { end: true }),
    ),
  ),
  to(
    CONNECT,
    row("interim, then refused", "8.5", { ok: ["#1 103 {} none", "#1 502 {} end"] }, head(103), whole(502)),
  ),
  to(
    CONNECT,
    row(
      "refused with trailers",
      "8.5",
      { ok: ["#1 403 {} stream", "#1 trailers {t: u}"] },
      head(403),
      trailers,
    ),
  ),
];

export const manyRows: Row[] = [
  {
    ...row(
      "a malformed response leaves the others alone",
      "5.4.2",
      {
        stream: 3,
        code: "PROTOCOL_ERROR",
        says: ["#1 200 {} stream", "#5 200 {} end", '#1 body "x"', "#1 end"],
      },
      head(200),
      headers(3, responseLines(200, ["x", "a\0b"]), { endHeaders: false }),
      continuation(3, new Uint8Array(0)),
      headers(5, responseLines(200), { end: true }),
      data(3, "dropped"),
      data(1, "x", { end: true }),
      headers(3, [["t", "u"]], { end: true }),
    ),
    requests: [GET, GET, { head: requestHead("GET", "/5"), end: true }],
  },
];
