// ./mitm and scripts/deno_path.sh, with stand-ins for deno and npm: which Deno is taken, and what it is given.

import assert from "node:assert/strict";
import { namesIn, type Outcome, runProgram, shell, withFolder, writeProgram } from "./run_program.ts";

const source = new URL("../../", import.meta.url);
const launcher = await Deno.readTextFile(new URL("mitm", source));
const denoPath = await Deno.readTextFile(new URL("scripts/deno_path.sh", source));
const pinned = /^deno_version=(\d+\.\d+\.\d+)$/m.exec(denoPath)?.[1] ?? "";

/** Says its version like Deno, and else who it is, its process and what it was given, one word a line. */
const standInDeno = (name: string, version: string): string =>
  `#!/bin/sh
case \${1:-} in --version) echo "deno ${version} (stable, release, x86_64-unknown-linux-gnu)"; exit ;; esac
printf '%s\\n' ${name} "$$" "$@"
exit 3
`;

/** Installs the stand-in the way npm installs Deno's platform package, without a script being run. */
const standInNpm = `#!/bin/sh
while [ "$1" != --prefix ]; do shift; done
folder=$2/node_modules/@deno/some-platform
for word; do last=$word; done
[ "$last" = deno@${pinned} ] || exit 9
mkdir -p "$folder"
cat >"$folder/deno" <<'end'
${standInDeno("npm", pinned)}end
`;

interface Tree {
  root: string;
  /** Runs ./mitm of the tree by this path to it. */
  mitm(path: string, args?: readonly string[], env?: Record<string, string>): Promise<Outcome>;
  /** Puts a program on the search path. */
  install(name: string, text: string): Promise<void>;
}

async function withTree(test: (tree: Tree) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const root = `${folder}/tree`;
    const bin = `${folder}/bin`;
    await Deno.mkdir(`${root}/scripts`, { recursive: true });
    await Deno.mkdir(bin);
    await writeProgram(`${root}/mitm`, launcher);
    await Deno.writeTextFile(`${root}/scripts/deno_path.sh`, denoPath);
    // Only what the launcher may rely on: whether this machine has npm or Deno must not matter.
    const tools = "sh cat chmod dirname head mkdir mv readlink rm sed uname";
    await shell(`for tool in ${tools}; do ln -s "$(command -v $tool)" .; done`, bin);
    await test({
      root,
      mitm: (path, args = [], env = {}) =>
        runProgram(path, args, { cwd: folder, env: { PATH: bin, ...env } }),
      install: (name, text) => writeProgram(`${bin}/${name}`, text),
    });
  });
}

Deno.test("launcher: MITM_DENO runs main.ts with the words it was given, and in its place", async () => {
  await withTree(async ({ root, mitm, install }) => {
    await install("my deno", standInDeno("mine", "9.9.9"));
    const words = ["--tcp", "a b", "", "-*-", "--"];
    const { code, stdout, stderr, pid } = await mitm(`${root}/mitm`, words, { MITM_DENO: "my deno" });
    assert.deepEqual([code, stderr], [3, ""]);
    const [name, process, ...given] = stdout.split("\n");
    assert.equal(name, "mine");
    assert.equal(process, String(pid), "signals to the launcher must reach Deno");
    assert.deepEqual(given, [
      "run",
      "--quiet",
      "--no-prompt",
      "--v8-flags=--max-semi-space-size=8,--expose-gc",
      "--permission-set=mitm",
      "--config",
      `${root}/deno.json`,
      "--frozen",
      `${root}/main.ts`,
      ...words,
      "",
    ]);
  });
});

Deno.test("launcher: finds its tree from any folder, through links to links", async () => {
  await withTree(async ({ root, mitm, install }) => {
    await install("deno", standInDeno("path", pinned));
    await shell(
      `mkdir ../links; ln -s ../tree/mitm ../links/relative; ln -s "$PWD/../links/relative" ../absolute`,
      root,
    );
    for (const path of ["tree/mitm", "./tree/mitm", "links/relative", "./absolute", `${root}/../absolute`]) {
      const { stdout } = await mitm(path);
      assert(stdout.includes(`\n${root}/main.ts\n`), `${path}: ${stdout}`);
    }
  });
});

Deno.test("launcher: MITM_DENO that is no program is said in a line", async () => {
  await withTree(async ({ root, mitm }) => {
    const { code, stderr } = await mitm(`${root}/mitm`, [], { MITM_DENO: "/no/such/deno" });
    assert.deepEqual([code, stderr], [1, "mitm: MITM_DENO is not an executable: /no/such/deno\n"]);
  });
});

Deno.test("launcher: takes the Deno on the search path only in the pinned version", async () => {
  await withTree(async ({ root, mitm, install }) => {
    await install("npm", standInNpm);
    await install("deno", standInDeno("path", pinned));
    assert.match((await mitm(`${root}/mitm`)).stdout, /^path\n/);
    for (const other of ["2.0.0", `${pinned}1`, `1${pinned}`]) {
      await install("deno", standInDeno("path", other));
      assert.match((await mitm(`${root}/mitm`)).stdout, /^npm\n/, other);
    }
  });
});

Deno.test("launcher: installs once, says so in a line, and leaves nothing else behind", async () => {
  await withTree(async ({ root, mitm, install }) => {
    await install("npm", standInNpm);
    const first = await mitm(`${root}/mitm`);
    assert.match(first.stdout, /^npm\n/);
    assert.equal(first.stderr, `mitm: installing Deno ${pinned} into ${root}/.deno\n`);
    assert.deepEqual(await namesIn(`${root}/.deno`), [pinned]);
    assert.deepEqual(await namesIn(`${root}/.deno/${pinned}`), ["deno"]);

    await install("npm", "#!/bin/sh\nexit 1\n");
    await install("deno", standInDeno("path", pinned));
    const second = await mitm(`${root}/mitm`);
    assert.match(second.stdout, /^npm\n/);
    assert.equal(second.stderr, "");
  });
});

Deno.test("launcher: two first starts at once", async () => {
  await withTree(async ({ root, mitm, install }) => {
    // Each waits until the other has come as far, before npm's work is done.
    const meet = `: >"$2/../met.$$"; set -- "$2"/../met.*; tries=0
while [ $# -lt 2 ] && [ $((tries += 1)) -lt 100000 ]; do set -- "\${1%met.*}"met.*; done`;
    await install("npm", standInNpm.replace("mkdir -p", () => `${meet}\nmkdir -p`));
    const both = await Promise.all([mitm(`${root}/mitm`), mitm(`${root}/mitm`)]);
    for (const { stdout, stderr } of both) assert.match(stdout, /^npm\n/, stderr);
    assert.deepEqual((await namesIn(`${root}/.deno`)).filter((name) => !name.startsWith("met.")), [pinned]);
  });
});

Deno.test("launcher: without npm and Deno it says what is needed", async () => {
  await withTree(async ({ root, mitm }) => {
    const { code, stderr } = await mitm(`${root}/mitm`);
    assert.equal(code, 1);
    assert.match(stderr, /^mitm: Deno \S+ is needed: [^\n]*npm[^\n]*MITM_DENO\n$/);
  });
});

Deno.test("launcher: when npm fails, its reason is the one line", async () => {
  await withTree(async ({ root, mitm, install }) => {
    const log = "npm error code ENOTFOUND\nnpm error syscall getaddrinfo\nnpm error errno ENOTFOUND\n" +
      "npm error network request to the registry failed\nnpm error A complete log of this run is in a file\n";
    await install("npm", `#!/bin/sh\nprintf '${log.replaceAll("\n", "\\n")}' >&2\nexit 1\n`);
    const { code, stderr } = await mitm(`${root}/mitm`);
    assert.equal(code, 1);
    assert.equal(
      stderr.split("\n")[1],
      `mitm: npm could not install Deno ${pinned}: network request to the registry failed`,
    );
    assert.deepEqual((await namesIn(`${root}/.deno`)).filter((name) => name.startsWith("install")), []);
  });
});

Deno.test("launcher: a system npm has no Deno for", async () => {
  await withTree(async ({ root, mitm, install }) => {
    await install("npm", "#!/bin/sh\nexit 0\n");
    const { code, stderr } = await mitm(`${root}/mitm`);
    assert.equal(code, 1);
    assert.match(stderr, /\nmitm: npm has no Deno \S+ for this system \([^)]+\); set MITM_DENO\n$/);
  });
});
