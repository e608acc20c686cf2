// What goes out on one leg of a WebSocket: frames that are passed on as they came, and between them frames of our own.
// Invariants: nothing ever stands inside a frame that is being passed on, and no data frame inside a message that is
// under way (RFC 6455, 5.4); after a Close frame nothing goes out; what waits for its turn is bounded by PONGS_WAITING
// and INJECTED_SIZE.

import type { MessageType, Opcode } from "../websocket/opcodes.ts";
import { OPCODE } from "../websocket/opcodes.ts";
import { frameBytes } from "../websocket/frame_writer.ts";
import type { Leg } from "./leg.ts";
import { newMaskKey } from "./websocket_mask_keys.ts";

/** PONGs that wait for the end of a frame or for room. RFC 6455, 5.5.3: the newest PING may stand for those before it. */
export const PONGS_WAITING = 32;
/** Bytes of injected messages that wait for the end of a message, or for room; more are refused. */
export const INJECTED_SIZE = 16 * 1024 * 1024;

interface Injected {
  frame: Uint8Array;
  /** It is on its way. */
  sent: () => void;
}

const NOTHING = new Uint8Array(0);

export class WebSocketSink {
  readonly leg: Leg;
  readonly #masks: boolean;
  /** Payload bytes of the frame being passed on that are still to come. */
  #left = 0;
  #inMessage = false;
  readonly #pongs: Uint8Array[] = [];
  #pings = false;
  readonly #injected: Injected[] = [];
  #injectedSize = 0;
  /** The Close frame that waits for the end of a frame. */
  #close: Uint8Array | null = null;
  #isClosed = false;
  #endsBehindClose = false;
  #isEnded = false;

  /** `masks`: the peer on `leg` is a server. */
  constructor(leg: Leg, masks: boolean) {
    this.leg = leg;
    this.#masks = masks;
  }

  /** A Close frame has been sent, or will be as soon as the frame under way has ended. */
  get isClosing(): boolean {
    return this.#isClosed || this.#close !== null;
  }

  /** Our direction has ended. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Whether a Close frame can go out now; else it is inside a frame. */
  get isBetweenFrames(): boolean {
    return this.#left === 0;
  }

  /** Whether nothing of what was sent here waits any more, for a window or to be written. */
  get isWritten(): boolean {
    const { driver, connection, hasRoom } = this.leg;
    // What others send on the same transport is not waited for.
    return driver.isClosed || (hasRoom && (connection.multiplexes || connection.output.length === 0));
  }

  /** The header of a frame with `length` bytes of payload, as it came. */
  passHeader(header: Uint8Array, length: number, fin: boolean): void {
    if (this.#isClosed || this.#isEnded) return;
    this.#left = length;
    this.#inMessage = !fin;
    this.#send(header);
    if (length === 0) this.#flush();
  }

  /** Payload of the frame under way, as it came. */
  passPayload(data: Uint8Array): void {
    if (this.#isClosed || this.#isEnded || data.length === 0) return;
    this.#left -= data.length;
    this.#send(data);
    if (this.#left === 0) this.#flush();
  }

  /** A frame of a message, made here. `compressed`: RSV1. */
  write(
    opcode: typeof OPCODE.continuation | typeof OPCODE.text | typeof OPCODE.binary,
    fin: boolean,
    compressed: boolean,
    payload: Uint8Array,
  ): void {
    if (this.#isClosed || this.#isEnded) return;
    this.#inMessage = !fin;
    this.#send(this.#frame(opcode, fin, compressed, payload));
    this.#flush();
  }

  /** Answers a PING of the leg's peer (RFC 6455, 5.5.2). */
  pong(payload: Uint8Array): void {
    if (this.isClosing || this.#isEnded) return;
    if (this.#pongs.length >= PONGS_WAITING) this.#pongs.pop();
    this.#pongs.push(payload);
    this.#flush();
  }

  /** A PING without payload, to show that the other end lives. One that waits already is enough. */
  ping(): void {
    if (this.isClosing || this.#isEnded) return;
    this.#pings = true;
    this.#flush();
  }

  /** A message of our own, between the peers'. False: it cannot be sent. `sent` is called when it is on its way. */
  inject(type: MessageType, content: Uint8Array, sent: () => void): boolean {
    if (this.isClosing || this.#isEnded) return false;
    // Never compressed: the window of what is passed on stays what its sender takes it for (RFC 7692, 6.1).
    const frame = this.#frame(OPCODE[type], true, false, content);
    if (this.#injected.length > 0 && this.#injectedSize + frame.length > INJECTED_SIZE) return false;
    this.#injectedSize += frame.length;
    this.#injected.push({ frame, sent });
    this.#flush();
    return true;
  }

  /** Closes with a Close frame of this payload, once: as soon as the frame under way has ended. */
  close(payload: Uint8Array): void {
    if (this.isClosing || this.#isEnded) return;
    this.#close = this.#frame(OPCODE.close, true, false, payload);
    this.#flush();
  }

  /** Ends our direction behind the Close frame: now, or when it has had its turn. */
  endBehindClose(): void {
    if (this.#isClosed) this.end();
    else this.#endsBehindClose = true;
  }

  /** Ends our direction, whatever waits. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.leg.send({ kind: "data", stream: 0, data: NOTHING, credit: 0, end: true });
  }

  /** The leg may have room again. */
  drained(): void {
    if (this.#pongs.length > 0 || this.#pings || this.#injected.length > 0) this.#flush();
  }

  /** What waited for its turn. */
  #flush(): void {
    if (this.#left > 0 || this.#isClosed || this.#isEnded) return;
    while (this.#pongs.length > 0 && this.leg.hasRoom) {
      this.#send(this.#frame(OPCODE.pong, true, false, this.#pongs.shift() ?? NOTHING));
    }
    if (this.#pings && this.leg.hasRoom) {
      this.#pings = false;
      this.#send(this.#frame(OPCODE.ping, true, false, NOTHING));
    }
    while (!this.#inMessage && this.#injected.length > 0 && this.leg.hasRoom) {
      const injected = this.#injected.shift();
      if (injected === undefined) break;
      this.#injectedSize -= injected.frame.length;
      this.#send(injected.frame);
      injected.sent();
    }
    if (this.#close === null || this.#isClosed) return;
    this.#isClosed = true;
    this.#send(this.#close);
    if (this.#endsBehindClose) this.end();
  }

  #frame(opcode: Opcode, fin: boolean, compressed: boolean, payload: Uint8Array): Uint8Array {
    return frameBytes({ opcode, fin, compressed, maskKey: this.#masks ? newMaskKey() : null }, payload);
  }

  #send(data: Uint8Array): void {
    this.leg.send({ kind: "data", stream: 0, data, credit: 0, end: false });
  }
}
