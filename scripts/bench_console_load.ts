// The load of the row console-keys, a process of its own: bench_console_load.ts JOB, as JSON. It sends requests at a fixed rate
// over a few connections, each with a number of its own, until it is ended, and says now and then how many were answered.

import { connect, getOn, MessageReader } from "./bench_http.ts";
import { pause } from "./bench_process.ts";

export interface PacedJob {
  port: number;
  path: string;
  /** Of the body of each answer. Bytes. */
  size: number;
  /** Requests a second, all connections together. */
  rate: number;
  connections: number;
}

/** Between two lines it says. Milliseconds. */
const REPORT_PAUSE = 100;

let answered = 0;

/** A request each time it is due; what was held up is sent right after. */
async function client({ port, path, size, rate, connections }: PacedJob, index: number): Promise<void> {
  using conn = await connect({ port, ca: null });
  const reader = new MessageReader(conn);
  const start = performance.now();
  for (let number = index;; number += connections) {
    const early = start + number * 1000 / rate - performance.now();
    if (early > 0) await pause(early);
    await getOn(conn, reader, `${path}?${number}`, size);
    answered++;
  }
}

async function report(): Promise<void> {
  for (;;) {
    await pause(REPORT_PAUSE);
    console.log(answered);
  }
}

if (import.meta.main) {
  const job: PacedJob = JSON.parse(Deno.args[0] ?? "");
  const clients = Array.from({ length: job.connections }, (_, index) => client(job, index));
  await Promise.all([report(), ...clients]);
}
