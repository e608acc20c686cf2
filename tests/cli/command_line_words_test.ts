// Right command lines: what is asked for, and how flags and --set become option values.

import assert from "node:assert/strict";
import { parseCommandLine } from "../../lib/cli/command_line.ts";
import { defaultText, optionList } from "../../lib/cli/options_table.ts";
import { UsageError } from "../../lib/cli/usage_error.ts";
import { valuesOf } from "./option_helpers.ts";

Deno.test("no words: run with the defaults", () => {
  const values = valuesOf([]);
  assert.deepEqual(values, {
    listen_port: 8080,
    listen_host: "127.0.0.1",
    mode: { kind: "regular" },
    tcp_hosts: [],
    ignore_hosts: [],
    allow_hosts: [],
    h2c_hosts: [],
    resolve: [],
    insecure: [],
    upstream_ca: [],
    client_cert: null,
    ca: null,
    confdir: "~/.mitm",
    passthrough_on_reject: false,
    lenient: false,
    http2: true,
    http2_priority: false,
    keep_host_header: false,
    body_size_limit: null,
    capture_limit: 1024 * 1024,
    flow_budget: 128 * 1024 * 1024,
    flow_limit: 50_000,
    console: true,
    filter: null,
    intercept: null,
    connect_timeout: 10_000,
    tls_timeout: 10_000,
    head_timeout: 30_000,
    idle_timeout: 120_000,
    stall_timeout: 600_000,
    http2_ping_keepalive: 58_000,
    connection_limit: 4096,
    detail: 1,
    log_format: "text",
    quiet: false,
    verbose: false,
    color: "auto",
  });
});

Deno.test("each default, written as text, is read back as itself", () => {
  for (const option of optionList) {
    if (option.valueName === null) continue;
    const text = defaultText(option);
    const words = text === "none" ? ["--set", `${option.name}=`] : [`${option.flag}=${text}`];
    assert.deepEqual(valuesOf(words)[option.name], option.default, option.name);
  }
});

Deno.test("a filter alone is --filter", () => {
  for (const words of [["~d example.com & ~m POST"], ["--filter", "~d example.com & ~m POST"]]) {
    const { filter } = valuesOf(words);
    assert.equal(filter?.text, "~d example.com & ~m POST");
  }
});

Deno.test("help, version and completions", () => {
  assert.deepEqual(parseCommandLine(["--help"]), { kind: "help" });
  assert.deepEqual(parseCommandLine(["-h"]), { kind: "help" });
  assert.deepEqual(parseCommandLine(["--version"]), { kind: "version" });
  assert.deepEqual(parseCommandLine(["completions", "zsh"]), { kind: "completions", shell: "zsh" });
  assert.deepEqual(parseCommandLine(["-p", "nonsense", "--help"]), { kind: "help" }, "help for who is lost");
});

Deno.test("values follow in the next word, after an equals sign, or in the word of a short flag", () => {
  for (
    const words of [["-p", "9"], ["-p9"], ["--listen-port", "9"], ["--listen-port=9"], [
      "--set",
      "listen_port=9",
    ]]
  ) {
    assert.equal(valuesOf(words).listen_port, 9, words.join(" "));
  }
  assert.equal(valuesOf(["--set=listen_port=9"]).listen_port, 9);
  const values = valuesOf(["-qp9"]);
  assert.equal(values.quiet, true);
  assert.equal(values.listen_port, 9);
});

Deno.test("the last value counts, whichever way it was given", () => {
  assert.equal(valuesOf(["-p", "1", "-p", "2"]).listen_port, 2);
  assert.equal(valuesOf(["--set", "listen_port=1", "-p", "2"]).listen_port, 2);
  assert.equal(valuesOf(["-p", "2", "--set", "listen_port=1"]).listen_port, 1);
  assert.equal(valuesOf(["-q", "--set", "quiet=false", "-v"]).verbose, true);
});

Deno.test("lists grow by repetition, by flag and by --set, and --set name= empties them", () => {
  const sources = (words: string[]) => valuesOf(words).tcp_hosts.map((pattern) => pattern.source);
  assert.deepEqual(sources(["--tcp", "a", "--tcp", "b"]), ["a", "b"]);
  assert.deepEqual(sources(["--tcp", "a", "--set", "tcp_hosts=b"]), ["a", "b"]);
  assert.deepEqual(sources(["--tcp", "a", "--set", "tcp_hosts=", "--tcp", "b"]), ["b"]);
  assert.deepEqual(sources(["--tcp", "a", "--set", "tcp_hosts="]), []);
});

Deno.test("an optional value is taken away by --set name=", () => {
  assert.equal(valuesOf(["--ca", "x.pem", "--set", "ca="]).ca, null);
  assert.equal(valuesOf(["--body-size-limit", "1k", "--set", "body_size_limit="]).body_size_limit, null);
});

Deno.test("-k alone means every host, -k HOST those that match", () => {
  assert.equal(valuesOf(["-k"]).insecure, true);
  assert.equal(valuesOf(["-k", "-q"]).insecure, true);
  assert.equal(valuesOf(["-k", "-k"]).insecure, true);
  assert.deepEqual(valuesOf(["-k", "one", "--insecure=two", "-kthree"]).insecure, [/one/i, /two/i, /three/i]);
  assert.deepEqual(valuesOf(["-k", "--set", "insecure=false"]).insecure, []);
  assert.deepEqual(valuesOf(["-k", "--set", "insecure=", "-k", "one"]).insecure, [/one/i]);
});

Deno.test("HTTP/2 is on until it is switched off, and can be switched on again", () => {
  assert.equal(valuesOf(["--no-http2"]).http2, false);
  assert.equal(valuesOf(["--set", "http2=false"]).http2, false);
  assert.equal(valuesOf(["--no-http2", "--set", "http2=true"]).http2, true);
  assert.equal(valuesOf(["--http2-priority"]).http2_priority, true);
  assert.equal(valuesOf(["--set", "http2_priority=true"]).http2_priority, true);
  assert.equal(valuesOf(["--http2-ping-keepalive", "0"]).http2_ping_keepalive, 0);
  assert.equal(valuesOf(["--set", "http2_ping_keepalive=5"]).http2_ping_keepalive, 5000);
  assert.deepEqual(valuesOf(["--h2c", "a", "--set", "h2c_hosts=b:80"]).h2c_hosts, [/a/i, /b:80/i]);
});

Deno.test("values may hold equals signs, blanks and leading dashes", () => {
  assert.deepEqual(valuesOf(["--tcp=a=b c"]).tcp_hosts, [/a=b c/i]);
  assert.deepEqual(valuesOf(["--set", "tcp_hosts=a=b"]).tcp_hosts, [/a=b/i]);
  assert.deepEqual(valuesOf(["--tcp", "-x"]).tcp_hosts, [/-x/i]);
});

Deno.test("every flag and every name of the table is understood", () => {
  for (const option of optionList) {
    const bare = parseCommandLine([option.flag]);
    if (option.bare === null) assert(bare instanceof UsageError, option.flag);
    else assert(!(bare instanceof UsageError), option.flag);
    const set = parseCommandLine(["--set", `${option.name}=\0`]);
    // No type takes a NUL, save patterns; none answers that the name is not known.
    if (set instanceof UsageError) assert(set.message.startsWith(`--set ${option.name}: `), set.message);
  }
});
