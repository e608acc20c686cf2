// Header blocks for tests: from lines of text, and what a writer gave to the encoder as lines of text again.

import type { FieldSink, HeaderBlock } from "../../lib/hpack/header_block.ts";
import type { Fields } from "../../lib/http/fields.ts";

/** "name: value", split at the first ": "; a pair where that would not do. */
export type Line = string | readonly [name: string, value: string];

export function blockOf(lines: readonly Line[], neverIndexed: readonly string[] = []): HeaderBlock {
  const list: string[] = [];
  for (const line of lines) list.push(...pairOf(line));
  return {
    kind: "block",
    list,
    neverIndexed: neverIndexed.length === 0 ? null : new Set(neverIndexed),
    size: 0,
    truncated: false,
  };
}

export function linesOf(fields: Fields): string[] {
  return Array.from(fields, ([name, value]) => `${name}: ${value}`);
}

/** Takes what a writer gives. */
export class ListSink implements FieldSink {
  readonly list: string[] = [];
  readonly never: boolean[] = [];

  field(name: string, value: string, neverIndexed: boolean): void {
    this.list.push(name, value);
    this.never.push(neverIndexed);
  }

  /** "name: value"; with " (never)" where it must not be indexed. */
  lines(): string[] {
    return this.never.map((never, index) =>
      `${this.list[2 * index]}: ${this.list[2 * index + 1]}${never ? " (never)" : ""}`
    );
  }

  /** What a decoder would make of it. */
  block(): HeaderBlock {
    const neverIndexed = new Set<string>();
    this.never.forEach((never, index) => {
      if (never) neverIndexed.add(this.list[2 * index] ?? "");
    });
    return {
      kind: "block",
      list: [...this.list],
      neverIndexed: neverIndexed.size === 0 ? null : neverIndexed,
      size: 0,
      truncated: false,
    };
  }
}

function pairOf(line: Line): readonly [string, string] {
  if (typeof line !== "string") return line;
  const colon = line.indexOf(": ", 1);
  return [line.slice(0, colon), line.slice(colon + 2)];
}
