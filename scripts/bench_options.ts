// The command line of the bench, and how long a run may take. Pure.

import { parseArgs } from "node:util";

export interface BenchOptions {
  /** How often each proxy is measured in a row. */
  rounds: number;
  /** How long one measurement takes. */
  seconds: number;
  /** One short round, smaller bodies: to see that everything works. */
  quick: boolean;
  /** Parts of the names of the rows to run; none: all. */
  only: string[];
  /** The program to measure; null: ./mitm of this tree. */
  mitm: string | null;
  /** Where the figures go as JSON; null: nowhere. */
  json: string | null;
}

export const benchHelp = `deno task bench [options]

  --rounds N     how often each proxy is measured in a row (5)
  --seconds S    how long one measurement takes, in whole seconds (2)
  --quick        one round of one second, smaller bodies: whether it works, in three minutes; its figures mean little
  --only NAME    only the rows whose name has NAME in it (repeatable)
  --mitm FILE    measure this program instead of ./mitm, such as dist/mitm
  --json FILE    write all figures there, too
  --help

The rows, and how to read them: docs/bench.md
`;

const MAX_ROUNDS = 100;
const MAX_SECONDS = 600;

/** Measurements of load in one round of all rows, the warming up not counted; websocket-pace counts twice. */
const CELLS = 36;
/** Starting and stopping what puts the load on, and warming it up. Seconds. */
const CELL_OVERHEAD = 0.6;
/** What does not depend on the rounds: starts, warming up, full lists, `direct`, the rows without load. Seconds. */
const FIXED = 270;
const FIXED_QUICK = 100;

/** A string says what is wrong with the words. "help": it was asked for. */
export function parseBenchOptions(
  words: readonly string[],
  rowNames: readonly string[],
): BenchOptions | { help: true } | string {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(words);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  if (values.help === true) return { help: true };
  const quick = values.quick ?? false;
  const rounds = wholeNumber(values.rounds, quick ? 1 : 5, MAX_ROUNDS);
  if (rounds === null) return `--rounds: "${values.rounds}" is not a whole number from 1 to ${MAX_ROUNDS}`;
  const seconds = wholeNumber(values.seconds, quick ? 1 : 2, MAX_SECONDS);
  if (seconds === null) {
    return `--seconds: "${values.seconds}" is not a whole number from 1 to ${MAX_SECONDS}`;
  }
  const only = values.only ?? [];
  for (const part of only) {
    if (!rowNames.some((name) => name.includes(part))) {
      return `--only: no row has "${part}" in its name; there are ${rowNames.join(", ")}`;
    }
  }
  return { rounds, seconds, quick, only, mitm: values.mitm ?? null, json: values.json ?? null };
}

/** Whether the row of this name is to run. */
export function isWanted(options: Pick<BenchOptions, "only">, name: string): boolean {
  return options.only.length === 0 || options.only.some((part) => name.includes(part));
}

/** How long a whole run may take; what is not measured by then is left out. Seconds. */
export function timeLimit(
  { rounds, seconds, quick }: Pick<BenchOptions, "rounds" | "seconds" | "quick">,
): number {
  return (quick ? FIXED_QUICK : FIXED) + rounds * CELLS * (seconds + CELL_OVERHEAD);
}

function parse(words: readonly string[]) {
  return parseArgs({
    args: [...words],
    options: {
      rounds: { type: "string" },
      seconds: { type: "string" },
      quick: { type: "boolean" },
      only: { type: "string", multiple: true },
      mitm: { type: "string" },
      json: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  }).values;
}

function wholeNumber(text: string | undefined, fallback: number, highest: number): number | null {
  if (text === undefined) return fallback;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  return value >= 1 && value <= highest ? value : null;
}
