import assert from "node:assert/strict";
import fc from "fast-check";
import type { HttpHookName } from "../../lib/proxy/flow_gate.ts";
import { HOLD_LIMIT } from "../../lib/proxy/held_body.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { absolute, connectClient } from "../kit/raw_client.ts";
import type { MemoryTransport } from "../net/memory_transport.ts";
import { deliverAll, inMemory, written } from "./exchange_in_memory.ts";
import { holdNext } from "./hooks_holding.ts";
import { settled } from "./memory_context.ts";

const KIB = 1024;
const MIB = KIB * KIB;
/** What one direction may take from its sender ahead of a reader that takes nothing: window, buffer, a read each. */
const BOUND = 512 * KIB;
const SIZE = 8 * MIB;

/** Delivers all of a body, however often the reader stops in between; fails when it does not go on. */
async function deliverRest(from: MemoryTransport, rest: number): Promise<void> {
  while (rest > 0) {
    const taken = deliverAll(from, rest);
    assert.ok(taken > 0, `stuck with ${rest} bytes to go`);
    rest -= taken;
    await settled();
  }
}

Deno.test("an origin that sends 8 MiB into a held response head is stopped, and all of it arrives in the end", async () => {
  const { client, server, hooks } = inMemory();
  const hold = holdNext(hooks, "responseHead");
  client.deliver("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  server.deliver(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`);
  await hold.held;
  const taken = deliverAll(server, SIZE);
  assert.ok(taken > 0 && taken <= BOUND, `${taken} bytes`);
  assert.equal(server.reading, false);
  await settled();
  assert.deepEqual([client.writes, server.reading], [[], false]);
  hold.release();
  await settled();
  assert.equal(server.reading, true);
  await deliverRest(server, SIZE - taken);
  assert.ok(written(client) > SIZE);
});

Deno.test("a client that sends 8 MiB behind a held request head is stopped, and all of it arrives in the end", async () => {
  const { client, server, hooks } = inMemory();
  const hold = holdNext(hooks, "requestHead");
  client.deliver(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${SIZE}\r\n\r\n`);
  await hold.held;
  const taken = deliverAll(client, SIZE);
  assert.ok(taken > 0 && taken <= BOUND, `${taken} bytes`);
  await settled();
  assert.deepEqual([server.writes, client.reading], [[], false]);
  hold.release();
  await settled();
  await deliverRest(client, SIZE - taken);
  assert.ok(written(server) > SIZE);
});

Deno.test("a reader that takes nothing stops its sender, in both directions, for every framing", async () => {
  const framings = {
    length: `Content-Length: ${SIZE}\r\n\r\n`,
    chunked: "Transfer-Encoding: chunked\r\n\r\n800000\r\n",
  };
  for (const [name, framing] of Object.entries({ ...framings, close: "\r\n" })) {
    const { client, server } = inMemory();
    client.completesWrites = false;
    client.deliver("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    server.deliver(`HTTP/1.1 200 OK\r\n${framing}`);
    const taken = deliverAll(server, SIZE);
    assert.ok(taken > 0 && taken <= BOUND, `${name}: ${taken} bytes`);
    await settled();
    assert.equal(server.reading, false);
    client.completesWrites = true;
    client.completeWrite();
    await settled();
    await deliverRest(server, SIZE - taken);
    assert.ok(written(client) > SIZE);
  }
  for (const [name, framing] of Object.entries(framings)) {
    const { client, server } = inMemory();
    server.completesWrites = false;
    client.deliver(`POST / HTTP/1.1\r\nHost: x\r\n${framing}`);
    const taken = deliverAll(client, SIZE);
    assert.ok(taken > 0 && taken <= BOUND, `${name}: ${taken} bytes`);
    server.completesWrites = true;
    server.completeWrite();
    await settled();
    await deliverRest(client, SIZE - taken);
    assert.ok(written(server) > SIZE);
  }
});

Deno.test("a switched conversation with a reader that takes nothing stops its sender, both ways", async () => {
  for (const reader of ["client", "server"] as const) {
    const { client, server } = inMemory();
    const upgrade = "Connection: Upgrade\r\nUpgrade: x\r\n\r\n";
    client.deliver(`GET / HTTP/1.1\r\nHost: x\r\n${upgrade}`);
    server.deliver(`HTTP/1.1 101 Switching Protocols\r\n${upgrade}`);
    await settled();
    const [from, to] = reader === "client" ? [server, client] : [client, server];
    to.completesWrites = false;
    const taken = deliverAll(from, SIZE);
    assert.ok(taken > 0 && taken <= BOUND, `${taken} bytes`);
    to.completesWrites = true;
    to.completeWrite();
    await settled();
    await deliverRest(from, SIZE - taken);
    assert.ok(written(to) > SIZE);
  }
});

Deno.test("a client that sends requests and reads no answers is stopped", async () => {
  const { client, server } = inMemory();
  client.completesWrites = false;
  const request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  const answer = `HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n${"x".repeat(10_000)}`;
  let asked = 0;
  while (client.reading && asked < 1_000) {
    client.deliver(request);
    asked++;
    server.deliver(answer);
    await settled();
  }
  assert.ok(asked > 1 && asked < 100, `${asked} requests`);
});

Deno.test("a response that is too large to be held is a 502, and no more of it is read", () => {
  const { client, server, hooks, ended, store } = inMemory({ captureLimit: 1_000 });
  hooks.on("response", () => {}, { holdBody: () => true });
  client.deliver("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  server.deliver("HTTP/1.1 200 OK\r\n\r\n");
  const taken = deliverAll(server, HOLD_LIMIT, 64 * KIB);
  assert.deepEqual([taken, client.writes, server.reading], [HOLD_LIMIT, [], true]);
  server.deliver("x");
  assert.match(client.writes.join(""), /^HTTP\/1\.1 502 [^]*too large to be held/);
  assert.deepEqual(server.endings, ["reset"]);
  assert.deepEqual([ended[0]?.error?.code, ended[0]?.error?.by], ["hold-limit", "proxy"]);
  store.clear();
  assert.equal(store.bytes, 0);
});

/** Everything a body goes through on its way: pieces of any size, holds, a reader that pauses. */
const journey = fc.record({
  request: fc.boolean(),
  chunked: fc.boolean(),
  hooks: fc.uniqueArray(
    fc.constantFrom<HttpHookName>(
      "requestHead",
      "request",
      "requestTrailers",
      "responseHead",
      "response",
      "responseTrailers",
    ),
  ),
  holdBody: fc.boolean(),
  trailers: fc.boolean(),
  pieces: fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 12 }),
  slow: fc.boolean(),
});

Deno.test("whatever is held, cut or read slowly: every byte arrives once, in order, and nobody stays stopped", async () => {
  await fc.assert(
    fc.asyncProperty(
      journey,
      async ({ request, chunked, hooks: names, holdBody, trailers, pieces, slow }) => {
        const { client, server, hooks, hookErrors, store, ended } = inMemory();
        for (const name of names) {
          hooks.on(
            name,
            () => settled(),
            name === "request" || name === "response" ? { holdBody: () => holdBody } : {},
          );
        }
        const bodies = pieces.map((size, index) => String.fromCharCode(97 + index).repeat(size));
        const whole = bodies.join("");
        const framing = chunked
          ? "Transfer-Encoding: chunked\r\n\r\n"
          : `Content-Length: ${whole.length}\r\n\r\n`;
        const end = !chunked ? "" : trailers ? "0\r\nX-Sum: 1\r\n\r\n" : "0\r\n\r\n";
        const [from, to] = request ? [client, server] : [server, client];
        to.completesWrites = !slow;
        if (request) client.deliver(`POST / HTTP/1.1\r\nHost: x\r\n${framing}`);
        else {
          client.deliver("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
          await settled();
          while (written(server) === 0) await settled();
          server.deliver(`HTTP/1.1 200 OK\r\n${framing}`);
        }
        const wire = bodies.map((text) => chunked ? `${text.length.toString(16)}\r\n${text}\r\n` : text);
        for (const text of [...wire, end]) {
          for (let rounds = 0; !from.reading; rounds++) {
            assert.ok(rounds < 100, "the sender stays stopped");
            to.completeWrite();
            await settled();
          }
          if (text !== "") from.deliver(text);
        }
        for (let rounds = 0; rounds < 20; rounds++) {
          to.completeWrite();
          await settled();
        }
        to.completesWrites = true;
        if (request) server.deliver("HTTP/1.1 204 Done\r\n\r\n");
        for (let rounds = 0; rounds < 20; rounds++) await settled();
        const out = to.writes.join("");
        const body = out.slice(out.indexOf("\r\n\r\n") + 4);
        const plain = chunked
          ? body.replace(/0\r\n(X-Sum: 1\r\n)?\r\n$/, "").replace(/[0-9a-f]+\r\n([a-z]*)\r\n/g, "$1")
          : body;
        // Compared first by length: a failure should not print the whole body.
        assert.deepEqual([plain.length, plain === whole], [whole.length, true]);
        assert.equal(out.endsWith("X-Sum: 1\r\n\r\n"), chunked && trailers);
        assert.deepEqual([hookErrors, ended.length, ended[0]?.error ?? null], [[], 1, null]);
        assert.deepEqual([client.reading, server.reading], [true, true]);
        store.clear();
        assert.equal(store.bytes, 0);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("over real sockets: what the origin can write into a held response is bounded by the system's buffers", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  const hold = holdNext(proxy.hooks, "responseHead", {}, (flow) => flow.request.head.path === "/held");
  client.send(absolute("GET", origin.port, "/held"));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  const size = 48 * MIB;
  server.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
  let pieces = 0;
  for (let sent = 0; sent < size; sent += 256 * KIB) {
    server.socket.write(new Uint8Array(256 * KIB), (error) => pieces += error ? 0 : 1);
  }
  const { flow } = await hold.held;
  // The origin writes on until nothing more is taken: as seen over fifty exchanges of another client.
  await using other = await connectClient(proxy.port);
  let before = -1;
  while (before !== pieces) {
    before = pieces;
    for (let count = 0; count < 50; count++) {
      other.send(absolute("GET", 1, "/"));
      assert.equal((await other.response()).status, 502);
    }
  }
  assert.ok(pieces * 256 * KIB < size / 2, `${pieces} pieces`);
  assert.equal(flow.response?.body.length, 0);
  let received = 0;
  client.socket.removeAllListeners("data");
  const all = Promise.withResolvers<void>();
  client.socket.on("data", (chunk: Uint8Array) => {
    received += chunk.length;
    if (received > size) all.resolve();
  });
  hold.release();
  await all.promise;
  await proxy.http((one) => one === flow);
  assert.deepEqual([flow.response?.body.length, flow.error], [size, null]);
});
