// mitm and mitmdump, started in reverse mode in front of an origin, or as a proxy that is told where to go, each on a port and
// with a folder of its own.

import { freePorts, RunningProgram } from "./bench_process.ts";

export interface RunningProxy {
  process: RunningProgram;
  port: number;
  /** The CA that signs what TLS clients get to see, in PEM. */
  ca: string;
}

export interface Origin {
  scheme: "http" | "https";
  port: number;
}

/** The program that is measured. */
export interface Mitm {
  program: string;
  env: Record<string, string>;
  /** A config folder, the same for every start: the CA is in it after the first one. */
  folder: string;
}

/** What mitm prints when all is well: at its end wrk leaves connections whose handshake is not done yet. */
const EXPECTED =
  /^mitm \S+ listening on |^try: curl |^CA certificate: |closed the connection during the TLS handshake/;

/**
 * `origin`: null: its clients say where to go. `trust`: the file of the CA to verify the origin against; null: anything
 * goes (`-k`).
 */
export async function startMitm(
  mitm: Mitm,
  origin: Origin | null,
  trust: string | null,
): Promise<RunningProxy> {
  const [port = 0] = freePorts(1);
  const process = new RunningProgram("mitm", mitm.program, [
    ...proxyArguments(mitm, port, origin, trust),
    "--detail=0",
  ], { env: mitm.env, expected: EXPECTED });
  await process.listening(port);
  return { process, port, ca: await Deno.readTextFile(`${mitm.folder}/mitm-ca-cert.pem`) };
}

/** What `startMitm` tells it, but for the log. */
export function proxyArguments(
  mitm: Mitm,
  port: number,
  origin: Origin | null,
  trust: string | null,
): string[] {
  return [
    ...mitmArguments(mitm, port),
    `--mode=${modeFor(origin)}`,
    trust === null ? "--insecure" : `--upstream-ca=${trust}`,
  ];
}

/** What every start is told. */
export function mitmArguments(mitm: Mitm, port: number): string[] {
  return [`--confdir=${mitm.folder}`, "--listen-host=127.0.0.1", `--listen-port=${port}`];
}

/**
 * It does not verify the origin, which is in its favour. `http2`: clients are to be given it; as it comes it dials the
 * origin first, and then gives them what it agreed on there without having offered h2.
 */
export async function startMitmdump(
  program: string,
  folder: string,
  origin: Origin | null,
  http2: boolean,
): Promise<RunningProxy> {
  const [port = 0] = freePorts(1);
  const process = new RunningProgram("mitmdump", program, [
    "--quiet",
    "--mode",
    modeFor(origin),
    "--listen-host",
    "127.0.0.1",
    "--listen-port",
    String(port),
    "--ssl-insecure",
    "--set",
    "flow_detail=0",
    "--set",
    `confdir=${folder}`,
    ...http2 ? ["--set", "connection_strategy=lazy"] : [],
  ]);
  await process.listening(port);
  return { process, port, ca: await Deno.readTextFile(`${folder}/mitmproxy-ca-cert.pem`) };
}

function modeFor(origin: Origin | null): string {
  return origin === null ? "regular" : `reverse:${origin.scheme}://127.0.0.1:${origin.port}`;
}
