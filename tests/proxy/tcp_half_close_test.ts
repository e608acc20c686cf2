// Half-closes through CONNECT, in each direction, plain and with TLS intercepted; and that an end loses no bytes.

import assert from "node:assert/strict";
import type { OriginConnection } from "../kit/origins.ts";
import { difference, pattern } from "../net/socket_pairs.ts";
import { type Conversation, converse, HOST, kinds, PORT } from "./conversation.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { openTlsTunnel, openTunnel } from "./tunnel_clients.ts";

type Side = (conversation: Conversation) => OriginConnection;
const sides: [who: string, first: Side, second: Side][] = [
  ["the client", ({ client }) => client, ({ server }) => server],
  ["the server", ({ server }) => server, ({ client }) => client],
];

for (const [name, tls] of kinds) {
  for (const [who, first, second] of sides) {
    Deno.test(`half-close, ${name}: ${who} ends first, the other goes on for as long as it likes`, async () => {
      await using conversation = await converse({ tls });
      const [one, other] = [first(conversation), second(conversation)];
      one.send("last words");
      one.finish();
      await other.end();
      assert.equal(other.received, "last words");
      other.send("still ");
      await one.until("still ");
      other.send("here");
      await one.until("still here");
      other.finish();
      await one.end();
      assert.equal(await one.closed(), null);
      const flow = await conversation.proxy.tcp();
      assert.equal(flow.error, null);
      assert.equal(flow.messages.length, 3);
    });

    Deno.test(`half-close, ${name}: ${who} ended; a reader that takes its time gets all of the answer`, async () => {
      await using conversation = await converse({ tls, settings: { captureLimit: 0 } });
      const [one, other] = [first(conversation), second(conversation)];
      one.send("go");
      one.finish();
      await other.end();
      one.socket.pause();
      const answer = pattern(5_000_000, 5);
      const taken = new Promise<void>((resolve) => other.socket.write(answer, () => resolve()));
      other.finish();
      // What fits has been written, and the end waits behind it.
      await Promise.race([taken, new Promise((resolve) => setTimeout(resolve, 300))]);
      one.socket.resume();
      await one.end();
      assert.equal(difference(bytes(one.received), answer), null);
      assert.equal((await conversation.proxy.tcp()).error, null);
    });
  }

  Deno.test(`half-close, ${name}: both end at the same time`, async () => {
    await using conversation = await converse({ tls });
    const { client, server, proxy } = conversation;
    client.send("a");
    server.send("b");
    client.finish();
    server.finish();
    await Promise.all([client.end(), server.end()]);
    assert.equal(client.received, "b");
    assert.equal(server.received, "a");
    assert.equal((await proxy.tcp()).error, null);
  });

  Deno.test(`half-close, ${name}: a client that ends before its first byte still hears the server`, async () => {
    await using origin = await startRawOrigin(tls ? { tls: { names: [HOST] } } : {});
    await using proxy = await startProxy({
      resolve: [{ host: HOST, port: PORT, address: "127.0.0.1", toPort: origin.port }],
    });
    const target = `${HOST}:${PORT}`;
    await using client = tls
      ? await openTlsTunnel(proxy.port, target, { serverName: HOST, ca: proxy.authority.certificatePem })
      : await openTunnel(proxy.port, target);
    client.finish();
    const server = await origin.connection();
    await server.end();
    server.send("the time of day");
    server.finish();
    await client.end();
    assert.equal(client.received, "the time of day");
    assert.equal((await proxy.tcp()).error, null);
  });
}

/**
 * Whether a TLS 1.3 stream holds close_notify (RFC 8446, 6.1 and 5.2): two bytes of alert, the type, 16 of AEAD tag.
 * Nothing else that is said in these tests has that length.
 */
function hasCloseNotify(stream: Uint8Array): boolean {
  const head = new TextDecoder("latin1").decode(stream).lastIndexOf("\r\n\r\n");
  for (let at = head < 0 ? 0 : head + 4; at + 5 <= stream.length;) {
    const length = (stream[at + 3]! << 8) | stream[at + 4]!;
    if (stream[at] === 23 && length === 2 + 1 + 16) return true;
    at += 5 + length;
  }
  return false;
}

for (const clean of [true, false]) {
  const what = clean ? "with close_notify" : "without close_notify";
  Deno.test(`half-close, TLS: an origin that ends ${what} is seen to do so by the client`, async () => {
    await using conversation = await converse({ tls: true, wires: true });
    const { client, server } = conversation;
    const [toClient, toServer] = [
      await conversation.wires!.client.wire(),
      await conversation.wires!.server.wire(),
    ];
    server.send("bye");
    await client.until("bye");
    if (clean) server.finish();
    else toServer.near.end();
    await toClient.far.endOfInput();
    assert.equal(hasCloseNotify(toClient.far.received), clean);
  });

  Deno.test(`half-close, TLS: a client that ends ${what} is seen to do so by the origin`, async () => {
    await using conversation = await converse({ tls: true, wires: true });
    const { client, server } = conversation;
    const [toClient, toServer] = [
      await conversation.wires!.client.wire(),
      await conversation.wires!.server.wire(),
    ];
    client.send("bye");
    await server.until("bye");
    if (clean) client.finish();
    else toClient.far.end();
    await toServer.near.endOfInput();
    assert.equal(hasCloseNotify(toServer.near.received), clean);
  });
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
