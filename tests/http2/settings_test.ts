// SETTINGS both ways: what each role says first, when it acknowledges, when values take effect (RFC 9113, 6.5).

import assert from "node:assert/strict";
import { Fields } from "../../lib/http/fields.ts";
import { defaultHttp2Limits } from "../../lib/http2/limits.ts";
import {
  data,
  fieldBlock,
  headers,
  integer,
  join,
  PREFACE,
  priority,
  readSettings,
  SETTING,
  settings,
  settingsAck,
  TYPE,
  windowUpdate,
} from "../kit/http2_frames.ts";
import {
  client,
  rawClient,
  rawServer,
  requestHead,
  requestLines,
  responseHead,
  server,
  type Wire,
} from "./drive.ts";

const get = headers(1, requestLines("GET", "/"), { end: true });

/** What the codec's first SETTINGS says. */
function said(wire: Wire): Map<number, number> {
  return new Map(readSettings(wire.frames[0]!.payload));
}

Deno.test("settings: a server says its limits, and does not enable push", () => {
  const first = said(rawServer());
  assert.equal(first.get(SETTING.MAX_CONCURRENT_STREAMS), defaultHttp2Limits.concurrentStreams);
  assert.equal(first.get(SETTING.INITIAL_WINDOW_SIZE), defaultHttp2Limits.streamWindow);
  assert.equal(first.get(SETTING.MAX_HEADER_LIST_SIZE), defaultHttp2Limits.headerListSize);
  assert.equal(first.get(SETTING.MAX_FRAME_SIZE) ?? 16_384, defaultHttp2Limits.frameSize);
  assert.equal(first.get(SETTING.HEADER_TABLE_SIZE) ?? 4096, defaultHttp2Limits.headerTableSize);
  assert.ok((first.get(SETTING.ENABLE_PUSH) ?? 0) === 0);
  assert.ok((first.get(SETTING.ENABLE_CONNECT_PROTOCOL) ?? 0) === 0);
});

Deno.test("settings: a client says its limits, and wants no pushes", () => {
  const first = said(rawClient());
  assert.equal(first.get(SETTING.ENABLE_PUSH), 0);
  assert.equal(first.get(SETTING.INITIAL_WINDOW_SIZE), defaultHttp2Limits.streamWindow);
  assert.equal(first.get(SETTING.MAX_HEADER_LIST_SIZE), defaultHttp2Limits.headerListSize);
  assert.ok((first.get(SETTING.MAX_CONCURRENT_STREAMS) ?? 0) <= defaultHttp2Limits.pushedStreams);
});

Deno.test("settings: limits of one's own are what is said", () => {
  const limits = {
    frameSize: 32_768,
    headerTableSize: 1024,
    streamWindow: 1000,
    concurrentStreams: 7,
    headerListSize: 500,
  };
  const first = said(rawServer({ limits }));
  assert.equal(first.get(SETTING.MAX_FRAME_SIZE), 32_768);
  assert.equal(first.get(SETTING.HEADER_TABLE_SIZE), 1024);
  assert.equal(first.get(SETTING.INITIAL_WINDOW_SIZE), 1000);
  assert.equal(first.get(SETTING.MAX_CONCURRENT_STREAMS), 7);
  assert.equal(first.get(SETTING.MAX_HEADER_LIST_SIZE), 500);
});

Deno.test("settings: both roles begin with SETTINGS before they have read anything", () => {
  for (const wire of [rawServer(), rawClient()]) {
    const types = wire.frames.map(({ type }) => type);
    assert.deepEqual(types.filter((type) => type !== TYPE.WINDOW_UPDATE), [TYPE.SETTINGS]);
    assert.deepEqual(wire.texts(), []);
  }
});

Deno.test("settings: each SETTINGS gets one acknowledgement, in order and before what comes after it", () => {
  const wire = rawServer().feed(PREFACE, settings());
  wire.sentFrames();
  wire.feed(settings([0x77, 1]), settings(), get, settings());
  assert.deepEqual(wire.sent(), ["SETTINGS #0 ack", "SETTINGS #0 ack", "SETTINGS #0 ack"]);
  wire.feed(settingsAck);
  assert.deepEqual(wire.sent(), []);
});

Deno.test("settings: of a value that comes twice the last one counts", () => {
  const wire = server({}, [SETTING.INITIAL_WINDOW_SIZE, 1], [SETTING.INITIAL_WINDOW_SIZE, 5]);
  wire.feed(get).respond(1, responseHead(200)).sendData(1, "0123456789");
  assert.equal(wire.ofType(TYPE.DATA).reduce((sum, { payload }) => sum + payload.length, 0), 5);
});

Deno.test("settings: a larger frame size may be used, and is left alone again when it is taken back", () => {
  const wire = server({}, [SETTING.MAX_FRAME_SIZE, 65_536], [SETTING.INITIAL_WINDOW_SIZE, 1_000_000]);
  wire.feed(get, windowUpdate(0, 1_000_000)).respond(1, responseHead(200)).sendData(
    1,
    new Uint8Array(100_000),
  );
  // That no frame is longer than the settings of the moment allow, the observer sees to.
  assert.equal(sum(wire), 100_000);
  wire.feed(settings([SETTING.MAX_FRAME_SIZE, 16_384])).sendData(1, new Uint8Array(100_000));
  assert.equal(sum(wire), 200_000);
});

function sum(wire: Wire, stream?: number): number {
  return wire.ofType(TYPE.DATA, stream).reduce((total, { payload }) => total + payload.length, 0);
}

Deno.test("settings: a client opens no more streams than the server allows at the time", () => {
  const wire = client({}, [SETTING.MAX_CONCURRENT_STREAMS, 2]);
  assert.equal(wire.request(requestHead("GET", "/1")), 1);
  assert.equal(wire.codec.canOpen, true);
  assert.equal(wire.request(requestHead("GET", "/2")), 3);
  assert.equal(wire.codec.canOpen, false);
  assert.equal(wire.codec.openStream(), null);
  wire.feed(headers(1, [[":status", "204"]], { end: true }));
  assert.equal(wire.request(requestHead("GET", "/3")), 5);
  assert.equal(wire.codec.openStream(), null);
  wire.feed(settings([SETTING.MAX_CONCURRENT_STREAMS, 3]));
  assert.equal(wire.request(requestHead("GET", "/4")), 7);
  // Lowered below what is open: those go on, and no other is opened before they are fewer.
  wire.feed(settings([SETTING.MAX_CONCURRENT_STREAMS, 1]));
  assert.equal(wire.codec.openStream(), null);
  for (const stream of [3, 5]) {
    wire.feed(headers(stream, [[":status", "204"]], { end: true }));
    assert.equal(wire.codec.openStream(), null);
  }
  wire.feed(headers(7, [[":status", "204"]], { end: true }));
  assert.equal(wire.request(requestHead("GET", "/5")), 9);
});

Deno.test("settings: a limit of 0 streams is nothing special", () => {
  const wire = client({}, [SETTING.MAX_CONCURRENT_STREAMS, 0]);
  assert.equal(wire.codec.canOpen, false);
  assert.equal(wire.codec.openStream(), null);
  assert.equal(wire.codec.closing, false);
  wire.feed(settings([SETTING.MAX_CONCURRENT_STREAMS, 1]));
  assert.equal(wire.codec.canOpen, true);
});

Deno.test("settings: a client need not wait for the server's", () => {
  const wire = rawClient();
  assert.equal(wire.codec.canOpen, true);
  assert.equal(wire.request(requestHead("GET", "/")), 1);
  assert.equal(wire.blocks(1).length, 1);
  // A limit that comes too late for the stream does not end it.
  wire.feed(settings([SETTING.MAX_CONCURRENT_STREAMS, 0]));
  wire.feed(headers(1, [[":status", "200"]]), data(1, "x", { end: true }));
  assert.deepEqual(wire.texts(), ["#1 200 {} stream", '#1 body "x"', "#1 end"]);
});

Deno.test("settings: a smaller compression table is said at the beginning of the next block (RFC 7541, 4.2)", () => {
  const wire = server();
  const fields = (): Fields => Fields.of(["x-indexed", "again and again"]);
  const respond = (stream: number): Uint8Array => {
    wire.feed(headers(stream, requestLines("GET", "/"), { end: true }));
    wire.respond(stream, responseHead(200, { fields: fields() }), true);
    return wire.blocks(stream)[0]!.bytes;
  };
  const first = respond(1).length;
  assert.ok(respond(3).length < first, "the second block uses the table");
  wire.feed(settings([SETTING.HEADER_TABLE_SIZE, 0]));
  const without = respond(5);
  assert.equal(without[0], 0x20, "a size update to 0");
  assert.ok(respond(7).length >= first, "nothing is in a table of 0 bytes");
  // Lowered and raised between two blocks: both must be said.
  wire.feed(settings([SETTING.HEADER_TABLE_SIZE, 4096]));
  respond(9);
  respond(11);
  wire.feed(settings([SETTING.HEADER_TABLE_SIZE, 100]), settings([SETTING.HEADER_TABLE_SIZE, 4096]));
  const both = respond(13);
  assert.equal(both[0]! & 0xe0, 0x20, "the smallest size of all");
  assert.equal(wire.blocks(13)[0]!.fields.at(-1)?.[1], "again and again");
});

Deno.test("settings: a huge compression table of the peer's is not used beyond our limit", () => {
  const wire = server({ limits: { headerTableSize: 200 } }, [SETTING.HEADER_TABLE_SIZE, 2 ** 32 - 1]);
  for (let stream = 1; stream < 200; stream += 2) {
    // RFC 7541, 4.2: the client says that it has heard of the server's smaller table.
    const update = stream === 1 ? integer(200, 5, 0x20) : new Uint8Array(0);
    wire.feed(headers(stream, join(update, fieldBlock(requestLines("GET", "/"))), { end: true }));
    const fields = Fields.of(["x", String(stream)]);
    wire.respond(stream, responseHead(200, { fields }), true);
    assert.deepEqual(wire.blocks(stream)[0]!.fields.at(-1), ["x", String(stream)]);
  }
});

Deno.test("offers: a server tells what its client takes", () => {
  const wire = server();
  assert.deepEqual(wire.signals, ["offers push"]);
  wire.feed(settings([SETTING.ENABLE_PUSH, 1]));
  assert.deepEqual(wire.signals, ["offers push"], "no change is no news");
  wire.feed(settings([SETTING.ENABLE_PUSH, 0]));
  assert.deepEqual(wire.signals, ["offers push", "offers"]);
  assert.deepEqual(server({}, [SETTING.ENABLE_PUSH, 0]).signals, ["offers"]);
});

Deno.test("offers: a client tells what its server takes", () => {
  const wire = client();
  assert.deepEqual(wire.signals, ["offers"]);
  wire.feed(settings([SETTING.ENABLE_CONNECT_PROTOCOL, 1]));
  assert.deepEqual(wire.signals, ["offers", "offers connect"]);
  assert.deepEqual(client({}, [SETTING.ENABLE_CONNECT_PROTOCOL, 1]).signals, ["offers connect"]);
});

Deno.test("offer: a server offers extended CONNECT, once and for all (RFC 8441, 3)", () => {
  const wire = server();
  wire.codec.offer({ push: false, extendedConnect: true });
  assert.deepEqual(wire.turn().sent(), ["SETTINGS #0 8=1"]);
  wire.feed(settingsAck);
  wire.codec.offer({ push: true, extendedConnect: true });
  assert.deepEqual(wire.turn().sent(), []);
  // RFC 8441, 3: never 0 after 1.
  wire.codec.offer({ push: false, extendedConnect: false });
  assert.deepEqual(wire.turn().sent(), []);
  wire.assertAlive();
});

Deno.test("offer: a client asks for pushes, and no more", () => {
  const wire = client();
  wire.codec.offer({ push: true, extendedConnect: false });
  assert.deepEqual(wire.turn().sent(), ["SETTINGS #0 2=1"]);
  wire.feed(settingsAck);
  wire.codec.offer({ push: true, extendedConnect: true });
  assert.deepEqual(wire.turn().sent(), []);
  wire.codec.offer({ push: false, extendedConnect: false });
  assert.deepEqual(wire.turn().sent(), ["SETTINGS #0 2=0"]);
  wire.feed(settingsAck).assertAlive();
});

Deno.test("priorities: SETTINGS_NO_RFC7540_PRIORITIES is in the first SETTINGS or nowhere (RFC 9218, 2.1)", () => {
  for (const make of [rawServer, rawClient]) {
    for (const asked of [true, false]) {
      const wire = make({ priority: asked });
      assert.ok((said(wire).get(SETTING.NO_RFC7540_PRIORITIES) ?? 0) <= 1);
      const first = wire.role === "server" ? [PREFACE, settings()] : [settings()];
      wire.feed(...first, settingsAck, priority(1, 0));
      for (const { payload } of wire.ofType(TYPE.SETTINGS).slice(1)) {
        assert.ok(!readSettings(payload).some(([id]) => id === SETTING.NO_RFC7540_PRIORITIES));
      }
      wire.assertAlive();
    }
  }
});
