// Peers that mean harm: each is stopped after a bounded amount of work and memory (RFC 9113, 10.5). Counts and bytes,
// never time.

import assert from "node:assert/strict";
import type { Http2Limits } from "../../lib/http2/limits.ts";
import { defaultHttp2Limits } from "../../lib/http2/limits.ts";
import {
  ascii,
  CODE,
  codeName,
  continuation,
  data,
  fieldBlock,
  frame,
  headers,
  join,
  literal,
  ping,
  pushPromise,
  readUint32,
  resetStream,
  SETTING,
  settings,
  settingsAck,
  TYPE,
  windowUpdate,
} from "../kit/http2_frames.ts";
import {
  client,
  requestHead,
  requestLines,
  responseHead,
  responseLines,
  server,
  type Wire,
} from "./drive.ts";
import { assertCalmed, countLines, flood, said } from "./flooding.ts";

const limits: Readonly<Http2Limits> = defaultHttp2Limits;
const get = (stream: number): Uint8Array => headers(stream, requestLines("GET", "/"), { end: true });
const post = (stream: number): Uint8Array => headers(stream, requestLines("POST", "/"));

Deno.test("rapid reset: each request taken back at once", () => {
  const wire = server();
  const { count } = flood(
    wire,
    1_000_000,
    (count) => join(get(1 + 2 * count), resetStream(1 + 2 * count, CODE.CANCEL)),
  );
  assertCalmed(wire);
  assert.ok(count <= limits.resets + 1);
  assert.ok(countLines(wire, /^#\d+ GET /) <= limits.resets + 1);
  assert.equal(countLines(wire, /reset connection/), 0, "each had its reset when it came");
});

Deno.test("rapid reset: a page that is left is none", () => {
  const wire = server();
  for (let stream = 1; stream < 300; stream += 2) wire.feed(get(stream), resetStream(stream, CODE.CANCEL));
  wire.assertAlive();
  // Nor are cancelled requests among such as are not.
  const mixed = server();
  for (let stream = 1; stream < 10_000; stream += 4) {
    mixed.feed(get(stream)).respond(stream, responseHead(204), true);
    mixed.feed(get(stream + 2), resetStream(stream + 2, CODE.CANCEL));
  }
  mixed.assertAlive();
});

/** Ways to make us reset a stream: "made you reset". */
const made: [name: string, frames: (stream: number) => Uint8Array[]][] = [
  ["an increment of 0", (stream) => [get(stream), windowUpdate(stream, 0)]],
  ["a window too large", (stream) => [get(stream), windowUpdate(stream, 2 ** 31 - 1)]],
  ["DATA after the end", (stream) => [get(stream), data(stream, "x")]],
  ["HEADERS after the end", (stream) => [get(stream), headers(stream, [["t", "u"]], { end: true })]],
  ["a malformed request", (stream) => [headers(stream, requestLines("GET", "/", ["X", "y"]), { end: true })]],
  ["malformed trailers", (stream) => [post(stream), headers(stream, [["t", "u"]])]],
  [
    "more content than announced",
    (stream) => [headers(stream, requestLines("POST", "/", ["content-length", "1"])), data(stream, "xy")],
  ],
];

for (const [name, frames] of made) {
  Deno.test(`rapid reset, made by ${name}`, () => {
    const wire = server();
    const { count } = flood(wire, 1_000_000, (count) => join(...frames(1 + 2 * count)));
    assertCalmed(wire);
    assert.ok(count <= limits.resets + 2, `${count} streams`);
  });
}

Deno.test("too many streams: refused, and in the end the connection is", () => {
  const wire = server();
  for (let index = 0; index < limits.concurrentStreams; index++) wire.feed(get(1 + 2 * index));
  const { count } = flood(wire, 1_000_000, (count) => get(1 + 2 * (limits.concurrentStreams + count)));
  assertCalmed(wire);
  assert.equal(countLines(wire, /^#\d+ GET /), limits.concurrentStreams);
  assert.ok(count <= limits.resets + 2);
  const refused = wire.ofType(TYPE.RST_STREAM).map(({ payload }) => codeName(readUint32(payload, 0)));
  assert.ok(refused.length > 0 && refused.every((code) => code === "REFUSED_STREAM"));
});

for (const role of ["server", "client"] as const) {
  const begun = (): Wire => {
    if (role === "server") return server();
    const wire = client();
    wire.request(requestHead("GET", "/"));
    return wire;
  };

  Deno.test(`CONTINUATION flood, ${role}: with bytes`, () => {
    const wire = begun().feed(headers(1, new Uint8Array(100), { end: true, endHeaders: false }));
    const block = fieldBlock([["x", "y".repeat(7990)]]);
    const { bytes } = flood(wire, 1_000_000, () => continuation(1, block, false));
    assertCalmed(wire);
    assert.ok(bytes <= limits.headerBlockSize + block.length + 200);
    assert.equal(countLines(wire, /^#1 (GET|200)/), 0);
  });

  Deno.test(`CONTINUATION flood, ${role}: without`, () => {
    const wire = begun().feed(headers(1, new Uint8Array(0), { end: true, endHeaders: false }));
    const { count } = flood(wire, 1_000_000, () => continuation(1, new Uint8Array(0), false));
    assertCalmed(wire);
    assert.ok(count <= limits.continuationFrames + 1);
  });

  Deno.test(`HPACK bomb, ${role}: a large entry named a thousand times`, () => {
    const wire = begun();
    const lines = role === "server" ? requestLines("GET", "/") : responseLines(200);
    const entry = join(Uint8Array.of(0x40), literal("x"), literal("y".repeat(4000)));
    const bomb = join(fieldBlock(lines), entry, new Uint8Array(16_000 - 4100).fill(0x80 | 62));
    wire.feed(headers(1, bomb, { end: true }));
    assert.equal(wire.texts().length, 1);
    assert.match(
      said(wire)[0]!,
      role === "server" ? /^#1 reset stream .* answerable 431$/ : /^#1 reset stream /,
    );
    // Its table is as it should be, and other streams are unharmed.
    const next = role === "server" ? 3 : wire.request(requestHead("GET", "/"));
    wire.feed(headers(next, join(fieldBlock(lines), Uint8Array.of(0x80 | 62)), { end: true }));
    assert.ok(wire.texts()[1]!.includes(`{x: ${"y".repeat(4000)}}`));
    wire.assertAlive();
  });

  Deno.test(`HPACK bomb, ${role}: size updates without end`, () => {
    const wire = begun();
    const updates = new Uint8Array(15_000).fill(0x20);
    const lines = fieldBlock(role === "server" ? requestLines("GET", "/") : responseLines(200));
    wire.feed(headers(1, join(updates, lines), { end: true }));
    // Allowed or not, it ends.
    assert.ok(wire.texts().length >= 1);
  });

  Deno.test(`an oversized frame, ${role}: refused at its head, before a byte of it has come`, () => {
    for (const type of [TYPE.HEADERS, TYPE.SETTINGS, 0x77]) {
      const wire = begun().feed(frame(type, 0, type === TYPE.HEADERS ? 1 : 0, new Uint8Array(0), 16_000_000));
      assert.equal(wire.texts().at(-1), "fault FRAME_SIZE_ERROR");
    }
  });

  Deno.test(`a peer that does not read, ${role}: its own is not read either`, () => {
    for (const piece of [ping(), settings()]) {
      const wire = begun();
      wire.reads = false;
      const chunk = join(...Array.from({ length: 100 }, () => piece));
      let fed = 0;
      while (wire.codec.wantsRead && !wire.codec.closing) {
        wire.feed(chunk.slice());
        fed += chunk.length;
        assert.ok(fed <= 4 * limits.outputLimit, "read without end");
      }
      assert.ok(wire.codec.output.length <= limits.outputLimit + chunk.length);
    }
  });
}

Deno.test("a peer that does not read: responses wait outside the output", () => {
  const wire = server({}, [SETTING.INITIAL_WINDOW_SIZE, 2 ** 31 - 1]).feed(windowUpdate(0, 2 ** 30));
  wire.reads = false;
  const streams = Array.from({ length: limits.concurrentStreams }, (_, index) => 1 + 2 * index);
  for (const stream of streams) wire.feed(get(stream)).respond(stream, responseHead(200));
  let given = 0;
  for (const stream of streams) {
    for (let room = wire.codec.capacity(stream); room > 0; room = wire.codec.capacity(stream)) {
      wire.sendData(stream, new Uint8Array(room));
      given += room;
    }
  }
  assert.ok(given <= limits.outputHighWater, `${given} bytes taken`);
  assert.ok(
    wire.codec.output.length <= limits.outputHighWater + 20_000,
    `${wire.codec.output.length} bytes of output`,
  );
});

Deno.test("no window: many streams and large responses, and nothing is taken", () => {
  const wire = server({}, [SETTING.INITIAL_WINDOW_SIZE, 0]);
  const before = wire.signals.length;
  for (let index = 0; index < limits.concurrentStreams; index++) {
    const stream = 1 + 2 * index;
    wire.feed(get(stream)).respond(stream, responseHead(200));
    assert.equal(wire.codec.capacity(stream), 0);
  }
  assert.deepEqual(wire.signals.slice(before), []);
  assert.equal(wire.ofType(TYPE.DATA).length, 0);
  wire.assertAlive();
});

Deno.test("a window of one byte: each costs the peer more than us, and in the end the connection", () => {
  const wire = server({}, [SETTING.INITIAL_WINDOW_SIZE, 1]).feed(get(1)).respond(1, responseHead(200));
  wire.sendData(1, new Uint8Array(100_000));
  flood(wire, 2_000_000, () => windowUpdate(1, 1));
  assertCalmed(wire);
  assert.ok(wire.ofType(TYPE.DATA).length <= 100_000);
});

Deno.test("a header list that is too long: 431, which can be sent, and the next request is as good as ever", () => {
  const wire = server();
  const long = requestLines("GET", "/", ["x", "y".repeat(16_000)], ["x", "y".repeat(16_000)], [
    "x",
    "y".repeat(16_000),
  ]);
  const block = fieldBlock([...long, ["x", "y".repeat(15_000)], ["z", "y".repeat(2300)]]);
  wire.feed(
    headers(1, block.subarray(0, 16_000), { endHeaders: false }),
    ...[1, 2, 3].map((part) => continuation(1, block.subarray(part * 16_000, (part + 1) * 16_000), false)),
    continuation(1, block.subarray(64_000)),
  );
  assert.match(said(wire).join(), /^#1 reset stream [^ ]+ answerable 431$/);
  wire.feed(data(1, "what follows is dropped"), data(1, "", { end: true }));
  assert.equal(wire.texts().length, 1);
  wire.respond(1, responseHead(431)).sendData(1, "too long", true);
  assert.deepEqual(wire.blocks(1)[0]!.fields[0], [":status", "431"]);
  wire.feed(get(3)).respond(3, responseHead(204), true);
  assert.equal(wire.texts().at(-1), "#3 GET https://a / {} end");
  wire.assertAlive();
});

Deno.test("interim responses without end: the stream is lost, and the others are not", () => {
  const wire = client();
  wire.request(requestHead("GET", "/"));
  wire.request(requestHead("GET", "/"));
  for (let count = 0; count < 100; count++) wire.feed(headers(1, responseLines(103)));
  assert.equal(countLines(wire, /^#1 103 /), limits.interimResponses);
  assert.equal(countLines(wire, /^#1 reset stream /), 1);
  assert.equal(wire.ofType(TYPE.RST_STREAM, 1).length, 1);
  wire.feed(headers(3, responseLines(204), { end: true }));
  assert.equal(wire.texts().at(-1), "#3 204 {} end");
  wire.assertAlive();
});

Deno.test("padding: what it is worth is told in the credit, and no more of it is held than of data", () => {
  const wire = server().feed(post(1));
  wire.consumes = false;
  const { granted } = wire.observer.streams.get(1)!;
  while (!wire.codec.closing && wire.observer.streams.get(1)!.granted >= 257) {
    wire.feed(data(1, "x", { pad: 255 }));
  }
  assert.ok(wire.credit <= granted);
});

Deno.test("promises without responses: no more than are allowed, and in the end the connection", () => {
  const wire = client();
  wire.codec.offer({ push: true, extendedConnect: false });
  wire.turn().feed(settingsAck);
  wire.request(requestHead("GET", "/"));
  flood(wire, 100_000, (count) => pushPromise(1, 2 + 2 * count, requestLines("GET", `/${count}`)));
  assertCalmed(wire);
  assert.ok(countLines(wire, /^#1 push /) <= limits.pushedStreams);
});

Deno.test("resets of streams that are long over", () => {
  const wire = server().feed(get(1)).respond(1, responseHead(204), true);
  flood(wire, limits.overhead + 4096, () => resetStream(1, CODE.CANCEL));
  assertCalmed(wire);
  assert.equal(countLines(wire, /^#1 reset/), 0);
});

Deno.test("notes are said once, however often there is cause", () => {
  const wire = client();
  for (let count = 0; count < 200; count++) {
    const stream = wire.request(requestHead("GET", "/"));
    wire.feed(
      headers(stream, responseLines(200, ["X", "y"], ["connection", "z"]), { end: true }),
      settingsAck,
    );
  }
  assert.ok(countLines(wire, /^note /) <= 3);
  assert.equal(
    new Set(wire.texts().filter((line) => line.startsWith("note"))).size,
    countLines(wire, /^note /),
  );
});

Deno.test("a field of many crumbs: as many as there may be fields", () => {
  const wire = server();
  const crumbs = Array.from({ length: 2000 }, () => ["cookie", "a"] as const);
  wire.feed(headers(1, requestLines("GET", "/", ...crumbs.slice(0, 1200)), { end: true }));
  assert.match(said(wire).join(), /^#1 reset stream [^ ]+ answerable 431$/);
  wire.feed(headers(3, join(ascii(""), fieldBlock(requestLines("GET", "/"))), { end: true }));
  assert.equal(wire.texts().at(-1), "#3 GET https://a / {} end");
});
