import assert from "node:assert/strict";
import { Fields } from "../../lib/http/fields.ts";
import { FlowStore } from "../../lib/flow/store.ts";
import type { MemoryTransport } from "../net/memory_transport.ts";
import { inMemory } from "./exchange_in_memory.ts";
import { settled } from "./memory_context.ts";
import { bytes, holdNext } from "./hooks_holding.ts";

const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: x\r\n";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const holdBody = () => true;

type World = ReturnType<typeof inMemory>;

/** What a store weighs that is given the flows of `store` as a whole: what they should weigh. */
function weighed(store: FlowStore): number {
  const fresh = new FlowStore({ byteBudget: Infinity, flowLimit: Infinity });
  for (const flow of store.flows()) fresh.add(flow);
  return fresh.bytes;
}

async function say(transport: MemoryTransport, text: string): Promise<void> {
  transport.deliver(text);
  await settled();
}

const scenarios: Record<string, (world: World) => Promise<void>> = {
  "a plain exchange": async ({ client, server }) => {
    await say(client, `${POST}Content-Length: 4\r\n\r\nbody`);
    await say(server, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    await say(server, OK);
  },
  "chunks and trailers": async ({ client, server }) => {
    const chunked = "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n";
    await say(client, POST + chunked);
    await say(server, `HTTP/1.1 200 OK\r\n${chunked}`);
  },
  "bodies over the capture limit": async ({ client, server }) => {
    await say(client, `${POST}Content-Length: 2000\r\n\r\n${"x".repeat(2_000)}`);
    await say(server, `HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n${"x".repeat(2_000)}`);
  },
  "bodies edited, longer and shorter, over the limit": async ({ client, server, hooks }) => {
    hooks.on("request", (_flow, control) => control.setBody(new Uint8Array(3_000)), { holdBody });
    hooks.on("response", (_flow, control) => control.setBody(bytes("x")), { holdBody });
    await say(client, `${POST}Content-Length: 4\r\n\r\nbody`);
    await say(server, OK);
  },
  "an answer in place of a response whose body was captured": async ({ client, server, hooks }) => {
    hooks.on("response", (_flow, control) => control.answer({ status: 200, body: bytes("other") }), {
      holdBody,
    });
    await say(client, GET);
    await say(server, OK);
  },
  "an answer, with an upload that is dropped": async ({ client, hooks }) => {
    hooks.on(
      "requestHead",
      (_flow, control) =>
        control.answer({ status: 200, body: bytes("early"), trailers: Fields.of(["A", "b"]) }),
    );
    await say(client, `${POST}Content-Length: 500\r\n\r\n${"x".repeat(200)}`);
    await say(client, "x".repeat(300));
  },
  "an answer to HEAD": async ({ client, hooks }) => {
    hooks.on("requestHead", (_flow, control) => control.answer({ status: 200, body: bytes("early") }));
    await say(client, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  },
  "a held response cut short, and the page for it": async ({ client, server, hooks }) => {
    hooks.on("response", () => {}, { holdBody });
    await say(client, GET);
    await say(server, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart of it");
    server.deliverEnd();
    await settled();
  },
  "a response cut short": async ({ client, server }) => {
    await say(client, GET);
    await say(server, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart of it");
    server.deliverClosed({ code: "reset", message: "ECONNRESET" });
    client.deliverClosed();
    await settled();
  },
  "a flow that is killed": async ({ client, server, hooks }) => {
    const hold = holdNext(hooks, "responseHead");
    await say(client, GET);
    await say(server, OK);
    (await hold.held).control.kill();
    hold.release();
    await settled();
  },
  "a head that could not be read": async ({ client }) => {
    await say(client, "GET / HTTP/1.1\r\nHost : x\r\n\r\n");
  },
  "messages, edited and dropped and over the limit": async ({ client, server, hooks }) => {
    let count = 0;
    hooks.on("tcpMessage", (_flow, _message, control) => {
      count++;
      if (count === 1) control.replace(bytes("a longer one"));
      if (count === 2) control.replace(bytes("-"));
      if (count === 3) control.drop();
      if (count === 4) control.replace(new Uint8Array(5_000));
      if (count === 5) return settled();
    });
    const upgrade = "Connection: Upgrade\r\nUpgrade: x\r\n\r\n";
    await say(client, `GET / HTTP/1.1\r\nHost: x\r\n${upgrade}`);
    await say(server, `HTTP/1.1 101 Switching Protocols\r\n${upgrade}`);
    for (const text of ["one", "two", "three", "four", "five", "six"]) await say(client, text);
    client.deliverEnd();
    server.deliverEnd();
    await settled();
  },
};

for (const [name, scenario] of Object.entries(scenarios)) {
  Deno.test(`the store's account is exact after ${name}`, async () => {
    const world = inMemory({ captureLimit: 1_000 });
    await scenario(world);
    world.client.deliverClosed();
    for (let count = 0; count < 5; count++) await settled();
    assert.deepEqual([world.store.size, world.ended.length], [1, 1]);
    assert.equal(world.store.bytes, weighed(world.store));
    world.store.clear();
    assert.equal(world.store.bytes, 0);
  });
}

Deno.test("a flow that fell out while it runs captures nothing more, and runs to its end", async () => {
  const { client, server, store, ended } = inMemory();
  await say(client, `${POST}Content-Length: 8\r\n\r\nfour`);
  const [flow] = [...store.flows()];
  assert.ok(flow?.kind === "http");
  assert.equal(flow.request.body.kept, 4);
  store.clear();
  await say(client, "more");
  await say(server, OK);
  assert.match(client.writes.join(""), /\r\n\r\nok$/);
  assert.match(server.writes.join(""), /\r\n\r\nfourmore$/);
  assert.deepEqual([flow.request.body.length, flow.request.body.kept], [8, 0]);
  assert.deepEqual([flow.response?.body.length, flow.response?.body.kept], [2, 0]);
  assert.deepEqual([ended, flow.error, store.bytes], [[flow], null, 0]);
});

Deno.test("a new flow pushes the oldest out of a full store while both run", async () => {
  const { client, server, store, ended } = inMemory({ flowLimit: 2 });
  for (let count = 0; count < 5; count++) {
    await say(client, GET);
    await say(server, OK);
  }
  assert.deepEqual([store.size, store.dropped, ended.length], [2, 3, 5]);
  assert.deepEqual([...store.flows()].map(({ id }) => id), [4, 5]);
  assert.equal(store.bytes, weighed(store));
});

Deno.test("a flow's times are in order, and all of them are there in the end", async () => {
  const { client, server, ended } = inMemory();
  await say(client, `${POST}Content-Length: 4\r\n\r\nbo`);
  await say(client, "dy");
  await say(server, "HTTP/1.1 103 Early Hints\r\n\r\n");
  await say(server, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo");
  await say(server, "dy");
  const [flow] = ended;
  assert.ok(flow !== undefined);
  const times = [
    flow.startedAt,
    flow.request.startedAt,
    flow.request.headAt,
    flow.request.endedAt,
    flow.interim[0]!.at,
    flow.response!.startedAt,
    flow.response!.endedAt,
    flow.endedAt,
  ];
  assert.ok(times.every((time) => time !== null));
  assert.deepEqual(times, times.toSorted((a, b) => a! - b!));
});
