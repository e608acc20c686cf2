// Hooks on raw TCP: messages held, edited, dropped and injected; what was done is seen in the record.

import assert from "node:assert/strict";
import type { TcpFlow, TcpMessage } from "../../lib/flow/record.ts";
import type { MessageControl } from "../../lib/hooks/hooks.ts";
import { floodUntilStopped } from "../net/flood.ts";
import { difference, pattern } from "../net/socket_pairs.ts";
import { converse, kinds } from "./conversation.ts";

function text(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

const ascii = (value: string) => new TextEncoder().encode(value);

/** Content, length and marks of each message. */
function marks({ messages }: TcpFlow): [string, number, string][] {
  return messages.map((message: TcpMessage) => [
    (message.fromClient ? "> " : "< ") + text(message.content),
    message.length,
    ["edited", "dropped", "injected"].filter((mark) => message[mark as "edited"]).join(" "),
  ]);
}

for (const [name, tls] of kinds) {
  Deno.test(`tcp hooks, ${name}: a held message waits, with all behind it in order; the other direction goes on`, async () => {
    const release = Promise.withResolvers<void>();
    const held = Promise.withResolvers<TcpFlow>();
    await using conversation = await converse({
      tls,
      prepare: ({ hooks }) =>
        hooks.on("tcpMessage", (flow, message) => {
          if (text(message.content) !== "hold me") return;
          held.resolve(flow as TcpFlow);
          return release.promise;
        }),
    });
    const { client, server, proxy } = conversation;
    client.send("before");
    await server.until("before");
    client.send("hold me");
    const flow = await held.promise;
    assert.equal(flow.held, true);
    client.send("behind");
    client.finish();
    server.send("answer");
    await client.until("answer");
    assert.equal(server.received, "before");
    release.resolve();
    await server.end();
    assert.equal(server.received, "beforehold mebehind");
    assert.equal(flow.held, false);
    server.finish();
    await proxy.tcp();
    assert.deepEqual(marks(flow), [
      ["> before", 6, ""],
      ["> hold me", 7, ""],
      ["< answer", 6, ""],
      ["> behind", 6, ""],
    ]);
  });

  Deno.test(`tcp hooks, ${name}: while a message is held its sender is stopped`, async () => {
    const release = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    let holding = true;
    await using conversation = await converse({
      tls,
      settings: { captureLimit: 0 },
      prepare: ({ hooks }) =>
        hooks.on("tcpMessage", () => {
          if (!holding) return;
          held.resolve();
          return release.promise;
        }),
    });
    const { client, server, proxy } = conversation;
    const flood = await floodUntilStopped(client.socket);
    await held.promise;
    assert.ok(flood.bytes <= 16 * 1024 * 1024, `the client could write ${flood.bytes} bytes`);
    const [flow] = [...proxy.store.flows()] as TcpFlow[];
    assert.ok(flow!.bytesFromClient <= 256 * 1024, `${flow!.bytesFromClient} bytes were read`);
    assert.equal(server.received, "");
    flood.stop();
    holding = false;
    release.resolve();
    client.finish();
    await server.end();
    const received = Uint8Array.from(server.received, (character) => character.charCodeAt(0));
    assert.ok(received.length >= flood.bytes);
    assert.equal(difference(received, pattern(received.length, 7)), null);
  });

  Deno.test(`tcp hooks, ${name}: edited, dropped, and left alone, in both directions`, async () => {
    await using conversation = await converse({
      tls,
      prepare: ({ hooks }) =>
        hooks.on("tcpMessage", (_flow, message, control) => {
          const said = text(message.content);
          if (said.startsWith("edit")) control.replace(ascii(said.toUpperCase() + "!"));
          if (said.startsWith("drop")) control.drop();
          if (said.startsWith("empty")) control.replace(new Uint8Array(0));
        }),
    });
    const { client, server, proxy } = conversation;
    const seen = async (to: typeof server, from: typeof server, said: string, wanted: string) => {
      from.send(said);
      await to.until(wanted);
    };
    await seen(server, client, "edit me", "EDIT ME!");
    client.send("drop me");
    await new Promise<void>((resolve) => {
      const stop = proxy.hooks.on("tcpMessage", () => {
        stop();
        resolve();
      });
    });
    await seen(server, client, "leave me", "leave me");
    await seen(client, server, "edit you", "EDIT YOU!");
    assert.equal(server.received, "EDIT ME!leave me");
    client.finish();
    server.finish();
    const flow = await proxy.tcp();
    assert.deepEqual(marks(flow), [
      ["> EDIT ME!", 8, "edited"],
      ["> drop me", 7, "dropped"],
      ["> leave me", 8, ""],
      ["< EDIT YOU!", 9, "edited"],
    ]);
    assert.deepEqual(proxy.hookErrors, []);
  });

  Deno.test(`tcp hooks, ${name}: injected in both directions, from the start and at any time`, async () => {
    let late: MessageControl["inject"] = () => {};
    await using conversation = await converse({
      tls,
      prepare: ({ hooks }) => {
        hooks.on("tcpStart", (_flow, control) => {
          late = control.inject;
          control.inject(true, ascii("welcome "));
        });
        hooks.on("tcpMessage", (_flow, message, control) => {
          if (message.fromClient) control.inject(false, ascii("[seen] "));
        });
      },
    });
    const { client, server, proxy } = conversation;
    client.send("hello");
    await client.until("welcome ");
    await server.until("[seen] hello");
    late(false, ascii(" late"));
    await server.until(" late");
    late(true, ascii("later"));
    await client.until("welcome later");
    client.finish();
    server.finish();
    const flow = await proxy.tcp();
    late(true, ascii("too late"));
    assert.deepEqual(marks(flow).map(([said, , mark]) => `${said} ${mark}`).sort(), [
      "< later injected",
      "< welcome  injected",
      ">  late injected",
      "> [seen]  injected",
      "> hello ",
    ]);
  });

  Deno.test(`tcp hooks, ${name}: nothing moves before the start hook is done; it comes first, the end last, once`, async () => {
    const release = Promise.withResolvers<void>();
    const told: string[] = [];
    const started = Promise.withResolvers<TcpFlow>();
    await using conversation = await converse({
      tls,
      onConnection: (connection) => connection.send("greeting"),
      prepare: ({ hooks }) => {
        hooks.on("tcpStart", (flow) => {
          told.push("start");
          started.resolve(flow as TcpFlow);
          return release.promise;
        });
        hooks.on("tcpMessage", (_flow, message) => void told.push(text(message.content)));
        hooks.on("tcpEnd", () => void told.push("end"));
      },
    });
    const { client, server, proxy } = conversation;
    const flow = await started.promise;
    client.send("early");
    assert.equal(flow.held, true);
    assert.equal(flow.endedAt, null);
    release.resolve();
    await client.until("greeting");
    await server.until("early");
    client.finish();
    server.finish();
    await proxy.tcp();
    assert.deepEqual([told[0], ...told.slice(1, -1).sort(), told.at(-1)], [
      "start",
      "early",
      "greeting",
      "end",
    ]);
    assert.equal(told.length, 4);
  });

  Deno.test(`tcp hooks, ${name}: killed while a message is held`, async () => {
    const held = Promise.withResolvers<MessageControl>();
    const release = Promise.withResolvers<void>();
    await using conversation = await converse({
      tls,
      prepare: ({ hooks }) =>
        hooks.on("tcpMessage", (_flow, _message, control) => {
          held.resolve(control);
          return release.promise;
        }),
    });
    const { client, server, proxy } = conversation;
    client.send("x");
    (await held.promise).kill();
    await Promise.all([client.end(), server.end()]);
    release.resolve();
    const flow = await proxy.tcp();
    assert.deepEqual([flow.killed, flow.held, server.received], [true, false, ""]);
  });
}

Deno.test("tcp hooks: a hook that throws is reported, and the message goes on", async () => {
  await using conversation = await converse({
    tls: false,
    prepare: ({ hooks }) =>
      hooks.on("tcpMessage", () => {
        throw new Error("oops");
      }),
  });
  const { client, server, proxy } = conversation;
  client.send("x");
  await server.until("x");
  assert.deepEqual(proxy.hookErrors.map(String), ["Error: oops"]);
});
