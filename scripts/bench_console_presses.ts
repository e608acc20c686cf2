// The keys that are pressed in the row console-keys, what shows that each has been answered, and the figures made of their
// times. Pure.

import { type Check, judge, median, percentile, spreadOf, type Target } from "./bench_figures.ts";
import type { ConsoleScreen } from "./bench_console_screen.ts";
import { figure } from "./bench_table.ts";

export interface Press {
  name: string;
  /** What a terminal sends for it. */
  keys: string;
  /** "filter": all flows are asked anew. "typing": a question, no flow is asked. */
  kind: "move" | "typing" | "filter";
  /** Whether its effect is to be seen. `before`: the number in focus when it was pressed. */
  shows(screen: ConsoleScreen, before: number | null): boolean;
}

/** The times of one press, in milliseconds. */
export interface PressTimes {
  name: string;
  kind: Press["kind"];
  times: number[];
}

/** A key at which the focus stays where it is would not be seen to be answered, so the order counts. */
const toFirst = move("g", "g", ({ status }) => status?.place === 1 && !status.follows);
const toLast = move("G", "G", ({ status }) => status?.follows === true);
/** Away from the newest flow: the focus stays on one flow from then on. */
const pageUp = move(
  "page up",
  "\x1b[5~",
  ({ status, focused }) => status?.follows === false && focused !== null,
);
const pageDown = move("page down", "\x1b[6~", isElsewhere);
const down = move("j", "j", isElsewhere);

/** The focus is at the first flow after it, and may be anywhere but there before. */
export const moves: readonly Press[] = [
  toLast,
  pageUp,
  down,
  pageDown,
  down,
  pageDown,
  down,
  pageDown,
  down,
  toFirst,
];

const FILTER = "~c 200";
/** From here on it is a filter. */
const FIRST_FILTER = "~c 2";

/** A filter typed and given up again. */
export const filterPresses: readonly Press[] = [
  asked("f", "f", ""),
  ...Array.from(FILTER, (key, index) => {
    const answer = FILTER.slice(0, index + 1);
    return asked(`"${answer}"`, key, answer);
  }),
  { name: "escape", keys: "\x1b", kind: "filter", shows: ({ question }) => question === null },
];

/** Where `moves` may begin from. */
export const firstPress = toFirst;

function move(name: string, keys: string, shows: Press["shows"]): Press {
  return { name, keys, kind: "move", shows };
}

function asked(name: string, keys: string, answer: string): Press {
  const kind = answer.startsWith(FIRST_FILTER) ? "filter" : "typing";
  return { name, keys, kind, shows: ({ question }) => question?.endsWith(`: ${answer}`) === true };
}

function isElsewhere({ focused }: ConsoleScreen, before: number | null): boolean {
  return focused !== null && focused !== before;
}

const TARGET: Target = { kind: "at-most", value: 100 };

/** A line a key, and one for all that move. */
export function pressTable(presses: readonly PressTimes[]): string[][] {
  const line = (name: string, times: readonly number[]): string[] => [
    name,
    String(times.length),
    figure(median(times)),
    figure(percentile(times, 0.99)),
    figure(Math.max(...times)),
  ];
  const of = (kinds: readonly Press["kind"][]) =>
    presses.filter(({ kind }) => kinds.includes(kind)).map(({ name, times }) => line(name, times));
  return [
    ["key", "presses", "median ms", "p99 ms", "slowest"],
    ...of(["move"]),
    line("all of these", timesOf(presses, "move")),
    ...of(["typing", "filter"]),
  ];
}

/** `sound`: nothing failed while it was measured. */
export function pressChecks(presses: readonly PressTimes[], sound: boolean): Check[] {
  const check = (name: string, meaning: string, value: number): Check => {
    return {
      name,
      meaning,
      measured: spreadOf([value]),
      unit: "ms",
      target: TARGET,
      verdict: judge(value, TARGET, sound),
    };
  };
  const [moved, filtered] = [timesOf(presses, "move"), timesOf(presses, "filter")];
  return [
    check("keys, p99", "", percentile(moved, 0.99)),
    check("keys, slowest", "", percentile(moved, 1)),
    check(
      "filter, slowest",
      "a character of a filter, or escape, at which all flows are asked anew",
      percentile(filtered, 1),
    ),
  ];
}

function timesOf(presses: readonly PressTimes[], wanted: Press["kind"]): number[] {
  return presses.flatMap(({ kind, times }) => kind === wanted ? times : []);
}
