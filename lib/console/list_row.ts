// A flow as one row of the list. The narrower the terminal, the fewer columns; what is left keeps its place.
// Invariant: a row is made of the record as it is now, and costs the same however large the flow is.

import { formatHostPort } from "../http/target.ts";
import type { Flow } from "../flow/record.ts";
import { mediaType } from "../format/media.ts";
import { escapeWire } from "../format/escape.ts";
import { formatClock, formatDuration, formatSize } from "../format/units.ts";
import { flowDuration, flowKind, flowMarks, flowSize, flowStatus, statusStyle } from "./flow_facts.ts";
import { fitText, type Line, type Span, span, type Style } from "./line.ts";

/** From this width on, a terminal of 100 columns: time, kind, method, host, path, status, type, size, duration, marks. */
const WIDE = 98;
/** From this width on without time, type and duration. Below, host and path are one. */
const MIDDLE = 76;

interface Column {
  width: number;
  text: string;
  style: Style;
  align?: "left" | "right";
}

/** `now` is what the duration of a flow that runs is counted to. */
export function listRow(flow: Flow, width: number, now: number): Line {
  const columns = width >= WIDE
    ? wideColumns(flow, width, now)
    : width >= MIDDLE
    ? middleColumns(flow, width)
    : narrowColumns(flow, width);
  const spans: Span[] = [];
  for (const { width: columnWidth, text, style, align } of columns) {
    spans.push(span(`${fitText(text, columnWidth, align)} `, style));
  }
  return spans;
}

/** What stands above the rows. */
export function listHeading(width: number): Line {
  const names = width >= WIDE
    ? ["Time", "Kind", "Method", "Host", "Path", "Status", "Type", "Size", "Took", ""]
    : width >= MIDDLE
    ? ["Kind", "Method", "Host", "Path", "Status", "Size", ""]
    : ["Kind", "Method", "URL", "Stat", "Size", ""];
  const widths = width >= WIDE
    ? wideWidths(width)
    : width >= MIDDLE
    ? middleWidths(width)
    : narrowWidths(width);
  const right = new Set(["Status", "Stat", "Size", "Took"]);
  return widths.map((columnWidth, index) => {
    const name = names[index] ?? "";
    const isRight = right.has(name);
    return span(`${fitText(name, columnWidth, isRight ? "right" : "left")} `, "faint");
  });
}

/** The widths of the columns, with a blank after each, fill the row. */
function wideWidths(width: number): number[] {
  const host = Math.max(16, Math.min(36, Math.floor(width * 0.2)));
  const type = Math.max(10, Math.min(28, Math.floor(width * 0.12)));
  const fixed = [8, 5, 7, host, 0, 6, type, 6, 6, 4];
  return filled(fixed, 4, width);
}

function middleWidths(width: number): number[] {
  return filled([5, 7, Math.floor(width * 0.25), 0, 6, 6, 4], 3, width);
}

function narrowWidths(width: number): number[] {
  return filled([5, 6, 0, 4, 6, 3], 2, width);
}

/** Gives column `index` what the others leave. */
function filled(widths: number[], index: number, width: number): number[] {
  let taken = 0;
  for (const columnWidth of widths) taken += columnWidth + 1;
  widths[index] = Math.max(1, width - taken);
  return widths;
}

function wideColumns(flow: Flow, width: number, now: number): Column[] {
  const [
    time = 0,
    kind = 0,
    method = 0,
    host = 0,
    path = 0,
    status = 0,
    type = 0,
    size = 0,
    duration = 0,
    marks = 0,
  ] = wideWidths(width);
  return [
    { width: time, text: formatClock(flow.startedAt).slice(0, 8), style: "faint" },
    { width: kind, text: flowKind(flow), style: kindStyle(flow) },
    { width: method, text: methodOf(flow), style: "strong" },
    { width: host, text: hostOf(flow), style: "plain" },
    { width: path, text: pathOf(flow), style: "plain" },
    { width: status, text: flowStatus(flow), style: statusStyle(flow), align: "right" },
    { width: type, text: typeOf(flow), style: flow.error === null ? "faint" : "error" },
    { width: size, text: sizeOf(flow), style: "plain", align: "right" },
    { width: duration, text: formatDuration(flowDuration(flow, now)), style: "faint", align: "right" },
    { width: marks, text: flowMarks(flow), style: marksStyle(flow) },
  ];
}

function middleColumns(flow: Flow, width: number): Column[] {
  const [kind = 0, method = 0, host = 0, path = 0, status = 0, size = 0, marks = 0] = middleWidths(width);
  return [
    { width: kind, text: flowKind(flow), style: kindStyle(flow) },
    { width: method, text: methodOf(flow), style: "strong" },
    { width: host, text: hostOf(flow), style: "plain" },
    { width: path, text: pathOf(flow), style: "plain" },
    { width: status, text: flowStatus(flow), style: statusStyle(flow), align: "right" },
    { width: size, text: sizeOf(flow), style: "plain", align: "right" },
    { width: marks, text: flowMarks(flow), style: marksStyle(flow) },
  ];
}

function narrowColumns(flow: Flow, width: number): Column[] {
  const [kind = 0, method = 0, url = 0, status = 0, size = 0, marks = 0] = narrowWidths(width);
  return [
    { width: kind, text: flowKind(flow), style: kindStyle(flow) },
    { width: method, text: methodOf(flow), style: "strong" },
    { width: url, text: hostOf(flow) + (flow.kind === "http" ? pathOf(flow) : ""), style: "plain" },
    { width: status, text: flowStatus(flow), style: statusStyle(flow), align: "right" },
    { width: size, text: sizeOf(flow), style: "plain", align: "right" },
    { width: marks, text: flowMarks(flow), style: marksStyle(flow) },
  ];
}

function kindStyle(flow: Flow): Style {
  return flow.kind === "tcp" || flow.messages !== null
    ? "remark"
    : flow.websocket !== null
    ? "fromServer"
    : "faint";
}

function marksStyle(flow: Flow): Style {
  return flow.held ? "held" : "remark";
}

function methodOf(flow: Flow): string {
  return flow.kind === "http" ? escapeWire(flow.request.head.method) : "";
}

function hostOf(flow: Flow): string {
  const { host, port } = flow;
  const isUsual = flow.kind === "http" && port === (flow.scheme === "https" ? 443 : 80);
  return escapeWire(isUsual ? host : formatHostPort(host, port));
}

function pathOf(flow: Flow): string {
  if (flow.kind === "tcp") return "";
  const { head } = flow.request;
  return escapeWire(head.path === "" ? head.target : head.path);
}

function typeOf(flow: Flow): string {
  if (flow.error !== null) return escapeWire(flow.error.code);
  if (flow.kind === "tcp") return flow.endedAt === null ? "open" : "";
  if (flow.websocket !== null) {
    const { close } = flow.websocket;
    return close === null ? "open" : `closed ${close.code}`;
  }
  return flow.response === null ? "" : escapeWire(mediaType(flow.response.head.fields).type);
}

function sizeOf(flow: Flow): string {
  const size = flowSize(flow);
  return size === 0 ? "" : formatSize(size);
}
