// Field blocks that lose the table, and streams that are dropped without losing it (RFC 7541, as seen through frames;
// RFC 9113, 4.3).

import {
  ascii,
  CODE,
  continuation,
  data,
  fieldBlock,
  type FieldLine,
  headers,
  integer,
  join,
  literal,
  resetStream,
} from "../kit/http2_frames.ts";
import { cancel, requestLines, responseLines } from "./drive.ts";
import { type Expectation, GET, POST, type Row } from "./rows.ts";

const compressionError: Expectation = { connection: "COMPRESSION_ERROR", says: [] };

/** A field that goes into the table: RFC 7541, 6.2.1. */
function indexed(name: string, value: string): Uint8Array {
  return join(Uint8Array.of(0x40), literal(name), literal(value));
}

/** The newest entry of the dynamic table: RFC 7541, 2.3.3. */
const newest = Uint8Array.of(0x80 | 62);

/** The same fragment in a request and in a response; `before` it stand the pseudo-fields, unless it is to come first. */
function block(
  name: string,
  rule: string,
  expect: (said: string) => Expectation,
  fragment: Uint8Array,
  first = false,
): Row[] {
  const put = (lines: readonly FieldLine[]): Uint8Array =>
    first ? join(fragment, fieldBlock(lines)) : join(fieldBlock(lines), fragment);
  const common = { name, rule: `RFC 7541, ${rule}` };
  return [
    {
      ...common,
      role: "server",
      bytes: [headers(1, put(requestLines("GET", "/")), { end: true })],
      expect: expect("#1 GET https://a / "),
    },
    {
      ...common,
      role: "client",
      bytes: [headers(1, put(responseLines(200)), { end: true })],
      expect: expect("#1 200 "),
    },
  ];
}

function bad(name: string, rule: string, ...fragment: Uint8Array[]): Row[] {
  return block(name, rule, () => compressionError, join(...fragment));
}

function good(name: string, rule: string, fields: string, fragment: Uint8Array, first = false): Row[] {
  return block(name, rule, (said) => ({ ok: [`${said}{${fields}} end`] }), fragment, first);
}

const bytes = (...list: number[]): Uint8Array => Uint8Array.from(list);
const name = join(bytes(0), literal("x"));

export const blockRows: Row[] = [
  ...bad("index 0", "6.1", bytes(0x80)),
  ...bad("an index beyond the tables", "2.3.3", bytes(0x80 | 62)),
  ...bad("an index far beyond the tables", "2.3.3", integer(1_000_000, 7, 0x80)),
  ...bad("the name at an index beyond the tables", "2.3.3", integer(70, 6, 0x40), literal("x")),
  ...bad("the name at an index beyond the tables, not indexed", "2.3.3", integer(70, 4, 0), literal("x")),
  ...bad("an integer that does not end", "5.1", bytes(0xff, 0x80)),
  ...bad("an integer without end", "5.1", bytes(0xff, ...new Array<number>(20).fill(0xff), 0x7f)),
  ...bad("an integer beyond all bounds", "5.1", bytes(0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)),
  ...bad("a string that does not end", "5.2", bytes(0), literal("x"), integer(10, 7, 0), ascii("short")),
  ...bad("a name without a value", "6.2.2", bytes(0), literal("x")),
  ...bad("a literal without anything", "6.2.2", bytes(0)),
  ...bad("Huffman: padding of more than 7 bits", "5.2", name, bytes(0x82, 0x1f, 0xff)),
  ...bad("Huffman: nothing but padding", "5.2", name, bytes(0x81, 0xff)),
  ...bad("Huffman: padding of zeros", "5.2", name, bytes(0x81, 0x18)),
  ...bad("Huffman: the end-of-string symbol", "5.2", name, bytes(0x84, 0xff, 0xff, 0xff, 0xff)),
  ...bad("a size update after a field", "4.2", bytes(0x20)),
  ...block("a size update beyond the limit", "6.3", () => compressionError, integer(4097, 5, 0x20), true),
  ...block(
    "a size update far beyond the limit",
    "6.3",
    () => compressionError,
    integer(2 ** 31, 5, 0x20),
    true,
  ),
  ...good("Huffman", "5.2", "x: a", join(name, bytes(0x81, 0x1f))),
  ...good("a size update at the beginning", "4.2", "", integer(4096, 5, 0x20), true),
  ...good("two size updates at the beginning", "4.2", "", join(bytes(0x20), integer(100, 5, 0x20)), true),
  ...good("a field of the static table", "6.1", "accept-encoding: gzip, deflate", bytes(0x90)),
  ...good("an entry of the dynamic table", "2.3.3", "x: y | x: y", join(indexed("x", "y"), newest)),
  ...good(
    "an entry larger than the table empties it",
    "4.4",
    `x: ${"y".repeat(4096)}`,
    indexed("x", "y".repeat(4096)),
  ),
  ...bad("and what was in it is gone", "4.4", indexed("x", "y"), indexed("x", "y".repeat(4096)), newest),
  ...bad("an entry put out by a smaller table", "4.3", indexed("x", "y"), bytes(0x20), newest),
];

const get = requestLines("GET", "/");
/** Ends with an entry of the table that a block on a stream nobody cares for has put there. */
const uses = (lines: readonly FieldLine[]): Uint8Array => join(fieldBlock(lines), newest);
const fills = (lines: readonly FieldLine[]): Uint8Array =>
  join(fieldBlock(lines), indexed("kept", "in the table"));

export const tableRows: Row[] = [
  {
    name: "from one request to the next",
    rule: "RFC 9113, 4.3",
    role: "server",
    bytes: [headers(1, fills(get), { end: true }), headers(3, uses(get), { end: true })],
    expect: {
      ok: ["#1 GET https://a / {kept: in the table} end", "#3 GET https://a / {kept: in the table} end"],
    },
  },
  {
    name: "through trailers",
    rule: "RFC 9113, 4.3",
    role: "server",
    bytes: [
      headers(1, requestLines("POST", "/")),
      headers(1, indexed("kept", "in the table"), { end: true }),
      headers(3, uses(get), { end: true }),
    ],
    expect: {
      ok: [
        "#1 POST https://a / {} stream",
        "#1 trailers {kept: in the table}",
        "#3 GET https://a / {kept: in the table} end",
      ],
    },
  },
  {
    name: "from a malformed request",
    rule: "RFC 9113, 4.3",
    role: "server",
    bytes: [headers(1, fills([["X", "y"]]), { end: true }), headers(3, uses(get), { end: true })],
    expect: { stream: 1, code: "PROTOCOL_ERROR", says: ["#3 GET https://a / {kept: in the table} end"] },
  },
  {
    name: "from a refused stream",
    rule: "RFC 9113, 4.3",
    role: "server",
    options: { limits: { concurrentStreams: 1 } },
    before: (wire) => {
      wire.feed(headers(1, get), headers(3, fills(get), { end: true }));
      cancel(wire, 1);
    },
    bytes: [headers(5, uses(get), { end: true })],
    expect: { ok: ["#5 GET https://a / {kept: in the table} end"] },
  },
  {
    name: "from trailers on a stream that we have reset",
    rule: "RFC 9113, 5.1",
    role: "server",
    before: (wire) => {
      wire.feed(headers(1, requestLines("POST", "/")));
      cancel(wire, 1);
    },
    bytes: [
      headers(1, indexed("kept", "in the table"), { end: true, endHeaders: false }),
      continuation(1, new Uint8Array(0)),
      headers(3, uses(get), { end: true }),
    ],
    expect: { ok: ["#3 GET https://a / {kept: in the table} end"] },
  },
  {
    name: "from a response on a stream that we have reset",
    rule: "RFC 9113, 5.1",
    role: "client",
    requests: [GET, GET],
    before: (wire) => cancel(wire, 1),
    bytes: [
      headers(1, fills(responseLines(200))),
      data(1, "dropped", { end: true }),
      headers(3, uses(responseLines(200)), { end: true }),
    ],
    expect: { ok: ["#3 200 {kept: in the table} end"] },
  },
  {
    name: "from a response on a stream that the server has reset",
    rule: "RFC 9113, 5.1",
    role: "client",
    requests: [GET, POST],
    bytes: [
      resetStream(1, CODE.CANCEL),
      headers(1, fills(responseLines(200)), { end: true }),
      headers(3, uses(responseLines(200)), { end: true }),
    ],
    expect: { forgiven: ["#1 reset stream CANCEL", "#3 200 {kept: in the table} end"] },
  },
  {
    name: "from an interim response",
    rule: "RFC 9113, 4.3",
    role: "client",
    bytes: [headers(1, fills(responseLines(103))), headers(1, uses(responseLines(200)), { end: true })],
    expect: { ok: ["#1 103 {kept: in the table} none", "#1 200 {kept: in the table} end"] },
  },
  {
    name: "a fault in a block of a stream that we have reset is one all the same",
    rule: "RFC 9113, 4.3",
    role: "both",
    requests: [GET],
    before: (wire) => {
      if (wire.role === "server") wire.feed(headers(1, requestLines("POST", "/")));
      cancel(wire, 1);
    },
    bytes: [headers(1, bytes(0x80))],
    expect: compressionError,
  },
];
