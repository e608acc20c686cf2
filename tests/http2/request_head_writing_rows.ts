// Requests of any version, and the header list that goes out for each: RFC 9113, 8.2, 8.3.1 and 8.5; RFC 8441, 4 and 5.

import { Fields } from "../../lib/http/fields.ts";
import type { RequestHead } from "../../lib/http/head.ts";
import type { RequestWriting } from "../../lib/http2/head_writer.ts";

export interface RequestWritingRow {
  name: string;
  rule: string;
  /** What it has besides GET / HTTP/1.1 with the authority "a". */
  head: Partial<RequestHead>;
  options?: Partial<RequestWriting>;
  lines: string[];
}

/** The pseudo-fields of what goes out. */
export const get = [":method: GET", ":authority: a", ":scheme: https", ":path: /"];
const post = [":method: POST", ":authority: a", ":scheme: https", ":path: /"];

const connect: Partial<RequestHead> = {
  method: "CONNECT",
  target: "b:443",
  targetForm: "authority",
  authority: "b:443",
  path: "",
};
const upgrade: Partial<RequestHead> = {
  target: "/chat",
  path: "/chat",
  protocol: "WebSocket",
  fields: Fields.of(
    ["Host", "a"],
    ["Connection", "Upgrade, X"],
    ["Upgrade", "WebSocket"],
    ["Sec-WebSocket-Key", "k"],
    ["Sec-WebSocket-Version", "13"],
    ["X", "y"],
  ),
};

const targets: RequestWritingRow[] = [
  { name: "origin form", rule: "RFC 9113, 8.3.1", head: {}, lines: get },
  {
    name: "the scheme of the connection",
    rule: "RFC 9113, 8.3.1",
    head: { target: "/x?y" },
    options: { scheme: "http" },
    lines: [":method: GET", ":authority: a", ":scheme: http", ":path: /x?y"],
  },
  {
    name: "absolute form",
    rule: "RFC 9113, 8.3.1",
    head: { target: "http://b?x", targetForm: "absolute", scheme: "http", authority: "b", path: "/?x" },
    lines: [":method: GET", ":authority: b", ":scheme: http", ":path: /?x"],
  },
  {
    name: "asterisk form",
    rule: "RFC 9113, 8.3.1",
    head: { method: "OPTIONS", target: "*", targetForm: "asterisk", path: "*" },
    lines: [":method: OPTIONS", ":authority: a", ":scheme: https", ":path: *"],
  },
  {
    name: "no authority: no :authority",
    rule: "RFC 9113, 8.3.1",
    head: { version: "HTTP/1.0", authority: "", fields: new Fields() },
    lines: [":method: GET", ":scheme: https", ":path: /"],
  },
  {
    name: "an empty Host: no :authority",
    rule: "RFC 9113, 8.3.1",
    head: { authority: "", fields: Fields.of(["Host", ""]) },
    lines: [":method: GET", ":scheme: https", ":path: /"],
  },
  {
    name: "CONNECT",
    rule: "RFC 9113, 8.5",
    head: { ...connect, fields: Fields.of(["Host", "b:443"], ["Content-Length", "0"], ["x", "y"]) },
    lines: [":method: CONNECT", ":authority: b:443", "x: y"],
  },
  {
    name: "CONNECT with its authority in the target alone",
    rule: "RFC 9113, 8.5",
    head: { ...connect, authority: "", fields: new Fields() },
    lines: [":method: CONNECT", ":authority: b:443"],
  },
  {
    name: "extended CONNECT",
    rule: "RFC 8441, 4",
    head: {
      version: "HTTP/2.0",
      method: "CONNECT",
      protocol: "x",
      scheme: "http",
      fields: Fields.of(["y", "z"]),
    },
    options: { extendedConnect: true },
    lines: [":method: CONNECT", ":authority: a", ":scheme: http", ":path: /", ":protocol: x", "y: z"],
  },
  {
    name: "a WebSocket handshake becomes extended CONNECT",
    rule: "RFC 8441, 5",
    head: upgrade,
    options: { extendedConnect: true },
    lines: [
      ":method: CONNECT",
      ":authority: a",
      ":scheme: https",
      ":path: /chat",
      ":protocol: websocket",
      "sec-websocket-version: 13",
    ],
  },
  {
    name: "a WebSocket handshake to a server that takes no extended CONNECT loses its Upgrade",
    rule: "RFC 9113, 8.2.2",
    head: upgrade,
    lines: [
      ":method: GET",
      ":authority: a",
      ":scheme: https",
      ":path: /chat",
      "sec-websocket-key: k",
      "sec-websocket-version: 13",
    ],
  },
  ...([["POST", "none"], ["GET", "chunked"]] as const).map(([method, framing]): RequestWritingRow => ({
    name: `${method} with framing ${framing} is no WebSocket handshake`,
    rule: "RFC 6455, 4.1",
    head: { method, framing, protocol: "websocket", fields: Fields.of(["Upgrade", "websocket"], ["x", "y"]) },
    options: { extendedConnect: true },
    lines: [`:method: ${method}`, ":authority: a", ":scheme: https", ":path: /", "x: y"],
  })),
  {
    name: "h2c is not upgraded to",
    rule: "RFC 9113, 8.2.2",
    head: {
      protocol: "h2c",
      fields: Fields.of(
        ["Host", "a"],
        ["Connection", "Upgrade, HTTP2-Settings"],
        ["Upgrade", "h2c"],
        ["HTTP2-Settings", "x"],
      ),
    },
    options: { extendedConnect: true },
    lines: get,
  },
];

const host: RequestWritingRow[] = [
  {
    name: "Host of HTTP/1 is said in :authority only",
    rule: "RFC 9113, 8.3.1",
    head: { authority: "b", fields: Fields.of(["x", "y"], ["hOST", "a"]) },
    lines: [":method: GET", ":authority: b", ":scheme: https", ":path: /", "x: y"],
  },
  {
    name: "host of HTTP/2 is kept",
    rule: "RFC 9113, 8.3.1",
    head: { version: "HTTP/2.0", scheme: "https", fields: Fields.of(["x", "y"], ["host", "A:443"]) },
    lines: [...get, "x: y", "host: A:443"],
  },
  {
    name: "host of HTTP/2 alone is said in :authority too",
    rule: "RFC 9113, 8.3.1",
    head: { version: "HTTP/2.0", scheme: "https", fields: Fields.of(["host", "a"]) },
    lines: [...get, "host: a"],
  },
  {
    name: "host of HTTP/2 goes when the request is sent elsewhere",
    rule: "RFC 9113, 8.3.1",
    head: { version: "HTTP/2.0", authority: "b", fields: Fields.of(["host", "a"]) },
    lines: [":method: GET", ":authority: b", ":scheme: https", ":path: /"],
  },
  {
    name: "never two hosts",
    rule: "RFC 9110, 5.3",
    head: { version: "HTTP/2.0", fields: Fields.of(["host", "a"], ["host", "a"]) },
    lines: [...get, "host: a"],
  },
  {
    name: "CONNECT keeps a host without port",
    rule: "RFC 9113, 8.3.1",
    head: { ...connect, version: "HTTP/2.0", fields: Fields.of(["host", "b"]) },
    options: { scheme: "http" },
    lines: [":method: CONNECT", ":authority: b:443", "host: b"],
  },
];

const fields: RequestWritingRow[] = [
  {
    name: "names in lower case, order and duplicates kept",
    rule: "RFC 9113, 8.2.1",
    head: { fields: Fields.of(["Accept", "x"], ["X-Y", "\xe9 "], ["accept", "z"]) },
    lines: [...get, "accept: x", "x-y: \xe9", "accept: z"],
  },
  {
    name: "connection-specific fields are left out, and what Connection names",
    rule: "RFC 9113, 8.2.2",
    head: {
      fields: Fields.of(
        ["Connection", "X, close"],
        ["Connection", "authorization, content-type, Cookie"],
        ["Keep-Alive", "300"],
        ["Proxy-Connection", "x"],
        ["Upgrade", "x"],
        ["HTTP2-Settings", "x"],
        ["X", "y"],
        ["Authorization", "x"],
        ["Cookie", "x"],
        ["Content-Type", "text/plain"],
        ["Expect", "100-continue"],
        ["Trailer", "t"],
      ),
    },
    lines: [...get, "content-type: text/plain", "expect: 100-continue", "trailer: t"],
  },
  {
    name: "connection-specific fields a hook put into a head of HTTP/2",
    rule: "RFC 9113, 8.2.2",
    head: { version: "HTTP/2.0", fields: Fields.of(["Connection", "X"], ["X", "y"], ["a", "b"]) },
    lines: [...get, "a: b"],
  },
  {
    name: "of TE only trailers",
    rule: "RFC 9113, 8.2.2",
    head: { fields: Fields.of(["TE", "gzip"], ["x", "y"], ["te", "deflate, Trailers"]) },
    lines: [...get, "te: trailers", "x: y"],
  },
  {
    name: "TE without trailers goes",
    rule: "RFC 9113, 8.2.2",
    head: { fields: Fields.of(["TE", "gzip"]) },
    lines: get,
  },
  {
    name: "keep: Proxy-Authorization is passed on",
    rule: "RFC 9110, 11.7.2",
    head: {
      version: "HTTP/2.0",
      fields: Fields.of(["proxy-authorization", "x"], ["proxy-authenticate", "y"]),
    },
    lines: [...get, "proxy-authorization: x", "proxy-authenticate: y"],
  },
  {
    name: "own: Proxy-Authorization is ours",
    rule: "RFC 9110, 11.7.2",
    head: { fields: Fields.of(["Proxy-Authorization", "x"], ["Proxy-Authenticate", "y"]) },
    options: { own: true },
    lines: get,
  },
];

const lengths: RequestWritingRow[] = [
  {
    name: "a length as it was spelled",
    rule: "RFC 9113, 8.1.1",
    head: {
      method: "POST",
      framing: "length",
      contentLength: 5,
      fields: Fields.of(["Content-Length", "05"], ["x", "y"]),
    },
    lines: [...post, "content-length: 05", "x: y"],
  },
  {
    name: "a length that is not what the head says",
    rule: "RFC 9113, 8.1.1",
    head: {
      method: "POST",
      framing: "length",
      contentLength: 5,
      fields: Fields.of(["Content-Length", "6"], ["Content-Length", "5"]),
    },
    lines: [...post, "content-length: 5"],
  },
  {
    name: "a length nobody has said",
    rule: "RFC 9110, 8.6",
    head: { method: "POST", framing: "length", contentLength: 5, fields: Fields.of(["x", "y"]) },
    lines: [...post, "x: y", "content-length: 5"],
  },
  {
    name: "chunked: no length",
    rule: "RFC 9113, 8.2.2",
    head: {
      method: "POST",
      framing: "chunked",
      fields: Fields.of(["Transfer-Encoding", "chunked"], ["Content-Length", "5"]),
    },
    lines: post,
  },
  {
    name: "another transfer coding becomes a content coding",
    rule: "RFC 9113, 8.2.2",
    head: {
      method: "POST",
      framing: "chunked",
      fields: Fields.of(["Content-Encoding", "br"], ["Transfer-Encoding", "gzip , Chunked"]),
    },
    lines: [...post, "content-encoding: br", "content-encoding: gzip"],
  },
  {
    name: "a body of unknown length: no length",
    rule: "RFC 9113, 8.1.1",
    head: {
      version: "HTTP/2.0",
      method: "POST",
      framing: "stream",
      fields: Fields.of(["content-length", "5"]),
    },
    lines: post,
  },
  {
    name: "no body: no length",
    rule: "RFC 9113, 8.1.1",
    head: { method: "POST", fields: Fields.of(["Content-Length", "5"]) },
    lines: post,
  },
];

export const requestWritingRows: RequestWritingRow[] = [
  ...targets,
  ...host,
  ...fields,
  ...lengths,
];
