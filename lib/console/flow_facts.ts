// What the console says of a flow in few words: its kind, size, duration, marks.

import type { Flow, HttpFlow } from "../flow/record.ts";
import type { Style } from "./line.ts";

/** "HTTP", "HTTPS", "H2", "WS", "WSS", "TCP", "TLS": what is spoken, and whether TLS is around it. */
export function flowKind(flow: Flow): string {
  if (flow.kind === "tcp") return flow.tls ? "TLS" : "TCP";
  const isSecure = flow.scheme === "https";
  if (flow.websocket !== null) return isSecure ? "WSS" : "WS";
  if (flow.messages !== null) return isSecure ? "TLS" : "TCP";
  if (flow.request.head.version === "HTTP/2.0") return "H2";
  return isSecure ? "HTTPS" : "HTTP";
}

/** Bytes both ways, without heads: of a request and its response, of a conversation. */
export function flowSize(flow: Flow): number {
  if (flow.kind === "tcp") return flow.bytesFromClient + flow.bytesFromServer;
  const bodies = flow.request.body.length + (flow.response?.body.length ?? 0);
  if (flow.websocket !== null) {
    return bodies + flow.websocket.bytesFromClient + flow.websocket.bytesFromServer;
  }
  let messages = 0;
  for (const { length } of flow.messages ?? []) messages += length;
  return bodies + messages;
}

/** Milliseconds from its first byte to its end, or until `now` while it runs. */
export function flowDuration(flow: Flow, now: number): number {
  return (flow.endedAt ?? now) - flow.startedAt;
}

/** One sign each: intercepted, edited, replayed, marked. */
export function flowMarks(flow: Flow): string {
  return (flow.held ? "‖" : "") + (flow.edited ? "✎" : "") + (flow.replayed ? "↺" : "") +
    (flow.marked ? "●" : "");
}

/** What stands for the status: its number, "err", or "" while there is none. */
export function flowStatus(flow: Flow): string {
  if (flow.killed) return "kill";
  if (flow.error !== null) return "err";
  return flow.kind === "http" && flow.response !== null ? `${flow.response.head.status}` : "";
}

export function statusStyle(flow: Flow): Style {
  if (flow.killed || flow.error !== null) return "error";
  const status = flow.kind === "http" ? flow.response?.head.status ?? 0 : 0;
  if (status >= 500) return "serverError";
  if (status >= 400) return "clientError";
  if (status >= 300) return "redirect";
  return status >= 200 ? "ok" : "plain";
}

/** Whether it can be asked again. */
export function isReplayable(flow: HttpFlow): boolean {
  return flow.websocket === null && flow.messages === null && flow.request.head.method !== "CONNECT";
}
