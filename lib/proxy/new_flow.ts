// Fresh flow records.

import { BodyCapture } from "../flow/body_capture.ts";
import {
  type ConnectionRecord,
  type HttpFlow,
  NOTHING,
  type ResponseRecord,
  type TcpFlow,
} from "../flow/record.ts";
import { Fields } from "../http/fields.ts";
import type { HttpVersion, RequestHead, ResponseHead } from "../http/head.ts";
import type { Endpoint } from "../net/transport.ts";
import { now, type ProxyContext } from "./context.ts";
import type { Origin } from "./origin.ts";

/** `origin` as a string: there is none, and that is why. */
export function newHttpFlow(
  context: ProxyContext,
  client: ConnectionRecord,
  head: RequestHead,
  origin: Origin | string,
): HttpFlow {
  const at = now();
  const { scheme, host, port } = typeof origin === "string" ? { scheme: "http", host: "", port: 0 } : origin;
  // Spelled out, not spread from a common base: an object made in one piece is smaller.
  return {
    kind: "http",
    id: context.ids.nextFlow(),
    client,
    server: null,
    startedAt: at,
    endedAt: null,
    error: null,
    closedBy: null,
    held: false,
    edited: false,
    killed: false,
    marked: false,
    replayed: false,
    notes: NOTHING,
    scheme,
    host,
    port,
    request: {
      head,
      body: new BodyCapture(context.settings.captureLimit),
      trailers: null,
      startedAt: at,
      headAt: at,
      endedAt: null,
    },
    interim: NOTHING,
    response: null,
    answered: false,
    messages: null,
    messagesDropped: 0,
    websocket: null,
  };
}

export function newTcpFlow(
  context: ProxyContext,
  client: ConnectionRecord,
  target: Endpoint,
  tls: boolean,
): TcpFlow {
  return {
    kind: "tcp",
    id: context.ids.nextFlow(),
    client,
    server: null,
    startedAt: now(),
    endedAt: null,
    error: null,
    closedBy: null,
    held: false,
    edited: false,
    killed: false,
    marked: false,
    replayed: false,
    notes: NOTHING,
    tls,
    host: target.host,
    port: target.port,
    messages: [],
    messagesDropped: 0,
    bytesFromClient: 0,
    bytesFromServer: 0,
  };
}

/** A response has come for `flow`. A flow that has fallen out of the store captures nothing more. */
export function newResponseRecord(context: ProxyContext, flow: HttpFlow, head: ResponseHead): ResponseRecord {
  return {
    head,
    body: new BodyCapture(context.store.has(flow) ? context.settings.captureLimit : 0),
    trailers: null,
    startedAt: now(),
    endedAt: null,
  };
}

/** Stands for a request whose head could not be read: there is a flow for it all the same. */
export function unreadableHead(version: HttpVersion): RequestHead {
  return {
    kind: "request",
    version,
    method: "?",
    target: "",
    targetForm: "origin",
    scheme: "",
    authority: "",
    path: "",
    protocol: null,
    framing: "none",
    contentLength: null,
    fields: new Fields(),
  };
}
