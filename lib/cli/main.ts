// The program: what the command line asks for, done. Returns the exit code: 0 done, 1 the environment, 2 usage.
// Rooms that only a running proxy needs are loaded when it runs: help and errors come at once.

import { parseCommandLine } from "./command_line.ts";
import type { Assignment } from "./option_values.ts";
import { EXIT_ENVIRONMENT, oneLine, UsageError } from "./usage_error.ts";

/** Runs `mitm` with the words after its name. Never rejects; settles when the proxy has stopped. */
export async function run(words: readonly string[]): Promise<number> {
  try {
    const command = parseCommandLine(words);
    if (command instanceof UsageError) return fail(command);
    switch (command.kind) {
      case "help":
        return print((await import("./help_text.ts")).helpText());
      case "version":
        return print((await import("./version.ts")).versionText() + "\n");
      case "completions":
        return print((await import("./completions.ts")).completionScript(command.shell));
      case "run":
        return await serve(command.assignments);
    }
  } catch (error) {
    return fail(new UsageError(`internal error: ${describeError(error)}`, EXIT_ENVIRONMENT));
  }
}

async function serve(assignments: readonly Assignment[]): Promise<number> {
  const { loadOptions } = await import("./settings_from_options.ts");
  const loaded = await loadOptions(assignments);
  if (loaded instanceof UsageError) return fail(loaded);
  const { serveUntilStopped } = await import("./serve.ts");
  const outcome = await serveUntilStopped(loaded);
  return outcome instanceof UsageError ? fail(outcome) : 0;
}

function fail(error: UsageError): number {
  writeAll(Deno.stderr, error.line);
  return error.exitCode;
}

function print(text: string): number {
  writeAll(Deno.stdout, text);
  return 0;
}

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let written = 0; written < bytes.length;) written += stream.writeSync(bytes.subarray(written));
  } catch (error) {
    // `mitm --help | head -1`: the reader has seen enough.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

function describeError(error: unknown): string {
  return oneLine(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
}
