// The type of options that are filters.

import { type CompiledFilter, compileFilter } from "../filter/compile.ts";
import { FilterError } from "../filter/filter_error.ts";
import { InvalidValue, type SingleType } from "./option_types.ts";

export const filter: SingleType<CompiledFilter> = {
  shape: "single",
  clearable: false,
  path: null,
  choices: [],
  accepts: 'a filter, such as "~d example.com & ~m POST"; ? in the console lists all',
  parse(text) {
    const compiled = compileFilter(text);
    if (!(compiled instanceof FilterError)) return compiled;
    return new InvalidValue(`is not a filter: ${compiled.message} (character ${compiled.at + 1})`);
  },
  format: ({ text }) => text,
};
