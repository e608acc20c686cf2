// Hooks on a WebSocket's messages: held, edited, dropped; what was done is seen in the record.

import assert from "node:assert/strict";
import { latin1Decode, latin1Encode } from "../../lib/bytes/latin1.ts";
import { HELD_MESSAGE_SIZE } from "../../lib/proxy/websocket_message.ts";
import { fromClient, fromServer, joined, readFrames } from "../kit/websocket_frames.ts";
import { controlOf, gate, openWebSocket, recordWords } from "./websocket_in_memory.ts";

const HOLD = { holdMessage: () => true };
const ways = [["client", fromClient, ">"], ["server", fromServer, "<"]] as const;

for (const [name, say, arrow] of ways) {
  const open = async (options = {}) => {
    const webSocket = await openWebSocket(options);
    const { client, server, hooks } = webSocket;
    const [from, to] = name === "client" ? [client, server] : [server, client];
    return { webSocket, hooks, from, to };
  };

  Deno.test(`websocket hooks, ${name}: what is held waits, with all behind it in order; the other direction goes on`, async () => {
    const { webSocket, hooks, from, to } = await open();
    using _ = webSocket;
    const held = gate();
    hooks.on("websocketMessage", (_flow, { body }) => {
      if (latin1Decode(body.bytes()) === "hold me") return held.promise;
    }, HOLD);
    await from.say(say.text("before"));
    await from.say(say.text("hold", { more: true }));
    assert.equal(webSocket.flow.held, false, "it is not complete");
    await from.say(say.continuation(" me"), say.binary("behind"), say.text("last", { more: true }));
    assert.equal(webSocket.flow.held, true);
    await to.say((name === "client" ? fromServer : fromClient).text("answer"));
    assert.deepEqual(from.heard, ['text "answer"']);
    assert.deepEqual(to.heard, ['text "before"']);
    await from.say(say.continuation("!"));
    await held.open();
    assert.equal(webSocket.flow.held, false);
    assert.deepEqual(to.heard, [
      'text "before"',
      'text more "hold"',
      'continuation " me"',
      'binary "behind"',
      'text more "last"',
      'continuation "!"',
    ]);
    assert.equal(webSocket.flow.edited, false);
    assert.deepEqual(webSocket.recorded.filter((words) => words.startsWith(arrow)), [
      `${arrow} text "before"`,
      `${arrow} text "hold me"`,
      `${arrow} binary "behind"`,
      `${arrow} text "last!"`,
    ]);
  });

  Deno.test(`websocket hooks, ${name}: a held message keeps its frames, also empty ones`, async () => {
    const { webSocket, hooks, from, to } = await open();
    using _ = webSocket;
    hooks.on("websocketMessage", () => {}, HOLD);
    const frames = [
      say.text("", { more: true }),
      say.continuation("a", { more: true }),
      say.continuation("", { more: true }),
      say.continuation("b".repeat(300), { more: true }),
      say.continuation(""),
      say.binary(""),
    ];
    await from.say(joined(frames));
    assert.deepEqual(to.heard, [
      'text more ""',
      'continuation more "a"',
      'continuation more ""',
      "continuation more (300)",
      'continuation ""',
      'binary ""',
    ]);
    const masks = name === "client";
    assert.ok(readFrames(to.bytes).frames.every(({ key }) => (key !== null) === masks));
    assert.equal(webSocket.flow.edited, false);
  });

  Deno.test(`websocket hooks, ${name}: edited, shorter, longer, empty, and large: each in one frame of its type`, async () => {
    const { webSocket, hooks, from, to } = await open();
    using _ = webSocket;
    hooks.on("websocketMessage", (_flow, { body }, control) => {
      const content = latin1Decode(body.bytes());
      if (/^\d+$/.test(content)) control.replace(new Uint8Array(Number(content)).fill(0x78));
    }, HOLD);
    await from.say(
      say.text("3"),
      say.text("1", { more: true }),
      say.continuation("26"),
      say.binary("0"),
      say.binary("70000"),
      say.text("three"),
    );
    assert.deepEqual(to.heard, [
      'text "xxx"',
      `text "${"x".repeat(126)}"`,
      'binary ""',
      "binary (70000)",
      'text "three"',
    ]);
    assert.equal(webSocket.flow.edited, true);
    assert.deepEqual(webSocket.recorded, [
      `${arrow} text "xxx" edited`,
      `${arrow} text "${"x".repeat(126)}" edited`,
      `${arrow} binary "" edited`,
      `${arrow} binary (70000) edited`,
      `${arrow} text "three"`,
    ]);
  });

  Deno.test(`websocket hooks, ${name}: dropped, and what was dropped stays in the record`, async () => {
    const { webSocket, hooks, from, to } = await open();
    using _ = webSocket;
    hooks.on("websocketMessage", (_flow, { body }, control) => {
      if (latin1Decode(body.bytes()) === "drop me") control.drop();
    }, HOLD);
    await from.say(
      say.text("one"),
      say.text("drop ", { more: true }),
      say.continuation("me"),
      say.text("two"),
    );
    assert.deepEqual(to.heard, ['text "one"', 'text "two"']);
    assert.equal(webSocket.flow.edited, true);
    assert.deepEqual(webSocket.recorded, [
      `${arrow} text "one"`,
      `${arrow} text "drop me" dropped`,
      `${arrow} text "two"`,
    ]);
  });

  Deno.test(`websocket hooks, ${name}: a handler that throws, or whose promise fails, is reported and changes nothing`, async () => {
    const { webSocket, hooks, from, to } = await open();
    using _ = webSocket;
    hooks.on("websocketMessage", (_flow, { type }) => {
      if (type === "text") throw new Error("thrown");
      return Promise.reject(new Error("rejected"));
    }, {
      holdMessage: (_flow, { type }) => {
        if (type === "text") return true;
        throw new Error("asked");
      },
    });
    await from.say(say.text("a"), say.binary("b"), say.text("c"));
    assert.deepEqual(to.heard, ['text "a"', 'binary "b"', 'text "c"']);
    assert.deepEqual(webSocket.memory.hookErrors.map(String), [
      "Error: thrown",
      "Error: asked",
      "Error: rejected",
      "Error: thrown",
    ]);
    assert.deepEqual([webSocket.flow.edited, webSocket.flow.error, webSocket.flow.held], [
      false,
      null,
      false,
    ]);
  });

  Deno.test(`websocket hooks, ${name}: held only where it is asked for; else it has gone on when it is shown`, async () => {
    const { webSocket, hooks, from, to } = await open();
    using _ = webSocket;
    const asked: string[] = [];
    const shown: string[] = [];
    hooks.on("websocketMessage", (_flow, message, control) => {
      shown.push(`${recordWords(message)} after ${to.bytes.length}`);
      control.drop();
      control.replace(latin1Encode("never"));
    }, {
      holdMessage: (_flow, message) => {
        asked.push(recordWords(message));
        return message.type === "binary";
      },
    });
    await from.say(say.text("one", { more: true }));
    await from.say(say.continuation("two"));
    await from.say(say.ping(), say.binary("gone"));
    assert.deepEqual(asked, [`${arrow} text ""`, `${arrow} binary ""`], "once a message, as it begins");
    assert.deepEqual(to.heard, ['text more "one"', 'continuation "two"', 'ping ""']);
    assert.deepEqual(webSocket.recorded, [
      `${arrow} text "onetwo"`,
      `${arrow} ping ""`,
      `${arrow} binary "gone" dropped`,
    ]);
    assert.match(shown[0]!, /text "onetwo" after \d+$/);
    assert.equal(shown.length, 3);
  });

  Deno.test(`websocket hooks, ${name}: a handler that takes its time over a message that has gone on holds what follows`, async () => {
    const { webSocket, hooks, from, to } = await open();
    using _ = webSocket;
    const held = gate();
    hooks.on("websocketMessage", (_flow, { type }) => type === "text" ? held.promise : undefined);
    await from.say(say.text("gone"), say.binary("behind"));
    assert.deepEqual(to.heard, ['text "gone"']);
    assert.equal(webSocket.flow.held, true);
    await held.open();
    assert.deepEqual(to.heard, ['text "gone"', 'binary "behind"']);
  });

  Deno.test(`websocket hooks, ${name}: it is shown whole whatever the capture limit, and recorded up to it`, async () => {
    const { webSocket, hooks, from, to } = await open({ settings: { captureLimit: 1000 } });
    using _ = webSocket;
    const shown: number[] = [];
    hooks.on("websocketMessage", (_flow, { body }, control) => {
      shown.push(body.bytes().length);
      if (body.length === 3000) control.replace(new Uint8Array(5000));
    }, HOLD);
    await from.say(say.binary("x".repeat(2000)), say.binary("x".repeat(3000)));
    assert.deepEqual(shown, [2000, 3000]);
    assert.deepEqual(to.heard, ["binary (2000)", "binary (5000)"]);
    const bodies = webSocket.messages.map(({ body }) => [body.length, body.kept, body.bytes().length]);
    assert.deepEqual(bodies, [[2000, 1000, 1000], [5000, 1000, 1000]]);
  });

  Deno.test(`websocket hooks, ${name}: its sender is read on until a held message is complete, then no more`, async () => {
    const { webSocket, hooks, from, to } = await open({ settings: { captureLimit: 1000 } });
    using _ = webSocket;
    const held = gate();
    const holding = Promise.withResolvers<void>();
    hooks.on("websocketMessage", () => {
      holding.resolve();
      return held.promise;
    }, HOLD);
    const size = 2 * 1024 * 1024;
    const message = say.binary(new Uint8Array(size));
    for (let at = 0; at < message.length; at += 65_536) {
      assert.ok(from.transport.reading);
      from.send(message.slice(at, at + 65_536));
    }
    await holding.promise;
    const behind = say.binary(new Uint8Array(60_000));
    let taken = 0;
    for (; from.transport.reading && taken < 100; taken++) from.send(behind);
    assert.ok(taken * behind.length <= 256 * 1024, `${taken} more messages were read`);
    assert.equal(to.bytes.length, 0);
    await held.open();
    assert.ok(from.transport.reading);
    assert.equal(webSocket.messages.length, 1 + taken);
  });

  Deno.test(`websocket hooks, ${name}: more than may be held closes with 1009`, async () => {
    const { webSocket, hooks, from, to } = await open({ settings: { captureLimit: 1000 } });
    using _ = webSocket;
    hooks.on("websocketMessage", () => assert.fail("it is never complete"), HOLD);
    const header = say.binary("", { says: HELD_MESSAGE_SIZE + 1 });
    const piece = new Uint8Array(1024 * 1024).fill(0x61);
    await from.say(header);
    for (let size = 0; size < HELD_MESSAGE_SIZE; size += piece.length) from.send(piece);
    await from.say();
    assert.deepEqual(to.heard, []);
    await from.say(Uint8Array.of(0x61));
    assert.deepEqual(to.heard, ['close 1001 ""']);
    await to.say((name === "client" ? fromServer : fromClient).close(1001));
    assert.match(from.heard.join(), /^close 1009 "A message of more than 16777216 bytes/);
    const { error } = webSocket.flow;
    assert.deepEqual([error?.by, error?.code, error?.rule], [
      name,
      "message-too-large",
      "limit: held WebSocket message",
    ]);
  });
}

Deno.test("websocket hooks: the start hook holds both directions, and is told before any message", async () => {
  const held = gate();
  const told: string[] = [];
  using webSocket = await openWebSocket({
    early: { client: fromClient.text("up"), server: fromServer.text("down") },
    prepare: ({ hooks }) => {
      hooks.on("websocketStart", (flow) => {
        told.push(`start ${flow.websocket?.messages.length}`);
        return held.promise;
      });
      hooks.on("websocketMessage", (_flow, message) => void told.push(recordWords(message)));
      hooks.on("tcpStart", () => assert.fail("it is no raw TCP"));
      hooks.on("websocketEnd", ({ websocket }) => void told.push(`end ${websocket?.close?.code}`));
      hooks.on("httpEnded", () => void told.push("http ended"));
    },
  });
  const { client, server } = webSocket;
  await client.say(fromClient.text("UP"), fromClient.close(1000));
  await server.say(fromServer.text("DOWN"));
  assert.equal(webSocket.flow.held, true);
  assert.deepEqual([client.heard, server.heard, told], [[], [], ["start 0"]]);
  await held.open();
  assert.deepEqual(server.heard, ['text "up"', 'text "UP"', 'close 1000 ""']);
  assert.deepEqual(client.heard, ['text "down"', 'text "DOWN"']);
  await server.say(fromServer.close(1000));
  await server.finish();
  await client.finish();
  assert.deepEqual(told.slice(-2), ["end 1000", "http ended"]);
  assert.deepEqual(told.slice(1, -2).toSorted(), [
    '< text "DOWN"',
    '< text "down"',
    '> text "UP"',
    '> text "up"',
  ]);
  assert.equal(webSocket.flow.error, null);
});

Deno.test("websocket hooks: while the start hook holds, a peer can send no more than its window", async () => {
  const held = gate();
  using webSocket = await openWebSocket({
    prepare: ({ hooks }) => void hooks.on("websocketStart", () => held.promise),
  });
  const { client, server } = webSocket;
  const frame = fromClient.binary(new Uint8Array(10_000));
  let taken = 0;
  for (; client.transport.reading && taken < 1000; taken++) client.send(frame);
  assert.ok(taken * frame.length <= 192 * 1024, `${taken} frames`);
  await held.open();
  assert.equal(server.heard.length, taken);
  assert.ok(client.transport.reading);
});

Deno.test("websocket hooks: killed while a message is held: both sides are reset, and the message goes nowhere", async () => {
  using webSocket = await openWebSocket();
  const { client, server, hooks, flow } = webSocket;
  const held = gate();
  let kill = () => {};
  hooks.on("websocketMessage", (_flow, _message, control) => {
    kill = control.kill;
    return held.promise;
  }, HOLD);
  await client.say(fromClient.text("held"), fromClient.text("behind"));
  kill();
  await held.open();
  assert.deepEqual([client.endings, server.endings], [["reset"], ["reset"]]);
  assert.deepEqual([server.heard, client.heard], [[], []]);
  assert.deepEqual([flow.killed, flow.held, flow.error?.code, flow.edited], [true, false, "killed", false]);
  assert.equal(webSocket.closed, '1006 "" by proxy');
  assert.deepEqual(webSocket.recorded, ['> text "held"']);
});

Deno.test("websocket hooks: killed from the start hook", async () => {
  let control: ReturnType<typeof controlOf> | null = null;
  using webSocket = await openWebSocket({ prepare: (memory) => void (control = controlOf(memory)) });
  (await control!).kill();
  assert.deepEqual([webSocket.client.endings, webSocket.server.endings], [["reset"], ["reset"]]);
  assert.equal(webSocket.isOver, true);
});

Deno.test("websocket hooks: an edit that comes when the connection has failed meanwhile is not in the record", async () => {
  using webSocket = await openWebSocket();
  const { client, server, hooks, flow } = webSocket;
  const held = gate();
  hooks.on("websocketMessage", (_flow, _message, control) => {
    control.replace(latin1Encode("edited"));
    return held.promise;
  }, HOLD);
  await client.say(fromClient.text("came"));
  await server.reset();
  await held.open();
  assert.deepEqual([flow.error?.by, flow.edited], ["server", false]);
  assert.deepEqual(webSocket.recorded, ['> text "came"']);
});
