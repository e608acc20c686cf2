// Authorities: what is one, and what would be read differently elsewhere (RFC 3986, 3.2; RFC 9110, 4.2).

import assert from "node:assert/strict";
import { defaultPort, formatAuthority, formatHostPort, parseAuthority } from "../../lib/http/target.ts";

const good: [text: string, host: string, port: number][] = [
  ["example.com", "example.com", 80],
  ["Example.COM:8080", "Example.COM", 8080],
  ["example.com:", "example.com", 80],
  ["example.com.:443", "example.com.", 443],
  ["127.0.0.1:1", "127.0.0.1", 1],
  ["[::1]", "::1", 80],
  ["[::1]:65535", "::1", 65535],
  ["[fe80::1%25eth0]:80", "fe80::1%25eth0", 80],
  ["[::ffff:1.2.3.4]", "::ffff:1.2.3.4", 80],
  ["a_b-c.d~e", "a_b-c.d~e", 80],
  ["xn--e1aybc.xn--p1ai", "xn--e1aybc.xn--p1ai", 80],
];
const bad = [
  "",
  ":80",
  "a:b",
  "a:0",
  "a:65536",
  "a:123456",
  "a:-1",
  "a:+1",
  "a: 1",
  "a:1:2",
  "::1",
  "[::1",
  "::1]",
  "[]",
  "[a]",
  "[1.2.3.4]",
  "[::1]x",
  "[::1]80",
  "[::1]:x",
  "a b",
  "a/b",
  "a?b",
  "a#b",
  "a\\b",
  "u@a",
  "a\0",
  "a\r\n",
  "a\n",
  "\xe9",
];

Deno.test("authority: host and port", () => {
  for (const [text, host, port] of good) assert.deepEqual(parseAuthority(text, 80), { host, port }, text);
});

Deno.test("authority: what is none", () => {
  for (const text of bad) assert.equal(parseAuthority(text, 80), null, JSON.stringify(text));
});

Deno.test("authority: a port must be named where there is no default", () => {
  assert.equal(parseAuthority("a", null), null);
  assert.equal(parseAuthority("a:", null), null);
  assert.equal(parseAuthority("[::1]", null), null);
  assert.deepEqual(parseAuthority("a:1", null), { host: "a", port: 1 });
});

Deno.test("authority: written", () => {
  assert.equal(defaultPort("http"), 80);
  assert.equal(defaultPort("wss"), 443);
  assert.equal(formatHostPort("::1", 80), "[::1]:80");
  assert.equal(formatHostPort("a", 80), "a:80");
  assert.equal(formatAuthority("https", "a", 443), "a");
  assert.equal(formatAuthority("https", "::1", 80), "[::1]:80");
});
