// Resident size with many flows kept: an exact number of exchanges over keep-alive connections, each recorded.

import { judge, spreadOf, type Target } from "./bench_figures.ts";
import { checkAnswer, connect, getOn, MessageReader } from "./bench_http.ts";
import { KIBIBYTE } from "./bench_nginx.ts";
import { memoryOf, pause, within } from "./bench_process.ts";
import { startMitm } from "./bench_proxies.ts";
import type { Setting } from "./bench_setting.ts";
import { figure, type RowReport } from "./bench_table.ts";

const FLOWS = 50_000;
const CONNECTIONS = 16;
const TARGET: Target = { kind: "at-most", value: 300 };
/** All exchanges together. Milliseconds. */
const LIMIT = 120_000;
/** After the last exchange, what is no longer needed may be given back. Milliseconds. */
const REST = 2000;

export const flowsRow = {
  name: "flows",
  title: `${FLOWS} flows with bodies of 1 KiB recorded under the default budget, plain`,
};

export async function runFlowsRow({ mitm, origin, limit }: Setting): Promise<RowReport> {
  limit.check();
  const notes: string[] = [];
  const proxy = await startMitm(mitm, { scheme: "http", port: origin.plain }, null);
  try {
    const { pid } = proxy.process;
    await checkAnswer({ port: proxy.port, ca: null }, KIBIBYTE.path, KIBIBYTE.size);
    const idle = memoryOf(pid);
    const before = performance.now();
    const clients = Array.from({ length: CONNECTIONS }, () => client(proxy.port, FLOWS / CONNECTIONS));
    await within(LIMIT, `the ${FLOWS} exchanges`, Promise.all(clients));
    const seconds = (performance.now() - before) / 1000;
    const after = memoryOf(pid);
    await pause(REST);
    const rested = memoryOf(pid);
    const mebibytes = (kibibytes: number) => figure(kibibytes / 1024);
    return {
      ...flowsRow,
      table: [
        ["resident", "MiB"],
        ["after one exchange", mebibytes(idle.resident)],
        ["after the last one", mebibytes(after.resident)],
        [`${REST / 1000} s later`, mebibytes(rested.resident)],
        ["peak", mebibytes(rested.peak)],
      ],
      checks: [{
        name: "resident size",
        meaning: "",
        measured: spreadOf([after.resident / 1024]),
        unit: "MiB",
        target: TARGET,
        verdict: judge(after.resident / 1024, TARGET, true),
      }],
      faults: [],
      notes,
      figures: { flows: FLOWS, seconds, memory_kib: { idle, after, rested } },
    };
  } finally {
    const odd = await proxy.process.stop();
    if (odd !== null) notes.push(odd);
  }
}

/** One request after the other on one connection. */
async function client(port: number, requests: number): Promise<void> {
  using conn = await connect({ port, ca: null });
  const reader = new MessageReader(conn);
  for (let count = 0; count < requests; count++) await getOn(conn, reader, KIBIBYTE.path, KIBIBYTE.size);
}
