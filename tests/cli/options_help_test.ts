// --help: grouped, every option, at most 100 columns. And the README's table of the same options.

import assert from "node:assert/strict";
import { helpText } from "../../lib/cli/help_text.ts";
import { defaultText, generalFlags, optionList } from "../../lib/cli/options_table.ts";
import { optionsMarkdown, withOptions } from "../../scripts/options_markdown.ts";

const help = helpText();

Deno.test("no line of help is longer than 100 columns, none holds a control character", () => {
  for (const line of help.split("\n")) {
    assert(line.length <= 100, line);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u00a0]|\s$/, line);
  }
  assert(help.endsWith("\n"));
});

Deno.test("help names every flag with its value, its help and its default", () => {
  const words = help.replaceAll(/\s+/g, " ");
  for (const option of optionList) {
    const short = option.short === undefined ? "" : `${option.short}, `;
    const value = option.valueName === null
      ? ""
      : option.bare === null
      ? ` ${option.valueName}`
      : ` [${option.valueName}]`;
    assert(words.includes(`${short}${option.flag}${value} ${option.help}`), option.flag);
    if (option.flag !== "--" + option.name.replaceAll("_", "-")) {
      assert(words.includes(`(option ${option.name}`));
    }
    const fallback = defaultText(option);
    if (option.valueName !== null && fallback !== "none") {
      assert(words.includes(`default: ${fallback})`), option.name);
    }
  }
  for (const { flag } of Object.values(generalFlags)) assert(words.includes(` ${flag} `), flag);
  assert(words.includes("completions bash|zsh|fish"));
});

Deno.test("help is grouped, each group once", () => {
  const groups = [...new Set(optionList.map(({ group }) => group))];
  const headings = help.split("\n").filter((line) => groups.includes(line as typeof groups[number]));
  assert.deepEqual(headings, groups);
});

Deno.test("each help text is one sentence", () => {
  for (const { name, help: text } of optionList) assert.match(text, /^[A-Z][^]*[^.]\.$/, name);
});

Deno.test("the Markdown table holds every option in rows of five cells", () => {
  const rows = optionsMarkdown().split("\n").filter((line) => line.startsWith("|"));
  for (const row of rows) assert.equal(row.replaceAll("\\|", "").split("|").length, 7, row);
  for (const { name, flag } of optionList) {
    assert.equal(rows.filter((row) => row.includes(`\`${name}\``) && row.includes(flag)).length, 1, name);
  }
});

Deno.test("the table is put between the markers and nothing else is touched", () => {
  const before = "# mitm\n<!-- options:begin -->\nold\n<!-- options:end -->\nrest\n";
  const after = withOptions(before, "new\n");
  assert.equal(after, "# mitm\n<!-- options:begin -->\n\nnew\n\n<!-- options:end -->\nrest\n");
  assert.equal(withOptions(after ?? "", "new\n"), after, "twice is once");
  assert.equal(withOptions("no markers", "new\n"), null);
  assert.equal(withOptions("<!-- options:end --><!-- options:begin -->", "new\n"), null);
});

const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url)).catch((error) => {
  if (error instanceof Deno.errors.NotFound) return null;
  throw error;
});

Deno.test({
  name: "the README's table is the one the options give",
  ignore: readme === null,
  fn() {
    assert.equal(withOptions(readme ?? "", optionsMarkdown()), readme, "run scripts/options_markdown.ts");
  },
});
