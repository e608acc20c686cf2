// Requests sent again from the console, and flows as files (pictures in console_screens/).

import assert from "node:assert/strict";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { peer, peerTest } from "../kit/peers.ts";
import { consolePeers, ConsoleProgram, keysOf } from "./console_program.ts";
import { startShop } from "./console_shop.ts";
import { fetchBy } from "./console_traffic.ts";

peerTest(
  [...consolePeers, "curl"],
  "console: r sends a request again, as it was or as it was edited",
  async () => {
    await using shop = await startShop();
    await using program = await ConsoleProgram.start({
      words: shop.words,
      environment: { EDITOR: "sh ./edit", VISUAL: "" },
    });
    const { press, type, until } = keysOf(program);
    await Deno.writeTextFile(`${program.folder}/edit`, 'printf "milk=10" >"$1"\n');
    await fetchBy(program, "--data", "tea=2", "http://shop.example/order?first");
    await until(/^› .*\/order\?first +201 /m);
    await press("r");
    await until(/^› .*\/order\?first +201 .* ↺$/m);
    assert.deepEqual(shop.requests[1], shop.requests[0]);

    await press("g");
    await until(/^ flows \[1\/2\]/m);
    await press("e");
    await until(/^edit the request, to be sent again: +h head +b body *$/m);
    await press("h", "End");
    await type("&again");
    await until(/^ {2}POST \/order\?first&again$/m);
    await press("C-s");
    await until(/^kept: r sends it as it is now$/m);
    await press("e");
    await until(/^edit the request/m);
    await press("b");
    await until(/^kept: r sends it as it is now$/m);
    await press("r");
    await until(/\/order\?first&ag… +201 .* ↺$/m);
    await until(/^ flows \[1\/3\]/m);
    const { head = "", body } = shop.requests[2] ?? {};
    assert.match(head, /^POST \/order\?first&again HTTP\/1\.1\r\n/);
    assert.match(head, /\r\nContent-Length: 7(?:\r\n|$)/);
    assert.equal(body, "milk=10");
    // The flow itself is what it was.
    await press("Enter", "Tab", "Tab", "Tab");
    await until(/\[request\]/);
    await until(/^POST http:\/\/shop\.example\/order\?first HTTP\/1\.1$/m);
    await press("q");

    // Over HTTP/2, and with nobody there any more.
    await fetchBy(program, "https://fast.example/");
    await until(/^ flows \[1\/4\]/m);
    await press("G", "r");
    await until(/^› .* H2 .* fast\.example .* 200 .* ↺$/m);
    await press("Enter");
    await until(/\[replayed\]/);
    await until(/^fast$/m);
    await press("Tab", "Tab");
    await until(/^client\nnone: sent again by mitm$/m);
    await press("q", "O");
    await until(/^ options /m);
    await press("Down", "Down", "Down", "Down", "Down", "Down", "Down", "Enter");
    await until(/^ resolve /m);
    await press("Down", "d");
    await until((text) => !text.includes("shop.example"));
    await type("shop.example:80:127.0.0.1:1");
    await press("Enter");
    await until(/^ {2}shop\.example:80:127\.0\.0\.1:1$/m);
    await press("Escape");
    await until(/^ options /m);
    await press("Escape");
    await until(/^ flows /m);
    await press("g", "r");
    await until(/^ .*\/order.* err +\S+ .*↺$/m);
  },
);

peerTest([...consolePeers, "curl"], "console: x exports a flow, w saves all", async () => {
  await using shop = await startShop();
  await using program = await ConsoleProgram.start({ words: shop.words });
  const { press, type, until } = keysOf(program);
  const fileOf = (name: string) => Deno.readTextFile(`${program.folder}/${name}`);
  await fetchBy(program, "--data", "tea=it's 2", "http://shop.example/order?a=b");
  await until(/^› .*\/order/m);

  await press("x");
  await program.looksLike("export_choice");
  await press("c");
  await until(/^curl command to \(- shows it\): flow-\d+\.sh$/m);
  await press("C-u");
  await type("again.sh");
  await press("Enter");
  await until(/^\d+ bytes written to again\.sh$/m);
  assert.equal((await Deno.stat(`${program.folder}/again.sh`)).mode! & 0o777, 0o600);
  // It does what the client did.
  const command = (await fileOf("again.sh")).replaceAll(
    "curl ",
    `${peer("curl")} --proxy ${program.url} -s `,
  );
  const { stdout } = await new Deno.Command(peer("sh")!, { args: ["-c", command], stderr: "null" }).output();
  assert.equal(latin1Decode(stdout), "ordered: tea=it's 2\n");
  assert.equal(shop.requests[1]?.body, shop.requests[0]?.body);
  await until(/^ flows \[2\/2\]/m);
  await press("g");
  await until(/^ flows \[1\/2\]/m);

  // What is there is not written over without a yes.
  await press("x", "c", "C-u");
  await type("again.sh");
  await press("Enter");
  await until(/^again\.sh is there already: write over it\? +y yes +n no *$/m);
  await press("n");
  await until(/^enter look/m);
  assert.match(await fileOf("again.sh"), /^curl /);
  await press("x", "s", "C-u");
  await type("again.sh");
  await press("Enter");
  await until(/write over it\?/);
  await press("y");
  await until(/^\d+ bytes written to again\.sh$/m);
  assert.match(await fileOf("again.sh"), /^HTTP\/1\.1 201 Created\r\n(?:.*\r\n)+\r\nordered: tea=it's 2\n$/);

  await press("x", "q", "C-u", "-", "Enter");
  await until(/^ raw request /m);
  await program.looksLike("export_raw_request");
  await press("q");
  await until(/^ flows /m);
  await press("x", "q");
  await until(/\.request$/m);
  await press("Enter");
  await until(/^\d+ bytes written to flow-\d+\.request$/m);
  await press("x", "h", "C-u");
  await type("missing/flow.har");
  await press("Enter");
  await until(
    /^missing\/flow\.har: .*No such file or directory.*\n(?:.*\n)?HAR of this flow to .*: missing\/flow\.har$/m,
  );
  await press("C-u");
  await type("flow.har");
  await press("Enter");
  await until(/^\d+ bytes written to flow\.har$/m);
  const har = JSON.parse(await fileOf("flow.har"));
  assert.equal(har.log.entries.length, 1);
  assert.equal(har.log.entries[0].request.postData.text, "tea=it's 2");

  await press("w");
  await until(/^save 2 flows to .*: flows\.mitm$/m);
  await press("C-u");
  await type("all.har");
  await press("Enter");
  await until(/^\d+ bytes written to all\.har$/m);
  assert.equal(JSON.parse(await fileOf("all.har")).log.entries.length, 2);
  await press("w");
  await until(/: flows\.mitm$/m);
  await press("Enter");
  await until(/^\d+ bytes written to flows\.mitm$/m);
  assert.equal((await Deno.stat(`${program.folder}/flows.mitm`)).mode! & 0o777, 0o600);
  // A tnetstring: its length, ":", so many bytes, "}".
  const saved = latin1Decode(await Deno.readFile(`${program.folder}/flows.mitm`));
  const [, length] = /^(\d+):/.exec(saved) ?? [];
  assert.equal(saved[`${length}:`.length + Number(length)], "}");
});
