// Rows: frames a peer sends, and what the codec must make of them, however they are cut.

import assert from "node:assert/strict";
import type { Offers } from "../../lib/http/connection.ts";
import { Fields } from "../../lib/http/fields.ts";
import type { RequestHead } from "../../lib/http/head.ts";
import type { Http2Options } from "../../lib/http2/limits.ts";
import { type CodeName, codeName, join, ping, readUint32, settingsAck, TYPE } from "../kit/http2_frames.ts";
import { cuts } from "../kit/cuts.ts";
import {
  cancel,
  client,
  rawClient,
  rawServer,
  requestHead,
  responseHead,
  server,
  type Wire,
} from "./drive.ts";
import type { Role } from "./observer.ts";

type Codes = CodeName | readonly CodeName[];

/** Lines, or what they look like. */
type Lines = readonly (string | RegExp)[];

export type Expectation =
  /** Exactly these lines, no fault: neither RST_STREAM nor GOAWAY; the connection goes on. */
  | { ok: Lines }
  /** The same, and exactly one note. */
  | { forgiven: Lines }
  /** RST_STREAM and a `reset` event for this stream; the other lines, in order, when they are given. */
  | { stream: number; code: Codes; says?: Lines }
  /** The same for a stream that is over: nobody is told. */
  | { closed: number; code: Codes }
  /** GOAWAY, and after it nothing. */
  | { connection: Codes; says?: Lines }
  /** The connection may be ended without a GOAWAY: RFC 9113, 3.4. */
  | { notHttp2: true }
  /** The specification leaves a choice. */
  | { any: readonly Expectation[] };

export interface RequestSpec {
  head: RequestHead;
  end: boolean;
}

export interface Row {
  name: string;
  rule: string;
  /** Which role of the codec the row is for. */
  role: Role | "both";
  options?: Partial<Http2Options>;
  /** Client role: what was requested before, on streams 1, 3, …; one complete GET unless told. */
  requests?: readonly RequestSpec[];
  offers?: Offers;
  /** What happens between the handshake and the bytes. */
  before?: (wire: Wire) => void;
  /** Without the handshake: the bytes are the first that come. */
  raw?: true;
  bytes: readonly Uint8Array[];
  expect: Expectation;
}

export const GET: RequestSpec = { head: requestHead("GET", "/"), end: true };
export const HEAD: RequestSpec = { head: requestHead("HEAD", "/"), end: true };
export const POST: RequestSpec = { head: requestHead("POST", "/", { framing: "stream" }), end: false };

/** Makes a test of each row, for each of its roles. */
export function testRows(subject: string, rows: readonly Row[]): void {
  for (const row of rows) {
    for (const role of row.role === "both" ? ["server", "client"] as const : [row.role]) {
      Deno.test(`${subject}, ${role}: ${row.name} (${row.rule})`, () => run(row, role));
    }
  }
}

/** A connection made ready for a row, and how far it had come then. */
class Trial {
  readonly wire: Wire;
  readonly #frames: number;
  readonly #lines: number;

  constructor(row: Row, role: Role) {
    this.wire = make(row, role);
    this.#frames = this.wire.frames.length;
    this.#lines = this.wire.texts().length;
  }

  feed(pieces: readonly Uint8Array[]): this {
    for (const piece of pieces) this.wire.feed(piece);
    return this;
  }

  /** What was said of the row's bytes. */
  get lines(): string[] {
    return this.wire.texts().slice(this.#lines);
  }

  /** RST_STREAM and GOAWAY that came of them. */
  get faults(): string[] {
    const found: string[] = [];
    for (const { type, stream, payload } of this.wire.frames.slice(this.#frames)) {
      if (type === TYPE.RST_STREAM) found.push(`RST_STREAM #${stream} ${codeName(readUint32(payload, 0))}`);
      if (type === TYPE.GOAWAY) found.push(`GOAWAY ${codeName(readUint32(payload, 4))}`);
    }
    return found;
  }
}

function run(row: Row, role: Role): void {
  let first: string[] | null = null;
  for (const pieces of cuts(join(...row.bytes))) {
    const cut = pieces.length <= 2 ? pieces.map((piece) => piece.length).join("+") : "pieces";
    const make = (): Trial => new Trial(row, role).feed(pieces);
    const { lines } = make();
    check(row.expect, make, `cut ${cut}`);
    first ??= lines;
    assert.deepEqual(lines, first, `cut ${cut}`);
  }
}

function make(row: Row, role: Role): Wire {
  if (row.raw === true) return role === "server" ? rawServer(row.options) : rawClient(row.options);
  const wire: Wire = role === "server" ? server(row.options) : client(row.options);
  if (row.offers !== undefined) {
    wire.codec.offer(row.offers);
    wire.turn().feed(settingsAck);
  }
  if (role === "client") { for (const { head, end } of row.requests ?? [GET]) wire.request(head, end); }
  row.before?.(wire);
  return wire;
}

/** Each expectation looks at a connection that nobody has touched since. */
function check(expect: Expectation, make: () => Trial, message: string): void {
  if ("any" in expect) return checkAny(expect.any, make, message);
  const trial = make();
  const { wire, lines, faults } = trial;
  if ("ok" in expect) {
    assertLines(lines, expect.ok, message);
    assert.deepEqual(faults, [], message);
    wire.assertAlive();
  } else if ("forgiven" in expect) {
    assertLines(lines.filter((line) => !line.startsWith("note ")), expect.forgiven, message);
    const notes = lines.filter((line) => line.startsWith("note "));
    assert.equal(notes.length, 1, `${message}: one note, not ${JSON.stringify(notes)}`);
    assert.deepEqual(faults, [], message);
    wire.assertAlive();
  } else if ("stream" in expect) {
    checkStreamError(expect, trial, message);
  } else if ("closed" in expect) {
    const allowed = codes(expect.code).map((name) => `RST_STREAM #${expect.closed} ${name}`);
    assert.ok(faults.length === 1 && allowed.includes(faults[0]!), `${message}: ${JSON.stringify(faults)}`);
    assert.deepEqual(lines.filter((line) => !line.startsWith("note ")), [], message);
    wire.assertAlive();
  } else if ("connection" in expect) {
    checkConnectionError(expect, trial, message);
  } else {
    assert.deepEqual(lines.map((line) => line.split(" ")[0]), ["fault"], message);
    assertOver(wire, message);
  }
}

/** One expectation is met, or this is how none of them is. */
function checkAny(choices: readonly Expectation[], make: () => Trial, message: string): void {
  const failures: string[] = [];
  for (const choice of choices) {
    try {
      return check(choice, make, message);
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  assert.fail(failures.join("\n— nor —\n"));
}

function checkStreamError(
  expect: { stream: number; code: Codes; says?: Lines },
  { wire, lines, faults }: Trial,
  message: string,
): void {
  assert.equal(faults.length, 1, `${message}: ${JSON.stringify(faults)} ${JSON.stringify(lines)}`);
  const code = codes(expect.code).find((name) => faults[0] === `RST_STREAM #${expect.stream} ${name}`);
  assert.ok(code, `${message}: ${faults[0]}`);
  const reset = new RegExp(`^#${expect.stream} reset stream ${code}( answerable \\d+)?$`);
  assert.equal(lines.filter((line) => reset.test(line)).length, 1, `${message}: ${JSON.stringify(lines)}`);
  if (expect.says !== undefined) {
    assertLines(lines.filter((line) => !line.includes(" reset ")), expect.says, message);
  }
  wire.assertAlive();
}

function checkConnectionError(
  expect: { connection: Codes; says?: Lines },
  { wire, lines, faults }: Trial,
  message: string,
): void {
  const goAway = faults.at(-1) ?? `nothing, but ${JSON.stringify(lines)}`;
  const code = codes(expect.connection).find((name) => goAway === `GOAWAY ${name}`);
  assert.ok(code, `${message}: ${goAway}`);
  assert.equal(lines.at(-1), `fault ${code}`, message);
  const resets = lines.filter((line) => line.includes(" reset connection "));
  assert.deepEqual(
    resets.toSorted(),
    openStreams(wire).map((stream) => `#${stream} reset connection ${code}`).toSorted(),
    `${message}: each open stream gets its reset`,
  );
  if (expect.says !== undefined) {
    const said = lines.filter((line) => !line.includes(" reset ") && !line.startsWith("fault "));
    assertLines(said, expect.says, message);
  }
  assertOver(wire, message);
}

/** Streams that were told of and are not over: each is owed a `reset`. */
function openStreams(wire: Wire): number[] {
  const lines = wire.texts();
  const told = new Set<number>();
  if (wire.role === "client") {
    for (const { stream } of wire.ofType(TYPE.HEADERS)) told.add(stream);
  }
  for (const line of lines) {
    const said = /^#(\d+) (?!reset )/.exec(line);
    if (said !== null) told.add(Number(said[1]));
    const pushed = /^#\d+ push #(\d+) /.exec(line);
    if (pushed !== null) told.add(Number(pushed[1]));
  }
  return [...told].filter((id) => {
    const seen = wire.observer.streams.get(id);
    if (seen === undefined || seen.weReset) return false;
    if (lines.some((line) => line.startsWith(`#${id} reset stream `))) return false;
    const ended = lines.some((line) => new RegExp(`^#${id} (?!push )(.* end$|end$|trailers )`).test(line));
    return !(ended && seen.weEnded);
  });
}

/** Nothing is said or written any more, whatever comes. */
function assertOver(wire: Wire, message: string): void {
  assert.equal(wire.codec.closing, true, message);
  assert.equal(wire.codec.canOpen, false, message);
  const { length } = wire.texts();
  const frames = wire.frames.length;
  wire.feed(ping()).end();
  // Whoever has not heard of it yet does no harm.
  for (const stream of [1, 2, 3, 5, 9]) {
    if (wire.role === "server") wire.respond(stream, responseHead(200));
    wire.sendData(stream, "x").send({ kind: "trailers", stream, fields: new Fields() });
    cancel(wire, stream);
    wire.codec.consume(stream, 10);
    wire.codec.tunnel(stream);
    assert.ok(wire.codec.capacity(stream) >= 0, message);
    assert.equal(wire.codec.push(stream, requestHead("GET", "/")), null, message);
  }
  wire.codec.ping();
  wire.codec.offer({ push: true, extendedConnect: true });
  wire.codec.shutdown();
  assert.equal(wire.turn().codec.openStream(), null, message);
  assert.deepEqual(wire.texts().slice(length), [], message);
  assert.equal(wire.frames.length, frames, message);
}

function assertLines(lines: readonly string[], expected: Lines, message: string): void {
  const same = lines.length === expected.length &&
    expected.every((wanted, index) => {
      const line = lines[index]!;
      return typeof wanted === "string" ? wanted === line : wanted.test(line);
    });
  if (!same) assert.deepEqual(lines, expected, message);
}

function codes(code: Codes): readonly CodeName[] {
  return typeof code === "string" ? [code] : code;
}
