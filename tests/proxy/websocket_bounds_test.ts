// What one WebSocket can make the proxy hold, and for how long it can keep it from others: bounded, whatever it sends.

import assert from "node:assert/strict";
import { deflateRawSync } from "node:zlib";
import { latin1Decode, latin1Encode } from "../../lib/bytes/latin1.ts";
import { WEBSOCKET_MESSAGE_WEIGHT } from "../../lib/flow/store.ts";
import { FRAMES_BUDGET, INFLATE_BUDGET } from "../../lib/proxy/websocket_direction.ts";
import { CONVERSATION_LIMITS } from "../../lib/proxy/websocket_tap.ts";
import { OUTPUT_SIZE } from "../../lib/websocket/inflater.ts";
import { DeflatePeer } from "../kit/websocket_deflate.ts";
import { fromClient, fromServer, joined, OP, readFrames, RSV1 } from "../kit/websocket_frames.ts";
import { settled } from "./memory_context.ts";
import { gate, type MemoryPeer, nextTurn, type OpenOptions, openWebSocket } from "./websocket_in_memory.ts";

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;
/** One read, a window, and an output (lib/http1/limits.ts). */
const UNDER_WAY = 64 * KIBIBYTE + 128 * KIBIBYTE + 128 * KIBIBYTE;
const ways = [["client", fromClient], ["server", fromServer]] as const;

/** Sends pieces of 64 KiB until it is not read any more, or all is gone; how many bytes were taken. */
function flood(peer: MemoryPeer, bytes: Uint8Array, from = 0): number {
  let taken = from;
  while (peer.transport.reading && taken < bytes.length) {
    const piece = bytes.slice(taken, taken + 64 * KIBIBYTE);
    peer.send(piece);
    taken += piece.length;
  }
  return taken;
}

for (const [name, say] of ways) {
  const open = async (options: OpenOptions = {}) => {
    const webSocket = await openWebSocket(options);
    const { client, server } = webSocket;
    const [from, to] = name === "client" ? [client, server] : [server, client];
    return { webSocket, from, to };
  };
  const bare = { settings: { captureLimit: 1000 } };

  const size = 640 * KIBIBYTE;
  const content = new Uint8Array(size).fill(0x61);
  const streams: Record<string, () => Uint8Array> = {
    "one frame": () => say.binary(content),
    "a text": () => say.text(content),
    "fragments of 1000 bytes": () => {
      const parts: Uint8Array[] = [];
      for (let at = 0; at < size; at += 1000) {
        const more = at + 1000 < size;
        const part = content.subarray(at, at + 1000);
        parts.push(at === 0 ? say.binary(part, { more }) : say.continuation(part, { more }));
      }
      return joined(parts);
    },
  };
  for (const [what, make] of Object.entries(streams)) {
    Deno.test(`websocket bounds, 640 KiB in ${what} from the ${name} to a peer that stalls: few are taken, and then all arrive`, async () => {
      const { webSocket, from, to } = await open(bare);
      using _ = webSocket;
      const bytes = make();
      to.stall();
      let taken = flood(from, bytes);
      assert.ok(taken <= UNDER_WAY, `${taken} bytes were taken`);
      assert.equal(webSocket.messages[0]?.endedAt, null);
      await to.goOn();
      while (taken < bytes.length) {
        taken = flood(from, bytes, taken);
        await settled();
      }
      await to.until(bytes.length);
      assert.ok(latin1Decode(bytes) === to.raw);
      assert.equal(webSocket.messages[0]?.body.length, size);
    });
  }

  Deno.test(`websocket bounds, compressed anew from the ${name} to a peer that stalls: what is taken is bounded`, async () => {
    const { webSocket, from, to } = await open({ ...bare, extensions: "permessage-deflate" });
    using _ = webSocket;
    using peer = new DeflatePeer();
    webSocket.hooks.on("websocketMessage", (_flow, _message, control) => control.drop(), {
      holdMessage: (flow) => flow.websocket!.messages.length === 1,
    });
    await from.say(say.text(await peer.compress("dropped"), { reserved: RSV1 }));
    const noise = Array.from({ length: 8 }, () => crypto.getRandomValues(new Uint8Array(64 * KIBIBYTE)));
    const words = latin1Decode(joined(noise));
    const message = say.binary(await peer.compress(words), { reserved: RSV1 });
    to.stall();
    let taken = 0;
    for (let turn = 0; turn < 20; turn++) {
      taken = flood(from, message, taken);
      await nextTurn();
    }
    assert.ok(taken <= UNDER_WAY, `${taken} bytes were taken`);
    await to.goOn();
    while (taken < message.length || webSocket.messages.at(-1)?.endedAt === null) {
      taken = flood(from, message, taken);
      await nextTurn();
    }
    await settled();
    using receiver = new DeflatePeer();
    const { frames } = readFrames(to.bytes);
    assert.ok(await receiver.decompress(joined(frames.map(({ payload }) => payload))) === words);
  });

  Deno.test(`websocket bounds, a million empty fragments from the ${name} behind a held message: bytes wait, nothing more`, async () => {
    const { webSocket, from, to } = await open(bare);
    using _ = webSocket;
    const held = gate();
    webSocket.hooks.on("websocketMessage", () => held.promise, {
      holdMessage: (flow) => flow.websocket!.messages.length === 1,
    });
    const before = [say.text("held"), say.text("", { more: true })];
    await from.say(...before);
    const empty = say.continuation("", { more: true });
    const all = joined(Array.from({ length: 1_000_000 }, () => empty));
    let taken = flood(from, all);
    assert.ok(taken <= 192 * KIBIBYTE, `${taken} bytes were taken`);
    assert.equal(to.raw, "");
    await held.open();
    assert.ok(to.bytes.length <= FRAMES_BUDGET * empty.length + 100, "others have their turn between");
    const MOST = 200_000;
    while (taken < MOST) {
      taken = flood(from, all, taken);
      await nextTurn();
    }
    const size = joined(before).length + taken - taken % empty.length;
    await to.until(size);
    // The last of them may have been the last of a turn.
    await nextTurn();
    assert.equal(to.raw.length, size);
    assert.ok(to.raw.endsWith(latin1Decode(all.subarray(0, empty.length * 1000))));
    assert.deepEqual(webSocket.messages.map(({ body }) => body.length), [4, 0]);
  });

  Deno.test(`websocket bounds, a held message of seventy thousand empty fragments from the ${name}: held, and it goes on in frames`, async () => {
    const { webSocket, from, to } = await open(bare);
    using _ = webSocket;
    webSocket.hooks.on("websocketMessage", () => {}, { holdMessage: () => true });
    const empty = say.continuation("", { more: true });
    const count = 70_000;
    const thousand = joined(Array.from({ length: 1000 }, () => empty));
    await from.say(say.text("a", { more: true }));
    for (let sent = 0; sent < count; sent += 1000) {
      while (!from.transport.reading) await nextTurn();
      from.send(thousand);
      if (sent % 4000 === 0) await nextTurn();
    }
    await from.say(say.continuation("z"));
    while (webSocket.messages[0]?.endedAt === null) await nextTurn();
    await settled();
    const { frames } = readFrames(to.bytes);
    assert.ok(frames.length <= 65_536, `${frames.length} frames`);
    assert.equal(frames.map(({ payload }) => latin1Decode(payload)).join(""), "az");
    assert.equal(webSocket.messages[0]?.frames, count + 2);
  });

  Deno.test(`websocket bounds, a deflate bomb from the ${name}: a bounded piece a turn, and others have theirs between`, async () => {
    const { webSocket, from, to } = await open({ ...bare, extensions: "permessage-deflate" });
    using _ = webSocket;
    using other = await openWebSocket({ context: webSocket.memory });
    const large = 12 * MEBIBYTE;
    const bomb = deflateRawSync(new Uint8Array(large), { finishFlush: 2, level: 9 }).subarray(0, -4);
    assert.ok(bomb.length <= large / 1000);
    const frame = say.binary(bomb, { reserved: RSV1 });
    for (let at = 0; at < frame.length; at += 10_000) from.send(frame.slice(at, at + 10_000));
    from.send(say.ping("?"));
    assert.deepEqual(from.heard, ['pong "?"'], "a PING behind it is answered at once");
    const [message] = webSocket.messages;
    let echoes = 0;
    let seen = 0;
    while (message?.endedAt === null) {
      assert.ok(message.body.length - seen <= INFLATE_BUDGET + OUTPUT_SIZE, "in one turn");
      seen = message.body.length;
      await other.client.say(fromClient.text(String(echoes)));
      assert.equal(other.server.heard.length, ++echoes);
      await nextTurn();
    }
    assert.equal(message?.body.length, large);
    const turns = large / (INFLATE_BUDGET + OUTPUT_SIZE);
    assert.ok(echoes >= turns - 1, `${echoes} messages of the other in ${turns} turns`);
    await to.until(frame.length);
    const frames = readFrames(to.bytes).frames.filter(({ opcode }) => opcode !== OP.ping);
    assert.equal(frames.length, 1);
    assert.ok(latin1Decode(frames[0]!.payload) === latin1Decode(bomb));
    assert.deepEqual(from.heard, ['pong "?"'], "once");
  });

  Deno.test(`websocket bounds, a large compressed message from the ${name} that is held: over several turns, shown whole`, async () => {
    const { webSocket, from, to } = await open({ ...bare, extensions: "permessage-deflate" });
    using _ = webSocket;
    using peer = new DeflatePeer();
    const large = 3 * MEBIBYTE;
    const shown = Promise.withResolvers<number>();
    webSocket.hooks.on("websocketMessage", (_flow, { body }) => shown.resolve(body.bytes().length), {
      holdMessage: () => true,
    });
    const payload = await peer.compress("x".repeat(large));
    from.send(joined([say.text(payload, { reserved: RSV1 }), say.text("behind")]));
    assert.equal(await shown.promise, large);
    await settled();
    const { frames } = readFrames(to.bytes);
    assert.deepEqual(frames.map(({ payload }) => latin1Decode(payload)), [latin1Decode(payload), "behind"]);
  });
}

// --- The record ---

/** What the record of the newest flow weighs, counted anew. */
function weigh({ messages }: { messages: { body: { kept: number } }[] }): number {
  return messages.reduce((sum, { body }) => sum + body.kept + WEBSOCKET_MESSAGE_WEIGHT, 0);
}

Deno.test("websocket record: the newest messages are kept, the others are counted, and the store knows what is there", async () => {
  const captureLimit = 4000;
  using webSocket = await openWebSocket({ settings: { captureLimit } });
  const { client, server, record, memory } = webSocket;
  const empty = memory.store.bytes;
  const most = captureLimit * (CONVERSATION_LIMITS + 2);
  const COUNT = 1000;
  for (let index = 0; index < COUNT; index++) {
    const text = String(index).padEnd(index % 700, " ");
    if (index % 3 === 0) server.send(fromServer.ping(String(index)));
    else if (index % 3 === 1) client.send(fromClient.text(text));
    else server.send(fromServer.text(text));
    assert.equal(record.messages.length + record.messagesDropped, index + 1);
    assert.equal(memory.store.bytes - empty, weigh(record));
    assert.ok(weigh(record) <= most, `${weigh(record)} of ${most}`);
  }
  assert.ok(record.messagesDropped > 0);
  assert.ok(record.messages.length > 20);
  const numbers = record.messages.map(({ body }) => Number(latin1Decode(body.bytes())));
  const first = COUNT - numbers.length;
  assert.deepEqual(numbers, Array.from(numbers, (_, index) => first + index), "the newest, in order");
});

Deno.test("websocket record: large messages are kept up to the capture limit each, their length is true", async () => {
  using webSocket = await openWebSocket({ settings: { captureLimit: 1000 } });
  const { client, record, memory } = webSocket;
  const empty = memory.store.bytes;
  for (let index = 0; index < 30; index++) {
    await client.say(fromClient.binary("x".repeat(3000)));
    assert.equal(memory.store.bytes - empty, weigh(record));
  }
  assert.ok(
    record.messages.every(({ body }) => body.kept === 1000 && body.length === 3000 && body.truncated),
  );
  assert.equal(record.messages.length + record.messagesDropped, 30);
  assert.ok(weigh(record) <= 1000 * (CONVERSATION_LIMITS + 2));
});

Deno.test("websocket record: one under way for long does not let the rest grow, and is kept itself", async () => {
  using webSocket = await openWebSocket({ settings: { captureLimit: 1000 } });
  const { client, server, record } = webSocket;
  await server.say(fromServer.text("long", { more: true }));
  for (let index = 0; index < 200; index++) await client.say(fromClient.text(String(index)));
  assert.equal(latin1Decode(record.messages[0]!.body.bytes()), "long");
  assert.ok(weigh(record) <= 1000 * (CONVERSATION_LIMITS + 2));
  assert.equal(record.messages.length + record.messagesDropped, 201);
  await server.say(fromServer.continuation(" enough"));
  for (let index = 0; index < 60; index++) await client.say(fromClient.text(String(index)));
  assert.equal(latin1Decode(record.messages.at(-1)!.body.bytes()), "59", "then the newest are kept again");
});

Deno.test("websocket record: edited, dropped and held messages weigh what is kept of them", async () => {
  using webSocket = await openWebSocket({ settings: { captureLimit: 1000 } });
  const { client, hooks, record, memory } = webSocket;
  const empty = memory.store.bytes;
  const held = gate();
  hooks.on("websocketMessage", (_flow, { body }, control) => {
    const [letter] = latin1Decode(body.bytes());
    if (letter === "s") control.replace(latin1Encode("short"));
    if (letter === "l") control.replace(new Uint8Array(5000));
    if (letter === "d") control.drop();
    if (letter === "h") return held.promise;
  }, { holdMessage: () => true });
  for (const letter of "sldpsld") {
    await client.say(fromClient.text(letter.repeat(letter === "s" ? 900 : 300)));
  }
  assert.equal(memory.store.bytes - empty, weigh(record));
  await client.say(fromClient.text("h".repeat(2000)));
  assert.equal(record.messages.at(-1)?.body.kept, 2000, "shown whole");
  await held.open();
  assert.equal(record.messages.at(-1)?.body.kept, 1000);
  assert.equal(memory.store.bytes - empty, weigh(record));
});

Deno.test("websocket record: a flow that has fallen out of the store captures nothing more, and goes on", async () => {
  using webSocket = await openWebSocket({ settings: { captureLimit: 1000 } });
  const { client, server, flow, record, memory, hooks } = webSocket;
  const held = gate();
  hooks.on("websocketMessage", (_flow, { type }) => type === "binary" ? held.promise : undefined, {
    holdMessage: (_flow, { type }) => type === "binary",
  });
  await client.say(fromClient.text("kept"), fromClient.ping("p"), fromClient.text("under", { more: true }));
  await server.say(fromServer.binary("held"));
  assert.equal(record.messages.length, 4);
  assert.ok(memory.store.delete(flow.id));
  assert.deepEqual([record.messages.length, record.messagesDropped, memory.store.bytes], [0, 4, 0]);
  await client.say(fromClient.continuation(" way"), fromClient.text("more"));
  await held.open();
  assert.deepEqual([record.messages.length, record.messagesDropped, memory.store.bytes], [0, 5, 0]);
  assert.deepEqual(server.heard, [
    'text "kept"',
    'ping ""',
    'text more "under"',
    'continuation " way"',
    'text "more"',
  ]);
  assert.deepEqual(client.heard, ['pong "p"', 'binary "held"']);
});

Deno.test("websocket record: a store with a small budget drops older flows for the messages of a running one", async () => {
  using first = await openWebSocket({ settings: { captureLimit: 10_000, flowBudget: 25_000 } });
  await first.client.say(fromClient.text("x".repeat(9000)));
  using second = await openWebSocket({ context: first.memory });
  await second.client.say(fromClient.text("y".repeat(9000)));
  assert.equal(first.memory.store.size, 2);
  await second.client.say(fromClient.text("z".repeat(9000)));
  assert.deepEqual([first.memory.store.size, first.memory.store.dropped], [1, 1]);
  assert.equal(second.messages.length, 2);
});
