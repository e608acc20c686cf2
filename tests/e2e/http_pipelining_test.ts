// Requests that do not wait for the answer before them: answered in order, each once, one at a time at the origin
// (RFC 9112, 9.3.2).

import assert from "node:assert/strict";
import { routeTest, serve } from "../interop/routes.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { connectClient } from "../kit/raw_client.ts";

const pathOf = (head: string) => head.split(" ")[1] ?? "";
const echo = serve((head, body) => {
  const text = `${head.split(" ")[0]} ${pathOf(head)} ${body.length}`;
  return `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${head.startsWith("HEAD") ? "" : text}`;
});

routeTest("pipelined requests are answered in order", { onConnection: echo }, async (bench) => {
  const client = await bench.open();
  client.send(
    bench.request("GET", "/1") +
      bench.request("POST", "/2", "Content-Length: 5\r\n", "hello") +
      bench.request("HEAD", "/3") +
      bench.request("POST", "/4", "Content-Length: 3\r\n", "abc") +
      bench.request("GET", "/5"),
  );
  assert.equal((await client.response()).body, "GET /1 0");
  assert.equal((await client.response()).body, "POST /2 5");
  assert.match((await client.response("HEAD")).head, /Content-Length: 9$/);
  assert.equal((await client.response()).body, "POST /4 3");
  assert.equal((await client.response()).body, "GET /5 0");
  assert.equal(client.rest, "");
  assert.equal(bench.origin.connections.length, 1);
  assert.equal(
    bench.origin.connections[0]!.received,
    bench.forwarded("GET", "/1") +
      bench.forwarded("POST", "/2", "Content-Length: 5\r\n", "hello") +
      bench.forwarded("HEAD", "/3") +
      bench.forwarded("POST", "/4", "Content-Length: 3\r\n", "abc") +
      bench.forwarded("GET", "/5"),
  );
  await bench.flow("/5");
  const paths = bench.proxy.ended.map((flow) => flow.kind === "http" ? flow.request.head.path : "");
  assert.deepEqual(paths, ["/1", "/2", "/3", "/4", "/5"]);
  assert.deepEqual(bench.proxy.ended.map(({ error }) => error), [null, null, null, null, null]);
});

routeTest("a pipelined request reaches the origin only after the answer before it", {}, async (bench) => {
  const client = await bench.open();
  client.send(bench.request("GET", "/1") + bench.request("GET", "/2"));
  const origin = await bench.origin.connection();
  assert.equal(await origin.until("\r\n\r\n"), bench.forwarded("GET", "/1"));
  origin.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\non");
  await client.until("on");
  assert.equal(origin.received, bench.forwarded("GET", "/1"));
  origin.send("e.");
  await origin.until("/2");
  assert.equal((await client.response()).body, "one.");
  origin.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo");
  assert.equal((await client.response()).body, "two");
});

routeTest("many pipelined requests, cut anywhere", { onConnection: echo }, async (bench) => {
  const client = await bench.open();
  const count = 200;
  let text = "";
  for (let index = 0; index < count; index++) {
    text += bench.request("POST", `/${index}`, `Content-Length: ${index}\r\n`, "x".repeat(index));
  }
  for (let at = 0; at < text.length; at += 997) client.send(text.slice(at, at + 997));
  for (let index = 0; index < count; index++) {
    assert.equal((await client.response()).body, `POST /${index} ${index}`);
  }
  assert.equal(bench.origin.connections.length, 1);
});

routeTest(
  "requests after one that closes are not answered",
  { onConnection: echo },
  async (bench) => {
    const client = await bench.open();
    client.send(
      bench.request("GET", "/1") + bench.request("GET", "/2", "Connection: close\r\n") +
        bench.request("GET", "/3"),
    );
    assert.equal((await client.response()).body, "GET /1 0");
    assert.equal((await client.response()).body, "GET /2 0");
    await client.end();
    assert.equal(client.rest, "");
    assert.ok(!bench.origin.connections.some(({ received }) => received.includes("/3")));
  },
  // In a tunnel it is the origin that has to close: what it does is shown.
  ({ way }) => way === "explicit",
);

Deno.test("pipelined requests for different origins are answered in order", async () => {
  await using slow = await startRawOrigin();
  await using fast = await startRawOrigin({ onConnection: echo });
  await using proxy = await startProxy();
  await using client = await connectClient(proxy.port);
  const request = (port: number, path: string) =>
    `GET http://127.0.0.1:${port}${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
  client.send(
    request(slow.port, "/1") + request(fast.port, "/2") + request(slow.port, "/3") + request(fast.port, "/4"),
  );
  const connection = await slow.connection();
  await connection.until("/1");
  assert.equal(fast.connections.length, 0);
  connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow");
  assert.equal((await client.response()).body, "slow");
  assert.equal((await client.response()).body, "GET /2 0");
  await connection.until("/3");
  connection.send("HTTP/1.1 204 No Content\r\n\r\n");
  assert.equal((await client.response()).status, 204);
  assert.equal((await client.response()).body, "GET /4 0");
  assert.deepEqual([slow.connections.length, fast.connections.length], [1, 1]);
});
