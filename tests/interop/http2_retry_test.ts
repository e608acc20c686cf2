// What becomes of requests when an origin leaves, by hand: what it says it has not acted on is asked again on a new
// connection (RFC 9113, 6.8 and 8.7), what it may have acted on is not, and each is answered once.

import assert from "node:assert/strict";
import { CODE, data, goAway, headers, readUint32, resetStream, TYPE } from "../kit/http2_frames.ts";
import { ByHand } from "./http2_by_hand.ts";

const done = (stream: number, index: number) =>
  headers(stream, [[":status", "200"], ["x-by", String(index)]], { end: true });

Deno.test("GOAWAY: streams up to its last one finish, those above it are asked again elsewhere", async () => {
  await using bench = await ByHand.start("https");
  const client = await bench.open();
  client.send(bench.request(1, "/one"), bench.request(3, "/two"), bench.request(5, "/three"));
  const first = await bench.origin.connection();
  await first.headers(5);
  first.send(goAway(1, CODE.NO_ERROR));
  const second = await bench.origin.connection(1);
  await second.headers(3);
  second.send(done(1, 1), done(3, 1));
  await Promise.all([client.over(3), client.over(5)]);
  // Only then: the connection that goes away still owes one.
  first.send(done(1, 0));
  await client.over(1);
  await first.closed();
  const by = async (path: string) => (await bench.flow(path)).response?.head.fields.get("x-by");
  assert.deepEqual([await by("/one"), await by("/two"), await by("/three")], ["0", "1", "1"]);
  assert.equal(bench.origin.connections.length, 2);
  assert.ok(!client.log.some((line) => line.startsWith("RST_STREAM")), client.log.join());
  client.send(bench.request(7, "/four"));
  await second.headers(5);
  second.send(done(5, 1));
  await client.over(7);
});

Deno.test("REFUSED_STREAM: asked again once, then the client is told", async () => {
  await using bench = await ByHand.start("https");
  const client = await bench.open();
  client.send(bench.request(1, "/once"));
  const origin = await bench.origin.connection();
  await origin.headers(1);
  origin.send(resetStream(1, CODE.REFUSED_STREAM));
  const again = await origin.frame(({ type, stream }) => type === TYPE.HEADERS && stream !== 1);
  origin.send(done(again.stream, 0));
  assert.equal((await client.over(1)).type, TYPE.HEADERS);
  client.send(bench.request(3, "/never"));
  const third = await origin.frame(({ type, stream }) => type === TYPE.HEADERS && stream > again.stream);
  origin.send(resetStream(third.stream, CODE.REFUSED_STREAM));
  const fourth = await origin.frame(({ type, stream }) => type === TYPE.HEADERS && stream > third.stream);
  origin.send(resetStream(fourth.stream, CODE.REFUSED_STREAM));
  const end = await client.over(3);
  assert.deepEqual([end.type, readUint32(end.payload, 0)], [TYPE.RST_STREAM, CODE.REFUSED_STREAM]);
});

Deno.test("a request whose answer has begun is not asked again when its connection goes", async () => {
  await using bench = await ByHand.start("https");
  const client = await bench.open();
  client.send(bench.request(1, "/begun"));
  const origin = await bench.origin.connection();
  await origin.headers(1);
  origin.send(headers(1, [[":status", "200"]]), data(1, "some"));
  await client.frame(({ type }) => type === TYPE.DATA);
  origin.socket.destroy();
  assert.equal((await client.over(1)).type, TYPE.RST_STREAM);
  const { error } = await bench.flow("/begun");
  assert.equal(error?.by, "server");
  assert.equal(bench.origin.connections.length, 1);
});

Deno.test("a POST that may have been acted on is not asked again", async () => {
  await using bench = await ByHand.start("https");
  const client = await bench.open();
  client.send(bench.request(1, "/post", [], { end: false }), data(1, "body", { end: true }));
  const origin = await bench.origin.connection();
  await origin.over(1);
  origin.socket.destroy();
  await client.over(1);
  assert.equal((await bench.flow("/post")).error?.by, "server");
  assert.equal(bench.origin.connections.length, 1);
});
