// `deno task compile [--target TARGET | --all] [--embed-only]`: one executable, dist/mitm.
//
// `deno compile` where its base executable is at hand: downloaded, or named by DENORT_BIN. Where it is not, on Linux
// and macOS, the running Deno and the bundled program packed into one self-extracting file. Says which it made.
// --embed-only only looks whether `deno compile` takes the whole program, and keeps nothing.

import { parseArgs } from "node:util";
import { packSelfExtracting } from "./pack_self_extracting.ts";

const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
];
/** `deno compile` may have to download 40 MB; without a network it fails at once, or never. Milliseconds. */
const COMPILE_LIMIT = 2 * 60_000;
/** What the finished file may take for its first start, which may unpack it. Milliseconds. */
const START_LIMIT = 60_000;
/** How Deno says that it has no base executable to put the program into. */
const NO_BASE = /Setting up base binary|Could not find denort/;
const TIMED_OUT = `it took more than ${COMPILE_LIMIT / 1000} s`;

class CompileError extends Error {}

interface Project {
  version: string;
  /** The permission sets; "mitm" is the program's. */
  permissions: { mitm: unknown };
}

const project: Project = JSON.parse(await Deno.readTextFile("deno.json"));

async function main(): Promise<void> {
  const { values: { target, all, "embed-only": embedOnly } } = readArguments();
  await requirePinnedDeno();
  await Deno.mkdir("dist", { recursive: true });
  if (all) {
    for (const each of TARGETS) await compile(each, embedOnly);
  } else {
    await compile(target ?? null, embedOnly);
  }
}

function readArguments() {
  try {
    const options = {
      target: { type: "string" },
      all: { type: "boolean", default: false },
      "embed-only": { type: "boolean", default: false },
    } as const;
    const parsed = parseArgs({ args: Deno.args, options });
    const { target } = parsed.values;
    if (target === undefined || TARGETS.includes(target)) return parsed;
    throw new TypeError(`unknown target ${target}; known: ${TARGETS.join(", ")}`);
  } catch (error) {
    throw error instanceof TypeError ? new CompileError(error.message) : error;
  }
}

/** A setting that the launchers share. */
async function launcherSetting(name: string): Promise<string> {
  const launcher = await Deno.readTextFile("scripts/deno_path.sh");
  const value = new RegExp(`^${name}=(.*)$`, "m").exec(launcher)?.[1];
  if (value === undefined) throw new CompileError(`scripts/deno_path.sh does not say ${name}`);
  return value;
}

/** What gets packed is the Deno this runs on. */
async function requirePinnedDeno(): Promise<void> {
  const pinned = await launcherSetting("deno_version");
  if (pinned !== Deno.version.deno) {
    throw new CompileError(`this is Deno ${Deno.version.deno}; scripts/deno_path.sh pins ${pinned}`);
  }
}

/** Makes the executable for one target; null: for this system. */
async function compile(target: string | null, embedOnly: boolean): Promise<void> {
  const windows = target === null ? Deno.build.os === "windows" : target.includes("windows");
  const output = embedOnly
    ? "dist/embedded"
    : `dist/mitm${target === null ? "" : `-${target}`}${windows ? ".exe" : ""}`;
  const native = target === null || target === Deno.build.target;

  const reason = await embed(target, output);
  if (reason === null && embedOnly) {
    console.log(`deno compile embedded the whole program (${await size(output)}). That is all this proves:`);
    console.log("the result is not started; with the full Deno as its base it would start as plain Deno.");
    await Deno.remove(output);
    return;
  }
  if (reason === null && (!native || await startsAsMitm(output))) {
    console.log(`${output}: made by deno compile (${await size(output)})`);
    return;
  }
  const because = reason ??
    "the base executable is not the one deno compile needs: the result does not start as mitm";
  if (embedOnly || !native || Deno.build.os === "windows") throw new CompileError(`${output}: ${because}`);
  console.log(`${output}: not made by deno compile: ${because}`);

  await pack(output);
  if (!await startsAsMitm(output)) throw new CompileError(`${output}: packed, and does not start as mitm`);
  console.log(
    `${output}: a self-extracting file with Deno ${Deno.version.deno} and the bundled program (${await size(
      output,
    )})`,
  );
}

/** Runs `deno compile`; null, or why there is no base executable. Any other failure is an error. */
async function embed(target: string | null, output: string): Promise<string | null> {
  const fresh = output.replace("dist/", "dist/new-"); // it does not overwrite what it did not make
  await Deno.remove(fresh).catch(() => {});
  const errors = await runDeno(
    [
      "compile",
      "--quiet",
      "--no-check", // `deno task check` does
      "--frozen",
      "--no-prompt",
      "--permission-set=mitm",
      `--v8-flags=${await launcherSetting("v8_flags")}`,
      ...(target === null ? [] : ["--target", target]),
      "--output",
      fresh,
      "main.ts",
    ],
  );
  if (errors === null) {
    await Deno.rename(fresh, output);
    return null;
  }
  if (errors === TIMED_OUT) return `deno compile was stopped: ${TIMED_OUT}`;
  if (!NO_BASE.test(errors)) throw new CompileError(`deno compile failed: ${errors.trim()}`);
  const cause = errors.split("\n").map((line) => line.replace(/^ *\d+: /, "").trim());
  return `no base executable at hand: ${
    cause.find((line) => /failed|error sending|not find/.test(line)) ?? "no reason given"
  }`;
}

async function pack(output: string): Promise<void> {
  const bundle = "dist/mitm.js";
  const errors = await runDeno([
    "bundle",
    "--quiet",
    "--frozen",
    "--platform=deno",
    `--output=${bundle}`,
    "main.ts",
  ]);
  if (errors !== null) throw new CompileError(`deno bundle failed: ${errors.trim()}`);
  const packed = {
    version: project.version,
    v8Flags: await launcherSetting("v8_flags"),
    runtime: Deno.execPath(),
    program: await Deno.readTextFile(bundle),
    config: JSON.stringify({ permissions: { mitm: project.permissions.mitm } }),
  };
  await Deno.remove(bundle);
  await packSelfExtracting(packed, "dist", output);
}

/** Null when it went well; else what it wrote to standard error. */
async function runDeno(args: readonly string[]): Promise<string | null> {
  const signal = AbortSignal.timeout(COMPILE_LIMIT);
  const deno = new Deno.Command(Deno.execPath(), {
    args: [...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
    signal,
  });
  const { success, stderr } = await deno.output();
  if (success) return null;
  return signal.aborted ? TIMED_OUT : new TextDecoder().decode(stderr);
}

/** Started by way of `sh`: what a script may write Deno does not let it start. Windows has no `sh`, and no check. */
async function startsAsMitm(executable: string): Promise<boolean> {
  if (Deno.build.os === "windows") return true;
  const caches = await Deno.makeTempDir({ dir: "dist", prefix: "first-start-" });
  try {
    const { success, stdout } = await new Deno.Command("sh", {
      args: ["-c", 'exec "$0" --version', `./${executable}`],
      env: { XDG_CACHE_HOME: `${Deno.cwd()}/${caches}` }, // where it unpacks, if it does
      stdin: "null",
      stderr: "inherit",
      signal: AbortSignal.timeout(START_LIMIT),
    }).output();
    return success && new TextDecoder().decode(stdout).startsWith(`mitm ${project.version} `);
  } finally {
    await Deno.remove(caches, { recursive: true });
  }
}

async function size(path: string): Promise<string> {
  return `${((await Deno.stat(path)).size / 1_000_000).toFixed(1)} MB`;
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}
