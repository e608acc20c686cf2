// 101 to something whose frames nobody can read: bytes of any kind go both ways and are recorded, with a note that says why.

import assert from "node:assert/strict";
import { latin1Decode, latin1Encode } from "../../lib/bytes/latin1.ts";
import { fromClient, fromServer, joined, RSV1 } from "../kit/websocket_frames.ts";
import { type OpenOptions, openWebSocket } from "./websocket_in_memory.ts";

const rows: [name: string, options: OpenOptions, note: RegExp][] = [
  ["an extension nobody knows", { extensions: "x-webkit-deflate-frame" }, /"x-webkit-deflate-frame"/],
  ["another beside permessage-deflate", { extensions: "permessage-deflate, x-more" }, /"x-more"/],
  [
    "permessage-deflate with a parameter that is none",
    { extensions: "permessage-deflate; level=9" },
    /"permessage-deflate"/,
  ],
  [
    "permessage-deflate with the same parameter twice",
    { extensions: "permessage-deflate; server_no_context_takeover; server_no_context_takeover" },
    /"permessage-deflate"/,
  ],
  [
    "permessage-deflate with a window nobody has",
    { extensions: "permessage-deflate; server_max_window_bits=16" },
    /"permessage-deflate"/,
  ],
  ["extensions that cannot be read", { extensions: "=" }, /"="/],
  ["a version that never was", { version: "Sec-WebSocket-Version: 12\r\n" }, /version 12/],
  ["a draft of before", { version: "" }, /version before 13/],
];

for (const [name, options, note] of rows) {
  Deno.test(`websocket handshake with ${name}: raw bytes, with a note`, async () => {
    using webSocket = await openWebSocket({
      ...options,
      prepare: ({ hooks }) => {
        for (const name of ["websocketStart", "websocketMessage", "websocketEnd"] as const) {
          hooks.on(name, () => assert.fail("nobody can tell what its messages are"));
        }
      },
    });
    const { client, server, flow } = webSocket;
    const up = joined([fromClient.ping("?"), fromClient.text("x", { key: null, reserved: 0x70 })]);
    const down = latin1Encode("\xff\xff\xff no frame at all");
    await client.say(up);
    await server.say(down);
    assert.deepEqual([server.raw, client.raw], [latin1Decode(up), latin1Decode(down)]);
    assert.equal(flow.websocket, null);
    assert.deepEqual(
      flow.messages?.map(({ fromClient, content }) => [fromClient, latin1Decode(content)]),
      [[true, latin1Decode(up)], [false, latin1Decode(down)]],
    );
    assert.equal(flow.notes.length, 1);
    assert.match(flow.notes[0]!, note);
    assert.match(flow.notes[0]!, /is not known: its bytes are shown as they are$/);
    await client.finish();
    assert.deepEqual([server.endings, client.endings], [["end"], []]);
    await server.finish();
    assert.deepEqual([webSocket.isOver, flow.error], [true, null]);
  });
}

Deno.test("websocket handshake without anything special: no note, and no raw messages", async () => {
  using webSocket = await openWebSocket();
  await webSocket.client.say(fromClient.text("x"));
  const { flow } = webSocket;
  assert.deepEqual([flow.notes, flow.messages, flow.websocket?.compression], [[], null, false]);
});

Deno.test("websocket handshake with an empty field of extensions: none was agreed on", async () => {
  using webSocket = await openWebSocket({ extensions: " , " });
  const { client, flow } = webSocket;
  await client.say(fromClient.text("x", { reserved: RSV1 }));
  assert.deepEqual([flow.notes, flow.error?.code], [[], "reserved-bit"]);
});

Deno.test("websocket handshake: HTTP behind it is no frame, and the client's fault", async () => {
  using webSocket = await openWebSocket();
  const { client, server, flow } = webSocket;
  await server.say(fromServer.text("fine"));
  await client.say(latin1Encode("GET / HTTP/1.1\r\n\r\n"));
  assert.deepEqual([client.heard, server.heard], [['text "fine"'], ['close 1001 ""']]);
  assert.equal(flow.error?.by, "client");
});
