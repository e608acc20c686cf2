// The driver: one write per turn, reading that never waits for writing, and orderly endings.

import assert from "node:assert/strict";
import { BLOCK_SIZE, OutBuffer } from "../../lib/bytes/out_buffer.ts";
import { Http1Server } from "../../lib/http1/server.ts";
import type { HttpConnection, HttpEvent, Signal } from "../../lib/http/connection.ts";
import { Fields } from "../../lib/http/fields.ts";
import { type DriverHandler, HttpDriver, Turns } from "../../lib/net/driver.ts";
import type { TransportFault } from "../../lib/net/transport.ts";
import { bytesOf, MemoryTransport, Recorder, textOf } from "./memory_transport.ts";

/** A codec that says each byte as an event, and writes what it is sent. */
class ByteConnection implements HttpConnection {
  readonly output = new OutBuffer();
  readonly canOpen = false;
  readonly multiplexes = false;
  wantsRead = true;
  closing = false;
  aborted = false;
  readonly said: string[] = [];
  #input: Uint8Array = new Uint8Array(0);

  receive(chunk: Uint8Array): void {
    assert.equal(this.#input.length, 0, "the chunk before this one has been parsed");
    this.#input = chunk;
  }

  receiveEnd(): void {
    this.said.push("<end>");
  }

  next(): HttpEvent | Signal | null {
    if (this.#input.length === 0) return null;
    const data = this.#input.subarray(0, 1);
    this.#input = this.#input.subarray(1);
    this.said.push(textOf(data));
    return { kind: "data", stream: 1, data, credit: 1, end: false };
  }

  send(event: HttpEvent): void {
    if (event.kind === "data") this.output.append(event.data);
  }

  openStream(): null {
    return null;
  }

  consume(): void {}

  capacity(): number {
    return Infinity;
  }

  tunnel(): void {}

  shutdown(): void {
    this.closing = true;
  }

  offer(): void {}

  push(): null {
    return null;
  }

  prioritize(): void {}

  ping(): false {
    return false;
  }
}

interface Driven {
  transport: MemoryTransport;
  connection: ByteConnection;
  driver: HttpDriver;
  faults: (TransportFault | null)[];
  counts: { received: number; drained: number };
}

function drive(turns: Turns, onEvent: (event: HttpEvent, self: HttpDriver) => void = () => {}): Driven {
  const transport = new MemoryTransport();
  transport.completesWrites = false;
  const connection = new ByteConnection();
  const faults: (TransportFault | null)[] = [];
  const counts = { received: 0, drained: 0 };
  const handler: DriverHandler = {
    event: (event) => {
      if (event.kind === "data") onEvent(event, driver);
    },
    received: () => counts.received++,
    drained: () => counts.drained++,
    closed: (fault) => faults.push(fault),
  };
  const driver = new HttpDriver(transport, connection, turns, handler);
  driver.start();
  return { transport, connection, driver, faults, counts };
}

function echo(event: HttpEvent, self: HttpDriver): void {
  self.connection.send(event);
  self.touch();
}

Deno.test("driver: sixteen pipelined requests are answered with one write", () => {
  const turns = new Turns();
  const transport = new MemoryTransport();
  const connection = new Http1Server({ lenient: false, hopByHop: "own" });
  const driver: HttpDriver = new HttpDriver(transport, connection, turns, {
    event: (event) => {
      if (event.kind !== "head" || event.head.kind !== "request") return;
      const body = bytesOf(event.head.path);
      connection.send({
        kind: "head",
        stream: event.stream,
        head: {
          kind: "response",
          version: "HTTP/1.1",
          status: 200,
          reason: "OK",
          framing: "length",
          contentLength: body.length,
          fields: Fields.of(["Content-Length", String(body.length)]),
        },
        end: false,
      });
      connection.send({ kind: "data", stream: event.stream, data: body, credit: 0, end: true });
      driver.touch();
    },
    received: () => {},
    drained: () => {},
    closed: () => {},
  });
  driver.start();
  const paths = Array.from({ length: 16 }, (_, index) => `/${index}`);
  transport.deliver(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(""));
  assert.equal(transport.writes.length, 1);
  assert.deepEqual(transport.writes[0]!.match(/\/\d+(?=HTTP|$)/g), paths);
});

Deno.test("driver: what one chunk brings for another connection is one write there", () => {
  const turns = new Turns();
  const server = drive(turns);
  const client = drive(turns, (event) => echo(event, server.driver));
  client.transport.deliver("many events");
  assert.deepEqual(server.transport.writes, ["many events"]);
  assert.deepEqual(client.transport.writes, []);
});

Deno.test("driver: work outside of reading is one turn, written at its end", () => {
  const turns = new Turns();
  const { transport, driver } = drive(turns);
  turns.run(() => {
    for (const text of ["a", "b"]) {
      turns.run(() => echo({ kind: "data", stream: 1, data: bytesOf(text), credit: 0, end: false }, driver));
      assert.deepEqual(transport.writes, []);
    }
  });
  assert.deepEqual(transport.writes, ["ab"]);
  transport.completeWrite();
  echo({ kind: "data", stream: 1, data: bytesOf("c"), credit: 0, end: false }, driver);
  assert.deepEqual(transport.writes, ["ab", "c"], "touched outside of any turn: a turn of its own");
});

Deno.test("driver: reading does not wait for a write under way; what piles up goes out in one more", () => {
  const { transport, counts } = drive(new Turns(), echo);
  assert.equal(transport.deliver("one"), true);
  assert.equal(transport.isWriting, true);
  assert.equal(transport.deliver("two"), true, "reads on");
  assert.equal(transport.deliver("three"), true);
  assert.deepEqual(transport.writes, ["one"], "one write at a time");
  transport.completeWrite();
  assert.deepEqual(transport.writes, ["one", "twothree"]);
  transport.completeWrite();
  assert.equal(transport.isWriting, false);
  assert.deepEqual(counts, { received: 3, drained: 2 });
});

Deno.test("driver: much that waits goes out block by block, one write after the other", () => {
  const { transport, connection, driver } = drive(new Turns());
  connection.output.append(new Uint8Array(2 * BLOCK_SIZE + 10));
  connection.closing = true;
  driver.touch();
  const sizes = () => transport.writes.map(({ length }) => length);
  assert.deepEqual(sizes(), [BLOCK_SIZE]);
  transport.completeWrite();
  assert.deepEqual(sizes(), [BLOCK_SIZE, BLOCK_SIZE]);
  assert.deepEqual(transport.endings, [], "not before all of it is written");
  transport.completeWrite();
  assert.deepEqual(sizes(), [BLOCK_SIZE, BLOCK_SIZE, 10]);
  transport.completeWrite();
  assert.deepEqual(transport.endings, ["end"]);
  driver.close();
});

Deno.test("driver: says when all events have been said, also when there were none", () => {
  const transport = new MemoryTransport();
  const connection = new ByteConnection();
  const order: string[] = [];
  const driver = new HttpDriver(transport, connection, new Turns(), {
    event: (event) => void order.push(event.kind),
    received: () => {},
    drained: () => {},
    pumped: () => void order.push("pumped"),
    closed: () => {},
  });
  driver.start();
  order.length = 0;
  transport.deliver("ab");
  assert.deepEqual(order.slice(0, 3), ["data", "data", "pumped"]);
  order.length = 0;
  transport.deliver("");
  assert.ok(order.length > 0 && order.every((what) => what === "pumped"));
});

Deno.test("driver: two full peers do not wait for each other", () => {
  const turns = new Turns();
  const server: Driven = drive(turns, (event) => echo(event, client.driver));
  const client: Driven = drive(turns, (event) => echo(event, server.driver));
  client.transport.deliver("a");
  server.transport.deliver("b");
  // Neither takes what was written; both are read from all the same.
  assert.equal(client.transport.deliver("c"), true);
  assert.equal(server.transport.deliver("d"), true);
  assert.deepEqual(server.connection.said, ["b", "d"]);
  assert.deepEqual(client.connection.said, ["a", "c"]);
});

Deno.test("driver: stops reading while the codec has enough, and goes on when it is touched", () => {
  const { transport, connection, driver } = drive(new Turns());
  connection.wantsRead = false;
  assert.equal(transport.deliver("a"), false);
  driver.touch();
  assert.equal(transport.reading, false, "still enough");
  connection.wantsRead = true;
  assert.equal(transport.reading, false, "nobody has said so");
  driver.touch();
  assert.equal(transport.reading, true);
});

Deno.test("driver: goes on reading after a write that made room", () => {
  const driven: Driven = drive(new Turns(), (event, self) => {
    echo(event, self);
    driven.connection.wantsRead = false;
  });
  assert.equal(driven.transport.deliver("a"), false);
  driven.connection.wantsRead = true;
  driven.transport.completeWrite();
  assert.equal(driven.transport.reading, true);
});

Deno.test("driver: an event handler that touches, or asks for events, is not entered again", () => {
  let depth = 0;
  const driven: Driven = drive(new Turns(), (event, self) => {
    assert.equal(++depth, 1);
    echo(event, self);
    self.pump();
    depth--;
  });
  driven.transport.deliver("abc");
  assert.deepEqual(driven.connection.said, ["a", "b", "c"]);
  assert.deepEqual(driven.transport.writes, ["abc"]);
});

Deno.test("driver: the end of input is passed to the codec, and the driver stays for what is due", () => {
  const { transport, connection, driver } = drive(new Turns());
  transport.deliver("a");
  transport.deliverEnd();
  assert.deepEqual(connection.said, ["a", "<end>"]);
  assert.deepEqual(transport.endings, []);
  echo({ kind: "data", stream: 1, data: bytesOf("late"), credit: 0, end: false }, driver);
  assert.deepEqual(transport.writes, ["late"]);
});

/** Runs `work` with timers that only fire when told to. Returns what was set: delay and callback. */
function withTimers(work: (timers: Map<number, [delay: number, fire: () => void]>) => void): void {
  const { setTimeout: realSet, clearTimeout: realClear } = globalThis;
  const timers = new Map<number, [number, () => void]>();
  let next = 1;
  globalThis.setTimeout = ((fire: () => void, delay: number) => {
    timers.set(next, [delay, fire]);
    return next++;
  }) as unknown as typeof setTimeout;
  globalThis.clearTimeout = ((timer: number) => void timers.delete(timer)) as typeof clearTimeout;
  try {
    work(timers);
  } finally {
    globalThis.setTimeout = realSet;
    globalThis.clearTimeout = realClear;
  }
}

Deno.test("driver: closes in two steps: what waits is written, our direction ends, what comes is dropped", () => {
  withTimers((timers) => {
    const { transport, connection, driver, faults } = drive(new Turns(), echo);
    transport.deliver("a");
    connection.closing = true;
    connection.wantsRead = false;
    driver.touch();
    assert.deepEqual(transport.endings, [], "a write is under way");
    transport.completeWrite();
    assert.deepEqual(transport.endings, ["end"]);
    assert.equal(transport.reading, true, "RFC 9112, 9.6: read on");
    assert.equal(transport.deliver("dropped"), true);
    assert.deepEqual(connection.said, ["a"]);
    assert.deepEqual([...timers.values()].map(([delay]) => delay), [2_000]);
    driver.touch();
    assert.equal(timers.size, 1, "ended once");
    transport.deliverEnd();
    assert.deepEqual(transport.endings, ["end", "close"], "the peer has ended too");
    assert.deepEqual(faults, [null]);
    assert.equal(timers.size, 0);
  });
});

Deno.test("driver: a peer that does not end is let go after a while", () => {
  withTimers((timers) => {
    const { transport, connection, driver, faults } = drive(new Turns());
    connection.closing = true;
    driver.touch();
    assert.equal(timers.size, 1);
    for (const [, fire] of [...timers.values()]) fire();
    assert.deepEqual(transport.endings, ["end", "close"]);
    assert.deepEqual(faults, [null]);
  });
});

Deno.test("driver: TLS that ended without close_notify on the far side ends so here", () => {
  withTimers(() => {
    const { transport, connection, driver } = drive(new Turns());
    driver.endUncleanly = true;
    connection.closing = true;
    driver.touch();
    assert.deepEqual(transport.endings, ["end uncleanly"]);
    driver.close();
  });
});

Deno.test("driver: notices that the peer ended without close_notify", () => {
  const { transport, driver } = drive(new Turns());
  transport.deliverEnd(false);
  assert.equal(driver.endUncleanly, true);
});

Deno.test("driver: an aborted codec resets the transport, and nothing more is written", () => {
  const { transport, connection, driver } = drive(new Turns(), echo);
  transport.deliver("a");
  connection.aborted = true;
  transport.deliver("b");
  assert.deepEqual(transport.endings, ["reset"]);
  transport.completeWrite();
  driver.touch();
  assert.deepEqual(transport.writes, ["a"]);
});

Deno.test("driver: after the transport has closed nothing is written, and it is said once", () => {
  const { transport, driver, faults } = drive(new Turns(), echo);
  const fault = { code: "reset" as const, message: "ECONNRESET" };
  transport.deliver("a");
  transport.deliverClosed(fault);
  transport.completeWrite();
  echo({ kind: "data", stream: 1, data: bytesOf("b"), credit: 0, end: false }, driver);
  driver.closed(null);
  assert.deepEqual(transport.writes, ["a"]);
  assert.deepEqual(faults, [fault]);
  assert.equal(driver.isClosed, true);
});

Deno.test("driver: detached in the middle of a chunk, it says and writes nothing more", () => {
  const driven: Driven = drive(new Turns(), (event, self) => {
    if (event.kind === "data" && textOf(event.data) === "b") self.detach();
  });
  driven.transport.deliver("abc");
  assert.deepEqual(driven.connection.said, ["a", "b"]);
  const next = new Recorder();
  driven.transport.attach(next);
  driven.transport.deliver("def");
  assert.deepEqual(next.told, ["def"]);
  echo({ kind: "data", stream: 1, data: bytesOf("x"), credit: 0, end: false }, driven.driver);
  assert.deepEqual(driven.transport.writes, []);
});
