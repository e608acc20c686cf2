// What several tests of the options need.

import assert from "node:assert/strict";
import { parseCommandLine } from "../../lib/cli/command_line.ts";
import { type Assignment, optionValues } from "../../lib/cli/option_values.ts";
import type { OptionValues } from "../../lib/cli/options_table.ts";
import { UsageError } from "../../lib/cli/usage_error.ts";

/** What the words assign; they must be right. */
export function assignmentsOf(words: readonly string[]): readonly Assignment[] {
  const command = parseCommandLine(words);
  assert(!(command instanceof UsageError), command instanceof UsageError ? command.message : "");
  assert.equal(command.kind, "run");
  return command.kind === "run" ? command.assignments : [];
}

/** The values after these words alone; they must be right. */
export function valuesOf(words: readonly string[]): OptionValues {
  return settled(optionValues(assignmentsOf(words)));
}

/** The value, where there is no error. */
export function settled<Value>(value: Value | UsageError): Value {
  if (value instanceof UsageError) throw new Error(value.message);
  return value;
}

/** Runs `body` with a new folder that is gone afterwards. */
export async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mitm-test-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
