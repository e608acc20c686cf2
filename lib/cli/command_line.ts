// The command line to a list of assignments, by commander; its errors become one line of ours.
// Everything that can be told from the words alone is checked here; files are read later.

import { Command, CommanderError, Option } from "commander";
import { type Assignment, assignmentFromText, optionNameFrom, optionValues } from "./option_values.ts";
import {
  type GeneralFlag,
  generalFlags,
  type OptionDefinition,
  optionList,
  type Shell,
  shells,
} from "./options_table.ts";
import { listed } from "./option_types.ts";
import { quote, suggestion, UsageError } from "./usage_error.ts";

export type CommandLine =
  | { kind: "run"; assignments: readonly Assignment[] }
  | { kind: "completions"; shell: Shell }
  | { kind: "version" }
  | { kind: "help" };

/** What the words after the program's name ask for. */
export function parseCommandLine(words: readonly string[]): CommandLine | UsageError {
  const program = declareProgram();
  const assignments: Assignment[] = [];
  let fault: UsageError | null = null;
  let wanted: CommandLine | null = null;

  for (const { name, flag, bare } of optionList) {
    onFlag(program, flag, (text) => {
      fault ??= missingValue(flag, text);
      assignments.push({ name, text: text ?? bare, where: flag });
    });
  }
  onFlag(program, generalFlags.set.flag, (text) => {
    const assignment = missingValue("--set", text) ?? setAssignment(text ?? "");
    if (assignment instanceof UsageError) fault ??= assignment;
    else assignments.push(assignment);
  });
  onFlag(program, generalFlags.help.flag, () => wanted = { kind: "help" });
  onFlag(program, generalFlags.version.flag, () => wanted ??= { kind: "version" });

  const command = parse(program, words);
  // Assigned in callbacks, which the compiler does not follow.
  const asked = wanted as CommandLine | null;
  if (asked !== null) return asked;
  if (fault !== null) return fault;
  if (command instanceof UsageError || command?.kind === "completions") return command;
  if (command?.kind === "filter") {
    assignments.push({ name: "filter", text: command.filter, where: "the filter" });
  }
  const values = optionValues(assignments);
  return values instanceof UsageError ? values : { kind: "run", assignments };
}

/** The program with all its flags declared, for parsing and for help. */
export function declareProgram(): Command {
  const program = new Command("mitm").exitOverride().helpOption(false).helpCommand(false);
  program.configureOutput({ writeOut: () => {}, writeErr: () => {} });
  for (const option of optionList) program.addOption(declareFlag(option).helpGroup(option.group));
  for (const flag of Object.values(generalFlags)) {
    program.addOption(declareFlag(flag).helpGroup("Configuration"));
  }
  return program;
}

function declareFlag(flag: GeneralFlag | OptionDefinition<unknown>): Option {
  const value = flag.valueName;
  const optional = "bare" in flag && flag.bare !== null;
  const placeholder = value === null ? "" : optional ? ` [${value}]` : ` <${value}>`;
  return new Option([flag.short, flag.flag].filter(Boolean).join(", ") + placeholder, flag.help);
}

/** Calls `heard` at each occurrence, in order; null when no value came with it. */
function onFlag(program: Command, flag: string, heard: (text: string | null) => void): void {
  program.on("option:" + flag.slice("--".length), (text?: string | null) => heard(text ?? null));
}

/** A filter that stands alone. */
interface LoneFilter {
  kind: "filter";
  filter: string;
}

/** The completions command or a filter, null when none is given, or what is wrong with the words. */
function parse(program: Command, words: readonly string[]): CommandLine | LoneFilter | UsageError | null {
  let operands: readonly string[] = [];
  let shellWords: readonly string[] | null = null;
  program.argument("[words...]").action((rest: string[]) => {
    operands = rest;
  });
  program.command("completions").helpOption(false).argument("[shell...]")
    .action((rest: string[]) => {
      shellWords = rest;
    });
  try {
    program.parse([...words], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return commanderFault(error);
    throw error;
  }
  if (shellWords !== null) return completionsCommand(shellWords);
  const [filter, extra] = operands;
  if (filter === undefined) return null;
  // "mitm help" is no filter that anybody means.
  const isWord = filter.startsWith("-") || filter === "completion" || knownFlags().has(`--${filter}`);
  if (extra === undefined && !isWord) return { kind: "filter", filter };
  const operand = extra ?? filter;
  return new UsageError(
    `unexpected argument ${quote(operand)}${suggestion(operand, knownFlags(["completions"]))}; ` +
      "accepted: options, one filter, or completions bash|zsh|fish",
  );
}

function completionsCommand([shell, extra]: readonly string[]): CommandLine | UsageError {
  const accepted = `accepted: ${listed(shells)}`;
  if (shell === undefined) return new UsageError(`completions: the shell is missing; ${accepted}`);
  const known = shells.find((name) => name === shell);
  if (known === undefined) {
    return new UsageError(`completions: ${quote(shell)} is not a known shell; ${accepted}`);
  }
  if (extra !== undefined) {
    return new UsageError(
      `completions: unexpected argument ${quote(extra)} after ${shell}; accepted: one shell`,
    );
  }
  return { kind: "completions", shell: known };
}

function setAssignment(text: string): Assignment | UsageError {
  const equals = text.indexOf("=");
  if (equals < 0) {
    return new UsageError(`--set: ${quote(text)} has no "="; accepted: NAME=VALUE, such as detail=2`);
  }
  const name = optionNameFrom(text.slice(0, equals), "--set");
  return name instanceof UsageError
    ? name
    : assignmentFromText(name, text.slice(equals + 1), `--set ${name}`);
}

/** A flag in the place of a value: the value was left out. */
function missingValue(flag: string, text: string | null): UsageError | null {
  if (text === null || !knownFlags().has(text)) return null;
  return new UsageError(`${flag}: its value is missing before ${text}; accepted: ${valueOf(flag)}`);
}

/** What a flag is to be followed by: "PORT, a port from 0 to 65535". */
function valueOf(flag: string): string {
  const option = optionList.find((candidate) => candidate.flag === flag);
  return option === undefined
    ? "NAME=VALUE, such as detail=2"
    : `${option.valueName}, ${option.type.accepts}`;
}

function commanderFault(error: CommanderError): UsageError {
  const named = /'([^]*?)'/.exec(error.message)?.[1] ?? "";
  if (error.code === "commander.optionMissingArgument") {
    const flag = /--[a-z0-9-]+/.exec(named)?.[0] ?? named;
    return new UsageError(`${flag}: its value is missing; accepted: ${valueOf(flag)}`);
  }
  const [flag = "", ...value] = named.split("=");
  if (value.length > 0 && knownFlags().has(flag)) {
    return new UsageError(
      `${flag}: it takes no value, but ${quote(value.join("="))} is given; accepted: ${flag}`,
    );
  }
  return new UsageError(
    `unknown option ${quote(flag)}${suggestion(flag, knownFlags())}; accepted: the options in mitm --help`,
  );
}

/** Spellings to flags, `more` words besides; `--tcp-hosts` leads to `--tcp`. */
function knownFlags(more: readonly string[] = []): Map<string, string> {
  const known = new Map(more.map((word) => [word, word]));
  for (const { flag, short, name } of [...optionList, ...Object.values(generalFlags).map(unnamed)]) {
    known.set(flag, flag);
    if (short !== undefined) known.set(short, flag);
    if (name !== null) known.set("--" + name.replaceAll("_", "-"), flag);
  }
  return known;
}

function unnamed(flag: GeneralFlag): { flag: string; short: string | undefined; name: null } {
  return { flag: flag.flag, short: flag.short, name: null };
}
