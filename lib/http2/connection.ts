// What both roles of an HTTP/2 connection share (RFC 9113, 3.4 to 6.10): the face of all codecs, the order frames may
// come in, messages as DATA and header blocks, the end. What a request and a response are is in server.ts and client.ts.
// Invariants: a header block is always decoded, whatever becomes of its stream, or the table would be lost; data of
// streams nobody cares for is given back to the connection's window at once.

import { HpackDecoder } from "../hpack/decoder.ts";
import { DEFAULT_TABLE_SIZE } from "../hpack/dynamic_table.ts";
import type { HeaderBlock } from "../hpack/header_block.ts";
import type { HttpConnection, HttpEvent, Offers, Signal } from "../http/connection.ts";
import type { ProtocolFault } from "../http/fault.ts";
import type { RequestHead } from "../http/head.ts";
import type { StreamPriority } from "../http/priority.ts";
import { ControlFrames } from "./control_frames.ts";
import { FLAG, FRAME, PREFACE } from "./frame_types.ts";
import { type BlockUnderWay, HeaderBlockReader } from "./header_block_reader.ts";
import type { Http2Options } from "./limits.ts";
import type { Http2Stream } from "./stream.ts";
import { isClosed } from "./stream_states.ts";
import type { Role } from "./stream_layer.ts";

/** Of our own pings: whatever comes back is a sign of life. */
const PING_PAYLOAD = new Uint8Array([0x6d, 0x69, 0x74, 0x6d, 0, 0, 0, 0]);

export abstract class Http2Connection extends ControlFrames implements HttpConnection {
  readonly multiplexes = true;
  readonly #decoder: HpackDecoder;
  readonly #blocks: HeaderBlockReader;
  #prefaceRead: number;
  #settingsSeen = false;
  /** Our first SETTINGS are in force. */
  #tableAnnounced = false;
  /** The stream the pieces of the DATA frame under way belong to; null: they are dropped. */
  #dataStream: Http2Stream | null = null;
  #dataEnds = false;
  /** Credit for padding: goes with the next piece. */
  #paddingCredit = 0;
  #ended = false;
  #endedSaid = false;

  constructor(role: Role, options: Http2Options) {
    super(role, options);
    const { limits } = this;
    this.#decoder = new HpackDecoder({
      maxTableSize: DEFAULT_TABLE_SIZE,
      maxListSize: limits.headerListSize,
      maxFields: limits.fields,
    });
    this.#blocks = new HeaderBlockReader(this.peer, limits);
    // Only a client sends the string: RFC 9113, 3.4.
    this.#prefaceRead = role === "server" ? 0 : PREFACE.length;
  }

  get closing(): boolean {
    return this.isClosing;
  }

  /** A stream is reset by a frame; the transport never has to be. */
  get aborted(): boolean {
    return false;
  }

  get wantsRead(): boolean {
    if (this.#ended) return false;
    return this.isDead || this.output.length < this.limits.outputLimit;
  }

  /** Whether a header block is only half here. */
  get headStarted(): boolean {
    return this.#blocks.underWay !== null || this.reader.waitsForHead;
  }

  receive(chunk: Uint8Array): void {
    if (!this.isDead && !this.#ended) this.reader.input.push(chunk);
  }

  receiveEnd(): void {
    this.#ended = true;
  }

  next(): HttpEvent | Signal | null {
    for (;;) {
      const event = this.takeSaid();
      if (event !== null) return event;
      if (!this.isDead && this.#read()) continue;
      if (this.#ended && !this.#endedSaid) {
        this.#sayEnd();
        continue;
      }
      this.scheduler.flush();
      if (this.hasSaid) continue;
      this.windows.flush((stream) => !this.#peerHasEnded(stream));
      this.reader.input.settle();
      return null;
    }
  }

  send(event: HttpEvent): void {
    const stream = this.streams.get(event.stream);
    if (stream === undefined || isClosed(stream.state) || this.isDead) return;
    switch (event.kind) {
      case "head":
        return this.sendHead(stream, event);
      case "data":
        return this.#sendData(stream, event.data, event.end);
      case "trailers":
        if (!stream.headSent) throw new Error("trailers before a head");
        stream.trailersQueued = event.fields;
        if (stream.queue.length === 0 && !stream.isScheduled) this.sendTrailers(stream);
        return;
      case "reset": {
        const isIdle = stream.state === "idle";
        this.drop(stream);
        // RFC 9113, 6.4: never for an idle stream.
        if (!isIdle) this.writer.rstStream(stream.id, this.numberOf(event.fault, stream));
        return;
      }
    }
  }

  consume(id: number, credit: number): void {
    const stream = this.streams.get(id);
    if (stream === undefined) return;
    this.windows.consume(stream, credit);
    if (stream.unconsumed === 0 && isClosed(stream.state)) this.streams.forget(id);
  }

  capacity(id: number): number {
    const stream = this.streams.get(id);
    if (stream === undefined || isClosed(stream.state)) return this.limits.outputHighWater;
    return this.scheduler.capacity(stream);
  }

  lost(): void {
    this.windows.lost();
  }

  shutdown(): void {
    if (this.isLeaving) return;
    this.isLeaving = true;
    this.goaway("NO_ERROR", "");
    this.closeIfDone();
  }

  /** After a 2xx answer to CONNECT: what came for the tunnel meanwhile is said now. */
  tunnel(id: number): void {
    const stream = this.streams.get(id);
    if (stream === undefined || isClosed(stream.state) || stream.tunnel !== "awaited") return;
    stream.tunnel = "open";
    const { held } = stream;
    stream.held = null;
    while (held !== null && held.length > 0) {
      // What is said outlives this call, a queue's view does not.
      const data = held.take(held.length).slice();
      const end = stream.heldEnd && held.length === 0;
      if (end) stream.heldEnd = false;
      this.say({ kind: "data", stream: id, data, credit: data.length, end });
    }
    if (stream.heldEnd) this.say({ kind: "data", stream: id, data: this.noData, credit: 0, end: true });
  }

  ping(): boolean {
    if (this.isDead || this.isClosing) return false;
    this.writer.ping(PING_PAYLOAD, false);
    return true;
  }

  abstract openStream(): number | null;
  abstract readonly canOpen: boolean;
  abstract offer(offers: Offers): void;
  abstract push(parent: number, head: RequestHead): number | null;
  abstract prioritize(stream: number, priority: StreamPriority): void;

  // --- What the roles do ---

  /** The client's preface has come. */
  protected prefaceRead(): void {}

  /** A complete header block, for an idle stream or one that may have it. */
  protected abstract readHeaders(block: HeaderBlock, under: BlockUnderWay): void;
  protected abstract readPromise(block: HeaderBlock, under: BlockUnderWay): void;
  protected abstract sendHead(stream: Http2Stream, event: HttpEvent & { kind: "head" }): void;
  /** The number a stream is reset with because of `fault`. */
  protected abstract numberOf(fault: ProtocolFault, stream: Http2Stream): number;
  /** The input has ended: whether the stream can go on all the same. */
  protected abstract survivesEnd(stream: Http2Stream): boolean;
  /** What a stream is lost with when the connection ends under it. */
  protected abstract goneFault(stream: Http2Stream): ProtocolFault;

  /** RFC 9113, 4.3.1: the decoder's table may be as large as we said once the peer has heard it. */
  protected override settingsAcknowledged(): void {
    if (this.#tableAnnounced) return;
    this.#tableAnnounced = true;
    if (this.limits.headerTableSize !== DEFAULT_TABLE_SIZE) {
      this.#decoder.setMaxTableSize(this.limits.headerTableSize);
    }
  }

  // --- Reading ---

  /** One step; false when more input is needed. */
  #read(): boolean {
    if (this.#prefaceRead < PREFACE.length && !this.#readPreface()) return false;
    const reader = this.reader;
    const reading = reader.read();
    switch (reading) {
      case "more":
        return false;
      case "piece":
        this.#piece();
        return true;
      case "data-head":
        if (this.#isExpected()) this.#data();
        return true;
      case "frame":
        if (this.#isExpected()) this.#frame();
        return true;
      case "too-large": {
        const message = `A frame of ${reader.length} bytes, more than SETTINGS_MAX_FRAME_SIZE`;
        this.error("FRAME_SIZE_ERROR", message, "RFC 9113, 4.2");
        return true;
      }
      case "bad-padding":
        this.protocolError("A DATA frame is padded beyond its length", "RFC 9113, 6.1");
        return true;
    }
  }

  // RFC 9113, 3.4
  #readPreface(): boolean {
    const { input } = this.reader;
    while (input.length > 0 && this.#prefaceRead < PREFACE.length) {
      if (input.bytes[input.start] !== PREFACE.charCodeAt(this.#prefaceRead)) {
        this.protocolError("The connection does not begin with the HTTP/2 preface", "RFC 9113, 3.4");
        return false;
      }
      this.#prefaceRead++;
      input.skip(1);
    }
    if (this.#prefaceRead < PREFACE.length) return false;
    this.prefaceRead();
    return true;
  }

  /** Whether a frame of this type may come now, whatever is in it. */
  #isExpected(): boolean {
    const { type, flags, stream } = this.reader;
    const { underWay } = this.#blocks;
    if (underWay !== null && (type !== FRAME.CONTINUATION || stream !== underWay.stream)) {
      this.protocolError("A header block is interrupted by another frame", "RFC 9113, 6.10");
      return false;
    }
    if (!this.#settingsSeen) {
      if (type !== FRAME.SETTINGS || (flags & FLAG.ACK) !== 0) {
        this.protocolError("The first frame is not SETTINGS", "RFC 9113, 3.4");
        return false;
      }
      this.#settingsSeen = true;
    }
    return true;
  }

  #frame(): void {
    const reader = this.reader;
    switch (reader.type) {
      case FRAME.HEADERS:
      case FRAME.CONTINUATION:
      case FRAME.PUSH_PROMISE:
        return this.#headerFrame();
      case FRAME.RST_STREAM:
        return this.readRstStream();
      case FRAME.WINDOW_UPDATE:
        return this.readWindowUpdate();
      case FRAME.SETTINGS:
        return this.readSettingsFrame();
      case FRAME.PING:
        return this.readPing();
      case FRAME.GOAWAY:
        return this.readGoawayFrame();
      case FRAME.PRIORITY:
        return this.readPriority();
      case FRAME.PRIORITY_UPDATE:
        return this.readPriorityUpdate();
      default:
        // RFC 9113, 5.5: unknown types are ignored.
        return void this.overhead();
    }
  }

  #data(): void {
    const { stream: id, flags, length, dataLeft } = this.reader;
    this.#dataStream = null;
    if (id === 0) return this.protocolError("DATA on stream 0", "RFC 9113, 6.1");
    const end = (flags & FLAG.END_STREAM) !== 0;
    if (dataLeft === 0 && !end && !this.overhead()) return;
    const mayCome = this.mayReceive(id, "receive DATA");
    if (this.isDead) return;
    const stream = mayCome ? this.streams.get(id) : undefined;
    // RFC 9113, 6.9.1
    const overrun = this.windows.take(stream ?? null, length);
    if (overrun === "connection") {
      return this.error("FLOW_CONTROL_ERROR", "More DATA than the connection's window", "RFC 9113, 6.9.1");
    }
    if (stream === undefined) return this.windows.drop(length);
    if (overrun === "stream") {
      return this.streamError(
        id,
        "FLOW_CONTROL_ERROR",
        "More DATA than the stream's window",
        "RFC 9113, 6.9.1",
      );
    }
    if (!this.#isLegalContent(stream, dataLeft, end)) return;
    this.guard.payload(dataLeft);
    this.#dataStream = stream;
    this.#dataEnds = end;
    this.#paddingCredit = length - dataLeft;
    if (dataLeft === 0) this.#passData(stream, this.noData, end);
  }

  /** RFC 9113, 8.1.1: as much content as was promised, where there may be any. */
  #isLegalContent(stream: Http2Stream, length: number, end: boolean): boolean {
    if (stream.isDeaf || stream.tunnel !== "none") return true;
    if (!stream.headSaid) {
      this.streamError(stream.id, "PROTOCOL_ERROR", "DATA before the head of the message", "RFC 9113, 8.1");
      return false;
    }
    if (stream.isBodiless && length > 0) {
      this.streamError(stream.id, "PROTOCOL_ERROR", "Content where there is none", "RFC 9113, 8.1.1");
      return false;
    }
    if (stream.expected === null) return true;
    stream.expected -= length;
    if (stream.expected >= 0 && (!end || stream.expected === 0)) return true;
    const message = "Content of another length than Content-Length says";
    this.streamError(stream.id, "PROTOCOL_ERROR", message, "RFC 9113, 8.1.1");
    return false;
  }

  #piece(): void {
    const stream = this.#dataStream;
    // Reset meanwhile: its window is given back.
    if (stream === null || isClosed(stream.state)) return;
    this.#passData(stream, this.reader.bytes, this.#dataEnds && this.reader.dataLeft === 0);
  }

  #passData(stream: Http2Stream, data: Uint8Array, end: boolean): void {
    const credit = data.length + this.#paddingCredit;
    this.#paddingCredit = 0;
    if (stream.tunnel === "awaited") this.#hold(stream, data, credit, end);
    else if (stream.isDeaf || (data.length === 0 && !end)) this.windows.consume(stream, credit);
    else this.say({ kind: "data", stream: stream.id, data, credit, end });
    if (end) this.receivingEnded(stream);
  }

  /** Bytes of a tunnel that is not open yet; the credit of padding goes back at once. */
  #hold(stream: Http2Stream, data: Uint8Array, credit: number, end: boolean): void {
    stream.held?.push(data);
    if (end) stream.heldEnd = true;
    this.windows.consume(stream, credit - (stream.held === null ? 0 : data.length));
  }

  #headerFrame(): void {
    const reader = this.reader;
    const reading = this.#blocks.take(reader.type, reader.flags, reader.stream, reader.bytes);
    if (reading === "more") return;
    if ("fault" in reading) return this.connectionError(reading.fault);
    const { underWay, fragment } = reading;
    this.guard.payload(fragment.length);
    const block = this.#decoder.decode(fragment);
    if (block.kind === "fault") {
      return this.error("COMPRESSION_ERROR", block.message, block.rule);
    }
    if (underWay.promised !== null) return this.readPromise(block, underWay);
    if (underWay.priority !== null && underWay.priority.on === underWay.stream) {
      return this.selfDependency(underWay.stream);
    }
    // What opens a stream is the role's to say.
    const { stream: id } = underWay;
    if (this.streams.stateOf(id) === "idle" || this.mayReceive(id, "receive HEADERS")) {
      this.readHeaders(block, underWay);
    }
  }

  // --- Streams ---

  #sendData(stream: Http2Stream, data: Uint8Array, end: boolean): void {
    if (!stream.headSent) throw new Error("data before a head");
    if (stream.state === "half-closed (local)") throw new Error("data after the end of a message");
    if (stream.endQueued || stream.trailersQueued !== null) {
      throw new Error("data after the end of a message");
    }
    if (data.length > 0 || end) this.scheduler.data(stream, data, end);
  }

  #peerHasEnded(stream: Http2Stream): boolean {
    return stream.state === "half-closed (remote)" || isClosed(stream.state);
  }

  // --- Endings ---

  #sayEnd(): void {
    this.#endedSaid = true;
    // Its fault was its end.
    if (this.isDead) return;
    for (const stream of this.streams.all()) {
      if (isClosed(stream.state) || this.survivesEnd(stream)) continue;
      const fault = this.goneFault(stream);
      this.drop(stream);
      this.say({ kind: "reset", stream: stream.id, fault });
    }
    this.isLeaving = true;
    this.closeIfDone();
    this.say({ kind: "ended" });
  }
}
