// Encodes header blocks of one direction of a connection (RFC 7541, 3 and 6).
// Invariants: the table changes only as the block says it does, so a decoder that is given every finished block in order
// has the same; what is written decodes to the very names and values given.

import { latin1EncodeInto } from "../bytes/latin1.ts";
import { DEFAULT_TABLE_SIZE, type DynamicTableView, ENTRY_OVERHEAD } from "./dynamic_table.ts";
import type { FieldSink } from "./header_block.ts";
import { huffmanEncodeInto, huffmanLength } from "./huffman_encode.ts";
import { knownNames, largestEntry } from "./indexing_policy.ts";
import { SearchableTable } from "./searchable_table.ts";
import { STATIC_LENGTH } from "./static_table.ts";

export class HpackEncoder implements FieldSink {
  readonly #maxTableSize: number;
  readonly #table = new SearchableTable(DEFAULT_TABLE_SIZE);
  /** What the table is to be from the next block on, and the smallest it was to be since the last. */
  #tableSize: number;
  #smallest: number;
  #largestEntry = 0;
  #isOpen = false;
  #block: Uint8Array = new Uint8Array(FIRST_SIZE);
  #at = 0;

  /** `maxTableSize`: the most of the peer's table, in bytes, that is used. */
  constructor(maxTableSize: number) {
    this.#maxTableSize = maxTableSize;
    // RFC 9113, 6.5.2: what the peer starts from.
    this.#tableSize = this.#smallest = Math.min(maxTableSize, DEFAULT_TABLE_SIZE);
  }

  /** The dynamic table, to look at. A change of its size shows once a block has begun. */
  get table(): DynamicTableView {
    return this.#table;
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE, in bytes: told with the next block (RFC 7541, 4.2). */
  setTableLimit(size: number): void {
    this.#tableSize = Math.min(size, this.#maxTableSize);
    this.#smallest = Math.min(this.#smallest, this.#tableSize);
  }

  /** Appends a field to the block. `name` and `value` are byte-true: no character above U+00FF. */
  field(name: string, value: string, neverIndexed: boolean): void {
    if (!this.#isOpen) this.#begin();
    const size = name.length + value.length + ENTRY_OVERHEAD;
    this.#reserve(size);
    const known = knownNames.get(name);
    if (known !== undefined && !neverIndexed) {
      const { index, values } = known;
      for (let at = 0; at < values.length; at++) {
        if (values[at] === value) return this.#integer(0x80, 0x7f, index + at);
      }
    }
    const isFleeting = known !== undefined && known.isFleeting;
    // What is fleeting was never put there.
    const found = isFleeting ? 0 : this.#table.search(name, value);
    // RFC 7541, 6.1; what is never indexed stays a literal, for all who pass it on: RFC 7541, 6.2.3
    if (found > 0 && !neverIndexed) return this.#integer(0x80, 0x7f, STATIC_LENGTH + found);

    let nameIndex = known === undefined ? 0 : known.index;
    if (nameIndex === 0 && found !== 0) nameIndex = STATIC_LENGTH + Math.abs(found);
    if (neverIndexed) this.#integer(0x10, 0x0f, nameIndex);
    else if (isFleeting || size > this.#largestEntry) this.#integer(0x00, 0x0f, nameIndex);
    else {
      this.#integer(0x40, 0x3f, nameIndex);
      this.#table.insert(name, value);
    }
    if (nameIndex === 0) this.#string(name);
    this.#string(value);
  }

  /** The block; a view, valid until the next `field()`. Without fields it is empty, and a due size update waits. */
  finish(): Uint8Array {
    const block = this.#block.subarray(0, this.#at);
    if (block.length > KEPT_SIZE) this.#block = new Uint8Array(FIRST_SIZE);
    this.#at = 0;
    this.#isOpen = false;
    return block;
  }

  /** RFC 7541, 4.2: the smallest size since the last block, and the final one. */
  #begin(): void {
    this.#isOpen = true;
    if (this.#smallest < this.#table.maxSize) this.#update(this.#smallest);
    if (this.#tableSize !== this.#table.maxSize) this.#update(this.#tableSize);
    this.#smallest = this.#tableSize;
    this.#largestEntry = largestEntry(this.#tableSize);
  }

  /** RFC 7541, 6.3 */
  #update(size: number): void {
    this.#integer(0x20, 0x1f, size);
    this.#table.setMaxSize(size);
  }

  /** RFC 7541, 5.1: behind the bits `pattern`, with a prefix whose bits are `prefix`. */
  #integer(pattern: number, prefix: number, value: number): void {
    if (value < prefix) {
      this.#block[this.#at++] = pattern | value;
      return;
    }
    this.#block[this.#at++] = pattern | prefix;
    let rest = value - prefix;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#block[this.#at++] = (rest & 0x7f) | 0x80;
    this.#block[this.#at++] = rest;
  }

  /** RFC 7541, 5.2: in Huffman code when that is shorter. */
  #string(text: string): void {
    const coded = huffmanLength(text);
    if (coded < text.length) {
      this.#integer(0x80, 0x7f, coded);
      this.#at = huffmanEncodeInto(text, this.#block, this.#at);
    } else {
      this.#integer(0x00, 0x7f, text.length);
      this.#at = latin1EncodeInto(text, this.#block, this.#at);
    }
  }

  /** Room for a field of that size: its 32 bytes of overhead are more than its integers and two size updates take. */
  #reserve(size: number): void {
    const need = this.#at + size;
    if (need <= this.#block.length) return;
    const grown = new Uint8Array(Math.max(need, this.#block.length * 2));
    grown.set(this.#block.subarray(0, this.#at));
    this.#block = grown;
  }
}

/** Most blocks are smaller. */
const FIRST_SIZE = 512;
/** A larger buffer is let go with its block. */
const KEPT_SIZE = 16 * 1024;
