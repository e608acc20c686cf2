// The filters of the language: what each is called, takes, says about itself, and is true of.
// Invariants: one entry a name; tests are pure functions of a flow, which may still be running; what a flow does not
// have (raw TCP a method, a request without answer a status) never matches.

import { flowTarget } from "../flow/flow_url.ts";
import type { Flow, RequestRecord, ResponseRecord } from "../flow/record.ts";
import type { Fields } from "../http/fields.ts";
import { formatAuthority, formatHostPort, parseAuthority } from "../http/target.ts";
import type { FlowContents } from "./flow_contents.ts";
import type { Content, Pattern, Subject } from "./pattern.ts";

interface Entry {
  /** With its "~". */
  name: string;
  /** What it is true of, on one line. */
  help: string;
}

export interface PlainFilter extends Entry {
  argument: "none";
  test: (flow: Flow) => boolean;
}

export interface NumberFilter extends Entry {
  argument: "number";
  test: (flow: Flow, value: number) => boolean;
}

export interface RegexFilter extends Entry {
  argument: "regex";
  subject: Subject;
  test: (flow: Flow, pattern: Pattern, contents: FlowContents) => boolean;
}

export type FilterEntry = PlainFilter | NumberFilter | RegexFilter;

/** What an unnamed regular expression asks about. */
export const urlFilter: RegexFilter = {
  name: "~u",
  argument: "regex",
  help: "URL; of raw TCP host:port. The same as the regular expression alone",
  subject: "text",
  test: isUrl,
};

/** In the order in which help shows them. */
export const filters: readonly FilterEntry[] = [
  urlFilter,
  regex("~m", "request method", "text", (flow, pattern) => {
    return flow.kind === "http" && pattern.inText(flow.request.head.method);
  }),
  regex("~d", "host", "text", isHost),
  number("~c", "status of the response, exactly", (flow, value) => {
    return flow.kind === "http" && flow.response?.head.status === value;
  }),
  plain("~q", "request without a response yet", (flow) => flow.kind === "http" && flow.response === null),
  plain("~s", "has a response", (flow) => flow.kind === "http" && flow.response !== null),
  regex("~b", "body or message", "content", (_flow, pattern, contents) => {
    return isIn(contents.fromClient, pattern) || isIn(contents.fromServer, pattern);
  }),
  regex("~bq", "body of the request, or message of the client", "content", (_flow, pattern, contents) => {
    return isIn(contents.fromClient, pattern);
  }),
  regex("~bs", "body of the response, or message of the server", "content", (_flow, pattern, contents) => {
    return isIn(contents.fromServer, pattern);
  }),
  regex("~h", 'header or trailer, as "Name: value"', "lines", (flow, pattern) => {
    return flow.kind === "http" && (hasLine(flow.request, pattern) || hasLine(flow.response, pattern));
  }),
  regex("~hq", "header or trailer of the request", "lines", (flow, pattern) => {
    return flow.kind === "http" && hasLine(flow.request, pattern);
  }),
  regex("~hs", "header or trailer of the response", "lines", (flow, pattern) => {
    return flow.kind === "http" && hasLine(flow.response, pattern);
  }),
  regex("~t", "Content-Type of request or response", "text", (flow, pattern) => {
    return flow.kind === "http" && (isType(flow.request, pattern) || isType(flow.response, pattern));
  }),
  regex("~tq", "Content-Type of the request", "text", (flow, pattern) => {
    return flow.kind === "http" && isType(flow.request, pattern);
  }),
  regex("~ts", "Content-Type of the response", "text", (flow, pattern) => {
    return flow.kind === "http" && isType(flow.response, pattern);
  }),
  plain("~a", "response is an asset: script, style sheet, image, font", isAsset),
  regex("~src", "client, as ip:port", "text", ({ client }, pattern) => {
    return pattern.inText(formatHostPort(client.remote.host, client.remote.port));
  }),
  regex("~dst", "server, as host:port or ip:port", "text", isServer),
  plain("~e", "ended with an error", (flow) => flow.error !== null),
  plain("~marked", "marked", (flow) => flow.marked),
  plain("~replay", "sent again from here", (flow) => flow.replayed),
  plain("~http", "HTTP", (flow) => flow.kind === "http"),
  plain("~websocket", "WebSocket", (flow) => flow.kind === "http" && flow.websocket !== null),
  // A stream of HTTP that became a tunnel is both: its request is HTTP, what follows is not.
  plain("~tcp", "raw TCP, and HTTP that became it", (flow) => flow.messages !== null),
  plain("~all", "everything", () => true),
];

const byName = new Map(filters.map((filter) => [filter.name, filter]));

/** The filter called `name`, with its "~"; undefined: there is none. */
export function findFilter(name: string): FilterEntry | undefined {
  return byName.get(name);
}

function plain(name: string, help: string, test: PlainFilter["test"]): PlainFilter {
  return { name, argument: "none", help, test };
}

function number(name: string, help: string, test: NumberFilter["test"]): NumberFilter {
  return { name, argument: "number", help, test };
}

function regex(name: string, help: string, subject: Subject, test: RegexFilter["test"]): RegexFilter {
  return { name, argument: "regex", help, subject, test };
}

/** The URL as it is shown, or with the authority as the client wrote it: in reverse mode they differ. */
function isUrl(flow: Flow, pattern: Pattern): boolean {
  if (pattern.inText(flowTarget(flow))) return true;
  if (flow.kind === "tcp") return false;
  const { authority, targetForm, path } = flow.request.head;
  if (authority === "" || targetForm === "authority") return false;
  if (authority === formatAuthority(flow.scheme, flow.host, flow.port)) return false;
  return pattern.inText(`${flow.scheme}://${authority}${targetForm === "asterisk" ? "" : path}`);
}

/** Where the flow goes, or the host that the request names. */
function isHost(flow: Flow, pattern: Pattern): boolean {
  if (pattern.inText(flow.host)) return true;
  if (flow.kind === "tcp") return false;
  const { authority } = flow.request.head;
  if (authority === "" || authority === flow.host) return false;
  return pattern.inText(parseAuthority(authority, 0)?.host ?? authority);
}

/** Where the flow goes by name, and once there is a connection, what that was made to. */
function isServer(flow: Flow, pattern: Pattern): boolean {
  if (pattern.inText(formatHostPort(flow.host, flow.port))) return true;
  if (flow.server === null) return false;
  const { name, remote } = flow.server;
  return pattern.inText(formatHostPort(remote.host, remote.port)) ||
    name !== null && pattern.inText(formatHostPort(name.host, name.port));
}

function isIn(contents: readonly Content[], pattern: Pattern): boolean {
  return contents.some((content) => pattern.inContent(content));
}

function hasLine(message: RequestRecord | ResponseRecord | null, pattern: Pattern): boolean {
  if (message === null) return false;
  return pattern.inText(fieldLines(message.head.fields)) ||
    message.trailers !== null && pattern.inText(fieldLines(message.trailers));
}

/** As HTTP/1 sends them (RFC 9112, 5). */
function fieldLines(fields: Fields): string {
  let lines = "";
  for (let index = 0; index < fields.length; index++) {
    lines += `${fields.name(index)}: ${fields.value(index)}\r\n`;
  }
  return lines;
}

function isType(message: RequestRecord | ResponseRecord | null, pattern: Pattern): boolean {
  return message !== null &&
    message.head.fields.all("content-type").some((type) => pattern.inText(type));
}

const ASSET = /^(?:text\/(?:javascript|css)|application\/(?:(?:x-)?javascript|font)|image\/|font\/)/i;

function isAsset(flow: Flow): boolean {
  if (flow.kind === "tcp") return false;
  const type = flow.response?.head.fields.get("content-type") ?? null;
  return type !== null && ASSET.test(type);
}
