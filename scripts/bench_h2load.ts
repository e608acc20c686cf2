// One measurement with h2load, which is to HTTP/2 what wrk is to HTTP/1, and what it says at its end.

import { outputOf } from "./bench_process.ts";
import type { LoadResult } from "./bench_wrk.ts";

export interface Http2Load {
  url: string;
  connections: number;
  /** Requests under way at once on each connection. */
  streams: number;
  /** Whole seconds. */
  seconds: number;
}

/** A connection on which nothing comes for this long counts as failed. Seconds. */
const INACTIVITY_LIMIT = 10;
/** h2load ends this long after its time at the latest. Seconds. */
const GRACE = INACTIVITY_LIMIT + 10;

/** `logFile`: where it may write a line for each request. Rejects when h2load cannot measure at all. */
export async function runH2load(h2load: string, logFile: string, load: Http2Load): Promise<LoadResult> {
  const args = [
    "--threads=1",
    `--clients=${load.connections}`,
    `--max-concurrent-streams=${load.streams}`,
    `--duration=${load.seconds}`,
    `--connection-inactivity-timeout=${INACTIVITY_LIMIT}`,
    `--log-file=${logFile}`,
    load.url,
  ];
  // It adds to a file that is there.
  await Deno.remove(logFile).catch(() => {});
  const { text } = await outputOf(h2load, args, (load.seconds + GRACE) * 1000);
  return readH2loadOutput(text, await Deno.readTextFile(logFile));
}

/**
 * `log`: a line for each request: when it started, its status, how many microseconds it took. Throws when the figures
 * are missing, or when another protocol than HTTP/2 was agreed on.
 */
export function readH2loadOutput(text: string, log: string): LoadResult {
  const protocol = /^Application protocol: (\S+)$/m.exec(text)?.[1];
  if (protocol === undefined) throw new Error(`h2load: ${text.trim().split("\n").at(-1) ?? ""}`);
  if (!/^h2c?$/.test(protocol)) throw new Error(`h2load was given ${protocol}`);
  const number = (pattern: RegExp): number => {
    const found = pattern.exec(text)?.[1];
    if (found === undefined) throw new Error(`h2load gave no ${pattern.source}`);
    return Number(found);
  };
  const duration = /^finished in ([\d.]+)(ms|s|m)?,/m.exec(text);
  const seconds = Number(duration?.[1]) * ({ ms: 0.001, s: 1, m: 60 }[duration?.[2] ?? "s"] ?? NaN);
  const times = log.split("\n").map((line) => Number(line.split("\t")[2])).filter((time) => time > 0)
    .sort((one, other) => one - other);
  const percentile = (share: number) => (times[Math.floor(times.length * share)] ?? NaN) / 1000;
  const [succeeded, failed] = [
    number(/^requests: .* (\d+) succeeded/m),
    number(/^requests: .* (\d+) failed/m),
  ];
  const refused = number(/^status codes: .* (\d+) 4xx/m) + number(/^status codes: .* (\d+) 5xx/m);
  return {
    requests: succeeded + failed,
    duration: seconds,
    bytes: number(/^traffic: .* \((\d+)\) data/m),
    p50: percentile(0.5),
    p99: percentile(0.99),
    errors: {
      connect: 0,
      // Streams that were reset have no status.
      read: Math.max(failed - refused, number(/^requests: .* (\d+) errored/m)),
      write: 0,
      timeout: number(/^requests: .* (\d+) timeout/m),
      status: refused,
    },
  };
}
