// While a WebSocket closes: what a hook holds has its time, what comes behind a Close frame has none, and bytes stay bytes.

import assert from "node:assert/strict";
import { CLOSE_TIMEOUT } from "../../lib/proxy/websocket_relay.ts";
import { fromClient, fromServer } from "../kit/websocket_frames.ts";
import { controlOf, gate, openWebSocket } from "./websocket_in_memory.ts";

Deno.test("websocket closing: a person who looks at a held message does not lose the connection", async () => {
  const held = gate();
  using webSocket = await openWebSocket({
    prepare: ({ hooks }) => {
      hooks.on("websocketMessage", () => held.promise, { holdMessage: () => true });
    },
  });
  const { client, server, memory: { deadlines } } = webSocket;
  await server.say(fromServer.text("look at me"));
  await client.say(fromClient.close(1000));
  assert.equal(deadlines.durations[0], CLOSE_TIMEOUT);
  deadlines.expireShortest();
  assert.equal(webSocket.isOver, false);
  assert.equal(deadlines.durations[0], CLOSE_TIMEOUT, "it is waited for again");
  await held.open();
  assert.deepEqual(client.heard, ['text "look at me"']);
  deadlines.expireShortest();
  assert.equal(webSocket.isOver, true);
});

Deno.test("websocket closing: bytes behind a peer's own Close frame give it no more time", async () => {
  using webSocket = await openWebSocket();
  const { client, memory: { deadlines } } = webSocket;
  await client.say(fromClient.close(1000));
  const before = deadlines.setsOf(CLOSE_TIMEOUT);
  await client.say(fromClient.text("I go on"), fromClient.ping("and on"));
  assert.equal(deadlines.setsOf(CLOSE_TIMEOUT), before);
});

Deno.test("websocket closing: with --lenient a reason that is not UTF-8 goes through as the bytes it is", async () => {
  using webSocket = await openWebSocket({ settings: { lenient: true } });
  await webSocket.client.say(fromClient.close(1000, "caf\xe9"));
  assert.equal(
    webSocket.server.raw,
    "\x88\x86" + webSocket.server.raw.slice(2, 6) + masked("\x03\xe8caf\xe9", webSocket.server.raw),
  );
  assert.equal(webSocket.closed, '1000 "caf\ufffd" by client');
});

Deno.test("websocket closing: what comes after a hook has closed it is recorded as not delivered", async () => {
  let control: ReturnType<typeof controlOf> | undefined;
  using webSocket = await openWebSocket({ prepare: (memory) => control = controlOf(memory) });
  (await control)?.close(4000, "enough");
  await webSocket.client.say(fromClient.text("too late"));
  assert.deepEqual(webSocket.recorded, ['> text "too late" dropped']);
  assert.deepEqual(webSocket.server.heard, ['close 4000 "enough"']);
});

/** `text` masked with the key that stands in a frame whose header has six bytes. */
function masked(text: string, frame: string): string {
  return [...text].map((character, index) =>
    String.fromCharCode(character.charCodeAt(0) ^ frame.charCodeAt(2 + index % 4))
  ).join("");
}
