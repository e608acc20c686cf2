// ws on both ends: what each of them sees through the proxy is what it sees directly, and the record says it.

import assert from "node:assert/strict";
import { type Conversation, pathOf, routes, startWs, WebSocketBench } from "./websocket_bench.ts";
import {
  checkProxied,
  checkScenarios,
  echoed,
  ends,
  kinds,
  masses,
  pings,
} from "./websocket_conversations.ts";
import { binary, noise, text, words } from "./websocket_sayings.ts";

/** Which subprotocols are offered, and which one is spoken then. */
const PROTOCOLS: [offered: string[], spoken: string][] = [
  [[], ""],
  [["first.example"], "first.example"],
  [["first.example", "second.example"], "second.example"],
  [["unknown.example", "first.example"], "first.example"],
];

const nothing = (path: string, protocols: string[] = []): Conversation => ({
  path,
  protocols,
  deflate: false,
  steps: [],
});

for (const route of routes) {
  Deno.test(`ws, the same directly and through the proxy: ${route.scheme}, ${route.way}`, async (test) => {
    await using ws = await startWs();
    await using bench = await WebSocketBench.start(route, ws);
    const isTunnel = route.way === "tunnel";
    const offers = isTunnel ? [false, {}] : [{}];
    for (const deflate of offers) {
      for (const scenario of isTunnel ? [...kinds(deflate), ...masses(deflate)] : kinds(deflate)) {
        const { path } = scenario.conversation;
        await test.step(path, async () => {
          await checkScenarios(bench, [scenario]);
          const messages = (await bench.flow(scenario.conversation)).websocket!.messages;
          assert.deepEqual(
            new Set(messages.map(({ compressed }) => compressed)),
            new Set([deflate !== false]),
          );
          // ws says back whole what it was told in fragments.
          const sent = scenario.sayings!.map(({ fragments = [] }) => fragments.length + 1);
          const frames = (fromClient: boolean) =>
            messages.filter((message) => message.fromClient === fromClient).map(({ frames }) => frames);
          assert.deepEqual([frames(true), frames(false)], [sent, sent.map(() => 1)]);
        });
      }
    }
    await test.step("PINGs and PONGs", async () => {
      await checkScenarios(bench, [pings()]);
    });
    await test.step("ends", async () => {
      await checkScenarios(bench, ends(), true);
    });
    await test.step("subprotocols", async () => {
      const scenarios = PROTOCOLS.map(([protocols]) =>
        echoed([text("Hello")], { name: `${protocols}`, protocols })
      );
      const played = await checkProxied(bench, scenarios);
      for (const [index, [, spoken]] of PROTOCOLS.entries()) {
        const { client, server } = played[index]!;
        assert.deepEqual([client.protocol, server.protocol], [spoken, spoken]);
      }
    });
    await test.step("a subprotocol the server does not speak", async () => {
      const conversation = nothing(pathOf("unspoken"), ["unknown.example"]);
      const [direct] = await bench.direct([conversation]);
      const [proxied] = await bench.proxied([conversation]);
      assert.equal(direct!.client.error, "Server sent no subprotocol");
      assert.deepEqual(proxied!.client, direct!.client);
      const { response, websocket } = await bench.flow(conversation);
      assert.deepEqual([response?.head.status, websocket?.close?.code], [101, 1006]);
    });
    await test.step("a refused handshake", async () => {
      const conversation = nothing("/refused");
      const [direct] = await bench.direct([conversation]);
      const [proxied] = await bench.proxied([conversation]);
      assert.equal(direct!.client.error, "Unexpected server response: 403");
      assert.deepEqual(proxied!.client, direct!.client);
      const { response, websocket, error } = await bench.flow(conversation);
      assert.deepEqual([response?.head.status, websocket, error], [403, null, null]);
    });
    await test.step("thirty at once", async () => {
      const sayings = [text("Hello"), binary(noise(20_000)), text(words(5_000)), text("")];
      const scenarios = Array.from(
        { length: 30 },
        (_, index) => echoed(sayings, { name: `at once ${index}`, deflate: index % 2 === 0 ? {} : false }),
      );
      await checkProxied(bench, scenarios, true);
    });
  });
}
