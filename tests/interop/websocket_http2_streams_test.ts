// WebSockets as streams of one HTTP/2 connection: the end of one is its own, a stalled one stalls no other, ordinary
// requests go on beside them, and a reset on one side is a reset on the other.

import assert from "node:assert/strict";
import { CODE } from "../kit/http2_frames.ts";
import { pathOf } from "./websocket_bench.ts";
import {
  type BridgeBench,
  bridgeTest,
  checkClose,
  type Http2Conversation,
  type Http2Step,
  inTheClear,
} from "./websocket_http2_bench.ts";
import { seen, text, words } from "./websocket_sayings.ts";

const fromHttp2 = inTheClear.filter(({ client }) => client === "h2");

const conversation = (name: string, ...steps: Http2Step[]): Http2Conversation => ({
  path: pathOf(name),
  protocols: [],
  deflate: false,
  steps,
});

const BEFORE: Http2Step = { say: [text("before")] };
const CLOSE: Http2Step = { close: [1000, ""] };

/** Two that run to their ends while something happens to another one. */
const unharmed = (count = 2) =>
  Array.from({ length: count }, (_, index) =>
    conversation(
      `unharmed ${index}`,
      BEFORE,
      { wait: "over" },
      { say: [text(words(40_000))] },
      { ping: "still here" },
      CLOSE,
    ));

/** Both ends and the record of them. */
async function checkUnharmed(bench: BridgeBench, one: Http2Conversation): Promise<void> {
  const [server] = await bench.seen([one]);
  const expected = [text("before"), text(words(40_000))].map(seen);
  assert.deepEqual([server!.messages, server!.close, server!.reset], [expected, [1000, ""], undefined]);
  const flow = await bench.flow(one);
  checkClose(flow, { code: 1000, reason: "", by: "client" });
  assert.equal(flow.error, null);
}

for (const step of [{ abort: true }, { reset: CODE.CANCEL }] as const) {
  const isAborted = "abort" in step;
  const name = isAborted ? "reset by the client" : "ended by the client, and reset";
  bridgeTest(name, fromHttp2, async (bench) => {
    const reset = conversation(name, BEFORE, step, { signal: "over" });
    const others = unharmed();
    const [client] = await bench.play([reset, ...others]);
    assert.deepEqual([client!.close, client!.reset], [[1006, ""], CODE.CANCEL]);
    const [server] = await bench.seen([reset]);
    assert.deepEqual(server!.close, [1006, ""]);
    // Node answers an end by its own at once: what comes behind it may be too late to be seen.
    const { origin } = bench.bridge;
    const code: string | number = origin === "h2" ? CODE.CANCEL : "ECONNRESET";
    assert.ok(server!.reset === code || (!isAborted && server!.reset === undefined));
    const flow = await bench.flow(reset);
    checkClose(flow, { code: 1006, reason: "", by: "client" });
    assert.deepEqual([flow.error?.code, flow.error?.by], ["CANCEL", "client"]);
    for (const one of others) await checkUnharmed(bench, one);
  });
}

bridgeTest("reset by the origin", inTheClear, async (bench) => {
  const { client: from, origin } = bench.bridge;
  const reset = conversation("reset by the origin", BEFORE, { ask: "/reset" });
  const [client] = await bench.play([reset]);
  assert.deepEqual(client!.close, [1006, ""]);
  if (from === "h2") assert.equal(client!.reset, origin === "h2" ? CODE.INTERNAL_ERROR : CODE.CANCEL);
  const flow = await bench.flow(reset);
  checkClose(flow, { code: 1006, reason: "", by: "server" });
  assert.deepEqual(
    [flow.error?.code, flow.error?.by],
    [origin === "h2" ? "INTERNAL_ERROR" : "server-gone", "server"],
  );
});

bridgeTest("the client ends its connection, with all on it", fromHttp2, async (bench) => {
  const names = ["one", "two", "three", "four"];
  const all = [
    conversation("leaves", BEFORE, ...names.map((wait) => ({ wait })), { leave: true }),
    ...names.map((name) => conversation(`left ${name}`, BEFORE, { signal: name })),
  ];
  const clients = await bench.play(all);
  const servers = await bench.seen(all);
  for (const [index, one] of all.entries()) {
    assert.deepEqual([clients[index]!.close, servers[index]!.close], [[1006, ""], [1006, ""]]);
    const flow = await bench.flow(one);
    checkClose(flow, { code: 1006, reason: "", by: "client" });
    assert.equal(flow.error?.by, "client");
  }
});

const onBoth = fromHttp2.filter(({ origin }) => origin === "h2");
bridgeTest(
  "an origin that leaves: who is there stays, who comes gets another connection",
  onBoth,
  async (bench) => {
    const first = conversation(
      "first",
      BEFORE,
      { ask: "/leave" },
      { signal: "leaving" },
      { wait: "another" },
      { say: [text(words(100_000))] },
      CLOSE,
    );
    const second = conversation("second", BEFORE, { signal: "another" }, CLOSE);
    await bench.play([first, { ...second, after: "leaving" }]);
    const servers = await bench.seen([first, second]);
    assert.deepEqual(servers.map(({ messages: { length }, close }) => [length, close]), [
      [3, [1000, ""]],
      [1, [1000, ""]],
    ]);
    const flows = [await bench.flow(first), await bench.flow(second)];
    assert.deepEqual(flows.map(({ error }) => error), [null, null]);
    assert.equal(flows[0]!.client, flows[1]!.client);
    assert.notEqual(flows[0]!.server, flows[1]!.server);
  },
);

interface Stalled {
  wrong: unknown[];
  /** Bytes at the end that sends, once all the others were done. */
  waiting: number;
  /** Messages. */
  arrived: number;
}

/** More than all windows and buffers between the ends. */
const FLOOD = { count: 800, size: 64 * 1024, others: 4, rounds: 15 };

for (const who of ["client", "origin"] as const) {
  bridgeTest(`one that the ${who} does not read from: the others go on`, fromHttp2, async (bench) => {
    const { wrong, waiting, arrived } = await bench.node.ask<Stalled>("stalled", {
      to: bench.to,
      who,
      ...FLOOD,
    });
    assert.deepEqual([wrong, arrived], [[], FLOOD.count]);
    assert.ok(waiting > 0);
    const flow = await bench.flow({ path: `/slow-${who}?silent` });
    const { bytesFromClient, bytesFromServer } = flow.websocket!;
    const bytes = who === "client" ? bytesFromServer : bytesFromClient;
    assert.ok(bytes >= FLOOD.count * FLOOD.size, `${bytes}`);
    await bench.proxy.http(() => bench.proxy.ended.length === 2 + FLOOD.others + FLOOD.rounds);
    const all = bench.proxy.ended.map(({ client, error }) => [client.id, error]);
    assert.equal(new Set(all.map((one) => JSON.stringify(one))).size, 1, "one connection, and no errors");
  });
}
