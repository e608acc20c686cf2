// Flow records: what was seen on the wire, as plain data. One HTTP exchange, or one raw TCP conversation.
// Invariants: a record is filled in as the wire is read and never blocks it; after `endedAt` is set it no longer
// changes (but for `marked`); times are milliseconds since the epoch, with fractions.

import type { Fields } from "../http/fields.ts";
import type { Peer } from "../http/fault.ts";
import type { RequestHead, ResponseHead } from "../http/head.ts";
import type { BodyCapture } from "./body_capture.ts";

export interface Endpoint {
  host: string;
  port: number;
}

export interface TlsFacts {
  /** "TLSv1.3"; "" until known. */
  version: string;
  cipher: string;
  /** What was agreed on; null when nothing was. */
  alpn: string | null;
  alpnOffers: readonly string[];
  /** null when the client named no server. */
  serverName: string | null;
  /** The peer's certificate on the server leg; the one we showed on the client leg. */
  certificate: CertificateFacts | null;
  /** Why the origin's certificate would not have been accepted (seen with --insecure), or null. */
  verifyError: string | null;
}

export interface CertificateFacts {
  subject: string;
  issuer: string;
  /** "DNS:example.com", "IP Address:127.0.0.1" */
  altNames: readonly string[];
  validFrom: string;
  validTo: string;
  /** SHA-256, colon-separated upper-case hex. */
  fingerprint: string;
}

/** One TCP connection of either leg; shared by all flows on it. */
export interface ConnectionRecord {
  id: number;
  /** Client leg: the client's address. Server leg: the address connected to. */
  remote: Endpoint;
  local: Endpoint | null;
  /** The name and port asked for (server leg). */
  name: Endpoint | null;
  startedAt: number;
  connectedAt: number | null;
  tlsAt: number | null;
  endedAt: number | null;
  tls: TlsFacts | null;
}

/** Who ended a flow, and how. */
export interface FlowError {
  at: number;
  /** For a person: what happened, to which host, what to do. One line. */
  message: string;
  /** Whose fault; "proxy" for our own limits, timeouts and hooks. */
  by: Peer | "proxy";
  code: string;
  rule: string | null;
}

interface FlowBase {
  id: number;
  client: ConnectionRecord;
  server: ConnectionRecord | null;
  startedAt: number;
  endedAt: number | null;
  error: FlowError | null;
  /** Who ended it: closed or reset first. Null while it runs, and for an exchange that was simply answered. */
  closedBy: Peer | "proxy" | null;
  /** Set while a hook holds it. */
  held: boolean;
  edited: boolean;
  killed: boolean;
  marked: boolean;
  /** mitm sent it again at a person's wish: there is no client. */
  replayed: boolean;
  /** Forgiven faults and other remarks, for the log. */
  notes: readonly string[];
}

export interface RequestRecord {
  head: RequestHead;
  body: BodyCapture;
  trailers: Fields | null;
  startedAt: number;
  headAt: number;
  endedAt: number | null;
}

export interface InterimRecord {
  head: ResponseHead;
  at: number;
}

export interface ResponseRecord {
  head: ResponseHead;
  body: BodyCapture;
  trailers: Fields | null;
  /** First byte of the final head. */
  startedAt: number;
  endedAt: number | null;
}

export interface HttpFlow extends FlowBase {
  kind: "http";
  /** "http" or "https": what carries it. */
  scheme: string;
  /** Where it goes: name and port of the origin. */
  host: string;
  port: number;
  request: RequestRecord;
  /** 1xx, in order, each with its time. */
  interim: readonly InterimRecord[];
  response: ResponseRecord | null;
  /** The response was made by a hook or by mitm itself, no origin was asked. */
  answered: boolean;
  /** Bytes after 101, when the stream turned into something that is neither HTTP nor WebSocket. */
  messages: TcpMessage[] | null;
  /** Messages left out of `messages` when the capture limit was reached. */
  messagesDropped: number;
  /** What was said after the handshake of a WebSocket; null for anything else. */
  websocket: WebSocketRecord | null;
}

export interface WebSocketRecord {
  startedAt: number;
  /** permessage-deflate was agreed on. */
  compression: boolean;
  /** In the order in which they began, pings and pongs among them. The newest are kept, up to the capture limit. */
  messages: WebSocketMessage[];
  /** Older messages that fell out of `messages`. */
  messagesDropped: number;
  /** Of the content of the client's messages of text and binary, decompressed. */
  bytesFromClient: number;
  bytesFromServer: number;
  close: WebSocketClose | null;
}

export interface WebSocketMessage {
  type: "text" | "binary" | "ping" | "pong";
  fromClient: boolean;
  /** When its first frame came. */
  at: number;
  /** When its last byte came; null while it is under way, and for good if it was cut short. */
  endedAt: number | null;
  /** The content, unmasked and decompressed. */
  body: BodyCapture;
  /** It came compressed. */
  compressed: boolean;
  /** How many frames it came in. */
  frames: number;
  edited: boolean;
  dropped: boolean;
  injected: boolean;
  /** A text that is not UTF-8: forwarded with --lenient only. */
  invalidText: boolean;
}

export interface WebSocketClose {
  at: number;
  /** 1005: a Close frame without a code. 1006: the connection ended without one. */
  code: number;
  reason: string;
  /** Who closed first; "proxy" for a hook, and for a peer's fault (which is the flow's error). */
  by: Peer | "proxy";
}

export interface TcpMessage {
  fromClient: boolean;
  at: number;
  /** What was forwarded, up to the capture limit. */
  content: Uint8Array;
  /** The true length in bytes. */
  length: number;
  edited: boolean;
  dropped: boolean;
  injected: boolean;
}

export interface TcpFlow extends FlowBase {
  kind: "tcp";
  /** Whether TLS was intercepted around the bytes. */
  tls: boolean;
  host: string;
  port: number;
  messages: TcpMessage[];
  messagesDropped: number;
  bytesFromClient: number;
  bytesFromServer: number;
}

export type Flow = HttpFlow | TcpFlow;

/** For lists that are nearly always empty: flows are kept by the ten thousand, and share this one. */
export const NOTHING: readonly never[] = Object.freeze([]);

export function addNote(flow: Flow, note: string): void {
  flow.notes = [...flow.notes, note];
}
