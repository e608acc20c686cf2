import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Decode, latin1Encode } from "../../lib/bytes/latin1.ts";
import { printfCommand, shellWord } from "../../lib/export/shell_quote.ts";
import { peerTest } from "../kit/peers.ts";
import { runShell } from "./shell.ts";

const utf8 = (text: string) => latin1Decode(new TextEncoder().encode(text));

/** `bytes`: byte-true. */
const words: { bytes: string; word: string }[] = [
  { bytes: "", word: "''" },
  { bytes: "http://example.com/a", word: "http://example.com/a" },
  { bytes: "Accept: */*", word: "'Accept: */*'" },
  { bytes: "a'b", word: "'a'\\''b'" },
  { bytes: "$(reboot) `reboot` ${x} !! \\", word: "'$(reboot) `reboot` ${x} !! \\'" },
  { bytes: "~", word: "'~'" },
  { bytes: "=ls", word: "'=ls'" },
  { bytes: utf8("naïve 漢"), word: "'naïve 漢'" },
  { bytes: "caf\xe9", word: `"$(printf 'caf\\351')"` },
  { bytes: "a\tb!'%\\", word: `"$(printf 'a\\tb\\041\\047%%\\\\')"` },
  { bytes: "-n\x1b[2J", word: `"$(printf '\\055n\\033[2J')"` },
  { bytes: utf8("a\u202eb"), word: `"$(printf 'a\\342\\200\\256b')"` },
];

const commands: { bytes: string; command: string }[] = [
  { bytes: "", command: "printf ''" },
  { bytes: utf8('{\r\n  "ä": 1\n}\n'), command: "printf '{\\r\\n  \"ä\": 1\\n}\\n'" },
  { bytes: "\x0011", command: "printf '\\00011'" },
  { bytes: "--", command: "printf '\\055-'" },
  { bytes: "\xff%d", command: "printf '\\377%%d'" },
];

for (const { bytes, word } of words) {
  Deno.test(`shell word: ${JSON.stringify(bytes)}`, () => assert.equal(shellWord(bytes), word));
}

for (const { bytes, command } of commands) {
  Deno.test(`shell printf: ${JSON.stringify(bytes)}`, () => assert.equal(printfCommand(bytes), command));
}

/** What a shell, curl or a person's text is made of, and any bytes. */
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map((bytes) => latin1Decode(bytes)),
  fc.string({ unit: fc.constantFrom(..."'\"\\$`!%-@#;&|(){}[]*?~= \t\r\n0a"), maxLength: 30 }),
  fc.string({ unit: "grapheme", maxLength: 30 }).map(utf8),
);
const anyWord = anyBytes.map((bytes) => bytes.replaceAll("\0", "").replace(/\n+$/, ""));

Deno.test("shell: whatever the bytes are, it is one line without a control character", () => {
  fc.assert(fc.property(anyBytes, (bytes) => {
    for (const text of [shellWord(bytes), printfCommand(bytes)]) {
      assert.doesNotMatch(text, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/u);
    }
  }));
});

const allBytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join("");

for (const shell of ["sh", "bash"] as const) {
  peerTest([shell], `shell: any bytes but NUL come out of a word as they were, in ${shell}`, async () => {
    const property = fc.asyncProperty(fc.array(anyWord, { minLength: 20, maxLength: 60 }), async (list) => {
      // One process for many words.
      const { code, stdout, stderr } = await runShell(
        shell,
        `printf '%s\\0' ${list.map(shellWord).join(" ")}\n`,
      );
      assert.deepEqual([code, stderr], [0, ""]);
      assert.deepEqual(latin1Decode(stdout).split("\0").slice(0, -1), list);
    });
    await fc.assert(property, { numRuns: 20 });
  });

  peerTest([shell], `shell: any bytes come out of printf as they were, in ${shell}`, async () => {
    const property = fc.asyncProperty(fc.array(anyBytes, { minLength: 20, maxLength: 60 }), async (list) => {
      const { code, stdout, stderr } = await runShell(shell, list.map(printfCommand).join("\n"));
      assert.deepEqual([code, stderr], [0, ""]);
      assert.deepEqual(stdout, latin1Encode(list.join("")));
    });
    await fc.assert(property, { numRuns: 20, examples: [[[allBytes, allBytes.repeat(1000)]]] });
  });
}
