// Whole exchanges between our two roles: everything arrives, in order, however it is cut; what was lent is given back.

import assert from "node:assert/strict";
import { Fields } from "../../lib/http/fields.ts";
import { FLAG, TYPE } from "../kit/http2_frames.ts";
import { cancel, connectHead, requestHead, responseHead, type Wire } from "./drive.ts";
import { Pair } from "./pair.ts";

const PIECES = [1, 7, 1021, Infinity];
const piece = (size: number): string => size === Infinity ? "whole" : `${size} bytes at a time`;

/** Bytes that tell their place, and their stream. */
function numbered(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + seed) % 251);
}

/** All data a side was told of on a stream. */
function received(wire: Wire, stream: number): Uint8Array {
  const parts = wire.events.flatMap((event) =>
    event.kind === "data" && event.stream === stream ? [...event.data] : []
  );
  return Uint8Array.from(parts);
}

for (const size of PIECES) {
  Deno.test(`pair, ${piece(size)}: requests and responses of every kind`, () => {
    const pair = new Pair().settle(size);
    const { client, server } = pair;
    server.onEvent = (event) => {
      if (event.kind !== "head" || event.head.kind !== "request") return;
      const { stream, head } = event;
      server.codec.send({ kind: "head", stream, head: responseHead(103, { framing: "none" }), end: false });
      if (head.method === "HEAD") {
        const fields = Fields.of(["content-length", "5"]);
        server.codec.send({ kind: "head", stream, head: responseHead(200, { fields }), end: true });
        return;
      }
      server.codec.send({ kind: "head", stream, head: responseHead(200), end: false });
      const data = numbered(1000, stream);
      server.codec.send({ kind: "data", stream, data, credit: 0, end: head.method === "GET" });
      if (head.method !== "GET") {
        server.codec.send({ kind: "trailers", stream, fields: Fields.of(["t", head.path]) });
      }
    };
    const fields = Fields.of(["a", "b"], ["x", "\xe9"], ["a", "c"]);
    client.request(requestHead("GET", "/1", { fields }));
    client.request(requestHead("HEAD", "/2"));
    const post = client.request(requestHead("POST", "/3", { framing: "stream" }), false);
    client.sendData(post, "up").send({ kind: "trailers", stream: post, fields: Fields.of(["d", "e"]) });
    pair.settle(size);
    assert.deepEqual(server.texts(), [
      "#1 GET https://a /1 {a: b | x: \xe9 | a: c} end",
      "#3 HEAD https://a /2 {} end",
      "#5 POST https://a /3 {} stream",
      '#5 body "up"',
      "#5 trailers {d: e}",
    ]);
    assert.deepEqual(client.texts().filter((line) => line.startsWith("#1")), [
      "#1 103 {} none",
      "#1 200 {} stream",
      "#1 body of 1000",
      "#1 end",
    ]);
    assert.deepEqual(client.texts().filter((line) => line.startsWith("#3")), [
      "#3 103 {} none",
      "#3 200 {content-length: 5} end",
    ]);
    assert.deepEqual(client.texts().filter((line) => line.startsWith("#5")), [
      "#5 103 {} none",
      "#5 200 {} stream",
      "#5 body of 1000",
      "#5 trailers {t: /3}",
    ]);
    assert.deepEqual(received(client, 5), numbered(1000, 5));
    client.assertAlive();
  });
}

Deno.test("pair: more than all windows, both ways at once, on several streams, taken late", () => {
  const limits = { streamWindow: 10_000, largeStreamWindow: 40_000, windowGrowth: 60_000 };
  const pair = new Pair({ client: { limits }, server: { limits } }).settle();
  const { client, server } = pair;
  const size = 300_000;
  for (let index = 0; index < 5; index++) {
    client.request(requestHead("POST", "/", { framing: "stream" }), false);
  }
  const streams = [1, 3, 5, 7, 9];
  pair.settle();
  for (const stream of streams) {
    server.respond(stream, responseHead(200));
    client.sendData(stream, numbered(size, stream), true);
    server.sendData(stream, numbered(size, 100 + stream), true);
  }
  client.consumes = server.consumes = false;
  const owed: [Wire, number, number][] = [];
  for (const wire of [client, server]) {
    wire.onEvent = (event) => {
      if (event.kind === "data") owed.push([wire, event.stream, event.credit]);
    };
  }
  // Nobody takes anything: it comes to rest, and little is held.
  pair.settle();
  assert.ok(client.credit < 5 * size && server.credit < 5 * size);
  for (const { credit } of [client, server]) assert.ok(credit <= 5 * 10_000 + 60_000, `${credit} bytes held`);
  // Then now one, now the other.
  while (owed.length > 0) {
    const [wire, stream, credit] = owed.splice(owed.length >> 1, 1)[0]!;
    wire.codec.consume(stream, credit);
    wire.turn();
    pair.settle();
  }
  for (const stream of streams) {
    assert.deepEqual(received(server, stream), numbered(size, stream));
    assert.deepEqual(received(client, stream), numbered(size, 100 + stream));
  }
  // Credit in is credit out: no padding was sent.
  assert.equal(client.credit, 5 * size);
  assert.equal(server.credit, 5 * size);
  client.assertAlive();
  server.assertAlive();
});

Deno.test("pair: credit that comes in single bytes is not lost", () => {
  const limits = { streamWindow: 1000, largeStreamWindow: 1000, windowGrowth: 0 };
  const pair = new Pair({ client: { limits } }).settle();
  const { client, server } = pair;
  client.consumes = false;
  client.request(requestHead("GET", "/"));
  pair.settle();
  server.respond(1, responseHead(200)).sendData(1, numbered(5000, 1), true);
  pair.settle();
  for (let taken = 0; taken < 5000; taken++) {
    assert.ok(client.credit > taken, `stalled after ${taken}`);
    client.codec.consume(1, 1);
    client.turn();
    pair.settle();
  }
  assert.deepEqual(received(client, 1), numbered(5000, 1));
  assert.ok(client.ofType(TYPE.WINDOW_UPDATE, 1).length <= 20, "an update for each byte");
});

for (const size of PIECES) {
  Deno.test(`pair, ${piece(size)}: a push`, () => {
    const pair = new Pair();
    const { client, server } = pair;
    client.codec.offer({ push: true, extendedConnect: false });
    client.turn();
    pair.settle(size);
    server.onEvent = (event) => {
      if (event.kind !== "head") return;
      const promised = server.codec.push(
        event.stream,
        requestHead("GET", "/style", { fields: Fields.of(["a", "b"]) }),
      );
      assert.equal(promised, 2);
      server.codec.send({ kind: "head", stream: event.stream, head: responseHead(204), end: true });
      server.codec.send({ kind: "head", stream: promised, head: responseHead(200), end: false });
      server.codec.send({ kind: "data", stream: promised, data: numbered(10, 0), credit: 0, end: true });
    };
    client.request(requestHead("GET", "/"));
    pair.settle(size);
    assert.deepEqual(client.texts().map((line) => line.replace(/body .*/, "body")), [
      "#1 push #2 GET https://a /style {a: b} end",
      "#1 204 {} end",
      "#2 200 {} stream",
      "#2 body",
      "#2 end",
    ]);
    client.assertAlive();
  });

  Deno.test(`pair, ${piece(size)}: a tunnel, half-closed by one, then by the other`, () => {
    const pair = new Pair().settle(size);
    const { client, server } = pair;
    client.request(connectHead("a:1"));
    client.sendData(1, "early ");
    pair.settle(size);
    server.respond(1, responseHead(200));
    server.codec.tunnel(1);
    server.turn().sendData(1, "hello ");
    pair.settle(size);
    client.codec.tunnel(1);
    client.turn().sendData(1, "client", true);
    pair.settle(size);
    server.sendData(1, "server");
    pair.settle(size);
    server.sendData(1, "", true);
    pair.settle(size);
    assert.equal(String.fromCharCode(...received(server, 1)), "early client");
    assert.equal(String.fromCharCode(...received(client, 1)), "hello server");
    assert.equal(server.texts().at(-1), "#1 end");
    assert.equal(client.texts().at(-1), "#1 end");
    client.assertAlive();
  });

  Deno.test(`pair, ${piece(size)}: resets cross, shutdown finishes what is open`, () => {
    const pair = new Pair().settle(size);
    const { client, server } = pair;
    for (let count = 0; count < 4; count++) {
      client.request(requestHead("POST", "/", { framing: "stream" }), false);
    }
    pair.settle(size);
    for (const stream of [1, 3, 5, 7]) server.respond(stream, responseHead(200)).sendData(stream, "some");
    cancel(client, 1);
    cancel(server, 1, "INTERNAL_ERROR");
    cancel(server, 3, "INTERNAL_ERROR");
    cancel(client, 5);
    client.sendData(3, "lost");
    pair.settle(size);
    server.codec.shutdown();
    server.turn();
    pair.settle(size);
    assert.equal(client.codec.canOpen, false);
    client.sendData(7, "last", true);
    pair.settle(size);
    server.sendData(7, " one", true);
    pair.settle(size);
    const last = (wire: Wire, stream: number): string | undefined =>
      wire.texts().filter((line) => line.startsWith(`#${stream} `)).at(-1);
    assert.equal(last(client, 3), "#3 reset stream INTERNAL_ERROR");
    assert.equal(last(server, 5), "#5 reset stream CANCEL");
    assert.equal(last(client, 7), "#7 end");
    assert.equal(String.fromCharCode(...received(client, 7)), "some one");
    assert.equal(String.fromCharCode(...received(server, 7)), "last");
    assert.equal(server.codec.closing, true);
    assert.equal(client.codec.closing, true);
    assert.deepEqual([...client.texts(), ...server.texts()].filter((line) => line.startsWith("fault")), []);
  });
}

Deno.test("pair: a thousand exchanges leave nothing open", () => {
  const pair = new Pair().settle();
  const { client, server } = pair;
  server.onEvent = (event) => {
    if (event.kind !== "data" || !event.end) return;
    server.codec.send({ kind: "head", stream: event.stream, head: responseHead(200), end: false });
    server.codec.send({ kind: "data", stream: event.stream, data: event.data, credit: 0, end: true });
  };
  for (let count = 0; count < 1000; count++) {
    const stream = client.request(requestHead("POST", "/"), false);
    client.sendData(stream, `${stream}`, true);
    if (count % 50 === 49) pair.settle();
  }
  const ends = client.ofType(TYPE.DATA).filter(({ flags }) => flags & FLAG.END_STREAM).length;
  assert.equal(ends, 1000);
  assert.equal(client.texts().filter((line) => line.endsWith(" end")).length, 1000);
  client.codec.shutdown();
  client.turn();
  assert.equal(client.codec.closing, true);
});
