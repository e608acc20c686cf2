// Header and trailer fields as they came: order, case, duplicates and bytes kept (RFC 9110, 5).
// Invariants: names and values are byte-true strings; `#list` is name, value, name, value, …

/** An ordered list of fields. Names are compared without case. */
export class Fields {
  readonly #list: string[];

  /**
   * RFC 7541, 6.2.3: names (lower case, pseudo-fields with their colon) that no intermediary may put into a
   * compression table; null for none. Names, not lines: edits do not lose it.
   */
  neverIndexed: ReadonlySet<string> | null = null;

  /** Takes ownership of `list`: name, value, name, value, … */
  constructor(list: string[] = []) {
    this.#list = list;
  }

  static of(...fields: readonly (readonly [name: string, value: string])[]): Fields {
    return new Fields(fields.flat());
  }

  /** How many field lines. */
  get length(): number {
    return this.#list.length >> 1;
  }

  /** The name of line `index`, as it came. */
  name(index: number): string {
    return this.#list[index * 2] ?? "";
  }

  /** The value of line `index`, without surrounding blanks. */
  value(index: number): string {
    return this.#list[index * 2 + 1] ?? "";
  }

  /** The line of the first field called `name` at or after `from`, or -1. */
  indexOf(name: string, from = 0): number {
    const list = this.#list;
    for (let index = from * 2; index < list.length; index += 2) {
      if (sameName(list[index] ?? "", name)) return index >> 1;
    }
    return -1;
  }

  has(name: string): boolean {
    return this.indexOf(name) >= 0;
  }

  /** The first value, or null. */
  get(name: string): string | null {
    const index = this.indexOf(name);
    return index < 0 ? null : this.value(index);
  }

  /** All values, in order. */
  all(name: string): string[] {
    const values: string[] = [];
    for (let index = this.indexOf(name); index >= 0; index = this.indexOf(name, index + 1)) {
      values.push(this.value(index));
    }
    return values;
  }

  /** The members of a list-valued field (RFC 9110, 5.6.1) over all its lines, lower-cased, empty ones left out. */
  tokens(name: string): string[] {
    const tokens: string[] = [];
    for (const value of this.all(name)) {
      for (const part of value.split(",")) {
        const token = trimBlanks(part).toLowerCase();
        if (token !== "") tokens.push(token);
      }
    }
    return tokens;
  }

  /** Whether a list-valued field has the member `token` (given in lower case). */
  hasToken(name: string, token: string): boolean {
    const index = this.indexOf(name);
    return index >= 0 && this.tokens(name).includes(token);
  }

  append(name: string, value: string): void {
    this.#list.push(name, value);
  }

  /** Puts a line at `index`; what stands there moves down. */
  insert(index: number, name: string, value: string): void {
    this.#list.splice(index * 2, 0, name, value);
  }

  /** One line called `name` with `value`: in the place of the first, or at the end. */
  set(name: string, value: string): void {
    const first = this.indexOf(name);
    if (first < 0) return this.append(name, value);
    this.#list[first * 2 + 1] = value;
    for (let index = this.indexOf(name, first + 1); index >= 0; index = this.indexOf(name, index)) {
      this.removeAt(index);
    }
  }

  /** Removes every line called `name`; whether there was one. */
  delete(name: string): boolean {
    let found = false;
    for (let index = this.indexOf(name); index >= 0; index = this.indexOf(name, index)) {
      this.removeAt(index);
      found = true;
    }
    return found;
  }

  removeAt(index: number): void {
    this.#list.splice(index * 2, 2);
  }

  clone(): Fields {
    const copy = new Fields(this.#list.slice());
    copy.neverIndexed = this.neverIndexed;
    return copy;
  }

  *[Symbol.iterator](): Generator<[name: string, value: string]> {
    for (let index = 0; index < this.length; index++) yield [this.name(index), this.value(index)];
  }

  /** Characters of all names and values: what the fields weigh. */
  get size(): number {
    let size = 0;
    for (const text of this.#list) size += text.length;
    return size;
  }
}

/** Whether two field names are the same without case (ASCII). */
export function sameName(left: string, right: string): boolean {
  if (left.length !== right.length) return false;
  return left === right || left.toLowerCase() === right.toLowerCase();
}

/** Removes SP and HTAB at both ends (RFC 9110, 5.6.3: OWS), and nothing else. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
