// --resolve HOST:PORT:ADDRESS[:PORT] in all its forms.

import assert from "node:assert/strict";
import { resolveRule } from "../../lib/cli/address_types.ts";
import { InvalidValue } from "../../lib/cli/option_types.ts";
import { valuesOf } from "./option_helpers.ts";

const rows: [text: string, host: string, port: number, address: string, toPort: number][] = [
  ["example.com:443:127.0.0.1", "example.com", 443, "127.0.0.1", 443],
  ["example.com:443:127.0.0.1:8443", "example.com", 443, "127.0.0.1", 8443],
  ["Example.COM:80:localhost", "example.com", 80, "localhost", 80],
  ["*:443:127.0.0.1:8443", "*", 443, "127.0.0.1", 8443],
  ["example.com:443:[::1]", "example.com", 443, "::1", 443],
  ["example.com:443:[2001:DB8::1]:8443", "example.com", 443, "2001:DB8::1", 8443],
  ["example.com:443:[fe80::1%eth0]", "example.com", 443, "fe80::1%eth0", 443],
  ["[2001:db8::1]:443:127.0.0.1", "2001:db8::1", 443, "127.0.0.1", 443],
  ["[2001:db8::1]:443:[::1]:8443", "2001:db8::1", 443, "::1", 8443],
  ["*:80:[::ffff:127.0.0.1]:8080", "*", 80, "::ffff:127.0.0.1", 8080],
  ["192.0.2.1:1:10.0.0.1:65535", "192.0.2.1", 1, "10.0.0.1", 65535],
  ["my_host.internal.:80:10.0.0.1", "my_host.internal.", 80, "10.0.0.1", 80],
];

for (const [text, host, port, address, toPort] of rows) {
  Deno.test(`--resolve ${text}`, () => {
    const rule = { host, port, address, toPort };
    assert.deepEqual(resolveRule.parse(text), rule);
    assert.deepEqual(resolveRule.parse(resolveRule.format(rule)), rule, "there and back");
    assert.deepEqual(valuesOf(["--resolve", text, "--resolve", text]).resolve, [rule, rule]);
  });
}

Deno.test("what is no rule is refused", () => {
  const wrong = [
    "",
    "example.com",
    "example.com:443",
    "example.com:443:",
    ":443:127.0.0.1",
    "example.com::127.0.0.1",
    "example.com:443:127.0.0.1:",
    "example.com:443:127.0.0.1:8443:1",
    "example.com:443:::1",
    "::1:443:127.0.0.1",
    "[::1:443:127.0.0.1",
    "[]:443:127.0.0.1",
    "[127.0.0.1]:443:127.0.0.1",
    "example.com:443:[localhost]",
    "example.com:443:fe80::1%eth0",
    "example.com:443:*",
    "*.example.com:443:127.0.0.1",
    "example.com:0:127.0.0.1",
    "example.com:65536:127.0.0.1",
    "example.com:443:127.0.0.1:0",
    "example.com:443:127.0.0.1:65536",
    "exa mple.com:443:127.0.0.1",
    "http://example.com:443:127.0.0.1",
    "example.com:443:127.0.0.1\n",
  ];
  for (const text of wrong) assert(resolveRule.parse(text) instanceof InvalidValue, JSON.stringify(text));
});
