// openssl and curl as independent judges of our certificates. Tests that need one are skipped, by name, where it is missing.

export const opensslMissing = await missing("openssl", "version");
export const curlMissing = await missing("curl", "--version");

/** Standard output; throws with the standard error when the command fails. */
export async function run(command: string, args: readonly string[]): Promise<string> {
  const output = await new Deno.Command(command, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  })
    .output();
  const text = new TextDecoder().decode(output.stdout);
  if (output.success) return text;
  throw new Error(`${command} ${args.join(" ")}: ${text}${new TextDecoder().decode(output.stderr)}`);
}

/** A folder that is gone after the test. */
export async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function missing(command: string, argument: string): Promise<boolean> {
  try {
    await run(command, [argument]);
    return false;
  } catch {
    return true;
  }
}
