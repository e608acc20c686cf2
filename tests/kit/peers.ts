// Independent programs the tests talk to. A test that needs one is skipped, and named in the closing lines of
// scripts/test, where the program is not installed; with CI=true a skipped test fails the run.

import { delimiter, join } from "node:path";
import process from "node:process";

/** Every program a test may start; scripts/run_tests.ts permits these and no others. */
export const peerNames = [
  "curl",
  "nghttp",
  "nghttpd",
  "h2load",
  "nginx",
  "node",
  "chromium",
  "openssl",
  "bash",
  "sh",
  "tar",
  "gzip",
  "tmux",
  "mitmdump",
  "python3-websockets",
] as const;

export type PeerName = typeof peerNames[number];

/** Daemons live here, off the search path of plain users. */
const alsoSearched = process.platform === "win32" ? [] : ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** A module of Debian's Python, not of any other one on the path: what runs it, and where it is. */
const pythonModules: Partial<Record<PeerName, string>> = {
  "python3-websockets": "/usr/lib/python3/dist-packages/websockets/__init__.py",
};
const PYTHON = "/usr/bin/python3";

/** The path of a program, or null where it is not installed; for a module the path of what runs it. */
export function peer(name: PeerName): string | null {
  const module = pythonModules[name];
  if (module !== undefined) return isFile(module) && isExecutable(PYTHON) ? PYTHON : null;
  for (const folder of [...(process.env["PATH"] ?? "").split(delimiter), ...alsoSearched]) {
    const path = join(folder, name);
    if (isExecutable(path)) return path;
  }
  return null;
}

/** A test that needs these programs: skipped, and saying in its name what it needs, where one is missing. */
export function peerTest(
  peers: readonly PeerName[],
  name: string,
  fn: (test: Deno.TestContext) => void | Promise<void>,
): void {
  const missing = peers.filter((wanted) => peer(wanted) === null);
  if (missing.length === 0) Deno.test(name, fn);
  else Deno.test({ name: `${name} (needs ${missing.join(" and ")})`, ignore: true, fn });
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function isExecutable(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && (mode === null || (mode & 0o111) !== 0);
  } catch {
    return false;
  }
}
