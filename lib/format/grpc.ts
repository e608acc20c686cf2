// The messages of a gRPC call, each behind a flag and its length (gRPC over HTTP2, "Length-Prefixed-Message"; gRPC-Web,
// "Protocol differences").
// Invariants: never throws; lines are safe to show; how many messages are shown and decompressed is bounded, and what
// they hold together by the limit of one view.

import { decodeBody, VIEW_LIMIT } from "../flow/body_decode.ts";
import { Fields } from "../http/fields.ts";
import { decodePrintable, splitLines } from "./decode_text.ts";
import { escapeText } from "./escape.ts";
import { hexDump } from "./hex.ts";
import { indentation } from "./indent.ts";
import { indentJson } from "./json.ts";
import { protobufLines } from "./protobuf.ts";

/** How many messages of one body are shown: each may cost a decompressor. */
const MESSAGE_LIMIT = 1000;
const PREFIX_LENGTH = 5;
const COMPRESSED = 0x01;
/** gRPC-Web: the message is the trailers, as text. */
const TRAILERS = 0x80;

export interface GrpcLines {
  lines: string[];
  notes: string[];
}

interface Content {
  bytes: Uint8Array;
  /** "gzip: 40 bytes hold 120 bytes" */
  heading: string;
  /** Not all of it is there. */
  cut: boolean;
  /** It could not be decompressed. */
  coded: boolean;
}

/** `coding`: the grpc-encoding; null for none. `json`: the messages are JSON. `cut`: more would follow. null when it is no such body. */
export function grpcLines(
  bytes: Uint8Array,
  coding: string | null,
  json: boolean,
  maxLines: number,
  cut: boolean,
): GrpcLines | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lines: string[] = [];
  const notes: string[] = [];
  let room = VIEW_LIMIT;
  let offset = 0;
  for (let number = 1; offset < bytes.length && lines.length < maxLines; number++) {
    if (number > MESSAGE_LIMIT) {
      notes.push(`cut after ${MESSAGE_LIMIT} messages`);
      break;
    }
    if (bytes.length - offset < PREFIX_LENGTH) {
      if (!cut) notes.push("the last message has no length");
      break;
    }
    const flags = view.getUint8(offset);
    if ((flags & ~(COMPRESSED | TRAILERS)) !== 0) return null;
    const length = view.getUint32(offset + 1);
    offset += PREFIX_LENGTH;
    const message = bytes.subarray(offset, offset + length);
    offset += length;
    const isCompressed = (flags & COMPRESSED) !== 0;
    const content = isCompressed ? decompress(message, coding, length, room) : {
      bytes: message,
      heading: countBytes(length),
      cut: message.length < length,
      coded: false,
    };
    room = Math.max(0, room - content.bytes.length);
    const what = (flags & TRAILERS) === 0 ? "message" : "trailers";
    const there = message.length < length ? `, the first ${countBytes(message.length)} of it` : "";
    lines.push(`${what} ${number}, ${escapeText(content.heading)}${there}`);
    const isText = what === "trailers";
    for (const line of contentLines(content, isText, json, maxLines - lines.length)) {
      lines.push(indentation(1) + line);
    }
  }
  return { lines, notes };
}

function decompress(message: Uint8Array, coding: string | null, length: number, room: number): Content {
  const asCame = (why: string): Content => {
    return {
      bytes: message.subarray(0, room),
      heading: `${countBytes(length)}, ${why}`,
      cut: true,
      coded: true,
    };
  };
  if (coding === null) return asCame("compressed, but nothing says how");
  const capture = { bytes: () => message, length, truncated: message.length < length };
  // gRPC names its codings as HTTP does; "deflate" is zlib for both.
  const decoded = decodeBody(Fields.of(["content-encoding", coding]), capture, room);
  if (decoded.failure !== null) return asCame(decoded.failure);
  const part = decoded.cut === null ? "" : "the first ";
  const heading = `${coding}: ${countBytes(length)} hold ${part}${countBytes(decoded.bytes.length)}`;
  return { bytes: decoded.bytes, heading, cut: decoded.cut !== null, coded: false };
}

function contentLines(content: Content, isText: boolean, json: boolean, maxLines: number): string[] {
  const { bytes, cut, coded } = content;
  if (coded) return hexDump(bytes, maxLines);
  if (!isText && !json) return protobufLines(bytes, maxLines, cut) ?? hexDump(bytes, maxLines);
  const text = decodePrintable(bytes, cut);
  if (text === null) return hexDump(bytes, maxLines);
  const lines = (isText ? null : indentJson(text, maxLines)) ?? splitLines(text, maxLines);
  return lines.map(escapeText);
}

function countBytes(count: number): string {
  return count === 1 ? "1 byte" : `${count} bytes`;
}
