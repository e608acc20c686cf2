// What terminals send, as keys.

import assert from "node:assert/strict";
import { type Key, KeyReader } from "../../lib/console/key.ts";

const rows: readonly [sent: string, keys: readonly Key[]][] = [
  ["aB é日", ["a", "B", " ", "é", "日"]],
  ["\r\n", ["enter", "enter"]],
  ["\t\x1b[Z", ["tab", "shift tab"]],
  ["\x7f\x08", ["backspace", "backspace"]],
  ["\x01\x03\x1a\x13", ["ctrl a", "ctrl c", "ctrl z", "ctrl s"]],
  ["\x1b[A\x1b[B\x1b[C\x1b[D", ["up", "down", "right", "left"]],
  // In the mode of applications (DECCKM), as some terminals are.
  ["\x1bOA\x1bOB", ["up", "down"]],
  ["\x1b[5~\x1b[6~\x1b[H\x1b[F\x1b[1~\x1b[4~\x1b[3~", [
    "pageup",
    "pagedown",
    "home",
    "end",
    "home",
    "end",
    "delete",
  ]],
  ["\x1bOP\x1b[24~", ["f1", "f12"]],
  // With Alt it would be another key; here it is an escape, and a key behind it.
  ["\x1bx?", ["escape", "x", "?"]],
  // What a terminal answers to what it is asked before it is lent.
  ["\x1b[0n", []],
];
for (const [sent, expected] of rows) {
  Deno.test(`keys: ${JSON.stringify(sent)}, whole and byte by byte`, () => {
    const bytes = new TextEncoder().encode(sent);
    for (const size of [bytes.length, 1]) {
      const keys: Key[] = [];
      const reader = new KeyReader((key) => keys.push(key));
      for (let at = 0; at < bytes.length; at += size) reader.receive(bytes.subarray(at, at + size));
      assert.deepEqual(keys, expected);
      reader.close();
    }
  });
}

Deno.test("keys: an escape that nothing follows is the key itself", async () => {
  const pressed = Promise.withResolvers<Key>();
  const reader = new KeyReader((key) => pressed.resolve(key));
  reader.receive(Uint8Array.of(0x1b));
  assert.equal(await pressed.promise, "escape");
  reader.close();
});

Deno.test("keys: what comes too soon behind an escape is a key of its own, not one with Alt", async () => {
  const keys: string[] = [];
  const reader = new KeyReader((key) => keys.push(key));
  for (const text of ["\x1bi", "\x1b\r", "\x1b[A", "x"]) reader.receive(new TextEncoder().encode(text));
  while (keys.at(-1) !== "x") await new Promise((resolve) => setTimeout(resolve, 0));
  assert.deepEqual(keys, ["escape", "i", "escape", "enter", "up", "x"]);
  reader.close();
});
