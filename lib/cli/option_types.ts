// The types an option can have: text to value and back, and what is said when the text is wrong.
// Invariants: parsing never throws; `parse(format(value))` gives the value again.

/** Why a text is no value of its type; stands after the quoted text: "is not a port". */
export class InvalidValue {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

interface TypeFacts {
  /** Stands after "accepted: ". */
  readonly accepts: string;
  /** The value is a path: what completions propose, and what a config file gives relative to itself. */
  readonly path: "file" | "folder" | null;
  /** The values to propose, where they can be listed. */
  readonly choices: readonly string[];
}

/** One value; a later one takes the place of an earlier. */
export interface SingleType<Value> extends TypeFacts {
  readonly shape: "single";
  /** Whether `null` is a value, written as nothing: `--set ca=`. */
  readonly clearable: boolean;
  parse(text: string): Value | InvalidValue;
  format(value: Value): string;
}

/** A list; each occurrence adds to it. */
export interface ListType<Value> extends TypeFacts {
  readonly shape: "list";
  readonly empty: Value;
  /** Words that stand for a whole list: a config file may give them without one. */
  readonly alone: readonly string[];
  /** `list` with one more; `list` itself stays as it is. */
  add(list: Value, text: string): Value | InvalidValue;
  format(list: Value): readonly string[];
}

export type OptionType<Value> = SingleType<Value> | ListType<Value>;

/** setTimeout takes 31 bits of milliseconds; a longer wait would end at once. */
const LONGEST_DURATION = 2 ** 31 - 1;

const plain = { shape: "single", clearable: false, path: null, choices: [] } as const;

export const boolean: SingleType<boolean> = {
  ...plain,
  accepts: "true or false",
  choices: ["true", "false"],
  parse: (text) =>
    text === "true" || text === "false" ? text === "true" : new InvalidValue("is not a boolean"),
  format: String,
};

/** A whole number from `least` to `most`, both included. */
export function integer(least: number, most: number, accepts?: string): SingleType<number> {
  return {
    ...plain,
    accepts: accepts ?? `a whole number from ${least} to ${most}`,
    parse(text) {
      if (!/^[0-9]+$/.test(text)) return new InvalidValue("is not a whole number");
      const value = Number(text);
      if (value < least) return new InvalidValue("is too small");
      return value > most ? new InvalidValue("is too large") : value;
    },
    format: String,
  };
}

const SIZE_UNITS = new Map([["g", 1024 ** 3], ["m", 1024 ** 2], ["k", 1024], ["", 1]]);

/** Bytes, `least` at least. */
export function size(least: number): SingleType<number> {
  return {
    ...plain,
    accepts: "a number of bytes, or with k, m or g for KiB, MiB or GiB" +
      (least > 0 ? `, at least ${least}` : ""),
    parse(text) {
      const parts = /^([0-9]+)([kmg]?)$/i.exec(text);
      if (parts === null) return new InvalidValue("is not a size");
      const value = Number(parts[1]) * (SIZE_UNITS.get((parts[2] ?? "").toLowerCase()) ?? 1);
      if (value < least) return new InvalidValue("is too small");
      return Number.isSafeInteger(value) ? value : new InvalidValue("is too large");
    },
    format: (value) => withUnit(value, SIZE_UNITS),
  };
}

const DURATION_UNITS = new Map([["h", 3_600_000], ["m", 60_000], ["s", 1000], ["ms", 1]]);

/** Milliseconds, more than none. */
export const duration: SingleType<number> = {
  ...plain,
  accepts: "a number of seconds, or with ms, s, m or h, from 1ms to 596h",
  parse(text) {
    const parts = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)?$/i.exec(text);
    if (parts === null) return new InvalidValue("is not a duration");
    const unit = DURATION_UNITS.get((parts[2] ?? "s").toLowerCase()) ?? 1;
    const value = Math.round(Number(parts[1]) * unit);
    if (value < 1) return new InvalidValue("is too short");
    return value > LONGEST_DURATION ? new InvalidValue("is too long") : value;
  },
  format: (value) => withUnit(value, DURATION_UNITS),
};

/** Milliseconds; 0 for never. */
export const durationOrNever: SingleType<number> = {
  ...duration,
  accepts: `${duration.accepts}, or 0 for never`,
  parse: (text) => /^0+$/.test(text) ? 0 : duration.parse(text),
  format: (value) => value === 0 ? "0" : duration.format(value),
};

/** The value in the largest unit that leaves no fraction; `units` from large to small. */
function withUnit(value: number, units: ReadonlyMap<string, number>): string {
  for (const [unit, factor] of units) {
    if (value % factor === 0 && (value > 0 || factor === 1)) return `${value / factor}${unit}`;
  }
  return String(value);
}

export function choice<Word extends string>(...words: readonly Word[]): SingleType<Word> {
  return {
    ...plain,
    accepts: listed(words),
    choices: words,
    parse: (text) => words.find((word) => word === text) ?? new InvalidValue("is not known"),
    format: (word) => word,
  };
}

/** A path, as written. */
export function path(kind: "file" | "folder", accepts: string): SingleType<string> {
  return {
    ...plain,
    accepts,
    path: kind,
    parse(text) {
      if (text === "") return new InvalidValue("is empty");
      return text.includes("\0") ? new InvalidValue("is not a path") : text;
    },
    format: (value) => value,
  };
}

/** `type`, or nothing. */
export function optional<Value>(type: SingleType<Value>): SingleType<Value | null> {
  return {
    ...type,
    clearable: true,
    format: (value) => value === null ? "" : type.format(value),
  };
}

/** Any number of `type`. */
export function list<Value>(type: SingleType<Value>): ListType<readonly Value[]> {
  return {
    shape: "list",
    accepts: type.accepts,
    path: type.path,
    choices: type.choices,
    empty: [],
    alone: [],
    add(before, text) {
      const value = type.parse(text);
      return value instanceof InvalidValue ? value : [...before, value];
    },
    format: (values) => values.map((value) => type.format(value)),
  };
}

/** "a, b or c" */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
