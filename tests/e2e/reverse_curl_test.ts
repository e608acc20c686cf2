// Reverse mode of the running program: plain and TLS clients on one port, and what is neither.

import assert from "node:assert/strict";
import { startRawOrigin } from "../kit/origins.ts";
import { curl } from "../kit/curl.ts";
import { peerTest } from "../kit/peers.ts";
import { sayHello } from "../proxy/tls_origins.ts";
import { connectClient, connectTls } from "../proxy/tunnel_clients.ts";
import { Program } from "./program.ts";

for (const scheme of ["http", "https"]) {
  peerTest(
    ["curl"],
    `reverse:${scheme}: curl by http and by https on one port; garbage gets a 400`,
    async () => {
      await using origin = await startRawOrigin({
        ...(scheme === "https" ? { tls: { names: ["localhost"], alpn: ["http/1.1"] } } : {}),
        onConnection: sayHello,
      });
      await using program = await Program.start(["--mode", `reverse:${scheme}://localhost:${origin.port}`]);
      for (const client of ["http", "https"]) {
        const args = ["--cacert", program.caFile, `${client}://localhost:${program.port}/by-${client}`];
        const result = await curl({ args });
        assert.equal(result.code, 0, result.messages);
        assert.equal(new TextDecoder().decode(result.body), "hello");
        await program.until(new RegExp(`${scheme}://localhost:${origin.port}/by-${client} .*200`));
      }
      const heads = origin.connections.map(({ received }) => received).join("");
      assert.equal(heads.match(new RegExp(`\\r\\nHost: localhost:${origin.port}\\r\\n`, "g"))?.length, 2);
      await using garbage = await connectClient(program.port);
      garbage.send("\x00\x01 no HTTP\r\n\r\n");
      await garbage.end();
      assert.match(garbage.received, /^HTTP\/1\.1 400 /);
    },
  );
}

Deno.test("reverse:tcp: plain and TLS on one port", async () => {
  await using origin = await startRawOrigin();
  await using program = await Program.start(["--mode", `reverse:tcp://127.0.0.1:${origin.port}`]);
  await using client = await connectClient(program.port);
  client.send("hello");
  await (await origin.connection()).until("hello");
  await program.until(new RegExp(`-> 127\\.0\\.0\\.1:${origin.port} tcp 5 bytes\\n    hello\\n`));

  await using secure = await startRawOrigin({ tls: { names: ["127.0.0.1"] } });
  await using other = await Program.start(["--mode", `reverse:tcp://127.0.0.1:${secure.port}`]);
  await using inside = await connectTls(other.port, {
    serverName: null,
    ca: await Deno.readTextFile(other.caFile),
    more: { checkServerIdentity: () => undefined },
  });
  inside.send("hidden");
  await (await secure.connection()).until("hidden");
  await other.until(new RegExp(`-> 127\\.0\\.0\\.1:${secure.port} tcp\\+tls 6 bytes\\n    hidden\\n`));
});
