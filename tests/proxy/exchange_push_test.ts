// Responses that an origin pushes, and priorities that a client gives: from one leg's stream numbers to the other's.

import assert from "node:assert/strict";
import type { Signal } from "../../lib/http/connection.ts";
import type { StreamPriority } from "../../lib/http/priority.ts";
import { data, fakeSession, request, requestHead, reset, response, upload } from "./fake_session.ts";
import { holdNext } from "./hooks_holding.ts";
import { settled } from "./memory_context.ts";

function push(parent: number, stream: number, path: string): Signal {
  return { kind: "push", parent, stream, head: requestHead(path) };
}

function priority(stream: number, value: StreamPriority): Signal {
  return { kind: "priority", stream, priority: value };
}

const dependsOn = (on: number, weight = 16): StreamPriority => ({
  kind: "dependency",
  on,
  exclusive: false,
  weight,
});

Deno.test("push: the promise reaches the client on the stream of its parent, the response follows as its own flow", async () => {
  const session = fakeSession("http2", "http2");
  session.client.promises = 2;
  session.ask(request(1, "/page"));
  const upstream = await session.origin.accept("http2");
  session.answer(upstream, push(1, 2, "/style.css"), response(1), response(2), data(2, "css", true));
  assert.deepEqual(session.client.sent, ["2 promise /style.css", "1 200", "2 200", "2 data css", "2 end"]);
  const pushed = session.ended[0]!;
  assert.deepEqual(pushed.notes, ["pushed by the server for http://origin.example/page"]);
  assert.deepEqual([pushed.request.head.path, pushed.response?.body.length, pushed.error], [
    "/style.css",
    3,
    null,
  ]);
  assert.ok(pushed.request.endedAt !== null && pushed.server === upstream.upstream.record);
  session.answer(upstream, data(1, "page", true));
  assert.deepEqual(session.ended.map(({ request }) => request.head.path), ["/style.css", "/page"]);
  assert.deepEqual(upstream.codec.sent, ["1 GET /page", "1 end"], "nothing is asked for what is pushed");
});

Deno.test("push: where the client takes none, or the parent is over, the stream is refused", async () => {
  const session = fakeSession("http2", "http2");
  session.ask(request(1));
  const upstream = await session.origin.accept("http2");
  const refused: number[] = [];
  upstream.upstream.refuse = (stream) => void refused.push(stream);
  session.answer(upstream, push(1, 2, "/a"));
  session.client.promises = 2;
  session.answer(upstream, response(1, 200, true), push(1, 4, "/b"));
  assert.deepEqual(refused, [2, 4]);
  assert.equal(session.ended.length, 1);
});

Deno.test("push: a refused stream is reset with CANCEL", async () => {
  const session = fakeSession("http2", "http2");
  session.ask(request(1));
  const upstream = await session.origin.accept("http2");
  // The fake opens the promised stream by speaking of it.
  upstream.codec.setRoom(2, 1);
  session.answer(upstream, push(1, 2, "/a"));
  assert.deepEqual(upstream.codec.sent.slice(2), ["2 reset CANCEL"]);
});

Deno.test("push: a client that resets the pushed stream resets it at the origin, with its code", async () => {
  const session = fakeSession("http2", "http2");
  session.client.promises = 2;
  session.ask(request(1));
  const upstream = await session.origin.accept("http2");
  session.answer(upstream, push(1, 2, "/a"), response(2), data(2, "half"));
  session.ask(reset(2, "CANCEL", "client"));
  assert.deepEqual(upstream.codec.sent.slice(2), ["2 reset CANCEL"]);
  assert.deepEqual([session.ended[0]?.error?.by, session.ended[0]?.error?.code], ["client", "CANCEL"]);
  session.answer(upstream, response(1, 200, true));
  assert.equal(session.ended[1]?.error, null, "its parent goes on");
});

Deno.test("push: an origin that takes the pushed stream back is not asked again", async () => {
  const session = fakeSession("http2", "http2");
  session.client.promises = 2;
  session.ask(request(1));
  const upstream = await session.origin.accept("http2");
  session.answer(upstream, push(1, 2, "/a"), reset(2, "REFUSED_STREAM"));
  assert.deepEqual(session.client.sent, ["2 promise /a", "2 reset REFUSED_STREAM"]);
  assert.deepEqual(upstream.codec.sent, ["1 GET /1", "1 end"]);
});

Deno.test("push: a hook sees the request, and holds the response as long", async () => {
  const session = fakeSession("http2", "http2");
  session.client.promises = 2;
  session.ask(request(1));
  const upstream = await session.origin.accept("http2");
  const hold = holdNext(session.hooks, "requestHead");
  session.answer(upstream, push(1, 2, "/a"), response(2), data(2, "body", true));
  await hold.held;
  assert.deepEqual(session.client.sent, ["2 promise /a"]);
  assert.deepEqual([...upstream.codec.consumed], []);
  hold.release();
  await settled();
  assert.deepEqual(session.client.sent.slice(1), ["2 200", "2 data body", "2 end"]);
});

Deno.test("push: a hook's answer takes the place of what is pushed", async () => {
  const session = fakeSession("http2", "http2");
  session.client.promises = 2;
  session.ask(request(1));
  const upstream = await session.origin.accept("http2");
  session.hooks.on("requestHead", (_flow, control) => control.answer({ status: 403 }));
  session.answer(upstream, push(1, 2, "/a"), response(2), data(2, "body", true));
  assert.deepEqual(session.client.sent, ["2 promise /a", "2 403", "2 end"]);
  assert.deepEqual([...upstream.codec.consumed], [[2, 4]]);
});

Deno.test("push: what the client offers is told to every server, now and later", async () => {
  const session = fakeSession("http2", "http2");
  session.ask(request(1));
  const upstream = await session.origin.accept("http2");
  const offers = { push: true, extendedConnect: false };
  session.origin.connections.offer(offers);
  assert.deepEqual(upstream.codec.offered, [offers]);
});

Deno.test("priority: of a request, in the numbers of the origin's connection", async () => {
  const session = fakeSession("http2", "http2");
  session.ask(request(5), request(7), { ...request(9), priority: dependsOn(7, 200) });
  const upstream = await session.origin.accept("http2");
  session.ask({ ...request(11), priority: dependsOn(9) }, { ...request(13), priority: dependsOn(99) });
  assert.deepEqual(upstream.codec.sent.filter((text) => text.includes("GET")), [
    "1 GET /5",
    "3 GET /7",
    "5 GET /9 after 3",
    "7 GET /11 after 5",
    "9 GET /13 after 0",
  ]);
});

Deno.test("priority: of a stream under way, translated; of one that is over, dropped", async () => {
  const session = fakeSession("http2", "http2");
  session.ask(request(5), request(7));
  const upstream = await session.origin.accept("http2");
  session.ask(priority(7, dependsOn(5, 3)), priority(5, { kind: "update", value: "u=1" }));
  session.answer(upstream, response(1, 200, true));
  session.ask(priority(5, dependsOn(0)), priority(7, dependsOn(5)));
  assert.deepEqual(upstream.codec.prioritized, [
    [3, dependsOn(1, 3)],
    [1, { kind: "update", value: "u=1" }],
    [3, dependsOn(0)],
  ]);
});

Deno.test("priority: what is said before the origin is connected goes with the request, and again when it is repeated", async () => {
  const session = fakeSession("http2", "http2");
  session.ask(upload(5), { ...request(7), priority: dependsOn(0) });
  session.ask(priority(7, dependsOn(5, 8)), priority(7, { kind: "update", value: "u=6" }));
  const upstream = await session.origin.accept("http2");
  assert.equal(upstream.codec.sent[1], "3 GET /7 after 1");
  assert.deepEqual(upstream.codec.prioritized, [[3, { kind: "update", value: "u=6" }]]);
  session.answer(upstream, reset(3, "REFUSED_STREAM"));
  assert.equal(upstream.codec.sent[3], "5 GET /7 after 1");
});

Deno.test("priority: on a stream that goes elsewhere is on none", async () => {
  const session = fakeSession("http2", "http2");
  session.origin.prepare = (codec) => codec.maxStreams = 1;
  session.ask(request(5));
  await session.origin.accept("http2");
  session.ask({ ...request(7), priority: dependsOn(5) });
  const other = await session.origin.accept("http2");
  assert.deepEqual(other.codec.sent, ["1 GET /7 after 0", "1 end"]);
});
