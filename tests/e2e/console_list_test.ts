// The list of flows in the console, with real traffic (pictures in console_screens/).

import assert from "node:assert/strict";
import { startRawOrigin } from "../kit/origins.ts";
import { peerTest } from "../kit/peers.ts";
import { fromClient } from "../kit/websocket_frames.ts";
import { openTlsTunnel, openTunnel } from "../proxy/tunnel_clients.ts";
import { consolePeers, ConsoleProgram, keysOf } from "./console_program.ts";
import { startShop } from "./console_shop.ts";
import { fetchBy, openWebSocket, startChat } from "./console_traffic.ts";

peerTest(
  [...consolePeers, "curl"],
  "console: flows of every kind, in wide and narrow terminals",
  async () => {
    await using shop = await startShop();
    await using chat = await startChat();
    await using database = await startRawOrigin();
    await using vault = await startRawOrigin({ tls: { names: ["vault.example"] } });
    await using program = await ConsoleProgram.start({
      words: [
        ...shop.words,
        ...chat.words,
        ...["--tcp", "^(db|vault).example", "--resolve", `db.example:5432:127.0.0.1:${database.port}`],
        ...["--resolve", `vault.example:443:127.0.0.1:${vault.port}`],
        ...["--intercept", '~q & ~u "edited|held"'],
      ],
    });
    await program.looksLike("list_empty");

    await fetchBy(program, "http://shop.example/");
    await fetchBy(program, "http://shop.example/items?page=1");
    await fetchBy(program, "--data", "tea=2", "http://shop.example/order");
    await program.until(/^› .* \/order /m);
    await program.press("m");
    await program.until(/\/order .* ●$/m);
    await program.press("r");
    await program.until(/\/order .* 201 .* ↺$/m);
    for (const path of ["moved", "nothing", "broken"]) await fetchBy(program, `http://shop.example/${path}`);
    await fetchBy(program, "https://safe.example/items");
    await fetchBy(program, "https://fast.example/deep/down?q=1");
    await using room = await openWebSocket(program, chat.origin);
    room.client.send(fromClient.text("hello"));
    await using query = await openTunnel(program.port, "db.example:5432");
    query.send("SELECT 1;\n");
    await using secret = await openTlsTunnel(program.port, "vault.example:443", {
      serverName: "vault.example",
      ca: await Deno.readTextFile(program.caFile),
    });
    secret.send("open");
    await (await vault.connection()).until("open");
    const edited = fetchBy(program, "http://shop.example/?edited");
    await program.until(/^› .* \/\?edited .* ‖$/m);
    await program.press("e", "h", "End");
    await program.type("=yes");
    await program.until(/^ {2}GET \/\?edited=yes$/m);
    await program.press("C-s", "a");
    await edited;
    assert.match(shop.requests.at(-1)?.head ?? "", /^GET \/\?edited=yes /);
    const held = fetchBy(program, "http://shop.example/?held");
    await program.until(/held .* ‖$/m);
    await program.looksLike("list_100");
    await program.terminal.resize(200, 20);
    await program.looksLike("list_200");
    await program.terminal.resize(60, 20);
    await program.looksLike("list_60");
    await program.press("a");
    assert.equal((await held).code, 0);
  },
);

peerTest([...consolePeers, "curl"], "console: the keys of the list of flows", async () => {
  await using shop = await startShop();
  await using program = await ConsoleProgram.start({ words: shop.words });
  const { press, type, until } = keysOf(program);
  await fetchBy(program, "http://shop.example/");
  await fetchBy(program, "--data", "tea=2", "http://shop.example/order");
  await fetchBy(program, "http://shop.example/items");
  await fetchBy(program, "http://shop.example/nothing");
  await until(/^ flows \[4\/4\] ⇩ /m);

  // The filter counts while it is typed; escape takes it back.
  await press("f");
  await type("~m PO");
  await until(/^ flows \[1\/1\] ⇩ \[f:~m PO\]/m);
  await type("X");
  await until(/^ flows \[0\/0\] .*\n^show only: ~m POX/m);
  await press("Escape");
  await until(/^ flows \[4\/4\] ⇩ +127/m);

  // A wrong one says what is wrong and where, and can be mended.
  await press("f");
  await type("~m GET & (~c 404 | ~z)");
  await until((text) => text.includes("~z)"));
  await press("Enter");
  await program.looksLike("list_wrong_filter");
  await press("BSpace", "BSpace");
  await type("t json)");
  await until(/^ flows \[2\/2\] /m);
  await press("Enter");
  await until(/^enter look/m);
  await program.looksLike("list_filtered");
  await press("f", "C-u", "Enter");
  await until(/^ flows \[4\/4\] ⇩ +127/m);

  await press("o");
  await until(/^order by +t time +m method +u URL +s size *$/m);
  await press("s");
  await until(inOrder("/nothing", "/order", "/", "/items"));
  await until(/^ flows .*\[o:size\]/m);
  await press("v");
  await until(inOrder("/items", "/", "/order", "/nothing"));
  await until(/^ flows .*\[o:size reversed\]/m);
  await press("o", "u", "v");
  await until(inOrder("/", "/items", "/nothing", "/order"));
  await press("o", "m");
  await until(inOrder("/", "/items", "/nothing", "/order"));
  await press("o", "t");
  await until(inOrder("/", "/order", "/items", "/nothing"));

  await press("Up", "m");
  await until(/^› .*\/items .* ●$/m);
  await press("U");
  await until((text) => !text.includes("●"));
  await press("d");
  await until(inOrder("/", "/order", "/nothing"));
  await until(/^› .*\/nothing /m);

  await press("?");
  await until(/^ help /m);
  await program.looksLike("help_list");
  await press("G");
  await until(/^ {2}~websocket /m);
  await press("Escape");
  await until(/^ flows /m);
  await press("E");
  await until(/^ event log .*\n^q esc back {2}z clear/m);
  await until(/^mitm \S+ listening on /m);
  await press("q");
  await until(/^ flows /m);

  await press("z");
  await until(/^delete all 3 flows\? +y yes +n no *$/m);
  await press("n");
  await until(/^enter look/m);
  await press("z", "y");
  await until(/^ flows \[0\/0\]/m);

  await press("q");
  await until(/^quit\? +y yes +n no *$/m);
  await press("n");
  await until(/^enter look/m);
  await press("q", "y");
  assert.equal(await program.exitCode(), 0);
});

peerTest(
  [...consolePeers, "curl"],
  "console: the list follows the newest flow, or keeps to one",
  async () => {
    await using shop = await startShop();
    await using program = await ConsoleProgram.start({ words: shop.words });
    const { press, until } = keysOf(program);
    await fetchBy(program, "http://shop.example/?n=[1-30]");
    await until(/^› .*\?n=30 .*\n+ flows \[30\/30\] ⇩ /m);
    await press("Up", "Up");
    await until(/^› .*\?n=28 /m);
    await until(/^ flows \[28\/30\] +127/m);
    await fetchBy(program, "http://shop.example/?n=[31-35]");
    await until(/^ flows \[28\/35\]/m);
    await until(/^› .*\?n=28 /m);
    await press("g");
    await until(/^› .*\?n=1 .*\n.*\?n=2 /m);
    await press("Space");
    await until(/^ flows \[17\/35\]/m);
    await press("G");
    await until(/^› .*\?n=35 .*\n+ flows \[35\/35\] ⇩ /m);
    await fetchBy(program, "http://shop.example/?n=36");
    await until(/^› .*\?n=36 .*\n+ flows \[36\/36\] ⇩ /m);
  },
);

/** The paths of the flows shown, from top to bottom. */
function inOrder(...paths: string[]): (text: string) => boolean {
  return (text) => {
    const shown = Array.from(
      text.matchAll(/^..\d\d:\d\d:\d\d .* shop\.example +(\S+)/gm),
      ([, path]) => path,
    );
    return shown.join() === paths.join();
  };
}
