// What the tests of HPACK share: blocks from hex and from fields, and tables as lists.

import assert from "node:assert/strict";
import { latin1Encode } from "../../lib/bytes/latin1.ts";
import { HpackDecoder, type HpackDecoderOptions } from "../../lib/hpack/decoder.ts";
import type { DynamicTableView } from "../../lib/hpack/dynamic_table.ts";
import type { HpackEncoder } from "../../lib/hpack/encoder.ts";
import type { HeaderBlock, HpackFault } from "../../lib/hpack/header_block.ts";
import type { FieldLine } from "./rfc_examples.ts";

/** Bytes of hex digits with blanks between; of anything else it throws. */
export function hex(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.replaceAll(" ", "");
  assert.match(digits, /^([0-9a-f]{2})*$/);
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A length and a plain string of up to 126 bytes, in hex. */
export function plain(text: string): string {
  assert.ok(text.length < 127);
  return toHex(Uint8Array.of(text.length)) + toHex(latin1Encode(text));
}

export function newDecoder(options: Partial<HpackDecoderOptions> = {}): HpackDecoder {
  return new HpackDecoder({ maxTableSize: 4096, maxListSize: 65_536, maxFields: 500, ...options });
}

/** The block, or a failed test. */
export function blockOf(result: HeaderBlock | HpackFault): HeaderBlock {
  assert.equal(result.kind, "block", JSON.stringify(result));
  return result as HeaderBlock;
}

/** The fault, or a failed test. */
export function faultOf(result: HeaderBlock | HpackFault): HpackFault {
  assert.equal(result.kind, "fault", JSON.stringify(result));
  return result as HpackFault;
}

export function pairs(list: readonly string[]): FieldLine[] {
  const lines: FieldLine[] = [];
  for (let index = 0; index < list.length; index += 2) lines.push([list[index]!, list[index + 1]!]);
  return lines;
}

/** The entries, newest first. */
export function entries(table: DynamicTableView): FieldLine[] {
  return Array.from({ length: table.length }, (_, at) => [table.name(at + 1), table.value(at + 1)]);
}

/** RFC 7541, 4.1 */
export function sizeOf(fields: readonly FieldLine[]): number {
  return fields.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
}

/** A copy of the block of `fields`; those called `never` are never indexed. */
export function encode(
  encoder: HpackEncoder,
  fields: readonly FieldLine[],
  never: readonly string[] = [],
): Uint8Array {
  for (const [name, value] of fields) encoder.field(name, value, never.includes(name));
  return encoder.finish().slice();
}
