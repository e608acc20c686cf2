// The terminal of the console: its size, and that it is given back whole however mitm ends.

import assert from "node:assert/strict";
import { connectClient } from "../kit/raw_client.ts";
import { peerTest } from "../kit/peers.ts";
import { consolePeers, ConsoleProgram, keysOf, PROMPT } from "./console_program.ts";
import { startShop } from "./console_shop.ts";
import { fetchBy } from "./console_traffic.ts";

peerTest([...consolePeers, "curl"], "console: any size of the terminal, changed at any time", async () => {
  await using shop = await startShop();
  await using program = await ConsoleProgram.start({ words: shop.words });
  const { press, until } = keysOf(program);
  await fetchBy(program, "http://shop.example/items");
  await until(/^› .*\/items .* 200 /m);
  for (const [columns, rows] of [[40, 4], [20, 2], [3, 1], [1, 1], [300, 60], [60, 10]] as const) {
    await program.terminal.resize(columns, rows);
    const rowsOf = (text: string) => text.split("\n").length - 1;
    if (columns >= 40) await until((text) => rowsOf(text) === rows && text.includes("shop"));
    for (const key of ["Enter", "Tab", "q", "O", "q", "?", "q", "f", "Escape"]) {
      await press(key);
      if (columns < 40) continue;
      if (key === "f") await until((text) => text.includes("show only"));
      if (key === "Escape") await until((text) => !text.includes("show only"));
    }
  }
  await until(/^› HTTP +GET +shop\.example\/items .* 200 +76B *$/m);
  await press("Enter");
  await until(/^ flow \[1\/1\]/m);
  await program.terminal.resize(100, 20);
  await until(/^GET http:\/\/shop\.example\/items -> 200 OK\n/);
  await until(/^ flow \[1\/1\] {60}/m);
  await press("q", "q", "y");
  assert.equal(await program.exitCode(), 0);
});

peerTest([...consolePeers, "curl"], "console: to the shell with ctrl z, and back with fg", async () => {
  await using shop = await startShop();
  await using program = await ConsoleProgram.start({ words: shop.words });
  const { press, type, until } = keysOf(program);
  await fetchBy(program, "http://shop.example/");
  await until(/^› .* 200 /m);
  for (const path of ["one", "two"]) {
    await press("C-z");
    await until(/Stopped/);
    await program.checkGivenBack();
    await type("echo typed");
    await press("Enter");
    await until(/^typed$/m);
    await type("fg");
    await press("Enter");
    await until(/^› .* shop\.example /m);
    const { isAlternate, cursorShown } = await program.terminal.facts();
    assert.deepEqual({ isAlternate, cursorShown }, { isAlternate: true, cursorShown: false });
    await fetchBy(program, `http://shop.example/${path}`);
    await until(new RegExp(`^› .*/${path} `, "m"));
    await press("?");
    await until(/^ help /m);
    await press("q");
    await until(/^ flows /m);
  }
  await press("Q");
  assert.equal(await program.exitCode(), 0);
});

peerTest(consolePeers, "console: SIGTERM and ctrl c end it, at once when they come twice", async () => {
  for (const end of ["TERM", "C-c"]) {
    await using program = await ConsoleProgram.start();
    if (end === "C-c") await program.press(end);
    else await program.signal(end);
    assert.equal(await program.exitCode(), 0, end);
  }
  await using shop = await startShop();
  await using program = await ConsoleProgram.start({ words: shop.words });
  // It waits for what is under way; the terminal has been given back by then.
  await using waiting = await connectClient(program.port);
  waiting.send("GET http://shop.example/wait HTTP/1.1\r\nHost: shop.example\r\n\r\n");
  await program.until(/^› .*\/wait /m);
  await program.press("C-c");
  await program.until(/^\$ \.\/mitm\n/m);
  await program.press("C-c");
  assert.equal(await program.exitCode(), 130);
});

peerTest(consolePeers, "console: it ends with its terminal", async () => {
  await using shop = await startShop();
  await using program = await ConsoleProgram.start({ words: shop.words });
  await using waiting = await connectClient(program.port);
  waiting.send("GET http://shop.example/wait HTTP/1.1\r\nHost: shop.example\r\n\r\n");
  await program.until(/^› .*\/wait /m);
  await program.terminal[Symbol.asyncDispose]();
  await waiting.end();
});

peerTest(consolePeers, "console: a mistake of our own is told, and the terminal is given back", async () => {
  await using program = await ConsoleProgram.start({ module: new URL("console_fault.ts", import.meta.url) });
  const { press, until } = keysOf(program);
  await press("E");
  await until(/^internal error: the lines are gone \(E has where\)$/m);
  await until(/^ flows /m);
  await press("O");
  await until(/^ options /m);
  await press("q");
  await until(/^ flows /m);
  await press("Q");
  await until(/^mitm: internal error: RangeError: no way out$/m);
  assert.equal(await program.exitCode(), 1);
});

peerTest(consolePeers, "console: colours, unless NO_COLOR is set", async () => {
  const colours = [];
  for (
    const options of [{}, { environment: { NO_COLOR: "1" } }, {
      words: ["--color", "always"],
      environment: { NO_COLOR: "1" },
    }]
  ) {
    await using program = await ConsoleProgram.start(options);
    // deno-lint-ignore no-control-regex
    colours.push(/\x1b\[[0-9;]*(?:3|9)[0-7]m/.test(await program.terminal.painted()));
  }
  assert.deepEqual(colours, [true, false, true]);
});

peerTest(consolePeers, "console: not without a terminal; ctrl z not without a shell", async () => {
  await using program = await ConsoleProgram.start();
  const { press, type, until } = keysOf(program);
  await press("Q");
  await program.exitCode();
  for (const command of ["TERM=dumb ./mitm", "./mitm | cat", "./mitm </dev/null"]) {
    await type("clear");
    await press("Enter");
    await until(/^\$\n*$/);
    await type(command);
    await press("Enter");
    await until(/^mitm \S+ listening on /m);
    await press("C-c");
    await until(PROMPT);
  }
  // In the place of the shell: nobody is left that could wake it up again.
  await type("exec ./mitm");
  await press("Enter");
  await until(/^ flows /m);
  // It has let go of the terminal and taken it again: keys between are nobody's.
  await press("C-z");
  await program.terminal.until(/^ help /m, () => press("?"));
  await press("Escape");
  await until(/^ flows /m);
});
