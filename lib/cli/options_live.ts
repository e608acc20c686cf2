// The options of a running proxy, as the console sees and changes them: text in, text out.
// Invariants: what cannot change while the proxy runs is refused with the reason; a value that was refused changes
// nothing; what was set counts for what begins afterwards.

import { InvalidValue } from "./option_types.ts";
import {
  type AnyOption,
  defaultText,
  type OptionGroup,
  optionList,
  type OptionName,
  type OptionValues,
} from "./options_table.ts";

export interface OptionState {
  name: OptionName;
  flag: string;
  group: OptionGroup;
  help: string;
  /** "none" where there is nothing. */
  value: string;
  defaultValue: string;
  /** It differs from its default. */
  isSet: boolean;
  /** Whether it may change while the proxy runs. */
  live: boolean;
  /** A list has entries; a toggle is one of two words; anything else is a text. */
  shape: "text" | "toggle" | "list";
  /** The entries of a list, or its one text. */
  texts: readonly string[];
  /** What is accepted, for a person. */
  accepts: string;
}

/** What the console may do with options. */
export interface OptionsAccess {
  list(): readonly OptionState[];
  get(name: OptionName): OptionState;
  /** Sets a value by its texts: the entries of a list, else one; none empties. Null, or why it cannot be. */
  set(name: OptionName, texts: readonly string[]): Promise<string | null>;
  /** Back to the default. */
  reset(name: OptionName): Promise<string | null>;
}

export class LiveOptions implements OptionsAccess {
  #values: OptionValues;
  readonly #apply: (values: OptionValues) => Promise<string | null>;

  /** `apply` makes new values count, or says why it cannot. */
  constructor(values: OptionValues, apply: (values: OptionValues) => Promise<string | null>) {
    this.#values = values;
    this.#apply = apply;
  }

  get values(): OptionValues {
    return this.#values;
  }

  list(): readonly OptionState[] {
    return optionList.map((option) => this.#state(option));
  }

  get(name: OptionName): OptionState {
    return this.#state(optionOf(name));
  }

  set(name: OptionName, texts: readonly string[]): Promise<string | null> {
    const option = optionOf(name);
    const value = parseTexts(option, texts);
    if (value instanceof InvalidValue) {
      const text = texts.find((candidate) => parseTexts(option, [candidate]) instanceof InvalidValue) ?? "";
      return Promise.resolve(`"${text}" ${value.reason}; accepted: ${option.type.accepts}`);
    }
    return this.#put(option, value);
  }

  reset(name: OptionName): Promise<string | null> {
    const option = optionOf(name);
    return this.#put(option, option.default);
  }

  async #put(option: AnyOption, value: unknown): Promise<string | null> {
    if (!option.live) return `${option.flag} cannot change while mitm runs`;
    const values: OptionValues = { ...this.#values, [option.name]: value };
    const reason = await this.#apply(values);
    if (reason === null) this.#values = values;
    return reason;
  }

  #state(option: AnyOption): OptionState {
    const { name, flag, group, help, live, type } = option;
    const value = this.#values[name] as unknown;
    const formatted = type.format(value);
    const texts = typeof formatted === "string" ? (formatted === "" ? [] : [formatted]) : formatted;
    const text = texts.length === 0 ? "none" : texts.join(", ");
    const defaultValue = defaultText(option);
    const isToggle = type.choices.join() === "true,false";
    return {
      name,
      flag,
      group,
      help,
      value: text,
      defaultValue,
      isSet: text !== defaultValue,
      live,
      shape: type.shape === "list" ? "list" : isToggle ? "toggle" : "text",
      texts,
      accepts: type.accepts,
    };
  }
}

function optionOf(name: OptionName): AnyOption {
  const option = optionList.find((candidate) => candidate.name === name);
  if (option === undefined) throw new RangeError(`there is no option ${name}`);
  return option;
}

function parseTexts(option: AnyOption, texts: readonly string[]): unknown {
  const { type } = option;
  if (type.shape === "list") {
    let list: unknown = type.empty;
    for (const text of texts) {
      list = type.add(list, text);
      if (list instanceof InvalidValue) return list;
    }
    return list;
  }
  const [text] = texts;
  if (text === undefined || text === "") return type.clearable ? null : new InvalidValue("is no value");
  return type.parse(text);
}
