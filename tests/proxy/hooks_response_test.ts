import assert from "node:assert/strict";
import { Fields } from "../../lib/http/fields.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { absolute, connectClient } from "../kit/raw_client.ts";
import { bytes, holdNext, text } from "./hooks_holding.ts";

const holdBody = () => true;

/** A proxy, an origin that got a GET for "/", and the client that waits for its answer. */
async function asked(method = "GET") {
  const origin = await startRawOrigin();
  const proxy = await startProxy();
  const client = await connectClient(proxy.port);
  client.send(absolute(method, origin.port, "/"));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  return {
    origin,
    proxy,
    client,
    server,
    /** A complete exchange of another client. */
    async elsewhere() {
      await using other = await connectClient(proxy.port);
      other.send(absolute("GET", origin.port, "/elsewhere"));
      const connection = await origin.connection(origin.connections.length);
      await connection.until("/elsewhere");
      connection.send("HTTP/1.1 204 Elsewhere\r\n\r\n");
      assert.equal((await other.response()).status, 204);
    },
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
      await origin[Symbol.asyncDispose]();
    },
  };
}

Deno.test("an interim response can be held, edited and answered in place of", async () => {
  await using test = await asked();
  const { proxy, client, server } = test;
  const hold = holdNext(proxy.hooks, "interimResponse");
  server.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  const { flow } = await hold.held;
  assert.equal(flow.interim[0]?.head.status, 103);
  await test.elsewhere();
  // What follows waits behind it.
  assert.deepEqual([client.received, flow.response], ["", null]);
  flow.interim[0]!.head.fields.set("Link", "</b>");
  hold.release();
  assert.equal((await client.response()).head, "HTTP/1.1 103 Early Hints\r\nLink: </b>");
  assert.equal((await client.response()).body, "ok");
  assert.equal((await proxy.http((one) => one === flow)).edited, true);
});

Deno.test("an answer at an interim response goes out in place of it and of all that follows", async () => {
  await using test = await asked();
  const { proxy, client, server } = test;
  proxy.hooks.on("interimResponse", (_flow, control) => control.answer({ status: 503, body: bytes("no") }));
  server.send("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  const response = await client.response();
  assert.deepEqual([response.status, response.body], [503, "no"]);
  assert.equal(await server.closed(), "ECONNRESET");
});

Deno.test("a held response head holds the body behind it; then both go through as they came", async () => {
  await using test = await asked();
  const { proxy, client, server } = test;
  const hold = holdNext(proxy.hooks, "responseHead");
  server.send("HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nX-Y: z\r\n\r\nbo");
  const { flow } = await hold.held;
  assert.deepEqual([flow.held, flow.response?.head.reason], [true, "Fine"]);
  await test.elsewhere();
  assert.equal(client.received, "");
  server.send("dy!");
  hold.release();
  const response = await client.response();
  assert.equal(response.head, "HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nX-Y: z");
  assert.equal(response.body, "body!");
  assert.deepEqual([flow.held, flow.edited, flow.error], [false, false, null]);
});

Deno.test("a complete response outlives its origin's connection while a hook holds it", async () => {
  for (const [name, framing] of [["length", "Content-Length: 4\r\n"], ["close", ""]]) {
    for (const point of ["responseHead", "response"] as const) {
      await using test = await asked();
      const { proxy, client, server } = test;
      const hold = holdNext(proxy.hooks, point, { holdBody });
      const closed = Promise.withResolvers<void>();
      proxy.hooks.on("serverDisconnected", () => closed.resolve());
      server.send(`HTTP/1.1 200 OK\r\nConnection: close\r\n${framing}\r\nbody`);
      server.finish();
      const { flow } = await hold.held;
      await closed.promise;
      assert.equal(flow.held, true);
      hold.release();
      const response = await client.response();
      assert.deepEqual([response.status, response.body], [200, "body"], `${name} at ${point}`);
      assert.equal(flow.error, null);
    }
  }
});

Deno.test("status, reason and fields edited in a hook are what the client gets", async () => {
  await using test = await asked();
  const { proxy, client, server } = test;
  proxy.hooks.on("responseHead", (flow) => {
    const { head } = flow.response!;
    head.status = 404;
    head.reason = "Gone fishing";
    head.fields.set("X-Old", "new");
    head.fields.append("X-Added", "1");
  });
  server.send("HTTP/1.1 200 OK\r\nX-Old: old\r\nContent-Length: 4\r\n\r\nbody");
  const response = await client.response();
  assert.equal(
    response.head,
    "HTTP/1.1 404 Gone fishing\r\nX-Old: new\r\nContent-Length: 4\r\nX-Added: 1",
  );
  assert.equal(response.body, "body");
  assert.equal((await proxy.http()).edited, true);
});

Deno.test("with holdBody the hook sees the whole response body, and can put another in its place", async () => {
  const framings = [
    ["Content-Length: 8\r\n", "old-body", "Content-Length: 4"],
    ["Transfer-Encoding: chunked\r\n", "3\r\nold\r\n5\r\n-body\r\n0\r\n\r\n", "Transfer-Encoding: chunked"],
    ["", "old-body", "Content-Length: 4"],
  ];
  for (const [fields, wire, framing] of framings) {
    await using test = await asked();
    const { proxy, client, server } = test;
    const hold = holdNext(proxy.hooks, "response", { holdBody });
    server.send(`HTTP/1.1 200 OK\r\nX-Y: z\r\n${fields}\r\n${wire}`);
    if (fields === "") server.finish();
    const { flow, control } = await hold.held;
    assert.equal(text(flow.response!.body.bytes()), "old-body");
    assert.equal(client.received, "");
    control.setBody(bytes("news"));
    hold.release();
    const response = await client.response();
    assert.equal(response.head, `HTTP/1.1 200 OK\r\nX-Y: z\r\n${framing}`);
    assert.equal(response.body, "news");
    const ended = await proxy.http();
    assert.deepEqual([ended.edited, text(ended.response!.body.bytes())], [true, "news"]);
  }
});

Deno.test("a held close-delimited response that nobody edits stays close-delimited", async () => {
  await using test = await asked();
  const { proxy, client, server } = test;
  const hold = holdNext(proxy.hooks, "response", { holdBody });
  server.send("HTTP/1.1 200 OK\r\n\r\nuntil the end");
  server.finish();
  await hold.held;
  hold.release();
  const response = await client.response();
  assert.deepEqual([response.head, response.body], ["HTTP/1.1 200 OK\r\nConnection: close", "until the end"]);
});

Deno.test("setBody on the answer to HEAD sets the length and sends no body", async () => {
  await using test = await asked("HEAD");
  const { proxy, client, server } = test;
  proxy.hooks.on("response", (_flow, control) => control.setBody(bytes("12345")), { holdBody });
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
  assert.equal((await client.response("HEAD")).head, "HTTP/1.1 200 OK\r\nContent-Length: 5");
  await proxy.http();
  assert.equal(client.rest, "");
});

Deno.test("an answer at the response head goes out in place of the origin's, which is not read further", async () => {
  await using test = await asked();
  const { proxy, client, server } = test;
  proxy.hooks.on("responseHead", (flow, control) => {
    assert.equal(flow.response?.head.status, 500);
    control.answer({ status: 200, fields: Fields.of(["X-By", "hook"]), body: bytes("mended") });
  });
  server.send("HTTP/1.1 500 Broken\r\nContent-Length: 100\r\n\r\npart");
  const response = await client.response();
  assert.equal(response.head, "HTTP/1.1 200 OK\r\nX-By: hook\r\nContent-Length: 6");
  assert.equal(response.body, "mended");
  assert.equal(await server.closed(), "ECONNRESET");
  const flow = await proxy.http();
  assert.deepEqual([flow.answered, flow.response?.head.status, flow.error], [true, 200, null]);
});

Deno.test("an answer at a held response goes out in place of it", async () => {
  await using test = await asked();
  const { proxy, client, server } = test;
  proxy.hooks.on("response", (_flow, control) => control.answer({ status: 201, body: bytes("mine") }), {
    holdBody,
  });
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nours");
  const response = await client.response();
  assert.deepEqual([response.status, response.body], [201, "mine"]);
  const flow = await proxy.http();
  assert.deepEqual([flow.answered, text(flow.response!.body.bytes())], [true, "mine"]);
});

Deno.test("a response that has begun cannot be answered any more: it goes on as it is", async () => {
  await using test = await asked();
  const { proxy, client, server } = test;
  proxy.hooks.on("response", (_flow, control) => control.answer({ status: 500 }));
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo");
  await client.until("bo");
  server.send("dy");
  const response = await client.response();
  assert.deepEqual([response.status, response.body], [200, "body"]);
  assert.equal((await proxy.http()).answered, false);
});

Deno.test("a flow killed in the middle of a body: the client sees a reset, and so does the origin", async () => {
  await using test = await asked();
  const { proxy, client, server } = test;
  const hold = holdNext(proxy.hooks, "responseHead");
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
  const { flow, control } = await hold.held;
  hold.release();
  await client.until("first");
  control.kill();
  assert.equal(await client.closed(), "ECONNRESET");
  assert.equal(await server.closed(), "ECONNRESET");
  assert.deepEqual([flow.killed, flow.error?.code, flow.endedAt !== null], [true, "killed", true]);
});

Deno.test("a flow killed at its response head sends the client nothing of it", async () => {
  await using test = await asked();
  const { proxy, client, server } = test;
  proxy.hooks.on("responseHead", (_flow, control) => control.kill());
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  assert.equal(await client.closed(), "ECONNRESET");
  assert.equal(client.received, "");
  assert.equal(await server.closed(), "ECONNRESET");
});

Deno.test("response trailers are seen, can be edited or put in place of others, held body or not", async () => {
  for (const held of [false, true]) {
    for (const [replaced, wanted] of [[false, "X-Sum: 2"], [true, "X-Other: 3"]] as const) {
      await using test = await asked();
      const { proxy, client, server } = test;
      if (held) proxy.hooks.on("response", () => {}, { holdBody });
      proxy.hooks.on("responseTrailers", (flow) => {
        assert.equal(flow.response?.trailers?.get("x-sum"), "1");
        if (replaced) flow.response.trailers = Fields.of(["X-Other", "3"]);
        else flow.response.trailers.set("X-Sum", "2");
      });
      server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n");
      const response = await client.response();
      assert.deepEqual([response.body, response.trailers], ["body", wanted]);
      assert.equal((await proxy.http()).edited, true);
    }
  }
});

Deno.test("held trailers hold only the end: the body before them has gone by", async () => {
  await using test = await asked();
  const { proxy, client, server } = test;
  const hold = holdNext(proxy.hooks, "responseTrailers");
  server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n");
  await hold.held;
  await client.until("4\r\nbody\r\n");
  assert.ok(!client.received.includes("0\r\n"));
  hold.release();
  assert.equal((await client.response()).trailers, "X-Sum: 1");
});

Deno.test("without holdBody the response hook is told at the end and delays nothing", async () => {
  await using test = await asked();
  const { proxy, client, server } = test;
  const hold = holdNext(proxy.hooks, "response");
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo");
  await client.until("bo");
  server.send("dy");
  const { flow } = await hold.held;
  assert.equal(text(flow.response!.body.bytes()), "body");
  assert.equal((await client.response()).body, "body");
  hold.release();
});

Deno.test("hooks of one exchange run in the order of the wire", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  const order: string[] = [];
  const names = [
    "requestHead",
    "request",
    "requestTrailers",
    "interimResponse",
    "responseHead",
    "response",
    "responseTrailers",
    "httpError",
    "httpEnded",
  ] as const;
  for (const name of names) proxy.hooks.on(name, () => void order.push(name));
  const chunked = "Transfer-Encoding: chunked\r\n";
  client.send(absolute("POST", origin.port, "/", chunked, "1\r\na\r\n0\r\nX: 1\r\n\r\n"));
  const server = await origin.connection();
  await server.until("X: 1\r\n\r\n");
  server.send("HTTP/1.1 103 Early Hints\r\n\r\n");
  server.send(`HTTP/1.1 200 OK\r\n${chunked}\r\n1\r\na\r\n0\r\nX: 1\r\n\r\n`);
  await client.response();
  await client.response();
  assert.deepEqual(order, [
    "requestHead",
    "requestTrailers",
    "request",
    "interimResponse",
    "responseHead",
    "responseTrailers",
    "response",
    "httpEnded",
  ]);
});

Deno.test("a response head that a hook made illegal costs its own flow an error page", async () => {
  await using test = await asked();
  const { proxy, client, server } = test;
  proxy.hooks.on("responseHead", (flow) => flow.response!.head.fields.append("X-Bad", "a\nb"));
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  const response = await client.response();
  assert.equal(response.status, 500);
  assert.match(response.body, /field value/);
  assert.equal((await proxy.http()).error?.code, "internal");
  await test.elsewhere().catch(() => {});
});

Deno.test("trailers that a hook made illegal, behind a body that has gone by, end in a reset", async () => {
  await using test = await asked();
  const { proxy, client, server } = test;
  proxy.hooks.on("responseTrailers", (flow) => flow.response!.trailers!.append("X Bad", "1"));
  server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n");
  assert.equal(await client.closed(), "ECONNRESET");
  assert.ok(!client.received.includes("0\r\n"));
  assert.equal((await proxy.http()).error?.code, "internal");
});
