// The tabs of a request and its response: heads as they came, bodies, trailers, interim responses, who answered.

import type { HttpFlow, RequestRecord, ResponseRecord } from "../flow/record.ts";
import { escapeWord } from "../format/escape.ts";
import { formatClock, formatDuration } from "../format/units.ts";
import { formatHostPort } from "../http/target.ts";
import {
  bodyLines,
  errorLines,
  heading,
  headLines,
  joinSections,
  noteLines,
  trailerLines,
  type ViewOptions,
} from "./flow_view_parts.ts";
import { wrappedLines } from "./flow_view_wrap.ts";
import type { Line } from "./line.ts";

export function requestLines(flow: HttpFlow, options: ViewOptions): Line[] {
  const { request, error } = flow;
  const { width } = options;
  return joinSections([
    error?.by === "client" ? errorLines(error, width) : [],
    [...wrappedLines(askedBy(flow), "faint", width), ...headLines(request.head, width)],
    bodyOf(flow, request, options),
    trailerLines(request.trailers, width),
  ]);
}

/** What the origin said, or what was said in its place; the error and the notes of the flow, too. */
export function responseLines(flow: HttpFlow, options: ViewOptions): Line[] {
  const { response, error } = flow;
  const { width } = options;
  const sections: Line[][] = [];
  if (error !== null) sections.push(errorLines(error, width));
  else if (response === null) sections.push(wrappedLines(missing(flow), "warning", width));
  for (const { head, at } of flow.interim) {
    const after = formatDuration(at - flow.startedAt);
    sections.push([...heading(`interim response after ${after}`, width), ...headLines(head, width)]);
  }
  if (response !== null) {
    sections.push([
      ...wrappedLines(answeredBy(flow, response), "faint", width),
      ...headLines(response.head, width),
    ]);
    sections.push(bodyOf(flow, response, options), trailerLines(response.trailers, width));
  }
  sections.push(noteLines(flow, width));
  return joinSections(sections);
}

function bodyOf(
  flow: HttpFlow,
  { head, body, endedAt }: RequestRecord | ResponseRecord,
  options: ViewOptions,
) {
  return bodyLines(head.fields, body, endedAt !== null || flow.endedAt !== null, options);
}

function askedBy({ client, startedAt, replayed }: HttpFlow): string {
  const who = replayed
    ? "sent again by mitm"
    : `from ${escapeWord(formatHostPort(client.remote.host, client.remote.port))}`;
  return `${who} at ${formatClock(startedAt)}`;
}

function answeredBy(flow: HttpFlow, response: ResponseRecord): string {
  const after = `after ${formatDuration(response.startedAt - flow.startedAt)}`;
  const marks = response.head.framing === "close" ? " [body until close]" : "";
  if (flow.answered) return `answered by mitm ${after}${marks}`;
  if (flow.server === null) return `answered ${after}${marks}`;
  const address = formatHostPort(flow.server.remote.host, flow.server.remote.port);
  const name = formatHostPort(flow.host, flow.port);
  const who = name === address ? escapeWord(address) : `${escapeWord(name)} (${escapeWord(address)})`;
  return `answered by ${who} ${after}${marks}`;
}

function missing({ endedAt, held }: HttpFlow): string {
  if (held) return "no response yet: the flow is intercepted";
  return endedAt === null ? "no response yet" : "no response";
}
