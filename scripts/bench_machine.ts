// What the figures were measured on and with: one line, without which they say nothing.

import { outputOf } from "./bench_process.ts";

/** Printing a version takes no longer. Milliseconds. */
const VERSION_LIMIT = 20_000;

/** Processes running, on average over the last minute, from which on measuring makes little sense. */
const BUSY = 0.7;

export interface Programs {
  wrk: string;
  h2load: string | null;
  /** Null where it is not installed. */
  nginx: string | null;
  mitmdump: string | null;
  script: string | null;
  mitm: string;
}

/** Rejects when mitm does not start. "2 cores, AMD …, Linux 6.1.0, mitm 0.1.0 (deno 2.9.6, linux x86_64), nginx 1.22.1, wrk 4.1.0, mitmdump 8.1.1" */
export async function machineLine(programs: Programs, env: Record<string, string>): Promise<string> {
  const parts = [
    `${navigator.hardwareConcurrency} cores`,
    await processorName(),
    `Linux ${Deno.osRelease()}`,
    await mitmVersion(programs.mitm, env),
  ];
  const versions: [string, string | null, string[]][] = [
    ["nginx", programs.nginx, ["-v"]],
    ["wrk", programs.wrk, ["-v"]],
    ["h2load", programs.h2load, ["--version"]],
    ["mitmdump", programs.mitmdump, ["--version"]],
    ["script", programs.script, ["--version"]],
  ];
  for (const [name, program, args] of versions) {
    if (program === null) continue;
    const version = /\d+(?:\.\d+)+/.exec(await firstLine(program, args) ?? "")?.[0];
    parts.push(`${name} ${version ?? "of unknown version"}`);
  }
  return parts.filter((part) => part !== null).join(", ");
}

/** What else the machine did in the last minute, when that spoils the figures; null: nothing much. */
export function busyLine(): string | null {
  const [load = 0] = Deno.loadavg();
  if (load < BUSY) return null;
  return `the machine was busy (load ${
    load.toFixed(1)
  }) before the start: do not conclude anything from these figures`;
}

async function processorName(): Promise<string | null> {
  const info = await Deno.readTextFile("/proc/cpuinfo");
  return /^model name\s*:\s*(.+)$/m.exec(info)?.[1]?.replaceAll(/\s+/g, " ") ?? null;
}

/** With the Deno it runs on. */
async function mitmVersion(program: string, env: Record<string, string>): Promise<string> {
  const { code, text } = await outputOf(program, ["--version"], VERSION_LIMIT, env);
  if (code !== 0) throw new Error(`${program} does not start: ${text.trim().split("\n")[0]}`);
  return text.trim();
}

async function firstLine(program: string, args: readonly string[]): Promise<string | null> {
  const { text } = await outputOf(program, args, VERSION_LIMIT);
  return text.split("\n").find((line) => line.trim() !== "") ?? null;
}
