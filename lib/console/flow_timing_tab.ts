// The tab that shows where the time went: phases as bars, one below the other on one scale.
// Invariants: made of the record alone, no clock is read: the bar of a phase that goes on ends where the last thing known
// happened; a bar is at least one column wide.

import type { Flow, HttpFlow, TcpFlow } from "../flow/record.ts";
import { formatClock, formatDuration } from "../format/units.ts";
import { EMPTY_LINE, type ViewOptions } from "./flow_view_parts.ts";
import { labelledLines } from "./flow_view_wrap.ts";
import { fitLine, type Line, span, type Style } from "./line.ts";

const LABEL_WIDTH = 10;
const DURATION_WIDTH = 8;
const FACT_WIDTH = 15;
/** A bar narrower than this says nothing: there is none. */
const BAR_MINIMUM = 8;
const BAR = "█";

interface Phase {
  name: string;
  start: number;
  /** null: it goes on, or was never over. */
  end: number | null;
  style: Style;
}

export function timingLines(flow: Flow, { width }: ViewOptions): Line[] {
  // What was not over when the flow was, took until then.
  const phases = phasesOf(flow).map((phase) => ({ ...phase, end: phase.end ?? flow.endedAt }));
  const from = flow.startedAt;
  const last = Math.max(from, flow.endedAt ?? from, ...phases.map(({ start, end }) => end ?? start));
  const lines = phases.map((phase) => phaseLine(phase, from, last, width));
  lines.push(EMPTY_LINE, ...factLines(flow, width));
  return lines;
}

function phasesOf(flow: Flow): Phase[] {
  const phases = connectPhases(flow);
  if (flow.kind === "http") phases.push(...exchangePhases(flow));
  phases.push(...conversationPhases(flow));
  phases.push({ name: "total", start: flow.startedAt, end: flow.endedAt, style: "strong" });
  return phases;
}

/** Only a connection that this flow has opened took any of its time. */
function connectPhases({ server, startedAt }: Flow): Phase[] {
  if (server === null || server.startedAt < startedAt) return [];
  const phases: Phase[] = [
    { name: "connect", start: server.startedAt, end: server.connectedAt ?? server.endedAt, style: "bar" },
  ];
  if (server.connectedAt !== null && server.tlsAt !== null) {
    phases.push({ name: "TLS", start: server.connectedAt, end: server.tlsAt, style: "bar" });
  }
  return phases;
}

function exchangePhases(flow: HttpFlow): Phase[] {
  const { request, response, server } = flow;
  const phases: Phase[] = [
    { name: "request", start: request.startedAt, end: request.endedAt, style: "bar" },
  ];
  const isWaitedFor = response !== null || (server !== null && server.connectedAt !== null);
  if (isWaitedFor) {
    phases.push({
      name: "wait",
      start: waitStart(flow),
      end: response?.startedAt ?? null,
      style: "barWait",
    });
  }
  // What follows the response to a WebSocket's handshake is the conversation.
  if (response !== null && messageTimes(flow) === null) {
    phases.push({ name: "receive", start: response.startedAt, end: response.endedAt, style: "barReceive" });
  }
  return phases;
}

/** Once the origin can be waited for: it is connected to, and has the request, unless it answered before. */
function waitStart({ server, startedAt, request, response }: HttpFlow): number {
  const answeredAt = response?.startedAt ?? Infinity;
  let start = request.headAt;
  const opened = server !== null && server.startedAt >= startedAt ? server.tlsAt ?? server.connectedAt : null;
  for (const at of [request.endedAt, opened]) {
    if (at !== null && at <= answeredAt) start = Math.max(start, at);
  }
  return Math.min(start, answeredAt);
}

function conversationPhases(flow: Flow): Phase[] {
  const messages = messageTimes(flow);
  if (messages === null) return [];
  const phases: Phase[] = [];
  if (flow.kind === "http") {
    const start = flow.websocket?.startedAt ?? flow.response?.startedAt ?? flow.startedAt;
    phases.push({ name: "open", start, end: flow.endedAt, style: "barReceive" });
  }
  const [first, last] = [messages[0], messages.at(-1)];
  if (first !== undefined && last !== undefined && messages.length > 1) {
    phases.push({ name: "messages", start: first, end: last, style: "barReceive" });
  }
  return phases;
}

/** null where the flow has no messages by its nature. */
function messageTimes(flow: Flow): number[] | null {
  const messages = flow.kind === "tcp" ? flow.messages : flow.websocket?.messages ?? flow.messages;
  return messages === null ? null : messages.map(({ at }) => at);
}

function phaseLine({ name, start, end, style }: Phase, from: number, last: number, width: number): Line {
  const label = name.padEnd(LABEL_WIDTH);
  const duration = (end === null ? "…" : formatDuration(end - start)).padStart(DURATION_WIDTH);
  const room = width - LABEL_WIDTH - DURATION_WIDTH - 2;
  if (room < BAR_MINIMUM) return fitLine([span(label, "name"), span(duration)], width);
  const scale = last > from ? room / (last - from) : 0;
  const first = clamp(Math.floor((start - from) * scale), 0, room - 1);
  const columns = clamp(Math.round(((end ?? last) - start) * scale), 1, room - first);
  return [
    span(label, "name"),
    span(duration),
    span(`  ${" ".repeat(first)}`),
    span(BAR.repeat(columns), style),
  ];
}

function factLines(flow: Flow, width: number): Line[] {
  const facts: [name: string, value: string][] = [
    ["started", `${localDate(flow.startedAt)} ${formatClock(flow.startedAt)}`],
    ["connection", connectionFact(flow)],
  ];
  if (flow.kind === "http") facts.push(...exchangeFacts(flow));
  const messages = messageTimes(flow);
  const [first, last] = [messages?.[0], messages?.at(-1)];
  if (first !== undefined) facts.push(["first message", timeAfter(flow, first)]);
  if (last !== undefined) facts.push(["last message", timeAfter(flow, last)]);
  if (flow.kind === "tcp") facts.push(["bytes", byteTotals(flow)]);
  facts.push(["ended", flow.endedAt === null ? "not yet" : timeAfter(flow, flow.endedAt)]);
  return facts.flatMap(([name, value]) => {
    return labelledLines([span(name.padEnd(FACT_WIDTH), "name")], value, "plain", width);
  });
}

function connectionFact({ server, startedAt }: Flow): string {
  if (server === null) return "none to an origin";
  if (server.startedAt >= startedAt) return "opened for this flow";
  const parts = [`opened ${formatDuration(startedAt - server.startedAt)} before`];
  if (server.connectedAt !== null) {
    parts.push(`connected in ${formatDuration(server.connectedAt - server.startedAt)}`);
    if (server.tlsAt !== null) parts.push(`TLS in ${formatDuration(server.tlsAt - server.connectedAt)}`);
  }
  return parts.join(", ");
}

function exchangeFacts(flow: HttpFlow): [name: string, value: string][] {
  const { request, response, interim } = flow;
  const facts: [string, string][] = [];
  if (request.endedAt !== null) facts.push(["request sent", timeAfter(flow, request.endedAt)]);
  for (const { head, at } of interim) facts.push([`interim ${head.status}`, timeAfter(flow, at)]);
  if (response !== null) facts.push(["first byte", timeAfter(flow, response.startedAt)]);
  return facts;
}

function byteTotals({ bytesFromClient, bytesFromServer }: TcpFlow): string {
  return `-> ${bytesFromClient} <- ${bytesFromServer}`;
}

function timeAfter({ startedAt }: Flow, at: number): string {
  return `${formatClock(at)}, after ${formatDuration(at - startedAt)}`;
}

function localDate(at: number): string {
  const date = new Date(at);
  const twoDigits = (value: number) => `${value}`.padStart(2, "0");
  return `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())}`;
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}
