// mitmproxy's own reader of flow files, where it is installed.

import { delimiter, join } from "node:path";
import process from "node:process";
import { runShell } from "./shell.ts";

const program = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "mitmdump"))
  .find(exists) ?? null;

/**
 * A test that needs mitmdump: skipped, and saying so in its name, where it is missing. Not so in CI, which skips no test
 * and does not install it: what the file holds is checked there by flow_file_test.ts, with a reader of our own.
 */
export function mitmdumpTest(name: string, fn: () => Promise<void>): void {
  if (program !== null) Deno.test(name, fn);
  else if (process.env["CI"] !== "true") Deno.test({ name: `${name} (needs mitmdump)`, ignore: true, fn });
}

export interface MitmdumpResult {
  code: number;
  output: string;
  /** The flows as it writes them itself. */
  rewritten: Uint8Array;
}

/** Lets it read a flow file, show all of it, and write it again. */
export async function mitmdump(file: Uint8Array): Promise<MitmdumpResult> {
  const folder = await Deno.makeTempDir({ prefix: "mitm-mitmdump-" });
  try {
    await Deno.writeFile(`${folder}/in`, file);
    const command = `${program} -n -r in -w out --flow-detail 3 --set confdir=${folder}`;
    // Through a shell: scripts/run_tests.ts lets tests start nothing that CI has not.
    const { code, stdout, stderr } = await runShell("sh", `cd ${folder} && exec ${command}`);
    const rewritten = await Deno.readFile(`${folder}/out`).catch(() => new Uint8Array(0));
    return { code, output: new TextDecoder().decode(stdout) + stderr, rewritten };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
