// The messages of gRPC calls: prefixes, compression, trailers of gRPC-Web, what is missing.

import assert from "node:assert/strict";
import { deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { latin1Decode, latin1Encode } from "../../lib/bytes/latin1.ts";
import { type GrpcLines, grpcLines } from "../../lib/format/grpc.ts";

const message = "\x08\x96\x01\x12\x02hi";

function framed(content: string | Uint8Array, flags = 0): string {
  const text = typeof content === "string" ? content : latin1Decode(content);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, text.length);
  return String.fromCharCode(flags) + latin1Decode(length) + text;
}

interface Row {
  name: string;
  /** Byte-true. */
  body: string;
  coding?: string;
  json?: true;
  cut?: true;
  view: GrpcLines | null;
}

const zipped = gzipSync(latin1Encode(message));
const deflated = deflateSync(latin1Encode(message));

const rows: Row[] = [
  {
    name: "messages",
    body: framed(message) + framed("") + framed("\x08\x01"),
    view: {
      lines: [
        "message 1, 7 bytes",
        "  1: 150",
        '  2: "hi"',
        "message 2, 0 bytes",
        "message 3, 2 bytes",
        "  1: 1",
      ],
      notes: [],
    },
  },
  {
    name: "gzip",
    body: framed(zipped, 1),
    coding: "gzip",
    view: {
      lines: [`message 1, gzip: ${zipped.length} bytes hold 7 bytes`, "  1: 150", '  2: "hi"'],
      notes: [],
    },
  },
  {
    name: "deflate",
    body: framed(deflated, 1),
    coding: "deflate",
    view: {
      lines: [`message 1, deflate: ${deflated.length} bytes hold 7 bytes`, "  1: 150", '  2: "hi"'],
      notes: [],
    },
  },
  {
    name: "a message that is not compressed, among such that are",
    body: framed(message),
    coding: "gzip",
    view: { lines: ["message 1, 7 bytes", "  1: 150", '  2: "hi"'], notes: [] },
  },
  {
    name: "a coding nobody knows",
    body: framed("\x08\x01", 1),
    coding: "snappy\n",
    view: {
      lines: [
        'message 1, 2 bytes, the content coding "snappy\\n" is not known',
        "  00000000  08 01                                             |..|",
      ],
      notes: [],
    },
  },
  {
    name: "compressed with nothing that is named",
    body: framed("\xff", 1),
    view: {
      lines: [
        "message 1, 1 byte, compressed, but nothing says how",
        "  00000000  ff                                                |.|",
      ],
      notes: [],
    },
  },
  {
    name: "JSON",
    body: framed('{"a":1}'),
    json: true,
    view: { lines: ["message 1, 7 bytes", "  {", '    "a": 1', "  }"], notes: [] },
  },
  {
    name: "the trailers of gRPC-Web",
    body: framed("grpc-status:0\r\ngrpc-message:a\x1bb\r\n", 0x80),
    view: {
      lines: [
        "trailers 1, 33 bytes",
        "  00000000  67 72 70 63 2d 73 74 61  74 75 73 3a 30 0d 0a 67  |grpc-status:0..g|",
        "  00000010  72 70 63 2d 6d 65 73 73  61 67 65 3a 61 1b 62 0d  |rpc-message:a.b.|",
        "  00000020  0a                                                |.|",
      ],
      notes: [],
    },
  },
  {
    name: "the trailers of gRPC-Web, as text",
    body: framed("grpc-status:0\r\n", 0x80),
    view: { lines: ["trailers 1, 15 bytes", "  grpc-status:0"], notes: [] },
  },
  {
    name: "a message that is not all there",
    body: framed(message).slice(0, 8),
    view: { lines: ["message 1, 7 bytes, the first 3 bytes of it", "  1: 150"], notes: [] },
  },
  {
    name: "a prefix that is not all there",
    body: framed("\x08\x01") + "\0\0",
    view: { lines: ["message 1, 2 bytes", "  1: 1"], notes: ["the last message has no length"] },
  },
  {
    name: "the same where more would follow",
    body: framed("\x08\x01") + "\0\0",
    cut: true,
    view: { lines: ["message 1, 2 bytes", "  1: 1"], notes: [] },
  },
  { name: "what is no such body", body: "hello", view: null },
];

for (const { name, body, coding = null, json, cut, view } of rows) {
  Deno.test(`grpc: ${name}`, () => {
    assert.deepEqual(grpcLines(latin1Encode(body), coding, json === true, 1000, cut === true), view);
  });
}

Deno.test("grpc: messages that expand are cut at the limit, all together", () => {
  const bomb = gzipSync(new Uint8Array(900_000));
  const view = grpcLines(latin1Encode(framed(bomb, 1).repeat(3)), "gzip", false, 1_000_000, false);
  const headings = view?.lines.filter((line) => line.startsWith("message")) ?? [];
  assert.equal(headings.length, 3);
  assert.match(headings[0] ?? "", /hold 900000 bytes$/);
  assert.doesNotMatch(headings[1] ?? "", /hold 900000 bytes$/);
  assert.ok((view?.lines.length ?? 0) < 70_000);
});

Deno.test("grpc: a number of messages is shown, and it is said", () => {
  const view = grpcLines(latin1Encode(framed("\x08\x01").repeat(2000)), null, false, 100_000, false);
  assert.deepEqual([view?.lines.length, view?.notes], [2000, ["cut after 1000 messages"]]);
});

Deno.test("grpc: any bytes give safe lines or none", () => {
  const property = fc.property(
    fc.uint8Array({ maxLength: 100 }),
    fc.constantFrom(null, "gzip", "identity", "\x1b"),
    fc.boolean(),
    fc.nat(3),
    (bytes, coding, json, flags) => {
      const body = latin1Encode(framed(bytes, flags & 1) + framed(bytes));
      for (const part of [bytes, body, body.subarray(0, bytes.length)]) {
        for (const line of grpcLines(part, coding, json, 100, false)?.lines ?? []) {
          assert.doesNotMatch(line, /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        }
      }
    },
  );
  fc.assert(property, { numRuns: 300 });
});
