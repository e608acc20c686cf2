// What the rows of the console have in common: a list that is full, and what is said where there is no terminal for it.

import { runWrk } from "./bench_wrk.ts";
import { TINY } from "./bench_nginx.ts";
import type { Setting } from "./bench_setting.ts";
import type { RowReport } from "./bench_table.ts";

/** As many as are kept by default: from then on the oldest one goes for each new one. */
const FLOWS = 50_000;
const FLOWS_QUICK = 5000;
const CONNECTIONS = 32;
/** Seconds of load. */
const FILL_LIMIT = 60;

/** How many flows are to be in the list. */
export function flowsWanted({ options }: Pick<Setting, "options">): number {
  return options.quick ? FLOWS_QUICK : FLOWS;
}

/** Sends so many requests, and a few more, through what listens on the port. */
export async function fillList(port: number, setting: Setting): Promise<void> {
  const { wrk, wrkScript } = setting;
  const url = `http://localhost:${port}${TINY.path}`;
  let flows = 0;
  for (let seconds = 0; flows < flowsWanted(setting); seconds++) {
    if (seconds === FILL_LIMIT) throw new Error(`only ${flows} flows came in ${FILL_LIMIT} s`);
    const load = { url, connections: CONNECTIONS, seconds: 1, close: false };
    flows += (await runWrk(wrk, wrkScript, load)).requests;
  }
}

/** A row that needs a terminal where none can be had. */
export function skippedRow({ name, title }: Pick<RowReport, "name" | "title">): RowReport {
  const notes = ["skipped: script, of util-linux, is not installed; it gives the console its terminal"];
  return { name, title, table: [], checks: [], faults: [], notes, figures: null };
}
