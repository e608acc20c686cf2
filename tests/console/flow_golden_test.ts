// The picture of each kind of flow, tab by tab, at three widths: golden text in flow_golden/. After a change that is
// wanted, `deno run --allow-read --allow-write=tests/console tests/console/flow_golden_test.ts` writes it anew.

import assert from "node:assert/strict";
import { flowTabs, flowTitle, tabLines } from "../../lib/console/flow_view.ts";
import { plainText, widthOf } from "../../lib/console/line.ts";
import type { Flow } from "../../lib/flow/record.ts";
import { makeChat, makeGrpcCall, makeKilled, makeMail, makeOrder, makeRefused } from "./flow_flows.ts";

const flows: readonly [name: string, make: () => Flow][] = [
  ["http1", makeOrder],
  ["grpc", makeGrpcCall],
  ["websocket", makeChat],
  ["tcp", makeMail],
  ["refused", makeRefused],
  ["killed", makeKilled],
];
const widths = [60, 100, 200];

function picture(flow: Flow, width: number): string {
  const lines = [plainText(flowTitle(flow, width))];
  for (const tab of flowTabs(flow)) {
    lines.push("", `--- ${tab}`);
    for (const line of tabLines(flow, tab, { width, raw: false })) lines.push(plainText(line).trimEnd());
  }
  return `${lines.join("\n")}\n`;
}

function goldenFile(name: string, width: number): URL {
  return new URL(`flow_golden/${name}_${width}.txt`, import.meta.url);
}

for (const [name, make] of import.meta.main ? [] : flows) {
  for (const width of widths) {
    Deno.test(`flow view: ${name} in ${width} columns`, async () => {
      const text = picture(make(), width);
      assert.equal(text, await Deno.readTextFile(goldenFile(name, width)));
      for (const line of text.split("\n")) assert.ok(widthOf(line) <= width, line);
    });
  }
}

if (import.meta.main) {
  for (const [name, make] of flows) {
    for (const width of widths) await Deno.writeTextFile(goldenFile(name, width), picture(make(), width));
  }
}
