// Measures a row that wrk or h2load drives: everything in it is started, looked at, warmed up, and measured in turn, round by
// round. Each row has proxies of its own: what one leaves behind in a process does not count in another.

import { type Check, judge, median, ratioOf, spreadOf } from "./bench_figures.ts";
import { runH2load } from "./bench_h2load.ts";
import { checkAnswer } from "./bench_http.ts";
import type { Comparison, LoadRow, Subject } from "./bench_load_rows.ts";
import {
  cpuTimeOf,
  descriptorsOf,
  type Memory,
  memoryOf,
  pause,
  type RunningProgram,
} from "./bench_process.ts";
import { type RunningProxy, startMitm, startMitmdump } from "./bench_proxies.ts";
import type { NginxProxy } from "./bench_nginx.ts";
import type { Setting } from "./bench_setting.ts";
import { figure, type RowReport } from "./bench_table.ts";
import { faultOf, type LoadResult, runWrk } from "./bench_wrk.ts";

/** After wrk has left, connections get this long to close before descriptors are counted. Milliseconds. */
const SETTLE_TIME = 500;
/** Descriptors that are open by then are a leak. Milliseconds. */
const SETTLE_LIMIT = 3000;
/** So many descriptors more than before are no leak. */
const DESCRIPTOR_SLACK = 4;

/** A subject at work. */
interface Contestant {
  subject: Subject;
  port: number;
  ca: string | null;
  /** Started for this row alone. */
  isOwn: boolean;
  /** Null for none: there is nothing in between. */
  process: RunningProgram | null;
  results: LoadResult[];
  /** CPU time of each result, in microseconds a request. */
  cpu: number[];
  descriptors: number;
}

export async function runLoadRow(row: LoadRow, setting: Setting): Promise<RowReport> {
  const own: RunningProxy[] = [];
  const faults: string[] = [];
  const notes: string[] = [];
  const contestants: Contestant[] = [];
  const spoiled = new Set<Subject>();
  const tool = row.streams === null ? "wrk" : "h2load";
  const spoil = (subject: Subject, fault: string) => {
    spoiled.add(subject);
    faults.push(`${subject}: ${fault}`);
  };
  try {
    for (const subject of row.subjects) {
      const contestant = await enter(row, subject, setting, own);
      if (contestant !== null) contestants.push(contestant);
    }
    for (const { subject, port, ca } of contestants) {
      await checkAnswer({ port, ca }, row.resource.path, row.resource.size).catch((error) => {
        throw new Error(`${subject} does not work: ${reason(error)}`);
      });
    }
    // Warming up: what is interpreted gets compiled as it runs.
    for (const contestant of contestants.filter(({ isOwn }) => isOwn)) {
      await measure(row, contestant, setting, 1);
    }
    await pause(SETTLE_TIME);
    for (const each of contestants) each.descriptors = openDescriptors(each);
    for (let round = 0; round < setting.options.rounds; round++) {
      for (const contestant of contestants) {
        if (contestant.subject === "direct" && round > 0) continue;
        setting.limit.check();
        const { result, cpu } = await measure(row, contestant, setting, setting.options.seconds);
        const fault = contestant.process?.ended ?? faultOf(result, row.resource.size, tool);
        if (fault !== null) spoil(contestant.subject, `round ${round + 1}: ${fault}`);
        contestant.results.push(result);
        contestant.cpu.push(cpu);
      }
    }
    const memory = new Map(contestants.map((each) => [each.subject, memoryAfter(each)]));
    for (const contestant of contestants.filter(isMitm)) {
      notes.push(...await leaks(contestant), ...remarks(contestant));
    }
    const checks = row.comparisons.flatMap((each) => checkOf(each, contestants, spoiled));
    return {
      name: row.name,
      title: row.title,
      table: tableOf(row, contestants, memory),
      checks,
      faults,
      notes,
      figures: contestants.map(({ subject, results, cpu }) => ({
        subject,
        results,
        cpu_microseconds_per_request: cpu,
        memory_kib: memory.get(subject) ?? null,
      })),
    };
  } finally {
    for (const { process } of own) {
      const odd = await process.stop();
      if (odd !== null) notes.push(odd);
    }
  }
}

/** Null when what it takes is not installed. */
async function enter(
  row: LoadRow,
  subject: Subject,
  setting: Setting,
  own: RunningProxy[],
): Promise<Contestant | null> {
  const { origin, nginx, mitmdump, authority } = setting;
  const originPort = !row.tls ? origin.plain : row.origin === "HTTP/2" ? origin.http2 : origin.tls;
  const at = (port: number, ca: string, process: RunningProgram | null, isOwn = false): Contestant => ({
    subject,
    port,
    ca: row.tls ? ca : null,
    isOwn,
    process,
    results: [],
    cpu: [],
    descriptors: 0,
  });
  const proxied = async (starting: Promise<RunningProxy>): Promise<Contestant> => {
    const proxy = await starting;
    own.push(proxy);
    return at(proxy.port, proxy.ca, proxy.process, true);
  };
  const target = { scheme: row.tls ? "https" as const : "http" as const, port: originPort };
  switch (subject) {
    case "direct":
      // h2load speaks nothing else.
      return at(row.streams === null ? originPort : origin.http2, authority.pem, null);
    case "nginx":
      return nginx === null ? null : at(nginxPort(row, nginx), authority.pem, nginx.process);
    case "nginx as mitm":
      return nginx === null ? null : at(nginx.newTlsVerified, authority.pem, nginx.process);
    case "mitm":
      return await proxied(startMitm(setting.mitm, target, authority.file));
    case "mitm -k":
      return await proxied(startMitm(setting.mitm, target, null));
    case "mitmdump":
      if (mitmdump === null) return null;
      return await proxied(
        startMitmdump(mitmdump, `${setting.folder}/mitmdump`, target, row.streams !== null),
      );
  }
}

function nginxPort(row: LoadRow, nginx: NginxProxy): number {
  if (row.streams !== null) return nginx.http2;
  return row.close ? nginx.newTls : row.tls ? nginx.tls : nginx.plain;
}

async function measure(
  row: LoadRow,
  { port, process }: Contestant,
  { wrk, wrkScript, h2load, folder }: Setting,
  seconds: number,
): Promise<{ result: LoadResult; cpu: number }> {
  const url = `${row.tls ? "https" : "http"}://localhost:${port}${row.resource.path}`;
  const cpuTime = () => process === null || process.ended !== null ? NaN : cpuTimeOf(process.pid);
  const before = cpuTime();
  const { connections, streams, close } = row;
  const result = streams === null
    ? await runWrk(wrk, wrkScript, { url, connections, seconds, close })
    : await runH2load(present(h2load), `${folder}/h2load.log`, { url, connections, streams, seconds });
  return { result, cpu: (cpuTime() - before) * 1e6 / result.requests };
}

function present(h2load: string | null): string {
  if (h2load === null) throw new Error("h2load is missing; on Debian: apt-get install nghttp2-client");
  return h2load;
}

function memoryAfter({ process }: Contestant): Memory | null {
  return process === null || process.ended !== null ? null : memoryOf(process.pid);
}

function isMitm({ subject }: Contestant): boolean {
  return subject === "mitm" || subject === "mitm -k";
}

function openDescriptors({ process }: Contestant): number {
  return process === null || process.ended !== null ? 0 : descriptorsOf(process.pid);
}

/** Descriptors that stay open when the connections are gone. */
async function leaks(contestant: Contestant): Promise<string[]> {
  const start = performance.now();
  for (;;) {
    const more = openDescriptors(contestant) - contestant.descriptors;
    if (more <= DESCRIPTOR_SLACK) return [];
    if (performance.now() - start > SETTLE_LIMIT) {
      return [
        `${contestant.subject} has ${more} more descriptors open than before, ${SETTLE_LIMIT / 1000} s later`,
      ];
    }
    await pause(50);
  }
}

/** What it has printed that it does not print when all is well. */
function remarks({ subject, process }: Contestant): string[] {
  if (process === null || process.lineCount === 0) return [];
  const count = process.lineCount === 1 ? "a line" : `${process.lineCount} lines, the last one`;
  return [`${subject} logged ${count}: ${process.lastLines.at(-1)}`];
}

function checkOf(
  { of, to, target, meaning }: Comparison,
  contestants: readonly Contestant[],
  spoiled: ReadonlySet<Subject>,
): Check[] {
  const rates = (subject: Subject) => ratesOf(contestants.find((each) => each.subject === subject));
  const [mine, theirs] = [rates(of), rates(to)];
  if (mine === null || theirs === null) return [];
  const measured = ratioOf(mine, theirs);
  const verdict = judge(measured.value, target, !spoiled.has(of) && !spoiled.has(to));
  return [{ name: `${of} : ${to}`, meaning, measured, unit: "x", target, verdict }];
}

function ratesOf(contestant: Contestant | undefined): number[] | null {
  return contestant?.results.map(({ requests, duration }) => requests / duration) ?? null;
}

function tableOf(
  row: LoadRow,
  contestants: readonly Contestant[],
  memory: ReadonlyMap<Subject, Memory | null>,
): string[][] {
  const mebibytes = (kibibytes: number | undefined) =>
    figure(kibibytes === undefined ? null : kibibytes / 1024);
  const table = [["through", "requests/s", "lowest", "highest"]];
  // wrk does not count the handshakes: its latencies would flatter new connections.
  if (!row.close) table[0]?.push("p50 ms", "p99 ms");
  table[0]?.push("CPU us/request", "resident MiB", "peak MiB");
  for (const contestant of contestants) {
    const { subject, results, cpu } = contestant;
    const rate = spreadOf(ratesOf(contestant) ?? []);
    const line = [subject, figure(rate.value), figure(rate.lowest), figure(rate.highest)];
    if (!row.close) {
      line.push(figure(median(results.map(({ p50 }) => p50))), figure(median(results.map(({ p99 }) => p99))));
    }
    const { resident, peak } = memory.get(subject) ?? {};
    line.push(figure(median(cpu)), mebibytes(resident), mebibytes(peak));
    table.push(line);
  }
  return table;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
