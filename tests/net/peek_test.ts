// Looking at first bytes without taking them.

import assert from "node:assert/strict";
import { peek, peekEither, type PeekTimeouts } from "../../lib/net/peek.ts";
import { bytesOf, MemoryTransport, Recorder, textOf } from "./memory_transport.ts";

/** Never reached in a test that passes. */
const PATIENT: PeekTimeouts = { silence: 5_000, undecided: 5_000 };

function recorded(transport: MemoryTransport): string[] {
  const recorder = new Recorder();
  transport.attach(recorder);
  return recorder.told;
}

Deno.test("peek: decides over all bytes so far, gives them back in one piece, and stops reading", async () => {
  const transport = new MemoryTransport();
  const seen: string[] = [];
  const result = peek(transport, PATIENT, (bytes) => {
    seen.push(textOf(bytes));
    return bytes.length >= 3;
  });
  for (const byte of "abc") transport.deliver(byte);
  assert.deepEqual(await result, { kind: "decided" });
  assert.deepEqual(seen, ["a", "ab", "abc"]);
  assert.equal(transport.reading, false);
  assert.equal(transport.deliver("d"), false, "held");
  assert.deepEqual(recorded(transport), ["abc", "d"]);
});

Deno.test("peek: what was given back before is looked at again", async () => {
  const transport = new MemoryTransport();
  transport.unread(bytesOf("early"));
  assert.deepEqual(await peek(transport, PATIENT, (bytes) => textOf(bytes) === "early"), { kind: "decided" });
  assert.deepEqual(await peek(transport, PATIENT, (bytes) => textOf(bytes) === "early"), { kind: "decided" });
  assert.deepEqual(recorded(transport), ["early"]);
});

Deno.test("peek: held chunks behind the decision stay in order", async () => {
  const transport = new MemoryTransport();
  for (const text of ["one", "two", "three"]) transport.deliver(text);
  assert.deepEqual(await peek(transport, PATIENT, (bytes) => bytes.length >= 6), { kind: "decided" });
  assert.deepEqual(recorded(transport), ["onetwo", "three"]);
});

Deno.test("peek: the peer ends first; bytes and end come again", async () => {
  const transport = new MemoryTransport();
  const result = peek(transport, PATIENT, () => false);
  transport.deliver("ab");
  transport.deliverEnd();
  assert.deepEqual(await result, { kind: "ended" });
  assert.deepEqual(recorded(transport), ["ab", "<end>"]);
});

Deno.test("peek: the peer has ended before, without a byte", async () => {
  const transport = new MemoryTransport();
  transport.deliverEnd();
  assert.deepEqual(await peek(transport, PATIENT, () => false), { kind: "ended" });
  assert.deepEqual(recorded(transport), ["<end>"]);
});

Deno.test("peek: the connection breaks", async () => {
  const transport = new MemoryTransport();
  const fault = { code: "reset" as const, message: "ECONNRESET" };
  const result = peek(transport, PATIENT, () => false);
  transport.deliver("ab");
  transport.deliverClosed(fault);
  assert.deepEqual(await result, { kind: "closed", fault });
});

Deno.test("peek: a connection that is over already", async () => {
  const transport = new MemoryTransport();
  transport.deliverClosed(null);
  assert.deepEqual(await peek(transport, PATIENT, () => false), { kind: "closed", fault: null });
});

Deno.test("peek: nobody says anything", async () => {
  const transport = new MemoryTransport();
  const result = await peek(transport, { silence: 5, undecided: 5_000 }, () => false);
  assert.deepEqual(result, { kind: "timed-out" });
  assert.equal(transport.reading, false);
});

Deno.test("peek: first bytes that stay undecided have a time of their own, from the first one on", async () => {
  const transport = new MemoryTransport();
  const result = peek(transport, { silence: 5_000, undecided: 20 }, () => false);
  transport.deliver("a");
  // More undecided bytes do not make it longer.
  const trickle = setInterval(() => transport.deliver("b"), 5);
  assert.deepEqual(await result, { kind: "timed-out" });
  clearInterval(trickle);
  assert.match(recorded(transport).join(""), /^ab*$/);
});

Deno.test("peek either: the server speaks first; its bytes come again, and what the client said too", async () => {
  const client = new MemoryTransport();
  const server = new MemoryTransport();
  const result = peekEither(client, server, PATIENT, () => false);
  client.deliver("S");
  server.deliver("SSH-2.0-x\r\n");
  assert.deepEqual(await result, { kind: "other-first" });
  assert.equal(client.deliver("SH"), false);
  assert.equal(server.deliver("more"), false);
  assert.deepEqual(recorded(client), ["S", "SH"]);
  assert.deepEqual(recorded(server), ["SSH-2.0-x\r\n", "more"]);
});

Deno.test("peek either: what the server said before counts as first", async () => {
  const client = new MemoryTransport();
  const server = new MemoryTransport();
  server.deliver("220 ");
  server.deliver("mail\r\n");
  client.deliver("GET / HTTP/1.1\r\n");
  const seen: string[] = [];
  const result = await peekEither(client, server, PATIENT, (bytes) => seen.push(textOf(bytes)) > 0);
  assert.deepEqual(result, { kind: "other-first" });
  assert.deepEqual(seen, [], "the client was not looked at");
  assert.deepEqual(recorded(client), ["GET / HTTP/1.1\r\n"]);
  assert.deepEqual(recorded(server), ["220 ", "mail\r\n"]);
});

for (
  const [what, happens] of [
    ["ends", (server: MemoryTransport) => server.deliverEnd()],
    ["is closed", (server: MemoryTransport) => server.deliverClosed(null)],
    ["breaks", (server: MemoryTransport) => server.deliverClosed({ code: "reset", message: "ECONNRESET" })],
  ] as const
) {
  Deno.test(`peek either: the server ${what} first, and whoever comes next is told so`, async () => {
    const client = new MemoryTransport();
    const server = new MemoryTransport();
    const result = peekEither(client, server, PATIENT, () => false);
    happens(server);
    assert.deepEqual(await result, { kind: "other-first" });
    assert.equal(recorded(server).length, 1);
    const before = new MemoryTransport();
    happens(before);
    assert.deepEqual(await peekEither(client, before, PATIENT, () => false), { kind: "other-first" });
  });
}

Deno.test("peek either: the client decides, and the server is let go", async () => {
  const client = new MemoryTransport();
  const server = new MemoryTransport();
  const result = peekEither(client, server, PATIENT, () => true);
  client.deliver("x");
  assert.deepEqual(await result, { kind: "decided" });
  assert.equal(server.deliver("y"), false);
  assert.deepEqual(recorded(server), ["y"]);
});

Deno.test("peek either: what is no greeting of the server's waits for the client", async () => {
  const client = new MemoryTransport();
  const server = new MemoryTransport();
  const asked: string[] = [];
  const noGreeting = (bytes: Uint8Array) => {
    asked.push(textOf(bytes));
    return bytes.length > 3;
  };
  const result = peekEither(client, server, PATIENT, () => true, noGreeting);
  assert.equal(server.deliver("a"), true);
  assert.equal(server.deliver("bc"), true);
  client.deliver("x");
  assert.deepEqual(await result, { kind: "decided" });
  assert.deepEqual(asked, ["a", "abc"], "all of it, each time");
  assert.equal(server.deliver("d"), false);
  assert.equal(recorded(server).join(""), "abcd", "nothing is lost, in order");
  assert.deepEqual(recorded(client), ["x"]);
});

Deno.test("peek either: what may be no greeting is one after all", async () => {
  const client = new MemoryTransport();
  const server = new MemoryTransport();
  const result = peekEither(client, server, PATIENT, () => false, (bytes) => bytes.length > 2);
  client.deliver("x");
  server.deliver("ab");
  server.deliver("c");
  assert.deepEqual(await result, { kind: "other-first" });
  assert.equal(recorded(server).join(""), "abc");
  assert.deepEqual(recorded(client), ["x"]);
});

Deno.test("peek either: a server that has begun makes it urgent", async () => {
  const client = new MemoryTransport();
  const server = new MemoryTransport();
  const result = peekEither(client, server, { silence: 60_000, undecided: 20 }, () => false, () => false);
  server.deliver("a");
  assert.deepEqual(await result, { kind: "timed-out" });
  assert.deepEqual(recorded(server), ["a"]);
});
