// Field lists: order, case and duplicates are kept; names compare without case (RFC 9110, 5).

import assert from "node:assert/strict";
import { Fields, sameName, trimBlanks } from "../../lib/http/fields.ts";

const sample = (): Fields => Fields.of(["A", "1"], ["b", "2"], ["a", "3"], ["C", "4"], ["A", "5"]);
const lines = (fields: Fields): string => [...fields].map(([name, value]) => `${name}:${value}`).join(" ");

Deno.test("fields: looking up is without case, and in order", () => {
  const fields = sample();
  assert.equal(fields.length, 5);
  assert.equal(fields.indexOf("a"), 0);
  assert.equal(fields.indexOf("A", 1), 2);
  assert.equal(fields.indexOf("x"), -1);
  assert.equal(fields.get("B"), "2");
  assert.equal(fields.get("x"), null);
  assert.equal(fields.has("c"), true);
  assert.deepEqual(fields.all("a"), ["1", "3", "5"]);
  assert.equal(fields.name(2), "a");
  assert.equal(fields.value(9), "");
  assert.equal(fields.size, 10);
});

Deno.test("fields: set keeps the place of the first and drops the others", () => {
  const fields = sample();
  fields.set("a", "x");
  assert.equal(lines(fields), "A:x b:2 C:4");
  fields.set("new", "y");
  assert.equal(lines(fields), "A:x b:2 C:4 new:y");
});

Deno.test("fields: delete, insert, removeAt, append", () => {
  const fields = sample();
  assert.equal(fields.delete("A"), true);
  assert.equal(fields.delete("A"), false);
  fields.insert(0, "Host", "h");
  fields.append("z", "9");
  fields.removeAt(1);
  assert.equal(lines(fields), "Host:h C:4 z:9");
});

Deno.test("fields: a clone is independent", () => {
  const fields = sample();
  const copy = fields.clone();
  copy.delete("a");
  assert.equal(fields.length, 5);
  assert.equal(copy.length, 2);
});

Deno.test("fields: list members over all lines, without case and empty ones (RFC 9110, 5.6.1)", () => {
  const fields = Fields.of(["Connection", " Keep-Alive ,, X"], ["x", "no"], ["connection", "\tclose"], [
    "Connection",
    ",",
  ]);
  assert.deepEqual(fields.tokens("connection"), ["keep-alive", "x", "close"]);
  assert.equal(fields.hasToken("connection", "close"), true);
  assert.equal(fields.hasToken("connection", "clos"), false);
  assert.equal(fields.hasToken("te", "close"), false);
});

Deno.test("fields: only SP and HTAB are blanks (RFC 9110, 5.6.3)", () => {
  assert.equal(trimBlanks(" \t a b\t "), "a b");
  assert.equal(trimBlanks("\xa0a\x0b"), "\xa0a\x0b");
  assert.equal(trimBlanks(" \t"), "");
  assert.equal(sameName("Content-Length", "content-length"), true);
  assert.equal(sameName("content-length", "content-lengt"), false);
});
