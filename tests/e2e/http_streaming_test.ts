// Nothing is kept back: each piece of a body goes on before the next one comes, in both directions, in every framing;
// interim responses too. The tests take turns with both ends, so that a piece kept back ends them.

import assert from "node:assert/strict";
import { routeTest } from "../interop/routes.ts";

const framings = {
  "a length": { fields: "Content-Length: 300\r\n", frame: (text: string) => text, end: "" },
  chunks: {
    fields: "Transfer-Encoding: chunked\r\n",
    frame: (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`,
    end: "0\r\n\r\n",
  },
};

for (const [name, { fields, frame, end }] of Object.entries(framings)) {
  routeTest(`a slow download by ${name} arrives byte by byte`, {}, async (bench) => {
    const client = await bench.open();
    client.send(bench.request("GET", "/"));
    const origin = await bench.origin.connection();
    await origin.until("\r\n\r\n");
    origin.send(`HTTP/1.1 200 OK\r\n${fields}\r\n`);
    await client.until("\r\n\r\n");
    let expected = client.received;
    for (let index = 0; index < 300; index++) {
      const byte = String.fromCharCode(0x21 + index % 90);
      origin.send(frame(byte));
      expected += frame(byte);
      await client.until((received) => received.length >= expected.length);
    }
    if (end !== "") origin.send(end);
    assert.equal((await client.response()).body.length, 300);
    assert.equal(client.received, expected + end);
    const flow = await bench.flow("/");
    assert.equal(flow.response?.body.length, 300);
    assert.equal(flow.error, null);
  });

  routeTest(`a slow upload by ${name} arrives byte by byte`, {}, async (bench) => {
    const client = await bench.open();
    client.send(bench.request("POST", "/", fields));
    const origin = await bench.origin.connection();
    let expected = bench.forwarded("POST", "/", fields);
    await origin.until((received) => received.length >= expected.length);
    for (let index = 0; index < 300; index++) {
      const byte = String.fromCharCode(0x21 + index % 90);
      client.send(frame(byte));
      expected += frame(byte);
      await origin.until((received) => received.length >= expected.length);
    }
    if (end !== "") client.send(end);
    expected += end;
    await origin.until((received) => received.length >= expected.length);
    assert.equal(origin.received, expected);
    origin.send("HTTP/1.1 204 No Content\r\n\r\n");
    assert.equal((await client.response()).status, 204);
    assert.equal((await bench.flow("/")).request.body.length, 300);
  });
}

routeTest("server-sent events arrive one by one", {}, async (bench) => {
  const client = await bench.open();
  client.send(bench.request("GET", "/events", "Accept: text/event-stream\r\n"));
  const origin = await bench.origin.connection();
  await origin.until("\r\n\r\n");
  origin.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\r\n");
  for (let index = 0; index < 50; index++) {
    const event = `id: ${index}\ndata: ${"e".repeat(index)}\n\n`;
    origin.send(event);
    await client.until((received) => received.endsWith(event));
  }
  origin.finish();
  await client.end();
  assert.equal((await client.response()).body.match(/^id: /gm)?.length, 50);
  const flow = await bench.flow("/events");
  assert.equal(flow.error, null);
  assert.equal(flow.response?.head.framing, "close");
});

routeTest(
  "an answer before the upload is complete is passed on at once; the upload goes on",
  {},
  async (bench) => {
    const client = await bench.open();
    client.send(bench.request("POST", "/", "Content-Length: 10\r\n", "01234"));
    const origin = await bench.origin.connection();
    await origin.until("01234");
    origin.send("HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\n\r\nearly");
    const response = await client.response();
    assert.deepEqual([response.status, response.body], [202, "early"]);
    client.send("56789");
    await origin.until("0123456789");
    // The connection goes on, too.
    client.send(bench.request("GET", "/next"));
    await origin.until("/next");
    origin.send("HTTP/1.1 204 No Content\r\n\r\n");
    assert.equal((await client.response()).status, 204);
    const flow = await bench.flow("/");
    assert.equal(flow.request.body.length, 10);
    assert.equal(flow.error, null);
    assert.ok(flow.response!.endedAt! <= flow.request.endedAt!, "answered before it was complete");
    assert.equal(bench.origin.connections.length, 1);
  },
);

routeTest("request and response bodies in turns on one exchange", {}, async (bench) => {
  const client = await bench.open();
  client.send(bench.request("POST", "/", "Transfer-Encoding: chunked\r\n"));
  const origin = await bench.origin.connection();
  await origin.until("\r\n\r\n");
  origin.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (let index = 10; index < 60; index++) {
    client.send(`3\r\nq${index}\r\n`);
    await origin.until(`3\r\nq${index}\r\n`);
    origin.send(`3\r\na${index}\r\n`);
    await client.until(`3\r\na${index}\r\n`);
  }
  client.send("0\r\n\r\n");
  await origin.until("0\r\n\r\n");
  origin.send("0\r\n\r\n");
  assert.equal((await client.response()).body.length, 150);
  const flow = await bench.flow("/");
  assert.deepEqual([flow.request.body.length, flow.response?.body.length, flow.error], [150, 150, null]);
});

routeTest("interim responses arrive one by one, before the final one is there", {}, async (bench) => {
  const client = await bench.open();
  client.send(bench.request("GET", "/"));
  const origin = await bench.origin.connection();
  await origin.until("\r\n\r\n");
  for (const status of [102, 103, 103]) {
    origin.send(`HTTP/1.1 ${status} Interim\r\nLink: </a>\r\n\r\n`);
    assert.equal((await client.response()).head, `HTTP/1.1 ${status} Interim\r\nLink: </a>`);
  }
  origin.send("HTTP/1.1 204 No Content\r\n\r\n");
  assert.equal((await client.response()).status, 204);
  const flow = await bench.flow("/");
  assert.deepEqual(flow.interim.map(({ head }) => head.status), [102, 103, 103]);
});

routeTest(
  "Expect: 100-continue: the origin's 100 comes before the body, and is its own",
  {},
  async (bench) => {
    const client = await bench.open();
    client.send(bench.request("PUT", "/", "Expect: 100-continue\r\nContent-Length: 4\r\n"));
    const origin = await bench.origin.connection();
    assert.equal(
      await origin.until("\r\n\r\n"),
      bench.forwarded("PUT", "/", "Expect: 100-continue\r\nContent-Length: 4\r\n"),
    );
    assert.equal(client.rest, "", "no 100 of the proxy's own");
    origin.send("HTTP/1.1 100 Continue\r\nX-From: origin\r\n\r\n");
    assert.equal((await client.response()).head, "HTTP/1.1 100 Continue\r\nX-From: origin");
    client.send("body");
    await origin.until("body");
    origin.send("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    assert.equal((await client.response()).status, 201);
    const flow = await bench.flow("/");
    assert.deepEqual([flow.interim.length, flow.interim[0]?.head.fields.get("x-from")], [1, "origin"]);
    assert.equal(flow.request.head.fields.get("expect"), "100-continue");
  },
);

routeTest("a chunked upload with extensions and trailers is the same at the origin", {}, async (bench) => {
  const fields = "TE: trailers\r\nConnection: TE\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n";
  const body =
    '4;a="b;c"\r\nWiki\r\n6\r\npedia \r\ne;x\r\nin \r\n\r\nchunks.\r\n0;end\r\nX-Sum: 1\r\nx-sum: \xff\r\n\r\n';
  const client = await bench.open();
  client.send(bench.request("POST", "/", fields, body));
  const origin = await bench.origin.connection();
  assert.equal(await origin.until("x-sum: \xff\r\n\r\n"), bench.forwarded("POST", "/", fields, body));
  origin.send("HTTP/1.1 204 No Content\r\n\r\n");
  assert.equal((await client.response()).status, 204);
  const { request } = await bench.flow("/");
  assert.equal(new TextDecoder().decode(request.body.bytes()), "Wikipedia in \r\n\r\nchunks.");
  assert.deepEqual([...request.trailers!], [["X-Sum", "1"], ["x-sum", "\xff"]]);
});
