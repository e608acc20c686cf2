// What the terminal is like that mitm was started on, if it was.

import type { OptionValues } from "./options_table.ts";

/** Whether the console is shown: on a terminal to type at and to look at, unless the log was asked for. */
export function wantsConsole(values: OptionValues): boolean {
  return values.console && values.log_format === "text" && Deno.stdin.isTerminal() &&
    Deno.stdout.isTerminal() &&
    Deno.env.get("TERM") !== "dumb";
}

/** https://no-color.org: set and not empty. */
export function colorWanted(): boolean {
  return Deno.stdout.isTerminal() && !Deno.env.get("NO_COLOR") && Deno.env.get("TERM") !== "dumb";
}
