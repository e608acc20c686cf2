import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { type BodyView, VIEW_LINES, viewBody, viewRawBody } from "../../lib/format/body_view.ts";
import { VIEW_LIMIT } from "../../lib/flow/body_decode.ts";
import { Fields } from "../../lib/http/fields.ts";
import { type FieldList, makeCapture } from "../kit/records.ts";

interface Row {
  name: string;
  type?: string;
  fields?: FieldList;
  body: string | Uint8Array;
  capture?: number;
  view: BodyView;
}

const utf8 = (text: string) => new TextEncoder().encode(text);

const rows: Row[] = [
  { name: "no body", body: "", view: { kind: "empty", lines: [], note: null } },
  {
    name: "nothing captured",
    body: "x".repeat(1500),
    capture: 0,
    view: { kind: "empty", lines: [], note: "1.5kB, nothing of it captured" },
  },
  {
    name: "text",
    type: "text/plain",
    body: utf8("été\r\n\tindented\n\nend\n"),
    view: { kind: "text", lines: ["été", "    indented", "", "end"], note: null },
  },
  {
    name: "text without a type",
    body: "just words",
    view: { kind: "text", lines: ["just words"], note: null },
  },
  {
    name: "control characters in declared text",
    type: "text/plain",
    body: utf8(
      "some longer text with \x1b[2J a \r bare return, \u009b and \u202e within it, all of it shown\0",
    ),
    view: {
      kind: "text",
      lines: [
        "some longer text with \\x1b[2J a \\r bare return, \\x9b and \\u{202e} within it, all of it shown\\x00",
      ],
      note: null,
    },
  },
  {
    name: "declared charset",
    type: 'text/html; charset="ISO-8859-1"',
    body: "caf\xe9",
    view: { kind: "text", lines: ["café"], note: null },
  },
  {
    name: "declared charset of more than one byte",
    type: "text/plain;charset=shift_jis",
    body: "\x93\xfa\x96\x7b",
    view: { kind: "text", lines: ["日本"], note: null },
  },
  {
    name: "UTF-16 by its byte order mark",
    type: "text/plain",
    body: "\xff\xfeh\0i\0",
    view: { kind: "text", lines: ["hi"], note: null },
  },
  {
    name: "a charset nobody knows",
    type: "text/plain; charset=klingon\x1b",
    body: "nuqneH",
    view: { kind: "text", lines: ["nuqneH"], note: 'the charset "klingon\\x1b" is not known' },
  },
  {
    name: "content that is not what the charset says",
    type: "text/plain; charset=euc-jp",
    body: "a long line of plain text, and then \xff",
    view: {
      kind: "text",
      lines: ["a long line of plain text, and then \\xff"],
      note: "not valid euc-jp; 1 byte is not valid utf-8",
    },
  },
  {
    name: "text with bytes that are not UTF-8",
    type: "text/css",
    body: "a { content: '\xa0' } /* \xa0 */",
    view: {
      kind: "text",
      lines: ["a { content: '\\xa0' } /* \\xa0 */"],
      note: "2 bytes are not valid utf-8",
    },
  },
  {
    name: "JSON",
    type: "application/problem+json; charset=utf-8",
    body: '{"id":12345678901234567890,"id":2}',
    view: { kind: "json", lines: ["{", '  "id": 12345678901234567890,', '  "id": 2', "}"], note: null },
  },
  {
    name: "JSON without a type",
    body: ' {"a":1}',
    view: { kind: "json", lines: ["{", '  "a": 1', "}"], note: null },
  },
  {
    name: "unsafe characters within JSON strings",
    type: "application/json",
    body: utf8('["\u202e\u0085"]'),
    view: { kind: "json", lines: ["[", '  "\\u{202e}\\x85"', "]"], note: null },
  },
  {
    name: "broken JSON",
    type: "application/json",
    body: '{"a":1',
    view: { kind: "text", lines: ['{"a":1'], note: "not valid JSON" },
  },
  {
    name: "JSON cut by the capture limit",
    type: "application/json",
    body: '{"a":1}',
    capture: 4,
    view: { kind: "json", lines: ["{", '  "a"'], note: "only the first 4B of 7B were captured" },
  },
  {
    name: "form",
    type: "application/x-www-form-urlencoded",
    body: "a=1&b=x+y%0A",
    view: { kind: "form", lines: ["a: 1", "b: x y\\n"], note: null },
  },
  {
    name: "an image of which too little is there",
    type: "image/png",
    body: "\x89PNG\r\n",
    view: {
      kind: "hex",
      lines: ["00000000  89 50 4e 47 0d 0a                                 |.PNG..|"],
      note: null,
    },
  },
  {
    name: "text that is none",
    type: "text/plain",
    body: "\0\x01\x02",
    view: {
      kind: "hex",
      lines: ["00000000  00 01 02                                          |...|"],
      note: null,
    },
  },
  {
    name: "coded",
    type: "text/plain",
    fields: [["Content-Encoding", "gzip"]],
    body: gzipSync("hello\n".repeat(300)),
    view: {
      kind: "text",
      lines: Array.from({ length: 300 }, () => "hello"),
      note: `gzip: ${gzipSync("hello\n".repeat(300)).length}B hold 1.8kB`,
    },
  },
  {
    name: "coded, but not with what is said",
    type: "text/plain",
    fields: [["Content-Encoding", "gzip"]],
    body: "hello",
    view: {
      kind: "hex",
      lines: ["00000000  68 65 6c 6c 6f                                    |hello|"],
      note: "shown as it came: damaged gzip data: incorrect header check",
    },
  },
  {
    name: "coded with something unknown that would forge a line",
    fields: [["Content-Encoding", "x\r\ny"]],
    body: "hi",
    view: {
      kind: "hex",
      lines: ["00000000  68 69                                             |hi|"],
      note: 'shown as it came: the content coding "x\\r\\ny" is not known',
    },
  },
];

for (const { name, type, fields = [], body, capture, view } of rows) {
  Deno.test(`view: ${name}`, () => {
    const all = Fields.of(...fields);
    if (type !== undefined) all.append("Content-Type", type);
    assert.deepEqual(viewBody(all, makeCapture(body, capture)), view);
  });
}

Deno.test("view: a cut character at the end of a cut capture is no fault", () => {
  const body = utf8("naïve 漢");
  const view = viewBody(Fields.of(["Content-Type", "text/plain"]), makeCapture(body, body.length - 1));
  assert.deepEqual(view.lines, ["naïve "]);
  assert.equal(view.note, "only the first 9B of 10B were captured");
});

Deno.test("view: cut coded data says what is missing", () => {
  const bytes = gzipSync(crypto.getRandomValues(new Uint8Array(60_000)));
  const fields = Fields.of(["Content-Encoding", "gzip"]);
  assert.match(
    viewBody(fields, makeCapture(bytes, 30_000)).note ?? "",
    /^gzip: 30kB hold the first .*kB; only the first 30kB of 60kB were captured$/,
  );
  assert.match(
    viewBody(fields, makeCapture(bytes.subarray(0, 30_000))).note ?? "",
    /; the coded data ends too early$/,
  );
});

Deno.test("view: a bomb is cut at the limit, and it is said", () => {
  const bomb = gzipSync("a".repeat(50_000_000));
  const fields = Fields.of(["Content-Encoding", "gzip"], ["Content-Type", "text/plain"]);
  const view = viewBody(fields, makeCapture(bomb));
  assert.equal(view.kind, "text");
  assert.ok(view.lines.join("\n").length <= VIEW_LIMIT);
  assert.match(view.note ?? "", /^gzip: .* hold the first .*; cut at /);
});

Deno.test("view: more than the limit is cut, and it is said", () => {
  const view = viewBody(new Fields(), makeCapture("abcdefgh"), 4);
  assert.deepEqual(view, { kind: "text", lines: ["abcd"], note: "cut at 4B" });
});

Deno.test("view: a body of line ends makes a bounded number of lines", () => {
  const bodies: [type: string, body: string][] = [
    ["text/plain", "\n".repeat(VIEW_LINES * 2)],
    ["application/json", `[${"1,".repeat(VIEW_LINES * 2)}1]`],
    ["application/x-www-form-urlencoded", "a&".repeat(VIEW_LINES * 2)],
    ["application/x-ndjson", "1\n".repeat(VIEW_LINES * 2)],
    ["application/x-ndjson", "x\n".repeat(VIEW_LINES * 2)],
    ["text/html", "<p>".repeat(VIEW_LINES * 2)],
    ["text/html", `<pre>${"\n".repeat(VIEW_LINES * 2)}`],
    ["application/xml", `<a>${"<b/>".repeat(VIEW_LINES * 2)}`],
    ["application/x-protobuf", "\x08\x01".repeat(VIEW_LINES * 2)],
    ["multipart/mixed; boundary=b", `--b\n\n${"\n".repeat(VIEW_LINES * 2)}--b--`],
  ];
  for (const [type, body] of bodies) {
    const view = viewBody(Fields.of(["Content-Type", type]), makeCapture(body));
    assert.equal(view.lines.length, VIEW_LINES, type);
    assert.match(view.note ?? "", new RegExp(`(?:^|; )cut after ${VIEW_LINES} lines$`), type);
  }
});

interface RawRow {
  name: string;
  fields?: FieldList;
  body: string | Uint8Array;
  capture?: number;
  view: BodyView;
}

const rawRows: RawRow[] = [
  {
    name: "what would be indented",
    fields: [["Content-Type", "application/json"]],
    body: '{"a":1}\n',
    view: { kind: "text", lines: ['{"a":1}'], note: null },
  },
  {
    name: "a declared charset is read all the same",
    fields: [["Content-Type", "text/plain; charset=iso-8859-1"]],
    body: "caf\xe9",
    view: { kind: "text", lines: ["café"], note: null },
  },
  {
    name: "content codings stay",
    fields: [["Content-Type", "text/plain"], ["Content-Encoding", "br"]],
    body: "\x0b\x02\x80hello\x03",
    view: {
      kind: "hex",
      lines: ["00000000  0b 02 80 68 65 6c 6c 6f  03                       |...hello.|"],
      note: null,
    },
  },
  {
    name: "an image is its bytes",
    fields: [["Content-Type", "image/gif"]],
    body: "GIF89a\x02\x00\x03\x00",
    view: {
      kind: "hex",
      lines: ["00000000  47 49 46 38 39 61 02 00  03 00                    |GIF89a....|"],
      note: null,
    },
  },
  {
    name: "what was not captured is told of",
    body: "abcdefgh",
    capture: 4,
    view: { kind: "text", lines: ["abcd"], note: "only the first 4B of 8B were captured" },
  },
  { name: "no body", body: "", view: { kind: "empty", lines: [], note: null } },
];

for (const { name, fields = [], body, capture, view } of rawRows) {
  Deno.test(`raw view: ${name}`, () => {
    assert.deepEqual(viewRawBody(Fields.of(...fields), makeCapture(body, capture)), view);
  });
}
