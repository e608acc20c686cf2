// Messages of a WebSocket that nobody changes: they go on byte for byte, each piece as it comes.

import assert from "node:assert/strict";
import { deflateRawSync } from "node:zlib";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { fromClient, fromServer, joined, RSV1 } from "../kit/websocket_frames.ts";
import { DeflatePeer } from "../kit/websocket_deflate.ts";
import { nextTurn, openWebSocket } from "./websocket_in_memory.ts";

const raw = (...frames: Uint8Array[]): string => latin1Decode(joined(frames));

for (const [name, say] of [["client", fromClient], ["server", fromServer]] as const) {
  const masks = name === "client";
  const conversations: Record<string, Uint8Array[]> = {
    "texts and binaries of all sizes of length": [
      say.text("Hello"),
      say.text(""),
      say.binary("\0\xff".repeat(62)),
      say.text("a".repeat(125)),
      say.text("b".repeat(126)),
      say.binary("c".repeat(65_535)),
      say.binary("d".repeat(65_536)),
      say.text("\xe2\x82\xac \xf0\x9f\x98\x80"),
    ],
    "fragments, empty ones among them": [
      say.text("", { more: true }),
      say.continuation("Hel", { more: true }),
      say.continuation("", { more: true }),
      say.continuation("lo \xe2", { more: true }),
      say.continuation("\x82\xac", { more: true }),
      say.continuation(""),
      say.binary("x", { more: true }),
      say.continuation("y"),
    ],
    ...(masks
      ? {
        "masks of all kinds": [
          say.text("one", { key: Uint8Array.of(0, 0, 0, 0) }),
          say.text("two", { key: Uint8Array.of(0, 0, 0, 1) }),
          say.text("three", { key: Uint8Array.of(255, 255, 255, 255) }),
          say.text("fo", { key: Uint8Array.of(1, 2, 3, 4), more: true }),
          say.continuation("ur", { key: Uint8Array.of(5, 6, 7, 8) }),
        ],
      }
      : {}),
  };
  for (const [what, frames] of Object.entries(conversations)) {
    for (const [cut, chunks] of cutsOf(frames)) {
      Deno.test(`websocket messages from the ${name}: ${what}, ${cut}`, async () => {
        using webSocket = await openWebSocket();
        const [from, to] = masks
          ? [webSocket.client, webSocket.server]
          : [webSocket.server, webSocket.client];
        await from.say(...chunks);
        assert.ok(to.raw === raw(...frames));
        assert.equal(from.raw, "");
        assert.ok(webSocket.messages.every(({ endedAt }) => endedAt !== null));
      });
    }
  }

  Deno.test(`websocket messages from the ${name}: half a frame has gone on before the rest comes`, async () => {
    using webSocket = await openWebSocket();
    const [from, to] = masks ? [webSocket.client, webSocket.server] : [webSocket.server, webSocket.client];
    const frame = say.text("Hello, you there");
    for (let size = 8; size < frame.length; size++) {
      await from.say(frame.slice(size === 8 ? 0 : size - 1, size));
      assert.equal(to.raw, raw(frame.subarray(0, size)));
    }
    const [message] = webSocket.messages;
    assert.deepEqual([message?.endedAt, message?.body.length], [null, frame.length - 1 - (masks ? 6 : 2)]);
    await from.say(frame.slice(-1));
    assert.equal(to.raw, raw(frame));
    assert.notEqual(message?.endedAt, null);
  });

  Deno.test(`websocket messages from the ${name}: control frames between the fragments of a message`, async () => {
    using webSocket = await openWebSocket();
    const [from, to] = masks ? [webSocket.client, webSocket.server] : [webSocket.server, webSocket.client];
    const parts = [
      say.text("Hel", { more: true }),
      say.ping("?"),
      say.continuation("lo", { more: true }),
      say.pong("!"),
      say.continuation(""),
    ];
    await from.say(joined(parts));
    assert.deepEqual(to.heard, ['text more "Hel"', 'ping ""', 'continuation more "lo"', 'continuation ""']);
    assert.deepEqual(from.heard, ['pong "?"']);
    const way = masks ? ">" : "<";
    assert.deepEqual(webSocket.recorded, [`${way} text "Hello"`, `${way} ping "?"`, `${way} pong "!"`]);
    assert.equal(webSocket.messages[0]?.frames, 3);
  });

  Deno.test(`websocket messages from the ${name}: ten thousand small frames in a few chunks`, async () => {
    using webSocket = await openWebSocket({ settings: { captureLimit: 10_000 } });
    const [from, to] = masks ? [webSocket.client, webSocket.server] : [webSocket.server, webSocket.client];
    const all = joined(Array.from({ length: 10_000 }, (_, index) => say.text(String(index))));
    await from.say(...pieces(all, 60_000));
    await to.until(all.length);
    assert.ok(to.raw === raw(all));
    // The last of them may have been the last of a turn.
    await nextTurn();
    assert.equal(webSocket.messages.length + webSocket.record.messagesDropped, 10_000);
  });

  Deno.test(`websocket messages from the ${name}: compressed ones, in a context that goes on, and none`, async () => {
    using webSocket = await openWebSocket({ extensions: "permessage-deflate" });
    using peer = new DeflatePeer();
    const [from, to] = masks ? [webSocket.client, webSocket.server] : [webSocket.server, webSocket.client];
    const words = ["to be or not to be", "to be or not to be, that is", "", "the question: to be"];
    const frames: Uint8Array[] = [say.text("not compressed")];
    for (const word of words) frames.push(say.text(await peer.compress(word), { reserved: RSV1 }));
    const fragmented = await peer.compress("that is the question".repeat(50));
    for (let at = 0; at < fragmented.length; at += 7) {
      const more = at + 7 < fragmented.length;
      const piece = fragmented.subarray(at, at + 7);
      frames.push(at === 0 ? say.text(piece, { reserved: RSV1, more }) : say.continuation(piece, { more }));
    }
    for (const chunk of pieces(joined(frames), 11)) from.send(chunk);
    await from.say();
    assert.equal(to.raw, raw(...frames));
    const way = masks ? ">" : "<";
    assert.deepEqual(webSocket.recorded, [
      `${way} text "not compressed"`,
      ...words.map((word) => `${way} text ${JSON.stringify(word)}`),
      `${way} text (1000)`,
    ]);
    assert.deepEqual(webSocket.messages.map(({ compressed }) => compressed), [
      false,
      true,
      true,
      true,
      true,
      true,
    ]);
    assert.equal(webSocket.record.compression, true);
  });
}

Deno.test("websocket messages: both directions at once, also together with the handshake", async () => {
  const early = { client: fromClient.text("first"), server: fromServer.text("FIRST") };
  using webSocket = await openWebSocket({ early });
  const { client, server } = webSocket;
  const up = joined([fromClient.text("up"), fromClient.binary("UP", { more: true })]);
  const down = joined([fromServer.text("down", { more: true }), fromServer.continuation("DOWN")]);
  client.send(up);
  server.send(down);
  await client.say(fromClient.continuation("!"));
  assert.equal(server.raw, raw(early.client, up, fromClient.continuation("!")));
  assert.equal(client.raw, raw(early.server, down));
  assert.deepEqual(webSocket.recorded.toSorted(), [
    '< text "FIRST"',
    '< text "downDOWN"',
    '> binary "UP!"',
    '> text "first"',
    '> text "up"',
  ]);
});

Deno.test("websocket messages: a message that is compressed in one direction only, with parameters of its own", async () => {
  using webSocket = await openWebSocket({
    extensions: "permessage-deflate; server_no_context_takeover; client_max_window_bits=9",
  });
  const { client, server } = webSocket;
  const compressed = deflateRawSync("a".repeat(3000), { windowBits: 9, finishFlush: 2 }).subarray(0, -4);
  const frame = fromClient.text(compressed, { reserved: RSV1 });
  await client.say(frame);
  assert.equal(server.raw, raw(frame));
  assert.deepEqual(webSocket.recorded, ["> text (3000)"]);
});

/** The same bytes as the chunks of a transport. */
function cutsOf(frames: readonly Uint8Array[]): [name: string, chunks: Uint8Array[]][] {
  const all = joined(frames);
  return [
    ["frame by frame", [...frames]],
    ["at once", [all]],
    all.length < 1000 ? ["byte by byte", pieces(all, 1)] : ["in pieces of 5000", pieces(all, 5000)],
  ];
}

function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from(
    { length: Math.ceil(bytes.length / size) },
    (_, index) => bytes.slice(index * size, (index + 1) * size),
  );
}
