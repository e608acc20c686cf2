// How long the parts of an exchange took, as HAR has them (HAR 1.2, timings).
// Invariants: never negative but for -1, which is "does not apply"; `time` is the sum of the others (`ssl` is part of
// `connect`), in milliseconds with three decimals at most.

import type { ConnectionRecord, HttpFlow } from "../flow/record.ts";

export interface HarTimings {
  blocked: number;
  dns: number;
  connect: number;
  ssl: number;
  send: number;
  wait: number;
  receive: number;
}

/**
 * `isFirst`: no exchange before it used its connection to the origin. A connection that stood before the request came (in
 * a tunnel it does) counts for the first one all the same, and makes its time longer than the exchange was.
 */
export function harTimings(flow: HttpFlow, isFirst: boolean): { timings: HarTimings; time: number } {
  const { server, request, response } = flow;
  const started = request.startedAt;
  const connectedAt = server === null ? null : server.tlsAt ?? server.connectedAt;
  const connection = isFirst && server !== null && connectedAt !== null ? server : null;
  const isWithin = connection !== null && connection.startedAt >= started;
  const sendFrom = isWithin ? Math.max(started, connectedAt ?? started) : started;
  const requestEnd = request.endedAt ?? request.headAt;
  const end = response?.endedAt ?? flow.endedAt ?? response?.startedAt ?? requestEnd;
  const responseStart = response?.startedAt ?? end;
  // An answer may come before the request is over.
  const sendEnd = Math.max(sendFrom, Math.min(requestEnd, responseStart));
  const timings: HarTimings = {
    blocked: isWithin ? between(started, connection.startedAt) : -1,
    dns: -1,
    connect: connection === null ? -1 : between(connection.startedAt, connectedAt),
    ssl: connection === null ? -1 : tlsTime(connection),
    send: between(sendFrom, sendEnd),
    wait: between(sendEnd, responseStart),
    receive: between(Math.max(sendEnd, responseStart), end),
  };
  const { blocked, connect, send, wait, receive } = timings;
  const time = Math.max(0, blocked) + Math.max(0, connect) + send + wait + receive;
  return { timings, time: round(time) };
}

function tlsTime({ connectedAt, tlsAt }: ConnectionRecord): number {
  return connectedAt === null || tlsAt === null ? -1 : between(connectedAt, tlsAt);
}

function between(start: number, end: number | null): number {
  return end === null ? 0 : round(Math.max(0, end - start));
}

/** Differences of times since the epoch are exact to less than a microsecond, and look as if they were not. */
function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
