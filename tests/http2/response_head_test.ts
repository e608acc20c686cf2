// Header lists of responses and of trailers, and what is read from them (RFC 9113, 8.1, 8.2, 8.3.2).

import assert from "node:assert/strict";
import type { Peer } from "../../lib/http/fault.ts";
import { Fields } from "../../lib/http/fields.ts";
import type { HeadNote } from "../../lib/http2/head_fault.ts";
import { readResponseHead } from "../../lib/http2/response_reader.ts";
import { readTrailers } from "../../lib/http2/trailers_reader.ts";
import { blockOf, type Line, linesOf } from "./head_lists.ts";
import { responseHeadRows } from "./response_head_rows.ts";

for (const row of responseHeadRows) {
  Deno.test(`response head: ${row.name} (${row.rule})`, () => {
    const notes: HeadNote[] = [];
    const head = readResponseHead(blockOf(row.lines), row.end ?? false, row.method ?? "GET", notes);
    if ("fault" in row) {
      assert.ok(head.kind === "malformed" && head.message.includes(row.fault), JSON.stringify(head));
      assert.equal(head.rule, row.rule);
      return;
    }
    assert.ok(head.kind === "response", JSON.stringify(head));
    assert.deepEqual({ ...head, ...row.head }, head);
    assert.deepEqual(linesOf(head.fields), row.fields ?? row.lines.slice(1));
    assert.deepEqual(notes.map((note) => note.code), row.notes ?? []);
    for (const note of notes) assert.match(note.rule, /^RFC \d+, \d/);
  });
}

Deno.test("response head: what must not be indexed is kept in lower case (RFC 7541, 6.2.3)", () => {
  const head = readResponseHead(blockOf([":status: 200", "X: y"], ["X", "z"]), true, "GET", []);
  assert.ok(head.kind === "response");
  assert.deepEqual(head.fields.neverIndexed, new Set(["x", "z"]));
});

Deno.test("response head: a kind of thing forgiven is noted once a head, however often it comes", () => {
  const notes: HeadNote[] = [{ code: "other", message: "", rule: "" }];
  const lines: Line[] = [":status: 200"];
  for (let count = 0; count < 400; count++) lines.push(`Keep-Alive: ${count}`, ["Y", " z"]);
  const head = readResponseHead(blockOf(lines), true, "GET", notes);
  assert.ok(head.kind === "response");
  assert.equal(head.fields.length, 400);
  assert.deepEqual(notes.map((note) => note.code), [
    "other",
    "uppercase-field-name",
    "connection-specific-field",
    "blank-around-value",
  ]);
});

interface TrailersRow {
  name: string;
  rule: string;
  peer: Peer;
  lines: Line[];
  expected: { fields: string[]; notes?: string[] } | { fault: string };
}

const trailersRows: TrailersRow[] = [
  {
    name: "gRPC's",
    rule: "RFC 9113, 8.1",
    peer: "server",
    lines: ["grpc-status: 0", "grpc-message: "],
    expected: { fields: ["grpc-status: 0", "grpc-message: "] },
  },
  {
    name: "from a client",
    rule: "RFC 9113, 8.1",
    peer: "client",
    lines: ["a: b", "a: c", "content-length: x", "host: a", "host: b"],
    expected: { fields: ["a: b", "a: c", "content-length: x", "host: a", "host: b"] },
  },
  { name: "none at all", rule: "RFC 9113, 8.1", peer: "client", lines: [], expected: { fields: [] } },
  {
    name: "what a server is forgiven",
    rule: "RFC 9113, 8.2",
    peer: "server",
    lines: ["A: b", "connection: x", ["c", " d"], "te: trailers"],
    expected: {
      fields: ["A: b", "c: d"],
      notes: ["uppercase-field-name", "connection-specific-field", "blank-around-value"],
    },
  },
  ...(["client", "server"] as const).flatMap((peer): TrailersRow[] => [
    {
      name: `a pseudo-field (${peer})`,
      rule: "RFC 9113, 8.1",
      peer,
      lines: [":status: 200"],
      expected: { fault: "pseudo-field in the trailers" },
    },
    {
      name: `a pseudo-field at the end (${peer})`,
      rule: "RFC 9113, 8.1",
      peer,
      lines: ["a: b", ":path: /"],
      expected: { fault: "pseudo-field in the trailers" },
    },
    {
      name: `a line break (${peer})`,
      rule: "RFC 9113, 8.2.1",
      peer,
      lines: [["a", "b\r\nc: d"]],
      expected: { fault: "line break" },
    },
    {
      name: `a bad name (${peer})`,
      rule: "RFC 9113, 8.2.1",
      peer,
      lines: [["a ", "b"]],
      expected: { fault: "not a token" },
    },
  ]),
  ...([["A: b", "8.2.1", "uppercase"], ["te: trailers", "8.2.2", "te is for requests"], [
    "transfer-encoding: chunked",
    "8.2.2",
    "belongs to HTTP/1",
  ]] as const).map(([line, section, message]): TrailersRow => ({
    name: `${line} from a client`,
    rule: `RFC 9113, ${section}`,
    peer: "client",
    lines: [line],
    expected: { fault: message },
  })),
];

for (const { name, rule, peer, lines, expected } of trailersRows) {
  Deno.test(`trailers: ${name} (${rule})`, () => {
    const notes: HeadNote[] = [];
    const fields = readTrailers(blockOf(lines, ["a"]), peer, notes);
    if ("fault" in expected) {
      assert.ok(
        !(fields instanceof Fields) && fields.message.includes(expected.fault),
        JSON.stringify(fields),
      );
      assert.equal(fields.rule, rule);
      return;
    }
    assert.ok(fields instanceof Fields);
    assert.deepEqual(linesOf(fields), expected.fields);
    assert.deepEqual(fields.neverIndexed, new Set(["a"]));
    assert.deepEqual(notes.map((note) => note.code), expected.notes ?? []);
  });
}
