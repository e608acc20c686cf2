// curl at bodies that come slowly, or not to their end.

import assert from "node:assert/strict";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { Comparison } from "../kit/compare.ts";
import { curl } from "../kit/curl.ts";
import { peerTest } from "../kit/peers.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { generatedArray } from "./generated_bytes.ts";
import { answer, answerAndClose, type Script, ScriptedOrigin } from "./scripted_origin.ts";

const NOISE = generatedArray(20_000);

const cuts: Record<string, Script> = {
  "a length": answerAndClose("HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n", NOISE),
  "chunks": answerAndClose("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4e20\r\n", NOISE, "\r\n"),
  "one chunk": answerAndClose("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n", NOISE),
};

for (const scheme of ["http", "https"] as const) {
  peerTest(["curl"], `curl notices a body that is cut short, in every way, over ${scheme}`, async (test) => {
    await using origin = await ScriptedOrigin.start(scheme);
    await using comparison = await Comparison.start(origin);
    for (const [name, script] of Object.entries(cuts)) {
      await test.step(name, async () => {
        origin.script = script;
        for (const { way, curl, flow } of await comparison.run({ path: "/" })) {
          // 18: partial file. 56: failure in receiving.
          assert.ok([18, 56].includes(curl.code), `${way}: ${curl.code}: ${curl.messages}`);
          if (flow === null) continue;
          assert.deepEqual([flow.error?.by, flow.error?.code], ["server", "truncated"]);
          assert.equal(flow.response?.body.length, NOISE.length);
        }
      });
    }
  });
}

for (const scheme of ["http", "https"] as const) {
  peerTest(["curl"], `curl sees each event before the next one is sent, over ${scheme}`, async () => {
    await using origin = await ScriptedOrigin.start(scheme);
    await using proxy = await startProxy();
    origin.script = answer("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
    const events = Array.from({ length: 20 }, (_, index) => `id: ${index}\ndata: ${"e".repeat(index)}\n\n`);
    let seen = "";
    let next = Promise.withResolvers<void>();
    const running = curl({
      args: [
        ...["--proxy", proxy.url, "--proxytunnel", "--cacert", proxy.caFile],
        `${scheme}://localhost:${origin.port}/events`,
      ],
      onBody: (piece) => {
        seen += latin1Decode(piece);
        next.resolve();
      },
    });
    const connection = await origin.raw.connection();
    await connection.until("\r\n\r\n");
    for (const [index, event] of events.entries()) {
      next = Promise.withResolvers<void>();
      connection.send(event);
      await Promise.race([next.promise, running]);
      assert.equal(seen, events.slice(0, index + 1).join(""));
    }
    connection.finish();
    assert.equal((await running).code, 0);
    assert.equal((await proxy.http()).response?.body.length, events.join("").length);
  });
}
