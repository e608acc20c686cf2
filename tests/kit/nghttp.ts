// nghttp as an independent client: runs it, and takes down what it got, stream by stream, in the order of its log.

import { createHash } from "node:crypto";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { peer } from "./peers.ts";

/** A run that takes longer has hung, in milliseconds. */
const RUN_LIMIT = 30_000;

export interface NghttpResult {
  code: number;
  /** All it says about frames. */
  log: string;
  /** By stream: pushed ones too. */
  streams: Map<number, NghttpStream>;
}

export interface NghttpStream {
  /** Lines "name: value" as received, in order: of promises, heads and trailers. */
  fields: string[];
  /** DATA bytes, padding and all. */
  dataLength: number;
  /** Name and number, as in "CANCEL(0x08)"; null when it was not reset. */
  reset: string | null;
}

/** What nghttp says about frames; bodies are dropped. */
export async function nghttp(args: readonly string[]): Promise<NghttpResult> {
  const { code, output } = await run(["--verbose", "--null-out", ...args]);
  const log = latin1Decode(output);
  const streams = new Map<number, NghttpStream>();
  const of = (id: string | undefined): NghttpStream => {
    const found = streams.get(Number(id)) ?? { fields: [], dataLength: 0, reset: null };
    streams.set(Number(id), found);
    return found;
  };
  let resetting: NghttpStream | null = null;
  for (const line of log.split("\n")) {
    const field = /recv \(stream_id=(\d+)(?:, noind)?(?:, sensitive)?\) (.*)$/.exec(line);
    if (field !== null) of(field[1]).fields.push(field[2] ?? "");
    const data = /recv DATA frame <length=(\d+), flags=\w+, stream_id=(\d+)>/.exec(line);
    if (data !== null) of(data[2]).dataLength += Number(data[1]);
    const code = /^ +\(error_code=(\S+)\)/.exec(line);
    if (code !== null && resetting !== null) resetting.reset = code[1] ?? "";
    const reset = /recv RST_STREAM frame <.*stream_id=(\d+)>/.exec(line);
    resetting = reset === null ? null : of(reset[1]);
  }
  return { code, log, streams };
}

/** Length and SHA-256 of the bodies nghttp got, one behind the other. */
export async function nghttpBody(args: readonly string[]): Promise<{ length: number; hash: string }> {
  const { code, output, errors } = await run(args);
  if (code !== 0) throw new Error(`nghttp: ${errors}`);
  return { length: output.length, hash: createHash("sha256").update(output).digest("hex") };
}

async function run(args: readonly string[]): Promise<{ code: number; output: Uint8Array; errors: string }> {
  const program = peer("nghttp");
  if (program === null) throw new Error("nghttp is not installed: use peerTest");
  const child = new Deno.Command(program, {
    args: ["--no-verify-peer", ...args],
    env: { LC_ALL: "C" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const limit = setTimeout(() => child.kill("SIGKILL"), RUN_LIMIT);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(limit);
  return { code, output: stdout, errors: latin1Decode(stderr) };
}
