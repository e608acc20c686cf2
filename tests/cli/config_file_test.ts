// config.yaml: what it may say, and what is said about wrong files.

import assert from "node:assert/strict";
import { join } from "node:path";
import { parseConfig, readConfigFile } from "../../lib/cli/config_file.ts";
import { optionValues } from "../../lib/cli/option_values.ts";
import type { OptionValues } from "../../lib/cli/options_table.ts";
import { UsageError } from "../../lib/cli/usage_error.ts";
import { settled, withFolder } from "./option_helpers.ts";

const PATH = "/home/me/.mitm/config.yaml";

async function valuesFrom(text: string): Promise<OptionValues> {
  return settled(optionValues(settled(await parseConfig(text, PATH))));
}

Deno.test("values of every type", async () => {
  const values = await valuesFrom(`
# a comment
listen_port: 9090
listen_host: "::1"
mode: reverse:https://example.com
tcp_hosts:
  - example\\.com
  - 'b'
  - 10.1
ignore_hosts: [c, d]
resolve: ["*:443:127.0.0.1:8443"]
insecure: [internal]
body_size_limit: 10m
capture_limit: 4096
connect_timeout: 2.5
head_timeout: 500ms
detail: 2
log_format: json
quiet: true
lenient: false
`);
  assert.equal(values.listen_port, 9090);
  assert.equal(values.listen_host, "::1");
  assert.deepEqual(values.mode, { kind: "reverse", scheme: "https", host: "example.com", port: 443 });
  assert.deepEqual(values.tcp_hosts, [/example\.com/i, /b/i, /10.1/i]);
  assert.deepEqual(values.ignore_hosts, [/c/i, /d/i]);
  assert.deepEqual(values.resolve, [{ host: "*", port: 443, address: "127.0.0.1", toPort: 8443 }]);
  assert.deepEqual(values.insecure, [/internal/i]);
  assert.equal(values.body_size_limit, 10 * 1024 * 1024);
  assert.equal(values.capture_limit, 4096);
  assert.equal(values.connect_timeout, 2500);
  assert.equal(values.head_timeout, 500);
  assert.equal(values.detail, 2);
  assert.equal(values.log_format, "json");
  assert.equal(values.quiet, true);
  assert.equal(values.lenient, false);
});

Deno.test("a number is taken as it is written", async () => {
  assert.deepEqual((await valuesFrom("tcp_hosts: [10.10, 1.50]")).tcp_hosts, [/10.10/i, /1.50/i]);
});

Deno.test("insecure: true, false, or patterns", async () => {
  assert.equal((await valuesFrom("insecure: true")).insecure, true);
  assert.deepEqual((await valuesFrom("insecure: false")).insecure, []);
  assert.deepEqual((await valuesFrom("insecure: [a]")).insecure, [/a/i]);
});

Deno.test("nothing after the name: an empty list, or no value", async () => {
  const values = await valuesFrom("tcp_hosts:\nca:\nbody_size_limit: ~\nignore_hosts: []\n");
  assert.deepEqual(values.tcp_hosts, []);
  assert.equal(values.ca, null);
  assert.equal(values.body_size_limit, null);
  assert.deepEqual(values.ignore_hosts, []);
});

Deno.test("files without options", async () => {
  for (const text of ["", "\n", "# only a comment\n", "---\n", "---\n...\n", "{}", "\ufeff"]) {
    assert.deepEqual(await parseConfig(text, PATH), [], JSON.stringify(text));
  }
});

Deno.test("anchors and aliases, quotes, flow style, line ends of Windows", async () => {
  const values = await valuesFrom("tcp_hosts: &hosts [a, b]\r\nignore_hosts: *hosts\r\n'detail': \"3\"\r\n");
  assert.deepEqual(values.tcp_hosts, [/a/i, /b/i]);
  assert.deepEqual(values.ignore_hosts, [/a/i, /b/i]);
  assert.equal(values.detail, 3);
});

Deno.test("a relative path is relative to the file's folder", async () => {
  const values = await valuesFrom("ca: my.pem\nupstream_ca: [a.pem, ../b.pem, /c.pem, ~/d.pem]\n");
  assert.equal(values.ca, join("/home/me/.mitm", "my.pem"));
  assert.deepEqual(values.upstream_ca, [
    join("/home/me/.mitm", "a.pem"),
    join("/home/me", "b.pem"),
    "/c.pem",
    "~/d.pem",
  ]);
});

const wrong: { text: string; line: number; says: string[] }[] = [
  { text: "nonsense: 1", line: 1, says: ['no option "nonsense"', "mitm --help"] },
  { text: "detail: 1\n\nlisten-port: 1", line: 3, says: ['"listen-port"', "did you mean listen_port?"] },
  { text: "tcp: [a]", line: 1, says: ["did you mean tcp_hosts?"] },
  { text: "1: 2", line: 1, says: ['no option "1"'] },
  { text: "? [a]\n: 2", line: 1, says: ["no option"] },
  { text: "# x\nlisten_port: abc", line: 2, says: ["listen_port", '"abc"', "0 to 65535"] },
  { text: "listen_port: 80.5", line: 1, says: ["listen_port", '"80.5"'] },
  { text: "listen_port: 0x50", line: 1, says: ["listen_port", '"0x50"'] },
  { text: "listen_port:", line: 1, says: ["listen_port has no value", "0 to 65535"] },
  { text: "listen_port: [80]", line: 1, says: ["listen_port", "not a list"] },
  { text: "listen_port: {a: 1}", line: 1, says: ["listen_port", "not a map"] },
  { text: "quiet: yes", line: 1, says: ["quiet", '"yes" is not a boolean', "true or false"] },
  { text: "quiet: 1", line: 1, says: ["quiet", '"1" is not a boolean'] },
  { text: "mode: transparent", line: 1, says: ["mode", '"transparent" is not a mode', "reverse:http"] },
  {
    text: "detail: 1\ntcp_hosts: example",
    line: 2,
    says: ["tcp_hosts is a list", '"example"', "regular expression"],
  },
  { text: "tcp_hosts: true", line: 1, says: ["tcp_hosts is a list", '"true"'] },
  { text: "tcp_hosts: {a: b}", line: 1, says: ["tcp_hosts is a list, not a map"] },
  { text: "tcp_hosts: [a, [b]]", line: 1, says: ["tcp_hosts", "no single value"] },
  { text: "tcp_hosts: [a, ~]", line: 1, says: ["tcp_hosts", "no single value"] },
  { text: "tcp_hosts: ['(']", line: 1, says: ["tcp_hosts", '"("', "regular expression"] },
  { text: "tcp_hosts: ['']", line: 1, says: ["tcp_hosts", "is empty"] },
  { text: "insecure: [a, true]", line: 1, says: ["insecure", "contradicts"] },
  { text: "resolve: [a]", line: 1, says: ["resolve", '"a"', "HOST:PORT:ADDRESS[:PORT]"] },
  { text: "flow_budget: 1x", line: 1, says: ["flow_budget", '"1x" is not a size'] },
  { text: "idle_timeout: 1:30", line: 1, says: ["idle_timeout", '"1:30" is not a duration'] },
  { text: "confdir: /other", line: 1, says: ["confdir cannot be set in this file", "--confdir"] },
  { text: "quiet: true\nverbose: true", line: 2, says: ["verbose contradicts", "quiet"] },
  { text: "detail: 1\ndetail: 2", line: 2, says: ["unique", "YAML"] },
  { text: "detail: 1\nmode: [a", line: 2, says: ["YAML"] },
  { text: "a: b: c", line: 1, says: ["YAML"] },
  { text: "detail: 1\n\tmode: regular", line: 2, says: ["YAML"] },
  { text: "detail: *none", line: 1, says: ["detail", "anchor", "quotes"] },
  { text: "tcp_hosts: [a, *.example.com]", line: 1, says: ["tcp_hosts", "anchor", "quotes"] },
  { text: "tcp_hosts: &a [*a]", line: 1, says: ["tcp_hosts", "no single value"] },
  { text: "- detail", line: 1, says: ["no map", "detail: 2"] },
  { text: "just words", line: 1, says: ["no map"] },
  { text: "detail: 1\n---\nmode: regular\n", line: 2, says: ["YAML"] },
];

for (const { text, line, says } of wrong) {
  Deno.test(`wrong config.yaml: ${JSON.stringify(text)}`, async () => {
    const assignments = await parseConfig(text, PATH);
    const error = assignments instanceof UsageError ? assignments : optionValues(assignments);
    assert(error instanceof UsageError, JSON.stringify(error));
    assert.equal(error.exitCode, 2);
    assert.match(error.line, /^mitm: [^\n]+\n$/);
    assert(error.message.startsWith(`${PATH}, line ${line}: `), error.message);
    assert(error.message.includes("; accepted: "), error.message);
    for (const part of says) assert(error.message.includes(part), `${part} in: ${error.message}`);
  });
}

Deno.test("no file: no options; a file: its options", () =>
  withFolder(async (folder) => {
    const path = join(folder, "config.yaml");
    assert.deepEqual(await readConfigFile(path), []);
    await Deno.writeTextFile(path, "\ufeffdetail: 3\n");
    assert.deepEqual(await readConfigFile(path), [{
      name: "detail",
      text: "3",
      where: `${path}, line 1: detail`,
    }]);
  }));

Deno.test("a file that cannot be read is the environment's fault, a file that is no text the user's", () =>
  withFolder(async (folder) => {
    const path = join(folder, "config.yaml");
    await Deno.writeFile(path, new Uint8Array([0xff, 0xfe, 0x00]));
    const text = await readConfigFile(path);
    assert(text instanceof UsageError);
    assert.equal(text.exitCode, 2);
    assert(text.message.includes(path) && text.message.includes("UTF-8"));
    await Deno.remove(path);
    await Deno.mkdir(path);
    const error = await readConfigFile(path);
    assert(error instanceof UsageError);
    assert.equal(error.exitCode, 1);
    assert(error.message.startsWith(`cannot read ${path}: `), error.message);
    const below = await readConfigFile(join(Deno.execPath(), "config.yaml"));
    assert(below instanceof UsageError);
    assert.equal(below.exitCode, 1);
  }));
