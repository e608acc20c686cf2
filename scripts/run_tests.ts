// Runs the tests, for scripts/test: all of them, or those a filter names. Its last line is the result alone,
// "N passed, N failed", and its exit code 1 when a test failed, when none ran, or when one was skipped under CI=true.
// Tests that wait for other programs run beside those that do not, in runs of their own: each prints when the ones before
// it have.

import process from "node:process";
import { peer, peerNames } from "../tests/kit/peers.ts";
import { closingLine, readReport, type TestReport } from "./test_report.ts";

/** A run that takes longer has hung; CI gives everything together ten minutes. */
const RUN_LIMIT = 8.5 * 60_000;
/** What runs beside the rest, by how the files begin: they wait for other programs, and for sockets. About a third each. */
const BESIDE = [
  ["tests/interop/http2_", "tests/proxy/"],
  ["tests/interop/", "tests/e2e/", "tests/export/", "tests/scripts/"],
];
/** What the run printed is complete when it has ended, unless a program it left behind holds the pipe open. */
const OUTPUT_LIMIT = 2_000;

async function main(): Promise<number> {
  const [filter] = Deno.args;
  const all = (await testFiles("tests")).sort();
  const byPath = filter === undefined ? all : all.filter((file) => file.includes(filter));
  const files = byPath.length > 0 ? byPath : all;
  const report = await runAll(files, byPath.length > 0 ? null : filter ?? null);

  if (report.failed.length > 0) console.log("\nfailed:");
  for (const title of report.failed) console.log(`  ${title}`);
  if (report.skipped.length > 0) console.log("\nskipped:");
  for (const title of report.skipped) console.log(`  ${title}`);
  const ran = report.passed + report.failed.length > 0;
  if (!ran) {
    console.log(`no test ran${filter === undefined ? "" : `: nothing in tests/ is called "${filter}"`}`);
  }
  const skippedInCi = process.env["CI"] === "true" && report.skipped.length > 0;
  if (skippedInCi) console.log("CI skips no test: install what the skipped ones need");
  console.log(`\n${closingLine(report)}`);
  return ran && report.failed.length === 0 && !skippedInCi ? 0 : 1;
}

async function runAll(files: readonly string[], filter: string | null): Promise<TestReport> {
  let shown: Promise<unknown> | null = null;
  const runs: Promise<TestReport>[] = [];
  for (const group of grouped(files)) {
    const run = runTests(group, filter, shown);
    shown = run;
    runs.push(run);
  }
  const reports = await Promise.all(runs);
  return {
    passed: reports.reduce((sum, { passed }) => sum + passed, 0),
    failed: reports.flatMap(({ failed }) => failed),
    skipped: reports.flatMap(({ skipped }) => skipped),
  };
}

/** The rest first; none of them empty. */
function grouped(files: readonly string[]): string[][] {
  const groups = new Map<number, string[]>([[-1, []]]);
  for (const file of files) {
    const index = BESIDE.findIndex((starts) => starts.some((start) => file.startsWith(start)));
    const group = groups.get(index);
    if (group === undefined) groups.set(index, [file]);
    else group.push(file);
  }
  return [...groups.values()].filter(({ length }) => length > 0);
}

/** `shownAfter`: what it prints is kept until then. */
async function runTests(
  files: readonly string[],
  filter: string | null,
  shownAfter: Promise<unknown> | null,
): Promise<TestReport> {
  const folder = await Deno.makeTempDir({ prefix: "mitm-tests-" });
  const reportFile = `${folder}/report.xml`;
  const run = new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "--quiet",
      "--no-check", // `deno task check` does
      "--no-prompt",
      "--frozen",
      "--sanitize-ops",
      "--sanitize-resources",
      ...permissions(),
      `--junit-path=${reportFile}`,
      ...(filter === null ? [] : [`--filter=${filter}`]),
      ...files,
    ],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const limit = setTimeout(() => {
    run.kill("SIGKILL");
    console.log(
      `\nstopped: the tests did not end within ${RUN_LIMIT / 1000} s; the last one named above hung`,
    );
  }, RUN_LIMIT);
  const output = { text: "", isShown: shownAfter === null };
  const shown = show(run.stdout, output);
  shownAfter?.then(() => {
    writeAll(new TextEncoder().encode(output.text));
    output.isShown = true;
  });
  const { success } = await run.status;
  clearTimeout(limit);
  await Promise.race([shown, new Promise((resolve) => setTimeout(resolve, OUTPUT_LIMIT))]);
  await shownAfter;
  const report = await Deno.readTextFile(reportFile).catch(() => null);
  await Deno.remove(folder, { recursive: true });
  return readReport(report, output.text, success);
}

/** Passes on what the run prints, as it comes once it is to be shown, and keeps it as text. */
async function show(
  stream: ReadableStream<Uint8Array>,
  kept: { text: string; isShown: boolean },
): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    if (kept.isShown) writeAll(chunk);
    kept.text += decoder.decode(chunk, { stream: true });
  }
}

function writeAll(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

/** What tests may do: use the network, write files, and start mitm and the peers. */
function permissions(): string[] {
  const programs = peerNames.map((name) => peer(name)).filter((path) => path !== null);
  return [
    "--allow-net",
    "--allow-read",
    "--allow-env",
    "--allow-sys",
    "--allow-write", // whole: making a symbolic link asks for it
    `--allow-run=${[Deno.execPath(), ...programs].join(",")}`,
  ];
}

async function testFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) files.push(...await testFiles(path));
    else if (/_test\.tsx?$/.test(entry.name)) files.push(path);
  }
  return files;
}

if (import.meta.main) Deno.exit(await main());
