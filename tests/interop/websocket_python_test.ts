// Python's websockets on both ends, and ws on one of them: what each end sees through the proxy is what it sees directly,
// and the record says it.

import assert from "node:assert/strict";
import { peerTest } from "../kit/peers.ts";
import { pathOf, type Peer, type Route, startWs, WebSocketBench } from "./websocket_bench.ts";
import {
  checkProxied,
  checkScenarios,
  echoed,
  ends,
  kinds,
  masses,
  pings,
} from "./websocket_conversations.ts";
import { startPython } from "./websocket_python.ts";
import { binary, noise, text, words } from "./websocket_sayings.ts";

/** Its fragments of a text are texts, and it ends a fragmented message with an empty one. */
const FRAGMENTED = [
  text("in two fragments", { fragments: [3] }),
  text("κόσμε", { fragments: [2, 2, 4] }),
  binary(noise(70_000), { fragments: [1, 126, 65_536] }),
  text("a".repeat(20_000), { fragments: Array.from({ length: 100 }, () => 100) }),
];

interface Pair {
  client: "Python" | "ws";
  server: "Python" | "ws";
  route: Route;
  deflate: unknown[];
  /** Large messages, and many, too. */
  masses?: true;
}

const PAIRS: Pair[] = [
  {
    client: "Python",
    server: "Python",
    route: { scheme: "ws", way: "tunnel" },
    deflate: [false, {}],
    masses: true,
  },
  {
    client: "Python",
    server: "Python",
    route: { scheme: "wss", way: "reverse" },
    deflate: [{}],
    masses: true,
  },
  { client: "Python", server: "ws", route: { scheme: "ws", way: "reverse" }, deflate: [{}] },
  { client: "Python", server: "ws", route: { scheme: "wss", way: "tunnel" }, deflate: [{}] },
  { client: "ws", server: "Python", route: { scheme: "ws", way: "absolute" }, deflate: [{}] },
  { client: "ws", server: "Python", route: { scheme: "wss", way: "tunnel" }, deflate: [{}] },
];

/** Starts each of the two once. */
async function startPeers(resources: AsyncDisposableStack, names: readonly string[]): Promise<Peer[]> {
  const started = new Map<string, Peer>();
  for (const name of names) {
    if (!started.has(name)) {
      started.set(name, resources.use(await (name === "ws" ? startWs() : startPython())));
    }
  }
  return names.map((name) => started.get(name)!);
}

for (const { client, server, route, deflate, masses: hasMasses = false } of PAIRS) {
  const title =
    `${client} to ${server}, the same directly and through the proxy: ${route.scheme}, ${route.way}`;
  peerTest(["python3-websockets"], title, async (test) => {
    await using resources = new AsyncDisposableStack();
    const [first, second] = await startPeers(resources, [client, server]);
    await using bench = await WebSocketBench.start(route, first!, second);
    const scenarios = deflate.flatMap((offer) => [
      ...kinds(offer, FRAGMENTED),
      ...(hasMasses ? masses(offer) : []),
    ]);
    for (const scenario of scenarios) {
      await test.step(scenario.conversation.path, async () => {
        await checkScenarios(bench, [scenario]);
      });
    }
    await test.step("PINGs and PONGs", async () => {
      await checkScenarios(bench, [pings()]);
    });
    await test.step("ends", async () => {
      // It has no way to send a Close frame without a code.
      await checkScenarios(bench, ends().filter(({ close }) => close.code !== 1005), true);
    });
    await test.step("subprotocols", async () => {
      const protocols = ["first.example", "second.example"];
      const scenario = echoed([text("Hello")], { name: "protocols", protocols });
      const [played] = await checkProxied(bench, [scenario]);
      assert.ok(protocols.includes(played!.client.protocol));
      assert.equal(played!.server.protocol, played!.client.protocol);
    });
  });
}

const CONTEXT = [{}, { server_no_context_takeover: true }, { client_no_context_takeover: true }];
const WINDOWS = [9, 11, 15].flatMap((bits) => [
  { server_max_window_bits: bits },
  { client_max_window_bits: bits },
  { server_max_window_bits: bits, client_max_window_bits: bits },
]);

peerTest(["python3-websockets"], "Python and permessage-deflate: windows and contexts", async () => {
  await using python = await startPython();
  await using bench = await WebSocketBench.start({ scheme: "ws", way: "tunnel" }, python);
  const sayings = [text(words(3_000)), text(words(3_000)), binary(noise(600)), binary(noise(600)), text("")];
  const all = CONTEXT.flatMap((context) => [{}, ...WINDOWS].map((windows) => ({ ...context, ...windows })));
  const scenarios = all.map((deflate, index) => {
    const { conversation, ...rest } = echoed(sayings, { name: `windows ${index}`, deflate });
    return { ...rest, conversation: { ...conversation, path: pathOf(`windows ${index}`, {}) } };
  });
  const played = await checkProxied(bench, scenarios, true);
  for (const [index, parameters] of all.entries()) {
    for (const [name, value] of Object.entries(parameters)) {
      const said = value === true ? name : `${name}=${value}`;
      assert.ok(played[index]!.client.extensions?.includes(said), said);
    }
  }
});
