// From what was assigned where to a value for every option: default, then config.yaml, then the command line.
// Within one source the order counts; a source's first entry of a list takes the place of the list before it.

import { InvalidValue } from "./option_types.ts";
import {
  type AnyOption,
  isOptionName,
  optionList,
  type OptionName,
  options,
  type OptionValues,
} from "./options_table.ts";
import { quote, suggestion, UsageError } from "./usage_error.ts";

/** One option given a value in one place. */
export interface Assignment {
  readonly name: OptionName;
  /** null empties a list, or takes an optional value away. */
  readonly text: string | null;
  /** "--tcp", "--set tcp_hosts", "config.yaml, line 3: tcp_hosts" */
  readonly where: string;
}

/** The values after all sources, the strongest last; or what is wrong with an assignment. */
export function optionValues(...sources: readonly (readonly Assignment[])[]): OptionValues | UsageError {
  const values = new Map<string, unknown>(optionList.map((option) => [option.name, option.default]));
  for (const source of sources) {
    const fault = applySource(values, source) ?? contradiction(values, source);
    if (fault !== null) return fault;
  }
  return Object.fromEntries(values) as unknown as OptionValues;
}

/** `name=` empties what can be empty; everything else is read by the option's type. */
export function assignmentFromText(name: OptionName, text: string, where: string): Assignment {
  const { type } = optionNamed(name);
  const empties = text === "" && (type.shape === "list" || type.clearable);
  return { name, text: empties ? null : text, where };
}

export function optionNamed(name: OptionName): AnyOption {
  return { ...options[name] as unknown as AnyOption, name };
}

/** The option of this name, or what is wrong with the name; `where` says where it stands. */
export function optionNameFrom(text: string, where: string): OptionName | UsageError {
  if (isOptionName(text)) return text;
  const known = new Map(optionList.flatMap((option) => [
    [option.name, option.name],
    [option.flag, option.name],
  ]));
  return new UsageError(
    `${where}: there is no option ${quote(text)}${
      suggestion(text, known)
    }; accepted: the names in mitm --help`,
  );
}

function applySource(values: Map<string, unknown>, source: readonly Assignment[]): UsageError | null {
  const begun = new Set<OptionName>();
  for (const { name, text, where } of source) {
    const { type } = optionNamed(name);
    let value: unknown;
    if (type.shape === "list") {
      const before = begun.has(name) ? values.get(name) : type.empty;
      value = text === null ? type.empty : type.add(before, text);
    } else if (text === null) {
      value = type.clearable ? null : new InvalidValue("is no value");
    } else {
      value = type.parse(text);
    }
    if (value instanceof InvalidValue) {
      return new UsageError(`${where}: ${quote(text ?? "")} ${value.reason}; accepted: ${type.accepts}`);
    }
    values.set(name, value);
    begun.add(name);
  }
  return null;
}

/** Within one source a contradiction is an error; against a weaker source, the stronger wins. */
function contradiction(values: Map<string, unknown>, source: readonly Assignment[]): UsageError | null {
  for (const option of optionList) {
    const { contradicts } = option;
    if (contradicts === undefined || values.get(option.name) !== true || values.get(contradicts) !== true) {
      continue;
    }
    const first = source.findLast((assignment) => assignment.name === option.name);
    const second = source.findLast((assignment) => assignment.name === contradicts);
    if (first !== undefined && second !== undefined) {
      return new UsageError(`${first.where} contradicts ${second.where}; accepted: one of the two`);
    }
    values.set(first === undefined ? option.name : contradicts, false);
  }
  return null;
}
