// Runs a command line in a shell, as a person would paste it.

import { peer, type PeerName } from "../kit/peers.ts";

/** A run that takes longer has hung, in milliseconds. */
const LIMIT = 30_000;

export interface ShellResult {
  code: number;
  stdout: Uint8Array;
  stderr: string;
}

/** Nothing of the machine it runs on decides what curl does. */
const PLAIN_CURL = { CURL_HOME: "/nonexistent", HOME: "/nonexistent", no_proxy: "*" };

/** The script comes from a file: as an argument it would have a limit of its own. */
export async function runShell(
  shell: PeerName,
  script: string,
  env: Record<string, string> = {},
): Promise<ShellResult> {
  const program = peer(shell);
  if (program === null) throw new Error(`${shell} is not installed: use peerTest`);
  const file = await Deno.makeTempFile({ prefix: "mitm-export-", suffix: ".sh" });
  try {
    await Deno.writeTextFile(file, script);
    const child = new Deno.Command(program, {
      args: [file],
      env: { ...PLAIN_CURL, LC_ALL: "C.UTF-8", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const limit = setTimeout(() => child.kill("SIGKILL"), LIMIT);
    const { code, stdout, stderr } = await child.output();
    clearTimeout(limit);
    return { code, stdout, stderr: new TextDecoder().decode(stderr) };
  } finally {
    await Deno.remove(file);
  }
}
