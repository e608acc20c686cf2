// What the console costs the proxy at full speed: mitm with it and without, with a full list, on the load of `tiny-plain`.

import type { Target } from "./bench_figures.ts";
import { fillList, flowsWanted, skippedRow } from "./bench_console_list.ts";
import { ConsoleTerminal } from "./bench_console_terminal.ts";
import { httpDriver } from "./bench_http_load.ts";
import { type Entrant, type LoadDriver, runLoadRow } from "./bench_load.ts";
import type { HttpLoadRow, Subject } from "./bench_load_rows.ts";
import { TINY } from "./bench_nginx.ts";
import { freePorts, RunningProgram } from "./bench_process.ts";
import { type Origin, proxyArguments } from "./bench_proxies.ts";
import type { Setting } from "./bench_setting.ts";
import { figure, type RowReport } from "./bench_table.ts";
import type { LoadResult } from "./bench_wrk.ts";

const TARGET: Target = { kind: "at-least", value: 0.9 };

export const consoleRateRow: HttpLoadRow = {
  name: "console-rate",
  title: "GET of 2 bytes as in tiny-plain, the list full, with the console and without it",
  resource: TINY,
  connections: 32,
  tls: false,
  streams: null,
  origin: "HTTP/1.1",
  close: false,
  subjects: ["mitm console", "mitm --no-console", "mitm --detail 0"],
  comparisons: [
    {
      of: "mitm console",
      to: "mitm --no-console",
      target: TARGET,
      meaning: "without the console each flow is a line of the log, which goes to /dev/null",
    },
    {
      of: "mitm console",
      to: "mitm --detail 0",
      target: null,
      meaning: "without the console, and without a log of flows",
    },
  ],
};

/** What was read from the terminal during one measurement, and how many flows were listed after it; null: no console. */
interface ConsoleLoadResult extends LoadResult {
  terminal: { pictures: number; bytes: number; listed: number } | null;
}

export async function runConsoleRateRow(setting: Setting): Promise<RowReport> {
  const { script } = setting;
  if (script === null) return skippedRow(consoleRateRow);
  const read: ConsoleLoadResult[] = [];
  const report = await runLoadRow(consoleRateRow, driver(script, setting, read), setting);
  report.notes.push(readerNote(read));
  return report;
}

/** `read`: takes what is measured with the console. */
function driver(script: string, setting: Setting, read: ConsoleLoadResult[]): LoadDriver<ConsoleLoadResult> {
  const base = httpDriver(consoleRateRow, setting);
  return {
    ...base,
    enter: (subject) => enter(subject, script, setting),
    check: async (entrant) => {
      await base.check(entrant);
      await fillList(entrant.port, setting);
    },
    measure: async (entrant, seconds, atEdge) => {
      const screen = entrant.process instanceof ConsoleTerminal ? entrant.process.screen : null;
      const [pictures, bytes] = [screen?.pictures ?? 0, screen?.bytes ?? 0];
      const result = await base.measure(entrant, seconds, atEdge);
      if (screen === null) return { ...result, terminal: null };
      const terminal = {
        pictures: screen.pictures - pictures,
        bytes: screen.bytes - bytes,
        listed: screen.status?.count ?? 0,
      };
      read.push({ ...result, terminal });
      return { ...result, terminal };
    },
    fault: (result) => base.fault(result) ?? terminalFault(result, flowsWanted(setting)),
  };
}

async function enter(subject: Subject, script: string, setting: Setting): Promise<Entrant> {
  const { mitm, authority, folder } = setting;
  const origin: Origin = { scheme: "http", port: setting.origin.plain };
  const entrant = { ca: null, tunnelTo: null, isOwn: true };
  if (subject === "mitm console") {
    const terminal = await ConsoleTerminal.start(script, mitm, origin, authority.file, folder);
    return { ...entrant, port: terminal.port, process: terminal };
  }
  const [port = 0] = freePorts(1);
  const words = [
    mitm.program,
    ...proxyArguments(mitm, port, origin, authority.file),
    "--no-console",
    ...subject === "mitm --detail 0" ? ["--detail=0"] : [],
  ];
  // A pipe would have to be read by somebody, on the same cores.
  const process = new RunningProgram("mitm", "/bin/sh", ["-c", 'exec "$0" "$@" >/dev/null', ...words], {
    env: mitm.env,
  });
  await process.listening(port);
  return { ...entrant, port, process };
}

/** What makes a measurement with the console worthless; null: nothing, or there is no console. */
export function terminalFault({ terminal }: ConsoleLoadResult, flows: number): string | null {
  if (terminal === null) return null;
  if (terminal.pictures === 0) return "the console made no picture";
  return terminal.listed < flows ? `${terminal.listed} flows were listed instead of ${flows}` : null;
}

/** What the terminal's reader did. */
export function readerNote(read: readonly ConsoleLoadResult[]): string {
  let [pictures, bytes, seconds] = [0, 0, 0];
  for (const { terminal, duration } of read) {
    pictures += terminal?.pictures ?? 0;
    bytes += terminal?.bytes ?? 0;
    seconds += duration;
  }
  return `the terminal was read as it was written: ${figure(pictures / seconds)} pictures/s, ` +
    `${figure(bytes / 1024 / seconds)} KiB/s`;
}
