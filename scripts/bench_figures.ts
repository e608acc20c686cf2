// Arithmetic of the bench, pure: medians of rounds, ratios of medians with their spread, and whether a target is met.

/** A figure and the lowest and highest it was in a single round. */
export interface Spread {
  value: number;
  lowest: number;
  highest: number;
}

/** What a figure is held to. */
export type Target = { kind: "at-least" | "at-most"; value: number };

/** "shown": there is no target, or none that may be judged; "invalid": something failed while it was measured. */
export type Verdict = "met" | "missed" | "shown" | "invalid";

/** One figure as it is judged. */
export interface Check {
  /** "mitm : nginx" */
  name: string;
  /** What exactly is compared with what, for a person; empty where the name says it all. */
  meaning: string;
  measured: Spread;
  /** "x" (a ratio), "s", "ms", "MiB" */
  unit: string;
  target: Target | null;
  verdict: Verdict;
}

/** The middle one; of an even number, the mean of the two in the middle. NaN when there is none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? NaN;
  return (lower + upper) / 2;
}

/** The value that `share` of them are below, as near as there is one. NaN when there is none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) return { value: NaN, lowest: NaN, highest: NaN };
  return { value: median(values), lowest: Math.min(...values), highest: Math.max(...values) };
}

/**
 * The ratio of the medians of `of` and `to`; lowest and highest are those of the rounds, each with its own
 * counterpart: what the two have in common in a round, such as a busy machine, cancels out.
 */
export function ratioOf(of: readonly number[], to: readonly number[]): Spread {
  return compared(of, to, (value, other) => value / other);
}

/** The same for how much more `of` is than `to`. */
export function differenceOf(of: readonly number[], to: readonly number[]): Spread {
  return compared(of, to, (value, other) => value - other);
}

function compared(
  of: readonly number[],
  to: readonly number[],
  compare: (value: number, other: number) => number,
): Spread {
  const rounds: number[] = [];
  for (const [round, value] of of.entries()) {
    const other = to[round];
    if (other !== undefined) rounds.push(compare(value, other));
  }
  return { ...spreadOf(rounds), value: compare(median(of), median(to)) };
}

/** `sound`: nothing failed while it was measured. */
export function judge(measured: number, target: Target | null, sound: boolean): Verdict {
  if (!sound || !Number.isFinite(measured)) return "invalid";
  if (target === null) return "shown";
  const met = target.kind === "at-least" ? measured >= target.value : measured <= target.value;
  return met ? "met" : "missed";
}
