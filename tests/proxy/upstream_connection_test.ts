// One connection to an origin with many streams: signs of life, what is said of it, and how it ends.

import assert from "node:assert/strict";
import { PING_TIMEOUT } from "../../lib/proxy/upstream_connection.ts";
import { data, type FakeSession, fakeSession, fault, request, response } from "./fake_session.ts";
import type { FakeUpstream } from "./fake_origin.ts";

const KEEPALIVE = 58_000;
const IDLE = 30_000;

async function connected(): Promise<{ session: FakeSession; upstream: FakeUpstream }> {
  const session = fakeSession("http2", "http2", { http2PingKeepalive: KEEPALIVE, idleTimeout: IDLE });
  session.ask(request(1), request(3));
  return { session, upstream: await session.origin.accept("http2") };
}

Deno.test("keep-alive: a silent server is asked, and one that answers is asked again later", async () => {
  const { session, upstream } = await connected();
  assert.deepEqual(session.deadlines.durations, [KEEPALIVE], "streams are open: no idle time runs");
  session.deadlines.expire();
  assert.equal(upstream.codec.pings, 1);
  assert.deepEqual(session.deadlines.durations, [PING_TIMEOUT]);
  upstream.transport.deliver("PING, ACK");
  assert.deepEqual(session.deadlines.durations, [KEEPALIVE]);
  session.deadlines.expire();
  assert.equal(upstream.codec.pings, 2);
  assert.equal(session.exchanges.size, 2, "nobody is harmed");
});

Deno.test("keep-alive: any input is a sign of life", async () => {
  const { session, upstream } = await connected();
  session.deadlines.expire();
  session.answer(upstream, response(1), data(1, "late", true));
  upstream.transport.deliver("DATA");
  session.deadlines.expire();
  assert.equal(upstream.codec.pings, 2);
  assert.deepEqual(upstream.transport.endings, []);
});

Deno.test("keep-alive: a server that does not answer is dead, and so are its exchanges", async () => {
  const { session, upstream } = await connected();
  session.answer(upstream, response(3), data(3, "half"));
  session.deadlines.expire();
  session.deadlines.expire();
  assert.deepEqual(upstream.transport.endings, ["close"]);
  assert.equal(session.client.sent.find((text) => text.startsWith("1 ")), "1 502");
  assert.match(session.client.dataOf(1), /the server has sent nothing for 73 s, not even an answer to PING/);
  assert.ok(session.client.sent.includes("3 reset dead-connection"));
  assert.deepEqual(session.ended.map(({ error }) => error?.code), ["dead-connection", "dead-connection"]);
  assert.deepEqual(session.logs.map(({ code, level }) => [code, level]), [["dead-connection", "warn"]]);
  session.ask(request(5));
  assert.equal(session.origin.dials.length, 1, "what comes then goes to a new one");
});

Deno.test("keep-alive: an idle connection is asked too, and closed by its idle time all the same", async () => {
  const { session, upstream } = await connected();
  session.answer(upstream, response(1, 204, true), response(3, 204, true));
  assert.deepEqual(session.deadlines.durations, [IDLE, KEEPALIVE]);
  session.deadlines.expireShortest();
  assert.deepEqual(upstream.transport.endings, ["close"]);
  assert.deepEqual(session.deadlines.durations, [], "nothing runs any more");
});

Deno.test("keep-alive: 0 switches it off, and HTTP/1 has no way to ask", async () => {
  const off = fakeSession("http2", "http2", { http2PingKeepalive: 0, idleTimeout: IDLE });
  off.ask(request(1));
  await off.origin.accept("http2");
  assert.deepEqual(off.deadlines.durations, []);
  const http1 = fakeSession("http2", "http1", { http2PingKeepalive: KEEPALIVE, idleTimeout: IDLE });
  http1.ask(request(1));
  await http1.origin.accept("http1");
  assert.deepEqual(http1.deadlines.durations, []);
});

Deno.test("notes: what is forgiven is named once an origin, whatever the connection and the stream", async () => {
  const { session, upstream } = await connected();
  const note = {
    peer: "server",
    code: "uppercase-name",
    message: "uppercase",
    rule: "RFC 9113, 8.2",
  } as const;
  session.answer(upstream, { kind: "note", note });
  upstream.transport.deliverClosed();
  session.ask(request(5));
  const other = await session.origin.accept("http2");
  session.answer(other, { kind: "note", note }, { kind: "note", note: { ...note, code: "other" } });
  assert.deepEqual(session.logs.map(({ code, message, rule }) => [code, message, rule]), [
    ["uppercase-name", "server origin.example:80: uppercase", "RFC 9113, 8.2"],
    ["other", "server origin.example:80: uppercase", "RFC 9113, 8.2"],
  ]);
});

Deno.test("notes: a flow has only those that must be its own", async () => {
  const { session, upstream } = await connected();
  const note = { peer: "server", code: "a", message: "forgiven", rule: "R" } as const;
  session.answer(upstream, { kind: "note", note }, response(1, 200, true), { kind: "note", note });
  session.answer(upstream, response(3, 200, true));
  assert.deepEqual(session.ended.map(({ notes }) => [...notes]), [[], ["forgiven (R)"]]);
});

Deno.test("notes: the end of a connection is named each time", async () => {
  const { session, upstream } = await connected();
  const note = { peer: "server", code: "goaway", message: "GOAWAY", rule: "R" } as const;
  session.answer(upstream, { kind: "note", note });
  upstream.transport.deliverClosed();
  session.ask(request(5));
  session.answer(await session.origin.accept("http2"), { kind: "note", note });
  assert.equal(session.logs.length, 2);
});

Deno.test("a connection that is lost takes all its exchanges along, each with what its client can be told", async () => {
  const { session, upstream } = await connected();
  session.answer(upstream, response(3), data(3, "half"));
  upstream.transport.deliverClosed({ code: "reset", message: "ECONNRESET" });
  assert.ok(session.client.sent.includes("1 502"));
  assert.ok(session.client.sent.includes("3 reset server-gone"));
  assert.deepEqual(session.ended.map(({ error }) => error?.code), ["server-gone", "server-gone"]);
});

Deno.test("a connection that breaks the rules says so before it goes", async () => {
  const { session, upstream } = await connected();
  const broken = { ...fault("PROTOCOL_ERROR", "server"), scope: "connection" } as const;
  upstream.codec.output.appendText("GOAWAY");
  session.answer(
    upstream,
    { kind: "reset", stream: 1, fault: broken },
    { kind: "reset", stream: 3, fault: broken },
    { kind: "fault", fault: broken },
  );
  assert.deepEqual([upstream.transport.writes, upstream.transport.endings], [["GOAWAY"], []]);
  assert.equal(session.ended.length, 2);
});

Deno.test("what comes for a stream nobody has is given back", async () => {
  const { session, upstream } = await connected();
  session.answer(upstream, response(99), data(99, "stray"));
  assert.deepEqual([...upstream.codec.consumed], [[99, 5]]);
  assert.deepEqual(session.client.sent, []);
});

Deno.test("a kept connection that is lost before it says anything: all that may be repeated is", async () => {
  const { session, upstream } = await connected();
  session.answer(upstream, response(1, 204, true), response(3, 204, true));
  session.ask(request(5), request(7), request(9, "/9", "POST"));
  upstream.transport.deliverClosed();
  const other = await session.origin.accept("http2");
  assert.deepEqual(other.codec.sent, ["1 GET /5", "1 end", "3 GET /7", "3 end"]);
  assert.ok(session.client.sent.includes("9 502"));
});

Deno.test("a kept connection that was alive when the request went out: it is not repeated", async () => {
  const { session, upstream } = await connected();
  session.answer(upstream, response(1, 204, true), response(3, 204, true));
  session.ask(request(5));
  upstream.transport.deliver("SETTINGS");
  upstream.transport.deliverClosed();
  assert.equal(session.origin.dials.length, 0);
  assert.ok(session.client.sent.includes("5 502"));
});
