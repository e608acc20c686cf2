import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type ClientHello,
  isGrease,
  looksLikeTls,
  MAX_CLIENT_HELLO_SIZE,
  parseClientHello,
  tlsVersionName,
} from "../../lib/tls/client_hello.ts";
import {
  alpnExtension,
  helloMessage,
  type HelloParts,
  message,
  records,
  serverNameExtension,
  text,
  vector16,
  vector8,
  versionsExtension,
} from "./hello_bytes.ts";

function read(parts: HelloParts): ClientHello {
  const reading = parseClientHello(records(helloMessage(parts)));
  assert(reading.kind === "hello", JSON.stringify(reading));
  return reading.hello;
}

Deno.test("a hello tells versions, server name, ALPN and cipher suites", () => {
  const hello = read({
    cipherSuites: [0x1a1a, 0x1301, 0x1302, 0xc02b],
    extensions: [
      [0x2a2a, []],
      serverNameExtension("Example.COM"),
      alpnExtension(["h2", "http/1.1"]),
      versionsExtension([0x7a7a, 0x0304, 0x0303]),
    ],
  });
  assert.deepEqual(hello, {
    legacyVersion: 0x0303,
    versions: [0x0304, 0x0303],
    serverName: "Example.COM",
    alpn: ["h2", "http/1.1"],
    cipherSuites: [0x1a1a, 0x1301, 0x1302, 0xc02b],
  });
});

Deno.test("a hello without extensions, as TLS 1.0 clients send it", () => {
  const hello = read({ legacyVersion: 0x0301, cipherSuites: [0x002f], extensions: null });
  assert.deepEqual(hello, {
    legacyVersion: 0x0301,
    versions: [0x0301],
    serverName: null,
    alpn: [],
    cipherSuites: [0x002f],
  });
});

Deno.test("server names: what is reported and what is not", () => {
  const named = (data: number[]) => read({ extensions: [[0, data]] }).serverName;
  const entry = (type: number, name: string) => [type, ...vector16(text(name))];
  assert.equal(named(vector16(entry(0, "a_b.example"))), "a_b.example");
  assert.equal(named(vector16(entry(0, "127.0.0.1"))), "127.0.0.1");
  assert.equal(named(vector16(entry(0, "::1"))), "::1");
  assert.equal(named(vector16(entry(0, "example.com."))), "example.com.");
  assert.equal(named(vector16(entry(0, "x".repeat(255)))), "x".repeat(255));
  // Another type of name before it, then a second host name: the first host name counts.
  assert.equal(
    named(vector16([...entry(7, "other"), ...entry(0, "a.example"), ...entry(0, "b.example")])),
    "a.example",
  );
  for (
    const data of [
      vector16(entry(0, "")),
      vector16(entry(0, "x".repeat(256))),
      vector16(entry(0, "nul\0.example")),
      vector16(entry(0, "two words")),
      vector16(entry(0, "line\r\nbreak")),
      vector16(entry(0, "b\u00fccher.example")),
      vector16(entry(7, "other")),
      vector16([0, 0, 9, 65]),
      vector16([]),
      [0, 40, ...entry(0, "a.example")],
      [],
    ]
  ) assert.equal(named(data), null, String(data));
});

Deno.test("ALPN names are byte-true; a damaged list tells nothing", () => {
  const offered = (data: number[]) => read({ extensions: [[16, data]] }).alpn;
  assert.deepEqual(offered(vector16([...vector8([0xff, 0x00, 0x80]), ...vector8(text("h2"))])), [
    "\u00ff\u0000\u0080",
    "h2",
  ]);
  assert.deepEqual(offered(vector16([...vector8(text("h2")), 0])), []);
  assert.deepEqual(offered(vector16([...vector8(text("h2")), 9, 1])), []);
  assert.deepEqual(offered([0, 9, ...vector8(text("h2"))]), []);
  assert.deepEqual(offered([]), []);
});

Deno.test("a damaged supported_versions falls back to the legacy version", () => {
  const versions = (data: number[]) => read({ extensions: [[43, data]] }).versions;
  assert.deepEqual(versions([3, 3, 4, 3]), [0x0303]);
  assert.deepEqual(versions([4, 3, 4]), [0x0303]);
  assert.deepEqual(versions([]), [0x0303]);
  assert.deepEqual(versions([2, 0x0a, 0x0a]), [0x0303]);
  assert.deepEqual(versions([2, 3, 4]), [0x0304]);
});

Deno.test("of an extension that stands there twice the first counts", () => {
  const hello = read({ extensions: [serverNameExtension("a.example"), serverNameExtension("b.example")] });
  assert.equal(hello.serverName, "a.example");
});

Deno.test("what is no ClientHello is told from what is not complete", () => {
  const rows: [string, Uint8Array | number[], RegExp | null][] = [
    ["nothing", [], null],
    ["one byte", [22], null],
    ["half a record header", [22, 3, 1, 0], null],
    ["a record header", [22, 3, 1, 0, 9], null],
    ["HTTP", new TextEncoder().encode("GET / HTTP/1.1\r\n"), /no TLS/],
    ["an alert", [21, 3, 1, 0, 2, 2, 40], /no TLS/],
    ["SSL 2", [0x80, 0x2e, 1, 3, 1], /no TLS/],
    ["version 2", [22, 2], /no TLS/],
    ["version 3.5", [22, 3, 5], /no TLS/],
    ["an empty record", [22, 3, 1, 0, 0], /empty/],
    ["a record that is too long", [22, 3, 1, 0x40, 1], /record of 16385 bytes/],
    ["a ServerHello", records(message(2, [1, 2, 3])), /type 2/],
    ["a hello too large", [22, 3, 1, 0x40, 0, 1, 1, 0, 0], /more than 65536/],
    [
      "application data after half a hello",
      [...records(helloMessage().subarray(0, 20)), 23, 3, 3, 0, 1, 0],
      /no TLS/,
    ],
    ["a body that is cut short", records(message(1, [3, 3, 1, 2])), /malformed/],
    ["an empty body", records(message(1, [])), /malformed/],
    ["bytes after the extensions", records(message(1, [...helloMessage().subarray(4), 0])), /malformed/],
    [
      "an odd list of cipher suites",
      records(message(1, [3, 3, ...new Array(32).fill(0), 0, 0, 1, 9, 1, 0])),
      /malformed/,
    ],
  ];
  for (const [name, bytes, reason] of rows) {
    const reading = parseClientHello(Uint8Array.from(bytes));
    if (reason === null) assert.deepEqual(reading, { kind: "incomplete" }, name);
    else {
      assert(reading.kind === "not-tls", name);
      assert.match(reading.reason, reason, name);
    }
  }
});

Deno.test("a body that ends early is malformed at every length", () => {
  const body = [
    ...helloMessage({ sessionId: [1, 2], extensions: [serverNameExtension("a.example")] }).subarray(4),
  ];
  const withoutExtensions = helloMessage({ sessionId: [1, 2], extensions: null }).length - 4;
  for (let length = 0; length < body.length; length++) {
    const reading = parseClientHello(records(message(1, body.slice(0, length))));
    // RFC 5246, 7.4.1.2: a body may end before the extensions.
    assert.equal(reading.kind, length === withoutExtensions ? "hello" : "not-tls", String(length));
  }
});

Deno.test("the hello may lie in any number of records and ends the reading", () => {
  const content = helloMessage({
    extensions: [serverNameExtension("a.example"), [21, new Array(400).fill(0)]],
  });
  const whole = parseClientHello(records(content));
  assert.equal(whole.kind, "hello");
  for (const sizes of [[1], [2, 3], [4], [3, 1, 400], [content.length - 1, 1], [100]]) {
    assert.deepEqual(parseClientHello(records(content, sizes)), whole, String(sizes));
  }
  // Early data, or whatever comes next.
  assert.deepEqual(parseClientHello(Uint8Array.from([...records(content), 0, 1, 2, 3])), whole);
  assert.deepEqual(parseClientHello(records(Uint8Array.from([...content, 1, 2, 3]))), whole);
});

Deno.test("limit: the size of a hello on the wire", () => {
  // 9 bytes of headers, 43 of the body's fixed part, 4 of the padding extension, and each further record's header.
  const padded = (size: number) => records(helloMessage({ extensions: [[21, new Array(size).fill(0)]] }));
  const most = padded(MAX_CLIENT_HELLO_SIZE - padded(0).length - 3 * 5);
  assert.equal(most.length, MAX_CLIENT_HELLO_SIZE);
  assert.equal(parseClientHello(most).kind, "hello");
  assert.equal(parseClientHello(most.subarray(0, -1)).kind, "incomplete");

  const tooLarge = padded(MAX_CLIENT_HELLO_SIZE - padded(0).length - 3 * 5 + 1);
  for (const length of [MAX_CLIENT_HELLO_SIZE, MAX_CLIENT_HELLO_SIZE + 1]) {
    const reading = parseClientHello(tooLarge.subarray(0, length));
    assert(reading.kind === "not-tls");
    assert.match(reading.reason, /more than 65536 bytes/);
  }
  // Small records: their headers count, so a short hello in tiny pieces has its bound too.
  const tiny = parseClientHello(
    records(helloMessage({ extensions: [[21, new Array(12_000).fill(0)]] }), [1]),
  );
  assert(tiny.kind === "not-tls");
  assert.match(tiny.reason, /more than 65536 bytes/);
});

Deno.test("looksLikeTls knows after three bytes at most", () => {
  const verdict = (...bytes: number[]) => looksLikeTls(Uint8Array.from(bytes));
  assert.equal(verdict(), "unsure");
  assert.equal(verdict(22), "unsure");
  assert.equal(verdict(22, 3), "unsure");
  for (let minor = 0; minor <= 4; minor++) assert.equal(verdict(22, 3, minor, 0), "yes");
  assert.equal(verdict(22, 3, 5), "no");
  assert.equal(verdict(22, 4), "no");
  assert.equal(verdict(23), "no");
  assert.equal(verdict(0x47, 0x45), "no");
});

Deno.test("versions have names", () => {
  const names = [0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x7f1c, 0x0305, 0x0002].map(tlsVersionName);
  assert.deepEqual(names, [
    "SSL 3.0",
    "TLS 1.0",
    "TLS 1.1",
    "TLS 1.2",
    "TLS 1.3",
    "TLS 1.3 draft 28",
    "0x0305",
    "0x0002",
  ]);
});

Deno.test("GREASE values are the sixteen of RFC 8701", () => {
  const values: number[] = [];
  for (let value = 0; value <= 0xffff; value++) if (isGrease(value)) values.push(value);
  assert.deepEqual(values, Array.from({ length: 16 }, (_, index) => 0x0a0a + index * 0x1010));
});

const uint16s = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20, size: "max" });

const hellos = fc.record({
  legacyVersion: fc.integer({ min: 0x0300, max: 0x0304 }),
  sessionId: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 32, size: "max" }),
  cipherSuites: uint16s,
  versions: fc.array(fc.constantFrom(0x0301, 0x0302, 0x0303, 0x0304, 0x3a3a), { maxLength: 6 }),
  serverName: fc.option(fc.stringMatching(/^[!-~]{1,60}$/)),
  alpn: fc.array(fc.uint8Array({ minLength: 1, maxLength: 255, size: "max" }), { maxLength: 4 }),
  others: fc.array(
    fc.tuple(fc.integer({ min: 100, max: 200 }), fc.array(fc.nat(255), { maxLength: 40, size: "max" })),
    {
      maxLength: 4,
    },
  ),
});

Deno.test("property: a hello that was built is read back, in any records, from any prefix that has it all", () => {
  fc.assert(
    fc.property(
      hellos,
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20, size: "max" }),
      (parts, sizes) => {
        const alpn = parts.alpn.map((name) => String.fromCharCode(...name));
        const content = helloMessage({
          ...parts,
          extensions: [
            ...parts.others,
            ...(parts.versions.length === 0 ? [] : [versionsExtension(parts.versions)]),
            ...(parts.serverName === null ? [] : [serverNameExtension(parts.serverName)]),
            ...(alpn.length === 0 ? [] : [alpnExtension(alpn)]),
          ],
        });
        const offered = parts.versions.filter((version) => version !== 0x3a3a);
        const bytes = records(content, sizes);
        assert.deepEqual(parseClientHello(bytes), {
          kind: "hello",
          hello: {
            legacyVersion: parts.legacyVersion,
            versions: offered.length === 0 ? [parts.legacyVersion] : offered,
            serverName: parts.serverName,
            alpn,
            cipherSuites: parts.cipherSuites,
          },
        });
        for (let length = 0; length < bytes.length; length++) {
          assert.equal(parseClientHello(bytes.subarray(0, length)).kind, "incomplete");
        }
      },
    ),
  );
});

Deno.test("property: no bytes throw, and no answer is taken back", () => {
  const noise = fc.uint8Array({ maxLength: 300, size: "max" });
  const damaged = fc.tuple(hellos, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 })).map(
    ([parts, changes]) => {
      const bytes = records(
        helloMessage({ ...parts, extensions: [serverNameExtension("a.example"), ...parts.others] }),
        [50],
      );
      for (const [position, value] of changes) bytes[position % bytes.length] = value;
      return bytes;
    },
  );
  const framed = noise.filter((bytes) => bytes.length > 0).map((bytes) => records(message(1, [...bytes])));
  fc.assert(fc.property(fc.oneof(noise, damaged, framed), (bytes) => {
    let settled: ReturnType<typeof parseClientHello> | null = null;
    for (let length = 0; length <= bytes.length; length++) {
      const reading = parseClientHello(bytes.subarray(0, length));
      if (settled !== null) assert.equal(reading.kind, settled.kind);
      if (settled?.kind === "hello") assert.deepEqual(reading, settled);
      if (reading.kind !== "incomplete") settled = reading;
      if (reading.kind === "hello") assert.equal(looksLikeTls(bytes), "yes");
    }
  }));
});
