// How the bench prints: columns, figures in few digits, a row with its checks, and the closing list of targets. Pure.

import type { Check, Spread, Target } from "./bench_figures.ts";

/** What one row of the bench has found. */
export interface RowReport {
  name: string;
  /** What was measured, in one line. */
  title: string;
  /** The first line holds the names of the columns. */
  table: string[][];
  checks: Check[];
  /** What failed while it was measured, and makes the row invalid. */
  faults: string[];
  /** What else was noticed. */
  notes: string[];
  /** The same in numbers, for --json. */
  figures: unknown;
}

/** Lines of equally wide columns: the first one flush left, the others, which are figures, flush right. */
export function columns(table: readonly (readonly string[])[], indent = ""): string[] {
  const widths: number[] = [];
  for (const line of table) {
    for (const [index, cell] of line.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  return table.map((line) => {
    const cells = line.map((cell, index) => {
      const width = widths[index] ?? 0;
      return index === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return (indent + cells.join("  ")).trimEnd();
  });
}

/** Three digits that count, never an exponent: "0.47", "12.3", "41 200". "-" where there is no figure. */
export function figure(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return "-";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.01 ? 2 : 4;
  const [whole = "", fraction] = value.toFixed(digits).split(".");
  const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, " ");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** A row as lines, without an empty one around it. */
export function rowLines(row: RowReport): string[] {
  return [
    `${row.name}: ${row.title}`,
    ...columns(row.table, "  "),
    ...row.checks.flatMap((check) => [
      `  ${check.name}: ${checkText(check)}`,
      ...(check.meaning === "" ? [] : [`    ${check.meaning}`]),
    ]),
    ...row.faults.map((fault) => `  INVALID: ${fault}`),
    ...row.notes.map((note) => `  note: ${note}`),
  ];
}

/** Every target there is, with the figure and the verdict. */
export function summaryLines(rows: readonly RowReport[]): string[] {
  const table = [["row", "figure", "measured", "target", "verdict"]];
  for (const row of rows) {
    for (const check of row.checks) {
      if (check.target === null) continue;
      const measured = withUnit(figure(check.measured.value), check.unit);
      table.push([row.name, check.name, measured, targetText(check.target, check.unit), check.verdict]);
    }
    if (row.checks.length === 0 && row.faults.length > 0) table.push([row.name, "-", "-", "-", "invalid"]);
  }
  return columns(table);
}

function checkText({ measured, unit, target, verdict }: Check): string {
  const text = withUnit(figure(measured.value), unit) + spreadText(measured);
  if (target === null) return verdict === "invalid" ? `${text}, invalid` : text;
  return `${text}, target ${targetText(target, unit)}: ${verdict}`;
}

function spreadText({ lowest, highest }: Spread): string {
  return lowest === highest || Number.isNaN(lowest) ? "" : ` (${figure(lowest)} to ${figure(highest)})`;
}

function targetText({ kind, value }: Target, unit: string): string {
  return `${kind === "at-least" ? ">=" : "<="} ${withUnit(String(value), unit)}`;
}

function withUnit(value: string, unit: string): string {
  return unit === "x" ? `${value}x` : `${value} ${unit}`;
}
