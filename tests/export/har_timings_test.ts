import assert from "node:assert/strict";
import { type HarTimings, harTimings } from "../../lib/export/har_timings.ts";
import type { ConnectionRecord } from "../../lib/flow/record.ts";
import { makeConnection, makeHttpFlow, START } from "../kit/records.ts";

interface Row {
  name: string;
  /** All times in milliseconds from the start. */
  server: Partial<Record<"startedAt" | "connectedAt" | "tlsAt", number | null>> | null;
  isFirst?: false;
  requestEnd?: number | null;
  /** Start and end; null: there is none. */
  response?: [start: number, end: number | null] | null;
  end?: number | null;
  timings: Partial<HarTimings>;
  time: number;
}

const NONE: HarTimings = { blocked: -1, dns: -1, connect: -1, ssl: -1, send: 0, wait: 0, receive: 0 };

const rows: Row[] = [
  {
    name: "on a connection that was there",
    server: { startedAt: -50, connectedAt: -40, tlsAt: -30 },
    isFirst: false,
    timings: { send: 2, wait: 18, receive: 14 },
    time: 34,
  },
  {
    name: "the first one in a tunnel",
    server: { startedAt: -50, connectedAt: -40, tlsAt: -25 },
    timings: { connect: 25, ssl: 15, send: 2, wait: 18, receive: 14 },
    time: 59,
  },
  {
    name: "connected for it, in the clear",
    server: { startedAt: 1, connectedAt: 5.5, tlsAt: null },
    requestEnd: 7,
    timings: { blocked: 1, connect: 4.5, send: 1.5, wait: 13, receive: 14 },
    time: 34,
  },
  {
    name: "connected for it, when the request had ended already",
    server: { startedAt: 1, connectedAt: 5, tlsAt: 9 },
    timings: { blocked: 1, connect: 8, ssl: 4, send: 0, wait: 11, receive: 14 },
    time: 34,
  },
  {
    name: "an answer before the request's end",
    server: null,
    requestEnd: 30,
    timings: { send: 20, wait: 0, receive: 14 },
    time: 34,
  },
  {
    name: "no answer, but an end",
    server: { startedAt: 1, connectedAt: null, tlsAt: null },
    response: null,
    timings: { send: 2, wait: 32 },
    time: 34,
  },
  {
    name: "under way: nothing has come",
    server: null,
    response: null,
    requestEnd: null,
    end: null,
    timings: { send: 1 },
    time: 1,
  },
  {
    name: "under way: the head has come",
    server: null,
    response: [20, null],
    end: null,
    timings: { send: 2, wait: 18 },
    time: 20,
  },
  {
    name: "a clock that went back",
    server: { startedAt: 10, connectedAt: 5, tlsAt: 3 },
    response: [-5, -10],
    timings: { blocked: 10, connect: 0, ssl: 0 },
    time: 10,
  },
  {
    name: "fractions",
    server: null,
    requestEnd: 0.1004,
    response: [0.3, 0.7],
    timings: { send: 0.1, wait: 0.2, receive: 0.4 },
    time: 0.7,
  },
];

for (
  const { name, server, isFirst = true, requestEnd = 2, response = [20, 34], end = 34, timings, time } of rows
) {
  Deno.test(`har timings: ${name}`, () => {
    const flow = makeHttpFlow({
      server: server === null ? null : connection(server),
      endedAt: end === null ? null : START + end,
      ...(response === null ? { response: null } : {}),
    });
    flow.request.endedAt = requestEnd === null ? null : START + requestEnd;
    if (flow.response !== null && response !== null) {
      flow.response.startedAt = START + response[0];
      flow.response.endedAt = response[1] === null ? null : START + response[1];
    }
    assert.deepEqual(harTimings(flow, isFirst), { timings: { ...NONE, ...timings }, time });
  });
}

function connection(offsets: NonNullable<Row["server"]>): ConnectionRecord {
  const times = Object.entries(offsets).map(([name, at]) => [name, at === null ? null : START + at]);
  return makeConnection(Object.fromEntries(times));
}
