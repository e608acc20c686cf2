// Raw TCP in the log of the running program: `--tcp example.com --resolve example.com:443:127.0.0.1:PORT`.

import assert from "node:assert/strict";
import { startRawOrigin } from "../kit/origins.ts";
import { openTlsTunnel, openTunnel } from "../proxy/tunnel_clients.ts";
import { Program } from "./program.ts";

for (const tls of [false, true]) {
  const protocol = tls ? "tcp+tls" : "tcp";
  Deno.test(`tcp log: every chunk, both ways, ${tls ? "TLS intercepted" : "plain"}`, async () => {
    await using origin = await startRawOrigin(tls ? { tls: { names: ["example.com"] } } : {});
    await using program = await Program.start([
      "--tcp",
      "example.com",
      "--resolve",
      `example.com:443:127.0.0.1:${origin.port}`,
    ]);
    const client = tls
      ? await openTlsTunnel(program.port, "example.com:443", {
        serverName: "example.com",
        ca: await Deno.readTextFile(program.caFile),
      })
      : await openTunnel(program.port, "example.com:443");
    await using _client = client;
    const server = await origin.connection();
    server.send("220 ready\r\n");
    await client.until("220 ready\r\n");
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await server.until("\r\n\r\n");
    server.send("\x00\x01\x02\xff");
    await client.until("\xff");
    client.finish();
    await server.end();
    server.finish();
    await client.end();
    const text = await program.until(/ closed/);
    const start = `\\d\\d:\\d\\d:\\d\\d[.\\d]* +127\\.0\\.0\\.1:\\d+ +`;
    const target = `example\\.com:443 ${tls ? "tcp\\+tls" : "tcp"}`;
    for (
      const line of [
        `^${start}-> ${target} open \\(127\\.0\\.0\\.1:${origin.port}\\)$`,
        `^${start}<- ${target} 11 bytes\\n    220 ready$`,
        `^${start}-> ${target} 27 bytes\\n    GET / HTTP/1\\.1\\n    Host: x\\n    *$`,
        `^${start}<- ${target} 4 bytes\\n    .*00 01 02 ff.*$`,
        `^${start}-- ${target} closed.* -> 27 <- 15 bytes`,
      ]
    ) assert.match(text, new RegExp(line, "m"), `${protocol}: ${line}`);
  });
}

Deno.test("tcp log: --ignore leaves no trace of the bytes", async () => {
  await using origin = await startRawOrigin();
  await using program = await Program.start(["--ignore", ".", "--detail", "3"]);
  await using client = await openTunnel(program.port, `127.0.0.1:${origin.port}`);
  client.send("a secret");
  const server = await origin.connection();
  await server.until("a secret");
  server.send("another");
  await client.until("another");
  client.finish();
  server.finish();
  await client.end();
  // A second conversation that is logged would come behind the first.
  await using refused = await openTunnel(program.port, "127.0.0.1:1").catch((error: Error) => ({
    message: error.message,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }));
  assert.ok("message" in refused);
  assert.doesNotMatch(await program.until(/refused/), /secret|another/);
});
