// Blocks with what the decoder must make of them: fields, or a fault with the rule it broke. What is not said of a row's
// decoder is the default: a table of 4096 bytes, and no limit met.

import { plain, toHex } from "./blocks.ts";
import type { FieldLine } from "./rfc_examples.ts";

export interface DecoderRow {
  name: string;
  rule: string;
  /** Of SETTINGS_HEADER_TABLE_SIZE, acknowledged one after the other before the last block. */
  resizes?: number[];
  maxTableSize?: number;
  /** Blocks that come before, without fault. */
  before?: string[];
  /** In hex. */
  block: string;
}

/** name: value, inserted, in plain strings. */
export const xy = `40${plain("x")}${plain("y")}`;
const get = "82";
const path126 = `04${plain("!".repeat(126))}`;

/** An integer in the continuation of its prefix. */
function continued(value: number): string {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return toHex(Uint8Array.of(...bytes, rest));
}

/** A table size update of at least 31. */
export function update(size: number): string {
  return size < 31 ? toHex(Uint8Array.of(0x20 | size)) : `3f${continued(size - 31)}`;
}

export const goodRows: (DecoderRow & { fields: FieldLine[]; never?: string[] })[] = [
  { name: "an empty block", rule: "RFC 7541, 3.1", block: "", fields: [] },
  {
    name: "order and duplicates are kept",
    rule: "RFC 7541, 3.1",
    block: `${xy}82${xy}be82`,
    fields: [["x", "y"], [":method", "GET"], ["x", "y"], ["x", "y"], [":method", "GET"]],
  },
  {
    name: "the newest entry has the lowest index",
    rule: "RFC 7541, 2.3.3",
    before: [xy],
    block: `40${plain("a")}${plain("b")}bebf`,
    fields: [["a", "b"], ["a", "b"], ["x", "y"]],
  },
  {
    name: "duplicate entries are allowed in the table",
    rule: "RFC 7541, 2.3.2",
    before: [xy + xy],
    block: "bebf",
    fields: [["x", "y"], ["x", "y"]],
  },
  {
    name: "a literal may take its name from the dynamic table",
    rule: "RFC 7541, 6.2.1",
    before: [xy],
    block: `7e${plain("z")}bebf`,
    fields: [["x", "z"], ["x", "z"], ["x", "y"]],
  },
  {
    name: "a literal without indexing leaves the table alone",
    rule: "RFC 7541, 6.2.2",
    before: [xy],
    block: `00${plain("a")}${plain("b")}0f2f${plain("c")}be`,
    fields: [["a", "b"], ["x", "c"], ["x", "y"]],
  },
  {
    name: "a literal never indexed leaves the table alone, and is remembered",
    rule: "RFC 7541, 6.2.3",
    before: [xy],
    block: `10${plain("a")}${plain("b")}1f2f${plain("c")}be`,
    fields: [["a", "b"], ["x", "c"], ["x", "y"]],
    never: ["a", "x"],
  },
  {
    name: "names and values may be empty strings",
    rule: "RFC 7541, 5.2",
    block: "00 00 00 00 80 80 40 00 00",
    fields: [["", ""], ["", ""], ["", ""]],
  },
  {
    name: "any byte may stand in a name or value",
    rule: "RFC 7541, 5.2",
    block: "00 03 0041ff 04 0a0d80fe",
    fields: [["\0A\xff", "\n\r\x80\xfe"]],
  },
  {
    name: "a string may be longer in Huffman code than plain",
    rule: "RFC 7541, 5.2",
    block: "04 87 fffffeffffffef",
    fields: [[":path", "\x12\x12"]],
  },
  {
    name: "an integer may be spelled with more bytes than it needs",
    rule: "RFC 7541, 5.1",
    block: `04 7f 80808000 ${"21".repeat(127)}`,
    fields: [[":path", "!".repeat(127)]],
  },
  {
    name: "the largest value of a prefix",
    rule: "RFC 7541, 5.1",
    block: path126,
    fields: [[":path", "!".repeat(126)]],
  },
  {
    name: "the last index of the dynamic table",
    rule: "RFC 7541, 2.3.3",
    before: [xy.repeat(70)],
    block: `ff${continued(61 + 70 - 127)}`,
    fields: [["x", "y"]],
  },
  {
    name: "a size update alone",
    rule: "RFC 7541, 4.2",
    block: update(100),
    fields: [],
  },
  {
    name: "several size updates at the beginning",
    rule: "RFC 7541, 4.2",
    before: [xy],
    block: update(0) + update(4096) + get,
    fields: [[":method", "GET"]],
  },
  {
    name: "size updates up to the limit",
    rule: "RFC 7541, 6.3",
    maxTableSize: 100,
    block: update(100) + get,
    fields: [[":method", "GET"]],
  },
  {
    name: "a larger limit needs no size update",
    rule: "RFC 7541, 4.2",
    resizes: [8192],
    block: get,
    fields: [[":method", "GET"]],
  },
  {
    name: "a larger limit can be used",
    rule: "RFC 7541, 4.2",
    resizes: [8192],
    block: update(8192) + get,
    fields: [[":method", "GET"]],
  },
  {
    name: "a limit that shrank, kept to",
    rule: "RFC 7541, 4.2",
    resizes: [100],
    block: update(100) + get,
    fields: [[":method", "GET"]],
  },
  {
    name: "a limit that shrank to what is used already needs no size update",
    rule: "RFC 9113, 4.3.1",
    before: [update(100)],
    resizes: [100],
    block: get,
    fields: [[":method", "GET"]],
  },
  {
    name: "a limit that shrank and grew: the smallest, then the last",
    rule: "RFC 7541, 4.2",
    resizes: [100, 4096],
    block: update(100) + update(4096) + get,
    fields: [[":method", "GET"]],
  },
  {
    name: "an update below what is due",
    rule: "RFC 7541, 4.2",
    resizes: [100],
    block: update(0) + update(50) + get,
    fields: [[":method", "GET"]],
  },
];

export const faultRows: DecoderRow[] = [
  { name: "an indexed field with index 0", rule: "RFC 7541, 6.1", block: "80" },
  { name: "an index behind an empty dynamic table", rule: "RFC 7541, 2.3.3", block: "be" },
  {
    name: "an index behind the dynamic table",
    rule: "RFC 7541, 2.3.3",
    before: [xy],
    block: "bf",
  },
  {
    name: "an index of several bytes behind the dynamic table",
    rule: "RFC 7541, 2.3.3",
    before: [xy.repeat(70)],
    block: `ff${continued(61 + 71 - 127)}`,
  },
  { name: "a huge index", rule: "RFC 7541, 2.3.3", block: "ffffffff7f" },
  { name: "a name behind the tables, inserted", rule: "RFC 7541, 2.3.3", block: `7e${plain("y")}` },
  { name: "a name behind the tables, not indexed", rule: "RFC 7541, 2.3.3", block: `0f2f${plain("y")}` },
  { name: "a name behind the tables, never indexed", rule: "RFC 7541, 2.3.3", block: `1f2f${plain("y")}` },
  {
    name: "the index of an entry that was evicted",
    rule: "RFC 7541, 2.3.3",
    before: [xy],
    block: `${update(33)}be`,
  },
  { name: "an integer of too many bytes", rule: "RFC 7541, 5.1", block: "ff8080808001" },
  { name: "an integer of too many bytes that says little", rule: "RFC 7541, 5.1", block: "ff8080808000" },
  { name: "an integer that overflows 32 bits", rule: "RFC 7541, 5.1", block: "ffffffffffff0f" },
  { name: "an integer that never ends", rule: "RFC 7541, 5.1", block: `ff${"80".repeat(1000)}` },
  { name: "a length that overflows", rule: "RFC 7541, 5.1", block: `00 7f ${"ff".repeat(9)}01` },
  { name: "a size update that overflows", rule: "RFC 7541, 5.1", block: "3fffffffff0f" },
  { name: "the block ends in an index", rule: "RFC 7541, 5.1", block: "ff" },
  { name: "the block ends in the middle of an integer", rule: "RFC 7541, 5.1", block: "ff80" },
  { name: "the block ends in a size update", rule: "RFC 7541, 5.1", block: "3f" },
  { name: "the block ends before a name", rule: "RFC 7541, 5.2", block: "40" },
  { name: "the block ends before a value", rule: "RFC 7541, 5.2", block: `40${plain("x")}` },
  { name: "the block ends before the value of a known name", rule: "RFC 7541, 5.2", block: "04" },
  { name: "the block ends in a name", rule: "RFC 7541, 5.2", block: "40026e" },
  { name: "the block ends in a value", rule: "RFC 7541, 5.2", block: `40${plain("x")}026e` },
  { name: "a length of 256 MiB", rule: "RFC 7541, 5.2", block: "047fffffff7f2121" },
  { name: "EOS in a name", rule: "RFC 7541, 5.2", block: `0084ffffffff${plain("y")}` },
  { name: "EOS in a value", rule: "RFC 7541, 5.2", block: "0484fffffffc" },
  { name: "8 bits of padding", rule: "RFC 7541, 5.2", block: "0482f8ff" },
  { name: "nothing but 8 bits of padding", rule: "RFC 7541, 5.2", block: "0481ff" },
  { name: "padding that is not all ones", rule: "RFC 7541, 5.2", block: "048118" },
  {
    name: "wrong padding in a long string",
    rule: "RFC 7541, 5.2",
    block: `04a9${"00".repeat(40)}18`,
  },
  { name: "a size update behind a field", rule: "RFC 7541, 4.2", block: get + update(100) },
  {
    name: "a size update behind another and a field",
    rule: "RFC 7541, 4.2",
    block: update(0) + get + update(100),
  },
  { name: "a size update beyond the limit", rule: "RFC 7541, 6.3", block: update(4097) },
  {
    name: "a size update beyond a limit below the default",
    rule: "RFC 7541, 6.3",
    maxTableSize: 100,
    block: update(101),
  },
  {
    name: "a size update beyond a limit that grew",
    rule: "RFC 7541, 6.3",
    resizes: [8192],
    block: update(8193),
  },
  {
    name: "no size update after the limit shrank",
    rule: "RFC 7541, 4.2",
    resizes: [100],
    block: get,
  },
  { name: "an empty block after the limit shrank", rule: "RFC 7541, 4.2", resizes: [100], block: "" },
  {
    name: "no size update after the limit shrank to 0",
    rule: "RFC 7541, 4.2",
    resizes: [0],
    block: get,
  },
  {
    name: "no size update after the limit shrank and grew again",
    rule: "RFC 7541, 4.2",
    resizes: [100, 4096],
    block: get,
  },
  {
    name: "only the last size after the limit shrank and grew again",
    rule: "RFC 7541, 4.2",
    resizes: [100, 4096],
    block: update(4096) + get,
  },
  {
    name: "more than the smallest after the limit shrank twice",
    rule: "RFC 7541, 4.2",
    resizes: [100, 50, 4096],
    block: update(51) + get,
  },
  {
    name: "more than the smallest after the limit shrank and grew a little",
    rule: "RFC 7541, 4.2",
    resizes: [100, 200],
    block: update(150) + get,
  },
  {
    name: "a size update beyond the limit that shrank",
    rule: "RFC 7541, 6.3",
    resizes: [100],
    block: update(101) + get,
  },
];
