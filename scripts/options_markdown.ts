// Writes the options table into README.md, between two marker comments; with --check only says whether it is current.
//   deno run -A scripts/options_markdown.ts [--check]

import { type AnyOption, defaultText, generalFlags, optionList } from "../lib/cli/options_table.ts";

const BEGIN = "<!-- options:begin -->";
const END = "<!-- options:end -->";

/** The tables, one a group, ending in a line feed. */
export function optionsMarkdown(): string {
  const sections: string[] = [];
  for (const [group, options] of Map.groupBy(optionList, (option) => option.group)) {
    const rows = options.map(optionRow);
    if (group === "Configuration") {
      for (const flag of Object.values(generalFlags)) {
        rows.push(row([code(flagText(flag)), "", "", "", flag.help]));
      }
    }
    sections.push([
      `**${group}**`,
      "",
      row(["flag", "option", "default", "live", "what it does"]),
      row(["---", "---", "---", "---", "---"]),
      ...rows,
    ].join("\n"));
  }
  return sections.join("\n\n") +
    "\n\n*live*: may change while mitm runs. *option*: the name for `--set` and config.yaml.\n";
}

/** `document` with `table` between the markers; null when they are not there. */
export function withOptions(document: string, table: string): string | null {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) return null;
  return document.slice(0, begin + BEGIN.length) + "\n\n" + table + "\n" + document.slice(end);
}

function optionRow(option: AnyOption): string {
  const fallback = defaultText(option);
  return row([
    code(flagText(option)),
    option.commandLineOnly ? `${code(option.name)} (not in config.yaml)` : code(option.name),
    fallback === "none" ? "none" : code(fallback),
    option.live ? "yes" : "",
    // A lone asterisk would begin emphasis.
    option.help.replaceAll("*", "\\*"),
  ]);
}

function flagText(
  flag: { flag: string; short?: string; valueName: string | null; bare?: string | null },
): string {
  const names = flag.short === undefined ? flag.flag : `${flag.short}, ${flag.flag}`;
  if (flag.valueName === null) return names;
  return names + (flag.bare ? ` [${flag.valueName}]` : ` ${flag.valueName}`);
}

function code(text: string): string {
  return "`" + text + "`";
}

function row(cells: readonly string[]): string {
  // In a table a vertical bar ends the cell, inside code as well.
  return "| " + cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ") + " |";
}

if (import.meta.main) {
  const path = new URL("../README.md", import.meta.url);
  // A missing file has no markers either.
  const document = await Deno.readTextFile(path).catch(() => "");
  const wanted = withOptions(document, optionsMarkdown());
  if (wanted === null) {
    console.error(`README.md has no ${BEGIN} and ${END}`);
    Deno.exit(1);
  }
  if (wanted !== document) {
    if (Deno.args.includes("--check")) {
      console.error("README.md: the options table is stale; run deno run -A scripts/options_markdown.ts");
      Deno.exit(1);
    }
    await Deno.writeTextFile(path, wanted);
  }
}
