// What a proxy adds to the time of a message now and then: one connection through each, and one straight to the
// origin, on which messages take turns. All are measured at the same time, so that what the machine does meets all.

import { type Check, differenceOf, judge, median, spreadOf, type Target } from "./bench_figures.ts";
import type { Entrant } from "./bench_load.ts";
import { pause } from "./bench_process.ts";
import type { Setting } from "./bench_setting.ts";
import { figure, type RowReport } from "./bench_table.ts";
import { addressOf, enterWebSocket, WARM_UP } from "./bench_websocket.ts";
import { runWebSocketLoad, type WebSocketFigures, type WebSocketJob } from "./bench_websocket_run.ts";

/** On each connection a message so often. Milliseconds. */
const EVERY = 10;
const TARGET: Target = { kind: "at-most", value: 2 };
/** A measurement takes so many times as long as one of load: its 99th percentile is one of few figures. */
const PACE_FACTOR = 2;
/** What it is warmed up with: connections, seconds. */
const WARM_CONNECTIONS = 8;
const WARM_SECONDS = 1;
/** Between warming up and the rounds. Milliseconds. */
const REST = 500;
const message = { size: 64, binary: false, deflate: false };

const subjects = ["direct", "nginx", "mitm"] as const;
type Subject = typeof subjects[number];

export const webSocketPaceRow = {
  name: "websocket-pace",
  title: `a text message of 64 bytes every ${EVERY} ms over wss, there and back, flows recorded`,
};

interface Paced {
  subject: Subject;
  entrant: Entrant;
  rounds: WebSocketFigures[];
}

export async function runWebSocketPaceRow(setting: Setting): Promise<RowReport> {
  setting.limit.check();
  const { rounds, seconds } = setting.options;
  const faults: string[] = [];
  const notes: string[] = [];
  const paced: Paced[] = [];
  try {
    for (const subject of subjects) {
      const entrant = await enterWebSocket(subject, setting);
      if (entrant !== null) paced.push({ subject, entrant, rounds: [] });
    }
    const addresses = paced.map(({ entrant }) => addressOf(entrant));
    const job: WebSocketJob = {
      ...message,
      addresses,
      connections: 1,
      every: EVERY,
      warmUp: WARM_UP,
      seconds: seconds * PACE_FACTOR,
    };
    // What is interpreted gets compiled as it runs.
    const warming = { ...job, connections: WARM_CONNECTIONS, every: null, seconds: WARM_SECONDS };
    await runWebSocketLoad(warming, () => {});
    await pause(REST);
    for (let round = 0; round < rounds; round++) {
      setting.limit.check();
      for (const [index, figures] of (await runWebSocketLoad(job, () => {})).entries()) {
        const { subject, entrant, rounds } = paced[index] ?? fail("figures of nobody");
        const fault = entrant.process?.ended ?? figures.fault;
        if (fault !== null) faults.push(`${subject}: round ${round + 1}: ${fault}`);
        rounds.push(figures);
      }
    }
    return report(paced, faults, notes);
  } finally {
    for (const { entrant } of paced.filter(({ entrant }) => entrant.isOwn)) {
      const odd = await entrant.process?.stop() ?? null;
      if (odd !== null) notes.push(odd);
    }
  }
}

function report(paced: readonly Paced[], faults: string[], notes: string[]): RowReport {
  const times = (subject: Subject, percentile: "p50" | "p99"): number[] =>
    paced.find((each) => each.subject === subject)?.rounds.map((figures) => figures[percentile] ?? NaN) ?? [];
  const added = (subject: Subject, percentile: "p50" | "p99") =>
    differenceOf(times(subject, percentile), times("direct", percentile));
  const checks = paced.filter(({ subject }) => subject !== "direct").map(({ subject }): Check => {
    const measured = added(subject, "p99");
    const target = subject === "mitm" ? TARGET : null;
    const verdict = judge(measured.value, target, faults.length === 0);
    return { name: `${subject} - direct, p99`, meaning: "", measured, unit: "ms", target, verdict };
  });
  const line = ({ subject, rounds }: Paced): string[] => {
    const { value, lowest, highest } = spreadOf(times(subject, "p99"));
    return [
      subject,
      figure(rounds.reduce((sum, { requests }) => sum + requests, 0)),
      figure(median(times(subject, "p50"))),
      figure(value),
      figure(lowest),
      figure(highest),
      subject === "direct" ? "" : figure(added(subject, "p50").value),
    ];
  };
  return {
    ...webSocketPaceRow,
    table: [
      ["through", "messages", "p50 ms", "p99 ms", "lowest", "highest", "added to p50"],
      ...paced.map(line),
    ],
    checks,
    faults,
    notes,
    figures: paced.map(({ subject, rounds }) => ({ subject, results: rounds })),
  };
}

function fail(message: string): never {
  throw new Error(message);
}
