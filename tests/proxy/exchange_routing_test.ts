import assert from "node:assert/strict";
import type { Settings } from "../../lib/proxy/settings.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { connectClient, connectTunnel, onRequest } from "../kit/raw_client.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** What an origin gets of a request sent to an explicit proxy; `PORT` stands for the origin's. */
async function forwarded(request: string, settings: Partial<Settings> = {}) {
  await using origin = await startRawOrigin();
  const reverse = settings.mode?.kind === "reverse" ? { ...settings.mode, port: origin.port } : null;
  await using proxy = await startProxy({ ...settings, ...(reverse === null ? {} : { mode: reverse }) });
  await using client = await connectClient(proxy.port);
  client.send(request.replaceAll("PORT", String(origin.port)));
  const server = await origin.connection();
  const received = await server.until("\r\n\r\n");
  server.send(OK);
  const response = await client.response();
  assert.equal(response.status, 200);
  const flow = await proxy.http();
  return { received: received.replaceAll(String(origin.port), "PORT"), flow, response };
}

Deno.test("explicit: absolute form becomes origin form, the rest goes through as it came", async () => {
  const { received, flow } = await forwarded(
    "GET http://127.0.0.1:PORT/a%2Fb?q=%C3%A4&x=[1] HTTP/1.1\r\nhOsT: 127.0.0.1:PORT\r\nX-A: 1\r\nx-a:  2 \r\nX-B: \x80\xff\r\n\r\n",
  );
  assert.equal(
    received,
    "GET /a%2Fb?q=%C3%A4&x=[1] HTTP/1.1\r\nhOsT: 127.0.0.1:PORT\r\nX-A: 1\r\nx-a: 2\r\nX-B: \x80\xff\r\n\r\n",
  );
  // The record shows what came.
  assert.match(flow.request.head.target, /^http:\/\/127/);
  assert.equal(flow.edited, false);
});

Deno.test("explicit: a target without a path asks for /, and OPTIONS without one for *", async () => {
  const host = "Host: 127.0.0.1:PORT\r\n\r\n";
  assert.match((await forwarded(`GET http://127.0.0.1:PORT HTTP/1.1\r\n${host}`)).received, /^GET \/ HTTP/);
  assert.match(
    (await forwarded(`GET http://127.0.0.1:PORT?q HTTP/1.1\r\n${host}`)).received,
    /^GET \/\?q HTTP/,
  );
  assert.match(
    (await forwarded(`OPTIONS http://127.0.0.1:PORT HTTP/1.1\r\n${host}`)).received,
    /^OPTIONS \* HTTP/,
  );
});

Deno.test("explicit: the target's authority replaces a Host that disagrees, and stands in for a missing one", async () => {
  const wanted = "GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nX: y\r\n\r\n";
  for (const host of ["elsewhere.example", "127.0.0.1", ""]) {
    const { received } = await forwarded(
      `GET http://127.0.0.1:PORT/ HTTP/1.1\r\nHost: ${host}\r\nX: y\r\n\r\n`,
    );
    assert.equal(received, wanted, host);
  }
});

Deno.test("explicit: hop-by-hop fields stay on their hop, and what Connection names goes with it", async () => {
  const { received } = await forwarded(
    "GET http://127.0.0.1:PORT/ HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nProxy-Connection: keep-alive\r\n" +
      "Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authorization: Basic eA==\r\n" +
      "X-End: 1\r\n\r\n",
  );
  assert.equal(received, "GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nX-End: 1\r\n\r\n");
});

Deno.test("explicit: the origin's hop-by-hop fields stay on theirs", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  server.send(
    "HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nX-End: 1\r\n" +
      "Content-Length: 2\r\n\r\nok",
  );
  assert.equal((await client.response()).head, "HTTP/1.1 200 OK\r\nX-End: 1\r\nContent-Length: 2");
  // The client's connection is its own: another request, on a new connection to the origin.
  client.send(`GET http://127.0.0.1:${origin.port}/2 HTTP/1.1\r\nHost: x\r\n\r\n`);
  const second = await origin.connection(1);
  await second.until("GET /2 ");
  second.send(OK);
  assert.equal((await client.response()).body, "ok");
});

Deno.test("explicit: origin form with a Host goes where Host says; without one it is a 400 that says so", async () => {
  const { received } = await forwarded("GET /a HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n");
  assert.equal(received, "GET /a HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n");
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  client.send("GET /b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const response = await client.response();
  assert.equal(response.status, 400);
  assert.match(response.body, /names no host/);
  const flow = await proxy.http();
  assert.deepEqual([flow.error?.code, flow.error?.by], ["no-host", "client"]);
});

Deno.test("explicit: what cannot be proxied is refused, and the connection goes on", async () => {
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  client.send("GET ftp://host.example/ HTTP/1.1\r\nHost: host.example\r\n\r\n");
  const response = await client.response();
  assert.equal(response.status, 400);
  assert.match(response.body, /scheme &quot;ftp&quot; cannot be proxied/);
  assert.equal((await proxy.http()).error?.by, "client");
  client.send("GET http://host.example:99999/ HTTP/1.1\r\nHost: host.example\r\n\r\n");
  assert.equal((await client.response()).status, 400);
});

Deno.test("explicit: http/1.0 clients are answered in their own terms", async () => {
  const { received, response } = await forwarded("GET http://127.0.0.1:PORT/ HTTP/1.0\r\n\r\n");
  assert.match(received, /^GET \/ HTTP\/1\.[01]\r\n/);
  assert.equal(response.body, "ok");
});

Deno.test("tunnel: the origin gets the very bytes of the head, Connection and all", async () => {
  const heads = [
    "GET /path?x=1 HTTP/1.1\r\nhost: a.example\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nX-A: 1\r\nX-A: 2\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n",
    "GET http://other.example/abs HTTP/1.1\r\nHost: other.example\r\nProxy-Connection: keep-alive\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: a.example\r\nProxy-Authorization: Basic eA==\r\n\r\n",
    "M-SEARCH /x HTTP/1.1\r\nHOST: a.example\r\nX-Bytes: \x80\x9f\xff\r\nTE: trailers, deflate\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
  ];
  for (const head of heads) {
    await using origin = await startRawOrigin();
    await using proxy = await startProxy();
    await using client = await connectTunnel(proxy.port, `127.0.0.1:${origin.port}`);
    client.send(head);
    const server = await origin.connection();
    assert.equal(await server.until("\r\n\r\n"), head);
    server.send(OK);
    assert.equal((await client.response()).head, "HTTP/1.1 200 OK\r\nContent-Length: 2");
    assert.equal((await proxy.http()).request.head.target, head.split(" ")[1]);
  }
});

Deno.test("tunnel: the client gets the very bytes of the response head", async () => {
  const heads = [
    "HTTP/1.1 200 OK\r\nconnection: keep-alive\r\nKeep-Alive: timeout=5\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 299 \r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 404 Nicht da \xe4\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n",
  ];
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectTunnel(proxy.port, `127.0.0.1:${origin.port}`);
  for (const [index, head] of heads.entries()) {
    client.send(`GET /${index} HTTP/1.1\r\nHost: a\r\n\r\n`);
    const server = await origin.connection();
    await server.until(`GET /${index} `);
    server.send(head);
    const before = client.received.length;
    await client.until((received) => received.length >= before + head.length);
    assert.ok(client.received.endsWith(head), client.received.slice(before));
  }
});

Deno.test("tunnel: Connection: close from either side ends both connections after the response", async () => {
  for (const closing of ["client", "server"]) {
    await using origin = await startRawOrigin();
    await using proxy = await startProxy();
    await using client = await connectTunnel(proxy.port, `127.0.0.1:${origin.port}`);
    const [asks, answers] = closing === "client"
      ? ["Connection: close\r\n", ""]
      : ["", "Connection: close\r\n"];
    client.send(`GET / HTTP/1.1\r\nHost: a\r\n${asks}\r\n`);
    const server = await origin.connection();
    await server.until("\r\n\r\n");
    server.send(`HTTP/1.1 200 OK\r\n${answers}Content-Length: 2\r\n\r\nok`);
    assert.equal((await client.response()).body, "ok");
    await client.end();
    await server.end();
    client.finish();
    server.finish();
    assert.deepEqual([await client.closed(), await server.closed()], [null, null]);
    assert.equal((await proxy.http()).error, null);
  }
});

Deno.test("tunnel: an origin that closes between requests closes the client's connection too", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using client = await connectTunnel(proxy.port, `127.0.0.1:${origin.port}`);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  server.send(OK);
  assert.equal((await client.response()).body, "ok");
  server.finish();
  await client.end();
  assert.equal((await proxy.http()).error, null);
});

Deno.test("reverse: Host is the origin's own name, or the client's with --keep-host-header", async () => {
  const mode = { kind: "reverse", scheme: "http", host: "127.0.0.1", port: 0 } as const;
  const head = "GET /a?b HTTP/1.1\r\nX-First: 1\r\nhost: public.example\r\nConnection: keep-alive\r\n\r\n";
  assert.equal(
    (await forwarded(head, { mode })).received,
    "GET /a?b HTTP/1.1\r\nX-First: 1\r\nhost: 127.0.0.1:PORT\r\nConnection: keep-alive\r\n\r\n",
  );
  assert.equal((await forwarded(head, { mode, keepHostHeader: true })).received, head);
});

Deno.test("reverse: the default port of the scheme is left out of Host", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({
    mode: { kind: "reverse", scheme: "http", host: "origin.example", port: 80 },
    resolve: [{ host: "origin.example", port: 80, address: "127.0.0.1", toPort: origin.port }],
  });
  await using client = await connectClient(proxy.port);
  client.send("GET / HTTP/1.1\r\nHost: public.example\r\n\r\n");
  assert.equal(
    await (await origin.connection()).until("\r\n\r\n"),
    "GET / HTTP/1.1\r\nHost: origin.example\r\n\r\n",
  );
});

Deno.test("reverse: absolute form becomes origin form, for the same origin, whatever it names", async () => {
  const mode = { kind: "reverse", scheme: "http", host: "127.0.0.1", port: 0 } as const;
  const head = "GET http://elsewhere.example/a HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n";
  assert.equal(
    (await forwarded(head, { mode })).received,
    "GET /a HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
  );
  assert.equal(
    (await forwarded(head, { mode, keepHostHeader: true })).received,
    "GET /a HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n",
  );
});

Deno.test("reverse: a Host that a hook chose is not replaced", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({
    mode: { kind: "reverse", scheme: "http", host: "127.0.0.1", port: origin.port },
  });
  await using client = await connectClient(proxy.port);
  proxy.hooks.on("requestHead", (flow) => flow.request.head.fields.set("Host", "hook.example"));
  client.send("GET / HTTP/1.1\r\nHost: public.example\r\n\r\n");
  assert.equal(
    await (await origin.connection()).until("\r\n\r\n"),
    "GET / HTTP/1.1\r\nHost: hook.example\r\n\r\n",
  );
});

Deno.test("one client's kept connection to an origin is used again, and never by another client", async () => {
  await using origin = await startRawOrigin(onRequest((connection) => connection.send(OK)));
  await using proxy = await startProxy();
  await using first = await connectClient(proxy.port);
  await using second = await connectClient(proxy.port);
  for (let round = 0; round < 3; round++) {
    for (const client of [first, second]) {
      client.send(`GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
      assert.equal((await client.response()).body, "ok");
    }
  }
  assert.equal(origin.connections.length, 2);
});

Deno.test("many requests to an origin that closes after each one never run out of connections", async () => {
  // Says that it will close, and leaves the closing to us.
  await using origin = await startRawOrigin(
    onRequest((connection) => connection.send(OK.replace("\r\n", "\r\nConnection: close\r\n"))),
  );
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  for (let count = 0; count < 12; count++) {
    client.send(`GET http://127.0.0.1:${origin.port}/${count} HTTP/1.1\r\nHost: x\r\n\r\n`);
    assert.equal((await client.response()).body, "ok", `request ${count}`);
  }
});
