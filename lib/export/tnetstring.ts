// Values as tagged netstrings, in mitmproxy's dialect: bytes and text are different types.
// Invariant: every value is `<length of the payload>:<payload><tag>`, the length in decimal bytes.

import { latin1EncodeInto } from "../bytes/latin1.ts";

export type TnetValue =
  | null
  | boolean
  /** An integer. */
  | number
  | TnetFloat
  /** Text, in Unicode. */
  | string
  | Uint8Array
  | TnetBytes
  | readonly TnetValue[]
  | TnetDictionary;

export interface TnetDictionary {
  readonly [key: string]: TnetValue;
}

/** A number that is a float to its reader even when it is whole. */
export class TnetFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** Bytes given as a byte-true string: a flow has a hundred of them, and an array for each would be slow. */
export class TnetBytes {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** `value` in one piece. */
export function tnetstring(value: TnetValue): Uint8Array {
  const pieces = encode(value);
  const bytes = new Uint8Array(lengthOf(pieces));
  let offset = 0;
  for (const piece of pieces) {
    if (typeof piece === "string") offset = latin1EncodeInto(piece, bytes, offset);
    else {
      bytes.set(piece, offset);
      offset += piece.length;
    }
  }
  return bytes;
}

/** Text is byte-true: its length is that of its bytes. */
type Piece = string | Uint8Array;

const NOT_ASCII = /[\u0080-\uffff]/;

function encode(value: TnetValue): Piece[] {
  if (value === null) return item([], "~");
  if (typeof value === "boolean") return item([String(value)], "!");
  if (typeof value === "number") return item([String(value)], "#");
  if (typeof value === "string") {
    return item([NOT_ASCII.test(value) ? new TextEncoder().encode(value) : value], ";");
  }
  if (value instanceof TnetFloat) return item([floatText(value.value)], "^");
  if (value instanceof TnetBytes) return item([value.text], ",");
  if (value instanceof Uint8Array) return item([value], ",");
  const pieces: Piece[] = [];
  if (isList(value)) {
    for (const child of value) join(pieces, encode(child));
    return item(pieces, "]");
  }
  for (const [key, child] of Object.entries(value)) {
    join(pieces, encode(key));
    join(pieces, encode(child));
  }
  return item(pieces, "}");
}

function item(payload: readonly Piece[], tag: string): Piece[] {
  const pieces: Piece[] = [`${lengthOf(payload)}:`];
  join(pieces, payload);
  join(pieces, [tag]);
  return pieces;
}

/** Adds pieces; text beside text becomes one. */
function join(pieces: Piece[], added: readonly Piece[]): void {
  for (const piece of added) {
    const last = pieces.at(-1);
    if (typeof last === "string" && typeof piece === "string") pieces[pieces.length - 1] = last + piece;
    else pieces.push(piece);
  }
}

function lengthOf(pieces: readonly Piece[]): number {
  return pieces.reduce((length, piece) => length + piece.length, 0);
}

function floatText(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function isList(value: TnetValue): value is readonly TnetValue[] {
  return Array.isArray(value);
}
