// How a connection begins (RFC 9113, 3.4).

import {
  ascii,
  frame,
  headers,
  ping,
  PREFACE,
  SETTING,
  settings,
  settingsAck,
  TYPE,
  windowUpdate,
} from "../kit/http2_frames.ts";
import { requestLines, responseLines } from "./drive.ts";
import type { Expectation, Row } from "./rows.ts";

const notHttp2: Expectation = { notHttp2: true };

function server(name: string, expect: Expectation, ...bytes: Uint8Array[]): Row {
  return { name, rule: "RFC 9113, 3.4", role: "server", raw: true, bytes, expect };
}

/** What an HTTP/2 server may never send first. The client has no request under way yet. */
function client(name: string, expect: Expectation, ...bytes: Uint8Array[]): Row {
  return { name, rule: "RFC 9113, 3.4", role: "client", raw: true, bytes, expect };
}

const get = headers(1, requestLines("GET", "/"), { end: true });
const said = "#1 GET https://a / {} end";

export const prefaceRows: Row[] = [
  server("the preface and empty SETTINGS", { ok: [] }, PREFACE, settings()),
  server(
    "all at once",
    { ok: [said] },
    PREFACE,
    settings([SETTING.INITIAL_WINDOW_SIZE, 1000]),
    get,
    settingsAck,
  ),
  server("SETTINGS before the acknowledgement, twice", { ok: [said] }, PREFACE, settings(), settings(), get),
  server("an HTTP/1.1 request", notHttp2, ascii("GET / HTTP/1.1\r\nHost: a\r\n\r\n")),
  server("one byte that is none of it", notHttp2, ascii("X")),
  server("its last byte is another", notHttp2, PREFACE.subarray(0, 23), ascii("\r"), settings()),
  server("its 17th byte is another", notHttp2, ascii("PRI * HTTP/2.0\r\n\rX")),
  server("lower case", notHttp2, ascii("pri * http/2.0\r\n\r\nsm\r\n\r\n"), settings()),
  server("SETTINGS without it", notHttp2, settings()),
  server("PING first", notHttp2, PREFACE, ping()),
  server("HEADERS first", notHttp2, PREFACE, get, settings()),
  server("WINDOW_UPDATE first", notHttp2, PREFACE, windowUpdate(0, 1000), settings()),
  server("an unknown frame first", notHttp2, PREFACE, frame(0x77, 0, 0), settings()),
  server("an acknowledgement first", notHttp2, PREFACE, settingsAck, settings()),
  server("SETTINGS first, on a stream", notHttp2, PREFACE, frame(TYPE.SETTINGS, 0, 1)),
  server("bad SETTINGS", { connection: "PROTOCOL_ERROR" }, PREFACE, settings([SETTING.ENABLE_PUSH, 7])),
  server(
    "the preface again",
    { connection: ["FRAME_SIZE_ERROR", "PROTOCOL_ERROR"] },
    PREFACE,
    settings(),
    PREFACE,
  ),
  client("empty SETTINGS", { ok: [] }, settings()),
  client(
    "SETTINGS, then WINDOW_UPDATE, then the acknowledgement",
    { ok: [] },
    settings([SETTING.MAX_CONCURRENT_STREAMS, 1]),
    windowUpdate(0, 1),
    settingsAck,
  ),
  client("PING first", notHttp2, ping()),
  client("HEADERS first", notHttp2, headers(1, responseLines(200)), settings()),
  client("WINDOW_UPDATE first", notHttp2, windowUpdate(0, 1000), settings()),
  client("an acknowledgement first", notHttp2, settingsAck, settings()),
  client("an HTTP/1.1 response", notHttp2, ascii("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")),
  client("a client's preface", notHttp2, PREFACE, settings()),
  client("bad SETTINGS", { connection: "PROTOCOL_ERROR" }, settings([SETTING.MAX_FRAME_SIZE, 1])),
];
