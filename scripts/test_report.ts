// Reads the JUnit report `deno test` writes (Deno 2.9) and makes the closing line of scripts/test from it.
// Each test stands there under the file that called Deno.test, which may be a helper's.
// What the report leaves out counts too: a module that does not load, an error outside every test, a run that died.

import { stripVTControlCharacters } from "node:util";

export interface TestReport {
  passed: number;
  /** "file: test" of each. */
  failed: string[];
  skipped: string[];
}

/**
 * `report` is the text of the report, null when the run wrote none; `output` what it printed; `succeeded` whether it
 * ended with exit code 0. Steps count as part of their test; tests a filter left out do not count at all.
 */
export function readReport(report: string | null, output: string, succeeded: boolean): TestReport {
  const result: TestReport = { passed: 0, failed: [], skipped: [] };
  const cases = testCases(report ?? "");
  const names = new Set(cases.map(({ name }) => name));
  for (const { name, file, outcome, filteredOut } of cases) {
    if (isStep(name, names)) continue;
    const title = `${unescapeXml(file).replace(/^\.\//, "")}: ${unescapeXml(name)}`;
    if (/<(?:failure|error)\b/.test(outcome)) result.failed.push(title);
    else if (!outcome.includes("<skipped/>")) result.passed++;
    else if (!filteredOut) result.skipped.push(title);
  }
  if (succeeded && report !== null) return result;
  // A module that throws while it loads, or whose timers throw after its tests, stands only in the printed summary.
  for (const [, file] of stripVTControlCharacters(output).matchAll(/^(?:\.\/)?(\S+) \(uncaught error\)$/gm)) {
    const title = `${file}: an error outside its tests`;
    if (!result.failed.includes(title)) result.failed.push(title);
  }
  if (report === null) result.failed.push("the test run: it ended without a report");
  else if (result.failed.length === 0) result.failed.push("the test run: it failed outside the tests");
  return result;
}

/** The last line a test run prints. */
export function closingLine({ passed, failed, skipped }: TestReport): string {
  const line = `${passed} passed, ${failed.length} failed`;
  return skipped.length > 0 ? `${line}, ${skipped.length} skipped` : line;
}

interface TestCase {
  name: string;
  file: string;
  outcome: string;
  filteredOut: boolean;
}

/** Names and files are as the report escapes them. */
function testCases(report: string): TestCase[] {
  const suites = /<testsuite name="([^"]*)"[^>]*>([^]*?)<\/testsuite>/g;
  const testcases = /<testcase name="([^"]*)"([^>]*)>([^]*?)<\/testcase>/g;
  return [...report.matchAll(suites)].flatMap(([, file = "", suite = ""]) =>
    [...suite.matchAll(testcases)].map(([, name = "", attributes = "", outcome = ""]) => (
      { name, file, outcome, filteredOut: !attributes.includes(' time="') }
    ))
  );
}

/** The report names a step "test > step", under the file of its own line; its test may be under another one's. */
function isStep(name: string, names: ReadonlySet<string>): boolean {
  for (let end = name.indexOf(" &gt; "); end >= 0; end = name.indexOf(" &gt; ", end + 1)) {
    if (names.has(name.slice(0, end))) return true;
  }
  return false;
}

function unescapeXml(text: string): string {
  const named: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replaceAll(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return named[name] ?? whole;
    return String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16));
  });
}
