// The lists of hosts: typed, chosen, deleted; each change counts at once, and none is lost.

import assert from "node:assert/strict";
import { LiveOptions } from "../../lib/cli/options_live.ts";
import { optionValues } from "../../lib/cli/option_values.ts";
import { UsageError } from "../../lib/cli/usage_error.ts";
import { HostsView } from "../../lib/console/hosts_view.ts";
import { makeHost, press, rowsOf } from "./view_host.ts";

function makeHosts() {
  const values = optionValues();
  assert.ok(!(values instanceof UsageError));
  // It takes a turn or two, as in the program.
  const options = new LiveOptions(
    values,
    () => new Promise((resolve) => queueMicrotask(() => resolve(null))),
  );
  const host = makeHost();
  const view = new HostsView(host, options, "tcp_hosts");
  return {
    host,
    view,
    type: (text: string) => press(view, ...Array.from(text, (key) => key === "\n" ? "enter" : key)),
    hosts: () => options.get("tcp_hosts").texts,
    settled: async () => {
      for (let turn = 0; turn < 100; turn++) await Promise.resolve();
    },
  };
}

Deno.test("hosts view: what is typed is added, each line of what is pasted", async () => {
  const { view, type, hosts, settled } = makeHosts();
  assert.deepEqual(rowsOf(view).slice(2), ["", "  add:", "", "  (none)"]);
  type("one\n\n two \nthr");
  await settled();
  assert.deepEqual(hosts(), ["one", "two"]);
  assert.deepEqual(rowsOf(view).slice(3), ["  add: thr", "", "  one", "  two"]);
  assert.deepEqual(view.cursor({ columns: 40, rows: 10 }), { row: 3, column: 10 });
});

Deno.test("hosts view: what is wrong is put back to be mended, unless more was typed", async () => {
  const { host, view, type, hosts, settled } = makeHosts();
  type("(\n");
  await settled();
  assert.match(host.said[0] ?? "", /^"\(" .*accepted: a regular expression/);
  assert.equal(rowsOf(view)[3], "  add: (");
  press(view, "backspace");
  type("(\none");
  await settled();
  assert.deepEqual([hosts(), rowsOf(view)[3]], [[], "  add: one"]);
});

Deno.test("hosts view: one that is there is not added twice", async () => {
  const { host, type, hosts, settled } = makeHosts();
  type("one\none\n");
  await settled();
  assert.deepEqual([hosts(), host.said], [["one"], ["one is there already"]]);
});

Deno.test("hosts view: the one chosen is deleted; typing goes on adding", async () => {
  const { view, type, hosts, settled } = makeHosts();
  type("a\nb\nc\nd\n");
  await settled();
  press(view, "down", "down", "d");
  await settled();
  assert.deepEqual(hosts(), ["a", "c", "d"]);
  assert.equal(view.cursor({ columns: 40, rows: 10 }), null);
  assert.deepEqual(rowsOf(view).slice(5), ["  a", "› c", "  d"]);
  // Faster than they are gone.
  press(view, "down", "delete", "delete");
  await settled();
  assert.deepEqual(hosts(), ["a"]);
  press(view, "up", "x");
  assert.equal(rowsOf(view)[3], "  add: x");
});

Deno.test("hosts view: escape leaves it; q is a letter while one types", () => {
  const { view, type } = makeHosts();
  assert.deepEqual([view.key("escape"), view.key("q")], [false, true]);
  type("x");
  assert.equal(rowsOf(view)[3], "  add: qx");
});

Deno.test("hosts view: more than fit are scrolled", async () => {
  const { view, type, settled } = makeHosts();
  type("a\nb\nc\nd\n");
  await settled();
  press(view, "down", "down", "down");
  assert.deepEqual(rowsOf(view, 7).slice(5), ["  b", "› c"]);
  press(view, "up", "up");
  assert.deepEqual(rowsOf(view, 7).slice(5), ["› a", "  b"]);
});
