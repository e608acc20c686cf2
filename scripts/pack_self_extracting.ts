// Packs a program into one self-extracting file: scripts/pack_self_extracting.sh, filled in and padded to a fixed
// length, with a gzipped tar archive behind it. Linux and macOS.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** Length of the shell part in bytes, padding included: the archive is found without reading the file. */
const HEAD_LENGTH = 4096;

export interface PackedProgram {
  version: string;
  v8Flags: string;
  /** The executable that runs it. */
  runtime: string;
  /** The text of the whole program, one module. */
  program: string;
  /** The text of the configuration it runs with: its permissions. */
  config: string;
}

/** Writes the file to `output`. `folder` is for files that are gone again afterwards. */
export async function packSelfExtracting(
  packed: PackedProgram,
  folder: string,
  output: string,
): Promise<void> {
  const work = await Deno.makeTempDir({ dir: folder, prefix: "pack-" });
  try {
    await Deno.writeTextFile(`${work}/mitm.js`, packed.program);
    await Deno.writeTextFile(`${work}/deno.json`, packed.config);
    await Deno.copyFile(await Deno.realPath(packed.runtime), `${work}/deno`);
    await Deno.chmod(`${work}/deno`, 0o755);
    const names = ["mitm.js", "deno.json", "deno"];
    const tar = new Deno.Command("tar", { args: ["-cf", `${work}/archive.tar`, "-C", work, ...names] });
    const { success, stderr } = await tar.output();
    if (!success) throw new Error(`tar failed: ${new TextDecoder().decode(stderr).trim()}`);

    const template = await Deno.readTextFile(new URL("pack_self_extracting.sh", import.meta.url));
    const hash = await hashOf([template, ...names.map((name) => ({ file: `${work}/${name}` }))]);
    const head = headWith(template, packed, hash);
    using file = await Deno.open(`${work}/packed`, { write: true, create: true, mode: 0o755 });
    for (let at = 0; at < head.length;) at += await file.write(head.subarray(at));
    const archive = await Deno.open(`${work}/archive.tar`);
    for await (const chunk of archive.readable.pipeThrough(new CompressionStream("gzip"))) {
      for (let at = 0; at < chunk.length;) at += await file.write(chunk.subarray(at));
    }
    await Deno.chmod(`${work}/packed`, 0o755);
    await Deno.rename(`${work}/packed`, output);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

function headWith(template: string, { version, v8Flags }: PackedProgram, hash: string): Uint8Array {
  const text = template
    .replaceAll("@VERSION@", version)
    .replaceAll("@V8_FLAGS@", v8Flags)
    .replaceAll("@HASH@", hash)
    .replaceAll("@ARCHIVE_AT@", String(HEAD_LENGTH + 1)); // `tail -c +N` counts from 1
  const head = new Uint8Array(HEAD_LENGTH).fill("\n".charCodeAt(0));
  if (new TextEncoder().encodeInto(text, head).read < text.length) {
    throw new RangeError(`the shell part is longer than ${HEAD_LENGTH} bytes`);
  }
  return head;
}

/** Of what is packed, not of the archive: packing the same twice gives the same cache folder. */
async function hashOf(parts: readonly (string | { file: string })[]): Promise<string> {
  const hash = createHash("sha256");
  for (const part of parts) {
    if (typeof part === "string") hash.update(part);
    else for await (const chunk of createReadStream(part.file)) hash.update(chunk);
  }
  return hash.digest("hex").slice(0, 32);
}
