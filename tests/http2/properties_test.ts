// Properties: whatever comes, in whatever pieces, nothing throws and all stays within its limits; cuts do not matter;
// what our roles say to each other arrives whole and in order. The order of events is checked by `EventGrammar`, what
// the codec writes by `Observer`, for every run.

import assert from "node:assert/strict";
import fc from "fast-check";
import type { HttpEvent, Signal } from "../../lib/http/connection.ts";
import { cutAt } from "../kit/cuts.ts";
import { join, PREFACE, settings } from "../kit/http2_frames.ts";
import {
  cancel,
  client,
  connectHead,
  rawClient,
  rawServer,
  requestHead,
  responseHead,
  server,
  type Wire,
} from "./drive.ts";
import { clientBytes, offsets, serverBytes } from "./frame_arbitraries.ts";
import { peerMove, PeerMover } from "./peer_moves.ts";

/** What a peer's bytes may make us write at the most, beside what we began with. */
const MOST_OUTPUT = 64 * 1024;

/** Answers each request at once; half of them only in part. */
function answering(wire: Wire): (event: HttpEvent | Signal) => void {
  return (event) => {
    if (event.kind !== "head" || event.head.kind !== "request") return;
    const { stream, head } = event;
    const bodiless = head.method === "HEAD" || stream % 4 === 1;
    wire.codec.send({
      kind: "head",
      stream,
      head: responseHead(200),
      end: bodiless && head.method !== "CONNECT",
    });
    if (head.method === "CONNECT") wire.codec.tunnel(stream);
    else if (!bodiless) {
      wire.codec.send({ kind: "data", stream, data: new Uint8Array(10), credit: 10, end: false });
    }
  };
}

/** A client with requests of every kind under way, some of which it will not finish. */
function asking(): Wire {
  const wire = rawClient();
  wire.codec.offer({ push: true, extendedConnect: false });
  wire.turn();
  wire.request(requestHead("GET", "/"));
  wire.request(requestHead("POST", "/", { framing: "stream" }), false);
  wire.request(requestHead("HEAD", "/"));
  wire.request(connectHead("a:1"));
  wire.onEvent = (event) => {
    if (event.kind !== "head" || event.head.kind !== "response" || event.stream !== 7) return;
    if (event.head.status >= 200 && event.head.status < 300) wire.codec.tunnel(7);
  };
  return wire;
}

function answer(): Wire {
  const wire = rawServer();
  wire.onEvent = answering(wire);
  return wire;
}

function feedAll(wire: Wire, pieces: readonly Uint8Array[], end = true): Wire {
  for (const piece of pieces) wire.feed(piece);
  if (end) wire.end();
  return wire;
}

function assertBounded(wire: Wire, bytes: Uint8Array): void {
  const written = wire.frames.reduce((sum, { payload }) => sum + 9 + payload.length, 0);
  assert.ok(written <= MOST_OUTPUT, `${written} bytes written for ${bytes.length}`);
  assert.ok(wire.credit <= bytes.length);
  assert.ok(wire.events.length <= bytes.length + 10);
}

for (
  const [role, bytes, make] of [["server", clientBytes, answer], ["client", serverBytes, asking]] as const
) {
  Deno.test(`property, ${role}: no bytes, however cut, make it throw, hang or hold more than it may`, () => {
    fc.assert(
      fc.property(bytes, offsets, (input, at) => {
        const wire = feedAll(make(), cutAt(input, at));
        assertBounded(wire, input);
        // After the end nothing is left to say, and nothing is read.
        assert.equal(wire.codec.next(), null);
        assert.equal(wire.codec.wantsRead && !wire.codec.closing, false);
      }),
      { numRuns: 500 },
    );
  });

  Deno.test(`property, ${role}: cuts do not matter`, () => {
    fc.assert(
      fc.property(bytes, offsets, (input, at) => {
        const whole = feedAll(make(), [input.slice()]);
        const pieces = feedAll(make(), cutAt(input, at));
        assert.deepEqual(pieces.texts(), whole.texts());
        assert.equal(pieces.codec.closing, whole.codec.closing);
        assert.equal(pieces.credit, whole.credit);
        const faults = (wire: Wire): string[] =>
          wire.sent().filter((text) => text.startsWith("RST_STREAM") || text.startsWith("GOAWAY"));
        assert.deepEqual(faults(pieces), faults(whole));
      }),
      { numRuns: 300 },
    );
  });
}

for (const [role, make] of [["server", answer], ["client", asking]] as const) {
  Deno.test(`property, ${role}: cuts do not matter in long conversations`, () => {
    fc.assert(
      fc.property(
        fc.array(peerMove(30), { maxLength: 60, size: "max" }),
        fc.array(fc.nat(20_000), { maxLength: 40, size: "max" }),
        (moves, at) => {
          const first = make();
          const said: Uint8Array[] = [];
          const feed = first.feed.bind(first);
          first.feed = (...parts) => {
            said.push(join(...parts));
            return feed(...parts);
          };
          first.feed(...role === "server" ? [PREFACE] : [], settings());
          const peer = new PeerMover(first);
          for (const move of moves) peer.move(move);
          const again = feedAll(make(), cutAt(join(...said), at), false);
          assert.deepEqual(again.texts(), first.texts());
          assert.equal(again.credit, first.credit);
        },
      ),
      { numRuns: 100 },
    );
  });
}

/** What we do between the peer's frames. */
const ownMove = fc.record({
  what: fc.constantFrom(
    "respond",
    "data",
    "end",
    "trailers",
    "reset",
    "push",
    "tunnel",
    "consume",
    "shutdown",
    "ping",
    "offer",
  ),
  stream: fc.constantFrom(1, 1, 2, 3, 3, 4, 5, 7, 99),
  number: fc.nat(3000),
});

type Move = typeof ownMove extends fc.Arbitrary<infer Value> ? Value : never;

/** Our own side keeps to the rules of the face: a head first. Whether a stream is still there it need not know. */
class Mover {
  readonly #wire: Wire;
  /** Server role: requests and pushes without a final head. */
  readonly #awaiting = new Set<number>();
  /** Streams whose head we have sent, and not their end. */
  readonly #begun = new Set<number>();

  constructor(wire: Wire) {
    this.#wire = wire;
    wire.onEvent = (event) => {
      if (event.kind === "head" && event.head.kind === "request") this.#awaiting.add(event.stream);
    };
  }

  move({ what, stream, number }: Move): void {
    const { codec } = this.#wire;
    switch (what) {
      case "respond":
        if (this.#wire.role === "client") this.#request(number);
        else this.#respond(stream, number);
        break;
      case "data":
      case "end":
        if (!this.#begun.has(stream)) break;
        codec.send({
          kind: "data",
          stream,
          data: new Uint8Array(number),
          credit: number,
          end: what === "end",
        });
        if (what === "end") this.#begun.delete(stream);
        break;
      case "trailers":
        if (!this.#begun.delete(stream)) break;
        codec.send({ kind: "trailers", stream, fields: responseHead(200).fields });
        break;
      case "reset":
        this.#begun.delete(stream);
        this.#awaiting.delete(stream);
        cancel(this.#wire, stream);
        break;
      case "push": {
        const promised = codec.push(stream, requestHead("GET", "/p"));
        if (promised !== null) this.#awaiting.add(promised);
        break;
      }
      case "consume":
        codec.consume(stream, number);
        break;
      case "shutdown":
        if (number % 10 === 0) codec.shutdown();
        break;
      case "ping":
        codec.ping();
        break;
      case "offer":
        codec.offer({ push: number % 2 === 0, extendedConnect: number % 3 === 0 });
        break;
    }
    this.#wire.turn();
  }

  #respond(stream: number, number: number): void {
    if (!this.#awaiting.has(stream)) return;
    const interim = number % 3 === 0;
    if (!interim) {
      this.#awaiting.delete(stream);
      this.#begun.add(stream);
    }
    this.#wire.send({ kind: "head", stream, head: responseHead(interim ? 103 : 200), end: false });
  }

  #request(number: number): void {
    const stream = this.#wire.codec.openStream();
    if (stream === null) return;
    const post = number % 2 === 0;
    if (post) this.#begun.add(stream);
    const head = requestHead(post ? "POST" : "GET", "/", { framing: post ? "stream" : "none" });
    this.#wire.send({ kind: "head", stream, head, end: !post });
  }
}

for (const [role, make] of [["server", server], ["client", client]] as const) {
  for (const disturbed of [0, 4, 30]) {
    const kind = disturbed === 0 ? "legal frames" : `one frame of any kind among ${disturbed}`;
    Deno.test(`property, ${role}: ${kind}, and our own moves between them, on streams in any state`, () => {
      const step = fc.oneof(
        { weight: 2, arbitrary: peerMove(disturbed).map((peer) => ({ peer })) },
        { weight: 1, arbitrary: ownMove.map((own) => ({ own })) },
      );
      fc.assert(
        fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
          // Half a reset may be legal, but too many of them are not.
          const wire: Wire = make({ limits: { resets: 1000 } });
          if (role === "client") {
            wire.codec.offer({ push: true, extendedConnect: false });
            wire.turn();
          }
          wire.consumes = false;
          const mover = new Mover(wire);
          const peer = new PeerMover(wire);
          if (role === "client") {
            for (let number = 0; number < 4; number++) mover.move({ what: "respond", stream: 1, number });
          }
          for (const step of steps) {
            if ("own" in step) mover.move(step.own);
            else peer.move(step.peer);
            for (const stream of [0, 1, 2, 3, 99]) assert.ok(wire.codec.capacity(stream) >= 0);
          }
          if (disturbed === 0) {
            assert.deepEqual(wire.texts().filter((line) => line.startsWith("fault")), []);
            if (!wire.codec.closing) peer.finish();
          }
          wire.end();
          assert.equal(wire.codec.next(), null);
          assert.equal(wire.codec.output.length, 0);
        }),
        { numRuns: 300 },
      );
    });
  }
}
