// Messages of our own, put between those of the peers, and Close frames of our own.

import assert from "node:assert/strict";
import { latin1Decode, latin1Encode } from "../../lib/bytes/latin1.ts";
import type { WebSocketControl } from "../../lib/hooks/hooks.ts";
import { HELD_MESSAGE_SIZE } from "../../lib/proxy/websocket_message.ts";
import { INJECTED_SIZE } from "../../lib/proxy/websocket_sink.ts";
import { fromClient, fromServer, joined, readFrames } from "../kit/websocket_frames.ts";
import { controlOf, gate, type OpenOptions, openWebSocket, recordWords } from "./websocket_in_memory.ts";

async function open(options: OpenOptions = {}) {
  let started: Promise<WebSocketControl> | null = null;
  const webSocket = await openWebSocket({
    ...options,
    prepare: (memory) => {
      started = controlOf(memory);
      options.prepare?.(memory);
    },
  });
  return { webSocket, control: await started! };
}

const MEBIBYTE = 1024 * 1024;
const ways = [["client", fromClient, ">"], ["server", fromServer, "<"]] as const;

for (const [name, say, arrow] of ways) {
  /** `to` is where the injected message goes, as if the peer called `name` had sent it. */
  const opened = async (options: OpenOptions = {}) => {
    const { webSocket, control } = await open(options);
    const { client, server } = webSocket;
    const [from, to] = name === "client" ? [client, server] : [server, client];
    const inject = (type: "text" | "binary", content: string) =>
      control.inject(name === "server", type, latin1Encode(content));
    return { webSocket, control, inject, from, to };
  };

  Deno.test(`websocket inject as the ${name}: at any time, recorded, and told to hooks`, async () => {
    const { webSocket, inject, from, to } = await opened();
    using _ = webSocket;
    const told: string[] = [];
    webSocket.hooks.on("websocketMessage", (_flow, message, control) => {
      told.push(recordWords(message));
      if (message.injected) control.drop();
    }, { holdMessage: () => true });
    assert.equal(inject("text", "first"), true);
    assert.deepEqual(to.heard, ['text "first"'], "in the same turn");
    await from.say(say.text("own"));
    assert.equal(inject("binary", "\0\xff"), true);
    assert.equal(inject("text", ""), true);
    await from.say(say.text("own again"));
    const wanted = ['text "first"', 'text "own"', 'binary "\0\xff"', 'text ""', 'text "own again"'];
    assert.deepEqual(to.heard, wanted.map((words) => words.replace("\0", "\\u0000")));
    assert.deepEqual(from.heard, []);
    const recorded = wanted.map((words, index) =>
      `${arrow} ${words.replace("\0", "\\u0000")}${[0, 2, 3].includes(index) ? " injected" : ""}`
    );
    assert.deepEqual(webSocket.recorded, recorded);
    assert.deepEqual(told, recorded);
    const masks = name === "client";
    assert.ok(readFrames(to.bytes).frames.every(({ key }) => (key !== null) === masks));
    assert.equal(webSocket.flow.edited, false);
  });

  Deno.test(`websocket inject as the ${name}: never compressed, and the peers' contexts stay what they are`, async () => {
    const { webSocket, inject, to } = await opened({ extensions: "permessage-deflate" });
    using _ = webSocket;
    inject("text", "a".repeat(300));
    assert.deepEqual(to.heard, ["text (300)"]);
    assert.equal(webSocket.messages[0]?.compressed, false);
  });

  Deno.test(`websocket inject as the ${name}: while a fragmented message goes there: behind it, pieces of frames or not`, async () => {
    const { webSocket, inject, from, to } = await opened();
    using _ = webSocket;
    await from.say(say.text("one", { more: true }));
    assert.equal(inject("text", "injected"), true);
    assert.deepEqual(to.heard, ['text more "one"']);
    assert.deepEqual(webSocket.recorded, [`${arrow} text "one"`], "it is recorded when it goes");
    await from.say(say.ping());
    const last = say.continuation("two");
    await from.say(last.slice(0, -1));
    assert.equal(inject("binary", "more"), true);
    assert.equal(to.heard.length, 3, "not inside a frame");
    await from.say(last.slice(-1), say.text("three"));
    assert.deepEqual(to.heard, [
      'text more "one"',
      'ping ""',
      'continuation "two"',
      'text "injected"',
      'binary "more"',
      'text "three"',
    ]);
    assert.deepEqual(webSocket.recorded, [
      `${arrow} text "onetwo"`,
      `${arrow} ping ""`,
      `${arrow} text "injected" injected`,
      `${arrow} binary "more" injected`,
      `${arrow} text "three"`,
    ]);
  });

  Deno.test(`websocket inject as the ${name}: while a message is held, and from its handler: before it`, async () => {
    const { webSocket, inject, from, to } = await opened();
    using _ = webSocket;
    const held = gate();
    webSocket.hooks.on("websocketMessage", (_flow, { injected }, control) => {
      if (injected) return;
      control.inject(name === "server", "text", latin1Encode("from the handler"));
      return held.promise;
    }, { holdMessage: () => true });
    await from.say(say.text("he", { more: true }), say.continuation("ld"));
    inject("text", "meanwhile");
    await held.open();
    assert.deepEqual(to.heard, [
      'text "from the handler"',
      'text "meanwhile"',
      'text more "he"',
      'continuation "ld"',
    ]);
  });

  Deno.test(`websocket inject as the ${name}: while the start hook holds`, async () => {
    const held = gate();
    const { webSocket, inject, from, to } = await opened({
      prepare: ({ hooks }) =>
        void hooks.on("websocketStart", (_flow, { inject }) => {
          inject(name === "server", "text", latin1Encode("welcome"));
          return held.promise;
        }),
    });
    using _ = webSocket;
    await from.say(say.text("own"));
    inject("text", "meanwhile");
    assert.deepEqual(to.heard, ['text "welcome"', 'text "meanwhile"']);
    await held.open();
    assert.deepEqual(to.heard, ['text "welcome"', 'text "meanwhile"', 'text "own"']);
  });

  Deno.test(`websocket inject as the ${name}: refused when too much waits already, or is too much at once`, async () => {
    const { webSocket, control, inject, from, to } = await opened({ settings: { captureLimit: 100 } });
    using _ = webSocket;
    const toClient = name === "server";
    assert.equal(control.inject(toClient, "binary", new Uint8Array(HELD_MESSAGE_SIZE + 1)), false);
    await from.say(say.text("one", { more: true }));
    const large = new Uint8Array(MEBIBYTE);
    let taken = 0;
    while (taken < 100 && control.inject(toClient, "binary", large)) taken++;
    assert.equal(taken, INJECTED_SIZE / MEBIBYTE - 1, "with the headers a sixteenth does not fit");
    assert.equal(inject("text", "x"), true, "something small does");
    assert.equal(control.inject(!toClient, "text", latin1Encode("other way")), true);
    assert.deepEqual(to.heard, ['text more "one"']);
  });

  Deno.test(`websocket inject as the ${name}: what has no room waits for it, in order`, async () => {
    const { webSocket, inject, from, to } = await opened();
    using _ = webSocket;
    to.stall();
    const letters = [..."abcdef"];
    for (const letter of letters) assert.equal(inject("text", letter.repeat(60_000)), true);
    assert.ok(webSocket.messages.length < letters.length, "some of them wait");
    await to.goOn();
    await from.say(say.text("behind"));
    const texts = readFrames(to.bytes).frames.map(({ payload }) => latin1Decode(payload.subarray(0, 1)));
    assert.deepEqual(texts, [...letters, "b"]);
    assert.equal(webSocket.messages.length, letters.length + 1);
  });

  Deno.test(`websocket inject as the ${name}: refused once anybody closes, and when it is over`, async () => {
    for (const closing of ["client", "server", "hook", "client's end", "over"]) {
      const { webSocket, control, inject, from, to } = await opened();
      using _ = webSocket;
      const { client, server } = webSocket;
      if (closing === "client") await client.say(fromClient.close(1000));
      if (closing === "server") await server.say(fromServer.close(1000));
      if (closing === "hook") control.close(1000, "");
      if (closing === "client's end") await client.finish();
      if (closing === "over") control.kill();
      const before = to.raw + from.raw;
      assert.equal(inject("text", "late"), false, closing);
      assert.equal(to.raw + from.raw, before);
      assert.deepEqual(webSocket.recorded, []);
    }
  });
}

Deno.test("websocket inject: a handler that throws over an injected message is reported, the message goes", async () => {
  const { webSocket, control } = await open();
  using _ = webSocket;
  webSocket.hooks.on("websocketMessage", () => {
    throw new Error("oops");
  });
  assert.equal(control.inject(true, "text", latin1Encode("a")), true);
  assert.deepEqual(webSocket.client.heard, ['text "a"']);
  assert.deepEqual(webSocket.memory.hookErrors.map(String), ["Error: oops"]);
});

Deno.test("websocket inject: what was given may be changed afterwards", async () => {
  const { webSocket, control } = await open();
  using _ = webSocket;
  await webSocket.server.say(fromServer.text("a", { more: true }));
  const content = latin1Encode("content");
  control.inject(true, "text", content);
  content.fill(0);
  await webSocket.server.say(fromServer.continuation("b"));
  assert.deepEqual(webSocket.client.heard.at(-1), 'text "content"');
  assert.deepEqual(webSocket.recorded.at(-1), '< text "content" injected');
});

// --- Close ---

Deno.test("websocket close by a hook: code and reason to both, and the peers' own Close frames end it", async () => {
  const { webSocket, control } = await open();
  using _ = webSocket;
  const { client, server, flow } = webSocket;
  await client.say(fromClient.text("sent"));
  control.close(4001, "enough \u20ac");
  const reason = "enough \u00e2\u0082\u00ac";
  assert.deepEqual(server.heard, ['text "sent"', `close 4001 ${JSON.stringify(reason)}`]);
  assert.deepEqual(client.heard, [`close 4001 ${JSON.stringify(reason)}`]);
  control.close(1000, "twice");
  await server.say(fromServer.text("on its way"), fromServer.close(4001));
  assert.deepEqual(client.heard.length, 1, "nothing behind a Close frame");
  assert.deepEqual([client.endings, server.endings], [[], []]);
  await client.say(fromClient.close(4001));
  assert.deepEqual([client.endings, server.endings], [["end"], []], "the server ends its own");
  await server.finish();
  await client.finish();
  assert.equal(webSocket.isOver, true);
  assert.deepEqual([webSocket.closed, flow.closedBy], ['4001 "enough \u20ac" by proxy', "proxy"]);
  assert.equal(flow.error, null);
});

Deno.test("websocket close by a hook: without a code, with a long reason, and with codes no Close frame may carry", async () => {
  const long = "\u20ac".repeat(60);
  const rows: [code: number, reason: string, heard: RegExp | null][] = [
    [1000, "", /^close 1000 ""$/],
    [1005, "means nothing", /^close ""$/],
    [1001, long, /^close 1001 "(\u00e2\u0082\u00ac){41}"$/],
    [4999, "x", /^close 4999 "x"$/],
    [1004, "", null],
    [1006, "", null],
    [1015, "", null],
    [999, "", null],
    [2999, "", null],
    [5000, "", null],
    [65_536, "", null],
    [0, "", null],
    [-1, "", null],
    [1000.5, "", null],
    [NaN, "", null],
  ];
  for (const [code, reason, heard] of rows) {
    const { webSocket, control } = await open();
    using _ = webSocket;
    if (heard === null) {
      assert.throws(() => control.close(code, reason), RangeError, String(code));
      assert.deepEqual([webSocket.client.heard, webSocket.server.heard], [[], []]);
      assert.equal(webSocket.closed, null);
      assert.equal(control.inject(true, "text", latin1Encode("goes on")), true);
      continue;
    }
    control.close(code, reason);
    assert.match(webSocket.client.heard.join(), heard, String(code));
    assert.match(webSocket.server.heard.join(), heard, String(code));
  }
});

Deno.test("websocket close by a hook: from the start hook, before anything was said", async () => {
  using webSocket = await openWebSocket({
    prepare: ({ hooks }) => void hooks.on("websocketStart", (_flow, { close }) => close(1008, "no")),
  });
  const { client, server } = webSocket;
  await client.say(fromClient.text("late"), fromClient.close(1008));
  await server.say(fromServer.close(1008));
  assert.deepEqual([client.heard, server.heard], [['close 1008 "no"'], ['close 1008 "no"']]);
  await server.finish();
  await client.finish();
  assert.equal(webSocket.isOver, true);
});

Deno.test("websocket close by a hook: from the handler of the message it is about, held or not", async () => {
  for (const isHeld of [true, false]) {
    using webSocket = await openWebSocket();
    const { client, server, hooks } = webSocket;
    hooks.on("websocketMessage", (_flow, _message, { close }) => close(1008, "no"), {
      holdMessage: () => isHeld,
    });
    await client.say(fromClient.text("bad"), fromClient.text("behind"));
    assert.deepEqual(server.heard, [...(isHeld ? [] : ['text "bad"']), 'close 1008 "no"']);
    assert.deepEqual(client.heard, ['close 1008 "no"']);
  }
});

Deno.test("websocket kill: from the handler of a message, held or not: what is behind it goes nowhere", async () => {
  for (const isHeld of [true, false]) {
    using webSocket = await openWebSocket();
    const { client, server, hooks, flow } = webSocket;
    hooks.on("websocketMessage", (_flow, _message, { kill }) => kill(), { holdMessage: () => isHeld });
    await client.say(joined([fromClient.text("bad"), fromClient.text("behind")]));
    assert.deepEqual([client.endings[0], server.endings[0]], ["reset", "reset"]);
    assert.deepEqual([flow.killed, webSocket.recorded], [true, ['> text "bad"']]);
    assert.ok(!server.raw.includes("behind"));
  }
});

Deno.test("websocket close by a hook: behind the frame under way, and instead of what is held", async () => {
  const { webSocket, control } = await open();
  using _ = webSocket;
  const { client, server, hooks } = webSocket;
  const held = gate();
  hooks.on("websocketMessage", () => held.promise, { holdMessage: (_flow, { type }) => type === "text" });
  await server.say(fromServer.text("held"));
  const frame = fromClient.binary("0123456789");
  await client.say(frame.slice(0, 9));
  control.close(1000, "bye");
  assert.deepEqual(client.heard, ['close 1000 "bye"']);
  assert.equal(server.bytes.length, 9);
  await client.say(frame.slice(9), fromClient.text("late"));
  assert.deepEqual(server.heard, ['binary "0123456789"', 'close 1000 "bye"']);
  await held.open();
  assert.deepEqual(client.heard, ['close 1000 "bye"']);
});

Deno.test("websocket close by a hook: a client that closes, too, gets the frame under way and ours, then the end", async () => {
  const { webSocket, control } = await open();
  using _ = webSocket;
  const { client, server } = webSocket;
  const frame = fromServer.binary("0123456789");
  await server.say(frame.slice(0, 5));
  control.close(1000, "bye");
  await client.say(fromClient.close(1001));
  assert.deepEqual([client.bytes.length, client.endings], [5, []]);
  await server.say(frame.slice(5));
  assert.deepEqual(client.heard, ['binary "0123456789"', 'close 1000 "bye"']);
  assert.deepEqual(client.endings, ["end"]);
  await server.say(fromServer.close(1000));
  await server.finish();
  await client.finish();
  assert.equal(webSocket.isOver, true);
});

Deno.test("websocket close by a hook: where the frame under way never ends, the end comes without a Close frame", async () => {
  const { webSocket, control } = await open();
  using _ = webSocket;
  const { client, server } = webSocket;
  await server.say(fromServer.binary("0123456789").slice(0, 5));
  control.close(1000, "bye");
  await server.finish();
  assert.deepEqual([client.bytes.length, client.endings], [5, ["end"]]);
  assert.equal(webSocket.closed, '1000 "bye" by proxy');
});
