// The dynamic table of one direction (RFC 7541, 2.3.2 and 4): a ring, newest entry first.
// Invariants: `size` never exceeds `maxSize`; strings of entries that are gone are not held.

/** RFC 7541, 4.1: what an entry counts beyond its name and value. */
export const ENTRY_OVERHEAD = 32;
/** The size both sides start from: RFC 9113, 6.5.2. */
export const DEFAULT_TABLE_SIZE = 4096;

/** A table that is only looked at. */
export interface DynamicTableView {
  /** Entries. */
  readonly length: number;
  /** RFC 7541, 4.1 */
  readonly size: number;
  readonly maxSize: number;
  /** Of entry `index`: 1 is the newest, `length` the oldest. */
  name(index: number): string;
  value(index: number): string;
}

/** A first ring this small keeps an idle connection cheap; typical tables have 10 to 40 entries. */
const FIRST_CAPACITY = 16;

export class DynamicTable implements DynamicTableView {
  #names: string[] = [];
  #values: string[] = [];
  /** Slots in the ring; a power of two, or 0. */
  #capacity = 0;
  #length = 0;
  #size = 0;
  #maxSize: number;
  /** Entries inserted ever: an entry's number is the count before it. */
  protected inserted = 0;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  get length(): number {
    return this.#length;
  }

  get size(): number {
    return this.#size;
  }

  get maxSize(): number {
    return this.#maxSize;
  }

  name(index: number): string {
    return this.#names[(this.inserted - index) & (this.#capacity - 1)] ?? "";
  }

  value(index: number): string {
    return this.#values[(this.inserted - index) & (this.#capacity - 1)] ?? "";
  }

  /** RFC 7541, 4.4: an entry larger than the table empties it, and is not an error. */
  insert(name: string, value: string): void {
    const size = name.length + value.length + ENTRY_OVERHEAD;
    this.#evictTo(this.#maxSize - size);
    if (size > this.#maxSize) return;
    if (this.#length === this.#capacity) this.#grow();
    const slot = this.inserted & (this.#capacity - 1);
    this.#names[slot] = name;
    this.#values[slot] = value;
    this.#size += size;
    this.#length++;
    this.inserted++;
  }

  /** Evicts all entries. */
  clear(): void {
    this.#evictTo(0);
  }

  /** RFC 7541, 4.3 */
  setMaxSize(maxSize: number): void {
    this.#maxSize = maxSize;
    this.#evictTo(maxSize);
  }

  /** The oldest entry is about to go. */
  protected evicting(_name: string, _number: number): void {}

  #evictTo(size: number): void {
    while (this.#size > size && this.#length > 0) {
      const number = this.inserted - this.#length;
      const slot = number & (this.#capacity - 1);
      const name = this.#names[slot] ?? "";
      this.evicting(name, number);
      this.#size -= name.length + (this.#values[slot] ?? "").length + ENTRY_OVERHEAD;
      this.#names[slot] = this.#values[slot] = "";
      this.#length--;
    }
  }

  #grow(): void {
    const capacity = Math.max(FIRST_CAPACITY, this.#capacity * 2);
    const names: string[] = new Array(capacity).fill("");
    const values: string[] = new Array(capacity).fill("");
    for (let index = 1; index <= this.#length; index++) {
      const slot = (this.inserted - index) & (capacity - 1);
      names[slot] = this.name(index);
      values[slot] = this.value(index);
    }
    this.#names = names;
    this.#values = values;
    this.#capacity = capacity;
  }
}
