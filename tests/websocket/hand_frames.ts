// Frames made by hand, right and wrong ones (RFC 6455, 5.2 and 5.3): not with the writer that is tested.

import { latin1Encode } from "../../lib/bytes/latin1.ts";
import type { Peer } from "../../lib/http/fault.ts";

export const FIN = 0x80;
export const RSV1 = 0x40;
export const RSV2 = 0x20;
export const RSV3 = 0x10;

export const OP = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const;

/** RFC 6455, 5.7: the key of its examples, in hex. */
export const KEY = "37fa213d";

export interface HandFrame {
  /** FIN, RSV1 to RSV3 and the opcode. */
  first: number;
  payload: Uint8Array;
  /** In how many bytes the length is said; as few as possible unless told. */
  lengthBytes?: 0 | 2 | 8;
  /** What the length says, in place of the payload's own. */
  says?: bigint;
  /** The mask's key in hex, null for no mask; what is right for the peer unless told. */
  key?: string | null;
}

type More = Pick<HandFrame, "lengthBytes" | "says" | "key">;

/** Each character of `payload` is one byte. */
export function frame(first: number, payload: string | Uint8Array = "", more: More = {}): HandFrame {
  return { first, payload: typeof payload === "string" ? latin1Encode(payload) : payload, ...more };
}

/** A frame that is a message, or a control frame, of its own. */
export function whole(opcode: number, payload: string | Uint8Array = "", more: More = {}): HandFrame {
  return frame(FIN | opcode, payload, more);
}

/** A frame that others of its message follow. */
export function begun(opcode: number, payload: string | Uint8Array = "", more: More = {}): HandFrame {
  return frame(opcode, payload, more);
}

/** The payload of a Close frame, whatever the code. */
export function closing(code: number, reason: string | Uint8Array = ""): Uint8Array {
  const bytes = typeof reason === "string" ? latin1Encode(reason) : reason;
  return Uint8Array.of(code >> 8, code & 0xff, ...bytes);
}

export function handBytes(frames: readonly HandFrame[], peer: Peer): Uint8Array<ArrayBuffer> {
  return joined(frames.map((frame) => frameOf(frame, peer)));
}

function frameOf({ first, payload, lengthBytes, says, key }: HandFrame, peer: Peer): Uint8Array {
  const length = says ?? BigInt(payload.length);
  const size = lengthBytes ?? (length < 126n ? 0 : length < 65_536n ? 2 : 8);
  const keyBytes = key === null || (key === undefined && peer === "server") ? null : fromHex(key ?? KEY);
  const header = [
    first,
    (keyBytes === null ? 0 : 0x80) | (size === 0 ? Number(length) : size === 2 ? 126 : 127),
  ];
  for (let shift = BigInt(size) * 8n - 8n; shift >= 0n; shift -= 8n) {
    header.push(Number((length >> shift) & 0xffn));
  }
  if (keyBytes === null) return joined([Uint8Array.from(header), payload]);
  return joined([Uint8Array.from(header), keyBytes, masked(payload, keyBytes)]);
}

/** RFC 6455, 5.3, word for word; `offset`: how much of the payload came before. */
export function masked(payload: Uint8Array, key: Uint8Array, offset = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(payload.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (payload[i] ?? 0) ^ (key[(offset + i) % 4] ?? 0);
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

/** Blanks between the digits mean nothing. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.replaceAll(/\s/g, "");
  return Uint8Array.from(
    { length: digits.length / 2 },
    (_, at) => Number.parseInt(digits.slice(at * 2, at * 2 + 2), 16),
  );
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
