// Many exchanges on one connection: credit, stalls, resets, repeated requests.

import assert from "node:assert/strict";
import fc from "fast-check";
import { data, fakeSession, fault, request, reset, response, trailers, upload } from "./fake_session.ts";
import { holdNext } from "./hooks_holding.ts";
import { settled } from "./memory_context.ts";

Deno.test("streams: many requests share one connection, each gets its own answer", async () => {
  const session = fakeSession("http2", "http2");
  session.ask(request(1), request(3), request(5));
  const upstream = await session.origin.accept("http2");
  assert.deepEqual(upstream.codec.sent, ["1 GET /1", "1 end", "3 GET /3", "3 end", "5 GET /5", "5 end"]);
  session.answer(upstream, response(5), response(1), data(5, "five", true), data(1, "one", true));
  session.answer(upstream, response(3, 204, true));
  assert.deepEqual(session.client.sent, [
    "5 200",
    "1 200",
    "5 data five",
    "5 end",
    "1 data one",
    "1 end",
    "3 204",
    "3 end",
  ]);
  assert.deepEqual(session.ended.map(({ request }) => request.head.path), ["/5", "/1", "/3"]);
  assert.equal(upstream.upstream.isIdle, true);
});

Deno.test("streams: a stream that takes nothing earns no credit, and stops no other", async () => {
  const session = fakeSession("http2", "http2");
  session.client.room = 10;
  session.ask(request(1), request(3));
  const upstream = await session.origin.accept("http2");
  session.answer(upstream, response(1), response(3));
  session.client.setRoom(1, 0);
  session.client.setRoom(3, 1000);
  for (let count = 0; count < 50; count++) session.answer(upstream, data(1, "stalled"), data(3, "flowing"));
  assert.equal(upstream.codec.consumed.get(1) ?? 0, 0);
  assert.equal(upstream.codec.consumed.get(3), 350);
  session.clientTakes(1, 1000);
  assert.equal(upstream.codec.consumed.get(1), 350, "all of it, once it has room");
  session.answer(upstream, data(1, "!", true), data(3, "!", true));
  assert.deepEqual([upstream.codec.consumed.get(1), upstream.codec.consumed.get(3)], [351, 351]);
});

Deno.test("streams: a held stream earns no credit and holds no other; then it gets its own", async () => {
  const session = fakeSession("http2", "http2");
  const hold = holdNext(session.hooks, "responseHead");
  session.ask(request(1), request(3));
  const upstream = await session.origin.accept("http2");
  session.answer(upstream, response(1), data(1, "held"), response(3), data(3, "not", true));
  assert.deepEqual(session.client.sent, ["3 200", "3 data not", "3 end"]);
  assert.deepEqual([...upstream.codec.consumed], [[3, 3]]);
  hold.release();
  await settled();
  assert.deepEqual(session.client.sent.slice(3), ["1 200", "1 data held"]);
  assert.equal(upstream.codec.consumed.get(1), 4);
});

Deno.test("streams: an upload whose origin takes nothing earns no credit; others go on", async () => {
  const session = fakeSession("http2", "http2");
  session.ask(upload(1), upload(3));
  const upstream = await session.origin.accept("http2");
  upstream.codec.setRoom(1, 0);
  session.ask(data(1, "aaaa", false, 3), data(3, "bbbb", false, 2));
  assert.deepEqual([...session.client.consumed], [[3, 6]]);
  session.originTakes(upstream, 1, 100);
  assert.equal(session.client.consumed.get(1), 7, "padding counts");
});

Deno.test("streams: credit out is credit in, whatever the order of data, room, holds and resets", async () => {
  const step = fc.record({
    stream: fc.constantFrom(1, 3, 5, 7),
    what: fc.constantFrom("down", "up", "room", "no room", "reset by client", "reset by server", "end"),
    size: fc.integer({ min: 1, max: 50 }),
    padding: fc.nat(3),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), async (steps) => {
      const session = fakeSession("http2", "http2");
      session.client.room = 20;
      session.ask(upload(1), upload(3), upload(5), upload(7));
      const upstream = await session.origin.accept("http2");
      for (const stream of [1, 3, 5, 7]) {
        upstream.codec.setRoom(stream, 20);
        session.answer(upstream, response(stream));
      }
      const said = { up: new Map<number, number>(), down: new Map<number, number>() };
      const over = new Set<number>();
      const lost = new Set<number>();
      const add = (to: Map<number, number>, stream: number, credit: number) =>
        to.set(stream, (to.get(stream) ?? 0) + credit);
      for (const { stream, what, size, padding } of steps) {
        if (over.has(stream)) continue;
        const piece = data(stream, "x".repeat(size), what === "end", padding);
        switch (what) {
          case "down":
            add(said.down, stream, size + padding);
            session.answer(upstream, piece);
            break;
          case "up":
            add(said.up, stream, size + padding);
            session.ask(piece);
            break;
          case "end":
            add(said.down, stream, size + padding);
            add(said.up, stream, size + padding);
            session.answer(upstream, { ...piece });
            session.ask({ ...piece });
            over.add(stream);
            break;
          case "room":
          case "no room":
            session.clientTakes(stream, what === "room" ? 100 : 0);
            session.originTakes(upstream, stream, what === "room" ? 100 : 0);
            break;
          case "reset by client":
            session.ask(reset(stream, "CANCEL", "client"));
            over.add(stream);
            lost.add(stream);
            break;
          case "reset by server":
            session.answer(upstream, reset(stream, "INTERNAL_ERROR"));
            over.add(stream);
            lost.add(stream);
            break;
        }
        for (const [id, credit] of upstream.codec.consumed) assert.ok(credit <= (said.down.get(id) ?? 0));
        for (const [id, credit] of session.client.consumed) assert.ok(credit <= (said.up.get(id) ?? 0));
      }
      for (const stream of [1, 3, 5, 7]) {
        // A codec gives back what was lost with a stream.
        if (lost.has(stream)) continue;
        if (!over.has(stream)) {
          session.clientTakes(stream, 10_000);
          session.originTakes(upstream, stream, 10_000);
        }
        assert.equal(upstream.codec.consumed.get(stream) ?? 0, said.down.get(stream) ?? 0);
        assert.equal(session.client.consumed.get(stream) ?? 0, said.up.get(stream) ?? 0);
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("streams: what an answered client has not taken yet is given back to the connection", async () => {
  const session = fakeSession("http2", "http2");
  session.client.room = 0;
  session.ask(upload(1), data(1, "up"));
  const upstream = await session.origin.accept("http2");
  upstream.codec.setRoom(1, 0);
  session.answer(upstream, response(1), data(1, "down"), data(1, "!", true, 2));
  assert.deepEqual([...upstream.codec.consumed], [], "while the exchange runs");
  session.ask(data(1, "!", true));
  assert.deepEqual([...upstream.codec.consumed], [[1, 7]]);
  assert.deepEqual([...session.client.consumed], [[1, 3]]);
});

Deno.test("streams: what a hook's answer leaves of a complete response is given back, too", async () => {
  const session = fakeSession("http2", "http2");
  let answer = () => {};
  session.hooks.on("responseHead", (_flow, control) =>
    new Promise<void>((resolve) => {
      answer = () => {
        control.answer({ status: 200 });
        resolve();
      };
    }));
  session.ask(request(1));
  const upstream = await session.origin.accept("http2");
  session.answer(upstream, response(1), data(1, "held"), data(1, "!", true));
  answer();
  await settled();
  assert.deepEqual(session.client.sent, ["1 200", "1 end"]);
  assert.deepEqual([...upstream.codec.consumed], [[1, 5]]);
});

Deno.test("reset: the client's code reaches the origin, and no other stream", async () => {
  for (const code of ["CANCEL", "INTERNAL_ERROR", "0x1234"]) {
    const session = fakeSession("http2", "http2");
    session.ask(request(1), request(3));
    const upstream = await session.origin.accept("http2");
    session.ask(reset(1, code, "client"));
    assert.deepEqual(upstream.codec.sent.slice(4), [`1 reset ${code}`]);
    session.answer(upstream, response(3, 200, true));
    assert.deepEqual(session.client.sent, [`1 reset ${code}`, "3 200", "3 end"].slice(1));
    const [first] = session.ended;
    assert.deepEqual([first?.error?.by, first?.error?.code, first?.response], ["client", code, null]);
  }
});

Deno.test("reset: the origin's code reaches the client, before the response and inside it", async () => {
  for (const code of ["INTERNAL_ERROR", "HTTP_1_1_REQUIRED", "0x1234"]) {
    for (const started of [false, true]) {
      const session = fakeSession("http2", "http2");
      session.ask(request(1));
      const upstream = await session.origin.accept("http2");
      if (started) session.answer(upstream, response(1), data(1, "half"));
      session.answer(upstream, reset(1, code));
      assert.deepEqual(session.client.sent, [
        ...(started ? ["1 200", "1 data half"] : []),
        `1 reset ${code}`,
      ]);
      const { error } = session.ended[0]!;
      assert.deepEqual([error?.by, error?.code], ["server", code]);
    }
  }
});

Deno.test("reset: a client that cannot be shown it gets a page, as for any failed origin", async () => {
  const session = fakeSession("http1", "http2");
  session.ask(request(1));
  const upstream = await session.origin.accept("http2");
  session.answer(upstream, reset(1, "INTERNAL_ERROR"));
  assert.equal(session.client.sent[0], "1 502");
  assert.match(session.client.dataOf(1), /a INTERNAL_ERROR of the server/);
});

Deno.test("reset: an origin that breaks a rule is answered for with a page that names it", async () => {
  const session = fakeSession("http2", "http2");
  session.ask(request(1));
  const upstream = await session.origin.accept("http2");
  session.answer(upstream, { kind: "reset", stream: 1, fault: fault("PROTOCOL_ERROR", "server") });
  assert.equal(session.client.sent[0], "1 502");
  assert.match(session.client.dataOf(1), /RFC 9113, 6\.4/);
});

Deno.test("reset: a client that breaks a rule loses its stream, and the origin sees a cancelled request", async () => {
  const session = fakeSession("http2", "http2");
  session.ask(upload(1));
  const upstream = await session.origin.accept("http2");
  session.ask({ kind: "reset", stream: 1, fault: fault("PROTOCOL_ERROR", "client") });
  assert.deepEqual(upstream.codec.sent.slice(1), ["1 reset cancelled"]);
});

Deno.test("reset: a fault that can be answered is, with its own status, and the exchange ends", () => {
  const session = fakeSession("http2", "http2");
  const hooked = { ...fault("ENHANCE_YOUR_CALM", "client"), status: 431, answerable: true as const };
  session.ask(upload(1), { kind: "reset", stream: 1, fault: hooked });
  // The fake codec has forgotten the stream, as for any reset: what is recorded is what would be sent.
  const flow = session.ended[0]!;
  assert.deepEqual([flow.response?.head.status, flow.error?.by, flow.answered], [431, "client", false]);
  assert.equal(session.exchanges.size, 0);
});

Deno.test("early answer: complete, and the client is told to stop when nothing of it waits any more", async () => {
  const session = fakeSession("http2", "http2");
  session.ask(upload(1), data(1, "much"));
  const upstream = await session.origin.accept("http2");
  session.client.setRoom(1, 0);
  session.answer(upstream, response(1, 413), data(1, "too much", true), reset(1, "NO_ERROR"));
  assert.deepEqual(session.client.sent, ["1 413", "1 data too much", "1 end"]);
  session.ask(data(1, "more"));
  assert.equal(session.client.consumed.get(1), 8, "read and dropped until then");
  session.clientTakes(1, 100);
  assert.deepEqual(session.client.sent.slice(3), ["1 reset NO_ERROR"]);
  const flow = session.ended[0]!;
  assert.deepEqual([flow.error, flow.response?.head.status], [null, 413]);
  assert.match(flow.notes[0] ?? "", /told to stop/);
});

Deno.test("early answer: a client that cannot be told goes on, and its connection is not touched", async () => {
  const session = fakeSession("http1", "http2");
  session.ask(upload(1));
  const upstream = await session.origin.accept("http2");
  session.answer(upstream, response(1, 413, true), reset(1, "NO_ERROR"));
  session.ask(data(1, "more"), data(1, "all", true));
  assert.deepEqual(session.client.sent, ["1 413", "1 end"]);
  assert.equal(session.client.consumed.get(1), 7);
  assert.equal(session.ended[0]?.error, null);
});

Deno.test("early answer: an origin of HTTP/1 that closes after it stops the client's upload as well", async () => {
  const session = fakeSession("http2", "http1");
  session.ask(upload(1));
  const upstream = await session.origin.accept("http1");
  session.answer(upstream, response(1, 401, true));
  upstream.transport.deliverClosed();
  assert.deepEqual(session.client.sent, ["1 401", "1 end", "1 reset NO_ERROR"]);
  assert.equal(session.ended[0]?.error, null);
});

Deno.test("early answer: a client that has its answer may take back the rest of its request", async () => {
  const session = fakeSession("http2", "http2");
  session.ask(upload(1));
  const upstream = await session.origin.accept("http2");
  session.answer(upstream, response(1, 200, true));
  session.ask(reset(1, "NO_ERROR", "client"));
  assert.equal(session.ended[0]?.error, null);
  assert.deepEqual(upstream.codec.sent.slice(1), ["1 reset NO_ERROR"]);
});

Deno.test("refused: nobody has acted on it, so any request is sent again, once", async () => {
  const session = fakeSession("http2", "http2");
  session.ask(upload(1), data(1, "ab"), data(1, "c"), trailers(1, "x", "y"));
  const upstream = await session.origin.accept("http2");
  session.answer(upstream, reset(1, "REFUSED_STREAM"));
  assert.deepEqual(upstream.codec.sent.slice(5), [
    "3 POST /1",
    "3 data abc",
    "3 trailers x y",
    "3 end",
  ], "on the same connection: RST_STREAM speaks of one stream");
  session.answer(upstream, response(3, 201, true));
  assert.deepEqual(session.client.sent, ["1 201", "1 end"]);
  const flow = session.ended[0]!;
  assert.deepEqual([flow.error, flow.notes], [null, ["sent again: the server refused the stream"]]);
  assert.equal(flow.request.body.length, 3);
});

Deno.test("refused: twice is what the client is told", async () => {
  const session = fakeSession("http2", "http2");
  session.ask(request(1));
  const upstream = await session.origin.accept("http2");
  session.answer(upstream, reset(1, "REFUSED_STREAM"));
  session.answer(upstream, reset(3, "REFUSED_STREAM"));
  assert.deepEqual(session.client.sent, ["1 reset REFUSED_STREAM"]);
  assert.equal(upstream.codec.sent.length, 4);
});

Deno.test("refused by GOAWAY: sent again on a new connection, and what comes meanwhile follows", async () => {
  const session = fakeSession("http2", "http2");
  session.ask(upload(1), data(1, "one "));
  const upstream = await session.origin.accept("http2");
  upstream.codec.maxStreams = 0;
  session.answer(upstream, reset(1, "REFUSED_STREAM"));
  session.ask(data(1, "two "), data(1, "three", true));
  const other = await session.origin.accept("http2");
  assert.deepEqual(other.codec.sent, ["1 POST /1", "1 data one ", "1 data two ", "1 data three", "1 end"]);
  assert.equal(session.client.consumed.get(1), 13);
  session.answer(other, response(1, 200, true));
  assert.deepEqual(session.client.sent, ["1 200", "1 end"]);
  assert.equal(session.ended[0]?.request.body.length, 13);
});

Deno.test("refused: what is not here any more, or has been answered in part, is not sent again", async () => {
  const large = fakeSession("http2", "http2", { captureLimit: 3 });
  large.ask(upload(1), data(1, "abcd", true));
  const upstream = await large.origin.accept("http2");
  large.answer(upstream, reset(1, "REFUSED_STREAM"));
  assert.deepEqual(large.client.sent, ["1 reset REFUSED_STREAM"]);
  const answered = fakeSession("http2", "http2");
  answered.ask(request(1));
  const second = await answered.origin.accept("http2");
  answered.answer(second, response(1, 103), reset(1, "REFUSED_STREAM"));
  assert.deepEqual(answered.client.sent, ["1 103", "1 reset REFUSED_STREAM"]);
});

Deno.test("refused: a client that goes away while a new connection is made is forgotten", async () => {
  const session = fakeSession("http2", "http2");
  session.ask(upload(1), data(1, "one"));
  const upstream = await session.origin.accept("http2");
  upstream.codec.maxStreams = 0;
  session.answer(upstream, reset(1, "REFUSED_STREAM"));
  session.ask(data(1, "two"));
  session.ask(reset(1, "CANCEL", "client"));
  const other = await session.origin.accept("http2");
  assert.deepEqual(other.codec.sent, []);
  assert.equal(session.ended.length, 1);
  assert.equal(session.ended[0]?.error?.by, "client");
});

Deno.test("a request that waits for a connection and is over leaves the queue", async () => {
  const session = fakeSession("http2", "http1");
  session.ask(request(1), request(3));
  session.ask(reset(1, "CANCEL", "client"));
  const upstream = await session.origin.accept("http1");
  assert.deepEqual(upstream.codec.sent, ["1 GET /3", "1 end"]);
  assert.equal(session.exchanges.size, 1);
});

Deno.test("a client of many streams on an HTTP/1 origin: kept connections are used again", async () => {
  const session = fakeSession("http2", "http1");
  for (let stream = 1; stream < 40; stream += 2) session.ask(request(stream));
  for (let count = 0; count < 6; count++) await session.origin.accept("http1");
  let answered = 0;
  for (let rounds = 0; rounds < 20 && session.exchanges.size > 0; rounds++) {
    for (const upstream of session.origin.made) {
      const stream = 1 + 2 * Math.floor((upstream.codec.sent.length - 1) / 2);
      if (upstream.codec.active === 0) continue;
      session.answer(upstream, response(stream, 200, true));
      answered++;
    }
  }
  assert.equal(answered, 20);
  assert.equal(session.origin.made.length, 6);
  assert.equal(session.ended.filter(({ error }) => error === null).length, 20);
});
