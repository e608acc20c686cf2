// The end of a WebSocket: Close frames go through, each peer sees the end as it was, and who ended it is in the record.

import assert from "node:assert/strict";
import { CLOSE_TIMEOUT } from "../../lib/proxy/websocket_relay.ts";
import { fromClient, fromServer } from "../kit/websocket_frames.ts";
import { gate, openWebSocket } from "./websocket_in_memory.ts";

const ways = [["client", fromClient, fromServer], ["server", fromServer, fromClient]] as const;

for (const [name, say, answer] of ways) {
  const open = async (options = {}) => {
    const webSocket = await openWebSocket(options);
    const { client, server, flow } = webSocket;
    const [from, to] = name === "client" ? [client, server] : [server, client];
    return { webSocket, client, server, flow, from, to };
  };

  const closes: [code: number | null, reason: string, recorded: string][] = [
    [1000, "", '1000 ""'],
    [1001, "going", '1001 "going"'],
    [1011, "\xe2\x82\xac", '1011 "\u20ac"'],
    [1014, "", '1014 ""'],
    [3000, "", '3000 ""'],
    [4999, "x".repeat(123), `4999 "${"x".repeat(123)}"`],
    [1000, "\xef\xbb\xbfmark", '1000 "\ufeffmark"'],
    [null, "", '1005 ""'],
  ];
  for (const [code, reason, recorded] of closes) {
    Deno.test(`websocket close by the ${name}: ${recorded.slice(0, 20)} goes through, and so does the answer`, async () => {
      const { webSocket, client, server, flow, from, to } = await open();
      using _ = webSocket;
      await from.say(say.text("last words"), say.close(code, reason));
      const heard = `close ${code === null ? "" : `${code} `}${JSON.stringify(reason)}`;
      assert.deepEqual(to.heard, ['text "last words"', heard]);
      assert.deepEqual([from.heard, client.endings, server.endings], [[], [], []]);
      await to.say(answer.text("and mine"), answer.close(code, reason));
      assert.deepEqual(from.heard, ['text "and mine"', heard]);
      // RFC 6455, 7.1.1: the server ends first, and to the client that is us.
      assert.deepEqual([client.endings, server.endings], [["end"], []]);
      assert.equal(webSocket.isOver, false);
      await server.finish();
      assert.deepEqual([client.endings, server.endings], [["end"], ["end"]]);
      await client.finish();
      assert.equal(webSocket.isOver, true);
      assert.deepEqual([webSocket.closed, flow.closedBy], [`${recorded} by ${name}`, name]);
      assert.deepEqual([flow.error, flow.held, webSocket.memory.logs], [null, false, []]);
      assert.deepEqual([client.endings, server.endings], [["end"], ["end"]], "no resets");
    });
  }

  Deno.test(`websocket close by the ${name}: the other answers with another code: each has what the other said`, async () => {
    const { webSocket, from, to } = await open();
    using _ = webSocket;
    await from.say(say.close(4000, "mine"));
    await to.say(answer.close(4001, "yours"));
    assert.deepEqual(to.heard, ['close 4000 "mine"']);
    assert.deepEqual(from.heard, ['close 4001 "yours"']);
    assert.equal(webSocket.closed, `4000 "mine" by ${name}`);
  });

  Deno.test(`websocket close by the ${name}: what it sends behind its Close frame goes nowhere, whatever it is`, async () => {
    const { webSocket, from, to, flow } = await open();
    using _ = webSocket;
    await from.say(say.close(1000), say.text("late"), say.close(1001), Uint8Array.of(0xff, 0xff, 0xff));
    await from.say(say.ping());
    assert.deepEqual(to.heard, ['close 1000 ""']);
    await to.say(answer.text("still here"), answer.close(1000));
    assert.deepEqual(from.heard, ['text "still here"', 'close 1000 ""']);
    assert.deepEqual([flow.error, webSocket.recorded.length], [null, 1]);
  });

  Deno.test(`websocket close by the ${name}, in the middle of a message of the other: behind the frame, not inside it`, async () => {
    const { webSocket, from, to } = await open();
    using _ = webSocket;
    const frame = answer.text("half", { more: true });
    await to.say(frame.slice(0, -1));
    await from.say(say.close(1000));
    await to.say(frame.slice(-1), answer.close(1000));
    assert.deepEqual(from.heard, ['text more "half"', 'close 1000 ""']);
    assert.deepEqual(to.heard, ['close 1000 ""']);
  });

  Deno.test(`websocket close by the ${name}: behind its own message that is held`, async () => {
    const { webSocket, from, to } = await open();
    using _ = webSocket;
    const held = gate();
    webSocket.hooks.on("websocketMessage", () => held.promise, { holdMessage: () => true });
    await from.say(say.text("held"), say.text("behind"), say.close(1000, "bye"));
    assert.deepEqual([to.heard, webSocket.closed], [[], null]);
    await held.open();
    assert.deepEqual(to.heard, ['text "held"', 'text "behind"', 'close 1000 "bye"']);
    assert.equal(webSocket.closed, `1000 "bye" by ${name}`);
  });

  Deno.test(`websocket close by the ${name}, while a message to it is held: the message comes, and then the answer`, async () => {
    const { webSocket, from, to } = await open();
    using _ = webSocket;
    const held = gate();
    webSocket.hooks.on("websocketMessage", () => held.promise, { holdMessage: () => true });
    await to.say(answer.text("held"));
    await from.say(say.close(1000));
    await to.say(answer.close(1000));
    assert.deepEqual([from.heard, to.heard], [[], ['close 1000 ""']]);
    await held.open();
    assert.deepEqual(from.heard, ['text "held"', 'close 1000 ""']);
  });

  Deno.test(`websocket close by the ${name}, which the other never answers: both are let go of in time`, async () => {
    const { webSocket, client, server, flow, from, to } = await open();
    using _ = webSocket;
    const { deadlines } = webSocket.memory;
    await from.say(say.close(1000, "bye"));
    assert.equal(deadlines.durations[0], CLOSE_TIMEOUT);
    deadlines.expireShortest();
    assert.equal(webSocket.isOver, true);
    assert.deepEqual([from.heard, to.heard], [[], ['close 1000 "bye"']]);
    assert.deepEqual([client.endings, server.endings], [["end"], ["end"]]);
    assert.deepEqual([webSocket.closed, flow.error], [`1000 "bye" by ${name}`, null]);
  });

  Deno.test(`websocket close by the ${name}: what is still under way has its time`, async () => {
    const { webSocket, from, to } = await open();
    using _ = webSocket;
    const { deadlines } = webSocket.memory;
    await from.say(say.close(1000));
    deadlines.expire = () => assert.fail("not now");
    const running = deadlines.durations.length;
    await to.say(answer.text("x".repeat(100_000)), answer.text("y"));
    assert.equal(deadlines.durations.length, running);
    assert.equal(deadlines.durations[0], CLOSE_TIMEOUT);
    await to.say(answer.close(1000));
    assert.deepEqual(from.heard, ["text (100000)", 'text "y"', 'close 1000 ""']);
  });

  Deno.test(`websocket, the ${name} ends without a Close frame: the other sees just that, and may still speak`, async () => {
    const { webSocket, client, server, flow, from, to } = await open();
    using _ = webSocket;
    await from.say(say.text("cut", { more: true }));
    await from.finish();
    assert.deepEqual([to.heard, to.endings, from.endings], [['text more "cut"'], ["end"], []]);
    await to.say(answer.text("late"), answer.ping("?"));
    assert.deepEqual(from.heard, ['text "late"', 'ping ""']);
    assert.equal(webSocket.isOver, false);
    await to.finish();
    assert.deepEqual([client.endings, server.endings], [["end"], ["end"]]);
    assert.equal(webSocket.isOver, true);
    assert.deepEqual([webSocket.closed, flow.closedBy], [`1006 "" by ${name}`, name]);
    assert.equal(flow.error, null);
    assert.equal(webSocket.messages[0]?.endedAt, null, "it was cut short");
  });

  Deno.test(`websocket, the ${name} ends inside a frame: the other gets what came, and an end`, async () => {
    const { webSocket, from, to } = await open();
    using _ = webSocket;
    const frame = say.binary("0123456789");
    await from.say(frame.slice(0, -3));
    await from.finish();
    assert.deepEqual([to.bytes.length, to.endings], [frame.length - 3, ["end"]]);
    assert.equal(webSocket.closed, `1006 "" by ${name}`);
  });

  Deno.test(`websocket, the ${name} ends while its message is held: the message, and then the end`, async () => {
    const { webSocket, from, to } = await open();
    using _ = webSocket;
    const held = gate();
    webSocket.hooks.on("websocketMessage", () => held.promise, { holdMessage: () => true });
    await from.say(say.text("held"));
    await from.finish();
    assert.deepEqual([to.endings, webSocket.closed], [[], null]);
    await held.open();
    assert.deepEqual([to.heard, to.endings], [['text "held"'], ["end"]]);
    assert.equal(webSocket.closed, `1006 "" by ${name}`);
  });

  Deno.test(`websocket, the ${name} ends without a Close frame, and the other never does: let go of in time`, async () => {
    const { webSocket, from, to } = await open();
    using _ = webSocket;
    const { deadlines } = webSocket.memory;
    await from.finish();
    assert.equal(deadlines.durations[0], CLOSE_TIMEOUT);
    deadlines.expireShortest();
    assert.equal(webSocket.isOver, true);
    // Where a client is let go of, its connections to origins are, too.
    assert.deepEqual([from.endings[0], to.endings], ["end", ["end", "close"]]);
    assert.equal(webSocket.closed, `1006 "" by ${name}`);
  });

  Deno.test(`websocket, the ${name} resets: the other is reset`, async () => {
    const { webSocket, flow, from, to } = await open();
    using _ = webSocket;
    await from.say(say.text("some"));
    await from.reset();
    assert.deepEqual([to.heard, to.endings[0]], [['text "some"'], "reset"]);
    assert.equal(webSocket.isOver, true);
    assert.deepEqual([webSocket.closed, flow.closedBy, flow.error?.by], [`1006 "" by ${name}`, name, name]);
  });

  Deno.test(`websocket, the ${name} resets behind both Close frames: that is no fault`, async () => {
    const { webSocket, client, server, flow, from, to } = await open();
    using _ = webSocket;
    await from.say(say.close(1000));
    await to.say(answer.close(1000));
    await from.reset();
    await to.finish();
    assert.equal(webSocket.isOver, true);
    assert.deepEqual([webSocket.closed, flow.error], [`1000 "" by ${name}`, null]);
    for (const { endings } of [client, server]) assert.ok(!endings.includes("reset"), endings.join());
  });
}

Deno.test("websocket close: the server resets in place of an answer: the client is shown an end without one", async () => {
  using webSocket = await openWebSocket();
  const { client, server, flow } = webSocket;
  await client.say(fromClient.close(1000));
  await server.reset();
  assert.deepEqual([client.heard, client.endings], [[], ["end"]]);
  await client.finish();
  assert.deepEqual([webSocket.isOver, webSocket.closed, flow.error], [true, '1000 "" by client', null]);
});

Deno.test("websocket close: answered, and the client keeps its connection: it is let go of in time", async () => {
  using webSocket = await openWebSocket();
  const { client, server, flow } = webSocket;
  await server.say(fromServer.close(1000));
  await client.say(fromClient.close(1000));
  await server.finish();
  assert.deepEqual([client.endings, server.endings, webSocket.isOver], [["end"], ["end"], false]);
  webSocket.memory.deadlines.expireShortest();
  assert.equal(webSocket.isOver, true);
  assert.deepEqual(client.endings, ["end", "close"]);
  assert.deepEqual([webSocket.closed, flow.error], ['1000 "" by server', null]);
});

Deno.test("websocket close: answered, and the server keeps its connection: it is ended in time", async () => {
  using webSocket = await openWebSocket();
  const { client, server, flow } = webSocket;
  await client.say(fromClient.close(1000));
  await server.say(fromServer.close(1000));
  await client.finish();
  assert.deepEqual([client.endings, server.endings, webSocket.isOver], [["end"], [], false]);
  webSocket.memory.deadlines.expireShortest();
  assert.equal(webSocket.isOver, true);
  // Its driver goes on reading for a moment, as behind any last byte.
  assert.deepEqual(server.endings, ["end"]);
  assert.deepEqual([webSocket.closed, flow.error], ['1000 "" by client', null]);
});

Deno.test("websocket close: a client that takes its last bytes slowly gets them, later than all deadlines here", async () => {
  using webSocket = await openWebSocket();
  const { client, server } = webSocket;
  client.stall();
  await server.say(fromServer.text("one"), fromServer.text("last"), fromServer.close(1000));
  await client.say(fromClient.close(1000));
  await server.finish();
  webSocket.memory.deadlines.expireShortest();
  assert.deepEqual([webSocket.isOver, client.endings], [true, []]);
  await client.goOn();
  assert.deepEqual(client.heard, ['text "one"', 'text "last"', 'close 1000 ""']);
  assert.deepEqual(client.endings, ["end"]);
});

Deno.test("websocket close: both at once: each has the other's, and it is over when both have ended", async () => {
  using webSocket = await openWebSocket();
  const { client, server, flow } = webSocket;
  client.send(fromClient.close(1000, "client"));
  server.send(fromServer.close(1001, "server"));
  await client.say();
  assert.deepEqual(client.heard, ['close 1001 "server"']);
  assert.deepEqual(server.heard, ['close 1000 "client"']);
  assert.deepEqual([client.endings, server.endings], [["end"], []]);
  await client.finish();
  assert.equal(webSocket.isOver, false);
  await server.finish();
  assert.equal(webSocket.isOver, true);
  assert.deepEqual([webSocket.closed, flow.error], ['1000 "client" by client', null]);
});

Deno.test("websocket close: the end is told once, with the record complete", async () => {
  using webSocket = await openWebSocket();
  const { client, server, hooks } = webSocket;
  const told: unknown[] = [];
  hooks.on(
    "websocketEnd",
    ({ websocket, endedAt }) => void told.push([websocket?.close?.code, endedAt !== null]),
  );
  hooks.on("tcpEnd", () => void told.push("tcp"));
  hooks.on("httpEnded", ({ websocket }) => void told.push(websocket?.close?.code));
  await client.say(fromClient.close(1000));
  await server.say(fromServer.close(1000));
  assert.deepEqual(told, []);
  await server.finish();
  await client.finish();
  assert.deepEqual(told, [[1000, true], 1000]);
});

Deno.test("websocket close: no deadline is left behind", async () => {
  using webSocket = await openWebSocket();
  const { client, server } = webSocket;
  const before = webSocket.memory.deadlines.durations.length;
  await client.say(fromClient.close(1000));
  assert.equal(webSocket.memory.deadlines.durations.length, before + 1);
  await server.say(fromServer.close(1000));
  await server.finish();
  await client.finish();
  assert.equal(webSocket.isOver, true);
  assert.ok(!webSocket.memory.deadlines.durations.includes(CLOSE_TIMEOUT));
});
