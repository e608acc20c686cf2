// One measurement with the WebSocket load client: what it is told, and what it says.

import { fileURLToPath } from "node:url";
import { RunningProgram } from "./bench_process.ts";
import type { WebSocketAddress } from "./bench_websocket_client.ts";
import type { MessageKind } from "./bench_websocket_messages.ts";

export interface WebSocketJob extends MessageKind {
  addresses: WebSocketAddress[];
  /** To each address. */
  connections: number;
  /** A message so often, in milliseconds; null: always one under way. */
  every: number | null;
  /** Before it starts to count, and while it counts. Seconds. */
  warmUp: number;
  seconds: number;
}

/** What has come back from one address. */
export interface WebSocketFigures {
  /** Messages. */
  requests: number;
  /** Seconds. */
  duration: number;
  /** Of echoed payload. */
  bytes: number;
  /** Of a message there and back, in milliseconds. Null: there was none. */
  p50: number | null;
  p99: number | null;
  /** Why the figures are worthless; null: they are not. */
  fault: string | null;
}

/** What it prints when it starts to count, and when it has ended. */
export const COUNTING = "counting";
export const COUNTING_ENDED = "counted";

/** Beyond its time: starting, connecting, waiting for the last echoes. Seconds. */
const GRACE = 30;

/** `atEdge`: called when it starts to count, and when it ends. Rejects when it cannot measure at all. */
export async function runWebSocketLoad(job: WebSocketJob, atEdge: () => void): Promise<WebSocketFigures[]> {
  const script = fileURLToPath(new URL("bench_websocket_load.ts", import.meta.url));
  const lines: string[] = [];
  const args = ["run", "--quiet", "--no-check", "--allow-net", script, JSON.stringify(job)];
  const program = new RunningProgram("the WebSocket client", Deno.execPath(), args, {
    onLine: (line) => {
      if (line === COUNTING || line === COUNTING_ENDED) atEdge();
      else lines.push(line);
    },
  });
  await program.exited((job.warmUp + job.seconds + GRACE) * 1000);
  return readWebSocketOutput(lines, job.addresses.length);
}

/** Throws when there are no figures for each of so many addresses. */
export function readWebSocketOutput(lines: readonly string[], addresses: number): WebSocketFigures[] {
  const found = lines.filter((line) => line.startsWith("{")).map(readFigures);
  if (found.length === addresses) return found;
  const reason = lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? "it said nothing";
  throw new Error(
    `the WebSocket client: ${reason.replace(/^error: (?:Uncaught )?(?:\(in promise\) )?/, "")}`,
  );
}

function readFigures(line: string): WebSocketFigures {
  const found: unknown = JSON.parse(line);
  const value = (name: string): unknown => Reflect.get(Object(found), name);
  const number = (name: string): number => {
    const number = value(name);
    if (typeof number !== "number") throw new Error(`the WebSocket client gave no ${name}: ${line}`);
    return number;
  };
  const [fault, requests] = [value("fault"), number("requests")];
  return {
    requests,
    duration: number("duration"),
    bytes: number("bytes"),
    p50: requests === 0 ? null : number("p50"),
    p99: requests === 0 ? null : number("p99"),
    fault: typeof fault === "string" ? fault : requests === 0 ? "not one message came back" : null,
  };
}
