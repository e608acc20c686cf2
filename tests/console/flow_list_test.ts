// The list of flows over a real store: filters, orders, what falls out, and fifty thousand of them.

import assert from "node:assert/strict";
import { FlowList, type Order } from "../../lib/console/flow_list.ts";
import { compileFilter } from "../../lib/filter/compile.ts";
import { FilterError } from "../../lib/filter/filter_error.ts";
import type { HttpFlow } from "../../lib/flow/record.ts";
import { FlowStore } from "../../lib/flow/store.ts";
import { makeHttpFlow, START } from "../kit/records.ts";

function filterOf(text: string) {
  const filter = compileFilter(text);
  assert.ok(!(filter instanceof FilterError));
  return filter;
}

interface Parts {
  path?: string;
  method?: string;
  size?: number;
  isRunning?: boolean;
}

class Listed implements Disposable {
  readonly store: FlowStore;
  readonly list: FlowList;
  changes = 0;
  #id = 0;

  constructor(flowLimit = 100_000) {
    this.store = new FlowStore({ byteBudget: 1 << 30, flowLimit });
    this.list = new FlowList(this.store, () => this.changes++);
  }

  add({ path = "/", method = "GET", size = 0, isRunning = false }: Parts = {}): HttpFlow {
    const flow = makeHttpFlow({
      id: ++this.#id,
      request: { path, method },
      response: isRunning ? null : { body: "x".repeat(size) },
      took: null,
    });
    this.store.add(flow);
    if (!isRunning) this.end(flow);
    return flow;
  }

  end(flow: HttpFlow): void {
    flow.endedAt = START + 10;
    this.store.end(flow);
  }

  get ids(): number[] {
    return [...this.list.flows()].map(({ id }) => id);
  }

  [Symbol.dispose](): void {
    this.list.close();
  }
}

Deno.test("flow list: in the order in which they came; what falls out of the store falls out", () => {
  using listed = new Listed(3);
  for (let count = 0; count < 5; count++) listed.add();
  assert.deepEqual(listed.ids, [3, 4, 5]);
  assert.deepEqual([listed.list.at(0)?.id, listed.list.at(2)?.id, listed.list.at(3), listed.list.at(-1)], [
    3,
    5,
    null,
    null,
  ]);
  const [flow] = listed.store.flows();
  assert.ok(flow !== undefined);
  assert.equal(listed.list.indexOf(flow), 0);
});

Deno.test("flow list: a filter lets through what matches, then, now, and once it is over", () => {
  using listed = new Listed();
  listed.add({ path: "/a" });
  const running = listed.add({ path: "/b", isRunning: true });
  listed.list.filter = filterOf("~s");
  assert.deepEqual(listed.ids, [1]);
  running.response = makeHttpFlow({}).response;
  listed.list.refresh();
  assert.deepEqual(listed.ids, [1, 2], "asked again while it runs");
  listed.list.filter = filterOf("/b & ~e");
  assert.deepEqual(listed.ids, []);
  running.error = { at: 0, message: "", by: "client", code: "", rule: null };
  listed.end(running);
  assert.deepEqual(listed.ids, [2], "and when it ends");
  listed.add({ path: "/b" });
  listed.list.filter = null;
  assert.deepEqual(listed.ids, [1, 2, 3]);
});

Deno.test("flow list: one that matches only later goes to its place", () => {
  using listed = new Listed();
  listed.list.filter = filterOf("~s");
  const slow = listed.add({ isRunning: true });
  listed.add();
  listed.add();
  slow.response = makeHttpFlow({}).response;
  listed.end(slow);
  assert.deepEqual(listed.ids, [1, 2, 3]);
  listed.store.delete(2);
  assert.deepEqual(listed.ids, [1, 3]);
  assert.equal(listed.list.indexOf(slow), 0);
});

const orders: [order: Order, ids: number[]][] = [
  ["time", [1, 2, 3, 4]],
  ["method", [1, 3, 4, 2]],
  ["url", [3, 2, 1, 4]],
  ["size", [4, 2, 1, 3]],
];
for (const [order, ids] of orders) {
  Deno.test(`flow list: by ${order}, and reversed`, () => {
    using listed = new Listed();
    listed.add({ path: "/c", method: "GET", size: 30 });
    listed.add({ path: "/b", method: "POST", size: 20 });
    listed.add({ path: "/a", method: "GET", size: 40 });
    const last = listed.add({ path: "/d", method: "HEAD", size: 10 });
    listed.list.order = order;
    assert.deepEqual(listed.ids, ids);
    assert.equal(listed.list.indexOf(last), ids.indexOf(4));
    listed.list.reversed = true;
    assert.deepEqual(listed.ids, ids.toReversed());
    assert.equal(listed.list.indexOf(last), ids.toReversed().indexOf(4));
  });
}

Deno.test("flow list: in another order than time's, what comes is in its place once it is refreshed", () => {
  using listed = new Listed();
  listed.add({ path: "/b" });
  listed.list.order = "url";
  assert.deepEqual(listed.ids, [1]);
  listed.add({ path: "/a" });
  assert.deepEqual([listed.ids, listed.list.length], [[1], 1]);
  listed.list.refresh();
  assert.deepEqual([listed.ids, listed.list.length], [[2, 1], 2]);
});

Deno.test("flow list: fifty thousand flows are asked in slices; what comes, ends and falls out meanwhile is right", async () => {
  using listed = new Listed(50_000);
  for (let count = 0; count < 50_000; count++) listed.add({ path: count % 2 === 0 ? "/even" : "/odd" });
  const running = listed.add({ path: "/even", isRunning: true });
  listed.list.filter = filterOf("/even");
  assert.equal(listed.list.isAsking, true);
  assert.equal(listed.list.length, 50_000, "until it is known, the list is what it was");
  const late = listed.add({ path: "/even" });
  listed.add({ path: "/odd" });
  listed.store.delete(3);
  running.request.head.path = "/odd";
  listed.end(running);
  while (listed.list.isAsking) await new Promise((resolve) => setTimeout(resolve, 0));
  const { ids } = listed;
  assert.deepEqual(ids, ids.toSorted((left, right) => left - right));
  assert.equal(ids.length, new Set(ids).size);
  assert.equal(ids.at(-1), late.id);
  assert.ok(
    [...listed.list.flows()].every((flow) => flow.kind === "http" && flow.request.head.path === "/even"),
  );
  assert.equal(ids.includes(3), false);
  // Three of the oldest have fallen out, one was deleted.
  assert.equal(ids.length, 24_999);
});

Deno.test("flow list: a filter that is changed before the last one was asked of all takes its place", async () => {
  using listed = new Listed();
  for (let count = 0; count < 5_000; count++) listed.add({ path: count % 2 === 0 ? "/even" : "/odd" });
  listed.list.filter = filterOf("/even");
  listed.list.filter = filterOf("/odd");
  while (listed.list.isAsking) await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(listed.list.length, 2_500);
  assert.equal(listed.list.at(0)?.id, 2);
});
