// Wrong command lines: one line each, which says what, where, and what is accepted. Nothing is thrown.

import assert from "node:assert/strict";
import fc from "fast-check";
import { parseCommandLine } from "../../lib/cli/command_line.ts";
import { generalFlags, optionList } from "../../lib/cli/options_table.ts";
import { UsageError } from "../../lib/cli/usage_error.ts";

interface Row {
  words: string[];
  /** What the line must hold: what is wrong, where, what is accepted. */
  says: string[];
}

const rows: Row[] = [
  { words: ["--nonsense"], says: ['unknown option "--nonsense"', "mitm --help"] },
  { words: ["--listenport", "1"], says: ['"--listenport"', "did you mean --listen-port?"] },
  { words: ["--listen_port=1"], says: ['"--listen_port"', "did you mean --listen-port?"] },
  { words: ["--tcp-hosts", "a"], says: ['"--tcp-hosts"', "did you mean --tcp?"] },
  { words: ["--ssl-insecure"], says: ['"--ssl-insecure"', "did you mean --insecure?"] },
  { words: ["--qiuet"], says: ["did you mean --quiet?"] },
  { words: ["-x"], says: ['unknown option "-x"'] },
  { words: ["-qx"], says: ['unknown option "-x"'] },
  { words: ["--http2"], says: ['unknown option "--http2"', "did you mean --no-http2?"] },
  { words: ["--no-http2=false"], says: ["--no-http2", "takes no value", '"false"'] },
  { words: ["--h2c"], says: ["--h2c", "value is missing", "regular expression"] },
  {
    words: ["--http2-ping-keepalive", "0.0001"],
    says: ["--http2-ping-keepalive", "too short", "0 for never"],
  },
  { words: ["--set", "no_http2=true"], says: ["--set", "did you mean http2?"] },
  { words: ["--no-quiet"], says: ['unknown option "--no-quiet"'] },
  { words: ["--quiet=yes"], says: ["--quiet", "takes no value", '"yes"'] },
  { words: ["-p"], says: ["--listen-port", "value is missing", "0 to 65535"] },
  { words: ["-p", "-q"], says: ["--listen-port", "missing before -q", "0 to 65535"] },
  { words: ["--tcp", "--ignore", "x"], says: ["--tcp", "missing before --ignore", "regular expression"] },
  { words: ["--set"], says: ["--set", "missing", "NAME=VALUE"] },
  { words: ["-p", "abc"], says: ["--listen-port", '"abc"', "0 to 65535"] },
  { words: ["-p", "65536"], says: ["--listen-port", '"65536" is too large', "0 to 65535"] },
  { words: ["-p", "-1"], says: ["--listen-port", '"-1"'] },
  { words: ["--listen-port="], says: ["--listen-port", '""'] },
  {
    words: ["--listen-host", "127.0.0.1:8080"],
    says: ["--listen-host", '"127.0.0.1:8080"', "without a port"],
  },
  { words: ["--mode", "transparent"], says: ["--mode", '"transparent"', "reverse:http://HOST"] },
  { words: ["-m", "reverse:ftp://example.com"], says: ["--mode", "reverse:tcp://HOST:PORT"] },
  { words: ["-m", "reverse:https://"], says: ["--mode", "does not name a host"] },
  { words: ["-m", "reverse:https://h/path"], says: ["--mode", "path"] },
  { words: ["-m", "reverse:tcp://example.com"], says: ["--mode", "a host and a port"] },
  { words: ["-m", "reverse:http://example.com:70000"], says: ["--mode", "does not name a host"] },
  { words: ["--tcp", "(["], says: ["--tcp", '"(["', "regular expression"] },
  { words: ["--ignore", "*.example.com"], says: ["--ignore", "nothing to repeat", ".* stands for any text"] },
  { words: ["--allow", ""], says: ["--allow", "is empty"] },
  { words: ["-k", "("], says: ["--insecure", '"("', "regular expression"] },
  { words: ["-k", "-k", "example"], says: ["--insecure", '"example" contradicts'] },
  { words: ["-k", "example", "-k"], says: ["--insecure", "contradicts"] },
  { words: ["--resolve", "example.com:443"], says: ["--resolve", "HOST:PORT:ADDRESS[:PORT]"] },
  { words: ["--resolve", "example.com:https:127.0.0.1"], says: ["--resolve", "HOST:PORT:ADDRESS[:PORT]"] },
  { words: ["--resolve", "example.com:443:::1"], says: ["--resolve", "IPv6 addresses in brackets"] },
  { words: ["--resolve", "example.com:0:127.0.0.1"], says: ["--resolve", "1 to 65535"] },
  { words: ["--resolve", "example.com:443:127.0.0.1:0"], says: ["--resolve", "end with a port"] },
  { words: ["--resolve", "example.com:443:*"], says: ["--resolve", "name an address"] },
  { words: ["--resolve", "[x]:443:127.0.0.1"], says: ["--resolve", "start with a host"] },
  { words: ["--body-size-limit", "1t"], says: ["--body-size-limit", '"1t" is not a size', "k, m or g"] },
  { words: ["--capture-limit", "-5"], says: ["--capture-limit", "is not a size"] },
  { words: ["--flow-budget", "99999999999g"], says: ["--flow-budget", "too large"] },
  { words: ["--flow-budget", "0"], says: ["--flow-budget", "too small", "at least 1"] },
  {
    words: ["--connect-timeout", "soon"],
    says: ["--connect-timeout", '"soon" is not a duration', "ms, s, m or h"],
  },
  { words: ["--tls-timeout", "0"], says: ["--tls-timeout", "too short"] },
  { words: ["--idle-timeout", "600h"], says: ["--idle-timeout", "too long", "596h"] },
  { words: ["--flow-limit", "1.5"], says: ["--flow-limit", "whole number"] },
  { words: ["--connection-limit", "0"], says: ["--connection-limit", "too small", "from 1"] },
  { words: ["--detail", "4"], says: ["--detail", "too large", "0 to 3"] },
  { words: ["--log-format", "xml"], says: ["--log-format", '"xml"', "text or json"] },
  { words: ["--color", "maybe"], says: ["--color", "auto, always or never"] },
  { words: ["--ca", ""], says: ["--ca", '"" is empty', "PEM file"] },
  { words: ["--set", "detail"], says: ["--set", '"detail" has no "="', "NAME=VALUE"] },
  { words: ["--set", "nonsense=1"], says: ["--set", 'no option "nonsense"', "mitm --help"] },
  { words: ["--set", "listen-port=1"], says: ["--set", "did you mean listen_port?"] },
  { words: ["--set", "tcp=x"], says: ["--set", "did you mean tcp_hosts?"] },
  { words: ["--set", "=1"], says: ["--set", 'no option ""'] },
  { words: ["--set", "toString=1"], says: ["--set", 'no option "toString"'] },
  { words: ["--set", "quiet=yes"], says: ["--set quiet", '"yes" is not a boolean', "true or false"] },
  { words: ["--set", "quiet="], says: ["--set quiet", '"" is not a boolean'] },
  { words: ["--set", "listen_port="], says: ["--set listen_port", '""'] },
  { words: ["--set", "listen_port=x"], says: ["--set listen_port", '"x"', "0 to 65535"] },
  { words: ["-q", "-v"], says: ["--verbose contradicts --quiet"] },
  { words: ["-v", "--set", "quiet=true"], says: ["--verbose contradicts --set quiet"] },
  { words: ["~d example.com", "x"], says: ['unexpected argument "x"', "one filter", "completions"] },
  { words: ["~nonsense"], says: ["the filter", "is not a filter", "~d"] },
  { words: ["--filter", "("], says: ["--filter", "is not a filter"] },
  { words: ["--intercept", "~c x"], says: ["--intercept", "is not a filter"] },
  { words: ["-q", "--", "-v"], says: ['unexpected argument "-v"'] },
  { words: ["help"], says: ['unexpected argument "help"', "did you mean --help?"] },
  { words: ["completion"], says: ["did you mean completions?"] },
  { words: ["completions"], says: ["completions", "missing", "bash, zsh or fish"] },
  { words: ["completions", "tcsh"], says: ["completions", '"tcsh"', "bash, zsh or fish"] },
  { words: ["completions", "bash", "zsh"], says: ["completions", 'unexpected argument "zsh"'] },
  { words: ["-p", "a\nb\u001b[31m\u009b\u202e"], says: ['"a\\nb\\u001b[31m\\u009b\\u202e"'] },
  { words: ["-p", "9".repeat(5000)], says: ["--listen-port", "…", "too large"] },
];

for (const { words, says } of rows) {
  Deno.test(`wrong command line: mitm ${words.join(" ").slice(0, 60)}`, () => {
    const error = parseCommandLine(words);
    assert(error instanceof UsageError, JSON.stringify(error));
    assert.equal(error.exitCode, 2);
    // deno-lint-ignore no-control-regex
    assert.match(error.line, /^mitm: [^\u0000-\u001f\u007f-\u009f]+\n$/);
    assert(error.line.length < 400, "is a readable line");
    for (const text of says) assert(error.message.includes(text), `${text} in: ${error.message}`);
  });
}

Deno.test("any words give a command or one line, and never throw", () => {
  const spellings = [...optionList, ...Object.values(generalFlags)].map(({ flag }) => flag);
  const word = fc.oneof(
    fc.constantFrom(...spellings, "-p", "-k", "-q", "--", "completions", "bash"),
    fc.constantFrom(...optionList.map(({ name }) => `${name}=`)),
    fc.string({ unit: "binary" }),
    fc.tuple(fc.constantFrom(...spellings), fc.string()).map((parts) => parts.join("=")),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 5 }), (words) => {
      const command = parseCommandLine(words);
      if (command instanceof UsageError) {
        assert.equal(command.exitCode, 2);
        // deno-lint-ignore no-control-regex
        assert.match(command.line, /^mitm: [^\u0000-\u001f\u007f-\u009f\u2028\u2029]+\n$/);
      } else {
        assert(["run", "help", "version", "completions"].includes(command.kind));
      }
    }),
    { numRuns: 1000 },
  );
});
