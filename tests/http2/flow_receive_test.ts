// What peers may send us: windows that open again only when somebody has taken the data (RFC 9113, 5.2, 6.9).

import assert from "node:assert/strict";
import { defaultHttp2Limits, type Http2Limits } from "../../lib/http2/limits.ts";
import { WindowBudget } from "../../lib/http2/window_budget.ts";
import {
  codeName,
  data,
  DEFAULT_WINDOW,
  headers,
  PREFACE,
  readUint32,
  settings,
  TYPE,
  windowUpdate,
} from "../kit/http2_frames.ts";
import {
  cancel,
  client,
  rawServer,
  requestHead,
  requestLines,
  responseLines,
  server,
  type Wire,
} from "./drive.ts";

/** Windows that do not grow: what comes back is exactly what was taken. */
const fixed = (streamWindow: number): Partial<Http2Limits> => ({
  streamWindow,
  largeStreamWindow: streamWindow,
  windowGrowth: 0,
});

function post(wire: Wire, ...streams: number[]): Wire {
  for (const stream of streams) wire.feed(headers(stream, requestLines("POST", "/")));
  return wire;
}

function granted(wire: Wire, stream: number): number {
  return wire.observer.streams.get(stream)!.granted;
}

/** All WINDOW_UPDATE increments of a stream. */
function returned(wire: Wire, stream: number): number {
  return wire.ofType(TYPE.WINDOW_UPDATE, stream).reduce(
    (sum, { payload }) => sum + readUint32(payload, 0),
    0,
  );
}

Deno.test("receive windows: nothing is given back before it was consumed", () => {
  const wire = post(server({ limits: fixed(10_000) }), 1);
  const { granted: connection } = wire.observer;
  wire.consumes = false;
  wire.feed(data(1, new Uint8Array(10_000)));
  assert.equal(granted(wire, 1), 0);
  assert.equal(wire.observer.granted, connection - 10_000);
  assert.equal(returned(wire, 1), 0);
  wire.codec.consume(1, 10_000);
  wire.turn();
  assert.equal(granted(wire, 1), 10_000);
  assert.equal(returned(wire, 1), 10_000);
});

Deno.test("receive windows: what was consumed comes back, all of it, in few frames", () => {
  const wire = post(server({ limits: fixed(50_000) }), 1);
  const before = wire.ofType(TYPE.WINDOW_UPDATE).length;
  let sent = 0;
  // What may be sent is sent, in pieces of 1,000 bytes: 10 times the window.
  while (sent < 500_000) {
    assert.ok(granted(wire, 1) >= 1000, `stalled after ${sent}`);
    wire.feed(data(1, new Uint8Array(1000)));
    sent += 1000;
    assert.ok(granted(wire, 1) <= 50_000);
  }
  assert.ok(wire.ofType(TYPE.WINDOW_UPDATE).length - before <= 2 * 40, "small increments: RFC 9113, 6.9.1");
  assert.equal(wire.credit, 500_000);
});

Deno.test("receive windows: padding counts, in the credit and in both windows", () => {
  const wire = post(server({ limits: fixed(1000) }), 1);
  const { granted: connection } = wire.observer;
  wire.consumes = false;
  wire.feed(data(1, "x", { pad: 99 }), data(1, "", { pad: 49 }), data(1, "yz", { pad: 0 }));
  assert.equal(granted(wire, 1), 1000 - 101 - 50 - 3);
  assert.equal(wire.observer.granted, connection - 154);
  // Padding that no data goes with need not be asked for; all else comes back when it is.
  for (let round = 0; round < 50; round++) {
    wire.codec.consume(1, wire.credit);
    wire.credit = 0;
    wire.turn();
    assert.ok(granted(wire, 1) >= 500, `${granted(wire, 1)} left after ${round} rounds`);
    wire.feed(data(1, "x", { pad: 99 }), data(1, "", { pad: 49 }), data(1, "yz", { pad: 0 }));
  }
});

Deno.test("receive windows: endless padding without data stalls nobody", () => {
  const wire = post(server({ limits: { ...fixed(5000), overhead: Infinity } }), 1);
  for (let sent = 0; sent < 100_000; sent += 256) {
    assert.ok(granted(wire, 1) >= 256, `stalled after ${sent}`);
    wire.feed(data(1, "", { pad: 255 }));
  }
  wire.assertAlive();
});

Deno.test("receive windows: one byte more than granted is a fault", () => {
  for (const pad of [undefined, 99]) {
    const wire = post(server({ limits: fixed(1000) }), 1);
    wire.consumes = false;
    wire.feed(
      data(1, new Uint8Array(900)),
      data(1, new Uint8Array(pad === undefined ? 101 : 1), pad === undefined ? {} : { pad }),
    );
    const fault = wire.frames.at(-1)!;
    const code = readUint32(fault.payload, fault.type === TYPE.GOAWAY ? 4 : 0);
    assert.ok(fault.type === TYPE.RST_STREAM || fault.type === TYPE.GOAWAY);
    assert.equal(codeName(code), "FLOW_CONTROL_ERROR");
  }
});

Deno.test("receive windows: what goes beyond a stream's still comes back to the connection", () => {
  const wire = server({ limits: { ...fixed(1000), resets: 1000 } });
  wire.consumes = false;
  for (let stream = 1; stream < 300; stream += 2) {
    post(wire, stream).feed(data(stream, new Uint8Array(16_000)));
    assert.equal(wire.texts().at(-1), `#${stream} reset stream FLOW_CONTROL_ERROR`);
    assert.ok(wire.observer.granted >= 16_000, `${wire.observer.granted} left after ${stream}`);
  }
  wire.assertAlive();
});

Deno.test("receive windows: exactly what was granted is none", () => {
  const wire = post(server({ limits: fixed(1000) }), 1);
  wire.consumes = false;
  wire.feed(data(1, new Uint8Array(900)), data(1, new Uint8Array(0), { pad: 99 }));
  assert.equal(granted(wire, 1), 0);
  wire.feed(data(1, "", { end: true }));
  assert.equal(wire.texts().at(-1), "#1 end");
  wire.assertAlive();
});

Deno.test("receive windows: before the client has seen a smaller window it may use the default one (6.9.3)", () => {
  const wire = rawServer({ limits: fixed(1000) }).feed(PREFACE, settings());
  post(wire, 1).feed(data(1, new Uint8Array(16_000)), data(1, new Uint8Array(16_000)));
  // It may cost the stream, but never the connection.
  assert.equal(wire.ofType(TYPE.GOAWAY).length, 0);
  wire.assertAlive();
});

Deno.test("receive windows: the connection's is never what stalls, with all streams but one stalled", () => {
  const streams = 10;
  const limits = { ...fixed(20_000), concurrentStreams: streams };
  const wire = server({ limits });
  wire.consumes = false;
  for (let index = 0; index < streams - 1; index++) {
    const stream = 1 + 2 * index;
    post(wire, stream).feed(data(stream, new Uint8Array(10_000)), data(stream, new Uint8Array(10_000)));
    assert.equal(granted(wire, stream), 0);
  }
  wire.consumes = true;
  const last = 2 * streams - 1;
  post(wire, last);
  for (let sent = 0; sent < 1_000_000; sent += 10_000) {
    assert.ok(granted(wire, last) >= 10_000 && wire.observer.granted >= 10_000, `stalled after ${sent}`);
    wire.feed(data(last, new Uint8Array(10_000)));
  }
});

Deno.test("receive windows: data of streams that are over is given back to the connection at once", () => {
  const wire = server({ limits: fixed(20_000) });
  wire.consumes = false;
  const least = DEFAULT_WINDOW / 2;
  for (let stream = 1; stream < 2000; stream += 2) {
    post(wire, stream).feed(data(stream, new Uint8Array(5000)));
    cancel(wire, stream);
    // What was under way.
    wire.feed(data(stream, new Uint8Array(5000)), data(stream, "x", { pad: 200, end: true }));
    assert.ok(wire.observer.granted >= least, `${wire.observer.granted} left after stream ${stream}`);
  }
  assert.equal(wire.ofType(TYPE.GOAWAY).length, 0);
  wire.assertAlive();
});

Deno.test("receive windows: credit of a stream that is over still counts, and twice is not more", () => {
  const wire = server({ limits: fixed(20_000) });
  wire.consumes = false;
  post(wire, 1).feed(data(1, new Uint8Array(15_000), { end: true }));
  const before = wire.observer.granted;
  wire.codec.consume(1, 15_000);
  wire.turn();
  assert.ok(wire.observer.granted >= before);
  cancel(wire, 1);
  const most = wire.observer.granted;
  wire.codec.consume(1, 15_000);
  wire.codec.consume(99, 15_000);
  wire.turn();
  assert.ok(wire.observer.granted <= Math.max(most, before + 15_000));
});

Deno.test("receive windows: no WINDOW_UPDATE of a stream whose end has come", () => {
  const wire = post(server({ limits: fixed(1000) }), 1);
  wire.feed(data(1, new Uint8Array(1000), { end: true }));
  assert.equal(returned(wire, 1), 0);
});

Deno.test("receive windows: a malformed request's data comes back too", () => {
  const wire = server({ limits: fixed(20_000) });
  for (let stream = 1; stream < 400; stream += 2) {
    wire.feed(
      headers(stream, requestLines("POST", "/", ["X", "y"])),
      data(stream, new Uint8Array(16_000)),
    );
    assert.ok(wire.observer.granted >= DEFAULT_WINDOW / 2, `${wire.observer.granted} left after ${stream}`);
  }
});

Deno.test("receive windows: a download that is taken at once is soon not bound by them", () => {
  const wire = client();
  wire.request(requestHead("GET", "/large"));
  wire.feed(headers(1, responseLines(200)));
  const size = 100 * 1024 * 1024;
  let sent = 0;
  let roundTrips = 0;
  let largest = 0;
  // The server sends all it may, then waits for what comes back.
  while (sent < size) {
    const round = Math.min(size - sent, granted(wire, 1), wire.observer.granted);
    assert.ok(round > 0, `stalled after ${sent}`);
    wire.consumes = false;
    const before = wire.credit;
    for (let left = round; left > 0; left -= 16_384) {
      wire.feed(data(1, new Uint8Array(Math.min(left, 16_384))));
    }
    wire.codec.consume(1, wire.credit - before);
    wire.events.length = 0;
    wire.turn();
    sent += round;
    roundTrips++;
    largest = Math.max(largest, granted(wire, 1));
    assert.ok(granted(wire, 1) <= defaultHttp2Limits.largeStreamWindow);
  }
  // 50 ms each. One of few streams need not begin with a small window: RFC 9113, 5.2.3.
  const fewest = Math.ceil(size / defaultHttp2Limits.largeStreamWindow);
  assert.ok(roundTrips <= fewest + 3, `${roundTrips} round trips`);
  assert.ok(largest > defaultHttp2Limits.largeStreamWindow / 2);
});

Deno.test("receive windows: a reader that is always behind never has more before it than a large window", () => {
  const wire = client();
  wire.request(requestHead("GET", "/large"));
  wire.feed(headers(1, responseLines(200)));
  wire.consumes = false;
  let taken = 0;
  for (let round = 0; round < 200; round++) {
    for (let left = granted(wire, 1); left > 0; left -= 16_384) {
      wire.feed(data(1, new Uint8Array(Math.min(left, 16_384))));
    }
    const held = wire.credit - taken;
    assert.ok(held + granted(wire, 1) <= defaultHttp2Limits.largeStreamWindow, `${held} bytes held`);
    wire.codec.consume(1, 1000);
    taken += 1000;
    wire.events.length = 0;
    wire.turn();
  }
});

Deno.test("receive windows: all streams together hold no more than is promised", () => {
  const limits = {
    concurrentStreams: 20,
    streamWindow: 20_000,
    largeStreamWindow: 500_000,
    windowGrowth: 600_000,
  };
  const wire = server({ limits });
  const streams = Array.from({ length: 20 }, (_, index) => 1 + 2 * index);
  post(wire, ...streams);
  const fill = (consumes: boolean): void => {
    wire.consumes = consumes;
    for (const stream of streams) {
      for (
        let room = granted(wire, stream);
        room > 0;
        room = Math.min(room - 16_384, granted(wire, stream))
      ) {
        wire.feed(data(stream, new Uint8Array(Math.min(room, 16_384, wire.observer.granted))));
        wire.events.length = 0;
      }
    }
  };
  // Taken for a while, so that they grow as they may; then nobody takes anything.
  for (let round = 0; round < 30; round++) fill(true);
  const before = wire.credit;
  for (let round = 0; round < 5; round++) fill(false);
  const held = wire.credit - before;
  assert.ok(held <= 20 * 20_000 + 600_000, `${held} bytes held`);
  wire.feed(windowUpdate(0, 1)).assertAlive();
});

Deno.test("receive windows: many connections share what they may grow by; what ends or is lost gives it back", () => {
  const { earlyStreamWindow, streamWindow } = defaultHttp2Limits;
  const early = earlyStreamWindow - streamWindow;
  const budget = new WindowBudget(early + 1000);
  const download = (): ReturnType<typeof client> => {
    const wire = client({ windowBudget: budget });
    wire.request(requestHead("GET", "/large"));
    return wire;
  };
  const first = download();
  assert.equal(granted(first, 1), earlyStreamWindow);
  const second = download();
  assert.equal(granted(second, 1), streamWindow + 1000, "what was left");
  assert.equal(granted(download(), 1), streamWindow, "nothing is left");
  assert.equal(budget.left, 0);
  first.feed(headers(1, responseLines(200), { end: true }));
  assert.equal(budget.left, early, "its stream is over");
  second.codec.lost();
  second.codec.lost();
  assert.equal(budget.left, early + 1000, "its transport is gone");
  second.end();
  assert.equal(budget.left, early + 1000, "and gives back once");
});
