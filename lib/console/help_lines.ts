// What `?` shows: the keys of the view it was asked in, and the filter language.

import { filters } from "../filter/filters_table.ts";
import { fitText, type Line, line, span } from "./line.ts";
import type { KeyHelp } from "./view.ts";

const KEYS_WIDTH = 32;

export function helpLines(title: string, help: readonly KeyHelp[]): Line[] {
  const lines: Line[] = [line(`  Keys: ${title}`, "title"), []];
  for (const { keys, what } of help) lines.push([span(`  ${fitText(keys, KEYS_WIDTH)}`, "key"), span(what)]);
  lines.push(
    [],
    line("  Keys: everywhere", "title"),
    [],
    [span(`  ${fitText("q esc", KEYS_WIDTH)}`, "key"), span("back")],
    [span(`  ${fitText("Q, ctrl c", KEYS_WIDTH)}`, "key"), span("quit at once")],
    [span(`  ${fitText("ctrl l", KEYS_WIDTH)}`, "key"), span("draw the screen anew")],
    [],
    line("  Filters", "title"),
    [],
    line(
      "  A regular expression alone asks about the URL. ! not, & and, | or, ( ) group; two in a row are and.",
      "faint",
    ),
    [],
  );
  for (const { name, argument, help: what } of filters) {
    const text = argument === "none" ? name : `${name} ${argument === "number" ? "NUMBER" : "REGEX"}`;
    lines.push([span(`  ${fitText(text, KEYS_WIDTH)}`, "name"), span(what)]);
  }
  return lines;
}
