// WebSocket frames made and read by hand (RFC 6455, 5.2 and 5.3), so that tests do not trust the codec under test.
// Invariant: nothing is checked here; a test can make any frame, also one that breaks every rule.

import { latin1Decode, latin1Encode } from "../../lib/bytes/latin1.ts";

export const OP = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const;

/** RFC 7692, 6: the first frame of a compressed message. */
export const RSV1 = 0x40;

/** The key of the examples in RFC 6455, 5.7. */
export const KEY = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(OP).map(([name, opcode]) => [opcode, name]),
);

export interface FrameMore {
  /** More frames of the message follow. */
  more?: boolean;
  /** RSV1 to RSV3. */
  reserved?: number;
  /** The mask's key; null for none. What is right for the peer unless told. */
  key?: Uint8Array | null;
  /** What the header says of the length; the payload's own unless told. */
  says?: number;
  /** In how many bytes the length is said: 0, 2 or 8; as few as possible unless told. */
  lengthBytes?: number;
}

/** Text is byte-true: each character one byte. */
type Payload = string | Uint8Array;

/** What one peer sends. */
export class Framer {
  readonly #key: Uint8Array | null;

  constructor(key: Uint8Array | null) {
    this.#key = key;
  }

  text(payload: Payload = "", more: FrameMore = {}): Uint8Array<ArrayBuffer> {
    return this.frame(OP.text, payload, more);
  }

  binary(payload: Payload = "", more: FrameMore = {}): Uint8Array<ArrayBuffer> {
    return this.frame(OP.binary, payload, more);
  }

  continuation(payload: Payload = "", more: FrameMore = {}): Uint8Array<ArrayBuffer> {
    return this.frame(OP.continuation, payload, more);
  }

  ping(payload: Payload = "", more: FrameMore = {}): Uint8Array<ArrayBuffer> {
    return this.frame(OP.ping, payload, more);
  }

  pong(payload: Payload = "", more: FrameMore = {}): Uint8Array<ArrayBuffer> {
    return this.frame(OP.pong, payload, more);
  }

  /** Without a code: an empty one. */
  close(code: number | null = null, reason: Payload = "", more: FrameMore = {}): Uint8Array<ArrayBuffer> {
    const payload = code === null ? "" : joined([Uint8Array.of(code >> 8, code & 0xff), bytesOf(reason)]);
    return this.frame(OP.close, payload, more);
  }

  frame(opcode: number, payload: Payload, more: FrameMore = {}): Uint8Array<ArrayBuffer> {
    const content = bytesOf(payload);
    const key = more.key === undefined ? this.#key : more.key;
    const length = more.says ?? content.length;
    const lengthBytes = more.lengthBytes ?? (length < 126 ? 0 : length < 65_536 ? 2 : 8);
    const header = new Uint8Array(2 + lengthBytes);
    header[0] = (more.more === true ? 0 : 0x80) | (more.reserved ?? 0) | opcode;
    header[1] = (key === null ? 0 : 0x80) | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127);
    const view = new DataView(header.buffer);
    if (lengthBytes === 2) view.setUint16(2, length);
    if (lengthBytes === 8) view.setBigUint64(2, BigInt(length));
    return key === null ? joined([header, content]) : joined([header, key, masked(content, key)]);
  }
}

export const fromClient = new Framer(KEY);
export const fromServer = new Framer(null);

export interface ReadFrame {
  opcode: number;
  more: boolean;
  reserved: number;
  /** The mask's key; null for none. */
  key: Uint8Array | null;
  /** Unmasked. */
  payload: Uint8Array;
}

/** The whole frames in some bytes, and what stands behind them. */
export function readFrames(bytes: Uint8Array): { frames: ReadFrame[]; rest: Uint8Array } {
  const frames: ReadFrame[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  while (bytes.length - at >= 2) {
    const [first = 0, second = 0] = bytes.subarray(at);
    const length7 = second & 0x7f;
    const lengthBytes = length7 < 126 ? 0 : length7 === 126 ? 2 : 8;
    const keyAt = at + 2 + lengthBytes;
    const start = keyAt + (second >= 0x80 ? 4 : 0);
    if (start > bytes.length) break;
    const length = lengthBytes === 0
      ? length7
      : lengthBytes === 2
      ? view.getUint16(at + 2)
      : Number(view.getBigUint64(at + 2));
    if (start + length > bytes.length) break;
    const key = second >= 0x80 ? bytes.slice(keyAt, start) : null;
    const payload = bytes.slice(start, start + length);
    frames.push({
      opcode: first & 0x0f,
      more: first < 0x80,
      reserved: first & 0x70,
      key,
      payload: key === null ? payload : masked(payload, key),
    });
    at = start + length;
  }
  return { frames, rest: bytes.subarray(at) };
}

/** Each frame in words: `text more "Hel"`, `continuation "lo"`, `ping ""`, `close 1000 "bye"`; `2 bytes` of another. */
export function wordsOf(bytes: Uint8Array): string[] {
  const { frames, rest } = readFrames(bytes);
  const words = frames.map(({ opcode, more, reserved, payload }) => {
    const name = `${reserved === RSV1 ? "compressed " : ""}${NAMES.get(opcode)}${more ? " more" : ""}`;
    if (opcode !== OP.close || payload.length < 2) return `${name} ${quoted(payload)}`;
    const code = ((payload[0] ?? 0) << 8) | (payload[1] ?? 0);
    return `${name} ${code} ${quoted(payload.subarray(2))}`;
  });
  return rest.length === 0 ? words : [...words, `${rest.length} bytes`];
}

/** RFC 6455, 5.3, word for word. */
export function masked(payload: Uint8Array, key: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(payload.length);
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = (payload[index] ?? 0) ^ (key[index % 4] ?? 0);
  }
  return bytes;
}

export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function bytesOf(payload: Payload): Uint8Array {
  return typeof payload === "string" ? latin1Encode(payload) : payload;
}

function quoted(bytes: Uint8Array): string {
  return bytes.length > 200 ? `(${bytes.length})` : JSON.stringify(latin1Decode(bytes));
}
