// scripts/run_tests.ts on small trees of tests, with the real `deno test`: its last line and its exit code.

import assert from "node:assert/strict";
import { dirname } from "node:path";
import { withFolder } from "./run_program.ts";

const script = new URL("../../scripts/run_tests.ts", import.meta.url).pathname;

async function runTests(
  files: Record<string, string>,
  args: string[] = [],
  env: Record<string, string> = {},
) {
  let result = { code: -1, lines: [""] };
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/tests/room`, { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(dirname(`${folder}/tests/${name}`), { recursive: true });
      await Deno.writeTextFile(`${folder}/tests/${name}`, text);
    }
    const permissions = [
      "--allow-env",
      "--allow-read",
      `--allow-write=${Deno.env.get("TMPDIR") ?? "/tmp"}`,
      `--allow-run=${Deno.execPath()}`,
    ];
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", ...permissions, script, ...args],
      cwd: folder,
      env: { CI: "", NO_COLOR: "1", ...env },
      stdin: "null",
      stderr: "null",
    }).output();
    result = { code, lines: new TextDecoder().decode(stdout).trimEnd().split("\n") };
  });
  return { ...result, last: result.lines.at(-1) };
}

const passing = `Deno.test("passes", () => {});`;

Deno.test("run_tests: passed tests, and its last line alone", async () => {
  const files = {
    "a_test.ts": passing,
    "room/b_test.ts": passing,
    "room/kit.ts": `throw new Error("no test");`,
  };
  const { code, last, lines } = await runTests(files);
  assert.deepEqual([code, last, lines.at(-2)], [0, "2 passed, 0 failed", ""]);
});

Deno.test("run_tests: tests that wait for programs run beside the others, and are shown and counted after them", async () => {
  const { code, last, lines } = await runTests({
    "interop/a_test.ts": `Deno.test("waits", () => {});`,
    "room/b_test.ts":
      `Deno.test("takes its time", () => new Promise((resolve) => setTimeout(resolve, 300)));`,
  });
  assert.deepEqual([code, last], [0, "2 passed, 0 failed"]);
  const at = (start: string) => lines.findIndex((line) => line.startsWith(start));
  assert(at("takes its time ... ok") >= 0 && at("takes its time") < at("waits ... ok"), lines.join("\n"));
});

Deno.test("run_tests: failures, leaks, errors outside tests and modules that do not load", async () => {
  const { code, last, lines } = await runTests({
    "a_test.ts": `${passing} Deno.test("fails", () => { throw new Error("no"); });`,
    "b_test.ts": `Deno.test("leaks", () => { setTimeout(() => {}, 60_000); });`,
    "room/c_test.ts": `throw new Error("while loading");`,
  });
  assert.deepEqual([code, last], [1, "1 passed, 3 failed"]);
  assert(lines.includes("  tests/a_test.ts: fails"));
  assert(lines.includes("  tests/b_test.ts: leaks"));
  assert(lines.includes("  tests/room/c_test.ts: an error outside its tests"));
});

Deno.test("run_tests: a run that cannot start is a failure", async () => {
  const { code, last } = await runTests({ "a_test.ts": `import "./missing.ts";`, "b_test.ts": passing });
  assert.deepEqual([code, last], [1, "0 passed, 1 failed"]);
});

Deno.test("run_tests: skipped tests are counted and named, and fail the run under CI", async () => {
  const files = {
    "a_test.ts": `${passing} Deno.test({ name: "later (needs nginx)", ignore: true, fn() {} });`,
  };
  const here = await runTests(files);
  assert.deepEqual([here.code, here.last], [0, "1 passed, 0 failed, 1 skipped"]);
  assert(here.lines.includes("  tests/a_test.ts: later (needs nginx)"));
  const ci = await runTests(files, [], { CI: "true" });
  assert.deepEqual([ci.code, ci.last], [1, "1 passed, 0 failed, 1 skipped"]);
});

Deno.test("run_tests: a filter is part of a path, or else of a name", async () => {
  const files = {
    "a_test.ts": `Deno.test("one", () => {}); Deno.test("two", () => {});`,
    "room/b_test.ts": `Deno.test("two", () => {}); Deno.test("three", () => { throw new Error("no"); });`,
  };
  assert.equal((await runTests(files, ["a_te"])).last, "2 passed, 0 failed");
  assert.equal((await runTests(files, ["two"])).last, "2 passed, 0 failed");
  assert.equal((await runTests(files, ["room/"])).last, "1 passed, 1 failed");
  const none = await runTests(files, ["four"]);
  assert.deepEqual([none.code, none.last], [1, "0 passed, 0 failed"]);
});
