// Chromium without a window: loads one page through a proxy, in a profile of its own, and gives back what became of it.

import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { peer } from "./peers.ts";

/** Loading a page that takes longer has hung, in milliseconds. */
const LIMIT = 60_000;

export interface LoadedPage {
  /** The document after everything in it has been loaded, as HTML. */
  document: string;
  /** What Chromium complained about. */
  messages: string;
}

/** `proxy`: "http://127.0.0.1:PORT", whose certificates are taken without looking at who signed them. */
export async function loadPage(proxy: string, url: string): Promise<LoadedPage> {
  const program = peer("chromium");
  if (program === null) throw new Error("chromium is not installed: use peerTest");
  const folder = await Deno.makeTempDir({ prefix: "mitm-chromium-" });
  try {
    const child = new Deno.Command(program, {
      args: [
        "--headless=new",
        // It refuses to run as root with its sandbox.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-extensions",
        `--user-data-dir=${folder}/profile`,
        `--proxy-server=${proxy}`,
        "--ignore-certificate-errors",
        `--timeout=${LIMIT / 2}`,
        "--dump-dom",
        url,
      ],
      env: { HOME: folder, LC_ALL: "C" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const limit = setTimeout(() => child.kill("SIGKILL"), LIMIT);
    const { stdout, stderr } = await child.output();
    clearTimeout(limit);
    return { document: new TextDecoder().decode(stdout), messages: latin1Decode(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
