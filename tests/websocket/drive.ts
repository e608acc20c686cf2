// Drives the codec in tests the way a relay does, and writes what it says as short texts that are the same however the
// input was cut. Checks for every run what always holds: pieces of payload come in order, the last one marked; views
// and chunks are only used while they are valid; what is kept between two chunks is bounded.

import assert from "node:assert/strict";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { readClosePayload } from "../../lib/websocket/close_codes.ts";
import type { DirectionParameters } from "../../lib/websocket/extensions.ts";
import type { WebSocketFault } from "../../lib/websocket/fault.ts";
import {
  type DataFrame,
  type FrameEvent,
  FrameReader,
  type FrameRules,
  type Payload,
} from "../../lib/websocket/frame_reader.ts";
import { invalidText, MessageDecoder } from "../../lib/websocket/message_decoder.ts";
import { joined, masked } from "./hand_frames.ts";

/** The invariant of `FrameReader`: a header, and the payload of a control frame. */
const MOST_HELD = 139;

const NAMES: ReadonlyMap<number, string> = new Map([[0, "continuation"], [1, "text"], [2, "binary"]]);

/** What a data frame has brought so far. */
interface Reading {
  frame: DataFrame;
  key: Uint8Array;
  pieces: Uint8Array[];
  length: number;
}

/** What a `FrameReader` says, one line a frame: `text more "Hel"`, `continuation "lo"`, `fault bad-length 1002`. */
export class FrameLog {
  readonly reader: FrameReader;
  /** The bytes of data frames as they came, joined: headers and payloads. */
  readonly raw: Uint8Array[] = [];
  readonly #lines: (string | { kind: string; payload: Uint8Array })[] = [];
  #reading: Reading | null = null;
  #received = 0;
  #accounted = 0;
  #over = false;

  constructor(rules: FrameRules) {
    this.reader = new FrameReader(rules);
  }

  /** A fault or a Close frame has come. */
  get isOver(): boolean {
    return this.#over;
  }

  /** Feeds pieces as chunks of a transport: each is overwritten once its turn is over. */
  feed(pieces: readonly Uint8Array[]): this {
    for (const piece of pieces) {
      this.#received += piece.length;
      this.reader.receive(piece);
      for (let event = this.reader.next(); event !== null; event = this.reader.next()) this.#add(event);
      piece.fill(0xa5);
      if (!this.#over) {
        assert.ok(this.#received - this.#accounted < MOST_HELD, "more is kept than a header and 125 bytes");
      }
    }
    return this;
  }

  /** All lines so far; a frame that has not ended says how much of it has come: `text "He" of 5`. */
  texts(): string[] {
    const lines = this.#lines.map((line) =>
      typeof line === "string" ? line : controlLine(line.kind, line.payload)
    );
    if (this.#reading === null) return lines;
    const { frame, pieces } = this.#reading;
    return [...lines, `${frameName(frame)} ${show(joined(pieces))} of ${frame.length}`];
  }

  #add(event: FrameEvent): void {
    assert.ok(!this.#over, "something is said after the end");
    switch (event.kind) {
      case "frame":
        return this.#frame(event);
      case "payload":
        return this.#payload(event);
      case "fault":
        this.#over = true;
        this.#lines.push(faultLine(event.fault));
        return;
      case "close":
        this.#over = true;
    }
    assert.ok(this.#reading === null, "a control frame inside a frame");
    this.#accounted += 2 + event.payload.length;
    // Its payload is the receiver's own: it is looked at when all is over.
    this.#lines.push(event);
  }

  #frame(frame: DataFrame): void {
    assert.ok(this.#reading === null, "a frame inside a frame");
    const header = frame.header.slice();
    const key = (header[1] ?? 0) >= 0x80 ? header.slice(-4) : new Uint8Array(4);
    assert.equal(frame.maskKey, new DataView(key.buffer).getUint32(0, true));
    this.raw.push(header);
    this.#accounted += header.length;
    this.#reading = { frame, key, pieces: [], length: 0 };
  }

  #payload({ data, offset, last }: Payload): void {
    const reading = this.#reading;
    assert.ok(reading !== null, "payload without a frame");
    const { frame, key, pieces } = reading;
    assert.equal(offset, reading.length, "offset");
    assert.ok(data.length > 0 || frame.length === 0, "a piece without bytes");
    pieces.push(masked(data, key, offset));
    this.raw.push(data.slice());
    this.#accounted += data.length;
    reading.length += data.length;
    assert.equal(last, reading.length === frame.length, "last");
    if (!last) return;
    this.#lines.push(`${frameName(frame)} ${show(joined(pieces))}`);
    this.#reading = null;
  }
}

function frameName({ opcode, fin, compressed }: DataFrame): string {
  return `${compressed ? "compressed " : ""}${NAMES.get(opcode)}${fin ? "" : " more"}`;
}

function controlLine(kind: string, payload: Uint8Array): string {
  if (kind !== "close") return `${kind} ${show(payload)}`;
  const close = readClosePayload(payload);
  return "message" in close ? faultLine(close) : `close ${close.code} ${JSON.stringify(close.reason)}`;
}

export function faultLine({ closeCode, code, message, rule }: WebSocketFault): string {
  assert.ok(message.length > 0);
  assert.match(code, /^[a-z0-9]+(-[a-z0-9]+)*$/);
  assert.match(rule, /^(RFC (6455|7692), \d+(\.\d+)*|limit: .+)$/);
  return `fault ${code} ${closeCode}`;
}

/** Bytes as a string of them; many equal ones as their number. */
export function show(bytes: Uint8Array): string {
  const [first = 0] = bytes;
  if (bytes.length > 100 && bytes.every((byte) => byte === first)) {
    return `${JSON.stringify(String.fromCharCode(first))} x ${bytes.length}`;
  }
  return JSON.stringify(latin1Decode(bytes));
}

/** Messages out of frames, one line a message: `text "Hello"`; the first fault ends it. */
export class MessageLog {
  readonly lines: string[] = [];
  readonly #reader: FrameReader;
  readonly #decoder: MessageDecoder;
  #frame: DataFrame | null = null;
  #type: "text" | "binary" = "text";
  #pieces: Uint8Array[] = [];
  #over = false;

  /** `deflate`: how the peer compresses, null when nothing was agreed on. */
  constructor(peer: FrameRules["peer"], deflate: DirectionParameters | null = null) {
    this.#reader = new FrameReader({ peer, compression: deflate !== null });
    this.#decoder = new MessageDecoder(deflate);
  }

  get isBetweenMessages(): boolean {
    return this.#reader.isBetweenMessages;
  }

  feed(pieces: readonly Uint8Array[]): this {
    for (const piece of pieces) {
      this.#reader.receive(piece);
      for (let event = this.#reader.next(); event !== null; event = this.#reader.next()) this.#add(event);
      piece.fill(0xa5);
    }
    return this;
  }

  #add(event: FrameEvent): void {
    switch (event.kind) {
      case "frame":
        this.#frame = event;
        if (event.opcode === 0) return;
        this.#type = event.opcode === 1 ? "text" : "binary";
        this.#decoder.begin(this.#type, event.compressed);
        return;
      case "payload":
        return this.#payload(event);
      case "fault":
        this.lines.push(faultLine(event.fault));
        return;
      default:
        this.lines.push(controlLine(event.kind, event.payload));
    }
  }

  #payload({ data, offset, last }: Payload): void {
    const decoder = this.#decoder;
    decoder.push(data, this.#frame?.maskKey ?? 0, offset);
    this.#pull();
    if (!last || this.#frame?.fin !== true || this.#over) return;
    decoder.finish();
    this.#pull();
    decoder.end();
    if (this.#over) return;
    if (decoder.isInvalidText) return this.#fail(invalidText());
    this.lines.push(`${this.#type} ${show(joined(this.#pieces))}`);
    this.#pieces = [];
  }

  #pull(): void {
    for (let piece = this.#decoder.pull(); piece !== null; piece = this.#decoder.pull()) {
      if (!(piece instanceof Uint8Array)) return this.#fail(piece);
      this.#pieces.push(piece.slice());
      if (this.#decoder.isInvalidText) return this.#fail(invalidText());
    }
  }

  #fail(fault: WebSocketFault): void {
    this.lines.push(faultLine(fault));
    this.#over = true;
    this.#reader.stop();
  }
}
