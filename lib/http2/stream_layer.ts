// The streams of an HTTP/2 connection and what ends them (RFC 9113, 5): the lowest layer of it, under control_frames.ts
// and connection.ts.
// Invariants: a connection fault is said once, after the reset of every stream that was said, and nothing is read
// after it; a stream that is lost has nothing more sent or said of it, and all its credit is given back.

import { OutBuffer } from "../bytes/out_buffer.ts";
import { DEFAULT_TABLE_SIZE } from "../hpack/dynamic_table.ts";
import { HpackEncoder } from "../hpack/encoder.ts";
import type { HttpEvent, Signal } from "../http/connection.ts";
import type { Peer, ProtocolFault } from "../http/fault.ts";
import { connectionFault, ERROR_CODES, type ErrorCode, streamFault } from "./error_codes.ts";
import { FloodGuard } from "./flood_guard.ts";
import { MIN_FRAME_SIZE, SETTING } from "./frame_types.ts";
import { FrameWriter } from "./frame_writer.ts";
import { writeTrailers } from "./head_writer.ts";
import { type Http2Limits, type Http2Options, withDefaults } from "./limits.ts";
import { ReceiveWindows } from "./receive_windows.ts";
import { type SendOwner, SendScheduler } from "./send_scheduler.ts";
import { initialSettings, type PeerSettings, readSettings } from "./settings.ts";
import type { Http2Stream } from "./stream.ts";
import { isClosed, STREAM_STATES, type StreamInput, type StreamState } from "./stream_states.ts";
import { StreamTable } from "./stream_table.ts";

/** What we are. */
export type Role = "client" | "server";

export abstract class StreamLayer implements SendOwner {
  readonly output = new OutBuffer();
  protected readonly role: Role;
  protected readonly peer: Peer;
  protected readonly limits: Readonly<Http2Limits>;
  protected readonly own: boolean;
  protected readonly forwardsPriority: boolean;
  protected readonly writer: FrameWriter;
  protected readonly encoder: HpackEncoder;
  protected readonly streams: StreamTable;
  protected readonly windows: ReceiveWindows;
  protected readonly scheduler: SendScheduler;
  protected readonly guard: FloodGuard;
  protected readonly noData = new Uint8Array(0);
  /** What the peer's SETTINGS say so far. */
  protected settings: PeerSettings = initialSettings();
  /** SETTINGS of ours that the peer has not acknowledged. */
  protected unacknowledged = 0;
  /** No stream is opened any more, by either side; closing follows when the last one is over. */
  protected isLeaving = false;
  /** After a connection fault. */
  protected isDead = false;
  protected isClosing = false;
  readonly #said: (HttpEvent | Signal)[] = [];
  #saidNext = 0;
  readonly #noted = new Set<string>();
  /** The last stream our GOAWAY named; null until it was sent. */
  #goawayLast: number | null = null;

  constructor(role: Role, options: Http2Options) {
    this.role = role;
    this.peer = role === "server" ? "client" : "server";
    this.limits = withDefaults(options.limits);
    this.own = options.hopByHop === "own";
    this.forwardsPriority = options.priority === true;
    const { limits } = this;
    this.writer = new FrameWriter(this.output);
    this.encoder = new HpackEncoder(limits.headerTableSize);
    this.streams = new StreamTable(role === "server" ? 1 : 0, limits.rememberedStreams);
    this.windows = new ReceiveWindows(limits, this.writer, options.windowBudget);
    this.scheduler = new SendScheduler(limits, this.output, this.writer, this);
    this.guard = new FloodGuard(this.peer, limits);
  }

  // --- SendOwner ---

  endSent(stream: Http2Stream): void {
    this.advance(stream, "send END_STREAM");
    this.sendingEnded(stream);
  }

  dataSent(length: number): void {
    this.guard.payload(length);
  }

  writable(stream: Http2Stream): void {
    this.say({ kind: "writable", stream: stream.id });
  }

  sendTrailers(stream: Http2Stream): void {
    const fields = stream.trailersQueued;
    stream.trailersQueued = null;
    if (fields === null) return;
    writeTrailers(fields, this.own, this.encoder);
    const block = this.encoder.finish();
    // Nothing was left of them: an empty header block would be malformed for some.
    if (block.length === 0) this.writer.data(stream.id, this.noData, true);
    else this.writer.headers(stream.id, block, true, null);
    this.endSent(stream);
  }

  /** Our side of the stream has ended. */
  protected abstract sendingEnded(stream: Http2Stream): void;
  /** Nothing that has come is read any more. */
  protected abstract dropInput(): void;

  // --- What is said ---

  /** The next thing said, or null. */
  protected takeSaid(): HttpEvent | Signal | null {
    const event = this.#said[this.#saidNext];
    if (event !== undefined) {
      this.#saidNext++;
      return event;
    }
    if (this.#saidNext > 0) this.#said.length = this.#saidNext = 0;
    return null;
  }

  protected get hasSaid(): boolean {
    return this.#said.length > this.#saidNext;
  }

  /** After a connection fault nothing is said any more. */
  protected say(event: HttpEvent | Signal): void {
    if (!this.isDead) this.#said.push(event);
  }

  protected note(code: string, message: string, rule: string): void {
    if (this.#noted.has(code)) return;
    this.#noted.add(code);
    this.say({ kind: "note", note: { peer: this.peer, code, message, rule } });
  }

  /** Our first SETTINGS, `own` and what both roles say, and how large the connection's window is. */
  protected sendFirstSettings(own: readonly (readonly [id: number, value: number])[]): void {
    const { limits } = this;
    const settings = [
      ...own,
      [SETTING.INITIAL_WINDOW_SIZE, limits.streamWindow] as const,
      [SETTING.MAX_HEADER_LIST_SIZE, limits.headerListSize] as const,
    ];
    if (limits.frameSize !== MIN_FRAME_SIZE) settings.push([SETTING.MAX_FRAME_SIZE, limits.frameSize]);
    if (limits.headerTableSize !== DEFAULT_TABLE_SIZE) {
      settings.push([SETTING.HEADER_TABLE_SIZE, limits.headerTableSize]);
    }
    this.sendSettings(settings);
    this.windows.announce();
  }

  /** SETTINGS that the peer is to acknowledge. */
  protected sendSettings(settings: readonly (readonly [id: number, value: number])[]): void {
    this.writer.settings(settings);
    this.unacknowledged++;
  }

  /** Settings that came by another way than a frame: HTTP2-Settings. False: they are wrong. */
  protected presetSettings(payload: Uint8Array): boolean {
    const settings = readSettings(payload, this.settings, this.peer);
    if ("scope" in settings || payload.length % 6 !== 0) return false;
    this.settings = settings;
    this.applySettings(initialSettings());
    return true;
  }

  protected applySettings(before: Readonly<PeerSettings>): boolean {
    const { settings } = this;
    this.writer.maxFrameSize = settings.maxFrameSize;
    for (const size of settings.headerTableSizes) this.encoder.setTableLimit(size);
    // RFC 9113, 6.9.2: it changes the windows of all open streams.
    const change = settings.initialWindowSize - before.initialWindowSize;
    if (change === 0) return true;
    for (const stream of this.streams.all()) {
      if (isClosed(stream.state) || this.scheduler.streamWindowUpdate(stream, change)) continue;
      const message = "SETTINGS_INITIAL_WINDOW_SIZE makes a stream's window too large";
      this.error("FLOW_CONTROL_ERROR", message, "RFC 9113, 6.9.2");
      return false;
    }
    return true;
  }

  /** The peer's side of the stream has ended. */
  protected receivingEnded(stream: Http2Stream): void {
    stream.isDeaf = true;
    this.windows.ended(stream);
    this.advance(stream, "receive END_STREAM");
  }

  /** The peer broke a rule on one stream: it is reset, and said to be. */
  protected streamError(id: number, code: ErrorCode, message: string, rule: string): void {
    this.resetByUs(id, ERROR_CODES[code]);
    this.say({ kind: "reset", stream: id, fault: streamFault(this.peer, code, message, rule) });
    if (this.role === "server") this.connectionError(this.guard.reset());
  }

  /** RST_STREAM, and the stream is gone. */
  protected resetByUs(id: number, code: number): void {
    const stream = this.streams.get(id);
    if (stream === undefined) this.streams.skip(id, "reset by us");
    else this.lose(stream, "send RST_STREAM");
    this.writer.rstStream(id, code);
  }

  protected connectionError(fault: ProtocolFault | null): void {
    if (fault === null || this.isDead) return;
    for (const stream of this.streams.all()) {
      if (isClosed(stream.state)) continue;
      this.lose(stream, "send RST_STREAM");
      this.say({ kind: "reset", stream: stream.id, fault });
    }
    this.say({ kind: "fault", fault });
    this.goaway(fault.code, fault.message);
    this.isDead = this.isClosing = true;
    this.dropInput();
  }

  protected protocolError(message: string, rule: string): void {
    this.connectionError(connectionFault(this.peer, "PROTOCOL_ERROR", message, rule));
  }

  protected error(code: ErrorCode, message: string, rule: string): void {
    this.connectionError(connectionFault(this.peer, code, message, rule));
  }

  /** The stream is over without a frame that says so: the peer knows, or cannot be told. */
  protected drop(stream: Http2Stream): void {
    this.lose(stream, "send RST_STREAM");
  }

  protected closeIfDone(): void {
    if (this.isLeaving && this.streams.active === 0) this.isClosing = true;
  }

  /** Whether a frame may come on a stream (RFC 9113, 5.1); if not, it has been answered or is ignored. */
  protected mayReceive(id: number, input: StreamInput): boolean {
    const state = this.streams.stateOf(id);
    if (state === null) return this.#mayReceiveLate(id, input);
    const outcome = STREAM_STATES[state][input];
    if (typeof outcome === "string") return outcome !== "ignored";
    if (state === "reset by peer" && this.role === "client") {
      // An origin's slip that harms nobody.
      const message = "The server sent frames on a stream it had reset; ignored";
      this.note("frame-after-reset", message, outcome.rule);
      return false;
    }
    const message = `${input.replace("receive ", "")} on a stream that is ${state}`;
    if (outcome.scope === "connection") this.error(outcome.code, message, outcome.rule);
    else if (isClosed(state)) {
      // Whoever heard of the stream has heard of its end.
      this.resetByUs(id, ERROR_CODES[outcome.code]);
      this.connectionError(this.guard.reset());
    } else this.streamError(id, outcome.code, message, outcome.rule);
    return false;
  }

  /** On a stream that was closed too long ago to be remembered, or never was. */
  #mayReceiveLate(id: number, input: StreamInput): false {
    if (input === "receive HEADERS" && this.streams.isPeers(id)) {
      this.protocolError("A stream's id is not above those before it", "RFC 9113, 5.1.1");
    } else if (input === "receive HEADERS" || input === "receive DATA") {
      this.error("STREAM_CLOSED", `${input.replace("receive ", "")} on a closed stream`, "RFC 9113, 5.1");
    }
    return false;
  }

  /** Moves the stream on; what is closed by it counts no more. */
  protected advance(stream: Http2Stream, input: StreamInput): void {
    const outcome = STREAM_STATES[stream.state][input];
    if (typeof outcome !== "string" || outcome === "mistake") {
      throw new Error(`${input} on a stream that is ${stream.state}`);
    }
    if (outcome === "ignored" || outcome === stream.state) return;
    this.#enter(stream, outcome);
  }

  #enter(stream: Http2Stream, state: StreamState): void {
    stream.state = state;
    if (!isClosed(state)) return;
    this.streams.closed(stream);
    if (state === "closed") this.guard.streamEnded();
    if (stream.unconsumed === 0) this.streams.forget(stream.id);
    this.closeIfDone();
  }

  /** It ends before its time: nothing is sent or said of it any more, all its credit goes back. */
  protected lose(stream: Http2Stream, input: "send RST_STREAM" | "receive RST_STREAM"): void {
    this.scheduler.drop(stream);
    this.windows.release(stream);
    stream.held = null;
    stream.isDeaf = true;
    this.advance(stream, input);
    this.streams.forget(stream.id);
  }

  protected goaway(code: string, message: string): void {
    if (this.#goawayLast !== null && code === "NO_ERROR") return;
    // RFC 9113, 6.8: it is never raised.
    this.#goawayLast ??= this.streams.lastPeerStream;
    const number = (ERROR_CODES as Readonly<Record<string, number>>)[code] ?? ERROR_CODES.PROTOCOL_ERROR;
    this.writer.goaway(this.#goawayLast, number, message);
  }
}
