// The bench, `deno task bench`: mitm in reverse mode beside nginx and mitmdump, the same load on each in turn, the
// figures as ratios of one run. docs/bench.md says how to read it. All traffic stays on 127.0.0.1.

import { resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { makeAuthorityPem } from "../lib/tls/authority_material.ts";
import { loadAuthority } from "../lib/tls/authority_files.ts";
import { consoleKeysRow, runConsoleKeysRow } from "./bench_console_keys.ts";
import { consoleRateRow, runConsoleRateRow } from "./bench_console_rate.ts";
import { flowsRow, runFlowsRow } from "./bench_flows.ts";
import { http2DelayRow, runHttp2DelayRow } from "./bench_http2_delay.ts";
import { http2StallRows, runHttp2StallRow } from "./bench_http2_stall.ts";
import { httpDriver } from "./bench_http_load.ts";
import { runLoadRow } from "./bench_load.ts";
import { httpLoadRows } from "./bench_load_rows.ts";
import { busyLine, machineLine, type Programs } from "./bench_machine.ts";
import { AUTHORITY_FILE, CERTIFICATE_FILE, KEY_FILE, startNginxProxy, startOrigin } from "./bench_nginx.ts";
import { benchHelp, type BenchOptions, isWanted, parseBenchOptions, timeLimit } from "./bench_options.ts";
import { findProgram, killAll } from "./bench_process.ts";
import type { Mitm } from "./bench_proxies.ts";
import { OutOfTime, type Setting, TimeLimit } from "./bench_setting.ts";
import { runStallRow, stallRows } from "./bench_stall.ts";
import { runStartRow, startRow } from "./bench_start.ts";
import { rowLines, type RowReport, summaryLines } from "./bench_table.ts";
import { startWebSocketOrigin, webSocketDriver, webSocketRows } from "./bench_websocket.ts";
import { runWebSocketPaceRow, webSocketPaceRow } from "./bench_websocket_pace.ts";
import { wrkScript } from "./bench_wrk.ts";

interface BenchRow {
  name: string;
  title: string;
  run(setting: Setting): Promise<RowReport>;
}

const rows: readonly BenchRow[] = [
  ...httpLoadRows.map((row) => ({
    ...row,
    run: (setting: Setting) => runLoadRow(row, httpDriver(row, setting), setting),
  })),
  ...webSocketRows.map((row) => ({
    ...row,
    run: (setting: Setting) => runLoadRow(row, webSocketDriver(row, setting), setting),
  })),
  { ...webSocketPaceRow, run: runWebSocketPaceRow },
  { ...startRow, run: runStartRow },
  ...stallRows.map((row) => ({ ...row, run: (setting: Setting) => runStallRow(row, setting) })),
  ...http2StallRows.map((row) => ({ ...row, run: (setting: Setting) => runHttp2StallRow(row, setting) })),
  { ...http2DelayRow, run: runHttp2DelayRow },
  { ...flowsRow, run: runFlowsRow },
  { ...consoleRateRow, run: runConsoleRateRow },
  { ...consoleKeysRow, run: runConsoleKeysRow },
];

/** When the time is over, what is being measured gets this long to end before everything is ended. Seconds. */
const GRACE = 15;
/** The exit code of a program that SIGINT ended: 128 and the signal's number. */
const EXIT_INTERRUPTED = 130;

async function main(): Promise<number> {
  const options = parseBenchOptions(Deno.args, rows.map(({ name }) => name));
  if (typeof options === "string") return fail(options, 2);
  if ("help" in options) {
    console.log(benchHelp + rows.map(({ name, title }) => `  ${name}: ${title}\n`).join(""));
    return 0;
  }
  if (Deno.build.os !== "linux") return fail("it reads /proc, so it needs Linux", 1);
  const wrk = findProgram("wrk");
  if (wrk === null) {
    return fail("wrk is missing; on Debian: apt-get install wrk nghttp2-client nginx-light mitmproxy", 1);
  }
  const programs = {
    wrk,
    h2load: findProgram("h2load"),
    nginx: findProgram("nginx"),
    mitmdump: findProgram("mitmdump"),
    script: findProgram("script"),
    mitm: options.mitm === null ? fileURLToPath(new URL("../mitm", import.meta.url)) : resolve(options.mitm),
  };

  const folder = await Deno.makeTempDir({ prefix: "mitm-bench-" });
  const seconds = timeLimit(options);
  const cleanUp = () => {
    killAll();
    Deno.removeSync(folder, { recursive: true });
  };
  const abort = (code: number, message: string) => {
    cleanUp();
    Deno.exit(fail(message, code));
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => abort(EXIT_INTERRUPTED, "interrupted"));
  }
  const hardLimit = setTimeout(() => abort(1, "it hangs; everything is ended"), (seconds + GRACE) * 1000);
  try {
    return await runBench(options, programs, folder, new TimeLimit(seconds));
  } catch (error) {
    return fail(reason(error), 1);
  } finally {
    clearTimeout(hardLimit);
    cleanUp();
  }
}

async function runBench(
  options: BenchOptions,
  programs: Programs,
  folder: string,
  limit: TimeLimit,
): Promise<number> {
  const mitm: Mitm = {
    program: programs.mitm,
    // The Deno this runs on is the one that is measured, unless another is asked for.
    env: { MITM_DENO: process.env["MITM_DENO"] ?? Deno.execPath() },
    folder: `${folder}/mitm`,
  };
  const start = performance.now();
  const busy = busyLine();
  const machine = await machineLine(programs, mitm.env);
  console.log(machine);
  if (busy !== null) console.log(busy);
  console.log(
    `${options.rounds} ${
      options.rounds === 1 ? "round" : "rounds"
    } of ${options.seconds} s; figures are medians ` +
      "of the rounds, ratios those of medians (lowest to highest in one round); direct: measured once",
  );
  if (programs.nginx === null) {
    console.log("nginx is not installed: no comparison with it; Deno is the origin");
  }
  if (programs.h2load === null) console.log("h2load is not installed: the rows it drives fail");
  if (programs.mitmdump === null) console.log("mitmdump is not installed: no comparison with it");
  if (programs.script === null) console.log("script is not installed: the console is not measured");

  const authority = await writeCertificates(folder);
  await Deno.writeTextFile(`${folder}/wrk.lua`, wrkScript);
  const origin = await startOrigin(programs.nginx, folder);
  const echo = await startWebSocketOrigin(folder);
  const setting: Setting = {
    options,
    limit,
    folder,
    wrk: programs.wrk,
    wrkScript: `${folder}/wrk.lua`,
    h2load: programs.h2load,
    script: programs.script,
    mitm,
    mitmdump: programs.mitmdump,
    origin: { ...origin, websocket: echo.port },
    nginx: programs.nginx === null ? null : await startNginxProxy(programs.nginx, folder, origin, echo.port),
    authority,
  };
  const reports: RowReport[] = [];
  for (const row of rows.filter(({ name }) => isWanted(options, name))) {
    const report = await row.run(setting).catch((error: unknown) => failedRow(row, error));
    const gone = [origin.process, echo.process, setting.nginx?.process].map((each) => each?.ended ?? null);
    report.faults.push(...gone.filter((reason) => reason !== null));
    console.log(`\n${rowLines(report).join("\n")}`);
    reports.push(report);
  }
  console.log(`\n${summaryLines(reports).join("\n")}`);
  if (options.json !== null) {
    const rows = reports.map(({ table: _, ...inNumbers }) => inNumbers);
    await Deno.writeTextFile(options.json, JSON.stringify({ machine, busy, options, rows }, null, 2) + "\n");
  }
  await setting.nginx?.process.stop();
  await echo.process.stop();
  await origin.process.stop();
  console.log(`\nthe run took ${Math.round((performance.now() - start) / 1000)} s`);
  return reports.some(({ faults }) => faults.length > 0) ? 1 : 0;
}

/** A CA, and its certificate for localhost, where nginx finds them. */
async function writeCertificates(folder: string): Promise<Setting["authority"]> {
  const file = `${folder}/${AUTHORITY_FILE}`;
  await Deno.writeTextFile(`${folder}/authority.pem`, await makeAuthorityPem(Date.now()), { mode: 0o600 });
  const authority = await loadAuthority(`${folder}/authority.pem`);
  const leaf = await authority.leafFor({ host: "localhost", extraNames: ["127.0.0.1"] });
  await Deno.writeTextFile(file, authority.certificatePem);
  await Deno.writeTextFile(`${folder}/${CERTIFICATE_FILE}`, leaf.certificatePem);
  await Deno.writeTextFile(`${folder}/${KEY_FILE}`, leaf.keyPem, { mode: 0o600 });
  return { pem: authority.certificatePem, file, leaf: { cert: leaf.certificatePem, key: leaf.keyPem } };
}

function failedRow({ name, title }: BenchRow, error: unknown): RowReport {
  const fault = error instanceof OutOfTime
    ? "not measured: the time of the run is over"
    : `not measured: ${reason(error)}`;
  return { name, title, table: [], checks: [], faults: [fault], notes: [], figures: null };
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function fail(message: string, exitCode: number): number {
  console.error(`bench: ${message}`);
  return exitCode;
}

if (import.meta.main) Deno.exit(await main());
