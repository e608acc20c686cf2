// Flows as a flow file of mitmproxy, version 17: what 8.1.1 and everything after it reads.
// Invariants: exactly the keys of that version, all of them, each of its type (some readers refuse any other); bodies as
// captured, with their content coding; identities are made of the record, so they differ from one run of mitm to the next
// and stay the same for the same flow. What the format has no place for is said in the flow's comment, or left out:
// interim responses, pings, the certificates themselves.

import { createHash } from "node:crypto";
import type { BodyCapture } from "../flow/body_capture.ts";
import type {
  Flow,
  HttpFlow,
  RequestRecord,
  ResponseRecord,
  TcpMessage,
  WebSocketMessage,
  WebSocketRecord,
} from "../flow/record.ts";
import type { Fields } from "../http/fields.ts";
import { isWebSocketConnect } from "../http/websocket.ts";
import { clientConnection, seconds, serverConnection } from "./flow_file_connections.ts";
import { TnetBytes, type TnetDictionary, tnetstring, type TnetValue } from "./tnetstring.ts";

const VERSION = 17;

/** The file, a piece for each flow. An HTTP flow that became a tunnel is followed by the tunnel as a flow of its own. */
export function* flowFile(flows: Iterable<Flow>): Generator<Uint8Array> {
  for (const flow of flows) {
    yield tnetstring(flow.kind === "http" ? httpFlow(flow) : tcpFlow(flow));
    if (flow.kind === "http" && flow.messages !== null && flow.messages.length > 0) {
      yield tnetstring(tcpFlow(flow));
    }
  }
}

function httpFlow(flow: HttpFlow): TnetDictionary {
  return {
    ...flowBase(flow, "http", httpComment(flow)),
    request: request(flow),
    response: flow.response === null ? null : response(flow.response),
    websocket: flow.websocket === null ? null : webSocket(flow, flow.websocket),
  };
}

function tcpFlow(flow: Flow): TnetDictionary {
  const messages = flow.messages ?? [];
  const comment = cutMessages(messages, flow.messagesDropped);
  return { ...flowBase(flow, "tcp", comment), messages: messages.flatMap(tcpMessage) };
}

function flowBase(flow: Flow, type: "http" | "tcp", comment: readonly string[]): TnetDictionary {
  const { client, server, error } = flow;
  return {
    version: VERSION,
    type,
    id: identity(`flow ${type} ${flow.id} ${flow.startedAt}`),
    error: error === null ? null : { msg: error.message, timestamp: seconds(error.at) },
    client_conn: clientConnection(client, identity(`client ${client.id} ${client.startedAt}`)),
    server_conn: serverConnection(
      flow,
      // One that was never asked for is nobody else's.
      server === null
        ? identity(`no server ${type} ${flow.id} ${flow.startedAt}`)
        : identity(`server ${server.id} ${server.startedAt}`),
    ),
    // A reader has no means to let it go on.
    intercepted: false,
    is_replay: flow.replayed ? "request" : null,
    marked: flow.marked ? ":default:" : "",
    metadata: {},
    comment: comment.join("; "),
    timestamp_created: seconds(flow.startedAt),
  };
}

function request(flow: HttpFlow): TnetDictionary {
  const { head } = flow.request;
  const isWebSocket = isWebSocketConnect(head);
  const isConnect = head.targetForm === "authority";
  return {
    ...message(flow.request),
    host: flow.host,
    port: flow.port,
    // The format has no :protocol, and to its readers CONNECT has no path.
    method: new TnetBytes(isWebSocket ? "GET" : head.method),
    scheme: new TnetBytes(isConnect ? "" : flow.scheme),
    authority: new TnetBytes(isConnect || head.version === "HTTP/2.0" ? head.authority : ""),
    path: new TnetBytes(isConnect ? "" : head.path),
  };
}

function response(record: ResponseRecord): TnetDictionary {
  const { status, reason } = record.head;
  return { ...message(record), status_code: status, reason: new TnetBytes(reason) };
}

function message({ head, body, trailers, startedAt, endedAt }: RequestRecord | ResponseRecord) {
  return {
    http_version: new TnetBytes(head.version),
    headers: fieldList(head.fields),
    content: isMissing(body) ? null : body.bytes(),
    trailers: trailers === null ? null : fieldList(trailers),
    timestamp_start: seconds(startedAt),
    timestamp_end: seconds(endedAt),
  };
}

function fieldList(fields: Fields): TnetValue {
  return Array.from(fields, ([name, value]) => [new TnetBytes(name), new TnetBytes(value)]);
}

function webSocket({ endedAt }: HttpFlow, { messages, close }: WebSocketRecord): TnetDictionary {
  return {
    messages: messages.flatMap(webSocketMessage),
    closed_by_client: close === null || close.by === "proxy" ? null : close.by === "client",
    close_code: close?.code ?? null,
    close_reason: close?.reason ?? null,
    timestamp_end: seconds(close?.at ?? endedAt),
  };
}

function webSocketMessage(message: WebSocketMessage): TnetValue[] {
  const { type, fromClient, body, at, dropped, injected } = message;
  if (type !== "text" && type !== "binary") return [];
  return [[type === "text" ? 1 : 2, fromClient, body.bytes(), seconds(at), dropped, injected]];
}

/** What was dropped has no mark there: it would be taken for what was forwarded. */
function tcpMessage({ fromClient, content, at, dropped }: TcpMessage): TnetValue[] {
  return dropped ? [] : [[fromClient, content, seconds(at)]];
}

function httpComment({ request: { head, body }, response, websocket }: HttpFlow): string[] {
  const comment = [
    ...cutBody("request", body),
    ...(response === null ? [] : cutBody("response", response.body)),
  ];
  if (isWebSocketConnect(head)) comment.push("the WebSocket was asked for by extended CONNECT (RFC 8441)");
  if (websocket === null) return comment;
  const { messages, messagesDropped } = websocket;
  const sizes = messages.map(({ body: { kept, length } }) => ({ content: { length: kept }, length }));
  return [...comment, ...cutMessages(sizes, messagesDropped)];
}

function cutBody(which: string, body: BodyCapture): string[] {
  if (!body.truncated) return [];
  return [`only the first ${body.kept} of ${body.length} bytes of the ${which}'s body were captured`];
}

function cutMessages(
  messages: readonly { content: { length: number }; length: number }[],
  left: number,
): string[] {
  const comment: string[] = [];
  const cut = messages.filter(({ content, length }) => content.length < length).length;
  if (cut > 0) comment.push(`messages of which only the first bytes were captured: ${cut}`);
  if (left > 0) comment.push(`further messages, not captured: ${left}`);
  return comment;
}

/** Nothing is left of a body that was there. */
function isMissing(body: BodyCapture): boolean {
  return body.kept === 0 && body.length > 0;
}

/** A UUID made of `name` (RFC 9562, 5.8: version 8, which says no more than that). */
function identity(name: string): string {
  const hex = createHash("sha256").update(name).digest("hex");
  const groups = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(12, 15)}`, `8${hex.slice(15, 18)}`];
  return `${groups.join("-")}-${hex.slice(18, 30)}`;
}
