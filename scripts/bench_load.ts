// Measures a row of load, whatever puts it on: everything in it is started, looked at, warmed up, and measured in turn,
// round by round. Each row has proxies of its own: what one leaves behind in a process does not count in another.

import { type Check, judge, median, ratioOf, spreadOf } from "./bench_figures.ts";
import type { ComparedRow, Comparison, Subject } from "./bench_load_rows.ts";
import { cpuTimeOf, descriptorsOf, type Memory, memoryOf, pause, type Watched } from "./bench_process.ts";
import type { Setting } from "./bench_setting.ts";
import { figure, type RowReport } from "./bench_table.ts";

/** After wrk has left, connections get this long to close before descriptors are counted. Milliseconds. */
const SETTLE_TIME = 500;
/** Descriptors that are open by then are a leak. Milliseconds. */
const SETTLE_LIMIT = 3000;
/** So many descriptors more than before are no leak. */
const DESCRIPTOR_SLACK = 4;

/** What one measurement has found. */
export interface LoadFigures {
  requests: number;
  /** Seconds. */
  duration: number;
  /** Milliseconds; null: there is none. */
  p50: number | null;
  p99: number | null;
}

/** A subject that runs: where the load goes. */
export interface Entrant {
  port: number;
  /** The CA to trust; null: plain. */
  ca: string | null;
  /** By CONNECT to this port; null: what is at `port` has one origin. */
  tunnelTo: number | null;
  /** Null for none: there is nothing in between. */
  process: Watched | null;
  /** Started for this row alone. */
  isOwn: boolean;
}

/** What puts the load of one row on, and tells what it did. */
export interface LoadDriver<Result extends LoadFigures> {
  /** What is counted: "request". */
  unit: string;
  /** The rate that is compared, and the name of its column. */
  rateName: string;
  rate(result: Result): number;
  /** Whether the figures have latencies. */
  hasLatencies: boolean;
  /** Null when what it takes is not installed. */
  enter(subject: Subject): Promise<Entrant | null>;
  /** Rejects unless one right answer comes. */
  check(entrant: Entrant): Promise<void>;
  /** `atEdge`: called when it starts to count, and when it ends. */
  measure(entrant: Entrant, seconds: number, atEdge: () => void): Promise<Result>;
  /** What makes it worthless; null: nothing. */
  fault(result: Result): string | null;
}

/** A subject at work. */
interface Contestant<Result> extends Entrant {
  subject: Subject;
  results: Result[];
  /** CPU time of each result, in microseconds a request. */
  cpu: number[];
  descriptors: number;
}

export async function runLoadRow<Result extends LoadFigures>(
  row: ComparedRow,
  driver: LoadDriver<Result>,
  { options, limit }: Pick<Setting, "options" | "limit">,
): Promise<RowReport> {
  const faults: string[] = [];
  const notes: string[] = [];
  const contestants: Contestant<Result>[] = [];
  const spoiled = new Set<Subject>();
  const spoil = (subject: Subject, fault: string) => {
    spoiled.add(subject);
    faults.push(`${subject}: ${fault}`);
  };
  try {
    for (const subject of row.subjects) {
      const entrant = await driver.enter(subject);
      if (entrant !== null) contestants.push({ ...entrant, subject, results: [], cpu: [], descriptors: 0 });
    }
    for (const contestant of contestants) {
      await driver.check(contestant).catch((error) => {
        throw new Error(`${contestant.subject} does not work: ${reason(error)}`);
      });
    }
    // Warming up: what is interpreted gets compiled as it runs.
    for (const contestant of contestants.filter(({ isOwn }) => isOwn)) {
      await measure(driver, contestant, 1);
    }
    await pause(SETTLE_TIME);
    for (const each of contestants) each.descriptors = openDescriptors(each);
    for (let round = 0; round < options.rounds; round++) {
      for (const contestant of contestants) {
        if (contestant.subject === "direct" && round > 0) continue;
        limit.check();
        const { result, cpu } = await measure(driver, contestant, options.seconds);
        const fault = contestant.process?.ended ?? driver.fault(result);
        if (fault !== null) spoil(contestant.subject, `round ${round + 1}: ${fault}`);
        contestant.results.push(result);
        contestant.cpu.push(cpu);
      }
    }
    const memory = new Map(contestants.map((each) => [each.subject, memoryAfter(each)]));
    for (const contestant of contestants.filter(isMitm)) {
      notes.push(...await leaks(contestant), ...remarks(contestant));
    }
    const checks = row.comparisons.flatMap((each) => checkOf(each, driver, contestants, spoiled));
    return {
      name: row.name,
      title: row.title,
      table: tableOf(driver, contestants, memory),
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
    for (const { process, isOwn } of contestants) {
      const odd = isOwn ? await process?.stop() : null;
      if (typeof odd === "string") notes.push(odd);
    }
  }
}

async function measure<Result extends LoadFigures>(
  driver: LoadDriver<Result>,
  entrant: Entrant,
  seconds: number,
): Promise<{ result: Result; cpu: number }> {
  const { process } = entrant;
  const edges: number[] = [];
  const result = await driver.measure(entrant, seconds, () => {
    edges.push(process === null || process.ended !== null ? NaN : cpuTimeOf(process.pid));
  });
  const [before = NaN, after = NaN] = edges;
  return { result, cpu: (after - before) * 1e6 / result.requests };
}

function memoryAfter({ process }: Entrant): Memory | null {
  return process === null || process.ended !== null ? null : memoryOf(process.pid);
}

function isMitm({ subject }: Contestant<unknown>): boolean {
  return subject.startsWith("mitm") && subject !== "mitmdump";
}

function openDescriptors({ process }: Entrant): number {
  return process === null || process.ended !== null ? 0 : descriptorsOf(process.pid);
}

/** Descriptors that stay open when the connections are gone. */
async function leaks(contestant: Contestant<unknown>): Promise<string[]> {
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
function remarks({ subject, process }: Contestant<unknown>): string[] {
  if (process === null || process.lineCount === 0) return [];
  const count = process.lineCount === 1 ? "a line" : `${process.lineCount} lines, the last one`;
  return [`${subject} logged ${count}: ${process.lastLines.at(-1)}`];
}

function checkOf<Result extends LoadFigures>(
  { of, to, target, meaning }: Comparison,
  driver: LoadDriver<Result>,
  contestants: readonly Contestant<Result>[],
  spoiled: ReadonlySet<Subject>,
): Check[] {
  const rates = (subject: Subject) =>
    contestants.find((each) => each.subject === subject)?.results.map(driver.rate);
  const [mine, theirs] = [rates(of), rates(to)];
  if (mine === undefined || theirs === undefined) return [];
  const measured = ratioOf(mine, theirs);
  const verdict = judge(measured.value, target, !spoiled.has(of) && !spoiled.has(to));
  return [{ name: `${of} : ${to}`, meaning, measured, unit: "x", target, verdict }];
}

function tableOf<Result extends LoadFigures>(
  driver: LoadDriver<Result>,
  contestants: readonly Contestant<Result>[],
  memory: ReadonlyMap<Subject, Memory | null>,
): string[][] {
  const mebibytes = (kibibytes: number | undefined) =>
    figure(kibibytes === undefined ? null : kibibytes / 1024);
  const latency = (values: readonly (number | null)[]) => figure(median(values.map((value) => value ?? NaN)));
  const table = [["through", driver.rateName, "lowest", "highest"]];
  if (driver.hasLatencies) table[0]?.push("p50 ms", "p99 ms");
  table[0]?.push(`CPU us/${driver.unit}`, "resident MiB", "peak MiB");
  for (const { subject, results, cpu } of contestants) {
    const rate = spreadOf(results.map(driver.rate));
    const line = [subject, figure(rate.value), figure(rate.lowest), figure(rate.highest)];
    if (driver.hasLatencies) {
      line.push(latency(results.map(({ p50 }) => p50)), latency(results.map(({ p99 }) => p99)));
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
