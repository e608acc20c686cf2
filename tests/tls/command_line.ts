// openssl and curl as independent judges of our certificates. Tests that need one are skipped, by name, where it is missing.

/** LibreSSL calls itself openssl too, and takes other options. */
export const opensslMissing = await missing("openssl", "version", /^OpenSSL [3-9]/);
export const curlMissing = await missing("curl", "--version", /^curl /);

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

async function missing(command: string, argument: string, wanted: RegExp): Promise<boolean> {
  try {
    return !wanted.test(await run(command, [argument]));
  } catch {
    return true;
  }
}
