// Which view a content gets, and the view: by its declared type where it is what that says, else by what it looks like.
// Invariants: never throws; lines are safe to show and `LINES_TO_MAKE` at most for each part of it.

import type { Fields } from "../http/fields.ts";
import { type BodyText, readText } from "./body_text.ts";
import { expandTabs, splitLines } from "./decode_text.ts";
import { escapeText, escapeWire } from "./escape.ts";
import { formLines } from "./form.ts";
import { grpcLines } from "./grpc.ts";
import { hexDump } from "./hex.ts";
import { imageFacts, imageText, svgText } from "./image_header.ts";
import { indentation } from "./indent.ts";
import { indentCutJson, indentJson } from "./json.ts";
import { indentJsonLines } from "./json_lines.ts";
import { indentMarkup } from "./markup.ts";
import {
  contentTypeParameter,
  isFormType,
  isGrpcType,
  isHtmlType,
  isJsonLinesType,
  isJsonType,
  isMultipartType,
  isProtobufType,
  isXmlType,
  mediaType,
} from "./media.ts";
import { type MultipartPart, splitMultipart } from "./multipart.ts";
import { protobufLines } from "./protobuf.ts";
import { formatSize } from "./units.ts";

export type ContentKind =
  | "text"
  | "json"
  | "json-lines"
  | "form"
  | "html"
  | "xml"
  | "multipart"
  | "image"
  | "protobuf"
  | "grpc"
  | "hex";

export interface ContentView {
  kind: ContentKind;
  lines: string[];
  /** What is wrong with it, and what else a reader must know. Not yet escaped. */
  notes: string[];
}

/** What the views are called where one is named. */
export const CONTENT_NAMES: Readonly<Record<ContentKind, string>> = {
  "text": "text",
  "json": "JSON",
  "json-lines": "JSON lines",
  "form": "form",
  "html": "HTML",
  "xml": "XML",
  "multipart": "multipart",
  "image": "image",
  "protobuf": "protobuf by wire type",
  "grpc": "gRPC",
  "hex": "hex dump",
};

/** Parts that are multipart again may stand in each other so deep. */
const NESTING_LIMIT = 4;

/** Nothing in it needs an escape, once it is cut into lines. */
const SAFE_TEXT = /^[\t\r\n\x20-\x7e]*$/;

interface Content {
  fields: Fields;
  type: string;
  bytes: Uint8Array;
  /** More would follow. */
  cut: boolean;
  maxLines: number;
  depth: number;
}

/** The view of decoded content that came with these fields, of `maxLines` lines at most. `cut`: more would follow. */
export function viewContent(
  fields: Fields,
  bytes: Uint8Array,
  cut: boolean,
  maxLines: number,
  depth = 0,
): ContentView {
  const media = mediaType(fields);
  const content: Content = { fields, type: media.type, bytes, cut, maxLines, depth };
  const binary = viewBinary(content);
  if (binary !== null) return binary;
  const read = readText(media, bytes, cut);
  if (read === null) return viewHex(bytes, maxLines);
  return viewText(content, read);
}

/** As it came: text where it is text, else a hex dump. */
export function viewPlain(fields: Fields, bytes: Uint8Array, cut: boolean, maxLines: number): ContentView {
  const read = readText(mediaType(fields), bytes, cut);
  return read === null ? viewHex(bytes, maxLines) : plainView(read, maxLines);
}

export function viewHex(bytes: Uint8Array, maxLines: number): ContentView {
  return { kind: "hex", lines: hexDump(bytes, maxLines), notes: [] };
}

/** What is not read as text, whatever its bytes; null when it is none of that. */
function viewBinary(content: Content): ContentView | null {
  const { fields, type, bytes, cut, maxLines } = content;
  if (isMultipartType(type)) return viewMultipart(content);
  if (isGrpcType(type)) {
    const grpc = grpcLines(bytes, fields.get("grpc-encoding"), type.endsWith("+json"), maxLines, cut);
    return grpc === null ? null : { kind: "grpc", ...grpc };
  }
  if (isProtobufType(type)) {
    const lines = protobufLines(bytes, maxLines, cut);
    return lines === null ? null : { kind: "protobuf", lines, notes: [] };
  }
  const isImage = type.startsWith("image/");
  if (!isImage && type !== "" && type !== "application/octet-stream") return null;
  const image = imageFacts(bytes, isImage);
  return image === null ? null : { kind: "image", lines: [imageText(image)], notes: [] };
}

function viewText(content: Content, read: BodyText): ContentView {
  const { type, cut, maxLines } = content;
  const { text, notes } = read;
  // A body that says little about itself is tried as JSON: requests of small clients often do not.
  const isUnsaid = type === "" || type === "text/plain";
  if (isJsonType(type) || (isUnsaid && /^\s*[[{]/.test(text))) {
    const lines = indentJson(text, maxLines) ??
      (cut && isJsonType(type) ? indentCutJson(text, maxLines) : null);
    // No line of it holds a TAB; looking at the whole text once is faster than at 65,536 lines.
    if (lines !== null) {
      return { kind: "json", lines: SAFE_TEXT.test(text) ? lines : lines.map(escapeText), notes };
    }
    if (isJsonType(type) && !cut) notes.push("not valid JSON");
  }
  if (isJsonLinesType(type)) {
    const { lines, invalid } = indentJsonLines(text, maxLines, cut);
    if (invalid > 0) notes.push(`${invalid} ${invalid === 1 ? "line is" : "lines are"} not valid JSON`);
    return { kind: "json-lines", lines: escapeLines(lines), notes };
  }
  if (isFormType(type)) return { kind: "form", lines: formLines(text, maxLines), notes };
  const markup = markupKind(type, text);
  if (markup !== null) {
    const html = markup === "html";
    const lines = escapeLines(indentMarkup(text, html, maxLines));
    const svg = html ? null : svgText(text);
    if (svg !== null) notes.push(`SVG image, ${svg}`);
    return { kind: markup, lines, notes };
  }
  return plainView(read, maxLines);
}

/** A text that is said to be HTML and holds no tag is none: a message of a program, whose line ends mean something. */
function markupKind(type: string, text: string): "html" | "xml" | null {
  if (isHtmlType(type)) return /<[a-z!/]/i.test(text) ? "html" : null;
  if (isXmlType(type)) return /^\ufeff?\s*</.test(text) ? "xml" : null;
  if (type !== "") return null;
  if (/^\s*<(?:!doctype html|html)[\s>]/i.test(text)) return "html";
  return text.startsWith("<?xml ") ? "xml" : null;
}

function plainView({ text, notes }: BodyText, maxLines: number): ContentView {
  return { kind: "text", lines: escapeLines(splitLines(text, maxLines)), notes };
}

function escapeLines(lines: string[]): string[] {
  return lines.map((line) => escapeText(expandTabs(line)));
}

/** Each part with a line of ours, its head and its content, both indented: no part can forge another. */
function viewMultipart(content: Content): ContentView | null {
  const { fields, bytes, cut, maxLines, depth } = content;
  const boundary = contentTypeParameter(fields, "boundary");
  if (boundary === null || depth >= NESTING_LIMIT) return null;
  const multipart = splitMultipart(bytes, boundary);
  if (multipart === null) return null;
  const lines: string[] = [];
  for (const [index, part] of multipart.parts.entries()) {
    if (lines.length >= maxLines) break;
    const view = viewContent(part.fields, part.body, !part.complete, maxLines - lines.length, depth + 1);
    if (index > 0) lines.push("");
    lines.push(partHeading(index + 1, part, view));
    for (const [name, value] of part.fields) {
      lines.push(indentation(1) + escapeWire(name) + (value === "" ? ":" : ": ") + escapeWire(value));
    }
    if (part.fields.length > 0 && view.lines.length > 0) lines.push("");
    for (const line of view.lines) lines.push(line === "" ? "" : indentation(1) + line);
  }
  const notes: string[] = [];
  if (multipart.more) notes.push(`cut after ${multipart.parts.length} parts`);
  else if (!cut && multipart.parts.at(-1)?.complete === false) notes.push("the last part has no end");
  return { kind: "multipart", lines, notes };
}

function partHeading(number: number, { body }: MultipartPart, view: ContentView): string {
  const words = body.length === 0 ? ["empty"] : [CONTENT_NAMES[view.kind], formatSize(body.length)];
  return [`part ${number}`, ...words, ...view.notes.map(escapeText)].join(", ");
}
