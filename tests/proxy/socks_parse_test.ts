// SOCKS5 messages (RFC 1928) as tables: every prefix of a message is incomplete, what follows it is left alone.

import assert from "node:assert/strict";
import { greetingLength, parseSocks5Request, SOCKS5_REPLY, socks5Reply } from "../../lib/proxy/socks5.ts";

const IPV6 = (text: string) =>
  text.split(":").flatMap((group) => {
    const value = parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
const ascii = (text: string) => [...text].map((character) => character.charCodeAt(0));
const domain = (name: string, port = [1, 187]) => [5, 1, 0, 3, name.length, ...ascii(name), ...port];

const connects: [bytes: number[], host: string, port: number][] = [
  [[5, 1, 0, 1, 192, 0, 2, 1, 0, 80], "192.0.2.1", 80],
  [[5, 1, 0, 1, 0, 0, 0, 0, 255, 255], "0.0.0.0", 65535],
  [domain("example.com"), "example.com", 443],
  [domain("a"), "a", 443],
  [domain("under_score.example-1.com"), "under_score.example-1.com", 443],
  [domain("a".repeat(255)), "a".repeat(255), 443],
  // Clients that put an address where a name belongs.
  [domain("192.0.2.1"), "192.0.2.1", 443],
  [domain("2001:db8::1"), "2001:db8::1", 443],
  // The reserved byte means nothing.
  [[5, 1, 99, 1, 192, 0, 2, 1, 0, 80], "192.0.2.1", 80],
  // RFC 5952: the spelling.
  ...([
    ["0:0:0:0:0:0:0:1", "::1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["2001:db8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:0:1:0:0:0", "2001:db8:0:0:1::"],
    ["10:0:0:20:30:40:50:60", "10::20:30:40:50:60"],
    ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
  ] as const).map(([groups, host]): [number[], string, number] => [
    [5, 1, 0, 4, ...IPV6(groups), 1, 187],
    host,
    443,
  ]),
];

for (const [bytes, host, port] of connects) {
  Deno.test(`SOCKS5 request: type ${bytes[3]}, ${host.slice(0, 40)} port ${port}`, () => {
    const whole = Uint8Array.from([...bytes, 0x47, 0x45, 0x54]);
    for (let length = 0; length < bytes.length; length++) {
      assert.deepEqual(
        parseSocks5Request(whole.subarray(0, length)),
        { kind: "incomplete" },
        `${length} bytes`,
      );
    }
    for (let length = bytes.length; length <= whole.length; length++) {
      assert.deepEqual(parseSocks5Request(whole.subarray(0, length)), {
        kind: "connect",
        target: { host, port },
        length: bytes.length,
      });
    }
  });
}

const faults: [bytes: number[], reply: keyof typeof SOCKS5_REPLY, message: RegExp, why: string][] = [
  [[4, 1, 0, 80], "failure", /not a SOCKS5 request/, "another version"],
  [ascii("GET / HTTP/1.1\r\n"), "failure", /not a SOCKS5 request/, "something else"],
  [[5, 2, 0, 1, 0, 0, 0, 0, 0, 80], "commandNotSupported", /only the SOCKS5 command CONNECT/, "BIND"],
  [
    [5, 3, 0, 1, 0, 0, 0, 0, 0, 80],
    "commandNotSupported",
    /only the SOCKS5 command CONNECT/,
    "UDP ASSOCIATE",
  ],
  [[5, 0, 0, 1, 0, 0, 0, 0, 0, 80], "commandNotSupported", /CONNECT/, "no command"],
  [[5, 1, 0, 2, 0, 0, 0, 0, 0, 80], "addressTypeNotSupported", /address type/, "address type 2"],
  [[5, 1, 0, 0], "addressTypeNotSupported", /address type/, "address type 0"],
  [domain(""), "failure", /host that is not valid/, "an empty name"],
  [domain("exa mple.com"), "failure", /host that is not valid/, "a blank in the name"],
  [domain("a\r\nHost: b"), "failure", /host that is not valid/, "a line end in the name"],
  [domain("a\0b"), "failure", /host that is not valid/, "a NUL in the name"],
  [domain("b\xfccher.example"), "failure", /host that is not valid/, "a name that is not ASCII"],
  [domain("a:80"), "failure", /host that is not valid/, "a port in the name"],
  [domain("example.com", [0, 0]), "failure", /port 0/, "port 0"],
];

for (const [bytes, reply, message, why] of faults) {
  Deno.test(`SOCKS5 request: ${why} is refused with ${SOCKS5_REPLY[reply]}`, () => {
    const result = parseSocks5Request(Uint8Array.from(bytes));
    assert.equal(result.kind, "fault");
    assert.ok(result.kind === "fault");
    assert.equal(result.reply, SOCKS5_REPLY[reply]);
    assert.match(result.message, message);
  });
}

Deno.test("SOCKS5 greeting: the length of the method list", () => {
  const rows: [bytes: number[], length: number][] = [
    [[], 0],
    [[5], 0],
    [[5, 0], 2],
    [[5, 1], 0],
    [[5, 1, 0], 3],
    [[5, 1, 0, 5, 1], 3],
    [[5, 3, 0, 1], 0],
    [[5, 3, 0, 1, 2], 5],
    [[5, 255, ...new Array<number>(255).fill(7)], 257],
  ];
  for (const [bytes, length] of rows) assert.equal(greetingLength(Uint8Array.from(bytes)), length);
});

Deno.test("SOCKS5 reply: version, code, reserved, no bound address", () => {
  assert.deepEqual([...socks5Reply(SOCKS5_REPLY.refused)], [5, 5, 0, 1, 0, 0, 0, 0, 0, 0]);
});
