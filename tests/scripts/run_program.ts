// Runs a program through `sh` with nothing in its environment but what is given, and folders to run it in.

import { peer } from "../kit/peers.ts";

export interface Outcome {
  pid: number;
  code: number;
  stdout: string;
  stderr: string;
}

export async function runProgram(
  program: string,
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string } = {},
): Promise<Outcome> {
  const child = new Deno.Command(peer("sh") ?? "sh", {
    args: ["-c", 'exec "$0" "$@"', program, ...args],
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin", ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { pid: child.pid, code, stdout: text(stdout), stderr: text(stderr) };
}

/** Runs a piece of shell, which must succeed; what it prints. */
export async function shell(script: string, cwd: string): Promise<string> {
  const { code, stdout, stderr } = await runProgram("sh", ["-euc", script], { cwd });
  if (code !== 0) throw new Error(`${script}: ${stderr}`);
  return stdout;
}

export async function writeProgram(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, text);
  await Deno.chmod(path, 0o755);
}

/** A folder, with a space in its path, that is gone after the test. */
export async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "mitm scripts " }));
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

export async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) names.push(name);
  return names.sort();
}
