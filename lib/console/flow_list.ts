// The flows as the list shows them: those a filter lets through, in an order, kept up while tens of thousands come and go.
// Invariants: every flow of the store that matches is in the list once; a flow that is over is asked about once more, one
// that runs each second; what falls out of the store falls out here; adding and dropping the oldest cost the same however
// many there are. A filter over many flows, and another order than time's, are made up in the background or once a
// second: until then the list is what it was.

import type { Flow } from "../flow/record.ts";
import type { FlowStore, StoreObserver } from "../flow/store.ts";
import { flowTarget } from "../flow/flow_url.ts";
import { flowSize } from "./flow_facts.ts";

export type Order = "time" | "method" | "url" | "size";
export const ORDERS: readonly Order[] = ["time", "method", "url", "size"];

/** What is asked of each flow. */
export interface ListFilter {
  matches(flow: Flow): boolean;
}

/** So many flows are asked at once when the filter changes; more are asked in slices of SLICE_TIME. */
const ASKED_AT_ONCE = 2_000;
/** Milliseconds: what a key may wait, and the proxy. */
const SLICE_TIME = 4;
/** Places at the front that are empty before the list is moved. */
const TIDY_AT = 1024;

export class FlowList implements StoreObserver {
  readonly #store: FlowStore;
  readonly #onChange: () => void;
  /** In the order in which they began; `#first` is where they begin. */
  #byTime: Flow[] = [];
  #first = 0;
  readonly #listed = new Set<Flow>();
  /** Taken out of the middle: they are still in `#byTime`, which is tidied before it is read. */
  #holes = 0;
  /** Flows that run and did not match, or may not match any more. */
  readonly #running = new Set<Flow>();
  #filter: ListFilter | null = null;
  #order: Order = "time";
  #reversed = false;
  /** In another order than time's, as they were when they were sorted last; null when they must be now. */
  #sorted: Flow[] | null = null;
  /** Asks all flows about a new filter, in slices; null: it is done. */
  #asking: ReturnType<typeof setTimeout> | null = null;
  /** What came, ended or fell out meanwhile. */
  readonly #meanwhile = new Set<Flow>();

  /** Takes the place of whoever observes the store. `onChange` is called in the proxy's turn: it must be quick. */
  constructor(store: FlowStore, onChange: () => void) {
    this.#store = store;
    this.#onChange = onChange;
    store.observe(this);
    this.#rebuild();
  }

  get filter(): ListFilter | null {
    return this.#filter;
  }

  set filter(filter: ListFilter | null) {
    this.#filter = filter;
    this.#rebuild();
  }

  get order(): Order {
    return this.#order;
  }

  set order(order: Order) {
    this.#order = order;
    this.#sorted = null;
    this.#changed();
  }

  get reversed(): boolean {
    return this.#reversed;
  }

  set reversed(reversed: boolean) {
    this.#reversed = reversed;
    this.#changed();
  }

  /** How many are shown. */
  get length(): number {
    return this.#order === "time" ? this.#listed.size : this.#inOrder().length;
  }

  /** Whether a filter is still being asked about. */
  get isAsking(): boolean {
    return this.#asking !== null;
  }

  has(flow: Flow): boolean {
    return this.#listed.has(flow);
  }

  /** The flow at a place in the list. */
  at(index: number): Flow | null {
    if (index < 0 || index >= this.length) return null;
    const place = this.#reversed ? this.length - 1 - index : index;
    if (this.#order !== "time") return this.#inOrder()[place] ?? null;
    this.#tidy();
    return this.#byTime[this.#first + place] ?? null;
  }

  /** Its place in the list, or -1. */
  indexOf(flow: Flow): number {
    if (!this.#listed.has(flow)) return -1;
    let place: number;
    if (this.#order === "time") {
      this.#tidy();
      place = this.#placeByTime(flow);
    } else place = this.#inOrder().indexOf(flow);
    return this.#reversed ? this.length - 1 - place : place;
  }

  /** All that are shown, in the list's order. */
  *flows(): Generator<Flow> {
    for (let index = 0; index < this.length; index++) {
      const flow = this.at(index);
      if (flow !== null) yield flow;
    }
  }

  /** Asks about those that run again: they may match by now, or not any more. Call it about once a second. */
  refresh(): void {
    for (const flow of this.#running) this.#judge(flow);
    // What sizes and URLs were when it was sorted may be otherwise by now, and others have come.
    if (this.#order !== "time") this.#sorted = null;
  }

  /** The store is another one's to observe. */
  close(): void {
    this.#stopAsking();
    this.#store.observe(null);
  }

  // --- StoreObserver ---

  added(flow: Flow): void {
    if (flow.endedAt === null) this.#running.add(flow);
    this.#judge(flow);
  }

  ended(flow: Flow): void {
    this.#running.delete(flow);
    this.#judge(flow);
    this.#onChange();
  }

  removed(flow: Flow): void {
    this.#running.delete(flow);
    if (this.#asking !== null) this.#meanwhile.add(flow);
    this.#take(flow);
  }

  // ---

  #judge(flow: Flow): void {
    // The list is still the one of the filter before.
    if (this.#asking !== null) return void this.#meanwhile.add(flow);
    const matches = this.#filter === null || this.#filter.matches(flow);
    if (matches === this.#listed.has(flow)) return;
    if (!matches) return this.#take(flow);
    this.#listed.add(flow);
    this.#insert(flow);
    this.#changed();
  }

  /** At the end, nearly always; what began earlier and matches only now goes to its place. */
  #insert(flow: Flow): void {
    const last = this.#byTime.at(-1);
    if (this.#byTime.length === this.#first || last === undefined || last.id < flow.id) {
      this.#byTime.push(flow);
      return;
    }
    this.#tidy();
    this.#byTime.splice(this.#first + this.#placeByTime(flow), 0, flow);
  }

  #take(flow: Flow): void {
    if (!this.#listed.delete(flow)) return;
    if (this.#byTime[this.#first] === flow) {
      this.#first++;
      if (this.#first >= TIDY_AT && this.#first * 2 >= this.#byTime.length) this.#tidy(true);
    } else this.#holes++;
    this.#changed();
  }

  /** Where a flow stands, or would stand, by its number: they only rise. */
  #placeByTime(flow: Flow): number {
    let low = this.#first;
    let high = this.#byTime.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#byTime[middle];
      if (other !== undefined && other.id < flow.id) low = middle + 1;
      else high = middle;
    }
    return low - this.#first;
  }

  #tidy(front = false): void {
    if (this.#holes > 0) {
      this.#byTime = this.#byTime.slice(this.#first).filter((flow) => this.#listed.has(flow));
      this.#first = 0;
      this.#holes = 0;
    } else if (front) {
      this.#byTime = this.#byTime.slice(this.#first);
      this.#first = 0;
    }
  }

  #inOrder(): Flow[] {
    if (this.#sorted !== null) return this.#sorted;
    this.#tidy();
    const flows = this.#byTime.slice(this.#first);
    return this.#sorted = sortedBy(flows, this.#order);
  }

  /** The filter is another one: all flows are asked. */
  #rebuild(): void {
    this.#stopAsking();
    this.#running.clear();
    const flows = this.#store.flows();
    const found: Flow[] = [];
    if (this.#store.size <= ASKED_AT_ONCE) {
      this.#ask(flows, found, Infinity);
      return this.#asked(found);
    }
    const slice = () => {
      if (this.#ask(flows, found, performance.now() + SLICE_TIME)) {
        this.#asking = null;
        return this.#asked(found);
      }
      this.#asking = setTimeout(slice, 0);
    };
    this.#asking = setTimeout(slice, 0);
  }

  /** Asks until all have been, or it is `until`. Whether all have been. */
  #ask(flows: Iterator<Flow>, found: Flow[], until: number): boolean {
    for (let count = 1;; count++) {
      const { done, value: flow } = flows.next();
      if (done === true) return true;
      if (flow.endedAt === null) this.#running.add(flow);
      if (this.#filter === null || this.#filter.matches(flow)) found.push(flow);
      if (count % 64 === 0 && performance.now() >= until) return false;
    }
  }

  #asked(found: Flow[]): void {
    const meanwhile = [...this.#meanwhile];
    this.#meanwhile.clear();
    this.#byTime = found.filter((flow) => this.#store.has(flow)).sort((left, right) => left.id - right.id);
    this.#first = 0;
    this.#holes = 0;
    this.#listed.clear();
    for (const flow of this.#byTime) this.#listed.add(flow);
    for (const flow of meanwhile) if (this.#store.has(flow)) this.#judge(flow);
    this.#sorted = null;
    this.#changed();
  }

  #stopAsking(): void {
    if (this.#asking !== null) clearTimeout(this.#asking);
    this.#asking = null;
    this.#meanwhile.clear();
  }

  #changed(): void {
    this.#onChange();
  }
}

/** Each key is made once; what is equal stays in the order of time. */
function sortedBy(flows: readonly Flow[], order: Order): Flow[] {
  if (order === "size") {
    const sized = flows.map((flow) => ({ flow, size: flowSize(flow) }));
    return sized.sort((left, right) => left.size - right.size).map(({ flow }) => flow);
  }
  const keyed = flows.map((flow) => ({
    flow,
    key: order === "method" ? (flow.kind === "http" ? flow.request.head.method : "") : flowTarget(flow),
  }));
  return keyed.sort((left, right) => left.key < right.key ? -1 : left.key > right.key ? 1 : 0)
    .map(({ flow }) => flow);
}
