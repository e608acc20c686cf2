// Options in the console: `O`, then `T` for the hosts that are raw TCP (pictures in console_screens/).

import assert from "node:assert/strict";
import { defaultText, optionList } from "../../lib/cli/options_table.ts";
import { peerTest } from "../kit/peers.ts";
import { consolePeers, ConsoleProgram, keysOf } from "./console_program.ts";
import { startShop } from "./console_shop.ts";
import { fetchBy } from "./console_traffic.ts";

peerTest(
  [...consolePeers, "curl"],
  "console: O then T adds a host that is raw TCP from then on",
  async () => {
    await using shop = await startShop();
    await using program = await ConsoleProgram.start({ words: shop.words });
    const { press, type, until } = keysOf(program);
    await fetchBy(program, "https://example.com/");
    await until(/^› .* HTTPS +GET +example\.com +\/ /m);

    await press("O");
    await until(/^ options /m);
    await press("T");
    await until(/^ {2}add: *$/m);
    await type("example.com");
    await until(/^ {2}add: example\.com$/m);
    await press("Enter");
    await until(/^ {2}add:\n\n {2}example\.com$/m);
    await program.looksLike("hosts_tcp");
    await press("Escape");
    await until(/^ options .*\[TCP:1\]/m);
    await press("Escape");
    await until(/^ flows .*\[TCP:1\]/m);
    assert.equal((await fetchBy(program, "https://example.com/")).code, 0);
    await until(/^› .* TLS +example\.com:443 /m);
    // curl has left; the origin goes, too.
    shop.origins.secure.connections.at(-1)?.finish();
    // Other hosts are what they were.
    await fetchBy(program, "https://safe.example/");
    await until(/^› .* HTTPS +GET +safe\.example +\/ /m);

    // Two at once, as they are pasted; a bad one; one that is there; arrows and d delete.
    await press("O", "T");
    await until(/^ {2}add: *$/m);
    await press("a", "Enter", "b", "Enter");
    await until(/^ {2}example\.com\n {2}a\n {2}b$/m);
    await type("(");
    await press("Enter");
    await until(/"\(" .*accepted: .*regular expression/);
    await until(/^ {2}add: \($/m);
    await press("BSpace");
    await type("a");
    await press("Enter");
    await until(/^a is there already$/m);
    await press("Down", "Down", "d");
    await until(/^ {2}example\.com\n› b$/m);
    await press("Up", "d");
    await until(/^› b$/m);
    await press("d");
    await until(/^ {2}\(none\)$/m);
    await press("Escape");
    await until(/^ options /m);
    await press("q");
    await until(/^ flows \[3\/3\] ⇩ +127/m);
    await fetchBy(program, "https://example.com/items");
    await until(/^› .* HTTPS +GET +example\.com +\/items /m);

    await press("q", "y");
    assert.equal(await program.exitCode(), 0);
  },
);

peerTest([...consolePeers, "curl"], "console: all options are shown, and live ones change", async () => {
  await using shop = await startShop();
  await using program = await ConsoleProgram.start({
    words: [...shop.words, "--idle-timeout", "90s"],
    rows: optionList.length + 6,
  });
  const { press, type, until } = keysOf(program);
  const focusOn = async (name: string) => {
    await press(
      "g",
      ...optionList.slice(0, optionList.findIndex((option) => option.name === name)).map(() => "Down"),
    );
    await until(new RegExp(`^› ${name} `, "m"));
  };
  await press("O");
  const shown = await until(/^ options /m);
  for (const option of optionList) {
    const row = new RegExp(`^[› ] ${option.name} +(\\S.*)$`, "m").exec(shown)?.[1];
    assert.ok(row !== undefined, option.name);
    // A value that is not the default stands before it.
    if (!row.includes("default ")) assert.ok(row.startsWith(defaultText(option)), `${option.name}: ${row}`);
    else assert.ok(row.includes(`default ${defaultText(option)}`), `${option.name}: ${row}`);
    assert.equal(row.endsWith("at start only"), !option.live, option.name);
  }
  assert.match(shown, /^ {2}idle_timeout +90s +default 2m$/m);
  await program.terminal.resize(100, 20);
  await press("G", "g");
  await program.looksLike("options");

  await focusOn("listen_host");
  await press("Enter");
  await until(/^--listen-host cannot change while mitm runs: give it at the start$/m);

  await focusOn("capture_limit");
  await press("Enter", "C-u");
  await type("ten");
  await press("Enter");
  await until(/^"ten" .*accepted: .*(?:\n.*)?\n^capture_limit .*: ten$/m);
  await press("C-u");
  await type("10");
  await press("Enter");
  await until(/^› capture_limit +10 .* default 1m/m);
  await press("d");
  await until(/^› capture_limit +1m *$/m);
  await press("Enter", "C-u", "7", "Enter");
  await until(/^› capture_limit +7 /m);

  await focusOn("http2");
  await press("Enter");
  await until(/^› http2 +false +default true *$/m);
  await press("q");
  await until(/^ flows /m);
  await fetchBy(program, "https://fast.example/");
  await until(/^› .* HTTPS +GET +fast\.example /m);
  await fetchBy(program, "http://shop.example/moved");
  await until(/^› .*\/moved .* 11B /m);
  await press("Enter");
  await until(/^over th$/m);
  await press("q", "O");
  await focusOn("http2");
  await press("Enter");
  await until(/^› http2 +true *$/m);

  await press("I");
  await until(/^ ignore_hosts /m);
  await type("safe.example");
  await press("Enter");
  await until(/^ {2}safe\.example$/m);
  await press("Escape");
  await until(/^› ignore_hosts +safe\.example +default none *$/m);
  await press("Escape");
  await until(/^ flows .*\[Ignore:1\]/m);
  // curl trusts mitm's certificates: that of the origin itself it does not know.
  assert.equal((await fetchBy(program, "https://safe.example/")).code, 60);
  await fetchBy(program, "https://fast.example/");
  await until(/^ .* H2 +GET +fast\.example /m);
});
