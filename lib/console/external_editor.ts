// A person's own editor: $VISUAL, else $EDITOR, on a file that only they can read.
// Invariant: the file is gone when this returns.

import { join } from "node:path";

/** What the content is, for the editor to know: the end of the file's name. */
export type ContentKind = "json" | "html" | "xml" | "js" | "css" | "txt" | "bin";

/** The content after editing; null when it is as it was; a string says what went wrong. */
export async function editExternally(
  content: Uint8Array,
  kind: ContentKind,
): Promise<Uint8Array | null | string> {
  const editor = Deno.env.get("VISUAL") || Deno.env.get("EDITOR") ||
    (Deno.build.os === "windows" ? "notepad" : "vi");
  let folder: string | null = null;
  try {
    folder = await Deno.makeTempDir({ prefix: "mitm-" });
    const file = join(folder, `body.${kind}`);
    await Deno.writeFile(file, content, { mode: 0o600 });
    const failure = await run(editor, file);
    if (failure !== null) return failure;
    const edited = await Deno.readFile(file);
    return isSame(content, edited) ? null : edited;
  } catch (error) {
    return `the editor (${editor}) could not be used: ${error instanceof Error ? error.message : error}`;
  } finally {
    if (folder !== null) await Deno.remove(folder, { recursive: true }).catch(() => {});
  }
}

/** By the shell, since `EDITOR="code --wait"` is common. */
async function run(editor: string, file: string): Promise<string | null> {
  const command = Deno.build.os === "windows"
    ? new Deno.Command("cmd", { args: ["/c", editor, file], ...INHERIT })
    : new Deno.Command("sh", { args: ["-c", `${editor} "$1"`, "sh", file], ...INHERIT });
  const { success, code } = await command.spawn().status;
  return success ? null : `the editor (${editor}) ended with code ${code}: nothing was changed`;
}

const INHERIT = { stdin: "inherit", stdout: "inherit", stderr: "inherit" } as const;

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
