// Header lists of requests, and what they mean: RFC 9113, 8.2, 8.3.1 and 8.5; RFC 8441, 4.

import type { RequestHead } from "../../lib/http/head.ts";
import type { Line } from "./head_lists.ts";

interface RowBase {
  name: string;
  rule: string;
  lines: Line[];
  /** END_STREAM with the head; true where nothing is said. */
  end?: boolean;
  extendedConnect?: boolean;
}

export type RequestHeadRow =
  & RowBase
  /** `fault`: a part of the message; its rule is the row's. */
  & ({ head: Partial<RequestHead>; fields?: string[] } | { fault: string });

export const get = [":method: GET", ":scheme: https", ":authority: a", ":path: /"];
export const post = [":method: POST", ":scheme: https", ":authority: a", ":path: /"];
export const websocket = [
  ":method: CONNECT",
  ":protocol: websocket",
  ":scheme: https",
  ":path: /chat",
  ":authority: a",
];

/** What is right. */
export const legalRequestHeads: RequestHeadRow[] = [
  {
    name: "a request",
    rule: "RFC 9113, 8.3.1",
    lines: [...get, "x: 1", "accept: */*", "x: 1"],
    head: {
      kind: "request",
      version: "HTTP/2.0",
      method: "GET",
      target: "/",
      targetForm: "origin",
      scheme: "https",
      authority: "a",
      path: "/",
      protocol: null,
      framing: "none",
      contentLength: null,
    },
    fields: ["x: 1", "accept: */*", "x: 1"],
  },
  {
    name: "pseudo-fields in any order",
    rule: "RFC 9113, 8.3",
    lines: [":path: /x?y", ":authority: b:8443", ":method: m-search!~", ":scheme: http"],
    head: { method: "m-search!~", target: "/x?y", scheme: "http", authority: "b:8443", path: "/x?y" },
  },
  {
    name: "the bytes of a path are kept",
    rule: "RFC 9113, 8.3.1",
    lines: [":method: GET", ":scheme: https", ":authority: a", ':path: //x/../%41%zz?"<\xe9\xff>|#f'],
    head: { target: '//x/../%41%zz?"<\xe9\xff>|#f', path: '//x/../%41%zz?"<\xe9\xff>|#f' },
  },
  {
    name: "asterisk form",
    rule: "RFC 9113, 8.3.1",
    lines: [":method: OPTIONS", ":scheme: https", ":authority: a", ":path: *"],
    head: { target: "*", targetForm: "asterisk", path: "*", authority: "a" },
  },
  {
    name: "other schemes than http and https",
    rule: "RFC 9113, 8.3.1",
    lines: [":method: GET", ":scheme: coap+TCP", ":authority: a", ":path: /"],
    head: { scheme: "coap+tcp" },
  },
  {
    name: "neither :authority nor host",
    rule: "RFC 9113, 8.3.1",
    lines: [":method: GET", ":scheme: https", ":path: /"],
    head: { authority: "" },
  },
  {
    name: "host alone",
    rule: "RFC 9113, 8.3.1",
    lines: [":method: GET", ":scheme: https", ":path: /", "host: b:1"],
    head: { authority: "b:1" },
    fields: ["host: b:1"],
  },
  {
    name: "an empty host alone",
    rule: "RFC 9110, 7.2",
    lines: [":method: GET", ":scheme: https", ":path: /", "host: "],
    head: { authority: "" },
    fields: ["host: "],
  },
  {
    name: "host that says the same",
    rule: "RFC 9113, 8.3.1",
    lines: [...get, "host: a"],
    head: { authority: "a" },
    fields: ["host: a"],
  },
  {
    name: "host that says the same in other words",
    rule: "RFC 9113, 8.3.1",
    lines: [":method: GET", ":scheme: https", ":path: /", ":authority: Example.com", "host: eXample.com:443"],
    head: { authority: "Example.com" },
    fields: ["host: eXample.com:443"],
  },
  {
    name: "an IPv6 address",
    rule: "RFC 3986, 3.2.2",
    lines: [":method: GET", ":scheme: http", ":path: /", ":authority: [::1]:80", "host: [::1]"],
    head: { authority: "[::1]:80" },
  },
  {
    name: "a body of unknown length",
    rule: "RFC 9113, 8.1",
    lines: get,
    end: false,
    head: { framing: "stream", contentLength: null },
  },
  {
    name: "a body with its length",
    rule: "RFC 9113, 8.1.1",
    lines: [...post, "content-length: 05"],
    end: false,
    head: { framing: "length", contentLength: 5 },
    fields: ["content-length: 05"],
  },
  {
    name: "a length of 0 and nothing that follows",
    rule: "RFC 9113, 8.1.1",
    lines: [...post, "content-length: 0"],
    head: { framing: "length", contentLength: 0 },
    fields: ["content-length: 0"],
  },
  {
    name: "a length of 0 and an end to come",
    rule: "RFC 9113, 8.1.1",
    lines: [...post, "content-length: 0"],
    end: false,
    head: { framing: "length", contentLength: 0 },
  },
  {
    name: "te: trailers, twice and in any case",
    rule: "RFC 9113, 8.2.2",
    lines: [...get, "te: trailers", "te: Trailers"],
    head: {},
    fields: ["te: trailers", "te: Trailers"],
  },
  {
    name: "cookie crumbs stay crumbs",
    rule: "RFC 9113, 8.2.3",
    lines: [...get, "cookie: a=1", "x: y", "cookie: b=2"],
    head: {},
    fields: ["cookie: a=1", "x: y", "cookie: b=2"],
  },
  {
    name: "names are any token, values any bytes but controls, and may be empty",
    rule: "RFC 9113, 8.2.1",
    lines: [...get, "!#$%&'*+-.^_`|~09az: \x80\xff \t\"", ["x", ""]],
    head: {},
    fields: ["!#$%&'*+-.^_`|~09az: \x80\xff \t\"", "x: "],
  },
  {
    name: "expect, upgrade-insecure-requests and trailer are ordinary fields",
    rule: "RFC 9113, 8.2.2",
    lines: [...get, "expect: 100-continue", "upgrade-insecure-requests: 1", "trailer: x"],
    head: {},
    fields: ["expect: 100-continue", "upgrade-insecure-requests: 1", "trailer: x"],
  },
  {
    name: "CONNECT",
    rule: "RFC 9113, 8.5",
    lines: [":method: CONNECT", ":authority: a:443"],
    end: false,
    head: {
      target: "a:443",
      targetForm: "authority",
      scheme: "",
      authority: "a:443",
      path: "",
      protocol: null,
      framing: "none",
    },
  },
  {
    name: "CONNECT with a host without port, and a length of 0",
    rule: "RFC 9110, 9.3.6",
    lines: [":method: CONNECT", ":authority: a:443", "host: A", "content-length: 0"],
    head: { authority: "a:443", framing: "none", contentLength: null },
    fields: ["host: A", "content-length: 0"],
  },
  {
    name: "extended CONNECT",
    rule: "RFC 8441, 4",
    lines: [...websocket, "sec-websocket-version: 13"],
    end: false,
    extendedConnect: true,
    head: {
      method: "CONNECT",
      target: "/chat",
      targetForm: "origin",
      scheme: "https",
      authority: "a",
      path: "/chat",
      protocol: "websocket",
      framing: "none",
    },
  },
  {
    name: "extended CONNECT to a protocol with a version",
    rule: "RFC 8441, 4",
    lines: [":method: CONNECT", ":protocol: x/1.1", ":scheme: https", ":path: /", ":authority: a"],
    end: false,
    extendedConnect: true,
    head: { protocol: "x/1.1" },
  },
];
