// Bodies and name-value pairs as HAR has them (HAR 1.2, content, postData, queryString).
// Invariants: never throws; the text gives the content back, byte for byte: as UTF-8, or as base64 where it is not that;
// where something is missing, `comment` says so; what one body takes is bounded by `CONTENT_LIMIT`.

import { Buffer } from "node:buffer";
import { type CapturedBody, decodeBody } from "../flow/body_decode.ts";
import type { Fields } from "../http/fields.ts";
import { utf8Text, wireText } from "./wire_text.ts";

export interface HarContent {
  size: number;
  /** Bytes saved by the content coding. */
  compression?: number;
  mimeType: string;
  /** Not there when nothing was captured. */
  text?: string;
  encoding?: "base64";
  comment?: string;
}

export interface HarPostData {
  mimeType: string;
  params: HarPair[];
  text?: string;
  /** Not in HAR 1.2, which knows no binary requests; readers that know it spell it so. */
  encoding?: "base64";
  comment?: string;
}

export interface HarPair {
  name: string;
  value: string;
}

/** How much of one body is decoded, in bytes: a captured body of text with a good coding, and no bomb. */
export const CONTENT_LIMIT = 32 * 1024 * 1024;

/** The body of a response. `limit` in bytes. */
export function harContent(fields: Fields, body: CapturedBody, limit = CONTENT_LIMIT): HarContent {
  const { bytes, text, coded, whole } = readContent(fields, body, limit);
  const content: HarContent = {
    size: coded ? bytes.length : body.length,
    mimeType: mimeType(fields),
    ...text,
  };
  if (coded && whole) content.compression = bytes.length - body.length;
  return content;
}

/** The body of a request; null when it had none. */
export function harPostData(fields: Fields, body: CapturedBody, limit = CONTENT_LIMIT): HarPostData | null {
  if (body.length === 0) return null;
  const { text } = readContent(fields, body, limit);
  const type = mimeType(fields);
  const isForm = /^application\/x-www-form-urlencoded[ \t]*(?:;|$)/i.test(type);
  const params = isForm && text.encoding === undefined ? formPairs(text.text ?? "") : [];
  return { mimeType: type, params, ...text };
}

/** The pairs of a target's query, decoded. `target` is byte-true. */
export function queryPairs(target: string): HarPair[] {
  const query = /\?([^#]*)/.exec(target);
  return formPairs(wireText(query?.[1] ?? ""));
}

/** WHATWG URL, 5.1; text that is not UTF-8 when decoded stays as each byte's own character. */
function formPairs(text: string): HarPair[] {
  const pairs: HarPair[] = [];
  for (const pair of text.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const end = equals < 0 ? pair.length : equals;
    pairs.push({ name: decodeForm(pair.slice(0, end)), value: decodeForm(pair.slice(end + 1)) });
  }
  return pairs;
}

function decodeForm(text: string): string {
  const decoded = text.replaceAll("+", " ").replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => {
    const bytes = run.slice(1).split("%").map((hex) => String.fromCharCode(parseInt(hex, 16)));
    return wireText(bytes.join(""));
  });
  return decoded;
}

type TextParts = Pick<HarContent, "text" | "encoding" | "comment">;

interface ReadContent {
  bytes: Uint8Array;
  text: TextParts;
  /** Whether a content coding was taken off. */
  coded: boolean;
  /** Nothing of it is missing. */
  whole: boolean;
}

function readContent(fields: Fields, body: CapturedBody, limit: number): ReadContent {
  const { bytes, codings, cut, failure } = decodeBody(fields, body, limit);
  const parts: TextParts = {};
  const captured = body.bytes().length;
  if (captured > 0 || body.length === 0) {
    const text = utf8Text(bytes, cut !== null);
    parts.text = text ?? base64(bytes);
    if (text === null) parts.encoding = "base64";
  }
  const comments: string[] = [];
  if (failure !== null) comments.push(`as it came: ${wireText(failure)}`);
  if (body.truncated) comments.push(`only the first ${captured} of ${body.length} bytes were captured`);
  if (cut === "limit") comments.push(`cut at ${bytes.length} bytes`);
  if (cut === "ended" && !body.truncated) comments.push("the coded data ends too early");
  if (comments.length > 0) parts.comment = comments.join("; ");
  return { bytes, text: parts, coded: codings.length > 0, whole: cut === null };
}

function mimeType(fields: Fields): string {
  return wireText(fields.get("content-type") ?? "");
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}
