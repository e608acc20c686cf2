// Byte-true strings: each character is one byte, U+0000 to U+00FF. What HTTP heads are kept as.
// `TextDecoder("latin1")` is windows-1252 and loses bytes 0x80-0x9F, so it is not used here.
// Invariant: latin1Encode(latin1Decode(bytes)) equals bytes, for any bytes.

const asciiDecoder = new TextDecoder("utf-8");
const asciiEncoder = new TextEncoder();

/** Below this a plain loop is faster than a call into the runtime. */
const LOOP_LIMIT = 24;
/** `String.fromCharCode` takes its arguments on the stack: bounded pieces. */
const PIECE = 4096;

/** Bytes `[start, end)` as a byte-true string. The bytes are copied. */
export function latin1Decode(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  const length = end - start;
  if (length <= 0) return "";
  if (length <= LOOP_LIMIT) {
    let text = "";
    for (let index = start; index < end; index++) text += String.fromCharCode(bytes[index] ?? 0);
    return text;
  }
  const view = bytes.subarray(start, end);
  for (let index = 0; index < length; index++) {
    if ((view[index] ?? 0) >= 0x80) return decodePieces(view);
  }
  return asciiDecoder.decode(view);
}

/** Bytes `[start, end)`, all of them below 0x80, as a string: for who has looked at each byte already. The bytes are copied. */
export function asciiDecode(bytes: Uint8Array, start: number, end: number): string {
  return asciiDecoder.decode(bytes.subarray(start, end));
}

/** A byte-true string as bytes, in a new buffer. Characters above U+00FF lose their high bits: not byte-true. */
export function latin1Encode(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  latin1EncodeInto(text, bytes, 0);
  return bytes;
}

/** Writes a byte-true string at `offset`; `target` must have `text.length` bytes of room there. Returns the offset after it. */
export function latin1EncodeInto(text: string, target: Uint8Array, offset: number): number {
  const length = text.length;
  if (length > LOOP_LIMIT) {
    const { read, written } = asciiEncoder.encodeInto(text, target.subarray(offset, offset + length));
    if (read === length && written === length) return offset + length;
  }
  for (let index = 0; index < length; index++) target[offset + index] = text.charCodeAt(index);
  return offset + length;
}

function decodePieces(view: Uint8Array): string {
  let text = "";
  for (let index = 0; index < view.length; index += PIECE) {
    text += String.fromCharCode(...view.subarray(index, index + PIECE));
  }
  return text;
}
