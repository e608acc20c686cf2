// The encoder's dynamic table: it also finds entries, by name and by value.
// Invariant: `#newest` has exactly the names in the table; entries of one name are a chain from newest to oldest.

import { DynamicTable } from "./dynamic_table.ts";

export class SearchableTable extends DynamicTable {
  /** The number of the newest entry with a name. */
  readonly #newest = new Map<string, number>();
  /** By slot: the number of the next older entry with the same name; -1, or one that is gone, at the chain's end. */
  #older: number[] = [];

  /**
   * The index of the entry with `name` and `value`, if there is one; else the index of one with `name`, negative; else 0.
   * The cost is bounded by the table's size: values of one name are compared one by one.
   */
  search(name: string, value: string): number {
    const newest = this.#newest.get(name);
    if (newest === undefined) return 0;
    const oldest = this.inserted - this.length;
    for (let number = newest; number >= oldest;) {
      const index = this.inserted - number;
      if (this.value(index) === value) return index;
      number = this.#older[number & (this.#older.length - 1)] ?? -1;
    }
    return newest - this.inserted;
  }

  override insert(name: string, value: string): void {
    const number = this.inserted;
    super.insert(name, value);
    if (this.inserted === number) return;
    if (this.length > this.#older.length) this.#grow();
    this.#older[number & (this.#older.length - 1)] = this.#newest.get(name) ?? -1;
    this.#newest.set(name, number);
  }

  protected override evicting(name: string, number: number): void {
    if (this.#newest.get(name) === number) this.#newest.delete(name);
  }

  #grow(): void {
    const before = this.#older;
    const capacity = Math.max(16, before.length * 2);
    const older: number[] = new Array(capacity).fill(-1);
    for (let number = this.inserted - this.length; number < this.inserted; number++) {
      older[number & (capacity - 1)] = before[number & (before.length - 1)] ?? -1;
    }
    this.#older = older;
  }
}
