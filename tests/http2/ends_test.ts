// How a connection comes to its end: GOAWAY in both directions, `shutdown()`, the peer's FIN in every state
// (RFC 9113, 6.8, 5.4.3, 8.7).

import assert from "node:assert/strict";
import {
  codeName,
  data,
  goAway,
  headers,
  MAX_WINDOW,
  PREFACE,
  readUint32,
  settings,
  settingsAck,
  TYPE,
} from "../kit/http2_frames.ts";
import {
  client,
  connectHead,
  rawClient,
  rawServer,
  requestHead,
  requestLines,
  responseHead,
  responseLines,
  server,
  type Wire,
} from "./drive.ts";

const get = (stream: number): Uint8Array => headers(stream, requestLines("GET", "/"), { end: true });
const ok = (stream: number): Uint8Array => headers(stream, responseLines(200), { end: true });

function clientWith(...methods: string[]): Wire {
  const wire = client();
  for (const method of methods) {
    wire.request(requestHead(method, "/", method === "POST" ? { framing: "stream" } : {}), method !== "POST");
  }
  wire.sentFrames();
  return wire;
}

function serverWith(...streams: number[]): Wire {
  const wire = server();
  for (const stream of streams) wire.feed(get(stream));
  wire.sentFrames();
  return wire;
}

/** [last stream, code] of each GOAWAY. */
function goAways(wire: Wire): [last: number, code: string][] {
  return wire.ofType(TYPE.GOAWAY).map((
    { payload },
  ) => [readUint32(payload, 0), codeName(readUint32(payload, 4))]);
}

Deno.test("GOAWAY to a client: streams above the last go back, those below finish, then it closes", () => {
  const wire = clientWith("GET", "GET", "POST");
  wire.feed(goAway(1, 0));
  assert.deepEqual(wire.texts(), [
    "note goaway",
    "#3 reset stream REFUSED_STREAM",
    "#5 reset stream REFUSED_STREAM",
  ]);
  assert.equal(wire.codec.canOpen, false);
  assert.equal(wire.codec.openStream(), null);
  assert.equal(wire.codec.closing, false);
  wire.feed(headers(1, responseLines(200)), data(1, "x"));
  assert.equal(wire.codec.closing, false);
  wire.feed(data(1, "y", { end: true }));
  assert.deepEqual(wire.texts().slice(3), ["#1 200 {} stream", '#1 body "xy"', "#1 end"]);
  assert.equal(wire.codec.closing, true);
  assert.equal(wire.codec.aborted, false);
});

Deno.test("GOAWAY to a client: nothing open, nothing to wait for", () => {
  const wire = client().feed(goAway(0, 0));
  assert.deepEqual(wire.texts(), ["note goaway"]);
  assert.equal(wire.codec.canOpen, false);
  assert.equal(wire.codec.closing, true);
});

Deno.test("GOAWAY to a client: in two steps", () => {
  const wire = clientWith("GET", "GET");
  wire.feed(goAway(MAX_WINDOW, 0));
  assert.deepEqual(wire.texts(), ["note goaway"]);
  assert.equal(wire.codec.canOpen, false);
  wire.feed(ok(1), goAway(1, 0));
  assert.deepEqual(wire.texts().filter((line) => !line.startsWith("note")), [
    "#1 200 {} end",
    "#3 reset stream REFUSED_STREAM",
  ]);
  assert.equal(wire.codec.closing, true);
});

Deno.test("GOAWAY to a client: a last stream that rises brings nothing back", () => {
  const wire = clientWith("GET", "GET");
  wire.feed(goAway(1, 0));
  const lines = wire.texts().length;
  wire.feed(goAway(3, 0));
  const fresh = wire.texts().slice(lines);
  // RFC 9113, 6.8, forbids it, and says nothing of who receives it.
  if (fresh.some((line) => line.startsWith("fault"))) {
    assert.deepEqual(fresh.at(-1), "fault PROTOCOL_ERROR");
    return;
  }
  assert.equal(fresh.filter((line) => line.startsWith("#")).length, 0);
  wire.feed(ok(1));
  assert.equal(wire.texts().at(-1), "#1 200 {} end");
  assert.equal(wire.codec.closing, true);
});

Deno.test("GOAWAY to a client: with an error, and with one nobody knows, what is below the last may still finish", () => {
  for (const code of [0x1, 0xb, 0x1234]) {
    const wire = clientWith("GET", "GET").feed(goAway(1, code, Uint8Array.of(1, 2, 3)));
    assert.deepEqual(wire.texts().filter((line) => !line.startsWith("note")), [
      "#3 reset stream REFUSED_STREAM",
    ]);
    wire.feed(ok(1));
    assert.equal(wire.texts().at(-1), "#1 200 {} end");
    assert.equal(wire.codec.closing, true);
  }
});

Deno.test("GOAWAY to a client: an upload goes on, too", () => {
  const wire = clientWith("POST").feed(goAway(1, 0));
  wire.sendData(1, "more").sendData(1, "", true);
  assert.deepEqual(wire.sent().filter((text) => text.startsWith("DATA")), ["DATA #1 4", "DATA #1 0 end"]);
  assert.equal(wire.codec.closing, false);
  wire.feed(ok(1));
  assert.equal(wire.codec.closing, true);
});

Deno.test("GOAWAY to a server: what is open is answered, nothing is pushed, then it closes", () => {
  const wire = serverWith(1, 3).feed(goAway(0, 0));
  assert.deepEqual(wire.texts().slice(2).filter((line) => !line.startsWith("note")), []);
  assert.equal(wire.codec.push(1, requestHead("GET", "/p")), null);
  wire.respond(1, responseHead(200)).sendData(1, "x", true);
  assert.equal(wire.codec.closing, false);
  wire.respond(3, responseHead(204), true);
  assert.equal(wire.codec.closing, true);
  assert.equal(wire.codec.aborted, false);
});

Deno.test("shutdown of a server: GOAWAY, what is open is answered, what is new is not taken", () => {
  const wire = serverWith(1);
  wire.codec.shutdown();
  wire.turn();
  const [first] = goAways(wire);
  assert.equal(first![1], "NO_ERROR");
  // One step or two: RFC 9113, 6.8. What was acted on is never above the last stream.
  assert.ok(first![0] >= 1);
  assert.equal(wire.codec.closing, false);
  wire.feed(
    headers(3, requestLines("POST", "/")),
    data(3, "under way"),
    headers(3, [["t", "u"]], { end: true }),
  );
  const told = wire.texts().some((line) => line.startsWith("#3 POST"));
  assert.ok(!told || goAways(wire).at(-1)![0] >= 3, "told of a stream the client takes for not processed");
  if (told) wire.respond(3, responseHead(204), true);
  wire.respond(1, responseHead(200)).sendData(1, "x", true);
  assert.equal(wire.codec.closing, true);
  assert.deepEqual(wire.ofType(TYPE.DATA, 1).map(({ payload }) => payload.length), [1]);
  assert.ok(goAways(wire).every(([, code]) => code === "NO_ERROR"));
});

Deno.test("shutdown of a server: streams it did not take keep windows and table in step", () => {
  const wire = serverWith(1);
  wire.codec.shutdown();
  wire.turn();
  const { granted } = wire.observer;
  for (let stream = 3; stream < 103; stream += 2) {
    wire.feed(
      headers(stream, requestLines("POST", "/")),
      data(stream, new Uint8Array(16_000), { end: true }),
    );
  }
  assert.ok(wire.observer.granted >= granted / 2, `${wire.observer.granted} of ${granted}`);
  assert.deepEqual(wire.texts().filter((line) => line.startsWith("fault")), []);
});

Deno.test("shutdown of a server: nothing open, it closes at once", () => {
  const wire = serverWith();
  wire.codec.shutdown();
  wire.turn();
  assert.equal(wire.codec.closing, true);
  assert.deepEqual(goAways(wire).map(([, code]) => code), ["NO_ERROR"]);
  wire.codec.shutdown();
  wire.turn();
  assert.equal(goAways(wire).length, 1);
});

Deno.test("shutdown of a client: GOAWAY, no new streams, what is open finishes", () => {
  const wire = clientWith("GET", "POST");
  wire.codec.shutdown();
  wire.turn();
  assert.deepEqual(goAways(wire), [[0, "NO_ERROR"]]);
  assert.equal(wire.codec.canOpen, false);
  assert.equal(wire.codec.openStream(), null);
  wire.sendData(3, "x", true).feed(ok(3));
  assert.equal(wire.codec.closing, false);
  wire.feed(ok(1));
  assert.equal(wire.codec.closing, true);
  const idle = client();
  idle.codec.shutdown();
  idle.turn();
  assert.equal(idle.codec.closing, true);
});

Deno.test("shutdown does not hide a later fault", () => {
  const wire = serverWith(1);
  wire.codec.shutdown();
  wire.turn().feed(data(0, "x"));
  assert.deepEqual(goAways(wire).at(-1)![1], "PROTOCOL_ERROR");
  assert.deepEqual(wire.texts().slice(-2), ["#1 reset connection PROTOCOL_ERROR", "fault PROTOCOL_ERROR"]);
});

Deno.test("a fault's GOAWAY names the last stream that was told of", () => {
  for (const [streams, last] of [[[], 0], [[1], 1], [[1, 7], 7]] as const) {
    const wire = serverWith(...streams).feed(data(0, "x"));
    assert.deepEqual(goAways(wire), [[last, "PROTOCOL_ERROR"]]);
  }
  assert.deepEqual(goAways(clientWith("GET").feed(data(0, "x"))), [[0, "PROTOCOL_ERROR"]]);
});

const truncated = /^#\d+ reset (stream|connection) /;

Deno.test("the end, of an idle connection", () => {
  for (
    const wire of [
      server(),
      client(),
      serverWith(1).respond(1, responseHead(204), true),
      clientWith("GET").feed(ok(1)),
    ]
  ) {
    const before = wire.texts().length;
    wire.end();
    assert.deepEqual(wire.texts().slice(before), ["ended"]);
    assert.equal(wire.codec.closing, true);
    assert.equal(wire.codec.aborted, false);
    assert.equal(wire.codec.wantsRead, false);
    wire.end();
    assert.deepEqual(wire.texts().slice(before), ["ended"], "once");
  }
});

Deno.test("the end, before anything has come", () => {
  for (
    const wire of [
      rawServer(),
      rawServer().feed(PREFACE.subarray(0, 10)),
      rawServer().feed(PREFACE),
      rawClient(),
    ]
  ) {
    wire.end();
    assert.equal(wire.texts().length, 1);
    assert.match(wire.texts()[0]!, /^(ended|fault )/);
    assert.equal(wire.codec.closing, true);
  }
});

Deno.test("the end, after the requests: they are answered", () => {
  const wire = serverWith(1, 3).end();
  assert.deepEqual(wire.texts().slice(2), ["ended"]);
  assert.equal(wire.codec.closing, false);
  wire.respond(1, responseHead(200)).sendData(1, "x", true);
  assert.equal(wire.codec.closing, false);
  wire.respond(3, responseHead(204), true);
  assert.equal(wire.codec.closing, true);
  assert.deepEqual(wire.sent().filter((text) => text.includes("end")), ["DATA #1 1 end", "HEADERS #3 end"]);
});

Deno.test("the end, in the middle of a request: it is cut short, and never a whole one", () => {
  const wire = server().feed(headers(1, requestLines("POST", "/")), data(1, "half"), get(3));
  wire.end();
  const lines = wire.texts();
  assert.equal(lines.filter((line) => truncated.test(line)).length, 1);
  assert.match(lines.find((line) => truncated.test(line))!, /^#1 /);
  assert.ok(!lines.includes("#1 end"));
  // The other one is whole, and answered.
  wire.respond(3, responseHead(204), true);
  assert.equal(wire.sent().at(-1), "HEADERS #3 end");
  assert.equal(wire.codec.closing, true);
});

Deno.test("the end, in the middle of a response, or before it: each stream is cut short", () => {
  const wire = clientWith("GET", "GET", "POST").feed(headers(1, responseLines(200)), data(1, "half"));
  wire.end();
  assert.deepEqual(
    wire.texts().filter((line) => truncated.test(line)).map((line) => line.split(" ")[0]).toSorted(),
    ["#1", "#3", "#5"],
  );
  assert.ok(!wire.texts().includes("#1 end"));
  assert.equal(wire.codec.closing, true);
  assert.equal(wire.codec.canOpen, false);
});

Deno.test("the end, in the middle of a frame", () => {
  const request = get(1);
  for (const part of [request.subarray(0, 5), request.subarray(0, 20)]) {
    const wire = server().feed(part).end();
    assert.ok(wire.texts().length <= 1);
    assert.doesNotMatch(wire.texts().join(), /GET/);
    assert.equal(wire.codec.closing, true);
  }
  const response = clientWith("GET").feed(headers(1, responseLines(200)), data(1, "abcdef").subarray(0, 12))
    .end();
  assert.equal(response.texts().filter((line) => truncated.test(line)).length, 1);
  assert.ok(!response.texts().includes("#1 end"));
});

Deno.test("the end, in the middle of a field block", () => {
  const wire = server().feed(headers(1, requestLines("GET", "/"), { end: true, endHeaders: false })).end();
  assert.doesNotMatch(wire.texts().join(), /GET/);
  assert.equal(wire.codec.closing, true);
});

Deno.test("the end, of a tunnel: our direction of it is cut short too", () => {
  const wire = server().feed(headers(1, [[":method", "CONNECT"], [":authority", "a:1"]]));
  wire.respond(1, responseHead(200));
  wire.codec.tunnel(1);
  wire.feed(data(1, "x")).end();
  assert.equal(wire.texts().filter((line) => truncated.test(line)).length, 1);
  const other = client();
  other.request(connectHead("a:1"));
  other.feed(headers(1, responseLines(200)));
  other.codec.tunnel(1);
  other.feed(data(1, "x")).end();
  assert.equal(other.texts().filter((line) => truncated.test(line)).length, 1);
});

Deno.test("nothing is read after a fault, and wantsRead lets the driver drop it", () => {
  const wire = server().feed(data(0, "x"));
  const lines = wire.texts().length;
  wire.feed(settings(), settingsAck, get(1));
  assert.equal(wire.texts().length, lines);
});
