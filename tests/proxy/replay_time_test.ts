// What replays wait for, with deadlines that expire when a test says so: the server's silence, 100 Continue, the rest of
// a request, and a server that does not read.

import assert from "node:assert/strict";
import { REPLAY_QUIET } from "../../lib/proxy/replay_tcp.ts";
import { Replays } from "../../lib/proxy/replays.ts";
import type { TcpFlow } from "../../lib/flow/record.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { pattern } from "../net/socket_pairs.ts";
import { holdNext } from "./hooks_holding.ts";
import { memoryContext } from "./memory_context.ts";
import { nextTcp, requestTo, saidUntilStopped, sayTo } from "./replay_flows.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** An origin, and replays whose time stands still. */
async function standing() {
  const origin = await startRawOrigin();
  const memory = memoryContext();
  const empty = Promise.withResolvers<void>();
  const replays = new Replays(memory.context, () => empty.resolve());
  const tcp: TcpFlow[] = [];
  memory.hooks.on("tcpEnd", (flow) => void (flow.kind === "tcp" && tcp.push(flow)));
  return {
    ...memory,
    origin,
    replays,
    empty: empty.promise,
    tcp,
    async [Symbol.asyncDispose]() {
      replays.shutdown();
      replays.destroy();
      await origin[Symbol.asyncDispose]();
    },
  };
}

/** Until a hook point is run. */
function next(hooks: Awaited<ReturnType<typeof standing>>["hooks"], point: "tcpMessage"): Promise<void> {
  return new Promise((resolve) => {
    const remove = hooks.on(point, () => {
      remove();
      resolve();
    });
  });
}

Deno.test("replay time: a server that has nothing more to say is ended with, in good order", async () => {
  await using test = await standing();
  const { origin, replays, deadlines, hooks } = test;
  const { stallTimeout } = test.settings;
  const said = next(hooks, "tcpMessage");
  replays.tcp(sayTo(origin.port, ["a"]));
  await said;
  const server = await origin.connection();
  await server.until("a");
  assert.deepEqual(deadlines.durations, [REPLAY_QUIET, stallTimeout]);
  // What it says starts the time anew.
  const answered = next(hooks, "tcpMessage");
  server.send("b");
  await answered;
  deadlines.expireShortest();
  await server.end();
  assert.equal(test.tcp.length, 0);
  // The server's turn to end.
  const last = next(hooks, "tcpMessage");
  server.send("c");
  await last;
  server.finish();
  await test.empty;
  const [flow] = test.tcp;
  assert.deepEqual([flow?.error, flow?.closedBy, flow?.messages.length], [null, "client", 3]);
  assert.equal(await server.closed(), null);
});

Deno.test("replay time: a server that does not end in turn is let go", async () => {
  await using test = await standing();
  const { origin, replays, deadlines } = test;
  replays.tcp(sayTo(origin.port, ["a"]));
  const server = await origin.connection();
  await server.until("a");
  deadlines.expireShortest();
  await server.end();
  assert.equal(deadlines.durations[0], REPLAY_QUIET);
  deadlines.expireShortest();
  await test.empty;
  const [flow] = test.tcp;
  assert.deepEqual([flow?.error, flow?.closedBy, replays.size], [null, "client", 0]);
  assert.deepEqual(deadlines.durations, []);
});

Deno.test("replay time: what ends behind its last chunk waits for its answer as long as anything may", async () => {
  await using test = await standing();
  const { origin, replays, deadlines } = test;
  replays.tcp(sayTo(origin.port, ["a"], true));
  const server = await origin.connection();
  await server.end();
  assert.deepEqual(deadlines.durations, [test.settings.stallTimeout]);
  deadlines.expire();
  await test.empty;
  assert.equal(test.tcp[0]?.error?.code, "stalled");
});

Deno.test("replay time: what a hook holds, and a server that does not read, are no silence", async () => {
  await using test = await standing();
  const { origin, replays, deadlines, hooks } = test;
  const release = Promise.withResolvers<void>();
  const remove = hooks.on("tcpMessage", () => release.promise);
  const held = next(hooks, "tcpMessage");
  const begun = nextTcp(hooks);
  replays.tcp(sayTo(origin.port, ["a"]));
  await begun;
  const server = await origin.connection();
  for (let again = 0; again < 3; again++) {
    assert.equal(deadlines.durations[0], REPLAY_QUIET);
    deadlines.expireShortest();
  }
  assert.deepEqual([test.tcp.length, server.received], [0, ""]);
  remove();
  release.resolve();
  await held;
  await server.until("a");
  deadlines.expireShortest();
  await server.end();
  server.finish();
  await test.empty;

  const size = 32 * 1024 * 1024;
  const chunks = Array.from({ length: 64 }, () => pattern(size / 64, 5));
  const started = nextTcp(hooks);
  replays.tcp(sayTo(origin.port, chunks));
  const { socket } = await origin.connection(1);
  socket.pause();
  const flow = await started;
  assert.ok(await saidUntilStopped(() => flow.bytesFromClient) < size);
  deadlines.expireShortest();
  deadlines.expireShortest();
  deadlines.expireShortest();
  assert.equal(flow.endedAt, null);
  let received = 0;
  const all = Promise.withResolvers<void>();
  socket.removeAllListeners("data");
  socket.on("data", (chunk: Uint8Array) => {
    received += chunk.length;
    if (received === size) all.resolve();
  });
  socket.resume();
  await all.promise;
  assert.equal(flow.bytesFromClient, size);
  const answered = next(hooks, "tcpMessage");
  socket.write("a");
  await answered;
  assert.equal(flow.closedBy, null, "it waits for the answer as ever");
});

Deno.test("replay time: an origin that knows nothing of 100 gets the body after a while, not counting what came before", async () => {
  await using test = await standing();
  const { origin, replays, deadlines, hooks, settings } = test;
  const hold = holdNext(hooks, "requestHead");
  replays.request(requestTo(origin.port, "POST", "/", [["Expect", "100-continue"]], "body"));
  await hold.held;
  assert.deepEqual(deadlines.durations, [1_000, settings.stallTimeout]);
  deadlines.expireShortest();
  assert.deepEqual(deadlines.durations, [1_000, settings.stallTimeout]);
  hold.release();
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  assert.match(server.received, /\r\n\r\n$/);
  deadlines.expireShortest();
  await server.until("\r\n\r\nbody");
  const over = new Promise<void>((resolve) => hooks.on("httpEnded", () => resolve()));
  server.send(OK);
  await over;
  assert.deepEqual([test.ended[0]?.error, test.ended[0]?.interim], [null, []]);
});

Deno.test("replay time: a connection kept for the rest of a request is closed when its time is up", async () => {
  await using test = await standing();
  const { origin, replays, deadlines, hooks } = test;
  replays.request(requestTo(origin.port, "POST", "/", [], "body"));
  const server = await origin.connection();
  await server.until("body");
  const over = new Promise<void>((resolve) => hooks.on("httpEnded", () => resolve()));
  server.send(OK);
  await over;
  assert.deepEqual([replays.size, deadlines.durations[0]], [1, 2_000]);
  deadlines.expireShortest();
  assert.equal(replays.size, 0);
  await server.end();
});

Deno.test("replay time: an exchange that stalls is answered for, and one that does not end then is ended", async () => {
  await using test = await standing();
  const { origin, replays, deadlines } = test;
  replays.request(requestTo(origin.port, "GET", "/"));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  deadlines.expire();
  assert.equal(await server.closed(), "ECONNRESET");
  const [flow] = test.ended;
  assert.deepEqual([flow?.error?.code, flow?.response?.head.status, replays.size], ["stalled", 504, 0]);
});
