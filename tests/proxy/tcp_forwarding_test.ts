// Raw TCP by `--tcp`: bytes both ways at once, TLS intercepted, every chunk a message of the flow.

import assert from "node:assert/strict";
import { difference, pattern } from "../net/socket_pairs.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { converse, HOST, kinds, PORT } from "./conversation.ts";
import { openTlsTunnel, openTunnel } from "./tunnel_clients.ts";

/** All bytes there are, beginning like a request: nothing is parsed, nothing is changed. */
const EVERYTHING = "GET / HTTP/1.1\r\n\r\n" +
  Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join("");

for (const [name, tls] of kinds) {
  Deno.test(`tcp, ${name}: bytes go both ways, and each chunk is a message`, async () => {
    await using conversation = await converse({ tls });
    const { client, server, proxy } = conversation;
    client.send(EVERYTHING);
    assert.equal(await server.until(EVERYTHING), EVERYTHING);
    server.send("one");
    await client.until("one");
    server.send("two");
    await client.until("onetwo");
    client.send("three");
    await server.until("three");
    client.finish();
    await server.end();
    server.finish();
    await client.end();
    const flow = await proxy.tcp();
    assert.deepEqual(
      flow.messages.map(({ fromClient, content, length }) => [
        fromClient,
        new TextDecoder("latin1").decode(content),
        length,
      ]),
      [
        [true, new TextDecoder("latin1").decode(bytes(EVERYTHING)), EVERYTHING.length],
        [false, "one", 3],
        [false, "two", 3],
        [true, "three", 5],
      ],
    );
    for (const message of flow.messages) {
      assert.deepEqual(
        [message.edited, message.dropped, message.injected],
        [false, false, false],
      );
      assert.ok(message.at >= flow.startedAt && message.at <= flow.endedAt!);
    }
    assert.equal(flow.tls, tls);
    assert.equal(flow.host, HOST);
    assert.equal(flow.port, PORT);
    assert.equal(flow.error, null);
    assert.equal(flow.messagesDropped, 0);
    assert.equal(flow.bytesFromClient, EVERYTHING.length + 5);
    assert.equal(flow.bytesFromServer, 6);
    assert.deepEqual(flow.server?.name, { host: HOST, port: PORT });
    assert.equal(flow.server?.remote.host, "127.0.0.1");
    assert.equal(flow.server?.tls === null, !tls);
    assert.deepEqual(proxy.hookErrors, []);
  });

  Deno.test(`tcp, ${name}: a lot in both directions at once arrives as it was sent`, async () => {
    await using conversation = await converse({ tls, settings: { captureLimit: 0 } });
    const { client, server } = conversation;
    const up = pattern(1_500_000, 1);
    const down = pattern(2_000_000, 2);
    client.send(up);
    client.finish();
    server.send(down);
    server.finish();
    await Promise.all([client.end(), server.end()]);
    assert.equal(difference(bytes(server.received), up), null);
    assert.equal(difference(bytes(client.received), down), null);
  });

  Deno.test(`tcp, ${name}: the server speaks first, and the client is only then heard`, async () => {
    await using conversation = await converse({
      tls,
      onConnection: (connection) => connection.send("220 mail.example ESMTP\r\n"),
    });
    const { client, server, proxy } = conversation;
    assert.equal(await client.until("\r\n"), "220 mail.example ESMTP\r\n");
    client.send("EHLO client.example\r\n");
    await server.until("EHLO client.example\r\n");
    client.finish();
    server.finish();
    const flow = await proxy.tcp();
    assert.deepEqual(flow.messages.map(({ fromClient }) => fromClient), [false, true]);
  });

  Deno.test(`tcp, ${name}: nothing is said, and both close`, async () => {
    await using conversation = await converse({ tls });
    const { client, server, proxy } = conversation;
    const gone = new Promise<void>((resolve) => proxy.hooks.on("clientDisconnected", () => resolve()));
    client.finish();
    await server.end();
    server.finish();
    await client.closed();
    const flow = await proxy.tcp();
    assert.deepEqual(flow.messages, []);
    assert.equal(flow.error, null);
    await gone;
    assert.equal(proxy.proxy.connections, 0);
  });

  Deno.test(`tcp, ${name}: what is over the capture limit is counted, and forwarded all the same`, async () => {
    await using conversation = await converse({ tls, settings: { captureLimit: 1000 } });
    const { client, server, proxy } = conversation;
    const say = async (text: string) => {
      const length = server.received.length + text.length;
      client.send(text);
      await server.until((received) => received.length === length);
    };
    await say("a".repeat(600));
    await say("b".repeat(600));
    await say("c");
    await say("d");
    client.finish();
    server.finish();
    const flow = await proxy.tcp();
    const [first, second] = flow.messages;
    assert.equal(flow.messages.length, 2);
    assert.equal(first?.content.length, 600);
    assert.equal(second?.length, 600, "the true length");
    assert.ok(second!.content.length < 600 && second!.content.length > 0, "cut");
    assert.equal(flow.messagesDropped, 2);
    assert.equal(flow.bytesFromClient, 1202);
  });

  Deno.test(`tcp, ${name}: many tiny messages weigh more than their bytes`, async () => {
    await using conversation = await converse({ tls, settings: { captureLimit: 1000 } });
    const { client, server, proxy } = conversation;
    for (let index = 0; index < 40; index++) {
      client.send("x");
      await server.until((received) => received.length === index + 1);
    }
    client.finish();
    server.finish();
    const flow = await proxy.tcp();
    assert.ok(flow.messages.length < 20, `${flow.messages.length} kept`);
    assert.equal(flow.messages.length + flow.messagesDropped, 40);
  });
}

Deno.test("tcp: without --tcp, a server that speaks first makes it raw TCP", async () => {
  for (const greeting of ["SSH-2.0-OpenSSH_9.2\r\n", "220 mail.example ESMTP\r\n", "\x4a\0\0\0\x0a5.7.1\0"]) {
    await using conversation = await converse({
      tls: false,
      settings: { tcpHosts: [] },
      onConnection: (connection) => connection.send(greeting),
    });
    const { client, server, proxy } = conversation;
    await client.until(greeting);
    // Even if it looks like a request.
    client.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
    await server.until("\r\n\r\n");
    client.finish();
    server.finish();
    assert.equal((await proxy.tcp()).bytesFromServer, greeting.length);
  }
});

Deno.test("tcp: without --tcp, a server that speaks first inside TLS makes it raw TCP", async () => {
  await using conversation = await converse({
    tls: true,
    settings: { tcpHosts: [] },
    onConnection: (connection) => connection.send("* OK IMAP4rev1\r\n"),
  });
  const { client, server, proxy } = conversation;
  await client.until("* OK IMAP4rev1\r\n");
  client.send("a1 LOGOUT\r\n");
  await server.until("a1 LOGOUT\r\n");
  client.finish();
  server.finish();
  assert.equal((await proxy.tcp()).tls, true);
});

Deno.test("tcp: --tcp by server name, where CONNECT names an address", async () => {
  await using origin = await startRawOrigin({ tls: { names: [HOST] } });
  await using proxy = await startProxy({ tcpHosts: [/^example\.com$/i] });
  await using client = await openTlsTunnel(proxy.port, `127.0.0.1:${origin.port}`, {
    serverName: HOST,
    ca: proxy.authority.certificatePem,
  });
  client.send("GET / HTTP/1.1\r\n\r\n");
  const server = await origin.connection();
  await server.until("GET / HTTP/1.1\r\n\r\n");
  server.send("not HTTP");
  await client.until("not HTTP");
  client.finish();
  server.finish();
  const flow = await proxy.tcp();
  assert.equal(flow.host, "127.0.0.1");
  assert.equal(flow.client.tls?.serverName, HOST);
});

Deno.test("tcp: --tcp by host and port leaves other ports alone", async () => {
  await using origin = await startRawOrigin();
  await using other = await startRawOrigin({
    onConnection: (connection) => {
      connection.until("\r\n\r\n").then(
        () => connection.send("HTTP/1.1 204 No Content\r\n\r\n"),
        () => {},
      );
    },
  });
  await using proxy = await startProxy({ tcpHosts: [new RegExp(`:${origin.port}$`)] });
  const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  await using raw = await openTunnel(proxy.port, `127.0.0.1:${origin.port}`);
  raw.send(request);
  await (await origin.connection()).until(request);
  raw.finish();
  (await origin.connection()).finish();
  assert.equal((await proxy.tcp()).port, origin.port);
  await using http = await openTunnel(proxy.port, `127.0.0.1:${other.port}`);
  http.send(request);
  await http.until("204");
  assert.equal((await proxy.http()).port, other.port);
});

Deno.test("tcp: an origin that does not speak TLS, or not to be trusted, is a reset and a flow that says why", async () => {
  await using origin = await startRawOrigin({
    onConnection: (connection) => connection.send("220 not TLS\r\n"),
  });
  await using proxy = await startProxy({ tcpHosts: [/./], tlsTimeout: 1_000 });
  const client = await openTunnel(proxy.port, `127.0.0.1:${origin.port}`);
  await client.until("220 not TLS");
  client.socket.destroy();
  await using untrusted = await startRawOrigin({ tls: { names: ["other.example"] } });
  const failed = openTlsTunnel(proxy.port, `127.0.0.1:${untrusted.port}`, { serverName: HOST, ca: null });
  await assert.rejects(failed);
  const flow = await proxy.tcp(({ port }) => port === untrusted.port);
  assert.equal(flow.error?.code, "tls-verification");
  assert.match(flow.error.message, /for another name.*--insecure/);
  assert.equal(flow.error.by, "server");
});

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
