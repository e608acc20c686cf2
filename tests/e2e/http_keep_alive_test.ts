// How long connections live: reuse within one client connection, ends that are passed on, half-closes
// (RFC 9112, 9.3 and 9.6).

import assert from "node:assert/strict";
import { routeTest, serve } from "../interop/routes.ts";

const ok = (text: string, fields = "") =>
  `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${text.length}\r\n\r\n${text}`;

routeTest(
  "one connection to the origin serves all requests of a client connection",
  { onConnection: serve((_head, _body, index) => ok(`answer ${index}`)) },
  async (bench) => {
    const client = await bench.open();
    for (let index = 0; index < 20; index++) {
      client.send(bench.request("GET", `/${index}`));
      assert.equal((await client.response()).body, `answer ${index}`);
    }
    assert.equal(bench.origin.connections.length, 1);
    const last = await bench.flow("/19");
    const first = await bench.flow("/0");
    assert.equal(first.server, last.server, "the same connection record");
    assert.equal(first.client, last.client);
    assert.equal(last.client.endedAt, null);
  },
);

routeTest(
  "client connections do not share connections to the origin",
  { onConnection: serve(() => ok("x")) },
  async (bench) => {
    const [one, two] = [await bench.open(), await bench.open()];
    for (const client of [one, two, one, two]) {
      client.send(bench.request("GET", "/"));
      await client.response();
    }
    assert.equal(bench.origin.connections.length, 2);
  },
);

routeTest(
  "an origin that closes after each answer: the client of an explicit proxy keeps its connection",
  { onConnection: serve((_head, _body, index) => index === 0 ? ok("once", "Connection: close\r\n") : null) },
  async (bench) => {
    const client = await bench.open();
    for (let index = 0; index < 3; index++) {
      client.send(bench.request("GET", `/${index}`));
      const { head, body } = await client.response();
      assert.equal(body, "once");
      assert.equal(head, "HTTP/1.1 200 OK\r\nContent-Length: 4");
    }
    assert.equal(bench.origin.connections.length, 3);
  },
  ({ way }) => way === "explicit",
);

routeTest(
  "an origin that says close: its client is told, and closed",
  {
    onConnection: (connection) =>
      connection.until("\r\n\r\n").then(() => {
        connection.send(ok("last", "Connection: close\r\n"));
        connection.finish();
      }),
  },
  async (bench) => {
    const client = await bench.open();
    client.send(bench.request("GET", "/"));
    const { head, body } = await client.response();
    assert.equal(head, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4");
    assert.equal(body, "last");
    await client.end();
    assert.equal((await bench.flow("/")).error, null);
  },
  ({ way }) => way !== "explicit",
);

routeTest("a client that closes its side after the request still gets its answer", {}, async (bench) => {
  const client = await bench.open();
  client.send(bench.request("POST", "/", "Content-Length: 4\r\n", "data"));
  client.finish();
  const origin = await bench.origin.connection();
  await origin.until("data");
  origin.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nfir");
  await client.until("fir");
  origin.send("st.");
  assert.equal((await client.response()).body, "first.");
  await client.end();
  const flow = await bench.flow("/");
  assert.equal(flow.error, null);
  assert.equal(flow.response?.body.length, 6);
});

routeTest(
  "an idle connection that the origin closed is replaced, and the client does not notice",
  {
    onConnection: (connection) =>
      connection.until("\r\n\r\n").then(() => {
        connection.send(ok("once"));
        connection.finish();
      }),
  },
  async (bench) => {
    const client = await bench.open();
    for (let index = 0; index < 3; index++) {
      client.send(bench.request("GET", `/${index}`));
      assert.equal((await client.response()).body, "once");
      await bench.origin.connections[index]!.end();
    }
    assert.equal(bench.origin.connections.length, 3);
    for (let index = 0; index < 3; index++) assert.equal((await bench.flow(`/${index}`)).error, null);
  },
  ({ way }) => way !== "tunnel",
);

routeTest(
  "an idle tunnel that the origin closed is closed",
  {
    onConnection: (connection) =>
      connection.until("\r\n\r\n").then(() => {
        connection.send(ok("once"));
        connection.finish();
      }),
  },
  async (bench) => {
    const client = await bench.open();
    client.send(bench.request("GET", "/"));
    assert.equal((await client.response()).body, "once");
    await client.end();
    assert.equal(client.rest, "");
    assert.equal((await bench.flow("/")).error, null);
  },
  ({ way }) => way === "tunnel",
);
