// The completion scripts: every flag in each, and bash really completes.

import assert from "node:assert/strict";
import { completionScript } from "../../lib/cli/completions.ts";
import { generalFlags, optionList, shells } from "../../lib/cli/options_table.ts";

const flags = [...optionList, ...Object.values(generalFlags)];

for (const shell of shells) {
  Deno.test(`${shell}: every flag, short flag and option name`, () => {
    const script = completionScript(shell);
    for (const { flag, short } of flags as readonly { flag: string; short?: string }[]) {
      const long = shell === "fish" ? `-l ${flag.slice(2)}` : flag;
      assert.match(script, new RegExp(`${long}(?![a-z0-9-])`), flag);
      if (short === undefined) continue;
      const letter = shell === "fish" ? `-s ${short.slice(1)} ` : short;
      assert(script.includes(letter), short);
    }
    for (const { name } of optionList) assert(script.includes(`${name}=`), name);
    for (const other of shells) assert(script.includes(other), other);
    assert(script.endsWith("\n"));
  });
}

async function bash(script: string): Promise<string> {
  const { stdout, stderr, success } = await new Deno.Command("bash", {
    args: ["--norc", "-c", script],
    stdin: "null",
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

const present = await new Deno.Command("bash", { args: ["--version"], stdout: "null", stderr: "null" })
  .output()
  .then(({ success }) => success, () => false);

Deno.test({
  name: "bash completes flags, values, names after --set, and shells",
  ignore: !present,
  async fn() {
    const rows: [words: string[], reply: string][] = [
      [["--listen"], "--listen-port --listen-host"],
      [["--qu"], "--quiet"],
      [["comp"], "completions"],
      [["completions", ""], "bash zsh fish"],
      [["--log-format", ""], "text json"],
      [["--log-format", "="], "text json"],
      [["--log-format", "=", "j"], "json"],
      [["--set", "listen_"], "listen_port= listen_host="],
      [["--set", "quiet", "=", "f"], "false"],
      [["--set", "listen_port", "=", "8"], ""],
      [["--mode", "reg"], "regular"],
      [["-p", ""], ""],
      [["-k", "--ver"], "--version --verbose"],
      [["-k", "--verb"], "--verbose"],
    ];
    const calls = rows.map(([words]) => {
      const quoted = ["mitm", ...words].map((word) => `'${word}'`);
      return `COMP_WORDS=(${quoted.join(" ")}); COMP_CWORD=${words.length}; _mitm; echo "\${COMPREPLY[*]}"`;
    });
    const output = await bash(`${completionScript("bash")}\n${calls.join("\n")}`);
    const replies = output.split("\n");
    for (const [index, [words, reply]] of rows.entries()) {
      const sorted = (text: string | undefined) => text?.split(" ").toSorted();
      assert.deepEqual(sorted(replies[index]), sorted(reply), words.join(" "));
    }
  },
});

Deno.test("zsh and fish: texts of ours cannot end a quoted word", () => {
  // An apostrophe in a help text is the one character that could.
  assert(optionList.some(({ help }) => help.includes("'")));
  const zsh = completionScript("zsh").split("\n").filter((line) => line.includes("["));
  for (const line of zsh.filter((text) => text.includes("origin"))) {
    assert.equal(line.replaceAll(`'\\''`, "").split("'").length % 2, 1, line);
  }
  for (const line of completionScript("fish").split("\n").filter((text) => text.startsWith("complete"))) {
    assert.equal(line.replaceAll("\\'", "").split("'").length % 2, 1, line);
  }
});
