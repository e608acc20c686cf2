// Requests that wait for room on the connections to an origin: first come first served, and none is forgotten.

import assert from "node:assert/strict";
import fc from "fast-check";
import { only, type ProtocolChoice } from "../../lib/proxy/dial_upstream.ts";
import { CONNECTION_LIMIT } from "../../lib/proxy/origin_connections.ts";
import type { HttpProtocol } from "../../lib/proxy/origin.ts";
import { MemoryTransport } from "../net/memory_transport.ts";
import { FakeOrigin, Wanter } from "./fake_origin.ts";
import { memoryContext, settled } from "./memory_context.ts";

const unknown = (): ProtocolChoice => ({ offered: ["http2", "http1"], known: null });

function begin(choice: ProtocolChoice) {
  const origin = new FakeOrigin(memoryContext(), choice);
  const log: string[] = [];
  const ask = (name: string | number, fresh = false): Wanter => {
    const wanter = new Wanter(String(name), log);
    origin.connections.acquire(wanter, fresh);
    return wanter;
  };
  return { origin, log, ask };
}

Deno.test("queue: HTTP/1 takes six connections, then one waits for another, first come first served", async () => {
  const { origin, log, ask } = begin(only("http1"));
  const wanters = Array.from({ length: 10 }, (_, index) => ask(index));
  assert.equal(origin.dials.length, CONNECTION_LIMIT);
  for (let count = 0; count < 6; count++) await origin.accept("http1");
  assert.deepEqual(log, ["0", "1", "2", "3", "4", "5"]);
  assert.equal(origin.dials.length, 0);
  wanters[3]!.finish();
  wanters[0]!.finish();
  assert.deepEqual(log.slice(6), ["6", "7"]);
  assert.equal(wanters[6]!.got?.upstream, origin.made[3]!.upstream, "on the connection that became free");
  ask("late");
  wanters[7]!.finish();
  wanters[6]!.finish();
  wanters[1]!.finish();
  assert.deepEqual(log.slice(8), ["8", "9", "late"], "nobody passes those who wait");
});

Deno.test("queue: a free connection is taken at once, before the call returns", async () => {
  const { origin, ask } = begin(only("http1"));
  const first = ask("first");
  await origin.accept("http1");
  first.finish();
  const second = ask("second");
  assert.equal(second.got?.upstream, origin.made[0]!.upstream);
  assert.equal(origin.dials.length, 0);
});

Deno.test("queue: who waits dials anew when a connection closes", async () => {
  const { origin, log, ask } = begin(only("http1"));
  for (let count = 0; count < 8; count++) ask(count);
  for (let count = 0; count < 6; count++) await origin.accept("http1");
  origin.made[2]!.transport.deliverClosed();
  assert.equal(origin.dials.length, 1, "one for the one that closed");
  await origin.accept("http1");
  assert.deepEqual(log.slice(6), ["6"]);
});

Deno.test("queue: HTTP/2 is one connection for all, and all wait for its one dial", async () => {
  const { origin, log, ask } = begin(only("http2"));
  for (let count = 0; count < 20; count++) ask(count);
  assert.equal(origin.dials.length, 1);
  await origin.accept("http2");
  assert.equal(log.length, 20);
  assert.deepEqual([origin.made.length, origin.made[0]!.codec.active], [1, 20]);
});

Deno.test("queue: while nobody knows what the origin speaks all wait; if it is HTTP/1 they dial", async () => {
  const { origin, log, ask } = begin(unknown());
  for (let count = 0; count < 9; count++) ask(count);
  assert.equal(origin.dials.length, 1);
  await origin.accept("http1");
  assert.deepEqual(log, ["0"]);
  assert.equal(origin.dials.length, CONNECTION_LIMIT - 1);
  for (let count = 1; count < 6; count++) await origin.accept("http1");
  assert.deepEqual(log, ["0", "1", "2", "3", "4", "5"]);
  assert.equal(origin.dials.length, 0);
});

Deno.test("queue: HTTP/2 with all streams taken: one connection more, up to six, then it waits", async () => {
  const { origin, log, ask } = begin(only("http2"));
  origin.prepare = (codec) => codec.maxStreams = 2;
  const wanters = Array.from({ length: 15 }, (_, index) => ask(index));
  for (let count = 0; count < 6; count++) {
    assert.equal(origin.dials.length, 1, "one after the other: the next may be enough");
    await origin.accept("http2");
  }
  assert.equal(log.length, 12);
  assert.equal(origin.dials.length, 0);
  wanters[5]!.finish();
  assert.deepEqual(log.slice(12), ["12"]);
});

Deno.test("queue: SETTINGS that allow more streams are noticed, without any event", async () => {
  const { origin, log, ask } = begin(only("http2"));
  origin.prepare = (codec) => codec.maxStreams = 1;
  for (let count = 0; count < 9; count++) ask(count);
  for (let count = 0; count < 6; count++) await origin.accept("http2");
  assert.equal(log.length, 6);
  const { codec, transport } = origin.made[4]!;
  codec.maxStreams = 3;
  transport.deliver("SETTINGS");
  assert.deepEqual(log.slice(6), ["6", "7"]);
});

Deno.test("queue: a server that takes no stream for the moment is waited for", async () => {
  const { origin, log, ask } = begin(only("http2"));
  origin.prepare = (codec) => codec.maxStreams = 0;
  ask("one");
  for (let count = 0; count < 6; count++) await origin.accept("http2");
  assert.equal(origin.dials.length, 0);
  assert.deepEqual(log, []);
  origin.made[0]!.codec.maxStreams = 1;
  origin.made[0]!.transport.deliver("SETTINGS");
  assert.deepEqual(log, ["one"]);
});

Deno.test("queue: after GOAWAY new requests go to a new connection, the old ones stay", async () => {
  const { origin, ask } = begin(only("http2"));
  const old = ask("old");
  await origin.accept("http2");
  origin.made[0]!.codec.maxStreams = 0;
  const young = ask("young");
  assert.equal(origin.dials.length, 1);
  await origin.accept("http2");
  assert.equal(old.got?.upstream, origin.made[0]!.upstream);
  assert.equal(young.got?.upstream, origin.made[1]!.upstream);
});

Deno.test("queue: a dial that fails is told to all who waited for it, and is not tried again", async () => {
  for (const choice of [only("http2"), unknown()]) {
    const { origin, log, ask } = begin(choice);
    for (let count = 0; count < 4; count++) ask(count);
    await origin.refuse();
    assert.deepEqual(log, ["0 failed", "1 failed", "2 failed", "3 failed"]);
    assert.equal(origin.dials.length, 0);
    ask("later");
    assert.equal(origin.dials.length, 1, "who comes later tries again");
  }
});

Deno.test("queue: HTTP/1 dials are told to their own request; beyond six to those who had nothing else", async () => {
  const { origin, log, ask } = begin(only("http1"));
  for (let count = 0; count < 8; count++) ask(count);
  await origin.accept("http1");
  await origin.refuse();
  // Whose dial it was matters to nobody: one less is under way, and one request is told.
  assert.deepEqual(log, ["0", "1 failed"]);
  assert.equal(origin.dials.length, 5, "the seventh and the eighth had none of their own");
  for (let count = 0; count < 5; count++) await origin.refuse();
  assert.deepEqual(log.slice(2).sort(), ["2 failed", "3 failed", "4 failed", "5 failed", "6 failed"]);
  assert.equal(origin.dials.length, 1);
});

Deno.test("queue: beyond six dials, with nothing else to hope for, one waits for the oldest and fails with it", async () => {
  const { origin, log, ask } = begin(only("http1"));
  for (let count = 0; count < 8; count++) ask(count);
  await origin.refuse();
  assert.deepEqual(log, ["0 failed", "6 failed", "7 failed"]);
  assert.equal(origin.dials.length, 5);
});

Deno.test("queue: who gives up leaves the queue, and its dial serves the next", async () => {
  const { origin, log, ask } = begin(only("http1"));
  const first = ask("first");
  ask("second");
  assert.equal(origin.dials.length, 2);
  origin.connections.cancel(first);
  ask("third");
  assert.equal(origin.dials.length, 2, "the dial of the first is the third's now");
  await origin.accept("http1");
  await origin.accept("http1");
  assert.deepEqual(log, ["second", "third"]);
  assert.equal(first.calls, 0);
});

Deno.test("queue: a connection nobody waits for any more is kept for the next request", async () => {
  const { origin, ask } = begin(only("http1"));
  origin.connections.cancel(ask("gone"));
  await origin.accept("http1");
  assert.equal(ask("next").got?.upstream, origin.made[0]!.upstream);
});

Deno.test("queue: a fresh connection is one that was not open when it was asked for", async () => {
  const { origin, ask } = begin(only("http1"));
  const first = ask("first");
  await origin.accept("http1");
  first.finish();
  const again = ask("again", true);
  assert.deepEqual([again.calls, origin.dials.length], [0, 1]);
  await origin.accept("http1");
  assert.equal(again.got?.upstream, origin.made[1]!.upstream);
});

Deno.test("queue: for a fresh connection an idle one gives way when there are six", async () => {
  const { origin, ask } = begin(only("http1"));
  const wanters = Array.from({ length: 6 }, (_, index) => ask(index));
  for (let count = 0; count < 6; count++) await origin.accept("http1");
  wanters[4]!.finish();
  const again = ask("again", true);
  assert.equal(origin.dials.length, 1);
  assert.deepEqual(origin.made.map(({ transport }) => transport.endings), [[], [], [], [], ["close"], []]);
  await origin.accept("http1");
  assert.equal(again.got?.upstream, origin.made[6]!.upstream);
});

Deno.test("queue: one that only waits for the origin to close as well makes room", async () => {
  const { origin, log, ask } = begin(only("http1"));
  const wanters = Array.from({ length: 6 }, (_, index) => ask(index));
  for (let count = 0; count < 6; count++) await origin.accept("http1");
  origin.made[1]!.codec.closing = true;
  wanters[1]!.finish();
  ask("next");
  assert.equal(origin.dials.length, 1);
  await origin.accept("http1");
  assert.deepEqual(log.slice(6), ["next"]);
});

Deno.test("queue: an origin that closes as soon as it is connected is a failure, not a loop", async () => {
  for (const protocol of ["http1", "http2"] as const) {
    const { origin, log, ask } = begin(only(protocol));
    ask("one");
    const transport = new MemoryTransport();
    transport.deliverClosed();
    await origin.accept(protocol, transport);
    assert.deepEqual([log, origin.dials.length], [["one failed"], 0]);
  }
});

Deno.test("queue: closed with its client, it drops what is dialed and forgets who waits", async () => {
  const { origin, log, ask } = begin(only("http1"));
  ask("one");
  origin.connections.close();
  const dial = origin.dials[0]!;
  dial.resolve({ transport: new MemoryTransport(), record: null as never, protocol: "http1" });
  await settled();
  assert.deepEqual([log, origin.made.length, origin.dropped.length], [[], 0, 1]);
  const late = ask("late");
  assert.equal(late.error?.message, "the client has gone");
});

Deno.test("queue: whatever happens, everybody is served once, or told, and nobody is forgotten", async () => {
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.constant("ask" as const) },
    fc.constant("ask fresh" as const),
    { weight: 2, arbitrary: fc.constant("accept http1" as const) },
    fc.constant("accept http2" as const),
    fc.constant("refuse" as const),
    { weight: 3, arbitrary: fc.constant("finish" as const) },
    fc.constant("cancel" as const),
    fc.constant("close" as const),
    fc.constant("goaway" as const),
  );
  const start = fc.constantFrom<"http1" | "http2" | null>("http1", "http2", null);
  const run = async (known: HttpProtocol | null, steps: { what: string; which: number }[]) => {
    const { origin, ask } = begin(known === null ? unknown() : only(known));
    origin.prepare = (codec) => {
      if (codec.multiplexes) codec.maxStreams = 3;
    };
    const all: Wanter[] = [];
    const cancelled = new Set<Wanter>();
    const pick = <Item>(items: Item[], which: number): Item | undefined => items[which % items.length];
    const isOpen = (wanter: Wanter) => wanter.got !== null && !wanter.got.upstream.driver.isClosed;
    const accept = async (protocol: HttpProtocol) => {
      if (origin.dials.length > 0) await origin.accept(protocol);
    };
    const finish = (which: number) => pick(all.filter(isOpen), which)?.finish();
    for (const { what, which } of steps) {
      if (what === "ask" || what === "ask fresh") all.push(ask(all.length, what === "ask fresh"));
      else if (what === "accept http1") await accept("http1");
      else if (what === "accept http2") await accept("http2");
      else if (what === "refuse") await origin.refuse();
      else if (what === "finish") finish(which);
      else if (what === "cancel") {
        const wanter = pick(all.filter(({ calls }) => calls === 0), which);
        if (wanter === undefined) continue;
        cancelled.add(wanter);
        origin.connections.cancel(wanter);
      } else {
        const made = pick(origin.made.filter(({ upstream }) => !upstream.driver.isClosed), which);
        if (what === "close") made?.transport.deliverClosed();
        else if (made !== undefined) made.codec.maxStreams = 0;
      }
      const live = origin.made.filter(({ upstream }) => !upstream.driver.isClosed).length;
      assert.ok(live + origin.dials.length <= CONNECTION_LIMIT, "never more than six");
      for (const wanter of all) assert.ok(wanter.calls <= (cancelled.has(wanter) ? 0 : 1));
    }
    // Everything that can move does: then all must have been served.
    for (
      let rounds = 0;
      rounds < 500 && all.some((one) => one.calls === 0 && !cancelled.has(one));
      rounds++
    ) {
      await accept("http1");
      finish(0);
      for (const { upstream, codec, transport } of origin.made) {
        if (!upstream.driver.isClosed && codec.maxStreams === 0 && upstream.isIdle) transport.deliverClosed();
      }
    }
    for (const wanter of all) assert.equal(wanter.calls, cancelled.has(wanter) ? 0 : 1, wanter.name);
  };
  await fc.assert(
    fc.asyncProperty(
      start,
      fc.array(fc.record({ what: step, which: fc.nat(20) }), { maxLength: 100, size: "max" }),
      run,
    ),
    { numRuns: 100 },
  );
});
