// TLS around a transport, in both roles, against node:tls.

import assert from "node:assert/strict";
import tls from "node:tls";
import { listen } from "../../lib/net/listen.ts";
import { SocketTransport } from "../../lib/net/socket_transport.ts";
import { startTlsClient, startTlsServer, TlsError, type TlsTransport } from "../../lib/net/tls_transport.ts";
import type { Transport } from "../../lib/net/transport.ts";
import { testOriginAuthority } from "../kit/proxy_fixture.ts";
import { floodUntilStopped } from "./flood.ts";
import { bytesOf, Recorder } from "./memory_transport.ts";
import {
  acceptedPair,
  dialedPair,
  difference,
  once,
  pattern,
  readAll,
  Reader,
  written,
} from "./socket_pairs.ts";
import { NAME, ownPair, tlsPairs } from "./tls_pairs.ts";

/** RFC 8446, 5.1. */
const ALERT = 21;

for (const [role, make] of tlsPairs) {
  Deno.test(`tls transport, ${role}: bytes both ways, version and ALPN`, async () => {
    await using pair = await make({ alpn: ["mqtt", "http/1.1"] });
    const { transport, peer } = pair;
    assert.equal(transport.isEstablished, true);
    assert.equal(transport.session.getProtocol(), "TLSv1.3");
    assert.equal(transport.session.alpnProtocol, peer.alpnProtocol);
    assert.equal(peer.alpnProtocol, "mqtt");
    const reader = new Reader(transport);
    peer.write("to us");
    await reader.until(() => reader.text === "to us");
    const came = once<Uint8Array>(peer, "data");
    await written(transport, bytesOf("to them"));
    assert.equal(new TextDecoder().decode(await came), "to them");
  });

  Deno.test(`tls transport, ${role}: what came before a handler, or was given back, comes first`, async () => {
    await using pair = await make();
    const { transport, peer } = pair;
    await new Promise<void>((resolve) => peer.write("early", () => resolve()));
    transport.unread(bytesOf("first "));
    const first = new Recorder();
    const back = Promise.withResolvers<void>();
    let text = "";
    first.answer = (chunk) => {
      text += chunk;
      if (text !== "first early") return true;
      transport.attach(null);
      transport.unread(bytesOf(text));
      back.resolve();
      return false;
    };
    transport.attach(first);
    await back.promise;
    peer.write(" late");
    const reader = new Reader(transport);
    await reader.until(() => reader.text === "first early late");
  });

  Deno.test(`tls transport, ${role}: a pause stops the sender, and nothing is lost`, async () => {
    await using pair = await make();
    const { transport, peer } = pair;
    const reader = new Reader(transport);
    reader.willing = false;
    const sent = await floodUntilStopped(peer);
    assert.ok(reader.length <= 128 * 1024, `a read at most: ${reader.length}`);
    assert.ok(sent.bytes <= 16 * 1024 * 1024, `the peer could write ${sent.bytes} bytes`);
    sent.stop();
    peer.end();
    reader.resume();
    await reader.until(() => reader.ended !== null);
    assert.equal(difference(reader.bytes, pattern(reader.length, 7)), null);
    assert.ok(reader.length >= sent.bytes);
    assert.equal(reader.ended, true);
  });

  Deno.test(`tls transport, ${role}: stopping and going on again and again loses nothing`, async () => {
    await using pair = await make();
    const { transport, peer } = pair;
    const reader = new Reader(transport);
    const data = pattern(2_000_000, 3);
    peer.end(data);
    let stops = 0;
    while (reader.ended === null) {
      reader.willing = false;
      reader.resume();
      reader.willing = false;
      const length = reader.length;
      if (reader.ended === null) await reader.until(() => reader.length > length || reader.ended !== null);
      stops++;
    }
    assert.ok(stops > 10, `${stops} stops`);
    assert.equal(difference(reader.bytes, data), null);
  });

  Deno.test(`tls transport, ${role}: half-close, ours first`, async () => {
    await using pair = await make();
    const { transport, peer } = pair;
    const reader = new Reader(transport);
    const all = readAll(peer);
    const data = pattern(200_000, 4);
    await written(transport, data);
    transport.end();
    assert.equal(difference(await all, data), null);
    assert.equal(reader.ended, null);
    peer.write("the answer");
    await reader.until(() => reader.text === "the answer");
    peer.end();
    await reader.until(() => reader.fault !== undefined);
    assert.equal(reader.ended, true);
    assert.equal(reader.fault, null);
    assert.equal(transport.isClosed, true);
  });

  Deno.test(`tls transport, ${role}: half-close, theirs first`, async () => {
    await using pair = await make();
    const { transport, peer } = pair;
    const reader = new Reader(transport);
    const all = readAll(peer);
    peer.end("bye");
    await reader.until(() => reader.ended === true);
    assert.equal(reader.text, "bye");
    assert.equal(reader.fault, undefined, "half open");
    const data = pattern(300_000, 1);
    transport.write(data, () => {});
    transport.end();
    assert.equal(difference(await all, data), null);
    await reader.until(() => reader.fault === null);
  });

  for (const clean of [true, false]) {
    const what = clean ? "with" : "without";
    Deno.test(`tls transport, ${role}: ends ${what} close_notify, as told`, async () => {
      // In TLS 1.2 an encrypted alert is still seen to be one.
      await using pair = await make({ version: "TLSv1.2" });
      const { transport, peer, tap } = pair;
      const reader = new Reader(transport);
      const all = readAll(peer).catch(() => null);
      await written(transport, bytesOf("last words"));
      transport.end(clean);
      await all;
      peer.end();
      await reader.until(() => reader.fault !== undefined);
      assert.equal(tap.recordTypes.includes(ALERT), clean);
      assert.equal(tap.ended, true);
    });
  }

  Deno.test(`tls transport, ${role}: close lets go`, async () => {
    await using pair = await make();
    const { transport, peer } = pair;
    const reader = new Reader(transport);
    const closed = once(peer, "close");
    peer.on("end", () => peer.end());
    peer.resume();
    transport.close();
    await closed;
    await reader.until(() => reader.fault !== undefined);
    transport.write(bytesOf("x"), () => assert.fail("done after the end"));
    transport.end();
    transport.reset();
  });

  Deno.test(`tls transport, ${role}: a write is done when the system has taken it`, async () => {
    await using pair = await make();
    const { transport, peer } = pair;
    const all = readAll(peer);
    const total: Uint8Array<ArrayBuffer>[] = [];
    for (const [index, size] of [1, 70_000, 3, 1_000_000, 1_500].entries()) {
      const buffer = pattern(size, index);
      total.push(buffer.slice());
      await written(transport, buffer);
      buffer.fill(0);
    }
    transport.end();
    assert.equal(difference(await all, new Uint8Array(await new Blob(total).arrayBuffer())), null);
  });

  Deno.test(`tls transport, ${role}: a write to a peer that does not read is not done, and a reset ends it`, async () => {
    await using pair = await make();
    const { transport } = pair;
    const reader = new Reader(transport);
    transport.write(new Uint8Array(64 * 1024 * 1024), () => assert.fail("done"));
    transport.reset();
    await reader.until(() => reader.fault !== undefined);
  });
}

Deno.test("tls transport: a truncated end is told from a good one", async () => {
  for (const clean of [true, false]) {
    await using pair = await ownPair();
    const reader = new Reader(pair.server);
    const other = new Reader(pair.client);
    await written(pair.client, bytesOf("x"));
    pair.client.end(clean);
    await reader.until(() => reader.ended !== null);
    assert.equal(reader.text, "x");
    assert.equal(reader.ended, clean);
    // The other direction still stands.
    await written(pair.server, bytesOf("answer"));
    await other.until(() => other.text === "answer");
    pair.server.end(clean);
    await other.until(() => other.ended !== null);
    assert.equal(other.ended, clean);
    await other.until(() => other.fault !== undefined);
    await reader.until(() => reader.fault !== undefined);
    assert.equal(reader.fault, null);
  }
});

// node:tls in the peer's role takes a reset for an end; Deno's own TLS does not.
Deno.test("tls transport, server: our reset is one for an independent client", async () => {
  const accepted = Promise.withResolvers<Transport>();
  const listener = await listen("127.0.0.1", 0, (transport) => accepted.resolve(transport));
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: listener.address.port });
  const [server, client] = await Promise.all([
    accepted.promise.then(async (inner) => startTlsServer(inner, await serverOptions())),
    Deno.startTls(connection, {
      hostname: NAME,
      caCerts: [(await testOriginAuthority()).certificatePem],
    }),
  ]);
  listener.close();
  await resetSeen(server, client);
});

Deno.test("tls transport, client: our reset is one for an independent server", async () => {
  const { certificatePem, keyPem } = await serverLeaf();
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: certificatePem, key: keyPem });
  const { port } = listener.addr as Deno.NetAddr;
  const accepting = listener.accept();
  const inner = await SocketTransport.connect("127.0.0.1", port, AbortSignal.timeout(5_000));
  const client = startTlsClient(inner, clientOptions());
  const server = await accepting;
  await server.handshake();
  await resetSeen(await client, server);
});

async function resetSeen(transport: TlsTransport, peer: Deno.TlsConn): Promise<void> {
  const reader = new Reader(transport);
  await peer.write(bytesOf("x"));
  await reader.until(() => reader.length === 1);
  await written(transport, bytesOf("y"));
  const buffer = new Uint8Array(8);
  assert.equal(await peer.read(buffer), 1);
  const next = peer.read(buffer);
  transport.reset();
  await assert.rejects(next, Deno.errors.ConnectionReset);
  await reader.until(() => reader.fault !== undefined);
  peer.close();
}

Deno.test("tls transport: a reset is a reset on the other side, in both roles", async () => {
  for (const direction of ["to the server", "to the client"] as const) {
    await using pair = await ownPair();
    const [from, to] = direction === "to the server"
      ? [pair.client, pair.server]
      : [pair.server, pair.client];
    const reader = new Reader(to);
    const own = new Reader(from);
    await written(from, bytesOf("x"));
    await reader.until(() => reader.length === 1);
    from.reset();
    await reader.until(() => reader.fault !== undefined);
    assert.equal(reader.fault, "reset", direction);
    assert.equal(reader.ended, null, "never a clean end");
    await own.until(() => own.fault !== undefined);
  }
});

// --- Handshakes that fail ---

async function tlsError(handshake: Promise<unknown>): Promise<TlsError> {
  try {
    await handshake;
  } catch (error) {
    assert.ok(error instanceof TlsError);
    return error;
  }
  assert.fail("the handshake succeeded");
}

const clientOptions = () => ({
  secureContext: tls.createSecureContext({}),
  serverName: NAME,
  sendServerName: true,
  alpn: [],
  verify: false,
  timeout: 5_000,
});

async function serverLeaf() {
  return await (await testOriginAuthority()).leafFor({ host: NAME, extraNames: [] });
}

async function serverOptions() {
  const { certificatePem, keyPem } = await serverLeaf();
  return {
    secureContext: tls.createSecureContext({ cert: certificatePem, key: keyPem }),
    alpn: [],
    timeout: 5_000,
  };
}

Deno.test("tls handshake: a peer that says nothing runs out of time", async () => {
  await using accepted = await acceptedPair();
  const server = await tlsError(
    startTlsServer(accepted.transport, { ...await serverOptions(), timeout: 20 }),
  );
  assert.equal(server.code, "timed-out");
  assert.equal(server.message, "the TLS handshake timed out after 0.02 s");
  await using dialed = await dialedPair();
  const client = await tlsError(startTlsClient(dialed.transport, { ...clientOptions(), timeout: 20 }));
  assert.equal(client.code, "timed-out");
  assert.equal(dialed.transport.isClosed, false);
  const reader = new Reader(dialed.transport);
  await reader.until(() => reader.fault !== undefined);
});

Deno.test("tls handshake: a peer that closes, or resets, or sends something else", async () => {
  for (const how of ["end", "reset", "garbage"] as const) {
    for (const role of ["server", "client"] as const) {
      await using pair = await (role === "server" ? acceptedPair() : dialedPair());
      const started = role === "server"
        ? startTlsServer(pair.transport, await serverOptions())
        : startTlsClient(pair.transport, clientOptions());
      const failed = tlsError(started);
      pair.peer.resume();
      if (how === "end") pair.peer.end();
      else if (how === "garbage") {
        pair.peer.write("HTTP/1.1 400 Bad Request\r\n\r\nthis is no TLS at all\r\n");
      } else {
        pair.peer.write("\x16", () => pair.peer.resetAndDestroy());
      }
      const error = await failed;
      assert.ok(error.message.length > 0 && !error.message.includes("\n"), error.message);
      if (how === "end") {
        assert.match(error.message, /closed|ended|eof|disconnected/i, `${role}: ${error.message}`);
      }
    }
  }
});
