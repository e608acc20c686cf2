// Each option type: texts it takes, with their values, texts it refuses, and the way back.

import assert from "node:assert/strict";
import fc from "fast-check";
import { listenHost, mode, pattern, patternsOrAll } from "../../lib/cli/address_types.ts";
import {
  boolean,
  choice,
  duration,
  durationOrNever,
  integer,
  InvalidValue,
  list,
  listed,
  optional,
  path,
  type SingleType,
  size,
} from "../../lib/cli/option_types.ts";

function takes<Value>(type: SingleType<Value>, texts: Record<string, Value>) {
  for (const [text, value] of Object.entries(texts)) {
    assert.deepEqual(type.parse(text), value, text);
    assert.deepEqual(type.parse(type.format(value)), value, `${text}, there and back`);
  }
}

function refuses(type: SingleType<unknown>, texts: readonly string[]) {
  for (const text of texts) {
    const value = type.parse(text);
    assert(value instanceof InvalidValue, `${JSON.stringify(text)} gives ${value}`);
    assert.match(value.reason, /^[a-z(]/);
  }
  assert(type.accepts.length > 0);
}

Deno.test("boolean", () => {
  takes(boolean, { true: true, false: false });
  refuses(boolean, ["", "yes", "1", "True", " true"]);
});

Deno.test("integer", () => {
  takes(integer(0, 3), { "0": 0, "3": 3, "003": 3 });
  refuses(integer(0, 3), ["", "4", "-1", "+1", "1.0", "1e0", "0x1", "1 ", "٣", "9".repeat(400)]);
  refuses(integer(1, 3), ["0"]);
});

Deno.test("size: bytes, or binary k, m, g", () => {
  takes(size(0), {
    "0": 0,
    "1000": 1000,
    "1k": 1024,
    "1K": 1024,
    "10m": 10 * 1024 * 1024,
    "2G": 2 * 1024 ** 3,
    "0k": 0,
  });
  refuses(size(0), ["", "k", "1kb", "1 k", "-1", "1.5m", "1t", "99999999999999999999", "9999999999g"]);
  refuses(size(1), ["0", "0g"]);
  assert.equal(size(0).format(1536), "1536");
  assert.equal(size(0).format(1024 ** 2), "1m");
});

Deno.test("duration: seconds, or ms, s, m, h; the value is milliseconds", () => {
  takes(duration, {
    "1": 1000,
    "0.5": 500,
    "1.5s": 1500,
    "250ms": 250,
    "2M": 120_000,
    "1h": 3_600_000,
    "596h": 596 * 3_600_000,
  });
  refuses(duration, [
    "",
    "0",
    "0ms",
    "0.0001s",
    "-1",
    "1d",
    "1:30",
    ".5",
    "1.",
    "597h",
    "1 s",
    "9".repeat(400),
  ]);
  assert.equal(duration.format(10_000), "10s");
  assert.equal(duration.format(120_000), "2m");
  assert.equal(duration.format(1500), "1500ms");
});

Deno.test("duration or never: 0 is one, too short is not", () => {
  takes(durationOrNever, { "0": 0, "000": 0, "1": 1000, "58s": 58_000, "1ms": 1 });
  refuses(durationOrNever, ["", "0ms", "0.0001s", "-0", "never", "597h"]);
  assert.equal(durationOrNever.format(0), "0");
  assert.equal(durationOrNever.format(58_000), "58s");
});

Deno.test("sizes and durations are read back as they were", () => {
  fc.assert(fc.property(fc.nat(), (bytes) => assert.equal(size(0).parse(size(0).format(bytes)), bytes)));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 596 * 3_600_000 }), (time) => {
      assert.equal(duration.parse(duration.format(time)), time);
    }),
  );
});

Deno.test("choice", () => {
  takes(choice("text", "json"), { text: "text", json: "json" });
  refuses(choice("text", "json"), ["", "Text", "xml"]);
  assert.equal(choice("a", "b", "c").accepts, "a, b or c");
  assert.equal(listed(["a"]), "a");
});

Deno.test("path", () => {
  takes(path("file", "a file"), { "a b": "a b", "~/x": "~/x" });
  refuses(path("file", "a file"), ["", "a\0b"]);
});

Deno.test("optional: nothing is a value too", () => {
  const type = optional(integer(0, 3));
  assert.equal(type.clearable, true);
  assert.equal(type.format(null), "");
  takes(type, { "2": 2 });
  refuses(type, ["", "none"]);
});

Deno.test("list: each text adds one", () => {
  const type = list(integer(0, 3));
  const one = type.add(type.empty, "1");
  assert.deepEqual(one, [1]);
  assert.deepEqual(type.add([1], "2"), [1, 2]);
  assert(type.add([1], "x") instanceof InvalidValue);
  assert.deepEqual(type.format([1, 2]), ["1", "2"]);
  assert.deepEqual(type.empty, [], "and the empty list stays empty");
});

Deno.test("pattern: a regular expression, searched without case", () => {
  const value = pattern.parse("example\\.com");
  assert(value instanceof RegExp);
  assert("www.EXAMPLE.com:443".search(value) === 4);
  assert("examplexcom".search(value) < 0);
  assert.equal(pattern.format(value), "example\\.com");
  refuses(pattern, ["", "(", "[a", "*.example.com", "a{2,1}"]);
});

Deno.test("patterns or all", () => {
  const add = (...texts: string[]) => {
    let value: true | readonly RegExp[] | InvalidValue = patternsOrAll.empty;
    for (const text of texts) {
      if (!(value instanceof InvalidValue)) value = patternsOrAll.add(value, text);
    }
    return value;
  };
  assert.equal(add("true"), true);
  assert.equal(add("true", "true"), true);
  assert.deepEqual(add("a", "b"), [/a/i, /b/i]);
  assert.deepEqual(add("a", "false"), []);
  assert.equal(add("a", "false", "true"), true);
  assert(add("a", "true") instanceof InvalidValue);
  assert(add("true", "a") instanceof InvalidValue);
  assert(add("(") instanceof InvalidValue);
  assert.deepEqual(patternsOrAll.format(true), ["true"]);
  assert.deepEqual(patternsOrAll.format([/a/i]), ["a"]);
});

Deno.test("mode", () => {
  takes(mode, {
    "regular": { kind: "regular" },
    "reverse:http://example.com": { kind: "reverse", scheme: "http", host: "example.com", port: 80 },
    "reverse:http://example.com/": { kind: "reverse", scheme: "http", host: "example.com", port: 80 },
    "reverse:https://example.com": { kind: "reverse", scheme: "https", host: "example.com", port: 443 },
    "reverse:https://10.0.0.1:8443": { kind: "reverse", scheme: "https", host: "10.0.0.1", port: 8443 },
    "reverse:https://[::1]": { kind: "reverse", scheme: "https", host: "::1", port: 443 },
    "reverse:http://[::1]:81": { kind: "reverse", scheme: "http", host: "::1", port: 81 },
    "reverse:tcp://example.com:25": { kind: "reverse", scheme: "tcp", host: "example.com", port: 25 },
    "reverse:tcp://[fe80::1]:25": { kind: "reverse", scheme: "tcp", host: "fe80::1", port: 25 },
  });
  refuses(mode, [
    "",
    "Regular",
    "reverse",
    "reverse:",
    "reverse:example.com",
    "reverse:http:example.com",
    "reverse:ws://example.com",
    "reverse:http://",
    "reverse:http://:80",
    "reverse:http://user@example.com",
    "reverse:http://example.com/a",
    "reverse:http://example.com?a",
    "reverse:http://example.com:0",
    "reverse:http://example.com:65536",
    "reverse:http://a b",
    "reverse:http://::1",
    "reverse:tcp://example.com",
    "transparent",
    "upstream:http://example.com",
  ]);
});

Deno.test("the address to listen on", () => {
  takes(listenHost, { "127.0.0.1": "127.0.0.1", "0.0.0.0": "0.0.0.0", "::": "::", "localhost": "localhost" });
  assert.equal(listenHost.parse("[::1]"), "::1");
  refuses(listenHost, [
    "",
    "127.0.0.1:80",
    "[::1]:80",
    "http://localhost",
    "a b",
    "*",
    "[localhost",
    "-a",
    "a..b",
  ]);
});
