import assert from "node:assert/strict";
import { startRawOrigin } from "../kit/origins.ts";
import { type ProxyFixture, startProxy } from "../kit/proxy_fixture.ts";
import { absolute, connectClient, onRequest, type RawClient } from "../kit/raw_client.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const KIB = 1024;

/** The client, its connection and the proxy are still good for an exchange. */
async function assertUsable(client: RawClient) {
  await using origin = await startRawOrigin(onRequest((connection) => connection.send(OK)));
  client.send(absolute("GET", origin.port, "/usable"));
  const response = await client.response();
  assert.deepEqual([response.status, response.body], [200, "ok"]);
}

const requestOf = (proxy: ProxyFixture, path: string) =>
  proxy.http((flow) => flow.request.head.path === path);

Deno.test("body size limit: a request that announces more gets 413 at once, and the origin nothing", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({ bodySizeLimit: 1_000 });
  await using client = await connectClient(proxy.port);
  client.send(absolute("POST", origin.port, "/", "Content-Length: 1001\r\n"));
  const response = await client.response();
  assert.equal(response.status, 413);
  assert.match(response.body, /--body-size-limit \(1000 bytes\)/);
  assert.equal(origin.connections.length, 0);
  client.send("x".repeat(1_001));
  await assertUsable(client);
  const flow = await requestOf(proxy, "/");
  assert.deepEqual([flow.error?.code, flow.error?.by], ["body-size-limit", "proxy"]);
});

Deno.test("body size limit: a request of just that size passes, counted or announced", async () => {
  for (
    const [fields, body] of [
      ["Content-Length: 1000\r\n", "x".repeat(1_000)],
      ["Transfer-Encoding: chunked\r\n", `3e8\r\n${"x".repeat(1_000)}\r\n0\r\n\r\n`],
    ]
  ) {
    await using origin = await startRawOrigin();
    await using proxy = await startProxy({ bodySizeLimit: 1_000 });
    await using client = await connectClient(proxy.port);
    client.send(absolute("POST", origin.port, "/", fields, body));
    const server = await origin.connection();
    await server.until(body!);
    server.send(OK);
    assert.equal((await client.response()).status, 200);
  }
});

Deno.test("body size limit: a chunked request is counted; beyond it the client gets 413, the origin a reset", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({ bodySizeLimit: 1_000 });
  await using client = await connectClient(proxy.port);
  client.send(absolute("POST", origin.port, "/", "Transfer-Encoding: chunked\r\n", "5\r\nfirst\r\n"));
  const server = await origin.connection();
  await server.until("first");
  client.send(`3e8\r\n${"x".repeat(1_000)}\r\n`);
  assert.equal((await client.response()).status, 413);
  assert.equal(await server.closed(), "ECONNRESET");
  assert.ok(!server.received.includes("xxx"));
  client.send("1\r\ny\r\n0\r\n\r\n");
  await assertUsable(client);
  assert.equal((await requestOf(proxy, "/")).request.body.length, 1_006);
});

Deno.test("body size limit: a request whose last piece is the one too many is over as well", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({ bodySizeLimit: 1_000 });
  await using client = await connectClient(proxy.port);
  client.send(
    absolute(
      "POST",
      origin.port,
      "/",
      "Transfer-Encoding: chunked\r\n",
      `3e9\r\n${"x".repeat(1_001)}\r\n0\r\n\r\n`,
    ),
  );
  assert.equal((await client.response()).status, 413);
  await requestOf(proxy, "/");
  await assertUsable(client);
});

Deno.test("body size limit: a response that announces more is a 502, one that is counted beyond it a reset", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({ bodySizeLimit: 1_000 });
  await using client = await connectClient(proxy.port);
  client.send(absolute("GET", origin.port, "/announced"));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  server.send(`HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n${"x".repeat(1_001)}`);
  const response = await client.response();
  assert.equal(response.status, 502);
  assert.match(response.body, /response body is over --body-size-limit/);
  assert.equal(await server.closed(), "ECONNRESET");
  client.send(absolute("GET", origin.port, "/counted"));
  const second = await origin.connection(1);
  await second.until("\r\n\r\n");
  second.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
  await client.until("first");
  second.send(`3e8\r\n${"x".repeat(1_000)}\r\n`);
  assert.equal(await client.closed(), "ECONNRESET");
  assert.ok(!client.received.includes("xxx"));
  assert.equal(await second.closed(), "ECONNRESET");
  for (const path of ["/announced", "/counted"]) {
    assert.equal((await requestOf(proxy, path)).error?.code, "body-size-limit");
  }
});

Deno.test("body size limit: the length of an answer to HEAD is no body", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({ bodySizeLimit: 1_000 });
  await using client = await connectClient(proxy.port);
  client.send(absolute("HEAD", origin.port, "/"));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
  assert.match((await client.response("HEAD")).head, /^HTTP\/1\.1 200 OK\r\nContent-Length: 5000$/);
});

/** Writes `size` bytes in pieces as fast as they are taken; resolves when all are written. */
async function upload(client: RawClient, size: number): Promise<void> {
  const piece = new Uint8Array(64 * KIB);
  for (let sent = 0; sent < size; sent += piece.length) {
    await new Promise<void>((resolve) =>
      client.socket.write(piece.subarray(0, size - sent), () => resolve())
    );
  }
}

Deno.test("an early answer is forwarded while the upload runs; the upload then runs to its end", async () => {
  const size = 8 * KIB * KIB;
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  client.send(absolute("POST", origin.port, "/", `Content-Length: ${size}\r\n`));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  let taken = 0;
  server.socket.removeAllListeners("data");
  server.socket.on("data", (chunk: Uint8Array) => taken += chunk.length);
  server.send("HTTP/1.1 413 Enough\r\nContent-Length: 2\r\n\r\nno");
  assert.equal((await client.response()).status, 413);
  assert.equal(proxy.ended.length, 0);
  await upload(client, size);
  const flow = await requestOf(proxy, "/");
  assert.deepEqual([flow.request.body.length, flow.error], [size, null]);
  client.send(absolute("GET", origin.port, "/next"));
  // On the same connection to the origin: it is in good order.
  await new Promise<void>((resolve) => {
    const look = () => taken > size ? resolve() : server.socket.once("data", look);
    look();
  });
  server.send(OK);
  assert.equal((await client.response()).body, "ok");
  assert.equal(origin.connections.length, 1);
});

Deno.test("an early answer of an origin that is then gone: the rest of the upload is read and goes nowhere", async () => {
  const size = 32 * KIB * KIB;
  for (const ending of ["finish", "reset"] as const) {
    await using origin = await startRawOrigin();
    await using proxy = await startProxy({ captureLimit: 1_000 });
    await using client = await connectClient(proxy.port);
    client.send(absolute("POST", origin.port, "/", `Content-Length: ${size}\r\n`));
    const server = await origin.connection();
    await server.until("\r\n\r\n");
    server.send("HTTP/1.1 413 Enough\r\nContent-Length: 2\r\n\r\nno");
    assert.equal((await client.response()).body, "no");
    server[ending]();
    const before = Deno.memoryUsage().rss;
    await upload(client, size);
    const flow = await requestOf(proxy, "/");
    assert.deepEqual([flow.request.body.length, flow.response?.head.status], [size, 413]);
    assert.ok(Deno.memoryUsage().rss - before < size, `${(Deno.memoryUsage().rss - before) / KIB} KiB`);
    await assertUsable(client);
  }
});

Deno.test("an early answer with Connection: close ends the exchange; what still comes is read, and then both close", async () => {
  const size = 8 * KIB * KIB;
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  client.send(absolute("POST", origin.port, "/", `Content-Length: ${size}\r\n`));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  server.send("HTTP/1.1 413 Enough\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno");
  const response = await client.response();
  assert.equal(response.head, "HTTP/1.1 413 Enough\r\nConnection: close\r\nContent-Length: 2");
  assert.equal((await requestOf(proxy, "/")).error, null);
  await client.end();
  await upload(client, size);
  client.finish();
  assert.equal(await client.closed(), null);
  assert.equal(await server.closed(), "ECONNRESET");
});

Deno.test("connections over the limit are reset, named in the log, and others go on", async () => {
  await using origin = await startRawOrigin(onRequest((connection) => connection.send(OK)));
  await using proxy = await startProxy({ connectionLimit: 2 });
  await using first = await connectClient(proxy.port);
  await using second = await connectClient(proxy.port);
  first.send(absolute("GET", origin.port, "/"));
  assert.equal((await first.response()).body, "ok");
  second.send("GET");
  while (proxy.proxy.connections < 2) await second.until(() => true);
  for (let count = 0; count < 4; count++) {
    // The reset may come before the system has said that we are connected.
    const code = await connectClient(proxy.port).then((third) => third.closed(), (error) => error.code);
    assert.equal(code, "ECONNRESET");
  }
  const entries = proxy.logs.filter(({ code }) => code === "connection-limit");
  assert.deepEqual(entries.map(({ message }) => /(\d+) refused/.exec(message)?.[1]), ["1", "2", "4"]);
  await first[Symbol.asyncDispose]();
  // Room again, as soon as the proxy has noticed.
  while (proxy.proxy.connections >= 2) await new Promise<void>((resolve) => setImmediate(resolve));
  await using fourth = await connectClient(proxy.port);
  await assertUsable(fourth);
});

Deno.test("malformed requests cost their own connections a 400, and nobody else anything", async () => {
  const malformed = [
    "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    "GET http://x/ HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "GET / HTTP/9.9\r\n\r\n",
    "\0\0\0\0\r\n\r\n",
    "GET http://x/ HTTP/1.1\r\nHost: x\r\n\x00: y\r\n\r\n",
    "POST http://x/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 6\r\n\r\n",
    `GET http://x/ HTTP/1.1\r\nX: ${"x".repeat(70_000)}\r\n\r\n`,
    "\n".repeat(100),
  ];
  await using origin = await startRawOrigin(onRequest((connection) => connection.send(OK)));
  await using proxy = await startProxy();
  const good = await Promise.all([1, 2, 3].map(() => connectClient(proxy.port)));
  const bad = await Promise.all([...malformed, ...malformed].map(() => connectClient(proxy.port)));
  for (const [index, client] of bad.entries()) {
    client.send(malformed[index % malformed.length]!);
    const one = good[index % good.length]!;
    one.send(absolute("GET", origin.port, `/${index}`));
    assert.equal((await one.response()).body, "ok");
  }
  for (const [index, client] of bad.entries()) {
    const { status } = await client.response();
    assert.ok(
      [400, 431, 505].includes(status),
      `${JSON.stringify(malformed[index % malformed.length]!.slice(0, 40))}: ${status}`,
    );
    await client.end();
  }
  assert.equal(origin.connections.length, good.length);
  const errors = proxy.ended.filter(({ error }) => error !== null);
  assert.equal(errors.length, bad.length);
  for (const { error } of errors) assert.equal(error?.by, "client");
  for (const client of [...good, ...bad]) await client[Symbol.asyncDispose]();
});
