// Watches one endpoint's wire from outside, in both directions, and finds every frame the endpoint was not allowed to
// send (RFC 9113, 4 to 8, the sender's side). It does not judge what the endpoint is sent: that is what rows are for.
// Input and output are told turn by turn. What input permits counts at once, what it forbids only from the next turn on:
// which of a turn's frames came before it cannot be seen from outside.
// Invariant: a fault of the endpoint throws, and so fails the test.

import assert from "node:assert/strict";
import {
  DEFAULT_FRAME_SIZE,
  DEFAULT_WINDOW,
  describeFrame,
  FLAG,
  type Frame,
  FrameParser,
  MAX_WINDOW,
  PREFACE,
  readSettings,
  readUint32,
  SETTING,
  TYPE,
} from "../kit/http2_frames.ts";
import { ObservedBlocks } from "./observed_blocks.ts";

export type Role = "server" | "client";

/** One stream as the endpoint may use it. */
interface SeenStream {
  /** What the endpoint may still send on it. */
  window: number;
  /** What the endpoint has granted its peer. */
  granted: number;
  opened: boolean;
  weEnded: boolean;
  peerEnded: boolean;
  weReset: boolean;
  peerReset: boolean;
  /** The peer went on after its reset: that may be answered. */
  peerWentOn: boolean;
}

export class Observer {
  readonly #role: Role;
  readonly #peerFrames: FrameParser;
  readonly streams = new Map<number, SeenStream>();
  readonly blocks = new ObservedBlocks();
  /** What the endpoint may still send, and what it has granted. */
  window = DEFAULT_WINDOW;
  granted = DEFAULT_WINDOW;
  /** Of the endpoint: its own settings once acknowledged do not matter here, its first SETTINGS do. */
  #grantedInitially = DEFAULT_WINDOW;
  #initialWindow = DEFAULT_WINDOW;
  #frameSize = DEFAULT_FRAME_SIZE;
  #maxStreams = Infinity;
  #push = true;
  #settingsToAck = 0;
  readonly #pingsToAnswer: string[] = [];
  #first = true;
  #lastGoAway: number | null = null;
  #failed = false;
  #highestOfPeer = 0;
  #highestOwn = 0;
  #goneAway = false;
  #prefaceLeft: number;
  /** What takes effect with the next turn. */
  readonly #later: (() => void)[] = [];

  constructor(role: Role) {
    this.#role = role;
    this.#peerFrames = new FrameParser(false);
    this.#prefaceLeft = role === "server" ? PREFACE.length : 0;
  }

  /** The endpoint is given `bytes`. */
  input(bytes: Uint8Array): void {
    const skipped = Math.min(this.#prefaceLeft, bytes.length);
    this.#prefaceLeft -= skipped;
    for (const frame of this.#peerFrames.push(bytes.subarray(skipped))) {
      this.#peerGoesOn(frame);
      this.#takeInput(frame);
    }
    // Its head may be all it takes.
    if (this.#peerFrames.begun !== null) this.#peerGoesOn(this.#peerFrames.begun);
  }

  /** All output of the turn has been told. */
  endTurn(): void {
    for (const change of this.#later.splice(0)) change();
  }

  /** The stream is there without HEADERS: h2c by Upgrade. */
  implied(stream: number): void {
    Object.assign(this.#stream(stream), { opened: true, peerEnded: this.#role === "server" });
    if (this.#role === "server") this.#highestOfPeer = stream;
  }

  /** The endpoint has sent `frame`. */
  output(frame: Frame): void {
    const what = describeFrame(frame);
    assert.ok(!this.#failed, `${what} after GOAWAY with an error`);
    assert.ok(frame.payload.length <= this.#frameSize, `${what}: longer than ${this.#frameSize}`);
    if (this.#first) {
      assert.equal(what.startsWith("SETTINGS #0") && !what.endsWith("ack"), true, `${what} first`);
    }
    this.#first = false;
    this.blocks.admit(frame);
    const connectionOnly = frame.type === TYPE.SETTINGS || frame.type === TYPE.PING ||
      frame.type === TYPE.GOAWAY ||
      frame.type === TYPE.PRIORITY_UPDATE;
    if (connectionOnly) assert.equal(frame.stream, 0, what);
    else if (frame.type !== TYPE.WINDOW_UPDATE) assert.notEqual(frame.stream, 0, what);
    switch (frame.type) {
      case TYPE.DATA:
        return this.#data(frame, what);
      case TYPE.HEADERS:
      case TYPE.PUSH_PROMISE:
        return this.#beginBlock(frame, what);
      case TYPE.CONTINUATION:
        return this.blocks.add(frame);
      case TYPE.RST_STREAM:
        return this.#reset(frame, what);
      case TYPE.SETTINGS:
        return this.#settings(frame, what);
      case TYPE.PING:
        return this.#ping(frame, what);
      case TYPE.GOAWAY:
        return this.#goAway(frame, what);
      case TYPE.WINDOW_UPDATE:
        return this.#windowUpdate(frame, what);
      case TYPE.PRIORITY:
        assert.equal(frame.payload.length, 5, what);
        return assert.equal(this.#role, "client", what);
      case TYPE.PRIORITY_UPDATE:
        return assert.equal(this.#role, "client", what);
      default:
        assert.fail(`unknown frame ${what}`);
    }
  }

  /** Nothing is owed any more: every SETTINGS and PING was answered (unless the connection has failed). */
  settled(): void {
    if (this.#failed) return;
    assert.equal(this.#settingsToAck, 0, "SETTINGS not acknowledged");
    assert.deepEqual(this.#pingsToAnswer, [], "PING not answered");
    assert.ok(!this.blocks.underWay, "a field block not ended");
  }

  #own(stream: number): boolean {
    return (stream % 2 === 1) === (this.#role === "client");
  }

  #stream(id: number): SeenStream {
    let stream = this.streams.get(id);
    if (stream === undefined) {
      stream = {
        window: this.#initialWindow,
        granted: this.#grantedInitially,
        opened: false,
        weEnded: false,
        peerEnded: false,
        weReset: false,
        peerReset: false,
        peerWentOn: false,
      };
      this.streams.set(id, stream);
    }
    return stream;
  }

  #peerGoesOn({ type, stream: id }: Frame): void {
    if (type !== TYPE.DATA && type !== TYPE.HEADERS) return;
    const stream = this.#stream(id);
    stream.peerWentOn = stream.peerReset;
  }

  #takeInput(frame: Frame): void {
    const { type, flags, payload } = frame;
    const end = (flags & FLAG.END_STREAM) !== 0;
    switch (type) {
      case TYPE.HEADERS: {
        const stream = this.#stream(frame.stream);
        stream.opened = true;
        if (end) stream.peerEnded = true;
        if (!this.#own(frame.stream)) this.#highestOfPeer = Math.max(this.#highestOfPeer, frame.stream);
        // A pushed response: the client cannot send on it.
        if (this.#role === "client" && !this.#own(frame.stream)) stream.weEnded = true;
        return;
      }
      case TYPE.PUSH_PROMISE: {
        const at = (flags & FLAG.PADDED) === 0 ? 0 : 1;
        // Whatever is wrong with it ends the connection.
        if (this.#role === "server" || payload.length < at + 4) return;
        const promised = readUint32(payload, at) & 0x7fffffff;
        const stream = this.#stream(promised);
        stream.opened = stream.weEnded = true;
        this.#highestOfPeer = Math.max(this.#highestOfPeer, promised);
        return;
      }
      case TYPE.DATA:
        this.granted -= payload.length;
        this.#stream(frame.stream).granted -= payload.length;
        if (end) this.#stream(frame.stream).peerEnded = true;
        return;
      case TYPE.RST_STREAM:
        this.#later.push(() => this.#stream(frame.stream).peerReset = true);
        return;
      case TYPE.GOAWAY:
        this.#later.push(() => this.#goneAway = true);
        return;
      case TYPE.SETTINGS:
        if ((flags & FLAG.ACK) === 0) this.#takeSettings(payload);
        return;
      case TYPE.PING:
        if ((flags & FLAG.ACK) === 0) this.#pingsToAnswer.push(String(payload));
        return;
      case TYPE.WINDOW_UPDATE: {
        if (payload.length < 4) return;
        const increment = readUint32(payload, 0) & 0x7fffffff;
        if (frame.stream === 0) this.window += increment;
        else this.#stream(frame.stream).window += increment;
        return;
      }
    }
  }

  #takeSettings(payload: Uint8Array): void {
    this.#settingsToAck++;
    for (const [id, value] of readSettings(payload)) {
      if (id === SETTING.INITIAL_WINDOW_SIZE) this.#takeWindow(value);
      else if (id === SETTING.MAX_FRAME_SIZE) {
        this.#frameSize = Math.max(value, this.#frameSize);
        this.#later.push(() => this.#frameSize = Math.max(value, DEFAULT_FRAME_SIZE));
      } else if (id === SETTING.MAX_CONCURRENT_STREAMS) {
        this.#maxStreams = Math.max(value, this.#maxStreams);
        this.#later.push(() => this.#maxStreams = value);
      } else if (id === SETTING.ENABLE_PUSH) {
        this.#push ||= value === 1;
        this.#later.push(() => this.#push = value === 1);
      }
    }
  }

  #takeWindow(value: number): void {
    const change = value - this.#initialWindow;
    this.#initialWindow = value;
    const ids = [...this.streams.keys()];
    const apply = (): void => {
      for (const id of ids) this.#stream(id).window += change;
    };
    if (change > 0) apply();
    else this.#later.push(apply);
  }

  /** RFC 9113, 5.1: what was sent on a stream must still be allowed there. */
  #mustBeOpen(id: number, what: string): SeenStream {
    const stream = this.#stream(id);
    assert.ok(stream.opened, `${what}: idle`);
    assert.ok(!stream.weReset, `${what}: after our RST_STREAM`);
    assert.ok(!stream.peerReset, `${what}: after the peer's RST_STREAM`);
    return stream;
  }

  #data(frame: Frame, what: string): void {
    const stream = this.#mustBeOpen(frame.stream, what);
    assert.ok(!stream.weEnded, `${what}: after END_STREAM`);
    const { length } = frame.payload;
    if (length > 0) {
      assert.ok(length <= stream.window, `${what}: the stream's window is ${stream.window}`);
      assert.ok(length <= this.window, `${what}: the connection's window is ${this.window}`);
    }
    stream.window -= length;
    this.window -= length;
    if (frame.flags & FLAG.END_STREAM) stream.weEnded = true;
  }

  #beginBlock(frame: Frame, what: string): void {
    if (frame.type === TYPE.PUSH_PROMISE) this.#promise(frame, what);
    else if (this.#role === "client" && frame.stream > this.#highestOwn) this.#openOwn(frame, what);
    const stream = this.#mustBeOpen(frame.stream, what);
    assert.ok(!stream.weEnded, `${what}: after END_STREAM`);
    if (frame.type === TYPE.HEADERS && frame.flags & FLAG.END_STREAM) stream.weEnded = true;
    this.blocks.add(frame);
  }

  #openOwn(frame: Frame, what: string): void {
    assert.equal(frame.stream % 2, 1, what);
    assert.equal(this.#goneAway, false, `${what}: opened after GOAWAY`);
    let open = 0;
    for (const [id, stream] of this.streams) {
      const over = stream.weReset || stream.peerReset || (stream.weEnded && stream.peerEnded);
      if (stream.opened && this.#own(id) && !over) open++;
    }
    assert.ok(open < this.#maxStreams, `${what}: ${open} of ${this.#maxStreams} streams are open`);
    this.#highestOwn = frame.stream;
    this.#stream(frame.stream).opened = true;
  }

  #promise(frame: Frame, what: string): void {
    assert.equal(this.#role, "server", what);
    assert.ok(this.#push, `${what}: the client takes none`);
    assert.ok(!this.#own(frame.stream), `${what}: on a pushed stream`);
    const promised = readUint32(frame.payload, 0);
    assert.ok(promised % 2 === 0 && promised > this.#highestOwn, `${what}: promises ${promised}`);
    this.#highestOwn = promised;
    Object.assign(this.#stream(promised), { opened: true, peerEnded: true });
  }

  #reset(frame: Frame, what: string): void {
    const stream = this.#stream(frame.stream);
    assert.ok(
      stream.opened || (!this.#own(frame.stream) && frame.stream <= this.#highestOfPeer),
      `${what}: idle`,
    );
    assert.ok(!stream.weReset, `${what}: twice`);
    assert.ok(!stream.peerReset || stream.peerWentOn, `${what}: in answer to RST_STREAM`);
    stream.weReset = true;
  }

  #settings({ flags, payload }: Frame, what: string): void {
    if (flags & FLAG.ACK) {
      this.#settingsToAck--;
      return assert.ok(this.#settingsToAck >= 0, `${what}: acknowledges nothing`);
    }
    for (const [id, value] of readSettings(payload)) {
      if (id === SETTING.ENABLE_PUSH) assert.ok(value === 0 || this.#role === "client", what);
      if (id !== SETTING.INITIAL_WINDOW_SIZE) continue;
      for (const stream of this.streams.values()) stream.granted += value - this.#grantedInitially;
      this.#grantedInitially = value;
    }
  }

  #ping({ flags, payload }: Frame, what: string): void {
    assert.equal(payload.length, 8, what);
    if ((flags & FLAG.ACK) === 0) return;
    assert.equal(this.#pingsToAnswer.shift(), String(payload), `${what}: other data`);
  }

  #goAway({ payload }: Frame, what: string): void {
    const last = readUint32(payload, 0);
    assert.ok(this.#lastGoAway === null || last <= this.#lastGoAway, `${what}: raised`);
    const everything = last === MAX_WINDOW && readUint32(payload, 4) === 0;
    assert.ok(everything || last <= this.#highestOfPeer, `${what}: the peer opened ${this.#highestOfPeer}`);
    this.#lastGoAway = last;
    this.#failed = readUint32(payload, 4) !== 0;
  }

  #windowUpdate({ stream: id, payload }: Frame, what: string): void {
    const increment = readUint32(payload, 0);
    assert.ok(increment >= 1 && increment <= MAX_WINDOW, what);
    if (id === 0) {
      this.granted += increment;
      return assert.ok(this.granted <= MAX_WINDOW, what);
    }
    const stream = this.#mustBeOpen(id, what);
    stream.granted += increment;
    assert.ok(stream.granted <= MAX_WINDOW, what);
  }
}
