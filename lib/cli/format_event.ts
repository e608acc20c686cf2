// What the event log is about, and the one face of its printers.

import type { ConnectionRecord, HttpFlow, TcpFlow, TcpMessage, WebSocketMessage } from "../flow/record.ts";
import type { LogEntry, TlsHelloFacts } from "../hooks/hooks.ts";

/** 0: nothing of flows. 1: a line for each. 2: heads too. 3: bodies too. */
export type Detail = 0 | 1 | 2 | 3;

/** What happens to connections; shown when verbose. */
export type ConnectionEvent =
  | { kind: "client-connected"; client: ConnectionRecord }
  | { kind: "client-disconnected"; client: ConnectionRecord }
  | { kind: "server-connecting"; server: ConnectionRecord; client: ConnectionRecord }
  | { kind: "server-connected"; server: ConnectionRecord; client: ConnectionRecord }
  | { kind: "server-failed"; server: ConnectionRecord; client: ConnectionRecord; reason: string }
  | { kind: "server-disconnected"; server: ConnectionRecord; client: ConnectionRecord }
  | { kind: "tls-hello"; hello: TlsHelloFacts }
  | { kind: "tls-established"; connection: ConnectionRecord; leg: "client" | "server" }
  | { kind: "tls-failed"; connection: ConnectionRecord; leg: "client" | "server"; reason: string };

/** Bytes that came from each side, in a TCP conversation that is over. */
export interface ByteTotals {
  fromClient: number;
  fromServer: number;
}

/** What each side has said in a WebSocket that is over: messages of text or binary, and their bytes. */
export interface WebSocketTotals {
  messages: { client: number; server: number };
  bytes: { client: number; server: number };
}

/** Turns events into whole lines, each with its line end. Times (`at`) are milliseconds since the epoch. */
export interface EventPrinter {
  http(flow: HttpFlow): string;
  tcpStart(flow: TcpFlow | HttpFlow): string;
  /** `content` is what of the message may be shown; the flags are read from `message`. */
  tcpMessage(flow: TcpFlow | HttpFlow, message: TcpMessage, content: Uint8Array): string;
  tcpEnd(flow: TcpFlow | HttpFlow, totals: ByteTotals): string;
  webSocketStart(flow: HttpFlow): string;
  /** `content` as in `tcpMessage`. */
  webSocketMessage(flow: HttpFlow, message: WebSocketMessage, content: Uint8Array): string;
  webSocketEnd(flow: HttpFlow, totals: WebSocketTotals): string;
  connection(event: ConnectionEvent, at: number): string;
  log(entry: LogEntry): string;
  /** So many events were not printed, since the output was slower than the traffic. */
  leftOut(count: number, at: number): string;
}
