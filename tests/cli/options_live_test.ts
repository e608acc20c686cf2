// Options that change while the proxy runs.

import assert from "node:assert/strict";
import { LiveOptions } from "../../lib/cli/options_live.ts";
import { optionValues } from "../../lib/cli/option_values.ts";
import { optionList, type OptionValues } from "../../lib/cli/options_table.ts";
import { UsageError } from "../../lib/cli/usage_error.ts";

/** `refuse`: what applying says. */
function makeOptions(refuse: string | null = null) {
  const values = optionValues([{ name: "tcp_hosts", text: "one", where: "--tcp" }]);
  assert.ok(!(values instanceof UsageError));
  const applied: OptionValues[] = [];
  const options = new LiveOptions(values, (changed) => {
    applied.push(changed);
    return Promise.resolve(refuse);
  });
  return { options, applied };
}

Deno.test("live options: all are listed, with values, defaults, and what is accepted", () => {
  const { options } = makeOptions();
  assert.deepEqual(options.list().map(({ name }) => name), optionList.map(({ name }) => name));
  const { value, defaultValue, isSet, shape, texts } = options.get("tcp_hosts");
  assert.deepEqual({ value, defaultValue, isSet, shape, texts }, {
    value: "one",
    defaultValue: "none",
    isSet: true,
    shape: "list",
    texts: ["one"],
  });
  assert.deepEqual([options.get("http2").shape, options.get("detail").shape], ["toggle", "text"]);
  for (const { accepts, help, flag, value } of options.list()) {
    for (const text of [accepts, help, flag, value]) assert.notEqual(text, "");
  }
});

Deno.test("live options: what is set counts; a default comes back", async () => {
  const { options, applied } = makeOptions();
  assert.equal(await options.set("tcp_hosts", ["one", "two"]), null);
  assert.deepEqual(options.get("tcp_hosts").texts, ["one", "two"]);
  assert.deepEqual(applied.at(-1)?.tcp_hosts.map(({ source }) => source), ["one", "two"]);
  assert.equal(await options.set("capture_limit", ["10k"]), null);
  assert.equal(applied.at(-1)?.capture_limit, 10 * 1024);
  assert.equal(await options.reset("capture_limit"), null);
  assert.deepEqual([applied.at(-1)?.capture_limit, options.get("capture_limit").isSet], [1024 * 1024, false]);
  // What was set before is still there.
  assert.equal(applied.at(-1)?.tcp_hosts.length, 2);
  assert.equal(await options.set("body_size_limit", []), null);
  assert.equal(applied.at(-1)?.body_size_limit, null);
});

const refused: readonly [
  name: "detail" | "tcp_hosts" | "capture_limit" | "listen_port",
  texts: string[],
  reason: RegExp,
][] = [
  ["detail", ["9"], /^"9" .*; accepted: .*0 to 3/],
  ["detail", [], /is no value; accepted:/],
  ["tcp_hosts", ["fine", "("], /^"\(" .*; accepted: a regular expression/],
  ["capture_limit", ["ten"], /^"ten" .*; accepted: a number of bytes/],
  ["listen_port", ["8081"], /^--listen-port cannot change while mitm runs$/],
];
for (const [name, texts, reason] of refused) {
  Deno.test(`live options: refused: ${name} ${JSON.stringify(texts)}`, async () => {
    const { options, applied } = makeOptions();
    const before = options.get(name);
    assert.match(await options.set(name, texts) ?? "", reason);
    assert.deepEqual([options.get(name), applied], [before, []]);
  });
}

Deno.test("live options: what cannot be applied changes nothing", async () => {
  const { options } = makeOptions("no such file");
  assert.equal(await options.set("tcp_hosts", []), "no such file");
  assert.deepEqual(options.get("tcp_hosts").texts, ["one"]);
});
