// Many streams on one connection between Node's client and the proxy, and the proxy and Node's server: none gets what
// is another's, none waits for another, and each is answered exactly once whatever becomes of a connection.

import assert from "node:assert/strict";
import { http2OnBothLegs, http2Routes, http2Test } from "./http2_routes.ts";

const fromHttp2 = http2Routes.filter(({ client }) => client === "h2");

http2Test("100 streams at once, of all sizes", fromHttp2, async (bench) => {
  if (bench.route.origin === "h2") assert.deepEqual(await bench.direct("many", { count: 100 }), []);
  assert.deepEqual(await bench.proxied("many", { count: 100 }), []);
  await bench.proxy.http(() => bench.flows.length >= 100);
  assert.equal(bench.flows.length, 100);
  assert.deepEqual(bench.flows.filter(({ error }) => error !== null), []);
  assert.equal(new Set(bench.flows.map(({ client }) => client)).size, 1, "connections of the client");
  const servers = new Set(bench.flows.map(({ server }) => server)).size;
  if (bench.route.origin === "h2") assert.equal(servers, 1, "connections to the origin");
  else assert.ok(servers <= 6, `${servers} connections to the origin`);
});

http2Test("a stalled stream in either direction holds no other one", http2OnBothLegs, async (bench) => {
  const expected = { completed: 60, same: [true, true], status: 200 };
  const { down: _, ...direct } = await bench.direct<{ down: number }>("stalled", STALLED);
  assert.deepEqual(direct, expected);
  const { down, ...proxied } = await bench.proxied<{ down: number }>("stalled", STALLED);
  assert.deepEqual(proxied, expected);
  assert.ok(down < STALLED.length);
});

/** Larger than all windows and buffers between the two ends: they do stall. */
const STALLED = { length: 6_000_000, others: 60 };

interface Long {
  wrong: unknown[];
  twice: unknown[];
  served: number;
  sessions: number;
  refused: number;
  goaways: unknown[];
}

const COUNT = 1_000;
const answered = { wrong: [], twice: [], served: COUNT, goaways: [] };

http2Test("1000 requests on a connection whose origin leaves half way", http2OnBothLegs, async (bench) => {
  const parameters = { count: COUNT, atOnce: 20, what: "goaway" };
  const { sessions, refused: _, ...seen } = await bench.proxied<Long>("long", parameters);
  assert.deepEqual(seen, answered);
  assert.equal(sessions, 2);
  assert.deepEqual(bench.flows.filter(({ error }) => error !== null), []);
});

http2Test("1000 requests of which the origin refuses every tenth once", http2OnBothLegs, async (bench) => {
  const parameters = { count: COUNT, atOnce: 20, what: "refuse" };
  const { sessions, refused, ...seen } = await bench.proxied<Long>("long", parameters);
  assert.deepEqual(seen, answered);
  assert.deepEqual([sessions, refused], [1, COUNT / 10]);
});

interface Pushed {
  allowed: boolean;
  status: number;
  text: string;
  pushes: { path: string; text: string }[];
}

http2Test("what the origin pushes comes to the client that asked for it", http2OnBothLegs, async (bench) => {
  const direct = await bench.direct<Pushed>("pushed", { enablePush: true });
  const pushed = (name: string) => ({
    path: `/pushed/${name}`,
    method: "GET",
    asked: name,
    status: 200,
    type: name,
    text: `pushed ${name} `.repeat(1_000),
    code: 0,
  });
  const expected = { allowed: true, status: 200, text: "page", pushes: ["one", "two"].map(pushed) };
  assert.deepEqual(direct, expected);
  assert.deepEqual(await bench.proxied("pushed", { enablePush: true }), expected);
  await bench.proxy.http(({ request }) => request.head.path === "/pushed/two");
  const paths = bench.flows.map(({ request }) => request.head.path).sort();
  assert.deepEqual(paths, ["/page", "/pushed/one", "/pushed/two"]);
});

http2Test("an origin is not asked to push for a client that did not ask", http2OnBothLegs, async (bench) => {
  const expected = { allowed: false, status: 200, text: "page", pushes: [] };
  assert.deepEqual(await bench.direct("pushed", { enablePush: false }), expected);
  assert.deepEqual(await bench.proxied("pushed", { enablePush: false }), expected);
});
