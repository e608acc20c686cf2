// Holds the tree to the direction of imports and the habits that ARCHITECTURE.md settles; part of `deno task check`.
// One line per violation, "file:line: what", and exit code 1. Which room may do what is data, below.

import { sourceTokens, type Token } from "./source_tokens.ts";

interface Room {
  /** The other rooms it may import; a name with a slash and a star stands for the files whose path begins so. */
  imports: readonly string[];
  /** What it may import from outside lib/: exact specifiers, "node:*" for all of Node's, "npm" for the mapped packages. */
  outside: readonly string[];
  /** No I/O, no clock, no timers, nothing that waits. */
  pure: boolean;
}

const pure = (imports: string[], outside: string[] = []): Room => ({ imports, outside, pure: true });
const free = (imports: string[], outside: string[]): Room => ({ imports, outside, pure: false });

const rooms: ReadonlyMap<string, Room> = new Map([
  ["bytes", pure([])],
  ["http", pure(["bytes"], ["node:crypto"])],
  ["http1", pure(["bytes", "http"])],
  ["hpack", pure(["bytes", "http"])],
  ["http2", pure(["bytes", "http", "hpack"])],
  ["websocket", pure(["bytes", "http"], ["npm"])],
  ["tls", free(["bytes"], ["node:*", "npm"])],
  ["net", free(["bytes", "http", "tls"], ["node:*", "npm"])],
  ["flow", free(["bytes", "http"], ["node:zlib"])],
  ["filter", pure(["bytes", "http", "flow"])],
  ["format", free(["bytes", "http", "flow"], ["node:*", "npm"])],
  ["export", free(["bytes", "http", "flow"], ["node:*"])],
  ["hooks", free(["flow", "http"], [])],
  [
    "proxy",
    free(["bytes", "http", "http1", "hpack", "http2", "websocket", "tls", "net", "flow", "filter", "hooks"], [
      "node:*",
      "npm",
    ]),
  ],
  [
    "console",
    free(["bytes", "http", "flow", "filter", "format", "export", "hooks", "cli/options*"], ["node:*", "npm"]),
  ],
  [
    "cli",
    free([
      "bytes",
      "http",
      "http1",
      "hpack",
      "http2",
      "websocket",
      "tls",
      "net",
      "flow",
      "filter",
      "format",
      "export",
      "hooks",
      "proxy",
      "console",
      "..",
    ], ["node:*", "npm"]),
  ],
]);

/** Names that mean I/O, timers or waiting wherever they stand on their own. */
const impureWords = new Set([
  "Deno",
  "Promise",
  "async",
  "await",
  "clearInterval",
  "clearTimeout",
  "queueMicrotask",
  "setImmediate",
  "setInterval",
  "setTimeout",
]);
/** Globals that mean the same, by names a method may have too: only `name.` and `new name` count. */
const impureGlobals = new Set(["Date", "WebSocket", "Worker", "console", "performance", "process"]);

const fileName = /^[a-z0-9]+(?:_[a-z0-9]+)*(?:\.d)?\.tsx?$/;

interface ImportSite {
  specifier: string;
  line: number;
}

/** Checks sources given by their path from the root ("lib/http1/reader.ts"); one line per violation, in file order. */
export function checkSources(sources: ReadonlyMap<string, string>): string[] {
  const violations: string[] = [];
  const graph = new Map<string, ImportSite[]>();
  for (const [path, source] of [...sources].sort(([a], [b]) => a < b ? -1 : 1)) {
    const report = (line: number, what: string): void => void violations.push(`${path}:${line}: ${what}`);
    const tokens = sourceTokens(source);
    const code = tokens.filter((token) => token.kind !== "comment");
    const imports = importSites(code);
    if (!fileName.test(path.slice(path.lastIndexOf("/") + 1))) report(1, "file names are snake_case");
    checkHabits(tokens, code, report);
    if (!path.startsWith("lib/")) continue;
    checkRoom(path, code, imports, report);
    graph.set(
      path,
      imports.filter(({ specifier }) => specifier.startsWith("."))
        .map(({ specifier, line }) => ({ specifier: resolve(path, specifier), line })),
    );
  }
  return [...violations, ...importCycles(graph)];
}

function checkRoom(
  path: string,
  code: readonly Token[],
  imports: readonly ImportSite[],
  report: (line: number, what: string) => void,
): void {
  const name = roomOf(path);
  const room = rooms.get(name);
  if (room === undefined) {
    report(
      1,
      name === "" ? "files of lib/ live in a room" : `scripts/check_layers.ts knows no room "${name}"`,
    );
    return;
  }
  for (const { specifier, line } of imports) {
    if (!specifier.startsWith(".")) {
      if (!mayImportOutside(room, specifier)) report(line, `${name} must not import "${specifier}"`);
      continue;
    }
    const target = resolve(path, specifier);
    if (!mayImportFile(name, room, target)) {
      const allowed = room.imports.length === 0 ? "nothing" : room.imports.join(", ");
      report(line, `${name} must not import ${target} (it may import ${allowed})`);
    }
  }
  if (!room.pure) return;
  for (const { line, what } of impurities(code)) report(line, `${name} is pure: no ${what}`);
}

function mayImportOutside(room: Room, specifier: string): boolean {
  if (room.outside.includes(specifier)) return true;
  return room.outside.includes(specifier.startsWith("node:") ? "node:*" : "npm");
}

function mayImportFile(own: string, room: Room, target: string): boolean {
  if (!target.startsWith("lib/")) return room.imports.includes("..");
  const other = roomOf(target);
  return other === own ||
    room.imports.some((allowed) =>
      allowed.endsWith("*") ? target.startsWith(`lib/${allowed.slice(0, -1)}`) : allowed === other
    );
}

function impurities(code: readonly Token[]): { line: number; what: string }[] {
  const found: { line: number; what: string }[] = [];
  for (const [index, token] of code.entries()) {
    const before = code[index - 1]?.text;
    const after = code[index + 1]?.text;
    if (token.kind !== "word" || before === "." || before === "?." || after === ":") continue;
    const global = impureGlobals.has(token.text) && (before === "new" || after === ".");
    if (global || impureWords.has(token.text)) found.push({ line: token.line, what: token.text });
  }
  return found;
}

function checkHabits(
  tokens: readonly Token[],
  code: readonly Token[],
  report: (line: number, what: string) => void,
): void {
  for (const token of tokens) {
    const note = token.kind === "comment" ? /\b(?:TODO|FIXME|XXX)\b/.exec(token.text) : null;
    if (note === null) continue;
    const line = token.line + token.text.slice(0, note.index).split("\n").length - 1;
    report(line, `no ${note[0]} in the tree: do it, or write it up as an issue`);
  }
  for (const [index, token] of code.entries()) {
    const before = code[index - 1]?.text;
    const isDefault = token.kind === "word" && token.text === "default" &&
      (before === "export" || before === "as" && inExportList(code, index));
    if (isDefault) report(token.line, "no default exports");
  }
  if (isBarrel(code)) report(1, "no files of re-exports: import from where it is defined");
}

/** Whether the token stands inside `export { … }`. */
function inExportList(code: readonly Token[], index: number): boolean {
  let open = index;
  while (open > 0 && !/^[{}]$/.test(code[open]?.text ?? "")) open--;
  return code[open]?.text === "{" && code[open - 1]?.text === "export";
}

/** Whether a file does nothing but hand on what others define. */
function isBarrel(code: readonly Token[]): boolean {
  const text = code.map((token) => token.kind === "string" ? '""' : token.text).join(" ");
  const list = String.raw`(?:\*(?: as [\w$]+)?|\{[^{}]*\})`;
  const rest = text
    .replaceAll(
      new RegExp(String.raw`\bexport (?:type )?${list} from ""(?: with \{[^{}]*\})?(?: ;)?`, "g"),
      "E",
    )
    .replaceAll(/\bexport (?:type )?\{[^{}]*\}(?: ;)?/g, "E")
    .replaceAll(/\bimport (?:[^;"()]* from )?""(?: with \{[^{}]*\})?(?: ;)?/g, "");
  return /^[E ]*E[E ]*$/.test(rest);
}

/** Every `import`, `export … from`, `import()` and `import("…").Type` with a literal specifier. */
function importSites(code: readonly Token[]): ImportSite[] {
  const sites: ImportSite[] = [];
  for (const [index, token] of code.entries()) {
    if (token.kind !== "string") continue;
    const before = code[index - 1]?.text;
    const called = before === "(" && code[index - 2]?.text === "import";
    if (before === "from" || before === "import" || called) {
      sites.push({ specifier: token.text, line: token.line });
    }
  }
  return sites;
}

/** One line per import that closes a circle, types included: a circle of types is one subject in two files. */
function importCycles(graph: ReadonlyMap<string, readonly ImportSite[]>): string[] {
  const violations: string[] = [];
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]): void => {
    if (done.has(path)) return;
    for (const { specifier: target, line } of graph.get(path) ?? []) {
      const start = [...trail, path].indexOf(target);
      if (start >= 0) {
        const circle = [...trail, path].slice(start);
        violations.push(`${path}:${line}: imports go in a circle: ${[...circle, target].join(" > ")}`);
      } else {
        walk(target, [...trail, path]);
      }
    }
    done.add(path);
  };
  for (const path of graph.keys()) walk(path, []);
  return violations;
}

function roomOf(path: string): string {
  return /^lib\/([^/]+)\//.exec(path)?.[1] ?? "";
}

/** The path, from the root, of a relative specifier in the file at `path`. */
function resolve(path: string, specifier: string): string {
  return decodeURIComponent(new URL(specifier, `file:///${path}`).pathname.slice(1));
}

async function readSources(root: URL, folder: string, into: Map<string, string>): Promise<void> {
  for await (const entry of Deno.readDir(new URL(`${folder}/`, root))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) await readSources(root, path, into);
    else if (/\.tsx?$/.test(entry.name)) into.set(path, await Deno.readTextFile(new URL(path, root)));
  }
}

if (import.meta.main) {
  const root = new URL("../", import.meta.url);
  const sources = new Map<string, string>();
  for (const folder of ["lib", "scripts", "tests"]) await readSources(root, folder, sources);
  sources.set("main.ts", await Deno.readTextFile(new URL("main.ts", root)));
  const violations = checkSources(sources);
  for (const violation of violations) console.error(violation);
  if (violations.length > 0) Deno.exit(1);
}
