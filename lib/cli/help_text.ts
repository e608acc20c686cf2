// `mitm --help`: the options table, grouped, laid out by commander.

import { declareProgram } from "./command_line.ts";
import { defaultText, optionList } from "./options_table.ts";

/** Every line fits a terminal of this width. */
const WIDTH = 100;

/** Stands for a blank at which no line may break. */
const UNBROKEN = "\u0001";

const HEAD = `mitm is an intercepting proxy: it shows what goes through it, as it was on the wire.

Usage: mitm [options] [FILTER]
       mitm completions bash|zsh|fish
`;

const FOOT = `
HOST is a regular expression, searched without case in the host and in host:port. FILTER is a
regular expression for the URL, or more: "~d example.com & ~m POST" (? in the console lists all).
SIZE is a number of bytes, or with k, m or g (1k is 1024). TIME is a number of seconds, or with ms,
s, m or h. The option of a flag is named in snake_case, by what is in brackets where it differs:
--set detail=2 does what --detail 2 does. An option given again adds to a list, or takes the place
of what was there; --set NAME= empties a list.
Options also stand in config.yaml in the config folder, lists as YAML lists: tcp_hosts: [example].
The command line is stronger than that file.
`;

/** The whole help, ending in a line feed. */
export function helpText(): string {
  const program = declareProgram();
  const defaults = new Map(optionList.map((option) => [option.flag, remark(option)]));
  program.configureHelp({
    helpWidth: WIDTH,
    commandUsage: () => "",
    formatItem: (term, termWidth, description, helper) => {
      const indent = 2;
      const gap = 2;
      const text = helper.boxWrap(description, (helper.helpWidth ?? WIDTH) - termWidth - indent - gap);
      const lines = text.split("\n").map((line, index) =>
        index === 0 ? line : " ".repeat(indent + termWidth + gap) + line
      );
      return " ".repeat(indent) + term.padEnd(termWidth + gap) + lines.join("\n");
    },
    optionTerm: (option) => (option.short === undefined ? "    " : "") + option.flags.replace(/<(.*)>/, "$1"),
    optionDescription: (option) => option.description + (defaults.get(option.long ?? "") ?? ""),
  });
  const groups = program.helpInformation().replace(/^Usage: *\n/, "").trimEnd().replaceAll(UNBROKEN, " ") +
    "\n";
  return HEAD + groups + FOOT;
}

/** " (option tcp_hosts)", " (default: 10s)" */
function remark(option: (typeof optionList)[number]): string {
  const facts = [];
  if (option.flag !== "--" + option.name.replaceAll("_", "-")) facts.push(`option ${option.name}`);
  const fallback = defaultText(option);
  if (option.valueName !== null && fallback !== "none") facts.push(`default: ${fallback}`);
  return facts.length === 0 ? "" : ` (${facts.join("; ").replaceAll(" ", UNBROKEN)})`;
}
