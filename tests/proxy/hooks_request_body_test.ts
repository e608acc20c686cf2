import assert from "node:assert/strict";
import { Fields } from "../../lib/http/fields.ts";
import { HOLD_LIMIT } from "../../lib/proxy/held_body.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { absolute, connectClient } from "../kit/raw_client.ts";
import { bytes, holdNext, text } from "./hooks_holding.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const holdBody = () => true;

Deno.test("with holdBody the hook sees the whole request body before anything is forwarded", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  const hold = holdNext(proxy.hooks, "request", { holdBody });
  client.send(absolute("POST", origin.port, "/", "Content-Length: 10\r\n", "first"));
  client.send("-last");
  const { flow } = await hold.held;
  assert.equal(text(flow.request.body.bytes()), "first-last");
  assert.equal(flow.request.head.path, "/");
  assert.equal(flow.server, null);
  assert.equal(origin.connections.length, 0);
  hold.release();
  const server = await origin.connection();
  const seen = await server.until("first-last");
  assert.equal(
    seen,
    `POST / HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\nContent-Length: 10\r\n\r\nfirst-last`,
  );
  server.send(OK);
  assert.equal((await client.response()).status, 200);
  const ended = await proxy.http();
  assert.deepEqual([ended.edited, ended.error], [false, null]);
});

Deno.test("setBody goes out with its own length; the record shows it; the flow is marked as edited", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  proxy.hooks.on("request", (_flow, control) => control.setBody(bytes("a longer body")), { holdBody });
  client.send(absolute("POST", origin.port, "/", "Content-Length: 5\r\nX-After: 1\r\n", "short"));
  const server = await origin.connection();
  const seen = await server.until("a longer body");
  assert.equal(
    seen,
    `POST / HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\nContent-Length: 13\r\nX-After: 1\r\n\r\na longer body`,
  );
  server.send(OK);
  await client.response();
  const flow = await proxy.http();
  assert.deepEqual([flow.edited, flow.request.body.length], [true, 13]);
  assert.equal(text(flow.request.body.bytes()), "a longer body");
});

Deno.test("setBody in a chunked request stays chunked and keeps its trailers", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  proxy.hooks.on("request", (flow, control) => {
    assert.equal(flow.request.trailers?.get("x-sum"), "1");
    control.setBody(bytes("edited"));
  }, { holdBody });
  client.send(
    absolute("POST", origin.port, "/", "Transfer-Encoding: chunked\r\n", "3\r\nold\r\n0\r\nX-Sum: 1\r\n\r\n"),
  );
  const server = await origin.connection();
  const seen = await server.until("X-Sum: 1\r\n\r\n");
  assert.ok(seen.endsWith("Transfer-Encoding: chunked\r\n\r\n6\r\nedited\r\n0\r\nX-Sum: 1\r\n\r\n"), seen);
  server.send(OK);
  assert.equal((await client.response()).status, 200);
});

Deno.test("setBody gives a body to a request that had none, and takes it from one that had one", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  proxy.hooks.on(
    "request",
    (flow, control) => control.setBody(bytes(flow.request.head.path === "/none" ? "some" : "")),
    { holdBody },
  );
  client.send(absolute("POST", origin.port, "/none"));
  const server = await origin.connection();
  assert.match(await server.until("some"), /^POST \/none .*\r\nContent-Length: 4\r\n\r\nsome$/s);
  server.send(OK);
  await client.response();
  client.send(absolute("POST", origin.port, "/some", "Content-Length: 4\r\n", "some"));
  assert.match(
    await server.until((received) => /\/some[^]*\r\n\r\n/.test(received)),
    /POST \/some .*\r\nContent-Length: 0\r\n\r\n$/s,
  );
  server.send(OK);
  await client.response();
});

Deno.test("mitm asks for the body itself where the client waits for 100, and Expect goes no further", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  const hold = holdNext(proxy.hooks, "request", { holdBody });
  client.send(absolute("PUT", origin.port, "/", "Expect: 100-continue\r\nContent-Length: 4\r\n"));
  assert.equal((await client.response()).head, "HTTP/1.1 100 Continue");
  assert.equal(origin.connections.length, 0);
  client.send("body");
  await hold.held;
  hold.release();
  const server = await origin.connection();
  assert.equal(
    await server.until("body"),
    `PUT / HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\nContent-Length: 4\r\n\r\nbody`,
  );
  server.send(OK);
  assert.equal((await client.response()).status, 200);
});

Deno.test("where nobody holds the body, Expect goes through and the origin's 100 comes back", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  proxy.hooks.on("request", () => {});
  client.send(absolute("PUT", origin.port, "/", "Expect: 100-continue\r\nContent-Length: 4\r\n"));
  const server = await origin.connection();
  await server.until("Expect: 100-continue\r\n");
  assert.equal(client.received, "");
  server.send("HTTP/1.1 100 Go on\r\n\r\n");
  assert.equal((await client.response()).head, "HTTP/1.1 100 Go on");
  client.send("body");
  await server.until("body");
  server.send(OK);
  assert.equal((await client.response()).status, 200);
});

Deno.test("where a hook takes Expect away, mitm asks for the body itself", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  proxy.hooks.on("requestHead", (flow) => void flow.request.head.fields.delete("expect"));
  client.send(absolute("PUT", origin.port, "/", "Expect: 100-continue\r\nContent-Length: 4\r\n"));
  assert.equal((await client.response()).status, 100);
  const server = await origin.connection();
  await server.until("Content-Length: 4\r\n\r\n");
  client.send("body");
  await server.until("\r\n\r\nbody");
  assert.ok(!server.received.includes("Expect"));
  server.send(OK);
  assert.equal((await client.response()).status, 200);
});

Deno.test("holdBody is asked once per flow, when the head has been seen, and only then is the body held", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  const asked: string[] = [];
  proxy.hooks.on("requestHead", (flow) => void asked.push(`head ${flow.request.head.path}`));
  proxy.hooks.on("request", () => {}, {
    holdBody: (flow) => {
      assert.ok(flow.kind === "http");
      asked.push(`hold ${flow.request.head.path}`);
      return flow.request.head.path === "/hold";
    },
  });
  client.send(absolute("POST", origin.port, "/pass", "Content-Length: 10\r\n", "first"));
  const server = await origin.connection();
  await server.until("first");
  client.send("-last");
  await server.until("first-last");
  server.send(OK);
  await client.response();
  assert.deepEqual(asked, ["head /pass", "hold /pass"]);
  client.send(absolute("POST", origin.port, "/hold", "Content-Length: 10\r\n", "first-last"));
  await server.until("/hold");
  assert.deepEqual(asked.slice(2), ["head /hold", "hold /hold"]);
  server.send(OK);
  await client.response();
});

Deno.test("without holdBody the hook is told when the body has gone by, and delays nothing", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  const hold = holdNext(proxy.hooks, "request");
  client.send(absolute("POST", origin.port, "/", "Content-Length: 4\r\n", "bo"));
  const server = await origin.connection();
  await server.until("\r\n\r\nbo");
  client.send("dy");
  const { flow, control } = await hold.held;
  assert.equal(text(flow.request.body.bytes()), "body");
  assert.notEqual(flow.server, null);
  await server.until("\r\n\r\nbody");
  // Too late: what has gone out stays as it was.
  control.setBody(bytes("other"));
  server.send(OK);
  assert.equal((await client.response()).status, 200);
  hold.release();
  assert.equal(text((await proxy.http()).request.body.bytes()), "body");
});

Deno.test("a request without a body is complete with its head: its hook holds the head", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  const hold = holdNext(proxy.hooks, "request");
  client.send(absolute("GET", origin.port, "/"));
  const { flow } = await hold.held;
  assert.equal(flow.server, null);
  flow.request.head.fields.append("X-Added", "1");
  hold.release();
  const server = await origin.connection();
  await server.until("X-Added: 1\r\n\r\n");
  server.send(OK);
  assert.equal((await client.response()).status, 200);
});

Deno.test("a held request can be answered and killed", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  proxy.hooks.on("request", (flow, control) => {
    if (flow.request.head.path === "/kill") control.kill();
    else control.answer({ status: 202, body: flow.request.body.bytes() });
  }, { holdBody });
  client.send(absolute("POST", origin.port, "/echo", "Content-Length: 4\r\n", "body"));
  const response = await client.response();
  assert.deepEqual([response.status, response.body], [202, "body"]);
  client.send(absolute("POST", origin.port, "/kill", "Content-Length: 4\r\n", "body"));
  assert.equal(await client.closed(), "ECONNRESET");
  assert.equal(origin.connections.length, 0);
  const killed = await proxy.http((flow) => flow.killed);
  assert.equal(killed.request.head.path, "/kill");
});

Deno.test("request trailers are seen, can be edited or put in place of others, and the flow is marked", async () => {
  for (const held of [false, true]) {
    await using origin = await startRawOrigin();
    await using proxy = await startProxy();
    await using client = await connectClient(proxy.port);
    if (held) proxy.hooks.on("request", () => {}, { holdBody });
    proxy.hooks.on("requestTrailers", (flow) => {
      assert.equal(flow.request.trailers?.get("x-sum"), "1");
      if (flow.request.head.path === "/edit") flow.request.trailers.set("X-Sum", "2");
      else flow.request.trailers = Fields.of(["X-Other", "3"]);
    });
    const body = "3\r\nold\r\n0\r\nX-Sum: 1\r\n\r\n";
    client.send(absolute("POST", origin.port, "/edit", "Transfer-Encoding: chunked\r\n", body));
    const server = await origin.connection();
    await server.until("\r\n0\r\nX-Sum: 2\r\n\r\n");
    server.send(OK);
    await client.response();
    client.send(absolute("POST", origin.port, "/replace", "Transfer-Encoding: chunked\r\n", body));
    await server.until("\r\n0\r\nX-Other: 3\r\n\r\n");
    server.send(OK);
    await client.response();
    for (const path of ["/edit", "/replace"]) {
      assert.equal((await proxy.http((flow) => flow.request.head.path === path)).edited, true);
    }
  }
});

Deno.test("a body that is too large to be held is refused with 413, and the connection outlives it", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({ captureLimit: 1_000 });
  await using client = await connectClient(proxy.port);
  proxy.hooks.on("request", () => {}, {
    holdBody: (flow) => flow.kind === "http" && flow.request.head.path === "/",
  });
  const size = HOLD_LIMIT + 1;
  client.send(absolute("POST", origin.port, "/", `Content-Length: ${size}\r\n`));
  const piece = new Uint8Array(4 * 1024 * 1024);
  for (let sent = 0; sent < size; sent += piece.length) {
    const next = piece.subarray(0, Math.min(piece.length, size - sent));
    await new Promise<void>((resolve) => client.socket.write(next, () => resolve()));
  }
  const response = await client.response();
  assert.equal(response.status, 413);
  assert.match(response.body, /too large to be held/);
  const flow = await proxy.http();
  assert.deepEqual([flow.error?.code, flow.error?.by], ["hold-limit", "proxy"]);
  assert.deepEqual([flow.request.body.length, flow.request.body.kept], [size, 1_000]);
  assert.equal(origin.connections.length, 0);
  client.send(absolute("GET", origin.port, "/next"));
  const server = await origin.connection();
  await server.until("GET /next");
  server.send(OK);
  assert.equal((await client.response()).status, 200);
});
