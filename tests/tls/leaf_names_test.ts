import assert from "node:assert/strict";
import { isIP } from "node:net";
import fc from "fast-check";
import { leafNames, MAX_LEAF_NAMES } from "../../lib/tls/leaf_names.ts";

function values(host: string, ...extra: string[]): string[] {
  return leafNames(host, extra).map((name) => `${name.kind}:${name.value}`);
}

Deno.test("names keep their order, in one spelling, none twice", () => {
  assert.deepEqual(values("Example.COM", "www.example.com", "EXAMPLE.com.", "*.example.com", "10.0.0.1"), [
    "dns:example.com",
    "dns:www.example.com",
    "dns:*.example.com",
    "ip:10.0.0.1",
  ]);
});

Deno.test("IP addresses in every spelling", () => {
  assert.deepEqual(values("[::1]", "::1", "0:0:0:0:0:0:0:1"), ["ip:::1"]);
  assert.deepEqual(values("2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"), ["ip:2001:db8::1:0:0:1"]);
  assert.deepEqual(values("fe80::1%eth0", "[fe80::1%25eth0]"), ["ip:fe80::1"]);
  assert.deepEqual(values("::ffff:192.0.2.1"), ["ip:::ffff:c000:201"]);
  assert.deepEqual(values("192.0.2.1"), ["ip:192.0.2.1"]);
  // Not an address: a name, if a strange one.
  assert.deepEqual(values("192.0.2"), ["dns:192.0.2"]);
});

Deno.test("names of the field are kept", () => {
  for (
    const name of [
      "xn--bcher-kva.example",
      "_dmarc.a_b.example",
      "-x-.example",
      "r3---sn.example",
      "localhost",
      "1.example",
    ]
  ) {
    assert.deepEqual(values(name), [`dns:${name}`]);
  }
  const longest = [63, 63, 63, 61].map((length) => "a".repeat(length)).join(".");
  assert.equal(longest.length, 253);
  assert.deepEqual(values(longest), [`dns:${longest}`]);
  assert.deepEqual(values(`${longest}.`), [`dns:${longest}`]);
});

Deno.test("what no certificate can carry is left out", () => {
  const impossible = [
    "",
    ".",
    "..",
    "a..example",
    ".example",
    "two words",
    "a\0b",
    "line\nbreak",
    "b\u00fccher.example",
    "*",
    "f*.example",
    "a.*.example",
    "*.*.example",
    "a:443",
    "user@a.example",
    "a/b",
    "a,DNS:b",
    "#abc",
    "[a.example]",
    "[::1",
    "1.2.3.4%eth0",
    "a".repeat(64) + ".example",
    [63, 63, 63, 62].map((length) => "a".repeat(length)).join("."),
    "a.".repeat(100_000),
  ];
  assert.deepEqual(values("a.example", ...impossible), ["dns:a.example"]);
  for (const name of impossible) {
    assert.deepEqual(values(name, "b.example"), ["dns:b.example"]);
    assert.deepEqual(values(name), ["dns:unnamed.invalid"]);
  }
});

Deno.test("limit: names of one leaf, the host first", () => {
  const many = Array.from({ length: 5000 }, (_, index) => `h${index}.example`);
  const names = values("a.example", "b.example", ...many);
  assert.equal(names.length, MAX_LEAF_NAMES);
  assert.deepEqual(names.slice(0, 3), ["dns:a.example", "dns:b.example", "dns:h0.example"]);
});

Deno.test("property: any strings give between one and the limit of distinct, well-formed names; twice is the same", () => {
  const host = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.domain(),
    fc.ipV4(),
    fc.ipV6(),
    fc.stringMatching(/^[a-zA-Z0-9._*:%\[\]-]+$/),
  );
  fc.assert(fc.property(host, fc.array(host), (first, others) => {
    const names = leafNames(first, others);
    assert(names.length >= 1 && names.length <= MAX_LEAF_NAMES);
    assert.equal(new Set(names.map((name) => name.value)).size, names.length);
    for (const { kind, value } of names) {
      if (kind === "ip") assert.notEqual(isIP(value), 0);
      else assert.match(value, /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/);
    }
    assert.deepEqual(leafNames("", names.map((name) => name.value)), names);
  }));
});
