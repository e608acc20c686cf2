// Whether bytes are UTF-8 (RFC 3629; RFC 6455, 8.1), piece by piece: a code point may be split between frames.
// Invariant: a byte that no continuation can make valid is found when it comes, not at the end of the message.

export class Utf8Validator {
  /** Continuation bytes still due. */
  #due = 0;
  /** Between these the next continuation byte must be: overlong forms, surrogates and what is above U+10FFFF are none. */
  #lower = 0x80;
  #upper = 0xbf;

  /** Whether what has come until now ends with a whole code point. */
  get isComplete(): boolean {
    return this.#due === 0;
  }

  /** A new message begins. */
  reset(): void {
    this.#due = 0;
    this.#lower = 0x80;
    this.#upper = 0xbf;
  }

  /** Whether the next bytes can be part of a valid text. After `false` only `reset()` makes sense. */
  push(bytes: Uint8Array): boolean {
    const { length } = bytes;
    let due = this.#due;
    let lower = this.#lower;
    let upper = this.#upper;
    let index = 0;
    while (index < length) {
      const byte = bytes[index] ?? 0;
      if (due > 0) {
        if (byte < lower || byte > upper) return false;
        due--;
        lower = 0x80;
        upper = 0xbf;
        index++;
      } else if (byte < 0x80) {
        index = endOfAscii(bytes, index + 1);
      } else {
        if (byte < 0xc2 || byte > 0xf4) return false;
        due = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
        if (byte === 0xe0) lower = 0xa0;
        else if (byte === 0xed) upper = 0x9f;
        else if (byte === 0xf0) lower = 0x90;
        else if (byte === 0xf4) upper = 0x8f;
        index++;
      }
    }
    this.#due = due;
    this.#lower = lower;
    this.#upper = upper;
    return true;
  }
}

export function isUtf8(bytes: Uint8Array): boolean {
  const validator = new Utf8Validator();
  return validator.push(bytes) && validator.isComplete;
}

/** The first byte from `from` on that is not ASCII, found four bytes at a time. */
function endOfAscii(bytes: Uint8Array, from: number): number {
  const { length } = bytes;
  let index = from;
  while (
    index + 4 <= length &&
    ((bytes[index] ?? 0) | (bytes[index + 1] ?? 0) | (bytes[index + 2] ?? 0) | (bytes[index + 3] ?? 0)) < 0x80
  ) index += 4;
  while (index < length && (bytes[index] ?? 0) < 0x80) index++;
  return index;
}
