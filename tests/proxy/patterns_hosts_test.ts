// Which hosts an option means, and where `--resolve` sends a dial.

import assert from "node:assert/strict";
import {
  isInsecure,
  isRawTcp,
  matchesHost,
  passesUntouched,
  resolveOverride,
} from "../../lib/proxy/host_patterns.ts";
import type { ResolveRule } from "../../lib/proxy/settings.ts";
import { testSettings } from "../kit/proxy_fixture.ts";

const target = { host: "www.Example.com", port: 443 };

const rows: [pattern: RegExp, serverName: string | null, matches: boolean, why: string][] = [
  [/example\.com/i, null, true, "searched, not matched whole"],
  [/EXAMPLE/i, null, true, "without case"],
  [/^www/i, null, true, "anchored at the start of the host"],
  [/com$/i, null, true, "anchored at the end of the host"],
  [/com:443$/i, null, true, "host and port"],
  [/:443$/, null, true, "the port alone"],
  [/:44$/, null, false, "not part of the port"],
  [/:80$/, null, false, "another port"],
  [/other/i, null, false, "another host"],
  [/other/i, "other.example", true, "the server name"],
  [/^other\.example:443$/i, "other.example", true, "the server name with the port"],
  [/www/i, "other.example", true, "the host, whatever the server name is"],
  [/example/gi, null, true, "a pattern that remembers where it was"],
  [/./, null, true, "anything"],
];

for (const [pattern, serverName, matches, why] of rows) {
  Deno.test(`host patterns: ${pattern} for ${serverName ?? "no server name"}: ${why}`, () => {
    for (let again = 0; again < 3; again++) {
      assert.equal(matchesHost([pattern], target, serverName), matches);
      assert.equal(matchesHost([/^nothing$/, pattern], target, serverName), matches, "any of several");
    }
  });
}

Deno.test("host patterns: none match nothing", () => {
  assert.equal(matchesHost([], target, "example.com"), false);
});

Deno.test("host patterns: an IPv6 address stands in brackets before its port", () => {
  const address = { host: "2001:db8::1", port: 8443 };
  assert.equal(matchesHost([/^2001:db8::1$/], address, null), true);
  assert.equal(matchesHost([/^\[2001:db8::1\]:8443$/], address, null), true);
});

Deno.test("host patterns: --ignore passes what matches, --allow what does not, --ignore counts first", () => {
  const passes = (ignoreHosts: RegExp[], allowHosts: RegExp[], serverName: string | null = null) =>
    passesUntouched(testSettings({ ignoreHosts, allowHosts }), target, serverName);
  assert.equal(passes([], []), false);
  assert.equal(passes([/example/i], []), true);
  assert.equal(passes([/other/i], []), false);
  assert.equal(passes([], [/example/i]), false);
  assert.equal(passes([], [/other/i]), true);
  assert.equal(passes([], [/other/i], "other.example"), false);
  assert.equal(passes([/example/i], [/example/i]), true);
});

Deno.test("host patterns: --tcp and --insecure", () => {
  assert.equal(isRawTcp(testSettings({ tcpHosts: [/example/i] }), target, null), true);
  assert.equal(isRawTcp(testSettings({ tcpHosts: [/example/i] }), { host: "x", port: 1 }, null), false);
  assert.equal(isInsecure(testSettings({ insecure: true }), target, null), true);
  assert.equal(isInsecure(testSettings({ insecure: [] }), target, null), false);
  assert.equal(isInsecure(testSettings({ insecure: [/^www\.example\.com$/i] }), target, null), true);
  assert.equal(isInsecure(testSettings({ insecure: [/other/i] }), target, "other"), true);
});

const rule = (host: string, port: number, address: string, toPort: number): ResolveRule => ({
  host,
  port,
  address,
  toPort,
});

Deno.test("resolve: host without case, exact port, the last rule counts, * is any host", () => {
  const resolved = (rules: ResolveRule[], host: string, port: number) =>
    resolveOverride(testSettings({ resolve: rules }), { host, port });
  const one = rule("Example.com", 443, "127.0.0.1", 8443);
  assert.deepEqual(resolved([one], "eXample.com", 443), { host: "127.0.0.1", port: 8443 });
  assert.deepEqual(resolved([one], "example.com", 80), { host: "example.com", port: 80 });
  assert.deepEqual(resolved([one], "www.example.com", 443), { host: "www.example.com", port: 443 });
  const any = rule("*", 443, "::1", 1);
  assert.deepEqual(resolved([one, any], "example.com", 443), { host: "::1", port: 1 });
  assert.deepEqual(resolved([any, one], "example.com", 443), { host: "127.0.0.1", port: 8443 });
  assert.deepEqual(resolved([any, one], "other", 443), { host: "::1", port: 1 });
});
