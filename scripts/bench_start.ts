// From start to listening: the program is started, and two things are timed: the first connection its port takes,
// and the line on standard output that says so.

import { judge, median, spreadOf, type Target } from "./bench_figures.ts";
import { freePorts, RunningProgram, within } from "./bench_process.ts";
import { mitmArguments } from "./bench_proxies.ts";
import type { Setting } from "./bench_setting.ts";
import { figure, type RowReport } from "./bench_table.ts";

export const startRow = {
  name: "start",
  title: "from start to listening, second start: CA made, caches warm",
};

const TARGET: Target = { kind: "at-most", value: 0.5 };
const STARTS = 5;
/** The line comes after the port is open; much later means never. Milliseconds. */
const LINE_LIMIT = 10_000;

/** Seconds. */
interface Start {
  connected: number;
  said: number;
}

export async function runStartRow({ mitm, limit }: Setting): Promise<RowReport> {
  const notes: string[] = [];
  const starts: Start[] = [];
  for (let count = 0; count <= STARTS; count++) {
    limit.check();
    const [port = 0] = freePorts(1);
    const { promise: said, resolve } = Promise.withResolvers<number>();
    const before = performance.now();
    const process = new RunningProgram("mitm", mitm.program, mitmArguments(mitm, port), {
      env: mitm.env,
      onLine: (line) => line.includes(" listening on ") && resolve(performance.now() - before),
    });
    try {
      await process.listening(port);
      const connected = performance.now() - before;
      const start = { connected: connected / 1000, said: await within(LINE_LIMIT, "the start", said) / 1000 };
      if (count > 0) starts.push(start); // the first one makes the CA, and fills the caches
    } finally {
      const odd = await process.stop();
      if (odd !== null) notes.push(odd);
    }
  }
  const connected = spreadOf(starts.map((start) => start.connected));
  const said = spreadOf(starts.map((start) => start.said));
  const later = spreadOf(starts.map((start) => Math.max(start.connected, start.said)));
  return {
    ...startRow,
    table: [
      ["until", "seconds", "lowest", "highest"],
      ["the first connection", figure(connected.value), figure(connected.lowest), figure(connected.highest)],
      ["the line that says so", figure(said.value), figure(said.lowest), figure(said.highest)],
    ],
    checks: [{
      name: "start",
      meaning: "",
      measured: later,
      unit: "s",
      target: TARGET,
      verdict: judge(median(starts.map((start) => Math.max(start.connected, start.said))), TARGET, true),
    }],
    faults: [],
    notes,
    figures: starts,
  };
}
