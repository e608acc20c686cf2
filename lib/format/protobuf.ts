// Protocol Buffers messages by their wire types alone (protobuf.dev, "Encoding"), as a person would write them down:
// no schema is known, so what is a nested message and what a text is guessed.
// Invariants: never throws; lines are safe to show; nesting is bounded, each level is looked over once and shown once.

import { decodeUtf8 } from "./decode_text.ts";
import { escapeText } from "./escape.ts";
import { hexDump } from "./hex.ts";
import { indentation } from "./indent.ts";
import { FieldReader, varintValue, WIRE, type WireField } from "./protobuf_fields.ts";

/** Deeper messages are shown as bytes. */
const NESTING_LIMIT = 24;
/** So many bytes stand on the field's own line, more as a hex dump below it. */
const INLINE_BYTES = 24;

// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x1f\x7f-\x9f]/;
// deno-lint-ignore no-control-regex
const CONTROL_BUT_BLANKS = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/;

/** The fields of a message, `maxLines` lines at most; null when it is none. `cut`: more would follow, so that its end may be missing. */
export function protobufLines(bytes: Uint8Array, maxLines: number, cut: boolean): string[] | null {
  const end = messageEnd(bytes);
  if (end < bytes.length && !(cut && end > 0)) return null;
  const lines: string[] = [];
  addFields(bytes.subarray(0, end), 0, { lines, maxLines });
  return lines;
}

interface Output {
  lines: string[];
  maxLines: number;
}

/** How far the bytes are fields, one behind the other. */
function messageEnd(bytes: Uint8Array): number {
  const reader = new FieldReader(bytes);
  while (reader.next() !== null);
  return reader.offset;
}

function addFields(bytes: Uint8Array, level: number, output: Output): void {
  const reader = new FieldReader(bytes);
  for (let field = reader.next(); field !== null; field = reader.next()) {
    if (output.lines.length >= output.maxLines) return;
    addField(field, bytes.subarray(field.start, field.end), level, output);
  }
}

function addField(field: WireField, content: Uint8Array, level: number, output: Output): void {
  const { lines } = output;
  const start = `${indentation(level)}${field.number}`;
  switch (field.wire) {
    case WIRE.varint:
      lines.push(`${start}: ${varintText(varintValue(content))}`);
      break;
    case WIRE.fixed32:
      lines.push(`${start}: ${fixed32Text(content)}`);
      break;
    case WIRE.fixed64:
      lines.push(`${start}: ${fixed64Text(content)}`);
      break;
    case WIRE.group:
      addNested(`${start}: group`, content, level, output);
      break;
    default:
      addCounted(`${start}:`, content, level, output);
  }
}

/** A field that says how long it is: a text, a message, or bytes (packed numbers among them). */
function addCounted(start: string, content: Uint8Array, level: number, output: Output): void {
  const { lines } = output;
  const text = decodeUtf8(content);
  const isMessage = content.length > 0 && level < NESTING_LIMIT && messageEnd(content) === content.length;
  // A short text often reads as a message too; a message seldom reads as a text unless it holds nothing but texts.
  if (text !== null && !CONTROL.test(text) && !(isMessage && holdsOnlyCounted(content))) {
    lines.push(`${start} ${quoteText(text)}`);
  } else if (isMessage) {
    addNested(start, content, level, output);
  } else if (text !== null && !CONTROL_BUT_BLANKS.test(text)) {
    lines.push(`${start} ${quoteText(text)}`);
  } else if (content.length <= INLINE_BYTES) {
    lines.push(`${start} bytes ${content.toHex().replace(/..(?=.)/g, "$& ")}`);
  } else {
    lines.push(`${start} ${content.length} bytes`);
    const indent = indentation(level + 1);
    for (const line of hexDump(content, output.maxLines - lines.length)) lines.push(indent + line);
  }
}

function addNested(start: string, content: Uint8Array, level: number, output: Output): void {
  output.lines.push(`${start} {`);
  addFields(content, level + 1, output);
  output.lines.push(`${indentation(level)}}`);
}

function holdsOnlyCounted(bytes: Uint8Array): boolean {
  const reader = new FieldReader(bytes);
  for (let field = reader.next(); field !== null; field = reader.next()) {
    if (field.wire !== WIRE.counted || field.start === field.end) return false;
  }
  return true;
}

/** Unsigned; also signed where it is a negative number of 64 bits. */
function varintText(value: bigint): string {
  const signed = BigInt.asIntN(64, value);
  return signed < 0n ? `${value} (${signed})` : `${value}`;
}

function fixed32Text(content: Uint8Array): string {
  const view = new DataView(content.buffer, content.byteOffset, 4);
  const value = view.getUint32(0, true);
  return `fixed32 ${value} (float ${formatFloat(Math.fround(view.getFloat32(0, true)), 7)})`;
}

function fixed64Text(content: Uint8Array): string {
  const view = new DataView(content.buffer, content.byteOffset, 8);
  return `fixed64 ${view.getBigUint64(0, true)} (double ${formatFloat(view.getFloat64(0, true), 17)})`;
}

/** The digits that the type carries, without zeros behind them. */
function formatFloat(value: number, digits: number): string {
  return digits >= 17 || !Number.isFinite(value) ? `${value}` : `${Number(value.toPrecision(digits))}`;
}

function quoteText(text: string): string {
  return `"${escapeText(text.replace(/["\\]/g, "\\$&"))}"`;
}
