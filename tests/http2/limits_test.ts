// One test per limit of lib/http2/limits.ts: what just fits passes, one more does not.

import assert from "node:assert/strict";
import { defaultHttp2Limits, type Http2Limits, type Http2Options } from "../../lib/http2/limits.ts";
import {
  CODE,
  continuation,
  data,
  fieldBlock,
  type FieldLine,
  frame,
  headers,
  integer,
  join,
  ping,
  pushPromise,
  readSettings,
  resetStream,
  SETTING,
  settings,
  settingsAck,
  TYPE,
  windowUpdate,
} from "../kit/http2_frames.ts";
import {
  cancel,
  client,
  rawServer,
  requestHead,
  requestLines,
  responseHead,
  responseLines,
  server,
  type Wire,
} from "./drive.ts";

const get = (stream: number): Uint8Array => headers(stream, requestLines("GET", "/"), { end: true });
const calm = "fault ENHANCE_YOUR_CALM";

function serverWith(limits: Partial<Http2Limits>, options: Partial<Http2Options> = {}): Wire {
  return server({ ...options, limits });
}

/** RFC 7541, 4.1: what a list weighs. */
function weight(lines: readonly FieldLine[]): number {
  return lines.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
}

/** Lines that weigh `size` together. */
function weighing(size: number, ...lines: FieldLine[]): FieldLine[] {
  return [...lines, ["x", "y".repeat(size - weight(lines) - 33)]];
}

/** A line as far as it can be read. */
function last(wire: Wire): string {
  return wire.texts().at(-1)?.slice(0, 80) ?? "";
}

/** One request or response with this block, in as many frames as it needs. */
function whole(block: Uint8Array): Uint8Array {
  if (block.length <= 16_384) return headers(1, block, { end: true });
  const frames = [headers(1, block.subarray(0, 16_384), { end: true, endHeaders: false })];
  for (let at = 16_384; at < block.length; at += 16_384) {
    frames.push(continuation(1, block.subarray(at, at + 16_384), at + 16_384 >= block.length));
  }
  return join(...frames);
}

Deno.test("limit: header list size, of requests", () => {
  for (const size of [500, defaultHttp2Limits.headerListSize]) {
    const limits = size === 500 ? { headerListSize: size } : { headerBlockSize: 1_000_000 };
    const request = (more: number): Uint8Array =>
      whole(fieldBlock(weighing(size + more, ...requestLines("GET", "/"))));
    assert.match(last(serverWith(limits).feed(request(0))), /^#1 GET /);
    assert.match(last(serverWith(limits).feed(request(1))), /^#1 reset stream [^ ]+ answerable 431$/);
  }
});

Deno.test("limit: header list size, of responses, and of trailers", () => {
  const response = (size: number): string => {
    const wire = client({ limits: { headerListSize: 500 } });
    wire.request(requestHead("GET", "/"));
    return last(wire.feed(whole(fieldBlock(weighing(size, ...responseLines(200))))));
  };
  assert.match(response(500), /^#1 200 /);
  assert.match(response(501), /^#1 reset stream [^ ]+$/);
  const trailers = (size: number): string => {
    const wire = serverWith({ headerListSize: 500 }).feed(headers(1, requestLines("POST", "/")));
    return last(wire.feed(headers(1, weighing(size), { end: true })));
  };
  assert.match(trailers(500), /^#1 trailers /);
  assert.match(trailers(501), /^#1 reset stream /);
});

Deno.test("limit: header block size", () => {
  for (const size of [400, defaultHttp2Limits.headerBlockSize]) {
    const limits = size === 400 ? { headerBlockSize: size } : { headerListSize: 1_000_000 };
    const base = fieldBlock(requestLines("GET", "/")).length;
    // Literals of one name: 1 byte, name, value, and the value's length in what bytes it needs.
    const block = (length: number): Uint8Array => {
      for (let fill = length - base - 10; fill < length; fill++) {
        const bytes = fieldBlock(requestLines("GET", "/", ["x", "y".repeat(fill)]));
        if (bytes.length === length) return bytes;
      }
      throw new Error("no such block");
    };
    assert.match(last(serverWith(limits).feed(whole(block(size)))), /^#1 GET /);
    assert.equal(last(serverWith(limits).feed(whole(block(size + 1)))), calm);
  }
});

Deno.test("limit: CONTINUATION frames", () => {
  const request = (count: number): Uint8Array =>
    join(
      headers(1, fieldBlock(requestLines("GET", "/")), { end: true, endHeaders: false }),
      ...Array.from({ length: count }, (_, index) => continuation(1, new Uint8Array(0), index === count - 1)),
    );
  const { continuationFrames } = defaultHttp2Limits;
  assert.match(last(serverWith({}).feed(request(continuationFrames))), /^#1 GET /);
  assert.equal(last(serverWith({}).feed(request(continuationFrames + 1))), calm);
  assert.match(last(serverWith({ continuationFrames: 1 }).feed(request(1))), /^#1 GET /);
  assert.equal(last(serverWith({ continuationFrames: 1 }).feed(request(2))), calm);
});

Deno.test("limit: fields", () => {
  // Pseudo-fields are lines of the list like any others.
  const lines = (count: number): FieldLine[] =>
    requestLines("GET", "/", ...Array.from({ length: count - 4 }, (): FieldLine => ["a", "b"]));
  for (const fields of [10, defaultHttp2Limits.fields]) {
    assert.match(last(serverWith({ fields }).feed(whole(fieldBlock(lines(fields))))), /^#1 GET /);
    assert.match(
      last(serverWith({ fields }).feed(whole(fieldBlock(lines(fields + 1))))),
      /^#1 reset stream [^ ]+ answerable 431$/,
    );
  }
});

Deno.test("limit: concurrent streams", () => {
  for (const concurrentStreams of [3, defaultHttp2Limits.concurrentStreams]) {
    const wire = serverWith({ concurrentStreams });
    for (let index = 0; index < concurrentStreams; index++) wire.feed(get(1 + 2 * index));
    assert.equal(wire.ofType(TYPE.RST_STREAM).length, 0);
    const next = 1 + 2 * concurrentStreams;
    wire.feed(get(next));
    assert.equal(last(wire), `#${next} reset stream REFUSED_STREAM`);
    wire.respond(1, responseHead(204), true).feed(get(next + 2));
    assert.equal(last(wire), `#${next + 2} GET https://a / {} end`);
  }
});

Deno.test("limit: pushed streams", () => {
  for (const pushedStreams of [3, defaultHttp2Limits.pushedStreams]) {
    const wire = client({ limits: { pushedStreams } });
    wire.codec.offer({ push: true, extendedConnect: false });
    wire.turn().feed(settingsAck);
    wire.request(requestHead("GET", "/"));
    for (let index = 1; index <= pushedStreams; index++) {
      wire.feed(pushPromise(1, 2 * index, requestLines("GET", "/p")), headers(2 * index, responseLines(200)));
    }
    assert.equal(wire.ofType(TYPE.RST_STREAM).length, 0);
    const next = 2 * pushedStreams + 2;
    wire.feed(pushPromise(1, next, requestLines("GET", "/p")), headers(next, responseLines(200)));
    assert.deepEqual(wire.sent().slice(-1), [`RST_STREAM #${next} REFUSED_STREAM`]);
    wire.feed(data(2, "", { end: true }), pushPromise(1, next + 2, requestLines("GET", "/p")));
    assert.match(last(wire), new RegExp(`^#1 push #${next + 2} `));
  }
});

Deno.test("limit: resets, beyond twice the streams that ended well", () => {
  const taken = (stream: number): Uint8Array => join(get(stream), resetStream(stream, CODE.CANCEL));
  for (const resets of [3, defaultHttp2Limits.resets]) {
    const wire = serverWith({ resets });
    let stream = 1;
    for (let count = 0; count < resets; count++, stream += 2) wire.feed(taken(stream));
    wire.assertAlive();
    wire.feed(get(stream)).respond(stream, responseHead(204), true);
    stream += 2;
    // Two are paid for.
    for (let count = 0; count < 2; count++, stream += 2) wire.feed(taken(stream));
    wire.assertAlive().feed(taken(stream));
    assert.equal(last(wire), calm);
  }
});

Deno.test("limit: overhead", () => {
  for (const overhead of [170, defaultHttp2Limits.overhead]) {
    // The server's own handshake is part of it: an acknowledgement at least.
    const wire = serverWith({ overhead });
    let bytes = 0;
    while (!wire.codec.closing) {
      assert.ok(bytes <= overhead, "not stopped");
      wire.feed(ping());
      bytes += 17;
    }
    assert.equal(last(wire), calm);
    assert.ok(bytes > overhead - 200, `stopped after ${bytes}`);
  }
});

Deno.test("limit: settings in a frame", () => {
  for (const settingsEntries of [3, defaultHttp2Limits.settingsEntries]) {
    const many = (count: number): Uint8Array =>
      settings(...Array.from({ length: count }, (_, index) => [0x4000 + index, index] as const));
    serverWith({ settingsEntries }).feed(many(settingsEntries)).assertAlive();
    assert.equal(last(serverWith({ settingsEntries }).feed(many(settingsEntries + 1))), calm);
  }
});

Deno.test("limit: interim responses, of each request", () => {
  for (const interimResponses of [2, defaultHttp2Limits.interimResponses]) {
    const wire = client({ limits: { interimResponses } });
    for (const stream of [1, 3]) {
      wire.request(requestHead("GET", "/"));
      for (let count = 0; count < interimResponses; count++) wire.feed(headers(stream, responseLines(103)));
      assert.equal(last(wire), `#${stream} 103 {} none`);
      if (stream === 1) wire.feed(headers(1, responseLines(204), { end: true }));
    }
    assert.equal(last(wire), "#3 103 {} none");
    wire.feed(headers(3, responseLines(103)));
    assert.match(last(wire), /^#3 reset stream /);
    wire.assertAlive();
  }
});

Deno.test("limit: a stream's window", () => {
  const limits = { streamWindow: 1000, largeStreamWindow: 1000, windowGrowth: 0 };
  const first = new Map(readSettings(rawServer({ limits }).frames[0]!.payload));
  assert.equal(first.get(SETTING.INITIAL_WINDOW_SIZE), 1000);
  const wire = serverWith(limits).feed(headers(1, requestLines("POST", "/")));
  wire.consumes = false;
  wire.feed(data(1, new Uint8Array(1000))).assertAlive();
  wire.feed(data(1, new Uint8Array(1)));
  assert.match(last(wire), /FLOW_CONTROL_ERROR$/);
});

/** The most that was granted to each stream while everything was taken at once, and to all together. */
function grown(limits: Partial<Http2Limits>, count: number): { one: number; all: number } {
  const wire = serverWith(limits);
  const streams = Array.from({ length: count }, (_, index) => 1 + 2 * index);
  for (const stream of streams) wire.feed(headers(stream, requestLines("POST", "/")));
  const granted = (stream: number): number => wire.observer.streams.get(stream)!.granted;
  let one = 0;
  let all = 0;
  for (let round = 0; round < 30; round++) {
    for (const stream of streams) {
      for (let left = granted(stream); left > 0; left -= 16_384) {
        wire.feed(data(stream, new Uint8Array(Math.min(left, 16_384))));
      }
    }
    wire.events.length = 0;
    one = Math.max(one, ...streams.map(granted));
    all = Math.max(all, streams.reduce((sum, stream) => sum + granted(stream), 0));
  }
  return { one, all };
}

Deno.test("limit: a large stream window", () => {
  const { one } = grown({ streamWindow: 10_000, largeStreamWindow: 70_000, windowGrowth: 1_000_000 }, 1);
  assert.ok(one > 35_000 && one <= 70_000, `${one}`);
});

Deno.test("limit: window growth", () => {
  const { all } = grown({ streamWindow: 10_000, largeStreamWindow: 1_000_000, windowGrowth: 50_000 }, 4);
  assert.ok(all > 40_000 && all <= 4 * 10_000 + 50_000, `${all}`);
});

Deno.test("limit: frame size", () => {
  const wire = serverWith({ frameSize: 20_000 }).feed(headers(1, requestLines("POST", "/")));
  wire.feed(data(1, new Uint8Array(20_000))).assertAlive();
  wire.feed(frame(0x77, 0, 0, new Uint8Array(20_001)));
  assert.equal(last(wire), "fault FRAME_SIZE_ERROR");
  const first = new Map(readSettings(rawServer({ limits: { frameSize: 20_000 } }).frames[0]!.payload));
  assert.equal(first.get(SETTING.MAX_FRAME_SIZE), 20_000);
});

Deno.test("limit: header table size, of the decoder", () => {
  const request = (size: number): Uint8Array =>
    headers(1, join(integer(size, 5, 0x20), fieldBlock(requestLines("GET", "/"))), { end: true });
  for (const headerTableSize of [100, defaultHttp2Limits.headerTableSize]) {
    assert.match(last(serverWith({ headerTableSize }).feed(request(headerTableSize))), /^#1 GET /);
    assert.equal(
      last(serverWith({ headerTableSize }).feed(request(headerTableSize + 1))),
      "fault COMPRESSION_ERROR",
    );
  }
});

Deno.test("limit: output at which no more data is put there", () => {
  for (const outputHighWater of [5000, defaultHttp2Limits.outputHighWater]) {
    const wire = server({ limits: { outputHighWater } }, [SETTING.INITIAL_WINDOW_SIZE, 2 ** 30]);
    wire.feed(windowUpdate(0, 2 ** 30), get(1)).respond(1, responseHead(200));
    wire.reads = false;
    assert.ok(wire.codec.capacity(1) > outputHighWater / 2);
    wire.sendData(1, new Uint8Array(4 * outputHighWater));
    assert.equal(wire.codec.capacity(1), 0);
    const { length } = wire.codec.output;
    assert.ok(length <= outputHighWater + 16_384 + 200, `${length} bytes of output`);
    wire.reads = true;
    wire.turn();
    assert.ok(wire.codec.capacity(1) > 0);
  }
});

Deno.test("limit: output at which reading stops", () => {
  const pings = join(...Array.from({ length: 100 }, () => ping()));
  for (const outputLimit of [5000, defaultHttp2Limits.outputLimit]) {
    const wire = serverWith({ outputLimit, overhead: Infinity });
    wire.reads = false;
    while (wire.codec.wantsRead) {
      assert.ok(wire.codec.output.length < outputLimit + 4000, `${wire.codec.output.length} bytes of output`);
      wire.feed(pings);
    }
    assert.ok(wire.codec.output.length >= outputLimit / 2);
    wire.reads = true;
    wire.turn();
    assert.equal(wire.codec.wantsRead, true);
    wire.assertAlive();
  }
});

Deno.test("limit: streams remembered after we reset them", () => {
  const wire = serverWith({ rememberedStreams: 3, resets: 1000 });
  for (const stream of [1, 3, 5]) {
    wire.feed(headers(stream, requestLines("POST", "/")));
    cancel(wire, stream);
  }
  const lines = wire.texts().length;
  for (const stream of [1, 3, 5]) {
    wire.feed(data(stream, "late"), headers(stream, [["t", "u"]], { end: true }));
  }
  assert.deepEqual(wire.texts().slice(lines), []);
  assert.equal(wire.ofType(TYPE.GOAWAY).length, 0);
  assert.equal(wire.ofType(TYPE.RST_STREAM).length, 3);
  // By default as many as a page can cancel, and the last of them are the ones that are known.
  const many = serverWith({ resets: 1000 });
  const { rememberedStreams } = defaultHttp2Limits;
  for (let index = 0; index < rememberedStreams + 50; index++) {
    many.feed(headers(1 + 2 * index, requestLines("POST", "/")));
    cancel(many, 1 + 2 * index);
  }
  const told = many.texts().length;
  for (let index = 50; index < rememberedStreams + 50; index++) many.feed(data(1 + 2 * index, "late"));
  assert.deepEqual(many.texts().slice(told), []);
  assert.equal(many.ofType(TYPE.GOAWAY).length, 0);
});
