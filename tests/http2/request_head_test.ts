// Header lists of requests and the heads read from them (RFC 9113, 8.2, 8.3.1, 8.5; RFC 8441, 4).

import assert from "node:assert/strict";
import { readRequestHead } from "../../lib/http2/request_reader.ts";
import { blockOf, linesOf } from "./head_lists.ts";
import { malformedRequestHeads } from "./request_head_fault_rows.ts";
import { legalRequestHeads } from "./request_head_rows.ts";

for (const row of [...legalRequestHeads, ...malformedRequestHeads]) {
  Deno.test(`request head: ${row.name} (${row.rule})`, () => {
    const head = readRequestHead(blockOf(row.lines), row.end ?? true, row.extendedConnect ?? false);
    if ("fault" in row) {
      assert.equal(head.kind, "malformed");
      assert.ok(head.kind === "malformed" && head.message.includes(row.fault), JSON.stringify(head));
      assert.equal(head.rule, row.rule);
      return;
    }
    assert.ok(head.kind === "request", JSON.stringify(head));
    assert.deepEqual({ ...head, ...row.head }, head);
    const regular = row.lines.filter((line) => typeof line !== "string" || !line.startsWith(":"));
    assert.deepEqual(linesOf(head.fields), row.fields ?? regular);
    assert.equal(head.fields.neverIndexed, null);
  });
}

Deno.test("request head: what must not be indexed is carried along (RFC 7541, 6.2.3)", () => {
  const lines = [":method: GET", ":scheme: https", ":authority: a", ":path: /", "cookie: x"];
  const head = readRequestHead(blockOf(lines, [":path", "cookie"]), true, false);
  assert.ok(head.kind === "request");
  assert.deepEqual(head.fields.neverIndexed, new Set([":path", "cookie"]));
});
