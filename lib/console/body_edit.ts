// A body as it is edited and as it is sent: its content codings taken off, and put on again (RFC 9110, 8.4).
// Invariant: what was decoded is encoded with the same codings in the same order, so that the head stays true.

import { Buffer } from "node:buffer";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { type CapturedBody, decodeBody } from "../flow/body_decode.ts";
import type { Fields } from "../http/fields.ts";

/** A decoded body larger than this is not given to an editor: no editor would thank us for it. Bytes. */
const EDIT_LIMIT = 16 * 1024 * 1024;

export interface EditableBody {
  content: Uint8Array;
  /** What `encode` puts on again, outermost last. */
  codings: readonly string[];
}

/** What a person edits; a string says why it cannot be edited. */
export function editableBody(
  fields: Fields,
  body: CapturedBody & { truncated: boolean },
): EditableBody | string {
  if (body.truncated) return "only part of the body was kept: raise --capture-limit to edit such bodies";
  const { codings, bytes, cut, failure } = decodeBody(fields, body, EDIT_LIMIT);
  // What cannot be decoded, or put on again, is edited as it is.
  if (failure !== null || !codings.every(isEncodable)) return { content: body.bytes(), codings: [] };
  if (cut !== null) return "the decoded body is too large to be edited";
  return { content: bytes, codings };
}

/** The content as it is sent. */
export function encodedBody(content: Uint8Array, codings: readonly string[]): Uint8Array {
  let encoded = content;
  for (const coding of codings) encoded = encode(encoded, coding);
  return encoded;
}

function isEncodable(coding: string): boolean {
  return ["gzip", "x-gzip", "deflate", "br", "zstd", "identity"].includes(coding.toLowerCase());
}

function encode(content: Uint8Array, coding: string): Uint8Array {
  switch (coding.toLowerCase()) {
    case "gzip":
    case "x-gzip":
      return plainBytes(gzipSync(content));
    case "deflate":
      return plainBytes(deflateSync(content));
    case "br":
      return plainBytes(brotliCompressSync(content));
    case "zstd":
      return plainBytes(zstdCompressSync(content));
    default:
      return content;
  }
}

function plainBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
