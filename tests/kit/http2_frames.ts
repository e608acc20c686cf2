// HTTP/2 frames made and read by hand (RFC 9113, 4 and 6), so that tests do not trust the codec under test. Field
// blocks are literals without indexing and without Huffman (RFC 7541, 6.2.2): they leave the decoder's table as it was.
// Invariant: nothing is checked here; a test can make any frame, also one that breaks every rule.

export const TYPE = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
  PRIORITY_UPDATE: 0x10,
} as const;

export const FLAG = {
  ACK: 0x1,
  END_STREAM: 0x1,
  END_HEADERS: 0x4,
  PADDED: 0x8,
  PRIORITY: 0x20,
} as const;

export const SETTING = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
  ENABLE_CONNECT_PROTOCOL: 0x8,
  NO_RFC7540_PRIORITIES: 0x9,
} as const;

export const CODE = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
  INADEQUATE_SECURITY: 0xc,
  HTTP_1_1_REQUIRED: 0xd,
} as const;

export type CodeName = keyof typeof CODE;

export const MAX_WINDOW = 2 ** 31 - 1;
export const DEFAULT_WINDOW = 65_535;
export const DEFAULT_FRAME_SIZE = 16_384;

/** RFC 9113, 3.4 */
export const PREFACE = ascii("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export type FieldLine = readonly [name: string, value: string];

export interface HeadersOptions {
  end?: boolean;
  /** False: CONTINUATION follows. */
  endHeaders?: boolean;
  pad?: number;
  priority?: { on: number; exclusive?: boolean; weight: number };
}

/** Each character one byte. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

export function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** `length` lies when it is given. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = new Uint8Array(0),
  length: number = payload.length,
): Uint8Array {
  return join(Uint8Array.of(length >>> 16, length >>> 8, length, type, flags), uint32(stream), payload);
}

export function settings(...entries: readonly (readonly [id: number, value: number])[]): Uint8Array {
  return frame(TYPE.SETTINGS, 0, 0, settingsPayload(...entries));
}

export function settingsPayload(...entries: readonly (readonly [id: number, value: number])[]): Uint8Array {
  return join(...entries.map(([id, value]) => join(Uint8Array.of(id >>> 8, id), uint32(value))));
}

export const settingsAck = frame(TYPE.SETTINGS, FLAG.ACK, 0);

export function data(
  stream: number,
  content: Uint8Array | string,
  { end = false, pad }: { end?: boolean; pad?: number } = {},
): Uint8Array {
  const bytes = typeof content === "string" ? ascii(content) : content;
  const flags = (end ? FLAG.END_STREAM : 0) | (pad === undefined ? 0 : FLAG.PADDED);
  return frame(TYPE.DATA, flags, stream, padded(bytes, pad));
}

/** A HEADERS frame; `block`: its fields, or the bytes of a field block. */
export function headers(
  stream: number,
  block: readonly FieldLine[] | Uint8Array,
  { end = false, endHeaders = true, pad, priority }: HeadersOptions = {},
): Uint8Array {
  const flags = (end ? FLAG.END_STREAM : 0) | (endHeaders ? FLAG.END_HEADERS : 0) |
    (pad === undefined ? 0 : FLAG.PADDED) | (priority === undefined ? 0 : FLAG.PRIORITY);
  const bytes = block instanceof Uint8Array ? block : fieldBlock(block);
  const payload = priority === undefined ? bytes : join(priorityPayload(priority), bytes);
  return frame(TYPE.HEADERS, flags, stream, padded(payload, pad));
}

export function continuation(stream: number, block: Uint8Array, endHeaders = true): Uint8Array {
  return frame(TYPE.CONTINUATION, endHeaders ? FLAG.END_HEADERS : 0, stream, block);
}

export function pushPromise(
  stream: number,
  promised: number,
  block: readonly FieldLine[] | Uint8Array,
  { endHeaders = true, pad }: { endHeaders?: boolean; pad?: number } = {},
): Uint8Array {
  const bytes = block instanceof Uint8Array ? block : fieldBlock(block);
  const flags = (endHeaders ? FLAG.END_HEADERS : 0) | (pad === undefined ? 0 : FLAG.PADDED);
  return frame(TYPE.PUSH_PROMISE, flags, stream, padded(join(uint32(promised), bytes), pad));
}

export function priority(stream: number, on: number, weight = 16, exclusive = false): Uint8Array {
  return frame(TYPE.PRIORITY, 0, stream, priorityPayload({ on, weight, exclusive }));
}

export function resetStream(stream: number, code: number): Uint8Array {
  return frame(TYPE.RST_STREAM, 0, stream, uint32(code));
}

export function ping(payload: Uint8Array | string = "12345678", ack = false): Uint8Array {
  return frame(TYPE.PING, ack ? FLAG.ACK : 0, 0, typeof payload === "string" ? ascii(payload) : payload);
}

export function goAway(lastStream: number, code: number, debug: Uint8Array = new Uint8Array(0)): Uint8Array {
  return frame(TYPE.GOAWAY, 0, 0, join(uint32(lastStream), uint32(code), debug));
}

export function windowUpdate(stream: number, increment: number): Uint8Array {
  return frame(TYPE.WINDOW_UPDATE, 0, stream, uint32(increment));
}

/** RFC 9218, 7.1 */
export function priorityUpdate(prioritized: number, value: string, stream = 0): Uint8Array {
  return frame(TYPE.PRIORITY_UPDATE, 0, stream, join(uint32(prioritized), ascii(value)));
}

/** RFC 7541, 6.2.2: each field a literal without indexing, with a literal name. */
export function fieldBlock(fields: readonly FieldLine[]): Uint8Array {
  return join(...fields.map(([name, value]) => join(Uint8Array.of(0), literal(name), literal(value))));
}

/** RFC 7541, 5.2: without Huffman. */
export function literal(text: string): Uint8Array {
  return join(integer(text.length, 7, 0), ascii(text));
}

/** RFC 7541, 5.1; `pattern`: the bits above the prefix. */
export function integer(value: number, prefix: number, pattern: number): Uint8Array {
  const most = 2 ** prefix - 1;
  if (value < most) return Uint8Array.of(pattern | value);
  const bytes = [pattern | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

function priorityPayload(priority: { on: number; exclusive?: boolean; weight: number }): Uint8Array {
  const on = priority.exclusive === true ? priority.on + 2 ** 31 : priority.on;
  return join(uint32(on), Uint8Array.of(priority.weight - 1));
}

function padded(payload: Uint8Array, pad: number | undefined): Uint8Array {
  return pad === undefined ? payload : join(Uint8Array.of(pad), payload, new Uint8Array(pad));
}

export interface Frame {
  type: number;
  flags: number;
  stream: number;
  payload: Uint8Array;
}

/** Reads frames out of what an endpoint wrote, however it comes in pieces. */
export class FrameParser {
  #held: Uint8Array = new Uint8Array(0);
  #prefaceLeft: number;

  /** `preface`: a client's bytes, which begin with one. */
  constructor(preface = false) {
    this.#prefaceLeft = preface ? PREFACE.length : 0;
  }

  /** The frame of which no more than the beginning has come, without its payload. */
  get begun(): Frame | null {
    const head = this.#held;
    if (head.length < 9) return null;
    return {
      type: head[3]!,
      flags: head[4]!,
      stream: readUint32(head, 5) & 0x7fffffff,
      payload: new Uint8Array(0),
    };
  }

  /** The frames that are complete now; their payloads are copies. */
  push(bytes: Uint8Array): Frame[] {
    const all = join(this.#held, bytes);
    let at = 0;
    for (; this.#prefaceLeft > 0 && at < all.length; at++, this.#prefaceLeft--) {
      if (all[at] !== PREFACE[PREFACE.length - this.#prefaceLeft]) throw new Error("not a client preface");
    }
    const frames: Frame[] = [];
    while (all.length - at >= 9) {
      const length = readUint32(all, at) >>> 8;
      if (all.length - at < 9 + length) break;
      frames.push({
        type: all[at + 3]!,
        flags: all[at + 4]!,
        stream: readUint32(all, at + 5) & 0x7fffffff,
        payload: all.slice(at + 9, at + 9 + length),
      });
      at += 9 + length;
    }
    this.#held = all.slice(at);
    return frames;
  }
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** The settings in a SETTINGS payload, in order. */
export function readSettings(payload: Uint8Array): [id: number, value: number][] {
  const entries: [number, number][] = [];
  for (let at = 0; at + 6 <= payload.length; at += 6) {
    entries.push([(payload[at]! << 8) | payload[at + 1]!, readUint32(payload, at + 2)]);
  }
  return entries;
}

/** What of a payload is not padding (DATA, HEADERS, PUSH_PROMISE). */
export function withoutPadding({ flags, payload }: Frame): Uint8Array {
  return (flags & FLAG.PADDED) === 0 ? payload : payload.subarray(1, payload.length - payload[0]!);
}

/** The bytes of the field block that HEADERS, PUSH_PROMISE or CONTINUATION carries. */
export function fragmentOf(frame: Frame): Uint8Array {
  if (frame.type === TYPE.CONTINUATION) return frame.payload;
  const payload = withoutPadding(frame);
  if (frame.type === TYPE.PUSH_PROMISE) return payload.subarray(4);
  return (frame.flags & FLAG.PRIORITY) === 0 ? payload : payload.subarray(5);
}

export function typeName(type: number): string {
  return Object.entries(TYPE).find(([, value]) => value === type)?.[0] ?? `0x${type.toString(16)}`;
}

export function codeName(code: number): string {
  return Object.entries(CODE).find(([, value]) => value === code)?.[0] ?? `0x${code.toString(16)}`;
}

/** One short line, for comparison and for messages: "HEADERS #1 end 12". */
export function describeFrame({ type, flags, stream, payload }: Frame): string {
  const name = `${typeName(type)} #${stream}`;
  switch (type) {
    case TYPE.DATA:
      return `${name} ${payload.length}${flags & FLAG.END_STREAM ? " end" : ""}`;
    case TYPE.HEADERS:
      return `${name}${flags & FLAG.END_STREAM ? " end" : ""}${flags & FLAG.END_HEADERS ? "" : " continued"}`;
    case TYPE.RST_STREAM:
      return `${name} ${codeName(readUint32(payload, 0))}`;
    case TYPE.SETTINGS:
      return flags & FLAG.ACK
        ? `${name} ack`
        : `${name} ${readSettings(payload).map((entry) => entry.join("=")).join(" ")}`;
    case TYPE.PING:
      return `${name}${flags & FLAG.ACK ? " ack" : ""}`;
    case TYPE.GOAWAY:
      return `${name} last ${readUint32(payload, 0)} ${codeName(readUint32(payload, 4))}`;
    case TYPE.WINDOW_UPDATE:
      return `${name} ${readUint32(payload, 0)}`;
    default:
      return name;
  }
}
