// The self-extracting file, with a small stand-in for Deno as its runtime: where it unpacks, what it starts, and whose
// folders it trusts.

import assert from "node:assert/strict";
import { type PackedProgram, packSelfExtracting } from "../../scripts/pack_self_extracting.ts";
import { namesIn, type Outcome, runProgram, shell, withFolder, writeProgram } from "./run_program.ts";

/** Tells, a line each: its process, where its caches go, the folder it was started in, the program, its words. */
const RUNTIME = `#!/bin/sh
echo "$$"
echo "$DENO_DIR"
pwd
while [ "\${1%.js}" = "$1" ]; do echo "$1"; shift; done
cat "$1"
printf '%s\\n' "$@"
exit 7
`;

interface Packed {
  file: string;
  folder: string;
  /** Starts it in an empty folder with this environment. */
  start(args?: readonly string[], env?: Record<string, string>): Promise<Outcome>;
}

async function withPacked(test: (packed: Packed) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const file = `${folder}/mitm`;
    await pack(folder, file, {});
    for (const name of ["home", "empty"]) await Deno.mkdir(`${folder}/${name}`);
    await test({
      file,
      folder,
      start: (args = [], env = { HOME: `${folder}/home` }) =>
        runProgram(file, args, { cwd: `${folder}/empty`, env }),
    });
  });
}

async function pack(folder: string, output: string, change: Partial<PackedProgram>): Promise<void> {
  await writeProgram(`${folder}/runtime`, RUNTIME);
  const packed = {
    version: "1.2.3",
    v8Flags: "--max-semi-space-size=8",
    runtime: `${folder}/runtime`,
    program: "the program\n",
    config: `{"permissions":{}}`,
  };
  await packSelfExtracting({ ...packed, ...change }, folder, output);
}

/** The one folder that was unpacked into, below `caches`. */
async function unpackedIn(caches: string): Promise<string> {
  const names = await namesIn(caches);
  assert.equal(names.length, 1, `${caches}: ${names}`);
  assert.match(names[0] ?? "", /^[0-9a-f]{32}$/);
  return `${caches}/${names[0]}`;
}

async function modeOf(path: string): Promise<number> {
  return ((await Deno.lstat(path)).mode ?? 0) & 0o777;
}

Deno.test("self-extracting: unpacks, and becomes the runtime with the words it was given", async () => {
  await withPacked(async ({ folder, start }) => {
    const words = ["--tcp", "a b", "", "-x.js"];
    const { code, stdout, stderr, pid } = await start(words);
    const unpacked = await unpackedIn(`${folder}/home/.cache/mitm`);
    assert.deepEqual([code, stderr], [7, ""]);
    assert.deepEqual(stdout.split("\n"), [
      String(pid),
      `${unpacked}/cache`,
      `${folder}/empty`,
      ...[
        "run",
        "--quiet",
        "--no-prompt",
        "--v8-flags=--max-semi-space-size=8",
        "--permission-set=mitm",
        "--config",
        `${unpacked}/deno.json`,
      ],
      ...["--no-lock", "--no-remote", "--no-npm", "--cached-only"],
      "the program",
      `${unpacked}/mitm.js`,
      ...words,
      "",
    ]);
    assert.deepEqual(await namesIn(`${folder}/empty`), []);
    assert.deepEqual(await namesIn(unpacked), ["deno", "deno.json", "mitm.js"]);
    assert.equal(await modeOf(`${folder}/home/.cache/mitm`), 0o700);
    assert.equal(await modeOf(unpacked), 0o700);
  });
});

Deno.test("self-extracting: unpacks once", async () => {
  await withPacked(async ({ folder, start }) => {
    await start();
    const unpacked = await unpackedIn(`${folder}/home/.cache/mitm`);
    await Deno.writeTextFile(`${unpacked}/mitm.js`, "as it was left\n");
    assert.match((await start()).stdout, /^as it was left$/m);
  });
});

Deno.test("self-extracting: what a start left half done is done again", async () => {
  await withPacked(async ({ folder, start }) => {
    await start();
    const unpacked = await unpackedIn(`${folder}/home/.cache/mitm`);
    await Deno.remove(`${unpacked}/deno`);
    await Deno.writeTextFile(`${unpacked}/mitm.js`, "half of");
    assert.match((await start()).stdout, /^the program$/m);
  });
});

Deno.test("self-extracting: several first starts at once", async () => {
  await withPacked(async ({ folder, start }) => {
    const all = await Promise.all(Array.from({ length: 6 }, () => start(["word"])));
    for (const { code, stdout, stderr } of all) {
      assert.deepEqual([code, stderr], [7, ""]);
      assert.match(stdout, /^the program\n.*\/mitm\.js\nword\n$/m);
    }
    assert.deepEqual(await namesIn(await unpackedIn(`${folder}/home/.cache/mitm`)), [
      "deno",
      "deno.json",
      "mitm.js",
    ]);
  });
});

Deno.test("self-extracting: where caches belong", async () => {
  await withPacked(async ({ folder, start }) => {
    const home = `${folder}/home`;
    await Deno.mkdir(`${folder}/tmp`);
    await start([], { HOME: home, XDG_CACHE_HOME: `${folder}/xdg` });
    await unpackedIn(`${folder}/xdg/mitm`);
    assert.deepEqual(await namesIn(home), []);

    await start([], { HOME: home, XDG_CACHE_HOME: "not/absolute" });
    await unpackedIn(`${home}/.cache/mitm`);

    await start([], { TMPDIR: `${folder}/tmp` });
    const uid = (await shell("id -u", folder)).trim();
    await unpackedIn(`${folder}/tmp/mitm-${uid}`);

    await Deno.mkdir(`${folder}/bin`);
    await writeProgram(`${folder}/bin/uname`, "#!/bin/sh\necho Darwin\n");
    await start([], { HOME: home, PATH: `${folder}/bin:/usr/bin:/bin` });
    await unpackedIn(`${home}/Library/Caches/mitm`);
  });
});

Deno.test("self-extracting: starts nothing from a folder that others can write to", async () => {
  await withPacked(async ({ folder, start }) => {
    await start();
    const caches = `${folder}/home/.cache/mitm`;
    const unpacked = await unpackedIn(caches);
    for (const [place, mode] of [[unpacked, 0o720], [unpacked, 0o702], [caches, 0o777]] as const) {
      await Deno.chmod(place, mode);
      const { code, stdout, stderr } = await start();
      assert.deepEqual([code, stdout], [1, ""]);
      assert.equal(
        stderr,
        `mitm: ${place} is not a folder that belongs to you and that only you can write to; remove it\n`,
      );
      await Deno.chmod(place, 0o700);
    }
    assert.equal((await start()).code, 7);
  });
});

Deno.test("self-extracting: puts nothing into a folder somebody prepared", async () => {
  await withPacked(async ({ folder, start }) => {
    await start();
    const unpacked = await unpackedIn(`${folder}/home/.cache/mitm`);
    await shell(`rm -r "$PWD"; mkdir "$PWD-elsewhere"; ln -s "$PWD-elsewhere" "$PWD"`, unpacked);
    const { code, stdout, stderr } = await start();
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /^mitm: .* is not a folder that belongs to you [^\n]*\n$/);
    assert.deepEqual(await namesIn(`${unpacked}-elsewhere`), []);
  });
});

Deno.test("self-extracting: damaged files are noticed and never started", async () => {
  await withPacked(async ({ file, folder, start }) => {
    const whole = await Deno.readFile(file);
    const flipped = whole.slice();
    flipped[flipped.length - 6] = (flipped.at(-6) ?? 0) ^ 0xff; // in the checksum of the archive
    for (
      const damaged of [
        whole.subarray(0, -1),
        whole.subarray(0, whole.length - 100),
        whole.subarray(0, 4096),
        flipped,
      ]
    ) {
      await Deno.writeFile(file, damaged);
      const { code, stdout, stderr } = await start();
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, /^mitm: cannot unpack into [^\n]+: the disk is full, or this file is damaged\n$/);
      assert.deepEqual(await namesIn(await unpackedIn(`${folder}/home/.cache/mitm`)), []);
    }
  });
});

Deno.test("self-extracting: a place that cannot be written to is said in a line", async () => {
  await withPacked(async ({ file, start }) => {
    const { code, stderr } = await start([], { HOME: file });
    assert.equal(code, 1);
    assert.equal(stderr, `mitm: cannot write to ${file}/.cache/mitm; XDG_CACHE_HOME names another place\n`);
  });
});

Deno.test("self-extracting: each content has a cache folder of its own, the same content always the same", async () => {
  await withPacked(async ({ file, folder, start }) => {
    const caches = `${folder}/home/.cache/mitm`;
    await start();
    await pack(folder, file, {});
    await start();
    await unpackedIn(caches);
    for (
      const [index, change] of [{ program: "another\n" }, { config: "{}" }, { runtime: "/bin/echo" }]
        .entries()
    ) {
      await pack(folder, file, change);
      await start();
      assert.equal((await namesIn(caches)).length, index + 2);
    }
  });
});
