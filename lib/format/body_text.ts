// The bytes of a body as text: by the declared charset, a byte order mark, else UTF-8 (RFC 9110, 8.3.2).
// Invariant: never throws. The text may hold what is not safe to show.

import { decodeDeclaredText, decodePrintable } from "./decode_text.ts";
import { isTextType, type MediaType } from "./media.ts";

export interface BodyText {
  text: string;
  /** What is wrong with it. */
  notes: string[];
}

/** null when it is not text. `cut`: more would follow. */
export function readText({ type, charset }: MediaType, bytes: Uint8Array, cut: boolean): BodyText | null {
  const label = charset ?? utf16Label(bytes);
  const decoder = label === null ? null : textDecoder(label);
  const notes = label !== null && decoder === null ? [`the charset "${label}" is not known`] : [];
  if (decoder !== null && decoder.encoding !== "utf-8") {
    try {
      return { text: decoder.decode(bytes, { stream: cut }), notes };
    } catch {
      notes.push(`not valid ${decoder.encoding}`);
    }
  }
  if (!isTextType(type) && charset === null) {
    const text = decodePrintable(bytes, cut);
    return text === null ? null : { text, notes };
  }
  const read = decodeDeclaredText(bytes, cut);
  if (read === null) return null;
  if (read.invalid > 0) {
    notes.push(`${read.invalid} ${read.invalid === 1 ? "byte is" : "bytes are"} not valid utf-8`);
  }
  return { text: read.text, notes };
}

function textDecoder(label: string): TextDecoder | null {
  try {
    return new TextDecoder(label, { fatal: true });
  } catch {
    return null;
  }
}

/** The encoding a UTF-16 byte order mark names. */
function utf16Label(bytes: Uint8Array): string | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  return bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : null;
}
