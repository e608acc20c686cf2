// One measurement with wrk, and what it says at its end.

import { outputOf } from "./bench_process.ts";

/** What wrk has done to one address. */
export interface LoadResult {
  requests: number;
  /** Seconds. */
  duration: number;
  /** Bytes that came; of wrk heads included. */
  bytes: number;
  /** Latencies in milliseconds; of a new connection, without its TCP and TLS handshakes. */
  p50: number;
  p99: number;
  errors: LoadErrors;
}

export interface LoadErrors {
  connect: number;
  read: number;
  write: number;
  timeout: number;
  /** Answers with a status above 399. */
  status: number;
}

export interface Load {
  url: string;
  connections: number;
  /** Whole seconds. */
  seconds: number;
  /** A new connection for each request. */
  close: boolean;
}

/** A request that takes this long counts as failed. Seconds. */
const REQUEST_LIMIT = 10;
/** wrk ends this long after its time at the latest. Seconds. */
const GRACE = REQUEST_LIMIT + 10;

/** Makes wrk end with its figures as one line of JSON; whole numbers, times in microseconds. */
export const wrkScript = `done = function(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\\n{"requests":%.0f,"duration":%.0f,"bytes":%.0f,"p50":%.0f,"p99":%.0f,' ..
    '"connect":%.0f,"read":%.0f,"write":%.0f,"timeout":%.0f,"status":%.0f}\\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
    e.connect, e.read, e.write, e.timeout, e.status))
end
`;

/** `script`: the path of a file with `wrkScript`. Rejects when wrk cannot measure at all. */
export async function runWrk(wrk: string, script: string, load: Load): Promise<LoadResult> {
  const args = [
    "--threads=1",
    `--connections=${load.connections}`,
    `--duration=${load.seconds}s`,
    `--timeout=${REQUEST_LIMIT}s`,
    `--script=${script}`,
    ...(load.close ? ["--header=Connection: close"] : []),
    load.url,
  ];
  const { text } = await outputOf(wrk, args, (load.seconds + GRACE) * 1000);
  return readWrkOutput(text);
}

/** Throws when the line of figures is missing: wrk could not connect. */
export function readWrkOutput(text: string): LoadResult {
  const line = text.split("\n").findLast((line) => line.startsWith("{"));
  if (line === undefined) throw new Error(`wrk: ${text.trim().split("\n").at(-1) ?? ""}`);
  const found: unknown = JSON.parse(line);
  const value = (name: string): number => {
    const number: unknown = Reflect.get(Object(found), name);
    if (typeof number !== "number") throw new Error(`wrk gave no ${name}: ${line}`);
    return number;
  };
  return {
    requests: value("requests"),
    duration: value("duration") / 1e6,
    bytes: value("bytes"),
    p50: value("p50") / 1000,
    p99: value("p99") / 1000,
    errors: {
      connect: value("connect"),
      read: value("read"),
      write: value("write"),
      timeout: value("timeout"),
      status: value("status"),
    },
  };
}

/**
 * What makes a measurement worthless, for a person; null: nothing. `bodySize`: of every answer; `tool` itself takes any
 * status below 400 and any length for good.
 */
export function faultOf(
  { requests, bytes, errors }: LoadResult,
  bodySize: number,
  tool = "wrk",
): string | null {
  const named = Object.entries(errors).filter(([, count]) => count > 0);
  if (named.length > 0) {
    return `${tool} counted ${named.map(([name, count]) => `${count} ${name} errors`).join(", ")}`;
  }
  if (requests === 0) return "not one request was answered";
  if (bytes < requests * bodySize) return `${bytes} bytes came for ${requests} bodies of ${bodySize} bytes`;
  return null;
}
