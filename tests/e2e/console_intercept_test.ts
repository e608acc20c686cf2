// What a person holds, edits, lets go and kills in the console (pictures in console_screens/).

import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { peerTest } from "../kit/peers.ts";
import { consolePeers, ConsoleProgram, keysOf } from "./console_program.ts";
import { ITEMS, startShop } from "./console_shop.ts";
import { fetchBy } from "./console_traffic.ts";

peerTest([...consolePeers, "curl"], "console: i holds what matches; a, A and X", async () => {
  await using shop = await startShop();
  await using program = await ConsoleProgram.start({ words: shop.words });
  const { press, type, until } = keysOf(program);
  await press("i");
  await until(/^intercept: *$/m);
  await type("~u order");
  await press("Enter");
  await until(/^ flows .* \[i:~u order\]/m);

  // The request; then its response. Others go on.
  const order = fetchBy(program, "--data", "tea=2", "http://shop.example/order");
  await until(/^› .* POST .*\/order +‖$|^› .* POST .*\/order .* ‖$/m);
  await until(/\[held:1\]/);
  assert.equal((await fetchBy(program, "http://shop.example/")).code, 0);
  assert.deepEqual(shop.requests.map(({ head }) => head.split(" ")[1]), ["/"]);
  await press("Up");
  await until(/^› .*\/order /m);
  await press("Enter");
  await until(/\[intercepted\]/);
  await press("q", "a");
  await until(/^› .*\/order +201 .* ‖$/m);
  assert.equal(shop.requests.at(-1)?.body, "tea=2");
  await program.looksLike("list_held");
  await press("a");
  assert.equal(latin1Decode((await order).body), "ordered: tea=2\n");
  await until(/^› .*\/order +201 .*ms$/m);
  await until((text) => !text.includes("[held:"));
  await press("a");
  await until(/^nothing of this flow is held$/m);

  // Of one connection, one stream is held and the other goes on.
  const both = fetchBy(
    program,
    ...["--parallel", "--write-out", "%{num_connects}", "--output", "/dev/null"],
    ...["https://fast.example/order", "--output", "/dev/null", "https://fast.example/other"],
  );
  await until(/^ .* H2 .*\/other +200 /m);
  await until(/^ .* H2 .*\/order .* ‖$/m);
  const another = fetchBy(program, "http://shop.example/order?2");
  await until(/\[held:2\]/);
  await press("A");
  await until(/^2 let go$/m);
  await until(/\/order\?2 +201 .* ‖$/m);
  await until(/\[held:2\]/);
  await press("A");
  assert.equal((await another).code, 0);
  assert.equal(latin1Decode((await both).body), "01");

  const killed = fetchBy(program, "http://shop.example/order?3");
  await until(/\/order\?3 .* ‖$/m);
  await press("G", "X");
  const { code, messages } = await killed;
  assert.equal(code, 56, messages);
  assert.match(messages, /reset by peer/);
  await until(/^› .*\/order\?3 +kill /m);
  assert.equal(shop.requests.some(({ head }) => head.includes("?3")), false);

  await press("i", "C-u", "Enter");
  await until((text) => !text.includes("[i:"));
  assert.equal((await fetchBy(program, "http://shop.example/order?4")).code, 0);
});

peerTest(
  [...consolePeers, "curl"],
  "console: e edits a request that is held: head here, body in an editor",
  async () => {
    await using shop = await startShop();
    await using program = await ConsoleProgram.start({
      words: [...shop.words, "--intercept", "~q"],
      environment: { EDITOR: "sh ./edit", VISUAL: "" },
    });
    const { press, type, until } = keysOf(program);
    const order = fetchBy(program, "--data", "tea=2", "http://shop.example/order");
    await until(/\/order .* ‖$/m);
    await press("e");
    await until(/^edit the request: +h head +b body *$/m);
    await press("h");
    await until(/^ {2}POST \/order$/m);
    await press("End");
    await type("?by=hand");
    await press("Down", "End", "Enter");
    await type("X-Person: at the console");
    await until(/^ {2}X-Person: at the console$/m);
    await program.looksLike("edit_head");
    // What cannot be sent is refused, and can be mended.
    await press("Enter");
    await type("not a field");
    await press("C-s");
    await until(/^"not a field" is not "Name: value"$/m);
    await press("C-u", "C-s");
    await until(/^ flows /m);
    // Head edits that are dropped.
    await press("e", "h");
    await until(/^ {2}POST \/order\?by=hand$/m);
    await press("End");
    await type("ZZZ");
    await until(/ZZZ/);
    await press("Escape");
    await until(/^ flows /m);

    // An editor that has the terminal for itself.
    await writeEditor(program, 'echo "editing $(cat "$1")"; read answer; printf %s "$answer" >"$1"');
    await press("e", "b");
    await until(/^editing tea=2$/m);
    assert.equal((await program.terminal.facts()).cursorShown, true);
    await type("tea=30&milk=1");
    await press("Enter");
    await until(/^edited: a lets it go on$/m);
    await press("a");
    assert.equal(latin1Decode((await order).body), "ordered: tea=30&milk=1\n");
    const [{ head, body } = { head: "", body: "" }] = shop.requests;
    assert.match(head, /^POST \/order\?by=hand HTTP\/1\.1\r\n/);
    assert.match(head, /\r\nX-Person: at the console(?:\r\n|$)/);
    assert.match(head, /\r\nContent-Length: 13(?:\r\n|$)/i);
    assert.doesNotMatch(head, /transfer-encoding|ZZZ/i);
    assert.equal(body, "tea=30&milk=1");
    await until(/^› .*\/order\?by=hand .* ✎$/m);

    // Over HTTP/2, too; editors that change nothing, or fail.
    const fast = fetchBy(program, "--data", "tea=2", "https://fast.example/order");
    await until(/ H2 .*\/order .* ‖$/m);
    await writeEditor(program, "exit 3");
    await press("e", "b");
    await until(/^the editor \(sh \.\/edit\) ended with code 3: nothing was changed$/m);
    await writeEditor(program, "");
    await press("e", "b");
    await until(/^nothing was changed$/m);
    await writeEditor(program, 'printf more >>"$1"');
    await press("e", "b");
    await until(/^edited: a lets it go on$/m);
    await press("a");
    assert.equal(latin1Decode((await fast).body), "fast: tea=2more\n");
  },
);

peerTest(
  [...consolePeers, "curl"],
  "console: e edits a response that is held, with its content coding",
  async () => {
    await using shop = await startShop();
    await using program = await ConsoleProgram.start({
      words: [...shop.words, "--intercept", "~s"],
      environment: { VISUAL: "sh ./edit" },
    });
    const { press, type, until } = keysOf(program);
    const zipped = fetchBy(program, "https://safe.example/zipped");
    await until(/\/zipped +200 .* ‖$/m);
    await writeEditor(
      program,
      'case $1 in *.json) ;; *) exit 1 ;; esac; sed s/milk/cream/ "$1" >new; cat new >"$1"',
    );
    await press("e", "b");
    await until(/^edited: a lets it go on$/m);
    await press("e", "h");
    await until(/^ {2}200 OK$/m);
    await press("End", "BSpace", "BSpace", "BSpace", "BSpace");
    await type("3 Otherwise");
    await until(/^ {2}203 Otherwise$/m);
    await press("C-s");
    await until(/^ flows /m);
    await press("a");
    const { head, body } = await zipped;
    assert.match(head, /^HTTP\/1\.1 203 Otherwise\r\n/);
    assert.match(head, /\r\nContent-Encoding: gzip\r\n/);
    assert.match(head, new RegExp(`\r\nContent-Length: ${body.length}\r\n`));
    const text = new TextDecoder().decode(gunzipSync(body));
    assert.equal(text, JSON.stringify(ITEMS).replace("milk", "cream"));

    // What came in chunks gets a length, or stays in chunks: it arrives whole.
    const chunked = fetchBy(program, "http://shop.example/trailers");
    await until(/\/trailers +200 .* ‖$/m);
    await writeEditor(program, 'printf "goodbye, world" >"$1"');
    await press("e", "b");
    await until(/^edited: a lets it go on$/m);
    await press("a");
    const goodbye = await chunked;
    assert.equal(goodbye.code, 0);
    assert.equal(latin1Decode(goodbye.body), "goodbye, world");

    const fast = fetchBy(program, "https://fast.example/");
    await until(/ H2 .* 200 .* ‖$/m);
    await press("e", "b");
    await until(/^edited: a lets it go on$/m);
    await press("a");
    const { head: fastHead, body: fastBody } = await fast;
    assert.match(fastHead, /\r\ncontent-length: 14\r\n/);
    assert.equal(latin1Decode(fastBody), "goodbye, world");
  },
);

/** What `sh ./edit FILE` does. */
async function writeEditor(program: ConsoleProgram, script: string): Promise<void> {
  await Deno.writeTextFile(`${program.folder}/edit`, `${script}\n`);
}
