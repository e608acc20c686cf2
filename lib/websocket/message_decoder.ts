// The content of the messages of one direction: unmasked, decompressed, and checked to be UTF-8 where it is text
// (RFC 6455, 5.3 and 8.1; RFC 7692, 7.2.2). Pulled piece by piece.
// Invariants: pure, never throws on what a peer sends; a byte that makes a text invalid is told with the piece it
// stands in; after a fault nothing more may be pushed.

import type { DirectionParameters } from "./extensions.ts";
import type { WebSocketFault } from "./fault.ts";
import { Inflater } from "./inflater.ts";
import { applyMask } from "./mask.ts";
import type { MessageType } from "./opcodes.ts";
import { Utf8Validator } from "./utf8.ts";

/** Payloads are unmasked into this, shared by all: what it holds is used before the next push. */
let scratch = new Uint8Array(0);

export class MessageDecoder {
  readonly #deflate: DirectionParameters | null;
  /** Made with the first compressed message: most directions have none. */
  #inflater: Inflater | null = null;
  readonly #utf8 = new Utf8Validator();
  #isText = false;
  #isCompressed = false;
  #isInvalid = false;
  /** What was pushed, unmasked; null once it was pulled. */
  #plain: Uint8Array | null = null;

  constructor(deflate: DirectionParameters | null) {
    this.#deflate = deflate;
  }

  /** Whether the message is text and has proved not to be UTF-8. It can be gone on with. */
  get isInvalidText(): boolean {
    return this.#isInvalid;
  }

  begin(type: MessageType, compressed: boolean): void {
    this.#isText = type === "text";
    this.#isCompressed = compressed;
    this.#isInvalid = false;
    this.#plain = null;
    this.#utf8.reset();
    if (!compressed || this.#deflate === null) return;
    this.#inflater ??= new Inflater(this.#deflate.windowBits, this.#deflate.contextTakeover);
    this.#inflater.begin();
  }

  /**
   * The next bytes of the message, `offset` bytes into their frame: borrowed until `pull()` has returned null, or
   * `settle()` was called. Returns them unmasked, a view that is valid until the next push of any decoder.
   */
  push(data: Uint8Array, maskKey: number, offset: number): Uint8Array {
    const unmasked = withoutMask(data, maskKey, offset);
    if (this.#isCompressed) this.#inflater?.push(unmasked);
    else this.#plain = unmasked;
    return unmasked;
  }

  /** Copies what was pushed and not pulled yet: the pulling goes on in a later turn. */
  settle(): void {
    if (this.#isCompressed) this.#inflater?.settle();
    else if (this.#plain !== null) this.#plain = this.#plain.slice();
  }

  /** The message has been pushed and pulled to its end: what is left of it can be pulled. */
  finish(): void {
    if (this.#isCompressed) this.#inflater?.finish();
  }

  /** The next piece of content, a view that is valid until the next call of any decoder. */
  pull(): Uint8Array | WebSocketFault | null {
    const piece = this.#isCompressed ? this.#inflater?.pull() ?? null : this.#plain;
    this.#plain = null;
    if (piece === null || !(piece instanceof Uint8Array)) return piece;
    if (this.#isText && !this.#isInvalid && !this.#utf8.push(piece)) this.#isInvalid = true;
    return piece;
  }

  /** All has been pulled: a text must not end within a code point. */
  end(): void {
    if (this.#isText && !this.#utf8.isComplete) this.#isInvalid = true;
  }
}

/** RFC 6455, 8.1. */
export function invalidText(): WebSocketFault {
  const message = "A text message that is not UTF-8";
  return { closeCode: 1007, code: "invalid-utf8", message, rule: "RFC 6455, 8.1" };
}

function withoutMask(data: Uint8Array, maskKey: number, offset: number): Uint8Array {
  if (maskKey === 0) return data;
  if (scratch.length < data.length) scratch = new Uint8Array(data.length);
  const copy = scratch.subarray(0, data.length);
  copy.set(data);
  applyMask(copy, maskKey, offset);
  return copy;
}
