// The raw TCP session alone, between two transports without a network: orders of events a real one gives only sometimes.

import assert from "node:assert/strict";
import { FlowStore } from "../../lib/flow/store.ts";
import { Hooks } from "../../lib/hooks/hooks.ts";
import { type Deadline, Deadlines } from "../../lib/net/deadlines.ts";
import { Ids, newConnectionRecord, type ProxyContext } from "../../lib/proxy/context.ts";
import { newTcpFlow } from "../../lib/proxy/new_flow.ts";
import { RunningFlows } from "../../lib/proxy/running_flows.ts";
import { TcpSession } from "../../lib/proxy/tcp_session.ts";
import type { TcpFlow } from "../../lib/flow/record.ts";
import type { Settings } from "../../lib/proxy/settings.ts";
import { testSettings } from "../kit/proxy_fixture.ts";
import { MemoryTransport } from "../net/memory_transport.ts";

interface Started {
  client: MemoryTransport;
  server: MemoryTransport;
  session: TcpSession;
  flow: TcpFlow;
  hooks: Hooks;
  /** How often the session said that it is over. */
  over: () => number;
  /** So many milliseconds from now. */
  later: (milliseconds: number) => void;
}

function start(
  options: {
    settings?: Partial<Settings>;
    recorded?: boolean;
    prepare?: (hooks: Hooks) => void;
    /** What the client has said before the session began. */
    early?: string;
  } = {},
): Started {
  const hooks = new Hooks((_name, error) => {
    throw error;
  });
  options.prepare?.(hooks);
  const deadlines = new Deadlines();
  const made: Deadline[] = [];
  const context = {
    settings: testSettings(options.settings),
    hooks,
    store: new FlowStore({ byteBudget: 1_000_000, flowLimit: 100 }),
    deadlines: {
      create: (expired: () => void) => {
        const deadline = deadlines.create(expired);
        made.push(deadline);
        return deadline;
      },
    },
    ids: new Ids(),
    running: new RunningFlows(),
  } as unknown as ProxyContext;
  const client = new MemoryTransport();
  const server = new MemoryTransport();
  client.completesWrites = server.completesWrites = false;
  if (options.early !== undefined) client.deliver(options.early);
  const target = { host: "example.com", port: 443 };
  const flow = newTcpFlow(
    context,
    newConnectionRecord(context, client.remote, client.local, null),
    target,
    false,
  );
  let over = 0;
  const session = new TcpSession(
    context,
    { client, server, serverRecord: newConnectionRecord(context, server.remote, null, target) },
    options.recorded === false ? null : flow,
    () => over++,
  );
  session.start();
  return {
    client,
    server,
    session,
    flow,
    hooks,
    over: () => over,
    later: (milliseconds) => {
      for (const deadline of made) deadline.check(performance.now() + milliseconds);
    },
  };
}

Deno.test("tcp session: a source that has closed in good order does not take its last bytes with it", () => {
  const { client, server, flow, over } = start();
  client.deliverEnd();
  assert.deepEqual(server.endings, ["end"]);
  server.deliver("one");
  server.deliver("two");
  // Both directions of its socket are over: it closes, while the client still takes the first piece.
  server.deliverEnd();
  server.deliverClosed(null);
  assert.deepEqual(client.endings, []);
  client.completeWrite();
  assert.deepEqual(client.writes, ["one", "two"]);
  assert.deepEqual(client.endings, []);
  client.completeWrite();
  assert.deepEqual(client.endings, ["end"]);
  assert.equal(flow.error, null);
  assert.equal(over(), 1);
});

Deno.test("tcp session: the same when it is the client that has closed", () => {
  const { client, server, flow, over } = start();
  server.deliverEnd();
  client.deliver("last");
  client.deliverEnd();
  client.deliverClosed(null);
  assert.deepEqual(server.endings, []);
  server.completeWrite();
  assert.deepEqual(server.endings, ["end"]);
  assert.equal(flow.error, null);
  assert.equal(over(), 1);
});

Deno.test("tcp session: a message held at the end is not lost either", async () => {
  const release = Promise.withResolvers<void>();
  const { client, server } = start({ prepare: (hooks) => hooks.on("tcpMessage", () => release.promise) });
  client.deliverEnd();
  server.deliver("held");
  server.deliverEnd();
  server.deliverClosed(null);
  assert.deepEqual(client.endings, []);
  release.resolve();
  await until(() => client.writes.length > 0);
  assert.deepEqual(client.writes, ["held"]);
  client.completeWrite();
  assert.deepEqual(client.endings, ["end"]);
});

Deno.test("tcp session: a reader that does not take its bytes stops the sender, and starts it again", () => {
  const { client, server } = start();
  const chunk = "x".repeat(60_000);
  assert.equal(server.deliver(chunk), true);
  assert.equal(server.deliver(chunk), true);
  assert.equal(server.deliver(chunk), false, "180 000 bytes wait");
  assert.equal(client.reading, true, "the other direction is free");
  client.completeWrite();
  assert.equal(server.reading, true, "120 000 bytes wait");
  assert.equal(client.writes.length, 2, "one write at a time");
});

Deno.test("tcp session: a reset on one side is a reset on the other, and what waits is given up", () => {
  for (const who of ["client", "server"] as const) {
    const started = start();
    const [torn, other] = who === "client"
      ? [started.client, started.server]
      : [started.server, started.client];
    torn.deliver("x");
    torn.deliverClosed({ code: "reset", message: "ECONNRESET" });
    assert.ok(other.endings.includes("reset"), who);
    assert.equal(started.flow.error?.by, who);
    assert.equal(started.flow.error.code, "reset");
    assert.equal(started.flow.error.message, `the ${who} reset the connection`);
    assert.equal(started.over(), 1);
  }
});

Deno.test("tcp session: without a record no hook hears of it", () => {
  let heard = 0;
  const { client, server, over } = start({
    recorded: false,
    prepare: (hooks) => {
      hooks.on("tcpStart", () => void heard++);
      hooks.on("tcpMessage", () => void heard++);
      hooks.on("tcpEnd", () => void heard++);
    },
  });
  client.deliver("x");
  assert.deepEqual(server.writes, ["x"]);
  server.completeWrite();
  client.deliverEnd();
  server.deliverEnd();
  assert.equal(heard, 0);
  assert.equal(over(), 1);
});

Deno.test("tcp session: what is injected after a direction has ended goes nowhere", () => {
  let inject: (toClient: boolean, content: Uint8Array) => void = () => {};
  const { client, server, flow } = start({
    prepare: (hooks) => hooks.on("tcpStart", (_flow, control) => void (inject = control.inject)),
  });
  server.deliverEnd();
  assert.deepEqual(client.endings, ["end"]);
  inject(true, Uint8Array.of(65));
  assert.deepEqual(client.writes, []);
  assert.deepEqual(flow.messages, [], "and is no message");
  inject(false, Uint8Array.of(66));
  assert.deepEqual(server.writes, ["B"], "the other direction stands");
  server.completeWrite();
  client.deliverEnd();
  inject(false, Uint8Array.of(67));
  assert.deepEqual(server.writes, ["B"]);
});

Deno.test("tcp session: killed while it starts, it forwards and tells nothing, not even what came early", async () => {
  for (const held of [false, true]) {
    const release = Promise.withResolvers<void>();
    const told: string[] = [];
    let kill = () => {};
    const { client, server, flow, over } = start({
      early: "early",
      prepare: (hooks) => {
        hooks.on("tcpStart", (_flow, control) => {
          kill = () => control.kill();
          if (held) return release.promise;
          kill();
        });
        hooks.on("tcpMessage", () => void told.push("message"));
        hooks.on("tcpEnd", () => void told.push("end"));
      },
    });
    if (held) kill();
    release.resolve();
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    assert.deepEqual(told, ["end"]);
    assert.deepEqual(server.writes, []);
    assert.ok(client.endings.includes("reset") && server.endings.includes("reset"));
    assert.deepEqual(flow.messages, []);
    assert.equal(flow.killed, true);
    assert.equal(flow.error?.code, "killed");
    assert.equal(over(), 1);
  }
});

Deno.test("tcp session: nothing moves for too long: both are reset; each chunk starts the time anew", () => {
  const { client, server, flow, later, over } = start({ settings: { stallTimeout: 10_000 } });
  later(9_000);
  assert.equal(over(), 0);
  later(10_001);
  assert.ok(client.endings.includes("reset") && server.endings.includes("reset"));
  assert.equal(flow.error?.code, "stalled");
  assert.equal(over(), 1);
});

Deno.test("tcp session: what a hook holds does not count against the stall timeout", async () => {
  const release = Promise.withResolvers<void>();
  const { client, server, later, over } = start({
    settings: { stallTimeout: 10_000 },
    prepare: (hooks) => hooks.on("tcpMessage", () => release.promise),
  });
  client.deliver("x");
  for (let again = 0; again < 3; again++) later(60_000);
  assert.equal(over(), 0);
  release.resolve();
  await until(() => server.writes.length > 0);
  later(60_000);
  assert.equal(over(), 1, "then it counts again");
});

Deno.test("tcp session: transports that do not close by themselves after both ends are let go", () => {
  const { client, server, flow, later, over } = start();
  client.deliverEnd();
  server.deliverEnd();
  assert.equal(over(), 1);
  assert.deepEqual([client.endings, server.endings], [["end"], ["end"]]);
  later(2_001);
  assert.deepEqual([client.endings, server.endings], [["end", "close"], ["end", "close"]]);
  assert.equal(flow.error, null);
  assert.equal(over(), 1);
});

async function until(reached: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100; turn++) {
    if (reached()) return;
    await Promise.resolve();
  }
  assert.fail("it did not come");
}
