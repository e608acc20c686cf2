// Header lists that are no request: RFC 9113, 8.1.1, 8.2, 8.3 and 8.5; RFC 8441, 3 and 4; RFC 9110, 7.2, 8.6 and 9.1.

import type { Line } from "./head_lists.ts";
import { get, post, type RequestHeadRow, websocket } from "./request_head_rows.ts";

const fault = (name: string, rule: string, lines: Line[], message: string): RequestHeadRow => ({
  name,
  rule,
  lines,
  fault: message,
});

const names: RequestHeadRow[] = [
  fault("an uppercase name", "RFC 9113, 8.2.1", [...get, "Accept: x"], "accept came with uppercase"),
  fault("an empty name", "RFC 9113, 8.2.1", [...get, ["", "x"]], "not a token"),
  ...[" ", "a b", "a\t", "a\0", "a\x1f", "a\x7f", "a\x80", "a\xff", "a:b", "a(", "a\r\nb", "a,b", 'a"'].map((
    text,
  ) => fault(`the name ${JSON.stringify(text)}`, "RFC 9113, 8.2.1", [...get, [text, "x"]], "not a token")),
];

const values: RequestHeadRow[] = [
  ...["\0", "a\0b", "\r", "a\nb", "a\r\nb: c", "\r\n"].map((text) =>
    fault(`the value ${JSON.stringify(text)}`, "RFC 9113, 8.2.1", [...get, ["x", text]], "line break or NUL")
  ),
  ...[" a", "a ", "\ta", "a\t", " "].map((text) =>
    fault(`the value ${JSON.stringify(text)}`, "RFC 9113, 8.2.1", [...get, ["x", text]], "x has blanks")
  ),
  ...["a\x01", "\x7f", "a\x0bb"].map((text) =>
    fault(`the value ${JSON.stringify(text)}`, "RFC 9110, 5.5", [...get, ["x", text]], "control character")
  ),
];

const connectionSpecific: RequestHeadRow[] = [
  ...["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"].map((name) =>
    fault(name, "RFC 9113, 8.2.2", [...get, [name, "x"]], `field ${name} belongs to HTTP/1`)
  ),
  ...["gzip", "trailers, gzip", "trailers;q=1", ""].map((value) =>
    fault(
      `te: ${value}`,
      "RFC 9113, 8.2.2",
      [...get, ["te", value]],
      "te says more",
    )
  ),
];

const without = (name: string): Line[] => get.filter((line) => !line.startsWith(name));
const instead = (line: string): Line[] => [
  ...without(line.slice(0, line.indexOf(": ", 1))),
  line,
];

const pseudo: RequestHeadRow[] = [
  fault("no fields at all", "RFC 9113, 8.3.1", [], "without :method"),
  fault("no :method", "RFC 9113, 8.3.1", without(":method"), "without :method"),
  fault("no :scheme", "RFC 9113, 8.3.1", without(":scheme"), "without :scheme"),
  fault("no :path", "RFC 9113, 8.3.1", without(":path"), "without :path"),
  ...get.map((line) => fault(`${line.slice(0, 7)} twice`, "RFC 9113, 8.3", [...get, line], "Several :")),
  fault(
    "the pseudo-field of responses",
    "RFC 9113, 8.3",
    [...get, ":status: 200"],
    "not defined for requests",
  ),
  fault("an unknown pseudo-field", "RFC 9113, 8.3", [...get, ":x: y"], "not defined for requests"),
  fault("a pseudo-field in uppercase", "RFC 9113, 8.3", [...without(":path"), ":Path: /"], "not defined"),
  fault("a lone colon", "RFC 9113, 8.3", [...get, [":", "x"]], "not defined"),
  fault(
    "a pseudo-field after a regular field",
    "RFC 9113, 8.3.1",
    [...without(":path"), "x: y", ":path: /"],
    "without :path",
  ),
  fault(
    "a second :path after a regular field",
    "RFC 9113, 8.3",
    [...get, "x: y", ":path: /x"],
    "after a regular",
  ),
  ...["", "G T", "GET\r\nx: y", "G:", "GET/", "\xe9"].map((method) =>
    fault(
      `the method ${JSON.stringify(method)}`,
      "RFC 9110, 9.1",
      [[":method", method], ...without(":method")],
      "method is not a token",
    )
  ),
  ...["", "1x", "ht tp", "http:", "http://b/?", "\xe9"].map((scheme) =>
    fault(
      `the scheme ${JSON.stringify(scheme)}`,
      "RFC 9113, 8.3.1",
      [...without(":scheme"), [":scheme", scheme]],
      ":scheme is not",
    )
  ),
  fault("an empty path", "RFC 9113, 8.3.1", [...without(":path"), [":path", ""]], ":path is empty"),
  ...["x", "?x", "http://b/", "*", "/ x", "/\t", "/\0", "/x HTTP/1.1\r\nx: y", "/\x7f", " /"].map((path) =>
    fault(
      `the path ${JSON.stringify(path)}`,
      "RFC 9113, 8.3.1",
      [...without(":path"), [":path", path]],
      "neither a path",
    )
  ),
  fault(
    "a path of another scheme that is not one",
    "RFC 9113, 8.3.1",
    [":method: GET", ":scheme: x", ":authority: a", ":path: http://b/"],
    "neither a path",
  ),
  fault(
    "OPTIONS with more than an asterisk",
    "RFC 9113, 8.3.1",
    [":method: OPTIONS", ":scheme: https", ":authority: a", ":path: *x"],
    "neither a path",
  ),
];

const authorities: RequestHeadRow[] = [
  fault("userinfo", "RFC 9113, 8.3.1", instead(":authority: u:p@a"), "has userinfo"),
  ...["", "a b", "a/b", "a:b", "a:0", "a:65536", "[::1", "a\r\nx: y", "a\0", "\xe9", ":80", "a,b c"].map((
    text,
  ) =>
    fault(
      `the authority ${JSON.stringify(text)}`,
      "RFC 9113, 8.3.1",
      [...without(":authority"), [":authority", text]],
      "is not a host",
    )
  ),
  fault("another host", "RFC 9113, 8.3.1", [...get, "host: b"], "host differs"),
  fault("an empty host", "RFC 9113, 8.3.1", [...get, "host: "], "host differs"),
  fault("another port", "RFC 9113, 8.3.1", [...get, "host: a:80"], "host differs"),
  fault("a host that is none", "RFC 9113, 8.3.1", [...get, "host: a/b"], "host differs"),
  fault("two hosts", "RFC 9110, 5.3", [...get, "host: a", "host: a"], "Several host"),
  fault("a bad host alone", "RFC 9110, 7.2", [...without(":authority"), "host: a@b"], "not a valid"),
];

const lengths: RequestHeadRow[] = [
  ...["", "x", "-1", "+1", "0x1", "1.0", "1 1", "1,1", "1e1", "9007199254740993"].map((text) =>
    fault(
      `content-length ${JSON.stringify(text)}`,
      "RFC 9110, 8.6",
      [...post, ["content-length", text]],
      "not one number",
    )
  ),
  fault(
    "two lengths that differ",
    "RFC 9110, 8.6",
    [...post, "content-length: 1", "content-length: 2"],
    "not one number",
  ),
  fault(
    "two lengths that are equal",
    "RFC 9110, 8.6",
    [...post, "content-length: 0", "content-length: 0"],
    "not one number",
  ),
  fault("a length and no body", "RFC 9113, 8.1.1", [...post, "content-length: 5"], "announces 5 bytes"),
];

const connects: RequestHeadRow[] = [
  fault("CONNECT with :scheme", "RFC 9113, 8.5", [
    ":method: CONNECT",
    ":scheme: https",
    ":authority: a:443",
  ], "with :scheme or :path"),
  fault("CONNECT with :path", "RFC 9113, 8.5", [
    ":method: CONNECT",
    ":path: /",
    ":authority: a:443",
  ], "with :scheme or :path"),
  fault(
    "CONNECT without :authority",
    "RFC 9113, 8.5",
    [":method: CONNECT", "host: a:443"],
    "without :authority",
  ),
  fault("CONNECT without port", "RFC 9113, 8.5", [":method: CONNECT", ":authority: a"], "not host:port"),
  fault(
    "CONNECT with another host",
    "RFC 9113, 8.3.1",
    [":method: CONNECT", ":authority: a:443", "host: b:443"],
    "host differs",
  ),
  fault(
    "CONNECT with another port",
    "RFC 9113, 8.3.1",
    [":method: CONNECT", ":authority: a:443", "host: a:80"],
    "host differs",
  ),
  fault(
    "CONNECT with a body",
    "RFC 9110, 9.3.6",
    [":method: CONNECT", ":authority: a:443", "content-length: 5"],
    "CONNECT with a content-length",
  ),
  fault("extended CONNECT that was not offered", "RFC 8441, 3", websocket, "without having been offered"),
];

const extended = (name: string, lines: Line[], message: string, rule = "RFC 8441, 4"): RequestHeadRow => ({
  name,
  rule,
  lines,
  extendedConnect: true,
  fault: message,
});
const websocketWithout = (name: string): Line[] => websocket.filter((line) => !line.startsWith(name));

const extendedConnects: RequestHeadRow[] = [
  extended(":protocol without CONNECT", [...get, ":protocol: websocket"], "not CONNECT"),
  extended("an empty :protocol", [...websocketWithout(":protocol"), [":protocol", ""]], "names no protocol"),
  extended("a bad :protocol", [...websocketWithout(":protocol"), ":protocol: a b"], "names no protocol"),
  extended("without :authority", [...websocketWithout(":authority"), "host: a"], "without :authority"),
  extended("without :scheme", websocketWithout(":scheme"), "without :scheme", "RFC 9113, 8.3.1"),
  extended("without :path", websocketWithout(":path"), "without :path", "RFC 9113, 8.3.1"),
  extended(
    "with an asterisk",
    [...websocketWithout(":path"), ":path: *"],
    "neither a path",
    "RFC 9113, 8.3.1",
  ),
];

export const malformedRequestHeads: RequestHeadRow[] = [
  ...names,
  ...values,
  ...connectionSpecific,
  ...pseudo,
  ...authorities,
  ...lengths,
  ...connects,
  ...extendedConnects,
];
