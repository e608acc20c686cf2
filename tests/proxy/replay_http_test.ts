// Requests sent again through the whole proxy: what the origin gets, and what the new flow says.

import assert from "node:assert/strict";
import type { HttpFlow } from "../../lib/flow/record.ts";
import { Fields } from "../../lib/http/fields.ts";
import type { Settings } from "../../lib/proxy/settings.ts";
import { type RawOrigin, startRawOrigin } from "../kit/origins.ts";
import { type ProxyFixture, startProxy } from "../kit/proxy_fixture.ts";
import { connectClient, connectTunnel, onRequest } from "../kit/raw_client.ts";
import { bytes, text } from "./hooks_holding.ts";
import { recorded, requestOf, requestTo } from "./replay_flows.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
/** To HEAD. */
const BODILESS = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
const answering = onRequest((connection) => connection.send(OK));

const isReplayed = (flow: HttpFlow) => flow.replayed;

/** An origin that answers nothing by itself, and a proxy. */
async function setUp(settings: Partial<Settings> = {}) {
  const origin = await startRawOrigin();
  const proxy = await startProxy(settings);
  return {
    origin,
    proxy,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await origin[Symbol.asyncDispose]();
    },
  };
}

/** The request of `wire`, answered, as the proxy has recorded it. */
async function recordOne(
  { origin, proxy }: { origin: RawOrigin; proxy: ProxyFixture },
  wire: string,
  tunnel: boolean,
): Promise<{ flow: HttpFlow; got: string }> {
  await using client = tunnel
    ? await connectTunnel(proxy.port, `127.0.0.1:${origin.port}`)
    : await connectClient(proxy.port);
  client.send(wire);
  const server = await origin.connection();
  await server.until((received) => isComplete(received));
  const [method] = wire.split(" ");
  server.send(method === "HEAD" ? BODILESS : OK);
  assert.equal((await client.response(method)).status, 200);
  return { flow: await proxy.http(), got: server.received };
}

/** Whether a request has come to its end. */
function isComplete(received: string): boolean {
  const bodyAt = received.indexOf("\r\n\r\n") + 4;
  if (bodyAt < 4) return false;
  if (/\r\ntransfer-encoding: *chunked/i.test(received.slice(0, bodyAt))) {
    return /(^|\r\n)0\r\n(.+\r\n)*\r\n$/.test(received.slice(bodyAt));
  }
  const length = /\r\ncontent-length: *(\d+)/i.exec(received.slice(0, bodyAt))?.[1];
  return received.length >= bodyAt + Number(length ?? 0);
}

Deno.test("replay: the origin gets what it got the first time, byte for byte, and the record says the same", async () => {
  const fields = "hOst: 127.0.0.1:PORT\r\nx-Odd:  a \r\nConnection: Keep-Alive, x-hop\r\nX-Hop: 1\r\n" +
    "Cookie: a=1\r\nCookie: b=2\r\nAccept-Encoding: gzip\r\n";
  const requests = {
    "a GET": `GET /a?b=%20 HTTP/1.1\r\n${fields}\r\n`,
    "a HEAD of HTTP/1.0": `HEAD / HTTP/1.0\r\n${fields}\r\n`,
    "a body with its length": `PUT /a HTTP/1.1\r\n${fields}content-length: 4\r\n\r\nbody`,
    "chunks with trailers":
      `POST /a HTTP/1.1\r\n${fields}TRANSFER-encoding: chunked\r\nTrailer: X-Sum\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n`,
    "a DELETE to a proxy":
      `DELETE http://127.0.0.1:PORT/a HTTP/1.1\r\n${fields}Proxy-Connection: close\r\n\r\n`,
  };
  for (const [name, wire] of Object.entries(requests)) {
    for (const tunnel of name.endsWith("proxy") ? [false] : [true]) {
      await using test = await setUp();
      const { flow, got } = await recordOne(test, wire.replaceAll("PORT", `${test.origin.port}`), tunnel);
      const before = recorded(flow.request.head);
      assert.equal(test.proxy.proxy.replayRequest(requestOf(flow)), null);
      const server = await test.origin.connection(1);
      await server.until(isComplete);
      assert.equal(server.received, got, name);
      server.send(name.includes("HEAD") ? BODILESS : OK);
      const again = await test.proxy.http(isReplayed);
      assert.deepEqual(recorded(again.request.head), before, name);
      assert.deepEqual(again.request.body.bytes(), flow.request.body.bytes(), name);
      assert.deepEqual([...again.request.trailers ?? []], [...flow.request.trailers ?? []], name);
      assert.equal(text(again.response!.body.bytes()), name.includes("HEAD") ? "" : "ok");
      assert.deepEqual([again.error, again.edited, again.notes, again.scheme, again.host, again.port], [
        null,
        false,
        [],
        "http",
        "127.0.0.1",
        test.origin.port,
      ]);
      assert.deepEqual([flow.replayed, test.proxy.hookErrors], [false, []]);
    }
  }
});

Deno.test("replay: in reverse mode the origin is asked for under its own name again", async () => {
  await using origin = await startRawOrigin();
  const mode = { kind: "reverse", scheme: "http", host: "127.0.0.1", port: origin.port } as const;
  await using proxy = await startProxy({ mode });
  const { flow, got } = await recordOne({ origin, proxy }, "GET / HTTP/1.1\r\nHost: mine\r\n\r\n", false);
  assert.match(got, new RegExp(`Host: 127.0.0.1:${origin.port}`));
  proxy.proxy.replayRequest(requestOf(flow));
  const server = await origin.connection(1);
  await server.until("\r\n\r\n");
  assert.equal(server.received, got);
  server.send(OK);
  assert.equal((await proxy.http(isReplayed)).request.head.fields.get("host"), "mine");
});

Deno.test("replay: there is no client, and the record says so", async () => {
  await using test = await setUp();
  const { origin, proxy } = test;
  let clients = 0;
  proxy.hooks.on("clientConnected", () => void clients++);
  proxy.proxy.replayRequest(requestTo(origin.port, "GET", "/"));
  assert.deepEqual([proxy.proxy.connections, proxy.proxy.replays, proxy.store.size], [0, 1, 1]);
  (await origin.connection()).send(OK);
  const { client, server } = await proxy.http();
  assert.deepEqual(client.remote, { host: "replay", port: 0 });
  assert.deepEqual([client.local, client.tls, client.connectedAt, clients], [null, null, null, 0]);
  assert.equal(server?.remote.port, origin.port);
  assert.ok(client.endedAt !== null);
  assert.equal(proxy.proxy.replays, 0);
});

Deno.test("replay: an edited request has its length made right; what was recorded stays as it was", async () => {
  await using test = await setUp();
  const { origin, proxy } = test;
  const { flow } = await recordOne(
    test,
    `POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody`,
    true,
  );
  proxy.hooks.on("requestHead", ({ request }) => request.head.fields.set("Host", "edited"));
  proxy.proxy.replayRequest({ ...requestOf(flow), body: bytes("another body") });
  const server = await origin.connection(1);
  await server.until("another body");
  assert.equal(server.received, "POST /a HTTP/1.1\r\nHost: edited\r\nContent-Length: 12\r\n\r\nanother body");
  server.send(OK);
  const again = await proxy.http(isReplayed);
  assert.deepEqual([again.edited, again.request.head.contentLength], [true, 12]);
  assert.deepEqual([...flow.request.head.fields], [["Host", "x"], ["Content-Length", "4"]]);
  assert.equal(text(flow.request.body.bytes()), "body");
});

Deno.test("replay: trailers given to a request with a length make it chunked", async () => {
  await using test = await setUp();
  const { origin, proxy } = test;
  const request = requestTo(origin.port, "POST", "/", [["Content-Length", "4"]], "body");
  const trailers = Fields.of(["X-Sum", "0"]);
  proxy.hooks.on("requestTrailers", (flow) => flow.request.trailers?.set("X-Sum", "1"));
  proxy.proxy.replayRequest({ ...request, trailers });
  const server = await origin.connection();
  await server.until("X-Sum: 1\r\n\r\n");
  assert.match(server.received, /\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n$/);
  server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Back: 2\r\n\r\n");
  const flow = await proxy.http();
  assert.deepEqual([...flow.request.trailers ?? []], [["X-Sum", "1"]]);
  assert.deepEqual([...trailers], [["X-Sum", "0"]], "what was recorded stays as it was");
  assert.deepEqual([...flow.response?.trailers ?? []], [["X-Back", "2"]]);
});

Deno.test("replay: redirects and interim responses are recorded, and not followed", async () => {
  await using test = await setUp();
  const { origin, proxy } = test;
  proxy.proxy.replayRequest(requestTo(origin.port, "GET", "/"));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  server.send(
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n",
  );
  const flow = await proxy.http();
  assert.deepEqual([flow.interim.map(({ head }) => head.status), flow.response?.head.status], [[103], 302]);
  assert.deepEqual([origin.connections.length, proxy.ended.length], [1, 1]);
});

Deno.test("replay: the body waits for 100 Continue", async () => {
  await using test = await setUp();
  const { origin, proxy } = test;
  proxy.proxy.replayRequest(requestTo(origin.port, "POST", "/", [["Expect", "100-continue"]], "body"));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  assert.match(server.received, /Expect: 100-continue\r\nContent-Length: 4\r\n\r\n$/);
  server.send("HTTP/1.1 100 Continue\r\n\r\n");
  await server.until("\r\n\r\nbody");
  server.send(OK);
  const flow = await proxy.http();
  assert.deepEqual([flow.interim[0]?.head.status, flow.response?.head.status], [100, 200]);
});

Deno.test("replay: a body that the origin refuses in place of 100 is not sent", async () => {
  await using test = await setUp();
  const { origin, proxy } = test;
  proxy.proxy.replayRequest(requestTo(origin.port, "POST", "/", [["Expect", "100-continue"]], "body"));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  server.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno");
  const flow = await proxy.http();
  assert.deepEqual([flow.response?.head.status, flow.error, flow.request.endedAt], [417, null, null]);
  assert.equal(flow.request.body.length, 0);
  await server.closed();
  assert.match(server.received, /\r\n\r\n$/);
});

Deno.test("replay: --resolve counts as for any client", async () => {
  await using origin = await startRawOrigin(answering);
  await using proxy = await startProxy({
    resolve: [{ host: "far.example", port: 80, address: "127.0.0.1", toPort: origin.port }],
  });
  const request = requestTo(80, "GET", "/");
  proxy.proxy.replayRequest({ ...request, host: "far.example" });
  const flow = await proxy.http();
  assert.deepEqual([flow.response?.head.status, flow.host, flow.port], [200, "far.example", 80]);
  assert.deepEqual(flow.server?.name, { host: "far.example", port: 80 });
});

Deno.test("replay: an origin that cannot be reached makes a flow with the error, and nothing is left behind", async () => {
  await using proxy = await startProxy();
  let port = 0;
  {
    await using origin = await startRawOrigin();
    port = origin.port;
  }
  proxy.proxy.replayRequest(requestTo(port, "POST", "/", [["Expect", "100-continue"]], "body"));
  const flow = await proxy.http();
  assert.deepEqual([flow.error?.by, flow.error?.code, flow.replayed], ["server", "refused", true]);
  assert.match(flow.error?.message ?? "", /refused: nothing listens there/);
  assert.equal(proxy.proxy.replays, 0);
  proxy.proxy.replayRequest(requestTo(proxy.port, "GET", "/"));
  assert.equal((await proxy.http((one) => one !== flow)).error?.code, "loop");
});

Deno.test("replay: an origin that says nothing is given the time that any has", async () => {
  await using test = await setUp({ stallTimeout: 100 });
  const { origin, proxy } = test;
  proxy.proxy.replayRequest(requestTo(origin.port, "GET", "/"));
  const server = await origin.connection();
  assert.equal(await server.closed(), "ECONNRESET");
  const flow = await proxy.http();
  assert.deepEqual([flow.error?.by, flow.error?.code], ["proxy", "stalled"]);
});

Deno.test("replay: what is not HTTP after a 101 is recorded until the server ends", async () => {
  await using test = await setUp();
  const { origin, proxy } = test;
  const upgrade: [string, string][] = [["Connection", "Upgrade"], ["Upgrade", "chat"]];
  proxy.proxy.replayRequest(requestTo(origin.port, "GET", "/", upgrade, "", { protocol: "chat" }));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  server.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nhello");
  await server.end();
  server.finish();
  const flow = await proxy.http();
  assert.equal(flow.error, null);
  assert.deepEqual(flow.messages?.map(({ fromClient, content }) => [fromClient, text(content)]), [[
    false,
    "hello",
  ]]);
});
