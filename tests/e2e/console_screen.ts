// Pictures of the console as they are kept in console_screens/, and how a terminal is held to them.
// Invariant: what differs from run to run (times, durations, ports, versions, hashes) is masked, in its own width where
// something stands behind it, so that columns stay where they are.
// `UPDATE_SCREENS=1 scripts/test e2e/console` keeps the pictures as they are then; look at what git says of them.

import type { TmuxTerminal } from "../kit/tmux.ts";

const FOLDER = new URL("console_screens/", import.meta.url);
/** While pictures are kept: nothing has been written for so long, in milliseconds. */
const SETTLED = 400;

/** Waits until what is shown is the picture of this name; rejects after a while, with both. */
export async function checkScreen(terminal: TmuxTerminal, name: string): Promise<void> {
  const file = new URL(`${name}.txt`, FOLDER);
  if (Deno.env.get("UPDATE_SCREENS")) {
    await new Promise((resolve) => setTimeout(resolve, SETTLED));
    return await Deno.writeTextFile(file, maskScreen(await terminal.text()));
  }
  const kept = await Deno.readTextFile(file);
  try {
    await terminal.until((text) => maskScreen(text) === kept);
  } catch {
    const shown = maskScreen(await terminal.text());
    throw new Error(`${name}: what is shown is not what was kept\n${differences(kept, shown)}`);
  }
}

const DURATION = "\\d+(?:\\.\\d+)?m?s";

export function maskScreen(text: string): string {
  return text
    .replace(/(SHA-256 +)(?:[0-9A-F]{2}:)+[0-9A-F:]+(?:\n +[0-9A-F:]+$)?/gm, "$1FINGERPRINT")
    .replace(/\d\d:\d\d:\d\d\.\d{3}/g, "hh:mm:ss.mmm")
    .replace(/\d\d:\d\d:\d\d/g, "hh:mm:ss")
    .replace(/\d{4}-\d\d-\d\d/g, "YYYY-MM-DD")
    .replace(/\[?(127\.0\.0\.1|localhost)\]?:\d{4,5}/g, (found, host) => {
      return `${host}:${"#".repeat(found.length - host.length - 1)}`;
    })
    // In a column, aligned right.
    .replace(new RegExp(`( {2,})(${DURATION})(?= |$)`, "gm"), (found) => "~".padStart(found.length))
    .replace(new RegExp(`\\b${DURATION}\\b`, "g"), "~")
    .replace(/ *█+/g, " ███")
    .replace(/--cacert .*$/gm, "--cacert FILE");
}

function differences(kept: string, shown: string): string {
  const left = kept.split("\n");
  const right = shown.split("\n");
  const rows = Array.from({ length: Math.max(left.length, right.length) }, (_, index) => {
    const [before, after] = [left[index], right[index]];
    if (before === after) return `  ${before ?? ""}`;
    return [before === undefined ? "" : `- ${before}`, after === undefined ? "" : `+ ${after}`]
      .filter((row) => row !== "").join("\n");
  });
  return rows.join("\n");
}
