// A TCP socket as a transport, against node:net in the peer's role.

import assert from "node:assert/strict";
import type net from "node:net";
import { floodUntilStopped } from "./flood.ts";
import { bytesOf, Recorder } from "./memory_transport.ts";
import {
  acceptedPair,
  dialedPair,
  difference,
  once,
  pairs,
  pattern,
  readAll,
  Reader,
  written,
} from "./socket_pairs.ts";

for (const [name, make] of pairs) {
  Deno.test(`socket transport, ${name}: bytes both ways, and who is who`, async () => {
    await using pair = await make();
    const { transport, peer } = pair;
    assert.deepEqual(transport.remote, { host: peer.localAddress, port: peer.localPort });
    assert.deepEqual(transport.local, { host: peer.remoteAddress, port: peer.remotePort });
    const reader = new Reader(transport);
    peer.write("to us");
    await reader.until(() => reader.text === "to us");
    const came = once<Uint8Array>(peer, "data");
    await written(transport, bytesOf("to them"));
    assert.equal(new TextDecoder().decode(await came), "to them");
    assert.equal(transport.isClosed, false);
  });

  Deno.test(`socket transport, ${name}: what comes before a handler is there is kept`, async () => {
    await using pair = await make();
    const { transport, peer } = pair;
    await new Promise<void>((resolve) => peer.write("early", () => resolve()));
    peer.end("late");
    transport.unread(bytesOf("first "));
    const reader = new Reader(transport);
    await reader.until(() => reader.ended !== null);
    assert.equal(reader.text, "first earlylate");
    assert.equal(reader.ended, true);
  });

  Deno.test(`socket transport, ${name}: a pause stops the sender, and nothing is lost`, async () => {
    await using pair = await make();
    const { transport, peer } = pair;
    const reader = new Reader(transport);
    reader.willing = false;
    const sent = await floodUntilStopped(peer);
    assert.ok(reader.length <= 64 * 1024, `a read at most: ${reader.length}`);
    assert.ok(sent.bytes <= 16 * 1024 * 1024, `the peer could write ${sent.bytes} bytes`);
    sent.stop();
    peer.end();
    reader.resume();
    await reader.until(() => reader.ended !== null);
    assert.equal(difference(reader.bytes, pattern(reader.length, 7)), null);
    assert.ok(reader.length >= sent.bytes);
  });

  Deno.test(`socket transport, ${name}: half-close, ours first`, async () => {
    await using pair = await make();
    const { transport, peer } = pair;
    const reader = new Reader(transport);
    const all = readAll(peer);
    await written(transport, bytesOf("last words"));
    transport.end();
    transport.end();
    assert.equal(new TextDecoder().decode(await all), "last words");
    assert.equal(reader.ended, null);
    peer.write("the answer");
    await reader.until(() => reader.text === "the answer");
    peer.end();
    await reader.until(() => reader.fault !== undefined);
    assert.equal(reader.ended, true);
    assert.equal(reader.fault, null, "both directions over: closed in good order");
    assert.equal(transport.isClosed, true);
  });

  Deno.test(`socket transport, ${name}: half-close, theirs first; what is written then arrives before the end`, async () => {
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

  Deno.test(`socket transport, ${name}: our reset is ECONNRESET for the peer`, async () => {
    await using pair = await make();
    const { transport, peer } = pair;
    const reader = new Reader(transport);
    peer.write("x");
    await reader.until(() => reader.length === 1);
    const error = once<NodeJS.ErrnoException>(peer, "error");
    peer.resume();
    transport.reset();
    assert.equal((await error).code, "ECONNRESET");
    await reader.until(() => reader.fault !== undefined);
    assert.equal(reader.fault, null, "it was our own wish");
  });

  Deno.test(`socket transport, ${name}: the peer's reset is a fault`, async () => {
    await using pair = await make();
    const { transport, peer } = pair;
    const reader = new Reader(transport);
    peer.write("x");
    await reader.until(() => reader.length === 1);
    peer.resetAndDestroy();
    await reader.until(() => reader.fault !== undefined);
    assert.equal(reader.fault, "reset");
    assert.equal(reader.ended, null, "never a clean end");
    const late = new Recorder();
    transport.attach(late);
    assert.deepEqual(late.told, ["<closed reset>"]);
  });

  Deno.test(`socket transport, ${name}: close lets go, and what is written later goes nowhere`, async () => {
    await using pair = await make();
    const { transport, peer } = pair;
    const reader = new Reader(transport);
    const closed = once(peer, "close");
    peer.resume();
    peer.on("end", () => peer.end());
    transport.close();
    await closed;
    await reader.until(() => reader.fault !== undefined);
    assert.equal(reader.fault, null);
    transport.write(bytesOf("x"), () => assert.fail("done after the end"));
    transport.end();
    transport.close();
    transport.reset();
  });
}

for (const [name, make] of pairs) {
  Deno.test(`socket transport, ${name}: what the peer said before its reset is read, though our write fails first`, async () => {
    await using pair = await make();
    const { transport, peer } = pair;
    // Unread input makes its close a reset.
    peer.pause();
    await written(transport, bytesOf("never read"));
    await new Promise<void>((resolve) => peer.write("the answer", () => resolve()));
    await new Promise<void>((resolve) => peer.destroy().once("close", () => resolve()));
    // The first write meets the reset; nobody has read from us until now.
    transport.write(bytesOf("more"), () => {});
    transport.write(bytesOf("and more"), () => {});
    const reader = new Reader(transport);
    await reader.until(() => reader.fault !== undefined);
    assert.equal(reader.text, "the answer");
    assert.equal(reader.fault, "reset");
  });
}

Deno.test("socket transport: after a failure a write is not done", async () => {
  await using pair = await acceptedPair();
  const { transport, peer } = pair;
  const reader = new Reader(transport);
  // More than the system takes: the write waits for a peer that does not read, and then is gone.
  transport.write(new Uint8Array(64 * 1024 * 1024), () => assert.fail("done although it failed"));
  peer.once("readable", () => peer.resetAndDestroy());
  await reader.until(() => reader.fault !== undefined);
  assert.equal(reader.fault, "reset");
});

Deno.test("socket transport: a write is done when the system has taken it; the bytes are as they were", async () => {
  await using pair = await dialedPair();
  const { transport, peer } = pair;
  const all = readAll(peer);
  const total: Uint8Array[] = [];
  for (const [index, size] of [1, 70_000, 3, 1_000_000, 1_500].entries()) {
    const buffer = pattern(size, index);
    total.push(buffer.slice());
    await written(transport, buffer);
    // It is the caller's again.
    buffer.fill(0);
  }
  transport.end();
  const wanted = new Uint8Array(await new Blob(total as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  assert.equal(difference(await all, wanted), null);
});

Deno.test("socket transport: many sockets share one read buffer, and none sees another's bytes", async () => {
  const made = await Promise.all(Array.from({ length: 24 }, (_, index) => pairs[index % 2]![1]()));
  try {
    const readers = made.map(({ transport }) => new Reader(transport));
    const sizes = made.map((_, index) => 150_000 + index * 1_111);
    made.forEach(({ peer }, index) =>
      writeInPieces(peer, pattern(sizes[index]!, index), 10_000 + index * 300)
    );
    for (const [index, reader] of readers.entries()) {
      await reader.until(() => reader.ended !== null);
      assert.equal(difference(reader.bytes, pattern(sizes[index]!, index)), null, `socket ${index}`);
    }
  } finally {
    for (const pair of made) await pair[Symbol.asyncDispose]();
  }
});

Deno.test("socket transport: a chunk is a view for the call alone; what is given back is a copy", async () => {
  await using first = await acceptedPair();
  await using second = await acceptedPair();
  let unread = false;
  const held = Promise.withResolvers<void>();
  first.transport.attach({
    data(chunk) {
      first.transport.unread(chunk.subarray(0, chunk.length));
      unread = true;
      first.transport.attach(null);
      held.resolve();
      return false;
    },
    end: () => {},
    closed: () => {},
  });
  first.peer.write("first");
  await held.promise;
  assert.ok(unread);
  const other = new Reader(second.transport);
  second.peer.write("second");
  await other.until(() => other.text === "second");
  const reader = new Reader(first.transport);
  assert.equal(reader.text, "first");
});

function writeInPieces(socket: net.Socket, bytes: Uint8Array, size: number): void {
  let offset = 0;
  const next = () => {
    const piece = bytes.subarray(offset, offset + size);
    offset += size;
    if (offset < bytes.length) socket.write(piece, next);
    else socket.end(piece);
  };
  next();
}
