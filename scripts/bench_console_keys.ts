// How long the console takes to answer a key, with a full list and new flows coming all the time: keys are pressed at
// any moment between its pictures, one after the other.

import { fileURLToPath } from "node:url";
import type { PacedJob } from "./bench_console_load.ts";
import { fillList, flowsWanted, skippedRow } from "./bench_console_list.ts";
import {
  filterPresses,
  firstPress,
  moves,
  type Press,
  pressChecks,
  pressTable,
  type PressTimes,
} from "./bench_console_presses.ts";
import { ConsoleTerminal } from "./bench_console_terminal.ts";
import { checkAnswer } from "./bench_http.ts";
import { TINY } from "./bench_nginx.ts";
import { cpuTimeOf, pause, RunningProgram } from "./bench_process.ts";
import type { Setting } from "./bench_setting.ts";
import { figure, type RowReport } from "./bench_table.ts";

/** New flows a second. */
const RATE = 2000;
/** Less than this part of it, and the figures are not about that rate. */
const RATE_SHARE = 0.9;
const CONNECTIONS = 8;
/** So often all of `moves`: 200 keys. A filter is typed after every second time. */
const CYCLES = 20;
const CYCLES_QUICK = 2;
/** From an answer to the next key, at least, and how much more at most: as long as the console takes from picture to picture. Milliseconds. */
const PAUSE = 40;
const MORE_PAUSE = 125;
/** New flows come for so long before the first key. Milliseconds. */
const REST = 1000;

export const consoleKeysRow = {
  name: "console-keys",
  title: `from a key to the picture that shows what it did, the list full, ${RATE} new flows a second`,
};

export async function runConsoleKeysRow(setting: Setting): Promise<RowReport> {
  const { script, mitm, authority, folder, limit } = setting;
  if (script === null) return skippedRow(consoleKeysRow);
  limit.check();
  const origin = { scheme: "http" as const, port: setting.origin.plain };
  const terminal = await ConsoleTerminal.start(script, mitm, origin, authority.file, folder);
  let load: Load | null = null;
  const notes: string[] = [];
  try {
    await checkAnswer({ port: terminal.port, ca: null }, TINY.path, TINY.size);
    await fillList(terminal.port, setting);
    load = new Load(terminal.port);
    await pause(REST);
    const flows = flowsWanted(setting);
    await terminal.until(`a list of ${flows} flows`, ({ status }) => (status?.count ?? 0) >= flows);
    return await measure(terminal, load, setting.options.quick ? CYCLES_QUICK : CYCLES, notes);
  } finally {
    await load?.process.stop();
    const odd = await terminal.stop();
    if (odd !== null) notes.push(odd);
  }
}

async function measure(
  terminal: ConsoleTerminal,
  load: Load,
  cycles: number,
  notes: string[],
): Promise<RowReport> {
  const { screen, pid } = terminal;
  await terminal.press(firstPress.name, firstPress.keys, (screen) => firstPress.shows(screen, null));
  const listed = screen.status?.count ?? 0;
  const counters = () => [load.answered, cpuTimeOf(pid), screen.pictures, screen.bytes];
  const before = counters();
  const start = performance.now();
  const presses = await pressAll(terminal, cycles);
  const seconds = (performance.now() - start) / 1000;
  const [rate = 0, cpu = 0, pictures = 0, bytes = 0] = counters().map((count, index) =>
    (count - (before[index] ?? 0)) / seconds
  );

  const faults = [load.process.ended, terminal.ended].filter((reason) => reason !== null);
  if (rate < RATE * RATE_SHARE) faults.push(`only ${figure(rate)} new flows came a second`);
  notes.push(
    `${figure(listed)} flows in the list, ${figure(rate)} new ones a second, for ${figure(seconds)} s; ` +
      `mitm took ${figure(cpu * 100)} % of a core`,
    `the terminal was read as it was written: ${figure(pictures)} pictures/s, ${figure(bytes / 1024)} KiB/s`,
  );
  return {
    ...consoleKeysRow,
    table: pressTable(presses),
    checks: pressChecks(presses, faults.length === 0),
    faults,
    notes,
    figures: { listed, flows_a_second: rate, cpu_cores: cpu, pictures_a_second: pictures, presses },
  };
}

/** The times of each key by its name, in milliseconds. */
async function pressAll(terminal: ConsoleTerminal, cycles: number): Promise<PressTimes[]> {
  const times = new Map<string, PressTimes>();
  const press = async ({ name, keys, kind, shows }: Press) => {
    await pause(PAUSE + Math.random() * MORE_PAUSE);
    const before = terminal.screen.focused;
    const time = await terminal.press(name, keys, (screen) => shows(screen, before));
    const found = times.get(name) ?? { name, kind, times: [] };
    times.set(name, found);
    found.times.push(time);
  };
  for (let cycle = 0; cycle < cycles; cycle++) {
    for (const each of moves) await press(each);
    if (cycle % 2 === 0) { for (const each of filterPresses) await press(each); }
  }
  return [...times.values()];
}

/** The client that makes the new flows. */
class Load {
  readonly process: RunningProgram;
  /** So many of its requests. */
  answered = 0;

  constructor(port: number) {
    const script = fileURLToPath(new URL("bench_console_load.ts", import.meta.url));
    const job: PacedJob = { port, ...TINY, rate: RATE, connections: CONNECTIONS };
    const args = ["run", "--quiet", "--no-check", "--allow-net", script, JSON.stringify(job)];
    this.process = new RunningProgram("the client", Deno.execPath(), args, {
      expected: /^\d+$/,
      onLine: (line) => {
        if (/^\d+$/.test(line)) this.answered = Number(line);
      },
    });
  }
}
