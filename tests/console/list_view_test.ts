// The list on the screen: the focus is a flow, not a place, and follows the newest until one looks elsewhere.

import assert from "node:assert/strict";
import { FlowList } from "../../lib/console/flow_list.ts";
import { ListView } from "../../lib/console/list_view.ts";
import { FlowStore } from "../../lib/flow/store.ts";
import { makeHttpFlow, START } from "../kit/records.ts";
import { press } from "./view_host.ts";

const SIZE = { columns: 120, rows: 4 };

class Shown implements Disposable {
  readonly store: FlowStore;
  readonly list: FlowList;
  readonly view: ListView;
  readonly opened: number[] = [];
  #id = 0;

  constructor(count: number, flowLimit = 1_000) {
    this.store = new FlowStore({ byteBudget: 1 << 30, flowLimit });
    this.list = new FlowList(this.store, () => {});
    this.view = new ListView({
      list: this.list,
      flowKeys: { key: () => false, help: [] },
      emptyText: () => [],
      openFlow: ({ id }) => void this.opened.push(id),
      quit: () => {},
      filter: () => {},
      order: () => {},
      clear: () => {},
      now: () => START,
    });
    this.add(count);
  }

  add(count = 1): void {
    for (let index = 0; index < count; index++) {
      const flow = makeHttpFlow({ id: ++this.#id, request: { path: `/${this.#id}` } });
      this.store.add(flow);
      this.store.end(flow);
    }
  }

  /** The numbers of the flows shown; the one in focus negative. */
  get numbers(): number[] {
    return this.view.rows(SIZE).slice(1).map(({ spans, inverse }) => {
      const number = Number(/ \/(\d+) /.exec(spans.map(({ text }) => text).join(""))?.[1]);
      return inverse === true ? -number : number;
    });
  }

  [Symbol.dispose](): void {
    this.list.close();
  }
}

Deno.test("list view: it follows the newest, and again once one is back at the end", () => {
  using shown = new Shown(5);
  assert.deepEqual(shown.numbers, [3, 4, -5]);
  shown.add();
  assert.deepEqual([shown.numbers, shown.view.place, shown.view.follows], [[4, 5, -6], 6, true]);
  press(shown.view, "up");
  shown.add(2);
  assert.deepEqual([shown.numbers, shown.view.place, shown.view.follows], [[4, -5, 6], 5, false]);
  press(shown.view, "end");
  shown.add();
  assert.deepEqual([shown.numbers, shown.view.follows], [[7, 8, -9], true]);
  press(shown.view, "F");
  shown.add();
  assert.deepEqual([shown.numbers, shown.view.follows], [[7, 8, -9], false]);
});

Deno.test("list view: the focus stays on its flow while the oldest fall out, and then goes to a neighbour", () => {
  using shown = new Shown(5, 5);
  assert.deepEqual(shown.numbers, [3, 4, -5]);
  press(shown.view, "home", "down");
  assert.deepEqual(shown.numbers, [1, -2, 3]);
  shown.add();
  assert.deepEqual(shown.numbers, [-2, 3, 4]);
  shown.add();
  assert.deepEqual(shown.numbers, [-3, 4, 5]);
  assert.equal(shown.view.focused?.id, 3);
});

Deno.test("list view: keys move a row, a page, to the ends; enter opens what is in focus", () => {
  using shown = new Shown(9);
  const after = (...keys: string[]) => {
    press(shown.view, ...keys);
    return shown.numbers.find((number) => number < 0);
  };
  assert.equal(after("g"), -1);
  assert.equal(after("j", "j", "k"), -2);
  assert.equal(after(" "), -4);
  assert.equal(after("ctrl b"), -2);
  assert.equal(after("pagedown", "pagedown", "pagedown", "pagedown", "pagedown"), -9);
  assert.equal(after("up", "enter"), -8);
  assert.deepEqual(shown.opened, [8]);
});

Deno.test("list view: reversed, the newest is at the top, and followed there", () => {
  using shown = new Shown(4);
  press(shown.view, "v");
  assert.deepEqual([shown.numbers, shown.view.follows], [[-4, 3, 2], true]);
  shown.add();
  assert.deepEqual([shown.numbers, shown.view.follows], [[-5, 4, 3], true]);
  press(shown.view, "down");
  shown.add();
  assert.deepEqual([shown.numbers, shown.view.follows], [[6, 5, -4], false]);
  press(shown.view, "home");
  assert.deepEqual([shown.numbers, shown.view.follows], [[-6, 5, 4], true]);
});
