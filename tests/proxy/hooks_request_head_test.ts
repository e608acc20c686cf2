import assert from "node:assert/strict";
import { Fields } from "../../lib/http/fields.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { absolute, connectClient, connectTunnel, onRequest } from "../kit/raw_client.ts";
import { bytes, holdNext } from "./hooks_holding.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

const answering = onRequest((connection) => connection.send(OK));

Deno.test("a request head is seen before anything is forwarded, held for as long as the hook likes, then sent", async () => {
  await using origin = await startRawOrigin(answering);
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  await using other = await connectClient(proxy.port);
  const hold = holdNext(proxy.hooks, "requestHead", {}, (flow) => flow.request.head.path === "/held");
  client.send(absolute("GET", origin.port, "/held"));
  const { flow } = await hold.held;
  assert.equal(flow.held, true);
  assert.equal(flow.request.head.method, "GET");
  assert.equal(flow.server, null);
  assert.equal(proxy.store.get(flow.id), flow);
  // Another client's exchange runs from its beginning to its end meanwhile.
  other.send(absolute("GET", origin.port, "/other"));
  assert.equal((await other.response()).body, "ok");
  assert.equal(origin.connections.length, 1);
  assert.match(origin.connections[0]!.received, /^GET \/other /);
  hold.release();
  assert.equal((await client.response()).body, "ok");
  assert.match((await origin.connection(1)).received, /^GET \/held /);
  assert.equal(flow.held, false);
  assert.equal(flow.edited, false);
  assert.equal(flow.error, null);
});

Deno.test("what follows a held head waits with it and goes out behind it, in order", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  const hold = holdNext(proxy.hooks, "requestHead");
  client.send(absolute("POST", origin.port, "/", "Transfer-Encoding: chunked\r\n", "5\r\nfirst\r\n"));
  const { flow } = await hold.held;
  client.send("6\r\nsecond\r\n0\r\nX-Sum: 1\r\n\r\n");
  assert.equal(flow.request.body.length, 0);
  hold.release();
  const server = await origin.connection();
  const seen = await server.until("X-Sum: 1\r\n\r\n");
  assert.ok(seen.endsWith("5\r\nfirst\r\n6\r\nsecond\r\n0\r\nX-Sum: 1\r\n\r\n"), seen);
  server.send(OK);
  assert.equal((await client.response()).status, 200);
});

Deno.test("method, path and fields edited in a hook are what the origin gets; the flow is marked as edited", async () => {
  await using origin = await startRawOrigin(answering);
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  proxy.hooks.on("requestHead", ({ request: { head } }) => {
    head.method = "PUT";
    head.path = "/other?a=1";
    head.fields.set("X-Old", "new");
    head.fields.append("X-Added", "1");
    head.fields.delete("X-Gone");
  });
  client.send(absolute("GET", origin.port, "/path", "X-Old: old\r\nX-Gone: 1\r\n"));
  assert.equal((await client.response()).status, 200);
  const { received } = await origin.connection();
  assert.equal(
    received,
    `PUT /other?a=1 HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\nX-Old: new\r\nX-Added: 1\r\n\r\n`,
  );
  const flow = await proxy.http();
  assert.equal(flow.edited, true);
});

Deno.test("an edited path keeps the authority of an absolute target in charge of Host", async () => {
  await using origin = await startRawOrigin(answering);
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  proxy.hooks.on("requestHead", (flow) => void (flow.request.head.path = "/b"));
  client.send(`GET http://127.0.0.1:${origin.port}/a HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n`);
  assert.equal((await client.response()).status, 200);
  assert.equal(
    (await origin.connection()).received,
    `GET /b HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\n\r\n`,
  );
});

Deno.test("a Host edited in a hook is what the origin gets, whatever the target said", async () => {
  await using origin = await startRawOrigin(answering);
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  proxy.hooks.on("requestHead", (flow) => flow.request.head.fields.set("Host", "edited.example"));
  client.send(absolute("GET", origin.port, "/"));
  assert.equal((await client.response()).status, 200);
  assert.equal((await origin.connection()).received, "GET / HTTP/1.1\r\nHost: edited.example\r\n\r\n");
});

Deno.test("host and port edited in a hook say where the request goes; Host stays as it was", async () => {
  await using asked = await startRawOrigin(answering);
  await using instead = await startRawOrigin(answering);
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  proxy.hooks.on("requestHead", (flow) => void (flow.port = instead.port));
  client.send(absolute("GET", asked.port, "/"));
  assert.equal((await client.response()).status, 200);
  assert.equal(
    (await instead.connection()).received,
    `GET / HTTP/1.1\r\nHost: 127.0.0.1:${asked.port}\r\n\r\n`,
  );
  assert.equal(asked.connections.length, 0);
  const flow = await proxy.http();
  assert.deepEqual([flow.edited, flow.server?.remote.port], [true, instead.port]);
});

Deno.test("inside a tunnel too an edit is what the origin gets", async () => {
  await using origin = await startRawOrigin(answering);
  await using proxy = await startProxy();
  await using client = await connectTunnel(proxy.port, `127.0.0.1:${origin.port}`);
  proxy.hooks.on("requestHead", ({ request: { head } }) => {
    head.path = "/edited";
    head.fields.set("host", "other.example");
  });
  client.send("GET /plain HTTP/1.1\r\nhost: a.example\r\nConnection: keep-alive\r\n\r\n");
  assert.equal((await client.response()).status, 200);
  assert.equal(
    (await origin.connection()).received,
    "GET /edited HTTP/1.1\r\nhost: other.example\r\nConnection: keep-alive\r\n\r\n",
  );
});

Deno.test("an answer goes to the client, the origin is not asked, and the connection goes on", async () => {
  await using origin = await startRawOrigin(answering);
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  const remove = proxy.hooks.on("requestHead", (_flow, control) => {
    control.answer({
      status: 418,
      reason: "Teapot",
      fields: Fields.of(["X-By", "hook"]),
      body: bytes("short"),
    });
  });
  client.send(absolute("GET", origin.port, "/"));
  const response = await client.response();
  assert.equal(response.head, "HTTP/1.1 418 Teapot\r\nX-By: hook\r\nContent-Length: 5");
  assert.equal(response.body, "short");
  const flow = await proxy.http();
  assert.deepEqual([flow.answered, flow.server, flow.error], [true, null, null]);
  assert.equal(flow.response?.head.status, 418);
  assert.deepEqual(flow.response?.body.bytes(), bytes("short"));
  assert.equal(origin.connections.length, 0);
  remove();
  client.send(absolute("GET", origin.port, "/"));
  assert.equal((await client.response()).body, "ok");
});

Deno.test("an answer without a reason has the usual one; a wrong length or coding is put right", async () => {
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  proxy.hooks.on("requestHead", (_flow, control) =>
    control.answer({
      status: 201,
      fields: Fields.of(["Content-Length", "99"], ["Transfer-Encoding", "chunked"]),
      body: bytes("made"),
    }));
  client.send(absolute("GET", 9, "/"));
  const response = await client.response();
  assert.equal(response.head, "HTTP/1.1 201 Created\r\nContent-Length: 4");
  assert.equal(response.body, "made");
});

Deno.test("an answer may have trailers", async () => {
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  proxy.hooks.on(
    "requestHead",
    (_flow, control) =>
      control.answer({ status: 200, body: bytes("body"), trailers: Fields.of(["X-Sum", "7"]) }),
  );
  client.send(absolute("GET", 9, "/"));
  const response = await client.response();
  assert.deepEqual([response.body, response.trailers], ["body", "X-Sum: 7"]);
  const flow = await proxy.http();
  assert.equal(flow.response?.trailers?.get("x-sum"), "7");
});

Deno.test("an answer to HEAD has the length and no body, one with 204 has neither", async () => {
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  proxy.hooks.on(
    "requestHead",
    (flow, control) =>
      control.answer({ status: flow.request.head.path === "/204" ? 204 : 200, body: bytes("body") }),
  );
  client.send(absolute("HEAD", 9, "/"));
  assert.equal((await client.response("HEAD")).head, "HTTP/1.1 200 OK\r\nContent-Length: 4");
  client.send(absolute("GET", 9, "/204"));
  assert.equal((await client.response()).head, "HTTP/1.1 204 No Content");
  client.send(absolute("HEAD", 9, "/"));
  assert.equal((await client.response("HEAD")).status, 200);
  await proxy.http((flow) => flow.request.head.path === "/204");
  assert.deepEqual(proxy.ended.map((flow) => flow.kind === "http" && flow.response?.body.length), [0, 0, 0]);
});

Deno.test("while an answer is out already, the rest of a large upload is read and dropped, and the next request follows", async () => {
  await using proxy = await startProxy({ captureLimit: 10_000 });
  await using client = await connectClient(proxy.port);
  proxy.hooks.on("requestHead", (_flow, control) => control.answer({ status: 200, body: bytes("early") }));
  const size = 4 * 1024 * 1024;
  client.send(absolute("POST", 9, "/upload", `Content-Length: ${size}\r\n`));
  assert.equal((await client.response()).body, "early");
  client.send(new Uint8Array(size));
  client.send(absolute("GET", 9, "/next"));
  assert.equal((await client.response()).body, "early");
  const flow = await proxy.http((one) => one.request.head.path === "/upload");
  assert.deepEqual([flow.request.body.length, flow.request.body.kept, flow.error], [size, 10_000, null]);
});

Deno.test("a killed request: the client sees a reset, the origin nothing", async () => {
  await using origin = await startRawOrigin(answering);
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  proxy.hooks.on("requestHead", (_flow, control) => control.kill());
  client.send(absolute("GET", origin.port, "/"));
  assert.equal(await client.closed(), "ECONNRESET");
  const flow = await proxy.http();
  assert.deepEqual([flow.killed, flow.error?.code, flow.error?.by], [true, "killed", "proxy"]);
  assert.equal(client.received, "");
  assert.equal(origin.connections.length, 0);
});

Deno.test("a held request can be killed from outside its hook, and its release changes nothing then", async () => {
  await using origin = await startRawOrigin(answering);
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  const hold = holdNext(proxy.hooks, "requestHead");
  client.send(absolute("GET", origin.port, "/"));
  const { flow, control } = await hold.held;
  control.kill();
  assert.equal(await client.closed(), "ECONNRESET");
  assert.deepEqual([flow.killed, flow.held, flow.endedAt !== null], [true, false, true]);
  hold.release();
  await using other = await connectClient(proxy.port);
  other.send(absolute("GET", origin.port, "/other"));
  assert.equal((await other.response()).status, 200);
  assert.equal(origin.connections.length, 1);
  assert.match(origin.connections[0]!.received, /^GET \/other /);
  assert.equal(flow.held, false);
});

Deno.test("a client that goes away while its request is held ends the flow; nothing is forwarded after the release", async () => {
  await using origin = await startRawOrigin(answering);
  await using proxy = await startProxy();
  const client = await connectClient(proxy.port);
  const hold = holdNext(proxy.hooks, "requestHead");
  client.send(absolute("GET", origin.port, "/"));
  await hold.held;
  client.reset();
  const flow = await proxy.http();
  assert.deepEqual([flow.error?.code, flow.error?.by, flow.held], ["client-gone", "client", false]);
  hold.release();
  await using other = await connectClient(proxy.port);
  other.send(absolute("GET", origin.port, "/other"));
  assert.equal((await other.response()).status, 200);
  assert.equal(origin.connections.length, 1);
});

Deno.test("a request behind a held one on the same connection waits its turn", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  const hold = holdNext(proxy.hooks, "requestHead");
  client.send(absolute("GET", origin.port, "/1") + absolute("GET", origin.port, "/2"));
  await hold.held;
  assert.equal(proxy.store.size, 1);
  hold.release();
  const server = await origin.connection();
  await server.until("GET /1 HTTP/1.1\r\n");
  server.send(OK);
  assert.equal((await client.response()).status, 200);
  await server.until("GET /2 HTTP/1.1\r\n");
  server.send(OK);
  assert.equal((await client.response()).status, 200);
});

Deno.test("a head that a hook made illegal costs its own flow an error page, nothing else", async () => {
  await using origin = await startRawOrigin(answering);
  await using proxy = await startProxy();
  const remove = proxy.hooks.on("requestHead", (flow) => {
    if (flow.request.head.path === "/field") flow.request.head.fields.append("X-Bad", "a\r\nX-Smuggled: 1");
    if (flow.request.head.path === "/method") flow.request.head.method = "G T";
  });
  for (const path of ["/field", "/method"]) {
    await using client = await connectClient(proxy.port);
    client.send(absolute("GET", origin.port, path));
    const response = await client.response();
    assert.equal(response.status, 500, path);
    assert.match(response.body, /to be sent/);
    const flow = await proxy.http((one) => one.request.head.path === path);
    assert.deepEqual([flow.error?.by, flow.error?.code], ["proxy", "internal"]);
  }
  for (const connection of origin.connections) assert.equal(connection.received, "");
  remove();
  await using client = await connectClient(proxy.port);
  client.send(absolute("GET", origin.port, "/fine"));
  await (await origin.connection(origin.connections.length)).until("GET /fine ");
});

Deno.test("an answer that a hook made illegal costs its own flow an error page, nothing else", async () => {
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  proxy.hooks.on("requestHead", (flow, control) => {
    const { path } = flow.request.head;
    if (path === "/bad") control.answer({ status: 200, fields: Fields.of(["a b", "c"]) });
    else if (path === "/101") control.answer({ status: 101 });
    else if (path === "/1000") control.answer({ status: 1000 });
    else control.answer({ status: 200, body: bytes("fine") });
  });
  for (const path of ["/bad", "/101", "/1000"]) {
    client.send(absolute("GET", 9, path));
    assert.equal((await client.response()).status, 500, path);
  }
  client.send(absolute("GET", 9, "/good"));
  assert.equal((await client.response()).body, "fine");
});

Deno.test("a hook that throws is reported, and the flow goes on", async () => {
  await using origin = await startRawOrigin(answering);
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  const error = new Error("of the hook's own making");
  proxy.hooks.on("requestHead", () => {
    throw error;
  });
  client.send(absolute("GET", origin.port, "/"));
  assert.equal((await client.response()).body, "ok");
  assert.deepEqual(proxy.hookErrors, [error]);
});
