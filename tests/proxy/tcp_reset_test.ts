// A reset on one side is a reset on the other, plain and through TLS. Seen on the wire, since TLS stacks of peers hide it.

import assert from "node:assert/strict";
import { type Conversation, converse, kinds } from "./conversation.ts";
import type { Side } from "./wire_tap.ts";

/** Both wires' ends: the outer ones are client and origin, the inner ones the proxy. */
async function ends(conversation: Conversation): Promise<{ client: Side; server: Side }> {
  const toClient = await conversation.wires!.client.wire();
  const toServer = await conversation.wires!.server.wire();
  return { client: toClient.far, server: toServer.near };
}

for (const [name, tls] of kinds) {
  for (const who of ["client", "server"] as const) {
    const other = who === "client" ? "server" : "client";

    Deno.test(`reset, ${name}: the ${who}'s is one for the ${other}`, async () => {
      await using conversation = await converse({ tls, wires: true });
      const { client, server, proxy } = conversation;
      client.send("x");
      await server.until("x");
      const inner = await ends(conversation);
      // As if it came from there.
      inner[who].reset();
      assert.equal(await inner[other].over(), "ECONNRESET");
      const flow = await proxy.tcp();
      assert.equal(flow.error?.code, "reset");
      assert.equal(flow.error.by, who);
      assert.equal(flow.error.message, `the ${who} reset the connection`);
      assert.equal(flow.killed, false);
    });

    Deno.test(`reset, ${name}: the ${who}'s, after the ${other} has ended its direction`, async () => {
      await using conversation = await converse({ tls, wires: true });
      const { client, server } = conversation;
      const [one, two] = who === "client" ? [client, server] : [server, client];
      two.send("bye");
      two.finish();
      await one.until("bye");
      await one.end();
      const inner = await ends(conversation);
      inner[who].reset();
      assert.equal(await inner[other].over(), "ECONNRESET");
    });
  }

  Deno.test(`reset, ${name}: a hook that kills resets both`, async () => {
    await using conversation = await converse({
      tls,
      wires: true,
      prepare: ({ hooks }) => hooks.on("tcpMessage", (_flow, _message, control) => control.kill()),
    });
    const { client, proxy, server } = conversation;
    const inner = await ends(conversation);
    client.send("x");
    assert.equal(await inner.client.over(), "ECONNRESET");
    assert.equal(await inner.server.over(), "ECONNRESET");
    assert.equal(server.received, "", "and forwards nothing");
    const flow = await proxy.tcp();
    assert.equal(flow.killed, true);
    assert.equal(flow.error?.code, "killed");
    assert.equal(flow.error.by, "proxy");
  });

  Deno.test(`reset, ${name}: a conversation on which nothing moves is reset after the stall timeout`, async () => {
    await using conversation = await converse({ tls, wires: true, settings: { stallTimeout: 300 } });
    const { client, server, proxy } = conversation;
    const inner = await ends(conversation);
    client.send("x");
    await server.until("x");
    assert.equal(await inner.client.over(), "ECONNRESET");
    assert.equal(await inner.server.over(), "ECONNRESET");
    const flow = await proxy.tcp();
    assert.equal(flow.error?.code, "stalled");
    assert.equal(flow.error.by, "proxy");
    assert.equal(flow.error.message, "nothing moved for 0.3 s (--stall-timeout): closed");
  });

  Deno.test(`reset, ${name}: the proxy stops: what is open is reset after its grace`, async () => {
    await using conversation = await converse({ tls, wires: true });
    const { client, server, proxy } = conversation;
    client.send("x");
    await server.until("x");
    const inner = await ends(conversation);
    await proxy.proxy.stop(10);
    assert.equal(await inner.client.over(), "ECONNRESET");
    assert.equal(await inner.server.over(), "ECONNRESET");
    const flow = await proxy.tcp();
    assert.deepEqual([flow.killed, flow.error?.by, flow.error?.code], [false, "proxy", "stopped"]);
  });
}

Deno.test("reset, plain: the peer's own system says ECONNRESET", async () => {
  for (const who of ["client", "server"] as const) {
    await using conversation = await converse({ tls: false });
    const { client, server } = conversation;
    client.send("x");
    await server.until("x");
    const [one, two] = who === "client" ? [client, server] : [server, client];
    one.reset();
    assert.equal(await two.closed(), "ECONNRESET");
  }
});
