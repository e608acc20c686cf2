import assert from "node:assert/strict";
import net from "node:net";
import { type OriginConnection, startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { absolute, connectClient, connectTunnel, onRequest } from "../kit/raw_client.ts";
import { holdNext } from "./hooks_holding.ts";
import { converse } from "./conversation.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** A port of 127.0.0.1 on which nothing listens. */
async function closedPort(): Promise<number> {
  const origin = await startRawOrigin();
  await origin[Symbol.asyncDispose]();
  return origin.port;
}

Deno.test("an origin that refuses the connection: 502, and the page says so", async () => {
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  const port = await closedPort();
  client.send(absolute("GET", port, "/"));
  const response = await client.response();
  assert.equal(response.status, 502);
  assert.match(response.body, new RegExp(`127\\.0\\.0\\.1:${port} refused`));
  const flow = await proxy.http();
  assert.deepEqual([flow.error?.code, flow.error?.by], ["refused", "server"]);
  // The client's connection goes on.
  client.send(absolute("GET", port, "/"));
  assert.equal((await client.response()).status, 502);
});

Deno.test("a name that cannot be resolved: 502, and the page says so", async () => {
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  client.send("GET http://nowhere.invalid/ HTTP/1.1\r\nHost: nowhere.invalid\r\n\r\n");
  const response = await client.response();
  assert.equal(response.status, 502);
  assert.match(response.body, /cannot resolve nowhere\.invalid/);
  assert.equal((await proxy.http()).error?.code, "unresolvable");
});

Deno.test("CONNECT to an origin that refuses: 502 before any 200, and the page says so", async () => {
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  const port = await closedPort();
  client.send(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  const response = await client.response();
  assert.equal(response.status, 502);
  assert.match(response.body, /refused/);
  const flow = await proxy.http();
  assert.deepEqual([flow.error?.code, flow.request.head.method], ["refused", "CONNECT"]);
});

Deno.test("an origin that does not answer the TLS handshake in time: 504, and the page says so", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({ tlsTimeout: 100 });
  await using client = await connectClient(proxy.port);
  client.send(`GET https://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\n\r\n`);
  const response = await client.response();
  assert.equal(response.status, 504);
  assert.match(response.body, /TLS handshake timed out after 0\.1 s/);
  assert.equal((await proxy.http()).error?.code, "timed-out");
  // No connection stays behind.
  await (await origin.connection()).end();
});

Deno.test("an origin that does not answer the connection attempt in time: 504, and the page says so", async () => {
  // A listener whose backlog is full and that accepts nobody: further attempts stay unanswered.
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 } as Deno.TcpListenOptions);
  const { port } = listener.addr;
  const fillers: net.Socket[] = [];
  const settled: Promise<boolean>[] = [];
  for (let count = 0; count < 4; count++) {
    const socket = net.connect({ host: "127.0.0.1", port });
    socket.on("error", () => {});
    fillers.push(socket);
    settled.push(new Promise((resolve) => socket.once("connect", () => resolve(true))));
  }
  try {
    await Promise.all(settled.slice(0, 2));
    await using proxy = await startProxy({ connectTimeout: 150 });
    await using client = await connectClient(proxy.port);
    client.send(absolute("GET", port, "/"));
    const response = await client.response();
    assert.equal(response.status, 504);
    assert.match(response.body, /timed out after 0\.15 s/);
    assert.equal((await proxy.http()).error?.code, "timed-out");
  } finally {
    for (const socket of fillers) socket.destroy();
    listener.close();
  }
});

Deno.test("a certificate that does not hold: 502 that names the reason and --insecure", async () => {
  await using origin = await startRawOrigin({ tls: { names: ["other.example"] } });
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  client.send(`GET https://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\n\r\n`);
  const response = await client.response();
  assert.equal(response.status, 502);
  assert.match(response.body, /the certificate is for another name/);
  assert.match(response.body, /--insecure/);
  assert.equal((await proxy.http()).error?.code, "tls-verification");
});

Deno.test("with --insecure the same certificate is good enough", async () => {
  await using origin = await startRawOrigin({ tls: { names: ["other.example"] } });
  await using proxy = await startProxy({ insecure: true });
  await using client = await connectClient(proxy.port);
  client.send(`GET https://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\n\r\n`);
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  server.send(OK);
  assert.equal((await client.response()).body, "ok");
});

Deno.test("an origin that closes a new connection without a response: 502, not asked again", async () => {
  await using origin = await startRawOrigin(onRequest((connection) => connection.finish()));
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  client.send(absolute("GET", origin.port, "/"));
  const response = await client.response();
  assert.equal(response.status, 502);
  assert.match(response.body, /closed without a response/);
  assert.deepEqual([(await proxy.http()).error?.code, origin.connections.length], ["no-response", 1]);
});

/** Answers /1 and, on any connection but the first, /2; on the first one it does `last` with that. */
function closesKept(last: (connection: OriginConnection) => void) {
  let first: OriginConnection | null = null;
  return onRequest((connection, { path }) => {
    first ??= connection;
    if (path === "/2" && connection === first) last(connection);
    else connection.send(OK);
  });
}

Deno.test("a kept connection that closes as a repeatable request goes out: sent once more on a new one", async () => {
  const endings: ((connection: OriginConnection) => void)[] = [
    (connection) => connection.finish(),
    (connection) => connection.reset(),
  ];
  for (const method of ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]) {
    for (const [index, ending] of endings.entries()) {
      await using origin = await startRawOrigin(closesKept(ending));
      await using proxy = await startProxy();
      await using client = await connectClient(proxy.port);
      client.send(absolute("GET", origin.port, "/1"));
      assert.equal((await client.response()).body, "ok");
      client.send(absolute(method, origin.port, "/2"));
      const response = await client.response(method);
      assert.equal(response.status, 200, `${method} ${index}`);
      const flow = await proxy.http((one) => one.request.head.path === "/2");
      assert.deepEqual([flow.error, flow.notes.length, origin.connections.length], [null, 1, 2]);
      assert.match(origin.connections[1]!.received, new RegExp(`^${method} /2 `));
    }
  }
});

Deno.test("it is sent again exactly once", async () => {
  await using origin = await startRawOrigin(onRequest((connection, { path }) => {
    if (path === "/1") connection.send(OK);
    else connection.finish();
  }));
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  client.send(absolute("GET", origin.port, "/1"));
  assert.equal((await client.response()).body, "ok");
  client.send(absolute("GET", origin.port, "/2"));
  assert.equal((await client.response()).status, 502);
  assert.equal(origin.connections.length, 2);
  const flow = await proxy.http((one) => one.request.head.path === "/2");
  assert.deepEqual([flow.error?.code, flow.notes.length], ["no-response", 1]);
  // The first connection never saw more than its two requests.
  for (const connection of origin.connections) connection.socket.destroy();
});

Deno.test("what may not be repeated is not: POST, PATCH, a body that has gone by, a response that had begun", async () => {
  const cases: [string, (connection: OriginConnection) => void][] = [
    [absolute("POST", 1, "/2"), (connection) => connection.finish()],
    [absolute("PATCH", 1, "/2"), (connection) => connection.finish()],
    [absolute("PUT", 1, "/2", "Content-Length: 1\r\n", "x"), (connection) => connection.finish()],
    [absolute("GET", 1, "/2"), (connection) => {
      connection.send("HTTP/1.1 103 Early Hints\r\n\r\n");
      connection.finish();
    }],
    [absolute("GET", 1, "/2"), (connection) => {
      connection.send("HTTP/1.1 200 O");
      connection.finish();
    }],
  ];
  for (const [request, ending] of cases) {
    await using origin = await startRawOrigin(closesKept(ending));
    await using proxy = await startProxy();
    await using client = await connectClient(proxy.port);
    client.send(absolute("GET", origin.port, "/1"));
    assert.equal((await client.response()).body, "ok");
    client.send(request.replaceAll("127.0.0.1:1", `127.0.0.1:${origin.port}`));
    let response = await client.response();
    if (response.status === 103) response = await client.response();
    assert.equal(response.status, 502, request);
    assert.equal(origin.connections.length, 1);
  }
});

Deno.test("a reset or an early end in the middle of a body is a reset for the client, never a clean end", async () => {
  const framings = {
    length: "Content-Length: 100\r\n\r\nfirst",
    chunked: "Transfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n",
    "inside a chunk": "Transfer-Encoding: chunked\r\n\r\nff\r\nfirst",
    "before the last chunk's end": "Transfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n",
    close: "\r\nfirst",
  };
  for (const [name, framing] of Object.entries(framings)) {
    for (const ending of ["reset", "end"]) {
      // The end of a close-delimited body is its good end.
      if (name === "close" && ending === "end") continue;
      await using origin = await startRawOrigin();
      await using proxy = await startProxy();
      for (const tunnel of [false, true]) {
        await using client = tunnel
          ? await connectTunnel(proxy.port, `127.0.0.1:${origin.port}`)
          : await connectClient(proxy.port);
        client.send(tunnel ? "GET /tunnel HTTP/1.1\r\nHost: x\r\n\r\n" : absolute("GET", origin.port, "/"));
        const server = await origin.connection(tunnel ? 1 : 0);
        await server.until("\r\n\r\n");
        server.send(`HTTP/1.1 200 OK\r\n${framing}`);
        await client.until("first");
        if (ending === "reset") server.reset();
        else server.finish();
        assert.equal(await client.closed(), "ECONNRESET", `${name}, ${ending}, tunnel: ${tunnel}`);
        assert.ok(!client.received.endsWith("0\r\n\r\n"));
        const path = tunnel ? "/tunnel" : "/";
        const flow = await proxy.http((one) => one.request.head.path === path);
        assert.equal(flow.error?.by, "server");
        assert.equal(flow.error?.code, ending === "reset" ? "server-gone" : "truncated");
        assert.equal(flow.response?.body.length, 5);
      }
    }
  }
});

Deno.test("an origin that breaks HTTP: 502 with the rule, before the response; a reset inside its body", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  client.send(absolute("GET", origin.port, "/"));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  const response = await client.response();
  assert.equal(response.status, 502);
  assert.match(response.body, /RFC 9112, 6\.3/);
  assert.equal((await proxy.http()).error?.code, "te-and-content-length");
  client.send(absolute("GET", origin.port, "/2"));
  const second = await origin.connection(1);
  await second.until("\r\n\r\n");
  second.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\nzz\r\n");
  assert.equal(await client.closed(), "ECONNRESET");
  const flow = await proxy.http((one) => one.request.head.path === "/2");
  assert.deepEqual([flow.error?.by, flow.error?.rule], ["server", "RFC 9112, 7.1"]);
});

Deno.test("a held response whose origin dies before it is complete: 502, and the hook's release changes nothing", async () => {
  for (const name of ["responseHead", "response"] as const) {
    await using origin = await startRawOrigin();
    await using proxy = await startProxy();
    await using client = await connectClient(proxy.port);
    const hold = holdNext(proxy.hooks, name === "response" ? "responseHead" : name, { holdBody: () => true });
    if (name === "response") proxy.hooks.on("response", () => {}, { holdBody: () => true });
    client.send(absolute("GET", origin.port, "/"));
    const server = await origin.connection();
    await server.until("\r\n\r\n");
    server.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst");
    await hold.held;
    if (name === "response") hold.release();
    server.finish();
    const response = await client.response();
    assert.equal(response.status, 502);
    hold.release();
    const flow = await proxy.http();
    assert.deepEqual([flow.error?.code, flow.held], ["truncated", false]);
    proxy.store.clear();
    assert.equal(proxy.store.bytes, 0);
  }
});

Deno.test("a client that goes away in the middle of a response takes its origin's connection along", async () => {
  for (const how of ["close", "reset"] as const) {
    await using origin = await startRawOrigin();
    await using proxy = await startProxy();
    const client = await connectClient(proxy.port);
    client.send(absolute("GET", origin.port, "/"));
    const server = await origin.connection();
    await server.until("\r\n\r\n");
    server.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nfirst");
    await client.until("first");
    if (how === "reset") client.reset();
    else client.socket.destroy();
    // Who has closed hears of more bytes with a reset.
    const more = new Uint8Array(10_000);
    const send = () => {
      if (!server.socket.destroyed) server.socket.write(more, send);
    };
    send();
    await server.closed();
    const flow = await proxy.http();
    assert.deepEqual([flow.error?.code, flow.error?.by], ["client-gone", "client"]);
  }
});

Deno.test("a client that goes away in the middle of its upload: the origin sees a reset, never a clean end", async () => {
  for (const fields of ["Content-Length: 100\r\n", "Transfer-Encoding: chunked\r\n"]) {
    for (const how of ["end", "reset"] as const) {
      await using origin = await startRawOrigin();
      await using proxy = await startProxy();
      await using client = await connectClient(proxy.port);
      client.send(
        absolute("POST", origin.port, "/", fields, fields.startsWith("C") ? "first" : "5\r\nfirst\r\n"),
      );
      const server = await origin.connection();
      await server.until("first");
      if (how === "reset") client.reset();
      else client.finish();
      assert.equal(await server.closed(), "ECONNRESET");
      assert.ok(!server.received.endsWith("0\r\n\r\n"));
      const flow = await proxy.http();
      assert.deepEqual([flow.error?.by, flow.error?.code], [
        "client",
        how === "reset" ? "client-gone" : "truncated",
      ]);
      if (how === "end") assert.equal((await client.response()).status, 400);
    }
  }
});

Deno.test("a client that half-closes after its request still gets the response", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  client.send(absolute("GET", origin.port, "/"));
  client.finish();
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nla");
  await client.until("la");
  server.send("te");
  assert.equal((await client.response()).body, "late");
  assert.equal(await client.closed(), null);
  assert.equal((await proxy.http()).error, null);
});

Deno.test("inside TLS too a body that was cut short never ends cleanly, with close_notify, without and by reset", async () => {
  for (const ending of ["close_notify", "truncation", "reset"]) {
    await using conversation = await converse({ tls: true, wires: true, settings: { tcpHosts: [] } });
    const { client, server, proxy, wires } = conversation;
    client.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
    await server.until("\r\n\r\n");
    server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
    await client.until("first");
    const proxyEnd = (await wires!.server.wire()).near;
    if (ending === "reset") proxyEnd.reset();
    else if (ending === "truncation") proxyEnd.end();
    else server.finish();
    assert.equal(await (await wires!.client.wire()).far.over(), "ECONNRESET", ending);
    const flow = await proxy.http();
    assert.deepEqual([flow.error?.by, flow.error?.code], [
      "server",
      ending === "reset" ? "server-gone" : "truncated",
    ]);
  }
});
