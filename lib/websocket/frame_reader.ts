// Frames from bytes (RFC 6455, 5.2 to 5.5; RFC 7692, 6 for RSV1): what each peer may send, checked as soon as it can be
// told, before the payload has come.
// Invariants: pure, never throws on what a peer sends; data frames come as `frame`, then one or more pieces of payload,
// the last one marked; control frames come whole, between frames of data; after a Close frame or a fault nothing more
// is said, and input is dropped. At most a header and a control frame's payload are kept, 139 bytes.

import { ByteQueue } from "../bytes/byte_queue.ts";
import type { Peer } from "../http/fault.ts";
import { protocolFault, type WebSocketFault } from "./fault.ts";
import { applyMask, readMaskKey } from "./mask.ts";
import { isControl, isKnownOpcode, OPCODE } from "./opcodes.ts";

export type FrameEvent =
  /** The header of a data frame. */
  | {
    kind: "frame";
    opcode: typeof OPCODE.continuation | typeof OPCODE.text | typeof OPCODE.binary;
    fin: boolean;
    /** RFC 7692, 6: RSV1 on the first frame of a message. */
    compressed: boolean;
    /** Bytes of payload that follow. */
    length: number;
    /** 0 without one, and for a key of zeros: then there is nothing to unmask. */
    maskKey: number;
    /** The header as it came: a view, valid until the next call. */
    header: Uint8Array;
  }
  /** A piece of a data frame's payload as it came, masked: a view, valid until the next call. */
  | { kind: "payload"; data: Uint8Array; offset: number; last: boolean }
  /** A control frame with its payload, unmasked and the receiver's own. */
  | { kind: "ping"; payload: Uint8Array }
  | { kind: "pong"; payload: Uint8Array }
  | { kind: "close"; payload: Uint8Array }
  | { kind: "fault"; fault: WebSocketFault };

export type DataFrame = FrameEvent & { kind: "frame" };
export type Payload = FrameEvent & { kind: "payload" };

export interface FrameRules {
  /** Whose frames these are: a client's are masked, a server's are not. */
  peer: Peer;
  /** permessage-deflate was agreed on: RSV1 has a meaning. */
  compression: boolean;
}

const NOTHING = new Uint8Array(0);

export class FrameReader {
  readonly #rules: FrameRules;
  readonly #input = new ByteQueue();
  /** Payload bytes of the data frame under way that have not come yet; -1 between frames. */
  #left = -1;
  #read = 0;
  /** A fragmented message is under way. */
  #inMessage = false;
  #over = false;

  constructor(rules: FrameRules) {
    this.#rules = rules;
  }

  /** Whether the input may end here: between frames, and between messages. */
  get isBetweenMessages(): boolean {
    return this.#left < 0 && !this.#inMessage && this.#input.length === 0;
  }

  /** Takes a chunk; it is borrowed until `next()` has returned null. */
  receive(chunk: Uint8Array): void {
    if (!this.#over) this.#input.push(chunk);
  }

  /** Copies what was not read of a borrowed chunk: it is read in a later turn. */
  settle(): void {
    this.#input.settle();
  }

  /** A reader that stands where this one does, with a copy of the input before it. */
  fork(): FrameReader {
    const fork = new FrameReader(this.#rules);
    const { bytes, start, end } = this.#input;
    fork.#input.push(bytes.slice(start, end));
    fork.#left = this.#left;
    fork.#read = this.#read;
    fork.#inMessage = this.#inMessage;
    fork.#over = this.#over;
    return fork;
  }

  /** Nothing more is read; input is dropped. */
  stop(): void {
    this.#over = true;
    this.#input.skip(this.#input.length);
    this.#input.settle();
  }

  next(): FrameEvent | null {
    if (this.#over) return null;
    const event = this.#left < 0 ? this.#frame() : this.#payload();
    if (event === null) this.#input.settle();
    return event;
  }

  #payload(): FrameEvent | null {
    const input = this.#input;
    const length = Math.min(this.#left, input.length);
    if (length === 0 && this.#left > 0) return null;
    const data = length === 0 ? NOTHING : input.bytes.subarray(input.start, input.start + length);
    const offset = this.#read;
    input.skip(length);
    this.#read += length;
    this.#left -= length;
    const last = this.#left === 0;
    if (last) this.#left = -1;
    return { kind: "payload", data, offset, last };
  }

  #frame(): FrameEvent | null {
    const { bytes, start, length: available } = this.#input;
    if (available < 1) return null;
    const first = bytes[start] ?? 0;
    const opcode = first & 0x0f;
    const fault = this.#checkFirst(first, opcode);
    if (fault !== null) return this.#fail(fault);
    if (available < 2) return null;
    const second = bytes[start + 1] ?? 0;
    const isMasked = (second & 0x80) !== 0;
    const length7 = second & 0x7f;
    const secondFault = this.#checkSecond(isMasked, length7, opcode);
    if (secondFault !== null) return this.#fail(secondFault);
    const lengthBytes = length7 < 126 ? 0 : length7 === 126 ? 2 : 8;
    const headerLength = 2 + lengthBytes + (isMasked ? 4 : 0);
    if (available < 2 + lengthBytes) return null;
    const length = lengthBytes === 0 ? length7 : readLength(bytes, start + 2, lengthBytes);
    if (typeof length !== "number") return this.#fail(length);
    if (available < headerLength) return null;
    const maskKey = isMasked ? readMaskKey(bytes, start + headerLength - 4) : 0;
    if (isControl(opcode)) return this.#control(opcode, headerLength, length, maskKey);
    const fin = (first & 0x80) !== 0;
    this.#inMessage = !fin;
    this.#left = length;
    this.#read = 0;
    this.#input.skip(headerLength);
    return {
      kind: "frame",
      opcode: opcode === OPCODE.text || opcode === OPCODE.binary ? opcode : OPCODE.continuation,
      fin,
      compressed: (first & 0x40) !== 0,
      length,
      maskKey,
      header: bytes.subarray(start, start + headerLength),
    };
  }

  #control(opcode: number, headerLength: number, length: number, maskKey: number): FrameEvent | null {
    const input = this.#input;
    if (input.length < headerLength + length) return null;
    const begin = input.start + headerLength;
    const payload = input.bytes.slice(begin, begin + length);
    applyMask(payload, maskKey, 0);
    input.skip(headerLength + length);
    if (opcode === OPCODE.ping) return { kind: "ping", payload };
    if (opcode === OPCODE.pong) return { kind: "pong", payload };
    // RFC 6455, 1.4: after a Close frame, an endpoint sends nothing more; whatever comes means nothing.
    this.stop();
    return { kind: "close", payload };
  }

  /** What the first byte alone tells. */
  #checkFirst(first: number, opcode: number): WebSocketFault | null {
    const rule = "RFC 6455, 5.2";
    if ((first & 0x30) !== 0) {
      return protocolFault("reserved-bit", "A frame with a reserved bit that nothing gives a meaning", rule);
    }
    if (!isKnownOpcode(opcode)) {
      return protocolFault("reserved-opcode", `A frame with the reserved opcode ${opcode}`, rule);
    }
    if ((first & 0x40) !== 0) {
      if (!this.#rules.compression) {
        return protocolFault("reserved-bit", "A frame with RSV1, and no extension was agreed on", rule);
      }
      // RFC 7692, 6.1: on the first frame of a message, never on a control frame.
      if (isControl(opcode) || opcode === OPCODE.continuation) {
        const message = "RSV1 on a frame that does not begin a message";
        return protocolFault("reserved-bit", message, "RFC 7692, 6.1");
      }
    }
    if (isControl(opcode)) {
      // RFC 6455, 5.5
      if ((first & 0x80) !== 0) return null;
      return protocolFault("fragmented-control", "A control frame in fragments", "RFC 6455, 5.5");
    }
    // RFC 6455, 5.4
    if (opcode === OPCODE.continuation && !this.#inMessage) {
      const message = "A continuation frame, and no message is under way";
      return protocolFault("bad-continuation", message, "RFC 6455, 5.4");
    }
    if (opcode !== OPCODE.continuation && this.#inMessage) {
      const message = "A new message begins before the last one has ended";
      return protocolFault("bad-continuation", message, "RFC 6455, 5.4");
    }
    return null;
  }

  #checkSecond(isMasked: boolean, length7: number, opcode: number): WebSocketFault | null {
    // RFC 6455, 5.1
    const isClient = this.#rules.peer === "client";
    if (isMasked !== isClient) {
      return isClient
        ? protocolFault("unmasked-frame", "A frame from a client that is not masked", "RFC 6455, 5.1")
        : protocolFault("masked-frame", "A frame from a server that is masked", "RFC 6455, 5.1");
    }
    if (isControl(opcode) && length7 > 125) {
      const message = "A control frame with more than 125 bytes of payload";
      return protocolFault("large-control", message, "RFC 6455, 5.5");
    }
    return null;
  }

  #fail(fault: WebSocketFault): FrameEvent {
    this.stop();
    return { kind: "fault", fault };
  }
}

/** RFC 6455, 5.2: in network byte order, in as few bytes as possible, the most significant bit 0. */
function readLength(bytes: Uint8Array, at: number, size: 2 | 8): number | WebSocketFault {
  let length = 0;
  for (let index = at; index < at + size; index++) length = length * 256 + (bytes[index] ?? 0);
  if (((bytes[at] ?? 0) & 0x80) !== 0 && size === 8) {
    return protocolFault("bad-length", "A payload length of 64 bits with the first one set", "RFC 6455, 5.2");
  }
  if (length < (size === 2 ? 126 : 65_536)) {
    const message = `A payload length of ${length} in more bytes than it needs`;
    return protocolFault("bad-length", message, "RFC 6455, 5.2");
  }
  if (length > Number.MAX_SAFE_INTEGER) {
    const message = "A frame of more than 2^53 bytes";
    return { closeCode: 1009, code: "frame-too-large", message, rule: "limit: frame size" };
  }
  return length;
}
