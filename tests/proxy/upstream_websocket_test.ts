// Where a request for a WebSocket goes: HTTP/1 takes it, HTTP/2 once the server has said that it does, and else HTTP/1 on
// a connection of its own (RFC 6455, 4; RFC 8441, 3).

import assert from "node:assert/strict";
import { only, type ProtocolChoice } from "../../lib/proxy/dial_upstream.ts";
import { CONNECTION_LIMIT } from "../../lib/proxy/origin_connections.ts";
import type { StreamNeed } from "../../lib/proxy/upstream_connection.ts";
import { FakeOrigin, type FakeUpstream, Wanter } from "./fake_origin.ts";
import { memoryContext, settled } from "./memory_context.ts";

const unknown = (): ProtocolChoice => ({ offered: ["http2", "http1"], known: null });

function begin(choice: ProtocolChoice) {
  const origin = new FakeOrigin(memoryContext(), choice);
  const log: string[] = [];
  const ask = (name: string, need: StreamNeed = "websocket", fresh = false): Wanter => {
    const wanter = new Wanter(name, log, need);
    origin.connections.acquire(wanter, fresh);
    return wanter;
  };
  return { origin, log, ask };
}

/** The server's SETTINGS have come. */
function offers({ codec, upstream }: FakeUpstream, extendedConnect: boolean): void {
  codec.say({ kind: "offers", offers: { push: false, extendedConnect } });
  upstream.driver.touch();
}

Deno.test("websocket upstream: HTTP/1 takes it like any request", async () => {
  const { origin, log, ask } = begin(only("http1"));
  const one = ask("one");
  await origin.accept("http1");
  one.finish();
  ask("two");
  assert.deepEqual([log, origin.made.length, origin.turnedAway], [["one", "two"], 1, []]);
});

Deno.test("websocket upstream: HTTP/2 takes it once the server has offered that; others do not wait", async () => {
  const { origin, log, ask } = begin(only("http2"));
  ask("websocket");
  ask("page", "any");
  await origin.accept("http2");
  assert.deepEqual(log, ["page"]);
  assert.equal(origin.dials.length, 0, "its SETTINGS are waited for");
  offers(origin.made[0]!, true);
  assert.deepEqual(log, ["page", "websocket"]);
  ask("another");
  assert.deepEqual(log.slice(2), ["another"], "at once");
  assert.deepEqual([origin.made.length, origin.dials.length, origin.turnedAway], [1, 0, []]);
});

Deno.test("websocket upstream: a server that does not offer it is asked over HTTP/1, now and later", async () => {
  const { origin, log, ask } = begin(unknown());
  const one = ask("one");
  await origin.accept("http2");
  assert.deepEqual(origin.turnedAway, []);
  offers(origin.made[0]!, false);
  assert.deepEqual(origin.turnedAway, [[one, false]]);
  const two = ask("two", "websocket", true);
  assert.deepEqual(origin.turnedAway[1], [two, true], "fresh stays so");
  origin.made[0]!.transport.deliverClosed();
  ask("three");
  assert.equal(origin.turnedAway.length, 3, "it is remembered");
  assert.deepEqual([log, origin.dials.length], [[], 0]);
  ask("page", "any");
  assert.equal(origin.dials.length, 1);
});

Deno.test("websocket upstream: an offer that comes later counts from then on", async () => {
  const { origin, log, ask } = begin(only("http2"));
  ask("page", "any");
  await origin.accept("http2");
  offers(origin.made[0]!, false);
  ask("early");
  offers(origin.made[0]!, true);
  ask("late");
  assert.deepEqual([log, origin.turnedAway.length], [["page", "late"], 1]);
});

Deno.test("websocket upstream: an origin that turns out to speak HTTP/1 takes it", async () => {
  const { origin, log, ask } = begin(unknown());
  ask("one");
  await origin.accept("http1");
  assert.deepEqual([log, origin.turnedAway], [["one"], []]);
});

Deno.test("websocket upstream: a server that closes before it says anything is a failure, not a loop", async () => {
  const { origin, log, ask } = begin(only("http2"));
  const one = ask("one");
  await origin.accept("http2");
  origin.made[0]!.transport.deliverClosed();
  assert.deepEqual([log, origin.dials.length], [["one failed"], 0]);
  assert.match(one.error!.message, /^origin\.example:80 closed .* SETTINGS/);
});

Deno.test("websocket upstream: who gives up while the SETTINGS are waited for hears nothing", async () => {
  const { origin, log, ask } = begin(only("http2"));
  const one = ask("one");
  await origin.accept("http2");
  origin.connections.cancel(one);
  offers(origin.made[0]!, true);
  assert.deepEqual(log, []);
});

Deno.test("websocket upstream: after a failure it waits for the SETTINGS of a fresh connection", async () => {
  const { origin, log, ask } = begin(only("http2"));
  ask("page", "any");
  await origin.accept("http2");
  offers(origin.made[0]!, true);
  const again = ask("again", "websocket", true);
  assert.equal(origin.dials.length, 1);
  await origin.accept("http2");
  assert.deepEqual(log, ["page"]);
  offers(origin.made[1]!, true);
  assert.equal(again.got?.upstream, origin.made[1]!.upstream);
});

Deno.test("websocket upstream: with all streams taken it waits like any request", async () => {
  const { origin, log, ask } = begin(only("http2"));
  origin.prepare = (codec) => codec.maxStreams = 1;
  const page = ask("page", "any");
  await origin.accept("http2");
  offers(origin.made[0]!, true);
  ask("websocket");
  assert.equal(origin.dials.length, 1);
  page.finish();
  assert.deepEqual(log, ["page", "websocket"]);
});

Deno.test("websocket upstream: connections of HTTP/1 that became tunnels are not among the six", async () => {
  const { origin, log, ask } = begin(only("http1"));
  const wanters = Array.from({ length: CONNECTION_LIMIT }, (_, index) => ask(String(index)));
  for (let count = 0; count < CONNECTION_LIMIT; count++) await origin.accept("http1");
  ask("page", "any");
  assert.equal(origin.dials.length, 0);
  wanters[3]!.got!.leg.tunnel();
  assert.equal(origin.dials.length, 1, "in its place");
  await origin.accept("http1");
  assert.equal(log.at(-1), "page");
  ask("one more", "any");
  assert.equal(origin.dials.length, 0, "and no more than that");
});

Deno.test("websocket upstream: CONNECT for another protocol goes to HTTP/2 that offers it, and nowhere else", async () => {
  {
    const { origin, log, ask } = begin(unknown());
    ask("one", "extended-connect");
    await origin.accept("http2");
    offers(origin.made[0]!, true);
    assert.deepEqual(log, ["one"]);
  }
  {
    const { origin, log, ask } = begin(unknown());
    ask("one", "extended-connect");
    await origin.accept("http2");
    offers(origin.made[0]!, false);
    assert.deepEqual([log, origin.turnedAway], [["one failed"], []]);
  }
  for (const choice of [only("http1"), unknown()]) {
    const { origin, log, ask } = begin(choice);
    const one = ask("one", "extended-connect");
    if (choice.known === null) await origin.accept("http1");
    await settled();
    assert.deepEqual([log, origin.dials.length], [["one failed"], 0]);
    assert.equal(one.error?.code, "no-extended-connect");
  }
});
