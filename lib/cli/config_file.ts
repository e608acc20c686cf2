// config.yaml (YAML 1.2) to assignments: a map from option names in snake_case to values; lists are YAML lists.
// A relative path in the file is relative to the file's folder. Every error names the line.

import { dirname, isAbsolute, join } from "node:path";
import type { Document } from "yaml";
import { type Assignment, assignmentFromText, optionNamed, optionNameFrom } from "./option_values.ts";
import type { AnyOption } from "./options_table.ts";
import { EXIT_ENVIRONMENT, fileReason, quote, UsageError } from "./usage_error.ts";

export const CONFIG_FILE = "config.yaml";

/** What the file assigns; nothing when there is no such file. */
export async function readConfigFile(path: string): Promise<readonly Assignment[] | UsageError> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await Deno.readFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    if (error instanceof TypeError) {
      return new UsageError(`${path} is not UTF-8 text; accepted: YAML in UTF-8`);
    }
    return new UsageError(`cannot read ${path}: ${fileReason(error)}`, EXIT_ENVIRONMENT);
  }
  return await parseConfig(text, path);
}

/** What `text` assigns; `path` is the file's, for messages and for the paths in it. */
export async function parseConfig(text: string, path: string): Promise<readonly Assignment[] | UsageError> {
  // Loaded here: most starts have no config file, and the parser costs some 20 ms.
  const yaml = await import("yaml");
  const lines = new yaml.LineCounter();
  const lineAt = (offset = 0) => `${path}, line ${lines.linePos(offset).line}`;
  const document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    return new UsageError(`${lineAt(error.pos[0])}: ${error.message}; accepted: YAML 1.2`);
  }
  const root = document.contents;
  if (root === null || yaml.isScalar(root) && root.value === null) return [];
  if (!yaml.isMap(root)) {
    return new UsageError(`${lineAt(root.range?.[0])}: it is no map; accepted: lines such as detail: 2`);
  }
  const assignments: Assignment[] = [];
  for (const { key, value } of root.items) {
    const place = lineAt(yaml.isNode(key) ? key.range?.[0] : 0);
    const name = optionNameFrom(String(key), place);
    if (name instanceof UsageError) return name;
    const more = entryAssignments(optionNamed(name), plainOf(yaml, document, value), `${place}: ${name}`);
    if (more instanceof UsageError) return more;
    assignments.push(...more.map((assignment) => withFullPath(assignment, dirname(path))));
  }
  return assignments;
}

/** A YAML node, as far as options know such things. */
type Plain =
  | { kind: "nothing" }
  | { kind: "text"; text: string }
  | { kind: "list"; items: readonly Plain[] }
  | { kind: "map" }
  /** An alias whose anchor is nowhere. */
  | { kind: "dangling"; text: string };

/** Lists in lists are left empty: no option takes them, and an alias may lead into itself. */
function plainOf(yaml: typeof import("yaml"), document: Document, given: unknown, nested = false): Plain {
  const node = yaml.isAlias(given) ? given.resolve(document) : given;
  if (node === undefined) return { kind: "dangling", text: String(given) };
  if (yaml.isMap(node)) return { kind: "map" };
  if (yaml.isSeq(node)) {
    const items = nested ? [] : node.items.map((item) => plainOf(yaml, document, item, true));
    return { kind: "list", items };
  }
  if (!yaml.isScalar(node) || node.value === null) return { kind: "nothing" };
  // As it is written, so that the number 1.10 stays "1.10".
  const text = typeof node.value === "number" ? node.source : String(node.value);
  return { kind: "text", text: text ?? String(node.value) };
}

function entryAssignments(
  option: AnyOption,
  value: Plain,
  where: string,
): readonly Assignment[] | UsageError {
  const { name, type } = option;
  const wrong = (what: string, accepted: string = type.accepts) =>
    new UsageError(`${where} ${what}; accepted: ${accepted}`);
  if (option.commandLineOnly) {
    return wrong("cannot be set in this file", `${option.flag} on the command line`);
  }
  const dangling = value.kind === "list" ? value.items.find(({ kind }) => kind === "dangling") : value;
  if (dangling?.kind === "dangling") {
    return wrong(
      `names an anchor that is not there: ${quote(dangling.text)}`,
      "quotes round a text that begins with *",
    );
  }
  if (value.kind === "nothing") {
    if (type.shape === "list" || type.clearable) return [{ name, text: null, where }];
    return wrong("has no value");
  }
  if (type.shape === "single") {
    return value.kind === "text"
      ? [assignmentFromText(name, value.text, where)]
      : wrong(`is one value, not a ${value.kind}`);
  }
  if (value.kind === "text" && type.alone.includes(value.text)) return [{ name, text: value.text, where }];
  if (value.kind !== "list") {
    return wrong(
      `is a list, not ${value.kind === "text" ? quote(value.text) : "a map"}`,
      `[VALUE, …], each ${type.accepts}`,
    );
  }
  const entries: Assignment[] = [{ name, text: null, where }];
  for (const item of value.items) {
    if (item.kind !== "text") return wrong("has an entry that is no single value");
    entries.push({ name, text: item.text, where });
  }
  return entries;
}

function withFullPath(assignment: Assignment, folder: string): Assignment {
  const { name, text } = assignment;
  if (optionNamed(name).type.path === null || !text || /^~(\/|$)/.test(text) || isAbsolute(text)) {
    return assignment;
  }
  return { ...assignment, text: join(folder, text) };
}
