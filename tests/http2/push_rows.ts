// What a server pushes, and must not push (RFC 9113, 6.6, 8.4). Stream 1 is a GET that has been sent and not answered.

import {
  ascii,
  CODE,
  continuation,
  data,
  type FieldLine,
  FLAG,
  frame,
  headers,
  ping,
  priority,
  pushPromise,
  resetStream,
  settings,
  TYPE,
  windowUpdate,
} from "../kit/http2_frames.ts";
import { cancel, requestLines, responseLines } from "./drive.ts";
import { type Expectation, GET, POST, type Row } from "./rows.ts";

const protocolError: Expectation = { connection: "PROTOCOL_ERROR" };
const get = requestLines("GET", "/p");
const said = (stream: number): string => `#1 push #${stream} GET https://a /p {} end`;
const promise = pushPromise(1, 2, get);
/** The promised stream is reset; nobody need be told of what was never said. */
const refused = (code: "PROTOCOL_ERROR" | "REFUSED_STREAM"): Expectation => ({
  any: [{ stream: 2, code, says: [] }, { closed: 2, code }],
});

/** With push asked for and acknowledged. */
function row(name: string, rule: string, expect: Expectation, ...bytes: Uint8Array[]): Row {
  return {
    name,
    rule: `RFC 9113, ${rule}`,
    role: "client",
    offers: { push: true, extendedConnect: false },
    bytes,
    expect,
  };
}

export const promiseRows: Row[] = [
  row(
    "a promise and its response",
    "8.4",
    { ok: [said(2), "#2 200 {a: b} stream", '#2 body "x"', "#2 end"] },
    promise,
    headers(2, responseLines(200, ["a", "b"])),
    data(2, "x", { end: true }),
  ),
  row(
    "between the frames of the response",
    "8.4.1",
    { ok: ["#1 200 {} stream", '#1 body "x"', said(2), '#1 body "y"', "#1 end", "#2 204 {} end"] },
    headers(1, responseLines(200)),
    data(1, "x"),
    promise,
    data(1, "y", { end: true }),
    headers(2, responseLines(204), { end: true }),
  ),
  row(
    "promises used in another order, with a gap",
    "6.6",
    { ok: [said(2), said(8), "#8 200 {} end", "#2 200 {} stream", "#2 trailers {t: u}"] },
    promise,
    pushPromise(1, 8, get),
    headers(8, responseLines(200), { end: true }),
    headers(2, responseLines(200)),
    headers(2, [["t", "u"]], { end: true }),
  ),
  row("with padding", "6.6", { ok: [said(2)] }, pushPromise(1, 2, get, { pad: 30 })),
  row(
    "in pieces",
    "6.6",
    { ok: [said(2)] },
    pushPromise(1, 2, pushPromise(1, 2, get).subarray(13, 20), { endHeaders: false }),
    continuation(1, pushPromise(1, 2, get).subarray(20)),
  ),
  row(
    "an interim response to a promise",
    "8.4.2",
    { ok: [said(2), "#2 103 {} none", "#2 200 {} end"] },
    promise,
    headers(2, responseLines(103)),
    headers(2, responseLines(200), { end: true }),
  ),
  row(
    "a promise taken back",
    "8.4.2",
    { ok: [said(2), "#2 reset stream CANCEL"] },
    promise,
    resetStream(2, CODE.CANCEL),
  ),
  row("PRIORITY on a promised stream", "5.1", { ok: [said(2)] }, promise, priority(2, 0)),
  row(
    "HEAD",
    "8.4",
    { ok: ["#1 push #2 HEAD https://a / {} end", "#2 200 {content-length: 3} end"] },
    pushPromise(1, 2, requestLines("HEAD", "/")),
    headers(2, responseLines(200, ["content-length", "3"]), { end: true }),
  ),
  row(
    "the response to a promise is malformed",
    "8.1.1",
    { stream: 2, code: "PROTOCOL_ERROR", says: [said(2)] },
    promise,
    headers(2, [["x", "y"]], { end: true }),
  ),
];

const method: FieldLine = [":method", "GET"];
const rest: FieldLine[] = [[":scheme", "https"], [":authority", "a"], [":path", "/p"]];

export const badRequestRows: Row[] = [
  row("no :path", "8.4.1", refused("PROTOCOL_ERROR"), pushPromise(1, 2, [method, rest[0]!, rest[1]!])),
  row("no :authority", "8.4", refused("PROTOCOL_ERROR"), pushPromise(1, 2, [method, rest[0]!, rest[2]!])),
  row("a :status", "8.3", refused("PROTOCOL_ERROR"), pushPromise(1, 2, responseLines(200))),
  row("a value with LF", "8.2.1", refused("PROTOCOL_ERROR"), pushPromise(1, 2, [...get, ["x", "a\nb"]])),
  row("POST", "8.4", refused("PROTOCOL_ERROR"), pushPromise(1, 2, requestLines("POST", "/p"))),
  row("an unknown method", "8.4", refused("PROTOCOL_ERROR"), pushPromise(1, 2, requestLines("FROB", "/p"))),
  row(
    "CONNECT",
    "8.4",
    refused("PROTOCOL_ERROR"),
    pushPromise(1, 2, [[":method", "CONNECT"], [":authority", "a:1"]]),
  ),
  row(
    "a body to come",
    "8.4",
    refused("PROTOCOL_ERROR"),
    pushPromise(1, 2, [...get, ["content-length", "3"]]),
  ),
];

/** A PUSH_PROMISE where it must not be. */
export const misplacedRows: Row[] = [
  row("on stream 0", "6.6", protocolError, pushPromise(0, 2, get)),
  row("on an idle stream", "6.6", protocolError, pushPromise(9, 2, get)),
  row(
    "on a pushed stream",
    "6.6",
    protocolError,
    promise,
    headers(2, responseLines(200)),
    pushPromise(2, 4, get),
  ),
  row("promises stream 0", "6.6", protocolError, pushPromise(1, 0, get)),
  row("promises a stream of the client's", "6.6", protocolError, pushPromise(1, 3, get)),
  row("promises the same stream again", "6.6", protocolError, promise, promise),
  row(
    "promises a stream below the last",
    "5.1.1",
    protocolError,
    pushPromise(1, 6, get),
    pushPromise(1, 4, get),
  ),
  row(
    "on a closed stream",
    "6.6",
    protocolError,
    headers(1, responseLines(200), { end: true }),
    promise,
  ),
  {
    ...row(
      "on a half-closed stream",
      "6.6",
      protocolError,
      headers(1, responseLines(200), { end: true }),
      promise,
    ),
    requests: [POST],
  },
  row(
    "too short",
    "4.2",
    { connection: "FRAME_SIZE_ERROR" },
    frame(TYPE.PUSH_PROMISE, FLAG.END_HEADERS, 1, ascii("\0\0\0")),
  ),
  row(
    "padding as long as the payload",
    "6.6",
    protocolError,
    frame(TYPE.PUSH_PROMISE, FLAG.END_HEADERS | FLAG.PADDED, 1, ascii("\x05\0\0\0\x02\x82")),
  ),
  row(
    "padding that reaches into the promised id",
    "6.6",
    { connection: ["PROTOCOL_ERROR", "FRAME_SIZE_ERROR"] },
    frame(TYPE.PUSH_PROMISE, FLAG.END_HEADERS | FLAG.PADDED, 1, ascii("\x02\0\0\0\x02")),
  ),
  ...([["PING", ping()], ["SETTINGS", settings()], [
    "CONTINUATION of the promised stream",
    continuation(2, new Uint8Array(0)),
  ]] as const)
    .map(([name, bytes]) =>
      row(`${name} inside it`, "6.6", protocolError, pushPromise(1, 2, get, { endHeaders: false }), bytes)
    ),
  row("a bad field block", "4.3", { connection: "COMPRESSION_ERROR" }, pushPromise(1, 2, ascii("\x80"))),
  // Not asked for.
  {
    name: "not enabled",
    rule: "RFC 9113, 8.4",
    role: "client",
    bytes: [promise],
    expect: protocolError,
  },
  {
    name: "from a client",
    rule: "RFC 9113, 8.4",
    role: "server",
    bytes: [headers(1, requestLines("POST", "/")), promise],
    expect: protocolError,
  },
  {
    name: "from a client, on stream 0",
    rule: "RFC 9113, 8.4",
    role: "server",
    bytes: [pushPromise(0, 2, get)],
    expect: protocolError,
  },
];

/** What must not come on a stream that is only promised. */
export const reservedRows: Row[] = [
  row("DATA", "5.1", protocolError, promise, data(2, "x")),
  row("WINDOW_UPDATE", "5.1", protocolError, promise, windowUpdate(2, 1)),
  row("CONTINUATION", "5.1", protocolError, promise, continuation(2, new Uint8Array(0))),
  row("HEADERS on an even stream that is not", "5.1", protocolError, promise, headers(4, responseLines(200))),
];

export const resetRows: Row[] = [
  {
    ...row(
      "a promise on a stream that we have reset is turned down, and decoded",
      "6.6",
      {
        any: [
          { closed: 2, code: ["REFUSED_STREAM", "CANCEL"] },
          { stream: 2, code: ["REFUSED_STREAM", "CANCEL"] },
          { ok: [said(2)] },
        ],
      },
      promise,
    ),
    requests: [GET, GET],
    before: (wire) => cancel(wire, 1),
  },
  {
    ...row(
      "what follows on a promised stream that we have reset is dropped",
      "8.4.2",
      { ok: [] },
      headers(2, responseLines(200)),
      data(2, "x", { end: true }),
    ),
    before: (wire) => {
      wire.feed(promise);
      cancel(wire, 2);
    },
  },
  {
    ...row(
      "more at a time than we allow",
      "5.1.2",
      {
        any: [
          { stream: 4, code: "REFUSED_STREAM" },
          { closed: 4, code: "REFUSED_STREAM" },
        ],
      },
      pushPromise(1, 4, get),
      headers(4, responseLines(200), { end: true }),
    ),
    options: { limits: { pushedStreams: 1 } },
    before: (wire) => {
      wire.feed(promise, headers(2, responseLines(200)));
    },
  },
];
