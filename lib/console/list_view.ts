// The list of flows: newest last, and following, unless a person has moved the focus away from the end.
// Invariant: the focus stays on its flow while others come and go; a flow that has gone gives it to its neighbour.

import type { Flow } from "../flow/record.ts";
import type { FlowList } from "./flow_list.ts";
import type { Key } from "./key.ts";
import { type Line, line, span } from "./line.ts";
import { listHeading, listRow } from "./list_row.ts";
import type { Row, Size } from "./screen.ts";
import { Scroll } from "./scroll.ts";
import type { FlowKeys, KeyHelp, View } from "./view.ts";

export interface ListViewHost {
  readonly list: FlowList;
  readonly flowKeys: FlowKeys;
  /** What stands where no flow is. */
  emptyText(): Line[];
  openFlow(flow: Flow): void;
  quit(): void;
  /** The keys that are the list's own. */
  filter(): void;
  order(): void;
  clear(): void;
  now(): number;
}

const HELP: readonly KeyHelp[] = [
  { keys: "enter", what: "look at the flow in focus", short: "look" },
  { keys: "↑ ↓ j k, space, ctrl b, g G", what: "move" },
  { keys: "f", what: "show only flows that match a filter", short: "filter" },
  { keys: "o, v", what: "order, reversed" },
  { keys: "F", what: "follow the newest flow" },
  { keys: "z", what: "clear the list" },
  { keys: "q", what: "quit", short: "quit" },
];

export class ListView implements View {
  readonly title = "flows";
  readonly #host: ListViewHost;
  readonly #scroll = new Scroll();
  #focused: Flow | null = null;
  #follows = true;
  #height = 1;

  constructor(host: ListViewHost) {
    this.#host = host;
  }

  get help(): readonly KeyHelp[] {
    return [...HELP, ...this.#host.flowKeys.help];
  }

  /** The flow in focus. */
  get focused(): Flow | null {
    this.#refocus();
    return this.#focused;
  }

  set focused(flow: Flow | null) {
    this.#focused = flow;
    this.#follows = false;
    this.#refocus();
  }

  get follows(): boolean {
    return this.#follows;
  }

  /** Where the focus is, from 1, for the status line. */
  get place(): number {
    return this.#host.list.length === 0 ? 0 : this.#scroll.focus + 1;
  }

  rows({ columns, rows }: Size): Row[] {
    const { list } = this.#host;
    this.#height = Math.max(1, rows - 1);
    this.#refocus();
    const shown: Row[] = [{ spans: [span("  "), ...listHeading(columns - 2)] }];
    if (list.length === 0) {
      return [...shown, { spans: [] }, ...this.#host.emptyText().map((spans) => ({ spans }))];
    }
    this.#scroll.fit(list.length, this.#height);
    const now = this.#host.now();
    for (let index = this.#scroll.top; index < this.#scroll.top + this.#height; index++) {
      const flow = list.at(index);
      if (flow === null) break;
      const isFocused = index === this.#scroll.focus;
      const spans = [span(isFocused ? "› " : "  ", "key"), ...listRow(flow, columns - 2, now)];
      shown.push(isFocused ? { spans, inverse: true } : { spans });
    }
    return shown;
  }

  key(key: Key): boolean {
    const { list } = this.#host;
    switch (key) {
      case "enter":
      case "right": {
        const flow = this.focused;
        if (flow !== null) this.#host.openFlow(flow);
        return true;
      }
      case "q":
        this.#host.quit();
        return true;
      case "f":
        this.#host.filter();
        return true;
      case "o":
        this.#host.order();
        return true;
      case "v":
        list.reversed = !list.reversed;
        return true;
      case "z":
        this.#host.clear();
        return true;
      case "F":
        this.#follows = !this.#follows;
        return true;
    }
    const flow = this.focused;
    if (this.#scroll.key(key, list.length, this.#height)) {
      this.#focused = list.at(this.#scroll.focus);
      // At the end again: it follows again.
      this.#follows = this.#scroll.focus === this.#end;
      return true;
    }
    return this.#host.flowKeys.key(key, flow);
  }

  /** Where the newest flow comes to stand, in the order of time. */
  get #end(): number {
    const { list } = this.#host;
    return list.reversed ? 0 : Math.max(0, list.length - 1);
  }

  /** The focus is a flow, not a place. */
  #refocus(): void {
    const { list } = this.#host;
    if (this.#follows) this.#scroll.focus = this.#end;
    else if (this.#focused !== null) {
      const place = list.indexOf(this.#focused);
      if (place >= 0) this.#scroll.focus = place;
    }
    this.#scroll.fit(list.length, this.#height);
    this.#focused = list.at(this.#scroll.focus);
  }
}

/** What a new user sees: where to send traffic. */
export function emptyList(address: string, certificatePath: string, isFiltered: boolean): Line[] {
  if (isFiltered) {
    return [line("  No flow matches the filter. f changes it; an empty one shows all.", "faint")];
  }
  return [
    line(`  mitm listens on ${address}. Nothing has come yet.`),
    [],
    line(`  curl -x http://${address} --cacert ${certificatePath} https://example.com/`, "name"),
    line("  or open http://mitm.it/ in a browser that uses it as its proxy.", "faint"),
  ];
}
