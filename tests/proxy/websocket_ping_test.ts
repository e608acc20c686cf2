// PING and PONG of a WebSocket: each leg has its own (RFC 6455, 5.5.2 and 5.5.3).

import assert from "node:assert/strict";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { FRAMES_BUDGET } from "../../lib/proxy/websocket_direction.ts";
import { PONGS_WAITING } from "../../lib/proxy/websocket_sink.ts";
import { type Framer, fromClient, fromServer, joined, OP, readFrames } from "../kit/websocket_frames.ts";
import { settled } from "./memory_context.ts";
import { gate, nextTurn, openWebSocket, recordWords } from "./websocket_in_memory.ts";

/** What waits on a leg before it has no room any more (`outputHighWater` of lib/http1/limits.ts). */
const OUTPUT = 128 * 1024;

const ways = [["client", fromClient, ">"], ["server", fromServer, "<"]] as const;

for (const [name, say, arrow] of ways) {
  const open = async (options = {}) => {
    const webSocket = await openWebSocket(options);
    const { client, server } = webSocket;
    return { webSocket, from: name === "client" ? client : server, to: name === "client" ? server : client };
  };

  Deno.test(`websocket ping of the ${name}: answered with its payload, and the other side is asked for itself`, async () => {
    const { webSocket, from, to } = await open();
    using _ = webSocket;
    const large = "\0\xff".repeat(62) + "!";
    await from.say(say.ping("are you there?"), say.ping(""), say.ping(large));
    assert.deepEqual(from.heard, ['pong "are you there?"', 'pong ""', `pong ${JSON.stringify(large)}`]);
    assert.deepEqual(to.heard, ['ping ""', 'ping ""', 'ping ""'], "one each");
    for (const [peer, masks] of [[from, name === "server"], [to, name === "client"]] as const) {
      const { frames } = readFrames(peer.bytes);
      assert.ok(frames.every(({ key }) => (key !== null) === masks));
      const keys = new Set(frames.map(({ key }) => key?.join()));
      assert.equal(keys.size, masks ? frames.length : 1, "RFC 6455, 5.3: a fresh key each");
    }
  });

  Deno.test(`websocket pong of the ${name}: goes nowhere, asked for or not`, async () => {
    const { webSocket, from, to } = await open();
    using _ = webSocket;
    await to.say((name === "client" ? fromServer : fromClient).ping("ask"));
    assert.deepEqual(from.heard, ['ping ""']);
    const before = to.raw;
    await from.say(say.pong(""), say.pong("unasked"));
    assert.equal(to.raw, before);
    assert.deepEqual(from.heard, ['ping ""']);
  });

  Deno.test(`websocket pings of the ${name}: in the record, and told to hooks`, async () => {
    const { webSocket, from } = await open();
    using _ = webSocket;
    const told: string[] = [];
    webSocket.hooks.on("websocketMessage", (_flow, message) => void told.push(recordWords(message)), {
      holdMessage: () => true,
    });
    await from.say(say.ping("one"), say.pong("two"), say.text("three"));
    const wanted = [`${arrow} ping "one"`, `${arrow} pong "two"`, `${arrow} text "three"`];
    assert.deepEqual(told, wanted);
    assert.deepEqual(webSocket.recorded, wanted);
    for (const { at, endedAt, frames, compressed } of webSocket.messages) {
      assert.deepEqual([endedAt === at || endedAt! > at, frames, compressed], [true, 1, false]);
    }
  });

  Deno.test(`websocket ping of the ${name}: a hook that answers late, or edits, changes nothing`, async () => {
    const { webSocket, from, to } = await open();
    using _ = webSocket;
    const never = gate();
    webSocket.hooks.on("websocketMessage", (_flow, message, control) => {
      if (message.type !== "ping") return;
      control.replace(Uint8Array.of(1));
      control.drop();
      return never.promise;
    });
    await from.say(say.ping("?"), say.text("behind"));
    assert.deepEqual(from.heard, ['pong "?"']);
    assert.deepEqual(to.heard, ['ping ""', 'text "behind"']);
    assert.deepEqual(webSocket.recorded, [`${arrow} ping "?"`, `${arrow} text "behind"`]);
    assert.equal(webSocket.flow.edited, false);
    await never.open();
  });

  Deno.test(`websocket ping of the ${name}, while a large frame is on its way to it: the PONG comes behind that frame`, async () => {
    const { webSocket, from, to } = await open();
    using _ = webSocket;
    const other = name === "client" ? fromServer : fromClient;
    const frame = other.binary("x".repeat(1000));
    await to.say(frame.slice(0, 500));
    await from.say(say.ping("1"), say.ping("2"));
    assert.equal(from.bytes.length, 500, "nothing stands inside a frame");
    assert.deepEqual(to.heard, ['ping ""', 'ping ""'], "the other way is free");
    await to.say(frame.slice(500, 999));
    assert.equal(from.bytes.length, 999);
    await to.say(frame.slice(999), other.text("next", { more: true }), other.continuation(""));
    assert.deepEqual(from.heard, [
      "binary (1000)",
      'pong "1"',
      'pong "2"',
      'text more "next"',
      'continuation ""',
    ]);
  });

  Deno.test(`websocket ping of the ${name}, while a fragmented message is on its way to it: between two fragments`, async () => {
    const { webSocket, from, to } = await open();
    using _ = webSocket;
    const other = name === "client" ? fromServer : fromClient;
    await to.say(other.text("be", { more: true }));
    await from.say(say.ping("?"));
    await to.say(other.continuation("gun"));
    assert.deepEqual(from.heard, ['text more "be"', 'pong "?"', 'continuation "gun"']);
  });

  Deno.test(`websocket ping of the ${name}: answered though a message of its own is held`, async () => {
    const { webSocket, from, to } = await open();
    using _ = webSocket;
    const held = gate();
    webSocket.hooks.on("websocketMessage", (_flow, { type }) => type === "text" ? held.promise : undefined, {
      holdMessage: () => true,
    });
    await from.say(say.text("held"));
    await from.say(say.ping("1"), say.text("behind"), say.ping("2"), say.pong("3"));
    assert.deepEqual(from.heard, ['pong "1"', 'pong "2"']);
    assert.deepEqual(to.heard, ['ping ""', 'ping ""']);
    await held.open();
    assert.deepEqual(to.heard, ['ping ""', 'ping ""', 'text "held"', 'text "behind"']);
    assert.deepEqual(webSocket.recorded.toSorted(), [
      `${arrow} ping "1"`,
      `${arrow} ping "2"`,
      `${arrow} pong "3"`,
      `${arrow} text "behind"`,
      `${arrow} text "held"`,
    ]);
  });

  Deno.test(`websocket ping of the ${name}, behind the other's Close frame, or its own: not answered any more`, async () => {
    for (const closing of ["own", "other's"]) {
      const { webSocket, from, to } = await open();
      using _ = webSocket;
      const other = name === "client" ? fromServer : fromClient;
      await (closing === "own" ? from.say(say.close(1000)) : to.say(other.close(1000)));
      await from.say(say.ping("late"));
      const heard = closing === "own" ? to.heard : from.heard;
      assert.deepEqual(heard, ['close 1000 ""'], closing);
    }
  });

  Deno.test(`websocket ping flood of the ${name}, which reads nothing: few answers wait, the newest among them`, async () => {
    const { webSocket, from, to } = await open({ settings: { captureLimit: 16 * 1024 } });
    using _ = webSocket;
    from.stall();
    const COUNT = 3000;
    for (let sent = 0; sent < COUNT; sent += 500) {
      assert.ok(from.transport.reading);
      await from.say(pings(say, sent, 500));
    }
    const store = webSocket.memory.store.bytes;
    assert.ok(store <= 9 * 16 * 1024 + 4096, `${store} bytes are recorded`);
    await from.goOn();
    const pongs = readFrames(from.bytes).frames;
    assert.ok(pongs.every(({ opcode }) => opcode === OP.pong));
    assert.equal(Number(latin1Decode(pongs.at(-1)!.payload)), COUNT - 1);
    // One write under way, an output that is full, and those that wait.
    const most = Math.ceil(OUTPUT / pongs[0]!.payload.length) + PONGS_WAITING + 1;
    assert.ok(pongs.length <= most, `${pongs.length} of at most ${most}`);
    const asked = readFrames(to.bytes).frames;
    assert.ok(asked.length <= COUNT);
    assert.ok(asked.every(({ opcode, payload }) => opcode === OP.ping && payload.length === 0));
  });

  Deno.test(`websocket ping flood of the ${name}: others have their turn between, and each PING its answer`, async () => {
    const { webSocket, from } = await open();
    using _ = webSocket;
    const { record } = webSocket;
    const COUNT = 3 * FRAMES_BUDGET;
    from.send(joined(Array.from({ length: COUNT }, () => say.ping())));
    assert.equal(record.messages.length, FRAMES_BUDGET);
    while (record.messages.length + record.messagesDropped < COUNT) await nextTurn();
    await nextTurn();
    assert.equal(readFrames(from.bytes).frames.length, COUNT);
  });

  Deno.test(`websocket ping flood of the ${name}, while the other side reads nothing: it is not read any more`, async () => {
    const { webSocket, from, to } = await open({ settings: { captureLimit: 16 * 1024 } });
    using _ = webSocket;
    to.stall();
    const thousand = joined(Array.from({ length: 1000 }, () => say.ping()));
    let sent = 0;
    for (; from.transport.reading && sent < 1_000_000; sent += 1000) await from.say(thousand);
    assert.ok(sent < 1_000_000);
    await to.goOn();
    assert.ok(from.transport.reading);
    assert.ok(to.bytes.length <= OUTPUT + 12, `${to.bytes.length} bytes of PINGs`);
  });
}

Deno.test("websocket ping: of both at once, each has its answer, and is asked", async () => {
  using webSocket = await openWebSocket();
  const { client, server } = webSocket;
  client.send(fromClient.ping("c"));
  server.send(fromServer.ping("s"));
  await settled();
  assert.deepEqual(client.heard, ['pong "c"', 'ping ""']);
  assert.deepEqual(server.heard, ['ping ""', 'pong "s"']);
});

/** As large as they may be, and numbered. */
function pings(say: Framer, from: number, count: number): Uint8Array {
  return joined(
    Array.from({ length: count }, (_, index) => say.ping(String(from + index).padStart(125, " "))),
  );
}
