// scripts/check_layers.ts on small trees: what must be let through, and one bad tree per rule.

import assert from "node:assert/strict";
import { checkSources } from "../../scripts/check_layers.ts";

const check = (tree: Record<string, string>): string[] => checkSources(new Map(Object.entries(tree)));

const good: Record<string, string> = {
  "lib/bytes/queue.ts": `export class Queue {}`,
  "lib/http/head.ts": `import type { Queue } from "../bytes/queue.ts";\nexport type Head = Queue;`,
  "lib/hpack/table.ts": `import { Queue } from "../bytes/queue.ts";\nexport const table = new Queue();`,
  "lib/http1/reader.ts": `// Deno. setTimeout( and await are only words here, "../http2/a.ts" too
import { Queue } from "../bytes/queue.ts";
import type { Head } from "../http/head.ts";
export const text = "await Deno.listen() from '../net/dial.ts'", mark = /"/, name = \`\${text} setTimeout\`;
export class Reader { #async = 1; process(head: Head) { return [head.Promise, { await: this.#async }, Queue]; } }`,
  "lib/http2/frames.ts": `import { table } from "../hpack/table.ts";\nexport const frames = [table];`,
  "lib/websocket/deflate.ts":
    `import { inflate } from "pako/lib/zlib/inflate.js";\nexport const inflateAll = inflate;`,
  "lib/tls/leaf.ts":
    `import { X509Certificate } from "@peculiar/x509";\nexport const leaf = X509Certificate, at = Date.now();`,
  "lib/net/dial.ts":
    `import net from "node:net";\nexport const dial = async () => { await net.connect(1); };`,
  "lib/flow/record.ts": `import type { Head } from "../http/head.ts";\nexport type Flow = Head;`,
  "lib/filter/compile.ts":
    `import type { Flow } from "../flow/record.ts";\nexport type Test = (flow: Flow) => boolean;`,
  "lib/hooks/hooks.ts": `import type { Flow } from "../flow/record.ts";\nexport type Hook = Flow;`,
  "lib/proxy/relay.ts":
    `import { Reader } from "../http1/reader.ts";\nimport { frames } from "../http2/frames.ts";
export const relay = [Reader, frames];`,
  "lib/cli/options_table.ts": `export const options = [];`,
  "lib/cli/main.ts": `import deno from "../../deno.json" with { type: "json" };
import { relay } from "../proxy/relay.ts";
export const main = [deno, relay, async () => (await import("../console/screen.ts")).screen];`,
  "lib/console/screen.ts":
    `import { options } from "../cli/options_table.ts";\nexport const screen = options;`,
  "main.ts": `import { main } from "./lib/cli/main.ts";\nawait main;`,
  "tests/http1/reader_test.ts": `import { frames } from "../../lib/http2/frames.ts";\nconsole.log(frames);`,
};

Deno.test("check_layers: a tree that keeps every rule", () => {
  assert.deepEqual(check(good), []);
});

const bad: { rule: string; file: string; source: string; says: RegExp[] }[] = [
  {
    rule: "bytes imports nothing",
    file: "lib/bytes/bad.ts",
    source: `\n\nimport type { Head } from "../http/head.ts";\nexport type A = Head;`,
    says: [/^lib\/bytes\/bad\.ts:3: bytes must not import lib\/http\/head\.ts \(it may import nothing\)$/],
  },
  {
    rule: "http1 never imports http2, over several lines",
    file: "lib/http1/bad.ts",
    source: `import {\n  frames,\n} from "../http2/frames.ts";\nexport const a = frames;`,
    says: [
      /^lib\/http1\/bad\.ts:3: http1 must not import lib\/http2\/frames\.ts \(it may import bytes, http\)$/,
    ],
  },
  {
    rule: "http2 never imports http1, as a type inside an expression",
    file: "lib/http2/bad.ts",
    source: `export type A = import("../http1/reader.ts").Reader;`,
    says: [/^lib\/http2\/bad\.ts:1: http2 must not import lib\/http1\/reader\.ts/],
  },
  {
    rule: "a re-export is an import",
    file: "lib/hpack/bad.ts",
    source: `export const a = 1;\nexport * from "../http2/frames.ts";`,
    says: [/^lib\/hpack\/bad\.ts:2: hpack must not import lib\/http2\/frames\.ts/],
  },
  {
    rule: "a lazy import is an import",
    file: "lib/net/bad.ts",
    source: `export const a = () => import("../flow/record.ts");`,
    says: [
      /^lib\/net\/bad\.ts:1: net must not import lib\/flow\/record\.ts \(it may import bytes, http, tls\)$/,
    ],
  },
  {
    rule: "console sees only the options of cli",
    file: "lib/console/bad.ts",
    source: `import { main } from "../cli/main.ts";\nimport { relay } from "../proxy/relay.ts";
export const a = [main, relay];`,
    says: [
      /^lib\/console\/bad\.ts:1: .*lib\/cli\/main\.ts/,
      /^lib\/console\/bad\.ts:2: .*lib\/proxy\/relay\.ts/,
    ],
  },
  {
    rule: "proxy does not know the command line",
    file: "lib/proxy/bad.ts",
    source: `import { options } from "../cli/options_table.ts";\nexport const a = options;`,
    says: [/^lib\/proxy\/bad\.ts:1: proxy must not import lib\/cli\/options_table\.ts/],
  },
  {
    rule: "filter takes nothing from the hooks, and is pure",
    file: "lib/filter/bad.ts",
    source:
      `import type { Hook } from "../hooks/hooks.ts";\nexport const a = async (): Promise<Hook> => await b;`,
    says: [
      /^lib\/filter\/bad\.ts:1: filter must not import lib\/hooks\/hooks\.ts \(it may import bytes, http, flow\)$/,
      /^lib\/filter\/bad\.ts:2: filter is pure: no async$/,
      /^lib\/filter\/bad\.ts:2: filter is pure: no Promise$/,
      /^lib\/filter\/bad\.ts:2: filter is pure: no await$/,
    ],
  },
  {
    rule: "hooks takes nothing from the net",
    file: "lib/hooks/bad.ts",
    source: `import { dial } from "../net/dial.ts";\nexport const a = dial;`,
    says: [/^lib\/hooks\/bad\.ts:1: hooks must not import lib\/net\/dial\.ts \(it may import flow, http\)$/],
  },
  {
    rule: "only cli reaches outside lib",
    file: "lib/http/bad.ts",
    source: `import deno from "../../deno.json" with { type: "json" };\nexport const a = deno;`,
    says: [/^lib\/http\/bad\.ts:1: http must not import deno\.json/],
  },
  {
    rule: "pure rooms import no node: module and no package",
    file: "lib/http2/bad.ts",
    source:
      `import { inflateSync } from "node:zlib";\nimport yaml from "yaml";\nexport const a = [inflateSync, yaml];`,
    says: [/:1: http2 must not import "node:zlib"$/, /:2: http2 must not import "yaml"$/],
  },
  {
    rule: "websocket has node:zlib and nothing else",
    file: "lib/websocket/bad.ts",
    source: `import { Socket } from "node:net";\nexport const a = Socket;`,
    says: [/:1: websocket must not import "node:net"$/],
  },
  {
    rule: "pure rooms do no I/O and have no clock",
    file: "lib/http1/bad.ts",
    source:
      `export const a = () => Deno.pid;\nexport const b = () => Date.now();\nexport const c = () => new Date();
export const d = () => performance.now();\nexport const e = () => \`\${setTimeout(a, 1)}\`;`,
    says: [
      /:1: http1 is pure: no Deno$/,
      /:2: .*no Date$/,
      /:3: .*no Date$/,
      /:4: .*performance$/,
      /:5: .*setTimeout$/,
    ],
  },
  {
    rule: "pure rooms do not wait",
    file: "lib/http/bad.ts",
    source: `export async function a(b: unknown) {\n  await b;\n}`,
    says: [/:1: http is pure: no async$/, /:2: http is pure: no await$/],
  },
  {
    rule: "a folder of lib that is no room",
    file: "lib/utils/bad.ts",
    source: `export const a = 1;`,
    says: [/^lib\/utils\/bad\.ts:1: .*knows no room "utils"$/],
  },
  {
    rule: "a file of lib in no room",
    file: "lib/bad.ts",
    source: `export const a = 1;`,
    says: [/^lib\/bad\.ts:1: files of lib\/ live in a room$/],
  },
  {
    rule: "snake_case file names",
    file: "tests/http1/badName_test.ts",
    source: `export const a = 1;`,
    says: [/^tests\/http1\/badName_test\.ts:1: file names are snake_case$/],
  },
  {
    rule: "no default exports",
    file: "scripts/bad.ts",
    source: `const a = 1;\nexport default a;\nexport { a as default };`,
    says: [/^scripts\/bad\.ts:2: no default exports$/, /^scripts\/bad\.ts:3: no default exports$/],
  },
  {
    rule: "no files of re-exports",
    file: "lib/http1/bad.ts",
    source:
      `// All of it.\nimport { Reader } from "./reader.ts";\nexport type { Head } from "../http/head.ts";
export * as queue from "../bytes/queue.ts";\nexport { Reader };`,
    says: [/^lib\/http1\/bad\.ts:1: no files of re-exports/],
  },
  {
    rule: "no notes to be done later",
    file: "lib/net/bad.ts",
    source: `/**\n * TODO: all of it\n */\nexport const a = 1; // FIXME`,
    says: [/^lib\/net\/bad\.ts:2: no TODO/, /^lib\/net\/bad\.ts:4: no FIXME/],
  },
];

for (const { rule, file, source, says } of bad) {
  Deno.test(`check_layers: ${rule}`, () => {
    const lines = check({ ...good, [file]: source });
    assert.equal(lines.length, says.length, lines.join("\n"));
    for (const [index, pattern] of says.entries()) assert.match(lines[index] ?? "", pattern);
  });
}

Deno.test("check_layers: circles of imports, in one room and across a type", () => {
  assert.deepEqual(
    check({
      "lib/net/a.ts": `import { b } from "./b.ts";\nexport const a = b;`,
      "lib/net/b.ts": `import { c } from "./c.ts";\nexport const b = c;`,
      "lib/net/c.ts": `\nimport type { a } from "./a.ts";\nexport const c = 1 as typeof a;`,
      "lib/net/d.ts": `import { d } from "./d.ts";\nexport const e = d;`,
    }),
    [
      "lib/net/c.ts:2: imports go in a circle: lib/net/a.ts > lib/net/b.ts > lib/net/c.ts > lib/net/a.ts",
      "lib/net/d.ts:1: imports go in a circle: lib/net/d.ts > lib/net/d.ts",
    ],
  );
});
