// Where the time went: which phases there are, how long, and where their bars stand.

import assert from "node:assert/strict";
import { timingLines } from "../../lib/console/flow_timing_tab.ts";
import { plainText } from "../../lib/console/line.ts";
import type { Flow } from "../../lib/flow/record.ts";
import { makeConnection, makeHttpFlow, makeTcpFlow, makeTcpMessage, START } from "../kit/records.ts";
import { makeGrpcCall } from "./flow_flows.ts";

/** 20 columns of bars. */
const options = { width: 40, raw: false };

/** The phases, without the facts below. */
function phases(flow: Flow): string[] {
  const lines = timingLines(flow, options).map((line) => plainText(line));
  return lines.slice(0, lines.indexOf(""));
}

const kept = makeConnection({
  id: 2,
  startedAt: START - 60_000,
  connectedAt: START - 59_990,
  tlsAt: START - 59_970,
});

const rows: { name: string; flow: Flow; lines: string[] }[] = [
  {
    name: "a connection made for the flow",
    flow: makeGrpcCall(),
    lines: [
      "connect        6ms   ████",
      "TLS            6ms      ████",
      "request        2ms  █",
      "wait           6ms          ████",
      "receive       14ms             ████████",
      "total         34ms  ████████████████████",
    ],
  },
  {
    name: "a connection that was there",
    flow: makeHttpFlow({ server: kept }),
    lines: [
      "request        2ms  █",
      "wait          18ms   ███████████",
      "receive       14ms             ████████",
      "total         34ms  ████████████████████",
    ],
  },
  {
    name: "a response that began before the request was over",
    flow: Object.assign(makeHttpFlow({ server: kept }), {
      request: { ...makeHttpFlow().request, endedAt: START + 30 },
    }),
    lines: [
      "request       30ms  ██████████████████",
      "wait          19ms  ███████████",
      "receive       14ms             ████████",
      "total         34ms  ████████████████████",
    ],
  },
  {
    name: "a response that is still coming",
    flow: makeHttpFlow({ server: kept, took: null }),
    lines: [
      "request        2ms  ██",
      "wait          18ms    ██████████████████",
      "receive          …                     █",
      "total            …  ████████████████████",
    ],
  },
  {
    name: "no time at all",
    flow: makeTcpFlow({ took: 0, server: null }),
    lines: ["total          0ms  █"],
  },
  {
    name: "one message is no span of time",
    flow: makeTcpFlow({ server: null, messages: [makeTcpMessage("x")], took: 20 }),
    lines: ["total         20ms  ████████████████████"],
  },
];

for (const { name, flow, lines } of rows) {
  Deno.test(`timing tab: ${name}`, () => assert.deepEqual(phases(flow), lines));
}

Deno.test("timing tab: without room there are figures alone", () => {
  const lines = timingLines(makeHttpFlow({ server: kept }), { width: 24, raw: false }).map(plainText);
  assert.deepEqual(lines.slice(0, 2), ["request        2ms", "wait          18ms"]);
});

Deno.test("timing tab: an older connection says what it took to make", () => {
  const lines = timingLines(makeHttpFlow({ server: kept }), { width: 100, raw: false }).map(plainText);
  assert.ok(lines.includes("connection     opened 1m00s before, connected in 10ms, TLS in 20ms"));
  assert.ok(
    timingLines(makeHttpFlow({ server: null }), options).map(plainText).includes(
      "connection     none to an origin",
    ),
  );
});
