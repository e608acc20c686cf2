// HTTP flows as an HTTP archive (HAR 1.2), with Chrome's additions for WebSockets and failures.
// Invariants: what comes out is valid JSON, whatever the records hold; heads are as the client sent and the origin
// answered them; bodies are without content coding. Flows that are not HTTP are left out, and so is what HAR has no
// place for: interim responses, and the bytes of a tunnel.

import type { ConnectionRecord, Flow, HttpFlow, WebSocketMessage } from "../flow/record.ts";
import { flowUrl } from "../flow/flow_url.ts";
import type { Fields } from "../http/fields.ts";
import type { Head } from "../http/head.ts";
import {
  base64,
  type HarContent,
  harContent,
  type HarPair,
  type HarPostData,
  harPostData,
  queryPairs,
} from "./har_content.ts";
import { type HarCookie, requestCookies, responseCookies } from "./har_cookies.ts";
import { type HarTimings, harTimings } from "./har_timings.ts";
import { headSize } from "./raw_messages.ts";
import { wireText } from "./wire_text.ts";

/** The archive as an object. `creatorVersion` is ours. */
export function harArchive(flows: readonly Flow[], creatorVersion: string): unknown {
  return { log: { ...logHead(creatorVersion), entries: [...entries(flows)] } };
}

/** The archive as text: what comes before the entries, each entry on a line of its own, and the end. */
export function* harText(flows: Iterable<Flow>, creatorVersion: string): Generator<string> {
  // All but the last brace: the entries come before it.
  yield `{"log":${JSON.stringify(logHead(creatorVersion)).slice(0, -1)},"entries":[`;
  let separator = "\n";
  for (const entry of entries(flows)) {
    yield separator + JSON.stringify(entry);
    separator = ",\n";
  }
  yield "\n]}}\n";
}

interface HarEntry {
  startedDateTime: string;
  time: number;
  request: HarRequest;
  response: HarResponse;
  cache: Record<string, never>;
  timings: HarTimings;
  serverIPAddress?: string;
  connection?: string;
  _resourceType?: "websocket";
  _webSocketMessages?: HarWebSocketMessage[];
}

interface HarMessage {
  httpVersion: string;
  cookies: HarCookie[];
  headers: HarPair[];
  headersSize: number;
  bodySize: number;
  _trailers?: HarPair[];
}

interface HarRequest extends HarMessage {
  method: string;
  url: string;
  queryString: HarPair[];
  postData?: HarPostData;
}

interface HarResponse extends HarMessage {
  status: number;
  statusText: string;
  content: HarContent;
  redirectURL: string;
  _transferSize?: number;
  _error?: string;
}

interface HarWebSocketMessage {
  type: "send" | "receive";
  /** Seconds since the epoch. */
  time: number;
  opcode: 1 | 2;
  /** base64 with opcode 2. */
  data: string;
}

function logHead(creatorVersion: string) {
  return { version: "1.2", creator: { name: "mitm", version: creatorVersion }, pages: [] };
}

function* entries(flows: Iterable<Flow>): Generator<HarEntry> {
  const seen = new Set<ConnectionRecord>();
  for (const flow of flows) {
    if (flow.kind !== "http") continue;
    yield harEntry(flow, flow.server !== null && !seen.has(flow.server));
    if (flow.server !== null) seen.add(flow.server);
  }
}

function harEntry(flow: HttpFlow, isFirst: boolean): HarEntry {
  const { timings, time } = harTimings(flow, isFirst);
  const entry: HarEntry = {
    startedDateTime: new Date(flow.request.startedAt).toISOString(),
    time,
    request: harRequest(flow),
    response: harResponse(flow),
    cache: {},
    timings,
  };
  if (flow.server !== null) {
    entry.serverIPAddress = flow.server.remote.host;
    entry.connection = String(flow.server.id);
  }
  if (flow.websocket !== null) {
    entry._resourceType = "websocket";
    entry._webSocketMessages = flow.websocket.messages.flatMap(harWebSocketMessage);
  }
  return entry;
}

function harRequest(flow: HttpFlow): HarRequest {
  const { head, body, trailers } = flow.request;
  const postData = harPostData(head.fields, body);
  return {
    method: head.method,
    url: harUrl(flow),
    ...harMessage(head, body.length, trailers),
    cookies: requestCookies(head.fields),
    queryString: queryPairs(head.path),
    ...(postData === null ? {} : { postData }),
  };
}

/** Percent-encoded where bytes stand in it that may not stand in a URL. */
function harUrl(flow: HttpFlow): string {
  const url = flow.request.head.targetForm === "authority" ? `https://${flowUrl(flow)}/` : flowUrl(flow);
  return url.replace(
    /[^!-~]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

function harResponse(flow: HttpFlow): HarResponse {
  const failure = flow.error === null ? {} : { _error: flow.error.message };
  if (flow.response === null) return { ...NO_RESPONSE, ...failure };
  const { head, body, trailers, startedAt } = flow.response;
  return {
    status: head.status,
    statusText: wireText(head.reason),
    ...harMessage(head, body.length, trailers),
    cookies: responseCookies(head.fields, startedAt),
    content: harContent(head.fields, body),
    redirectURL: wireText(head.fields.get("location") ?? ""),
    ...failure,
  };
}

/** What Chrome writes for a request that was not answered. */
const NO_RESPONSE: HarResponse = {
  status: 0,
  statusText: "",
  httpVersion: "",
  cookies: [],
  headers: [],
  content: { size: 0, mimeType: "" },
  redirectURL: "",
  headersSize: -1,
  bodySize: -1,
  _transferSize: 0,
};

function harMessage(head: Head, bodySize: number, trailers: Fields | null): Omit<HarMessage, "cookies"> {
  return {
    httpVersion: head.version,
    headers: harPairs(head.fields),
    headersSize: headSize(head),
    bodySize,
    ...(trailers === null ? {} : { _trailers: harPairs(trailers) }),
  };
}

function harPairs(fields: Fields): HarPair[] {
  return Array.from(fields, ([name, value]) => ({ name: wireText(name), value: wireText(value) }));
}

/** Chrome's form has no pings, and no place for what a hook did. */
function harWebSocketMessage({ type, fromClient, at, body }: WebSocketMessage): HarWebSocketMessage[] {
  if (type !== "text" && type !== "binary") return [];
  const bytes = body.bytes();
  return [{
    type: fromClient ? "send" : "receive",
    time: at / 1000,
    opcode: type === "text" ? 1 : 2,
    // A text that is not UTF-8, or was cut within a character, is still one to its reader.
    data: type === "text" ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes) : base64(bytes),
  }];
}
