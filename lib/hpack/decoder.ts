// Decodes header blocks of one direction of a connection (RFC 7541, 3 and 6).
// Invariants: nothing a peer sends throws; work is linear in the block (each byte of Huffman code once, each field a
// constant); what is kept of a block is bounded by `maxListSize` and `maxFields`, and the table by its size, however
// much the block refers to; the table is right after every block that is not a fault, also a truncated one.

import { latin1Decode } from "../bytes/latin1.ts";
import { DEFAULT_TABLE_SIZE, DynamicTable, type DynamicTableView, ENTRY_OVERHEAD } from "./dynamic_table.ts";
import type { HeaderBlock, HpackFault } from "./header_block.ts";
import { BAD_PADDING, decodedLimit, HAS_EOS, huffmanDecodeInto } from "./huffman_decode.ts";
import { knownString, rememberString, SHORT_LITERAL } from "./short_strings.ts";
import { STATIC_LENGTH, staticNames, staticValues } from "./static_table.ts";

export interface HpackDecoderOptions {
  /** SETTINGS_HEADER_TABLE_SIZE, in bytes, as the peer knows it from the start: its default is 4096. */
  maxTableSize: number;
  /** The most a kept list may count, as RFC 7541, 4.1 measures. */
  maxListSize: number;
  /** The most fields kept. */
  maxFields: number;
}

export class HpackDecoder {
  readonly #maxListSize: number;
  readonly #maxFields: number;
  readonly #table: DynamicTable;
  /** What a size update may say at most. */
  #limit: number;
  /** The next block must begin with a size update of at most this; -1: it need not. */
  #dueUpdate = -1;
  /** The first fault: the table is lost for good. */
  #fault: HpackFault | null = null;

  // The block under way.
  #block: Uint8Array = NOTHING;
  #at = 0;
  #list: string[] = [];
  #neverIndexed: Set<string> | null = null;
  #size = 0;
  #truncated = false;
  /** Of the string read last, also when it was not kept. */
  #textLength = 0;

  constructor({ maxTableSize, maxListSize, maxFields }: HpackDecoderOptions) {
    this.#maxListSize = maxListSize;
    this.#maxFields = maxFields;
    this.#limit = maxTableSize;
    // RFC 7541, 4.2: it grows when the encoder says so.
    this.#table = new DynamicTable(Math.min(maxTableSize, DEFAULT_TABLE_SIZE));
  }

  /** The dynamic table, to look at. */
  get table(): DynamicTableView {
    return this.#table;
  }

  /** The peer has acknowledged SETTINGS_HEADER_TABLE_SIZE: a size in bytes. */
  setMaxTableSize(size: number): void {
    this.#limit = size;
    // RFC 7541, 4.2: of several changes the encoder says the smallest.
    const before = this.#dueUpdate < 0 ? this.#table.maxSize : this.#dueUpdate;
    if (size < before) this.#dueUpdate = size;
  }

  /** Decodes one whole header block. It is borrowed for the call. After a fault every call gives that fault. */
  decode(block: Uint8Array): HeaderBlock | HpackFault {
    if (this.#fault !== null) return this.#fault;
    this.#block = block;
    this.#at = 0;
    this.#list = [];
    this.#neverIndexed = null;
    this.#size = 0;
    this.#truncated = false;
    this.#readUpdates();
    while (this.#at < block.length && this.#fault === null) this.#readField();
    this.#block = NOTHING;
    if (this.#fault !== null) return this.#fault;
    const list = this.#list;
    this.#list = [];
    return {
      kind: "block",
      list,
      neverIndexed: this.#neverIndexed,
      size: this.#size,
      truncated: this.#truncated,
    };
  }

  /** RFC 7541, 4.2: size updates stand at the beginning of a block. */
  #readUpdates(): void {
    let first = this.#block[this.#at] ?? 0;
    while ((first & 0xe0) === 0x20) {
      const size = this.#integer(0x1f);
      if (size < 0) return;
      if (size > this.#limit) {
        const message = `The table is set to ${size} bytes, more than the ${this.#limit} allowed`;
        return this.#fail(message, "RFC 7541, 6.3");
      }
      if (this.#dueUpdate >= 0) {
        if (size > this.#dueUpdate) return this.#failDue();
        this.#dueUpdate = -1;
      }
      this.#table.setMaxSize(size);
      first = this.#block[this.#at] ?? 0;
    }
    if (this.#dueUpdate >= 0) this.#failDue();
  }

  #readField(): void {
    const first = this.#block[this.#at] ?? 0;
    if (first >= 0x80) {
      // RFC 7541, 6.1
      const index = this.#integer(0x7f);
      if (index === 0) return this.#fail("An indexed field with index 0", "RFC 7541, 6.1");
      if (!this.#isKnown(index)) return;
      const name = this.#nameAt(index);
      const value = index <= STATIC_LENGTH
        ? staticValues[index] ?? ""
        : this.#table.value(index - STATIC_LENGTH);
      this.#take(name, value, name.length + value.length + ENTRY_OVERHEAD, false);
    } else if (first >= 0x40) {
      this.#readLiteral(0x3f, true, false);
    } else if (first >= 0x20) {
      this.#fail("A table size update behind a field", "RFC 7541, 4.2");
    } else {
      this.#readLiteral(0x0f, false, first >= 0x10);
    }
  }

  /** RFC 7541, 6.2 */
  #readLiteral(prefix: number, isInserted: boolean, isNeverIndexed: boolean): void {
    // What fits neither the list nor the table is read, and not made into a string.
    let room = this.#truncated ? -1 : this.#maxListSize - this.#size - ENTRY_OVERHEAD;
    if (isInserted) room = Math.max(room, this.#table.maxSize - ENTRY_OVERHEAD);

    const index = this.#integer(prefix);
    if (index !== 0 && !this.#isKnown(index)) return;
    const name = index === 0 ? this.#string(room) : this.#nameAt(index);
    if (this.#fault !== null) return;
    const nameLength = index === 0 ? this.#textLength : name.length;
    const value = this.#string(room - nameLength);
    if (this.#fault !== null) return;

    const size = nameLength + this.#textLength + ENTRY_OVERHEAD;
    if (isInserted) {
      // RFC 7541, 4.4: one too large empties the table.
      if (size > this.#table.maxSize) this.#table.clear();
      else this.#table.insert(name, value);
    }
    this.#take(name, value, size, isNeverIndexed);
  }

  /** Keeps a field, unless it is beyond a limit. */
  #take(name: string, value: string, size: number, isNeverIndexed: boolean): void {
    this.#size += size;
    if (this.#size > this.#maxListSize || this.#list.length >= this.#maxFields * 2) {
      // For good: neither gets smaller.
      this.#truncated = true;
      return;
    }
    this.#list.push(name, value);
    if (isNeverIndexed) (this.#neverIndexed ??= new Set()).add(name);
  }

  /** RFC 7541, 2.3.3: whether there is an entry of that index; a fault if not. */
  #isKnown(index: number): boolean {
    if (index < 0) return false;
    if (index <= STATIC_LENGTH + this.#table.length) return true;
    const entries = this.#table.length;
    this.#fail(
      `Index ${index} is beyond the tables, which end at ${STATIC_LENGTH + entries}`,
      "RFC 7541, 2.3.3",
    );
    return false;
  }

  #nameAt(index: number): string {
    return index <= STATIC_LENGTH ? staticNames[index] ?? "" : this.#table.name(index - STATIC_LENGTH);
  }

  /** RFC 7541, 5.1, with a prefix whose bits are `prefix`; -1 after a fault. */
  #integer(prefix: number): number {
    const block = this.#block;
    let value = (block[this.#at++] ?? 0) & prefix;
    if (value < prefix) return value;
    for (let shift = 0; shift < INTEGER_BITS; shift += 7) {
      const byte = block[this.#at];
      if (byte === undefined) {
        this.#fail("The block ends inside an integer", "RFC 7541, 5.1");
        return -1;
      }
      this.#at++;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    this.#fail("An integer of too many bytes", "RFC 7541, 5.1");
    return -1;
  }

  /** RFC 7541, 5.2: a string, or "" when it is longer than `room`; `#textLength` is its length. */
  #string(room: number): string {
    const block = this.#block;
    const first = block[this.#at];
    if (first === undefined) {
      this.#fail("The block ends where a string must be", "RFC 7541, 5.2");
      return "";
    }
    const isCoded = first >= 0x80;
    const length = this.#integer(0x7f);
    if (length < 0) return "";
    const start = this.#at;
    const end = start + length;
    if (end > block.length) {
      this.#fail("A string is longer than the block", "RFC 7541, 5.2");
      return "";
    }
    this.#at = end;
    if (length === 0 || length > SHORT_LITERAL) return this.#text(start, end, isCoded, room);
    const known = knownString(block, start, end, isCoded);
    if (known !== null) {
      this.#textLength = known.length;
      return known;
    }
    const text = this.#text(start, end, isCoded, Infinity);
    if (this.#fault === null) rememberString(block, start, end, isCoded, text);
    return text;
  }

  /** As `#string`, of the literal at `[start, end)`. */
  #text(start: number, end: number, isCoded: boolean, room: number): string {
    if (!isCoded) {
      this.#textLength = end - start;
      return this.#textLength > room ? "" : latin1Decode(this.#block, start, end);
    }
    const scratch = scratchOf(decodedLimit(end - start));
    const length = huffmanDecodeInto(this.#block, start, end, scratch);
    if (length === HAS_EOS) this.#fail("A Huffman-coded string has EOS in it", "RFC 7541, 5.2");
    else if (length === BAD_PADDING) {
      const message = "A Huffman-coded string is not padded with less than 8 bits of ones";
      this.#fail(message, "RFC 7541, 5.2");
    }
    this.#textLength = length;
    return length < 0 || length > room ? "" : latin1Decode(scratch, 0, length);
  }

  #failDue(): void {
    this.#fail(
      `The block does not begin with the due size update to at most ${this.#dueUpdate} bytes`,
      "RFC 7541, 4.2",
    );
  }

  #fail(message: string, rule: string): void {
    this.#fault ??= { kind: "fault", message, rule };
  }
}

const NOTHING = new Uint8Array(0);

/** RFC 7541, 5.1: what we take of an integer beyond its prefix. 28 bits: no index, length or table here comes near. */
const INTEGER_BITS = 28;

/** Where Huffman code is decoded to; longer strings get room of their own. One for all: no decoding is inside another. */
const sharedScratch = new Uint8Array(16 * 1024);

function scratchOf(size: number): Uint8Array {
  return size <= sharedScratch.length ? sharedScratch : new Uint8Array(size);
}
