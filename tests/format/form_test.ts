import assert from "node:assert/strict";
import { formLines } from "../../lib/format/form.ts";

Deno.test("form: a line for each pair, decoded", () => {
  assert.deepEqual(formLines("user=alice&note=a+b%26c%3Dd&empty=&alone&user=bob&name=%C3%A9"), [
    "user: alice",
    "note: a b&c=d",
    "empty: ",
    "alone",
    "user: bob",
    "name: é",
  ]);
});

Deno.test("form: what is not percent-encoding stands for itself", () => {
  assert.deepEqual(formLines("a=100%&b=%zz&c=%4"), ["a: 100%", "b: %zz", "c: %4"]);
});

Deno.test("form: no control comes through, nor bytes that are not UTF-8", () => {
  assert.deepEqual(formLines("a=%0d%0aForged: line%1b[2J&b=%ff%fe&c=\r\n"), [
    "a: \\r\\nForged: line\\x1b[2J",
    "b: \\xff\\xfe",
    "c: \\r\\n",
  ]);
});
