// The view of one flow, without a terminal: its title, its tabs, and each tab as lines. The caller shows a window of
// them, and keeps them until the flow, the tab or the width changes.
// Invariants: functions of the record alone, which is not changed; they never throw on what a peer sent; no line is wider
// than asked for.

import { flowTarget } from "../flow/flow_url.ts";
import type { Flow } from "../flow/record.ts";
import { escapeWire, escapeWord } from "../format/escape.ts";
import { connectionLines } from "./flow_connection_tab.ts";
import { requestLines, responseLines } from "./flow_http_tab.ts";
import { messagesContent } from "./flow_messages_tab.ts";
import { timingLines } from "./flow_timing_tab.ts";
import { styleOfStatus, type TabContent, type ViewOptions } from "./flow_view_parts.ts";
import { cutText, fitLine, type Line, type Span, span, widthOf } from "./line.ts";

export type { TabContent, ViewOptions } from "./flow_view_parts.ts";

export type Tab = "request" | "response" | "messages" | "timing" | "connection";

/** A URL is not cut shorter than this: what is left would say nothing. */
const URL_WIDTH_MINIMUM = 10;

/** The tabs that a flow has now: one that became a WebSocket has one more. */
export function flowTabs(flow: Flow): Tab[] {
  if (flow.kind === "tcp") return ["messages", "timing", "connection"];
  const hasMessages = flow.websocket !== null || flow.messages !== null;
  return ["request", "response", ...hasMessages ? ["messages" as const] : [], "timing", "connection"];
}

/** The whole content of a tab; nothing for one that the flow does not have. */
export function tabContent(flow: Flow, tab: Tab, options: ViewOptions): TabContent {
  if (tab === "messages") return messagesContent(flow, options);
  return { lines: otherLines(flow, tab, options), messages: [] };
}

export function tabLines(flow: Flow, tab: Tab, options: ViewOptions): Line[] {
  return tabContent(flow, tab, options).lines;
}

/** Method, URL, status and marks on one line; the URL is cut first. */
export function flowTitle(flow: Flow, width: number): Line {
  const before: Span[] = [];
  if (flow.kind === "http") before.push(span(`${escapeWord(flow.request.head.method)} `, "strong"));
  else before.push(span(flow.tls ? "tcp+tls " : "tcp ", "strong"));
  const after: Span[] = [...statusSpans(flow), ...markSpans(flow)];
  let taken = 0;
  for (const { text } of [...before, ...after]) taken += widthOf(text);
  const target = cutText(escapeWord(flowTarget(flow)), Math.max(URL_WIDTH_MINIMUM, width - taken));
  return fitLine([...before, span(target, "title"), ...after], width);
}

function otherLines(flow: Flow, tab: Exclude<Tab, "messages">, options: ViewOptions): Line[] {
  switch (tab) {
    case "request":
      return flow.kind === "http" ? requestLines(flow, options) : [];
    case "response":
      return flow.kind === "http" ? responseLines(flow, options) : [];
    case "timing":
      return timingLines(flow, options);
    case "connection":
      return connectionLines(flow, options);
  }
}

function statusSpans(flow: Flow): Span[] {
  if (flow.kind === "tcp" || flow.response === null) return [];
  const { status, reason } = flow.response.head;
  const text = `${status} ${escapeWire(reason)}`.trimEnd();
  return [span(" -> ", "faint"), span(text, styleOfStatus(status))];
}

function markSpans(flow: Flow): Span[] {
  const marks: Span[] = [];
  if (flow.held) marks.push(span(" [intercepted]", "held"));
  if (flow.error !== null && !flow.killed) marks.push(span(" [error]", "error"));
  if (flow.killed) marks.push(span(" [killed]", "error"));
  if (flow.edited) marks.push(span(" [edited]", "remark"));
  if (flow.replayed) marks.push(span(" [replayed]", "remark"));
  if (flow.kind === "http" && flow.answered) marks.push(span(" [answered by mitm]", "remark"));
  if (flow.marked) marks.push(span(" [marked]", "remark"));
  return marks;
}
