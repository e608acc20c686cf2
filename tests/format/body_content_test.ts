// What each kind of content looks like, by its declared type or by what it is; and that no content is too much.

import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Encode } from "../../lib/bytes/latin1.ts";
import { type BodyView, viewBody, viewRawBody } from "../../lib/format/body_view.ts";
import { Fields } from "../../lib/http/fields.ts";
import { makeCapture } from "../kit/records.ts";

interface Row {
  name: string;
  type?: string;
  /** Byte-true. */
  body: string;
  capture?: number;
  view: BodyView;
}

const rows: Row[] = [
  {
    name: "what is said to be JSON, is none, and was cut",
    type: "application/json",
    body: "{oops} and more",
    capture: 6,
    view: { kind: "text", lines: ["{oops}"], note: "only the first 6B of 15B were captured" },
  },
  {
    name: "JSON as plain text",
    type: "text/plain",
    body: "[1]",
    view: { kind: "json", lines: ["[", "  1", "]"], note: null },
  },
  {
    name: "plain text that begins like JSON",
    type: "text/plain",
    body: "[info] started\n",
    view: { kind: "text", lines: ["[info] started"], note: null },
  },
  {
    name: "JSON lines",
    type: "application/x-ndjson",
    body: '{"a":1}\n\noops\n[]\n',
    view: {
      kind: "json-lines",
      lines: ["{", '  "a": 1', "}", "oops", "[]"],
      note: "1 line is not valid JSON",
    },
  },
  {
    name: "server-sent events",
    type: "text/event-stream",
    body: 'event: a\ndata: {"a":1}\n\ndata: b\n\n',
    view: { kind: "text", lines: ["event: a", 'data: {"a":1}', "", "data: b", ""], note: null },
  },
  {
    name: "JavaScript, as it came",
    type: "text/javascript",
    body: "if(a){b()}\n\tc() // <p>\n",
    view: { kind: "text", lines: ["if(a){b()}", "    c() // <p>"], note: null },
  },
  {
    name: "HTML",
    type: "text/html",
    body: "<ul><li>one<li>two <b>2</b></ul>",
    view: {
      kind: "html",
      lines: ["<ul>", "  <li>", "    one", "  <li>", "    two <b>2</b>", "</ul>"],
      note: null,
    },
  },
  {
    name: "HTML without a type",
    body: "<!DOCTYPE html><p>hi</p>",
    view: { kind: "html", lines: ["<!DOCTYPE html>", "<p>hi</p>"], note: null },
  },
  {
    name: "an error that is said to be HTML",
    type: "text/html",
    body: "500\n  oops",
    view: { kind: "text", lines: ["500", "  oops"], note: null },
  },
  {
    name: "XML",
    type: "application/atom+xml",
    body: "<a><b>1</b><c/></a>",
    view: { kind: "xml", lines: ["<a>", "  <b>1</b>", "  <c/>", "</a>"], note: null },
  },
  {
    name: "an SVG image",
    type: "image/svg+xml",
    body: '<svg viewBox="0 0 24 24"><path d="M0 0"/></svg>',
    view: {
      kind: "xml",
      lines: ['<svg viewBox="0 0 24 24">', '  <path d="M0 0"/>', "</svg>"],
      note: "SVG image, viewBox 0 0 24 24",
    },
  },
  {
    name: "multipart",
    type: 'multipart/form-data; boundary="x y"',
    body: '--x y\r\nContent-Disposition: form-data; name="a"\r\n\r\none\r\n' +
      "--x y\r\nContent-Type: application/json\r\n\r\n[1]\r\n--x y--\r\n",
    view: {
      kind: "multipart",
      lines: [
        "part 1, text, 3B",
        '  Content-Disposition: form-data; name="a"',
        "",
        "  one",
        "",
        "part 2, JSON, 3B",
        "  Content-Type: application/json",
        "",
        "  [",
        "    1",
        "  ]",
      ],
      note: null,
    },
  },
  {
    name: "multipart whose end is missing",
    type: "multipart/mixed; boundary=b",
    body: "--b\n\nfirst\n--b\n\nsecond",
    view: {
      kind: "multipart",
      lines: ["part 1, text, 5B", "  first", "", "part 2, text, 6B", "  second"],
      note: "the last part has no end",
    },
  },
  {
    name: "multipart without its boundary",
    type: "multipart/mixed; boundary=b",
    body: "words",
    view: { kind: "text", lines: ["words"], note: null },
  },
  {
    name: "protobuf",
    type: "application/x-protobuf",
    body: "\x08\x96\x01\x12\x02hi",
    view: { kind: "protobuf", lines: ["1: 150", '2: "hi"'], note: null },
  },
  {
    name: "what is said to be protobuf, and is none",
    type: "application/protobuf",
    body: "\xff\xff",
    view: {
      kind: "hex",
      lines: ["00000000  ff ff                                             |..|"],
      note: null,
    },
  },
  {
    name: "gRPC",
    type: "application/grpc+proto",
    body: "\0\0\0\0\x02\x08\x01",
    view: { kind: "grpc", lines: ["message 1, 2 bytes", "  1: 1"], note: null },
  },
  {
    name: "an image by its first bytes",
    body: "GIF89a\x02\x00\x03\x00",
    view: { kind: "image", lines: ["GIF image, 2 × 3 pixels"], note: null },
  },
];

for (const { name, type, body, capture, view } of rows) {
  Deno.test(`content: ${name}`, () => {
    const fields = type === undefined ? new Fields() : Fields.of(["Content-Type", type]);
    assert.deepEqual(viewBody(fields, makeCapture(body, capture)), view);
  });
}

Deno.test("content: parts that are multipart again are followed only so deep", () => {
  let body = "deepest";
  let type = "text/plain";
  for (let level = 0; level < 10; level++) {
    body = `--b${level}\r\nContent-Type: ${type}\r\n\r\n${body}\r\n--b${level}--\r\n`;
    type = `multipart/mixed; boundary=b${level}`;
  }
  const { lines } = viewBody(Fields.of(["Content-Type", type]), makeCapture(body));
  assert.equal(lines.filter((line) => /^ *part 1, multipart/.test(line)).length, 3);
  assert.ok(lines.some((line) => line.includes("deepest")));
});

const VIEW_TYPES = [
  "",
  "text/plain",
  "text/html",
  "text/xml",
  "application/json",
  "application/x-ndjson",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=a",
  "application/x-protobuf",
  "application/grpc",
  "application/grpc-web+json",
  "application/octet-stream",
  "image/png",
  "image/jpeg",
  "image/bmp",
  "image/x-icon",
  "image/svg+xml",
];

/** Random bytes seldom look like anything: pieces that do, in any order. */
const PIECES = [
  ...[
    "<",
    ">",
    "/",
    "!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<pre>",
    "</pre>",
    "<script",
    "<a b='",
    '"',
    "=",
    "&",
    "\r\n",
  ],
  ...[
    "--a",
    "--a--",
    "\r\n\r\n",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"x"',
    "1",
    "tru",
    "\\",
    " ",
    "\t",
    "\n",
    "%e2%82",
    "+",
  ],
  ...[
    "\x08",
    "\x0a",
    "\x12\x03abc",
    "\x0b",
    "\x0c",
    "\xff\xd8\xff",
    "\x89PNG\r\n\x1a\n",
    "GIF89a",
    "RIFF",
    "BM",
  ],
  ...[
    "\0\0\0\0\x02",
    "\x01\0\0\0\x09",
    "\0\0\x01\0",
    "\x1b[2J",
    "\u00c2\u009b",
    "\u00e2\u0080\u00ae",
    "é",
    "\xff",
  ],
];

const likelyBody = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((pieces) => latin1Encode(pieces.join(""))),
);

Deno.test("content: never throws, and never lets a control through", () => {
  const charsets = ["", "; charset=utf-16", "; charset=iso-8859-1", "; charset=\x1b"];
  const codings = ["", "", "gzip", "br", "zstd", "deflate", "\x1b"];
  const property = fc.property(
    likelyBody,
    fc.constantFrom(...VIEW_TYPES),
    fc.constantFrom(...charsets),
    fc.constantFrom(...codings),
    fc.nat(300),
    (body, type, charset, coding, cap) => {
      const fields = Fields.of(["Content-Type", type + charset], ["Content-Encoding", coding]);
      fields.append("grpc-encoding", coding);
      for (
        const view of [viewBody(fields, makeCapture(body, cap)), viewRawBody(fields, makeCapture(body, cap))]
      ) {
        for (const line of [...view.lines, view.note ?? ""]) {
          assert.doesNotMatch(line, /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        }
      }
    },
  );
  fc.assert(property, { numRuns: 300 });
});
