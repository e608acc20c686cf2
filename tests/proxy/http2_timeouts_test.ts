// Time on a client connection of HTTP/2: heads that trickle, idleness, and exchanges that stall one by one.

import assert from "node:assert/strict";
import {
  CODE,
  continuation,
  data,
  fieldBlock,
  headers,
  ping,
  readUint32,
  SETTING,
  TYPE,
  windowUpdate,
} from "../kit/http2_frames.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { holdNext } from "./hooks_holding.ts";
import { bodyOf, connectHttp2, getFields, HeadReader, requestFields } from "./http2_clients.ts";

/** Deadlines are looked at four times a second: shorter ones make no test faster. */
const SOON = 300;

Deno.test("http2: an idle connection is closed with GOAWAY, whatever else than requests comes on it", async () => {
  await using proxy = await startProxy({ idleTimeout: SOON, headTimeout: 5_000 });
  await using wire = await connectHttp2(proxy.port);
  const pings = setInterval(() => wire.send(ping(), windowUpdate(0, 1)), 20);
  try {
    const goAway = await wire.frame(({ type }) => type === TYPE.GOAWAY);
    assert.equal(readUint32(goAway.payload, 4), CODE.NO_ERROR);
    await wire.closed();
  } finally {
    clearInterval(pings);
  }
  assert.ok(wire.log.includes("PING #0 ack"));
  assert.deepEqual(proxy.logs, []);
});

Deno.test("http2: the idle time counts from the last exchange", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({ idleTimeout: SOON });
  await using wire = await connectHttp2(proxy.port);
  wire.send(headers(1, getFields(`http://127.0.0.1:${origin.port}/`), { end: true }));
  const server = await origin.connection();
  await server.until("\r\n\r\n");
  // Longer than a connection may be idle.
  const other = await connectHttp2(proxy.port);
  await other.closed();
  assert.equal(wire.frames.some(({ type }) => type === TYPE.GOAWAY), false);
  server.send("HTTP/1.1 204 No Content\r\n\r\n");
  await wire.over(1);
  await wire.frame(({ type }) => type === TYPE.GOAWAY);
  await wire.closed();
});

Deno.test("http2: a HEADERS frame that trickles is closed, too", async () => {
  await using proxy = await startProxy({ headTimeout: SOON, idleTimeout: 60_000 });
  await using wire = await connectHttp2(proxy.port);
  await wire.frame(({ type }) => type === TYPE.SETTINGS);
  const frame = headers(1, fieldBlock(getFields("http://a.example/")), { end: true });
  wire.send(frame.subarray(0, 12));
  let sent = 12;
  const trickle = setInterval(() => {
    if (sent < frame.length - 1) wire.send(frame.subarray(sent, ++sent));
  }, 20);
  try {
    await proxy.log("slow-head");
    await wire.closed();
  } finally {
    clearInterval(trickle);
  }
});

Deno.test("http2: a header block that trickles is closed, and named in the log", async () => {
  await using proxy = await startProxy({ headTimeout: SOON, idleTimeout: 60_000 });
  await using wire = await connectHttp2(proxy.port);
  await wire.frame(({ type }) => type === TYPE.SETTINGS);
  const block = fieldBlock(getFields("http://a.example/"));
  wire.send(headers(1, block.subarray(0, 10), { end: true, endHeaders: false }));
  // One byte each: the header block never ends, and the limit on CONTINUATION is not reached.
  let sent = 0;
  const trickle = setInterval(() => {
    if (sent++ < 12) wire.send(continuation(1, block.subarray(10 + sent, 11 + sent), false));
  }, 20);
  try {
    const entry = await proxy.log("slow-head");
    assert.match(entry.message, /no complete request head in 0\.3 s/);
    await wire.closed();
  } finally {
    clearInterval(trickle);
  }
});

Deno.test("http2: an exchange that stalls is answered alone; the others and the connection go on", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({ stallTimeout: 1_000 });
  await using wire = await connectHttp2(proxy.port);
  const url = `http://127.0.0.1:${origin.port}`;
  wire.send(headers(1, getFields(`${url}/stalls`), { end: true }));
  await (await origin.connection(0)).until("/stalls");
  wire.send(headers(3, getFields(`${url}/moves`), { end: true }));
  const moves = await origin.connection(1);
  await moves.until("/moves");
  moves.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
  wire.send(headers(5, requestFields("POST", `${url}/uploads`, ["content-length", "1000"])));
  const uploads = await origin.connection(2);
  await uploads.until("\r\n\r\n");
  let sent = 0;
  const moving = setInterval(() => {
    if (sent >= 990) return;
    moves.send("0123456789");
    wire.send(data(5, "0123456789"));
    sent += 10;
  }, 50);
  try {
    await wire.over(1);
    const reader = new HeadReader();
    const heads = wire.frames.filter(({ type }) => type === TYPE.HEADERS).map((frame) => ({
      stream: frame.stream,
      status: reader.read(frame).get(":status"),
    }));
    assert.deepEqual(heads, [{ stream: 3, status: "200" }, { stream: 1, status: "504" }]);
    const { error } = await proxy.http();
    assert.equal(error?.code, "stalled");
  } finally {
    clearInterval(moving);
  }
  moves.send("x".repeat(1000 - sent));
  wire.send(data(5, "x".repeat(1000 - sent), { end: true }));
  await uploads.until((received) => received.length > 1000);
  uploads.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  await Promise.all([wire.over(3), wire.over(5)]);
  assert.equal(bodyOf(wire, 5), "ok");
  assert.equal(wire.frames.some(({ type }) => type === TYPE.GOAWAY), false);
  assert.deepEqual(
    proxy.ended.map((flow) => flow.error?.code ?? "well").toSorted(),
    ["stalled", "well", "well"],
  );
});

Deno.test("http2: a stream whose reader takes nothing is reset in the middle of its response, alone", async () => {
  const large = new Uint8Array(2_000_000);
  await using origin = await startRawOrigin({
    onConnection: (connection) => {
      let answered = 0;
      connection.socket.on("data", () => {
        for (const request of connection.received.split("\r\n\r\n").slice(answered, -1)) {
          const body = request.includes("/large") ? large : new Uint8Array(2);
          connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
          connection.send(body);
          answered++;
        }
      });
    },
  });
  await using proxy = await startProxy({ stallTimeout: 1_500 });
  await using wire = await connectHttp2(proxy.port, [[SETTING.INITIAL_WINDOW_SIZE, 1000]]);
  const url = `http://127.0.0.1:${origin.port}`;
  wire.send(headers(1, getFields(`${url}/large`), { end: true }));
  await wire.frame(({ type, stream }) => type === TYPE.DATA && stream === 1);
  // Its neighbours come and go meanwhile.
  let next = 3;
  const asking = setInterval(() => {
    wire.send(headers(next, getFields(`${url}/small`), { end: true }));
    next += 2;
  }, 100);
  try {
    assert.equal((await wire.over(1)).type, TYPE.RST_STREAM, wire.log.join());
  } finally {
    clearInterval(asking);
  }
  assert.equal(bodyOf(wire, 1).length, 1000);
  await wire.over(3);
  const flow = await proxy.http(({ request }) => request.head.path === "/large");
  assert.equal(flow.error?.code, "stalled");
  assert.equal(wire.frames.some(({ type }) => type === TYPE.GOAWAY), false);
});

Deno.test("http2: a client that never ends its request is answered, and in the end its stream is reset", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({ stallTimeout: SOON, headTimeout: SOON });
  await using wire = await connectHttp2(proxy.port);
  const url = `http://127.0.0.1:${origin.port}`;
  wire.send(headers(1, requestFields("POST", `${url}/`, ["content-length", "10"])), data(1, "first"));
  await wire.frame(({ type, stream }) => type === TYPE.RST_STREAM && stream === 1);
  assert.equal(new HeadReader().read(await wire.headers(1)).get(":status"), "504");
  assert.equal((await proxy.http()).error?.code, "stalled");
  assert.equal(wire.frames.some(({ type }) => type === TYPE.GOAWAY), false);
});

Deno.test("http2: what a hook holds does not stall, its neighbours do", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy({ stallTimeout: SOON });
  await using wire = await connectHttp2(proxy.port);
  const url = `http://127.0.0.1:${origin.port}`;
  const hold = holdNext(proxy.hooks, "requestHead", {}, (flow) => flow.request.head.path === "/held");
  wire.send(headers(1, getFields(`${url}/held`), { end: true }));
  const { flow } = await hold.held;
  for (const stream of [3, 5]) {
    wire.send(headers(stream, getFields(`${url}/stalls`), { end: true }));
    await wire.over(stream);
  }
  assert.deepEqual([flow.held, flow.error], [true, null]);
  hold.release();
  const server = await origin.connection(2);
  await server.until("GET /held");
  server.send("HTTP/1.1 204 No Content\r\n\r\n");
  await wire.over(1);
});
