// Flow records for tests, complete and with fixed times: 14:03:22.000 local time and a little later.

import { latin1Encode } from "../../lib/bytes/latin1.ts";
import { BodyCapture } from "../../lib/flow/body_capture.ts";
import type {
  ConnectionRecord,
  FlowError,
  HttpFlow,
  TcpFlow,
  TcpMessage,
  TlsFacts,
  WebSocketMessage,
  WebSocketRecord,
} from "../../lib/flow/record.ts";
import { Fields } from "../../lib/http/fields.ts";
import type { RequestHead, ResponseHead } from "../../lib/http/head.ts";

/** When every made record starts: local time, so that clocks in golden text do not depend on the zone. */
export const START = new Date(2026, 0, 2, 14, 3, 22, 0).getTime();

export type FieldList = readonly (readonly [name: string, value: string])[];

export interface RequestParts extends Partial<Omit<RequestHead, "fields" | "kind">> {
  fields?: FieldList;
  /** Text is byte-true: each character one byte. */
  body?: string | Uint8Array;
  /** The capture limit of the body. */
  capture?: number;
  trailers?: FieldList;
}

export interface ResponseParts extends Partial<Omit<ResponseHead, "fields" | "kind">> {
  fields?: FieldList;
  body?: string | Uint8Array;
  capture?: number;
  trailers?: FieldList;
}

export interface HttpFlowParts extends Partial<Omit<HttpFlow, "kind" | "request" | "response" | "interim">> {
  request?: RequestParts;
  /** null: no response came. Left out: 200 OK. */
  response?: ResponseParts | null;
  interim?: ResponseParts[];
  /** Milliseconds from start to end; null: not over. */
  took?: number | null;
}

/** GET http://example.com/ -> 200 from 127.0.0.1:53412 in 34 ms, but for what `parts` say. */
export function makeHttpFlow(parts: HttpFlowParts = {}): HttpFlow {
  const { request = {}, response, interim = [], took = 34, ...rest } = parts;
  const scheme = parts.scheme ?? "http";
  return {
    kind: "http",
    id: 7,
    client: makeConnection(),
    server: makeConnection({ id: 2, remote: { host: "93.184.216.34", port: scheme === "https" ? 443 : 80 } }),
    startedAt: START,
    endedAt: took === null ? null : START + took,
    error: null,
    held: false,
    edited: false,
    killed: false,
    marked: false,
    replayed: false,
    closedBy: null,
    notes: [],
    scheme,
    host: "example.com",
    port: scheme === "https" ? 443 : 80,
    request: {
      head: makeRequestHead(request),
      body: makeCapture(request.body, request.capture),
      trailers: request.trailers === undefined ? null : Fields.of(...request.trailers),
      startedAt: START,
      headAt: START + 1,
      endedAt: START + 2,
    },
    interim: interim.map((part, index) => ({ head: makeResponseHead(part), at: START + 3 + index })),
    response: response === null ? null : {
      head: makeResponseHead(response ?? {}),
      body: makeCapture(response?.body, response?.capture),
      trailers: response?.trailers === undefined ? null : Fields.of(...response.trailers),
      startedAt: START + 20,
      endedAt: took === null ? null : START + took,
    },
    answered: false,
    messages: null,
    messagesDropped: 0,
    websocket: null,
    ...rest,
  };
}

export interface TcpFlowParts extends Partial<Omit<TcpFlow, "kind">> {
  took?: number | null;
}

/** 127.0.0.1:53412 -> example.com:22, over after 3.2 s, 17 bytes one way and 5 the other. */
export function makeTcpFlow(parts: TcpFlowParts = {}): TcpFlow {
  const { took = 3200, ...rest } = parts;
  return {
    kind: "tcp",
    id: 8,
    client: makeConnection(),
    server: makeConnection({
      id: 3,
      remote: { host: "93.184.216.34", port: 22 },
      name: { host: "example.com", port: 22 },
    }),
    startedAt: START,
    endedAt: took === null ? null : START + took,
    error: null,
    held: false,
    edited: false,
    killed: false,
    marked: false,
    replayed: false,
    closedBy: null,
    notes: [],
    tls: false,
    host: "example.com",
    port: 22,
    messages: [],
    messagesDropped: 0,
    bytesFromClient: 17,
    bytesFromServer: 5,
    ...rest,
  };
}

/** A message 10 ms after the start. Text is byte-true. */
export function makeTcpMessage(content: string | Uint8Array, parts: Partial<TcpMessage> = {}): TcpMessage {
  const bytes = toBytes(content);
  return {
    fromClient: true,
    at: START + 10,
    content: bytes,
    length: bytes.length,
    edited: false,
    dropped: false,
    injected: false,
    ...parts,
  };
}

export interface WebSocketMessageParts extends Partial<Omit<WebSocketMessage, "body">> {
  body?: string | Uint8Array;
  capture?: number;
}

/** A text message that came 10 ms after the start, in one frame. Text is byte-true. */
export function makeWebSocketMessage(parts: WebSocketMessageParts = {}): WebSocketMessage {
  const { body = "hello", capture, ...rest } = parts;
  return {
    type: "text",
    fromClient: true,
    at: START + 9,
    endedAt: START + 10,
    body: makeCapture(body, capture),
    compressed: false,
    frames: 1,
    edited: false,
    dropped: false,
    injected: false,
    invalidText: false,
    ...rest,
  };
}

export function makeWebSocket(parts: Partial<WebSocketRecord> = {}): WebSocketRecord {
  return {
    startedAt: START + 5,
    compression: false,
    messages: [],
    messagesDropped: 0,
    bytesFromClient: 0,
    bytesFromServer: 0,
    close: null,
    ...parts,
  };
}

export function makeConnection(parts: Partial<ConnectionRecord> = {}): ConnectionRecord {
  return {
    id: 1,
    remote: { host: "127.0.0.1", port: 53412 },
    local: null,
    name: null,
    startedAt: START,
    connectedAt: START + 12,
    tlsAt: null,
    endedAt: null,
    tls: null,
    ...parts,
  };
}

export function makeTlsFacts(parts: Partial<TlsFacts> = {}): TlsFacts {
  return {
    version: "TLSv1.3",
    cipher: "TLS_AES_128_GCM_SHA256",
    alpn: "h2",
    alpnOffers: ["h2", "http/1.1"],
    serverName: "example.com",
    certificate: {
      subject: "CN=example.com",
      issuer: "CN=Example Root",
      altNames: ["DNS:example.com"],
      validFrom: "2026-01-01T00:00:00Z",
      validTo: "2026-12-31T00:00:00Z",
      fingerprint: "AB:CD",
    },
    verifyError: null,
    ...parts,
  };
}

export function makeFlowError(parts: Partial<FlowError> = {}): FlowError {
  return {
    at: START + 34,
    message: "example.com:80 refused the connection",
    by: "server",
    code: "connect-failed",
    rule: null,
    ...parts,
  };
}

/** A capture of `body`, at most `cap` bytes of it kept. */
export function makeCapture(body: string | Uint8Array = "", cap = 1 << 30): BodyCapture {
  const capture = new BodyCapture(cap);
  capture.append(toBytes(body));
  return capture;
}

function makeRequestHead(parts: RequestParts): RequestHead {
  const { body, capture: _capture, trailers: _trailers, fields, ...head } = parts;
  const path = head.path ?? "/";
  return {
    kind: "request",
    version: "HTTP/1.1",
    method: "GET",
    target: path,
    targetForm: "origin",
    scheme: "",
    authority: "example.com",
    path,
    protocol: null,
    framing: body === undefined ? "none" : "length",
    contentLength: body === undefined ? null : body.length,
    fields: Fields.of(...fields ?? [["Host", "example.com"]]),
    ...head,
  };
}

function makeResponseHead(parts: ResponseParts): ResponseHead {
  const { body, capture: _capture, trailers: _trailers, fields, ...head } = parts;
  return {
    kind: "response",
    version: "HTTP/1.1",
    status: 200,
    reason: "OK",
    framing: body === undefined ? "none" : "length",
    contentLength: body === undefined ? null : body.length,
    fields: Fields.of(...fields ?? []),
    ...head,
  };
}

function toBytes(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? latin1Encode(content) : content;
}
