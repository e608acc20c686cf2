// scripts/test_report.ts on reports as Deno 2.9.6 wrote them.

import assert from "node:assert/strict";
import { closingLine, readReport } from "../../scripts/test_report.ts";

const testCase = (name: string, outcome = "", attributes = ' time="0.001" line="1" col="6"'): string =>
  `        <testcase name="${name}" classname="./tests/a_test.ts"${attributes}>\n            ${outcome}\n        </testcase>\n`;
const suite = (file: string, ...cases: string[]): string =>
  `    <testsuite name="${file}" tests="${cases.length}" disabled="0" errors="0" failures="0">\n${
    cases.join("")
  }    </testsuite>\n`;
const wholeReport = (...suites: string[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="deno test" tests="9" failures="0" errors="0" time="0.191">\n${
    suites.join("")
  }</testsuites>`;

const rows: {
  name: string;
  report: string | null;
  output?: string;
  succeeded: boolean;
  line: string;
  failed?: string[];
}[] = [
  {
    name: "everything passed, in two files",
    report: wholeReport(
      suite("./tests/a_test.ts", testCase("one"), testCase("two")),
      suite("./tests/b_test.ts", testCase("one")),
    ),
    succeeded: true,
    line: "3 passed, 0 failed",
  },
  {
    name: "failures and errors, in names with marks",
    report: wholeReport(suite(
      "./tests/a_test.ts",
      testCase("fine"),
      testCase(
        "a &lt;b&gt; &amp; &quot;c&quot; &#x41;&#66;",
        `<failure message="Uncaught Error: no">Error: no\n &lt;skipped/&gt;</failure>`,
      ),
      testCase("cut off", `<error message="Cancelled"/>`),
    )),
    succeeded: false,
    line: "1 passed, 2 failed",
    failed: [`tests/a_test.ts: a <b> & "c" AB`, "tests/a_test.ts: cut off"],
  },
  {
    name: "skipped tests are named, those a filter left out are not",
    report: wholeReport(suite(
      "./tests/a_test.ts",
      testCase("ran"),
      testCase("later (needs nginx)", "<skipped/>"),
      testCase("filtered out", "<skipped/>", ' line="1" col="6"'),
    )),
    succeeded: true,
    line: "1 passed, 0 failed, 1 skipped",
  },
  {
    name: "steps belong to their test, whose name may look like one of a step",
    report: wholeReport(suite(
      "./tests/a_test.ts",
      testCase("h1 &gt; h2", `<failure message="1 test step failed">1 test step failed.</failure>`),
      testCase("h1 &gt; h2 &gt; trailers", `<failure message="no">no</failure>`),
      testCase("h1 &gt; h2 &gt; skipped step", "<skipped/>"),
    )),
    succeeded: false,
    line: "0 passed, 1 failed",
    failed: ["tests/a_test.ts: h1 > h2"],
  },
  {
    name: "a test registered by a helper, and its steps",
    report: wholeReport(
      suite("./tests/kit/peers.ts", testCase("curl", `<failure message="1 test step failed">no</failure>`)),
      suite(
        "./tests/a_test.ts",
        testCase("curl &gt; GET"),
        testCase("curl &gt; HEAD", `<failure message="no">no</failure>`),
      ),
    ),
    succeeded: false,
    line: "0 passed, 1 failed",
    failed: ["tests/kit/peers.ts: curl"],
  },
  {
    name: "a module that did not load stands only in the summary",
    report: wholeReport(suite("./tests/a_test.ts", testCase("one"))),
    output: "\x1b[0m./tests/b_test.ts (uncaught error)\n\n FAILURES \n\n./tests/b_test.ts (uncaught error)\n",
    succeeded: false,
    line: "1 passed, 1 failed",
    failed: ["tests/b_test.ts: an error outside its tests"],
  },
  {
    name: "a failure nothing explains",
    report: wholeReport(suite("./tests/a_test.ts", testCase("one"))),
    succeeded: false,
    line: "1 passed, 1 failed",
    failed: ["the test run: it failed outside the tests"],
  },
  {
    name: "a run that died",
    report: null,
    output: "running 3 tests from ./tests/a_test.ts\none ... ok (1ms)\ntwo ... ",
    succeeded: false,
    line: "0 passed, 1 failed",
    failed: ["the test run: it ended without a report"],
  },
  {
    name: "a run that says it went well and wrote no report",
    report: null,
    succeeded: true,
    line: "0 passed, 1 failed",
  },
];

for (const { name, report, output = "", succeeded, line, failed } of rows) {
  Deno.test(`test report: ${name}`, () => {
    const result = readReport(report, output, succeeded);
    assert.equal(closingLine(result), line);
    if (failed !== undefined) assert.deepEqual(result.failed, failed);
  });
}
