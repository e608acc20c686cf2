// Frames in states that do not allow them, and frames that come late and are allowed (RFC 9113, 5.1, 5.1.1, 5.1.2).

import {
  CODE,
  continuation,
  data,
  headers,
  priority,
  pushPromise,
  resetStream,
  windowUpdate,
} from "../kit/http2_frames.ts";
import { requestLines, responseHead, responseLines } from "./drive.ts";
import {
  closed,
  halfClosedLocal,
  halfClosedRemote,
  only,
  open,
  resetByPeer,
  resetByUs,
} from "./row_states.ts";
import { type Expectation, GET, POST, type Row } from "./rows.ts";

const rule = "RFC 9113, 5.1";
const protocolError = { connection: "PROTOCOL_ERROR" } as const;
const streamClosed = { stream: 1, code: "STREAM_CLOSED" } as const;
/** A frame that may be late, and harms nobody. */
const ignored: Expectation = { any: [{ ok: [] }, { forgiven: [] }] };
/** RFC 9113, 5.1: what a closed stream may make of DATA and HEADERS: any of its errors, or to drop them. */
const overForClient: Expectation = {
  any: [
    { connection: ["STREAM_CLOSED", "PROTOCOL_ERROR"] },
    { closed: 1, code: "STREAM_CLOSED" },
    { forgiven: [] },
  ],
};
const response = responseLines(200);
const block = headers(1, requestLines("GET", "/")).subarray(9);

/** Frames no idle stream takes, by name. */
const onIdle = (stream: number): [string, Uint8Array][] => [
  ["DATA", data(stream, "x")],
  ["empty DATA that ends", data(stream, "", { end: true })],
  ["RST_STREAM", resetStream(stream, CODE.CANCEL)],
  ["WINDOW_UPDATE", windowUpdate(stream, 1)],
  ["CONTINUATION", continuation(stream, block)],
];

export const idleRows: Row[] = [
  ...onIdle(9).map(([name, bytes]): Row => ({
    name: `${name} on a stream of the client`,
    rule,
    role: "both",
    bytes: [bytes],
    expect: protocolError,
  })),
  ...onIdle(2).map(([name, bytes]): Row => ({
    name: `${name} on a stream of the server`,
    rule,
    role: "both",
    bytes: [bytes],
    expect: protocolError,
  })),
  {
    name: "HEADERS on a stream the client has not opened",
    rule,
    role: "client",
    bytes: [headers(9, response, { end: true })],
    expect: protocolError,
  },
  {
    name: "HEADERS on a stream the server has not promised",
    rule: "RFC 9113, 5.1.1",
    role: "client",
    bytes: [headers(2, response, { end: true })],
    expect: protocolError,
  },
  {
    name: "PUSH_PROMISE on an idle stream",
    rule: "RFC 9113, 6.6",
    role: "client",
    offers: { push: true, extendedConnect: false },
    bytes: [pushPromise(9, 2, requestLines("GET", "/"))],
    expect: protocolError,
  },
];

export const openRows: Row[] = [
  open({ name: "WINDOW_UPDATE", rule, bytes: [windowUpdate(1, 1)], expect: { ok: [] } }),
  open({ name: "PRIORITY", rule, bytes: [priority(1, 0)], expect: { ok: [] } }),
  open({
    name: "DATA, and the end",
    rule,
    bytes: [data(1, "a"), data(1, "b", { end: true })],
    expect: { ok: ['#1 body "ab"', "#1 end"] },
  }),
  halfClosedLocal({
    name: "half-closed (local): everything is taken",
    rule,
    bytes: [windowUpdate(1, 1), priority(1, 0), data(1, "a"), headers(1, [["t", "u"]], { end: true })],
    expect: { ok: ['#1 body "a"', "#1 trailers {t: u}"] },
  }),
];

export const halfClosedRows: Row[] = [
  halfClosedRemote({ name: "DATA", rule, bytes: [data(1, "x")], expect: streamClosed }),
  halfClosedRemote({
    name: "empty DATA that ends",
    rule,
    bytes: [data(1, "", { end: true })],
    expect: streamClosed,
  }),
  halfClosedRemote({
    name: "HEADERS",
    rule,
    bytes: [headers(1, [["t", "u"]], { end: true })],
    expect: streamClosed,
  }),
  halfClosedRemote({
    name: "HEADERS that do not end",
    rule,
    bytes: [headers(1, [["t", "u"]])],
    expect: streamClosed,
  }),
  halfClosedRemote({ name: "CONTINUATION", rule, bytes: [continuation(1, block)], expect: protocolError }),
  halfClosedRemote({ name: "WINDOW_UPDATE", rule, bytes: [windowUpdate(1, 1)], expect: { ok: [] } }),
  halfClosedRemote({ name: "PRIORITY", rule, bytes: [priority(1, 0)], expect: { ok: [] } }),
  halfClosedRemote({
    name: "RST_STREAM",
    rule,
    bytes: [resetStream(1, CODE.CANCEL)],
    expect: { ok: ["#1 reset stream CANCEL"] },
  }),
  halfClosedRemote({
    name: "RST_STREAM without an error",
    rule: "RFC 9113, 8.1",
    bytes: [resetStream(1, CODE.NO_ERROR)],
    expect: { ok: ["#1 reset stream NO_ERROR"] },
  }),
];

/** The same for each way a stream can have come to its end by the peer's doing or with its knowledge. */
const ends = [
  // Nothing of it can be late: the server knew that it had said all.
  ["closed", closed, { connection: "STREAM_CLOSED", says: [] }],
  ["reset by the peer", resetByPeer, { forgiven: [] }],
] as const;

export const closedRows: Row[] = ends.flatMap(([how, make, forClient]): Row[] => [
  only("server", make({ name: `${how}: DATA`, rule, bytes: [data(1, "x")], expect: overForClient })),
  only(
    "client",
    make({ name: `${how}: DATA`, rule, bytes: [data(1, "x"), data(1, "y")], expect: forClient }),
  ),
  only(
    "server",
    make({
      name: `${how}: HEADERS`,
      rule,
      bytes: [headers(1, requestLines("GET", "/"), { end: true })],
      expect: overForClient,
    }),
  ),
  only(
    "client",
    make({
      name: `${how}: HEADERS`,
      rule,
      bytes: [headers(1, response, { end: true }), headers(1, response)],
      expect: forClient,
    }),
  ),
  make({ name: `${how}: CONTINUATION`, rule, bytes: [continuation(1, block)], expect: protocolError }),
  make({
    name: `${how}: WINDOW_UPDATE`,
    rule,
    bytes: [windowUpdate(1, 1), windowUpdate(1, 1)],
    expect: ignored,
  }),
  make({ name: `${how}: RST_STREAM`, rule, bytes: [resetStream(1, CODE.CANCEL)], expect: ignored }),
  make({ name: `${how}: PRIORITY`, rule, bytes: [priority(1, 0)], expect: { ok: [] } }),
]);

/** Streams that ended so long ago that nobody remembers how. */
export const forgottenRows: Row[] = ([
  ["DATA", data(1, "x"), { connection: "STREAM_CLOSED" }],
  ["HEADERS", headers(1, requestLines("GET", "/"), { end: true }), {
    connection: ["PROTOCOL_ERROR", "STREAM_CLOSED"],
  }],
  ["WINDOW_UPDATE", windowUpdate(1, 1), ignored],
  ["RST_STREAM", resetStream(1, CODE.CANCEL), ignored],
  ["PRIORITY", priority(1, 0), { ok: [] }],
  ["CONTINUATION", continuation(1, block), protocolError],
] as const).map(([name, bytes, expect]) => ({
  name,
  rule,
  role: "server",
  options: { limits: { rememberedStreams: 2 } },
  before: (wire) => {
    for (let stream = 1; stream < 20; stream += 2) {
      wire.feed(headers(stream, requestLines("GET", "/"), { end: true }));
      wire.respond(stream, responseHead(204), true);
    }
  },
  bytes: [bytes],
  expect,
}));

/** What was under way when we reset the stream is no fault of the peer's. */
export const resetByUsRows: Row[] = [
  resetByUs({
    name: "DATA and HEADERS",
    rule,
    bytes: [data(1, "x"), data(1, "", { pad: 9 }), headers(1, [["t", "u"]], { end: true })],
    expect: { ok: [] },
  }),
  resetByUs({
    name: "a malformed section",
    rule,
    bytes: [headers(1, [["T", "u"], [":path", "/"]], { end: true })],
    expect: { ok: [] },
  }),
  resetByUs({ name: "WINDOW_UPDATE", rule, bytes: [windowUpdate(1, 1)], expect: { ok: [] } }),
  resetByUs({ name: "RST_STREAM", rule, bytes: [resetStream(1, CODE.CANCEL)], expect: { ok: [] } }),
  resetByUs({ name: "PRIORITY", rule, bytes: [priority(1, 0)], expect: { ok: [] } }),
  resetByUs({ name: "CONTINUATION", rule, bytes: [continuation(1, block)], expect: protocolError }),
  resetByUs({
    name: "HEADERS and CONTINUATION",
    rule,
    bytes: [headers(1, block, { endHeaders: false }), continuation(1, new Uint8Array(0))],
    expect: { ok: [] },
  }),
];

const get = requestLines("GET", "/");
const said = (stream: number): string => `#${stream} GET https://a / {} end`;

export const identifierRows: Row[] = [
  {
    name: "an even one",
    rule: "RFC 9113, 5.1.1",
    role: "server",
    bytes: [headers(2, get, { end: true })],
    expect: protocolError,
  },
  {
    name: "one below the last, never used",
    rule: "RFC 9113, 5.1.1",
    role: "server",
    bytes: [headers(5, get, { end: true }), headers(3, get, { end: true })],
    expect: { connection: "PROTOCOL_ERROR", says: [said(5)] },
  },
  {
    name: "DATA below the last, never used",
    rule: "RFC 9113, 5.1.1",
    role: "server",
    bytes: [headers(5, get, { end: true }), data(3, "x")],
    expect: {
      any: [
        { connection: ["PROTOCOL_ERROR", "STREAM_CLOSED"] },
        { ok: [said(5)] },
        { forgiven: [said(5)] },
      ],
    },
  },
  {
    name: "one used before, and closed",
    rule: "RFC 9113, 5.1.1",
    role: "server",
    before: (wire) => {
      wire.feed(headers(1, get, { end: true })).respond(1, responseHead(204), true);
      wire.feed(headers(3, get, { end: true })).respond(3, responseHead(204), true);
    },
    bytes: [headers(1, get, { end: true })],
    expect: overForClient,
  },
  {
    name: "gaps, up to the largest",
    rule: "RFC 9113, 5.1.1",
    role: "server",
    bytes: [headers(7, get, { end: true }), headers(2 ** 31 - 1, get, { end: true })],
    expect: { ok: [said(7), said(2 ** 31 - 1)] },
  },
];

export const concurrencyRows: Row[] = [
  {
    name: "one stream too many",
    rule: "RFC 9113, 5.1.2",
    role: "server",
    options: { limits: { concurrentStreams: 2 } },
    bytes: [1, 3, 5].map((stream) => headers(stream, get, { end: true })),
    expect: { stream: 5, code: "REFUSED_STREAM", says: [said(1), said(3)] },
  },
  {
    name: "what the refused stream goes on to send is dropped",
    rule: "RFC 9113, 5.1.2",
    role: "server",
    options: { limits: { concurrentStreams: 1 } },
    bytes: [
      headers(1, get, { end: true }),
      headers(3, requestLines("POST", "/")),
      data(3, "abc"),
      headers(3, [["t", "u"]], { end: true }),
    ],
    expect: { stream: 3, code: "REFUSED_STREAM", says: [said(1)] },
  },
  {
    name: "as many as allowed, one after the other",
    rule: "RFC 9113, 5.1.2",
    role: "server",
    options: { limits: { concurrentStreams: 1 } },
    before: (wire) => {
      for (const stream of [1, 3, 5]) {
        wire.feed(headers(stream, get, { end: true })).respond(stream, responseHead(204), true);
      }
    },
    bytes: [headers(7, get, { end: true })],
    expect: { ok: [said(7)] },
  },
  {
    name: "a stream the client has reset does not count",
    rule: "RFC 9113, 5.1.2",
    role: "server",
    options: { limits: { concurrentStreams: 1 } },
    bytes: [
      headers(1, get, { end: true }),
      resetStream(1, CODE.CANCEL),
      headers(3, get, { end: true }),
    ],
    expect: { ok: [said(1), "#1 reset stream CANCEL", said(3)] },
  },
];

/** One error leaves the other streams alone. */
export const isolationRows: Row[] = [
  {
    name: "a stream error on one stream, data on another",
    rule: "RFC 9113, 5.4.2",
    role: "server",
    bytes: [
      headers(1, requestLines("POST", "/")),
      headers(3, requestLines("POST", "/"), {}),
      windowUpdate(1, 0),
      data(1, "dropped"),
      data(3, "kept", { end: true }),
    ],
    expect: {
      stream: 1,
      code: "PROTOCOL_ERROR",
      says: ["#1 POST https://a / {} stream", "#3 POST https://a / {} stream", '#3 body "kept"', "#3 end"],
    },
  },
  {
    name: "the same towards a server",
    rule: "RFC 9113, 5.4.2",
    role: "client",
    requests: [GET, POST],
    bytes: [
      headers(1, response),
      headers(3, response),
      windowUpdate(1, 0),
      data(1, "dropped", { end: true }),
      data(3, "kept", { end: true }),
    ],
    expect: {
      stream: 1,
      code: "PROTOCOL_ERROR",
      says: ["#1 200 {} stream", "#3 200 {} stream", '#3 body "kept"', "#3 end"],
    },
  },
  {
    name: "a connection error ends all streams",
    rule: "RFC 9113, 5.4.1",
    role: "both",
    requests: [GET, POST, GET],
    before: (wire) => {
      if (wire.role === "client") return;
      for (const stream of [1, 3, 5]) wire.feed(headers(stream, get, { end: stream !== 3 }));
    },
    bytes: [windowUpdate(0, 0), data(3, "x")],
    expect: { connection: "PROTOCOL_ERROR", says: [] },
  },
];
