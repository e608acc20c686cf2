// Property: any conversation between our two roles, delivered in any pieces and taken at any pace, arrives whole and in
// order; of streams that were reset a beginning arrives; nothing is left open, and all credit comes back.

import assert from "node:assert/strict";
import fc from "fast-check";
import { Fields } from "../../lib/http/fields.ts";
import { isInterim } from "../../lib/http/head.ts";
import { TYPE } from "../kit/http2_frames.ts";
import { cancel, requestHead, responseHead, type Wire } from "./drive.ts";
import { Pair } from "./pair.ts";

type Side = "client" | "server";

interface Move {
  what: "open" | "interim" | "head" | "data" | "end" | "trailers" | "reset" | "push" | "deliver" | "consume";
  side: Side;
  which: number;
  number: number;
}

const move: fc.Arbitrary<Move> = fc.record({
  what: fc.constantFrom(
    "open",
    "interim",
    "head",
    "head",
    "data",
    "data",
    "data",
    "end",
    "trailers",
    "reset",
    "push",
    "deliver",
    "deliver",
    "deliver",
    "consume",
    "consume",
  ),
  side: fc.constantFrom("client", "server"),
  which: fc.nat(30),
  number: fc.nat(2000),
});

/** What one side says on one stream, and what the other was told. */
interface Direction {
  interims: number;
  begun: boolean;
  bytes: number[];
  /** "" while it goes on. */
  end: "" | "end" | "trailers";
}

const nothing = (): Direction => ({ interims: 0, begun: false, bytes: [], end: "" });

class Conversation {
  readonly pair: Pair;
  readonly said = { client: new Map<number, Direction>(), server: new Map<number, Direction>() };
  readonly told = { client: new Map<number, Direction>(), server: new Map<number, Direction>() };
  readonly reset = new Set<number>();
  readonly owed = {
    client: [] as [stream: number, credit: number][],
    server: [] as [stream: number, credit: number][],
  };
  #counter = 0;

  constructor() {
    const limits = { streamWindow: 500, largeStreamWindow: 2000, windowGrowth: 2000, resets: 10_000 };
    this.pair = new Pair({ client: { limits }, server: { limits } });
    this.pair.client.codec.offer({ push: true, extendedConnect: false });
    this.pair.client.turn();
    this.pair.settle();
    for (const side of ["client", "server"] as const) this.#listen(side);
  }

  wire(side: Side): Wire {
    return this.pair[side];
  }

  move({ what, side, which, number }: Move): void {
    switch (what) {
      case "deliver":
        this.pair.deliver(side, 1 + number);
        break;
      case "consume":
        this.consume(side, which, number);
        break;
      case "open":
        this.#open(number);
        break;
      case "push":
        this.#push(which);
        break;
      case "interim":
      case "head":
        this.#respond(what, which);
        break;
      case "reset":
        this.#reset(side, which);
        break;
      default:
        this.#body(what, side, which, number);
    }
  }

  /** Ends what goes on, takes and delivers all. */
  finish(): void {
    this.pair.settle();
    for (const side of ["server", "client"] as const) {
      for (const [stream, said] of this.said[side]) {
        if (!said.begun) this.#respondOn(stream, said);
        if (said.end === "") this.#endOn(side, stream, said);
      }
    }
    this.pair.settle();
    while (this.owed.client.length + this.owed.server.length > 0) {
      for (const side of ["server", "client"] as const) {
        while (this.owed[side].length > 0) this.consume(side, 0, Infinity);
      }
      this.pair.settle();
    }
  }

  consume(side: Side, which: number, number: number): void {
    const owed = this.owed[side];
    if (owed.length === 0) return;
    const index = which % owed.length;
    const [stream, credit] = owed[index]!;
    const part = Math.min(credit, number);
    this.pair[side].codec.consume(stream, part);
    this.pair[side].turn();
    if (part === credit) owed.splice(index, 1);
    else owed[index] = [stream, credit - part];
  }

  #listen(side: Side): void {
    const wire = this.pair[side];
    wire.consumes = false;
    const told = this.told[side];
    wire.onEvent = (event) => {
      switch (event.kind) {
        case "head": {
          const direction = told.get(event.stream) ?? nothing();
          told.set(event.stream, direction);
          if (event.head.kind === "response" && isInterim(event.head)) direction.interims++;
          else direction.begun = true;
          if (event.head.kind === "request") {
            assert.equal(event.head.path, `/${event.stream}`);
            this.said.server.set(event.stream, nothing());
          }
          if (event.end) direction.end = "end";
          return;
        }
        case "data": {
          const direction = told.get(event.stream)!;
          for (const byte of event.data) direction.bytes.push(byte);
          if (event.end) direction.end = "end";
          this.owed[side].push([event.stream, event.credit]);
          return;
        }
        case "trailers":
          told.get(event.stream)!.end = "trailers";
          return;
        case "reset":
          this.reset.add(event.stream);
          return;
        case "push":
          told.set(event.stream, nothing());
          return;
      }
    };
  }

  #open(number: number): void {
    const { client } = this.pair;
    if (!client.codec.canOpen) return;
    const end = number % 3 === 0;
    const stream = client.codec.openStream()!;
    const head = requestHead(end ? "GET" : "POST", `/${stream}`, { framing: end ? "none" : "stream" });
    this.said.client.set(stream, { ...nothing(), begun: true, end: end ? "end" : "" });
    client.send({ kind: "head", stream, head, end });
  }

  #push(which: number): void {
    // One in two on a request that may be over, the other on what may be a push: the codec must know.
    const parent = pick(this.said.server, which, () => true);
    if (parent === null) return;
    const promised = this.pair.server.codec.push(parent, requestHead("GET", "/p"));
    this.pair.server.turn();
    if (promised !== null) this.said.server.set(promised, nothing());
  }

  #respond(what: "interim" | "head", which: number): void {
    const stream = pick(this.said.server, which, ({ begun }) => !begun);
    if (stream === null) return;
    const said = this.said.server.get(stream)!;
    if (what === "head") return this.#respondOn(stream, said);
    said.interims++;
    this.pair.server.respond(stream, responseHead(103, { framing: "none" }));
  }

  #respondOn(stream: number, said: Direction): void {
    said.begun = true;
    this.pair.server.respond(stream, responseHead(200));
  }

  #body(what: "data" | "end" | "trailers", side: Side, which: number, number: number): void {
    const stream = pick(this.said[side], which, ({ begun, end }) => begun && end === "");
    if (stream === null) return;
    const said = this.said[side].get(stream)!;
    if (what === "trailers") {
      said.end = "trailers";
      this.pair[side].send({ kind: "trailers", stream, fields: Fields.of(["t", "u"]) });
      return;
    }
    if (what === "end") return this.#endOn(side, stream, said);
    const bytes = Uint8Array.from({ length: number }, () => this.#counter++ % 251);
    for (const byte of bytes) said.bytes.push(byte);
    this.pair[side].sendData(stream, bytes);
  }

  #endOn(side: Side, stream: number, said: Direction): void {
    said.end = "end";
    this.pair[side].sendData(stream, "", true);
  }

  #reset(side: Side, which: number): void {
    // Not too often, or nothing else is ever seen.
    const stream = which % 4 === 0 ? pick(this.said[side], which, () => true) : null;
    if (stream === null || this.reset.has(stream)) return;
    this.reset.add(stream);
    for (const said of [this.said.client.get(stream), this.said.server.get(stream)]) {
      if (said !== undefined) Object.assign(said, { begun: true, end: said.end === "" ? "end" : said.end });
    }
    cancel(this.pair[side], stream);
  }
}

function pick(
  streams: ReadonlyMap<number, Direction>,
  which: number,
  wanted: (direction: Direction) => boolean,
): number | null {
  const list = [...streams].filter(([, direction]) => wanted(direction));
  return list.length === 0 ? null : list[which % list.length]![0];
}

Deno.test("property: any conversation arrives whole and in order, in any pieces, at any pace", () => {
  fc.assert(
    fc.property(fc.array(move, { minLength: 5, maxLength: 120, size: "max" }), (moves) => {
      const conversation = new Conversation();
      for (const step of moves) conversation.move(step);
      conversation.finish();
      // A push whose request was given up is turned down, and the server may have ended it by then.
      for (const { stream } of conversation.pair.client.ofType(TYPE.RST_STREAM)) {
        conversation.reset.add(stream);
      }
      for (const [from, to] of [["client", "server"], ["server", "client"]] as const) {
        for (const [stream, said] of conversation.said[from]) {
          const told = conversation.told[to].get(stream) ?? nothing();
          if (!conversation.reset.has(stream)) assert.deepEqual(told, said, `#${stream} from the ${from}`);
          else {
            assert.ok(told.bytes.length <= said.bytes.length);
            assert.deepEqual(
              told.bytes,
              said.bytes.slice(0, told.bytes.length),
              `#${stream} from the ${from}`,
            );
          }
        }
      }
      for (const side of ["client", "server"] as const) {
        const wire = conversation.wire(side);
        assert.deepEqual(wire.texts().filter((line) => /^(fault|note|ended)/.test(line)), []);
        wire.assertAlive();
      }
      // Nothing is open any more: both may go at once.
      conversation.pair.client.codec.shutdown();
      conversation.pair.server.codec.shutdown();
      assert.equal(conversation.pair.client.turn().codec.closing, true);
      assert.equal(conversation.pair.server.turn().codec.closing, true);
    }),
    { numRuns: 150 },
  );
});
