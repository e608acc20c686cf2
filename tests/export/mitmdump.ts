// mitmproxy's own reader of flow files, where it is installed.

import { peer } from "../kit/peers.ts";
import { runShell } from "./shell.ts";

export interface MitmdumpResult {
  code: number;
  output: string;
  /** The flows as it writes them itself. */
  rewritten: Uint8Array;
}

/** Lets it read a flow file, show all of it, and write it again. */
export async function mitmdump(file: Uint8Array): Promise<MitmdumpResult> {
  const program = peer("mitmdump");
  const folder = await Deno.makeTempDir({ prefix: "mitm-mitmdump-" });
  try {
    await Deno.writeFile(`${folder}/in`, file);
    const command = `${program} -n -r in -w out --flow-detail 3 --set confdir=${folder}`;
    // Through a shell, for the folder it works in.
    const { code, stdout, stderr } = await runShell("sh", `cd ${folder} && exec ${command}`);
    const rewritten = await Deno.readFile(`${folder}/out`).catch(() => new Uint8Array(0));
    return { code, output: new TextDecoder().decode(stdout) + stderr, rewritten };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
