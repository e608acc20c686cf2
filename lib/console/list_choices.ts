// What the list of flows asks and one key answers: whether to quit or to clear it, and its order.

import type { FlowStore } from "../flow/store.ts";
import type { FlowList, Order } from "./flow_list.ts";
import type { Choice } from "./view.ts";

export function quitChoice(quit: () => void): Choice {
  return {
    label: "quit?",
    keys: [
      { key: "y", what: "yes", chosen: quit },
      { key: "n", what: "no", chosen: () => {} },
    ],
  };
}

export function orderChoice(list: FlowList): Choice {
  const by = (order: Order) => () => void (list.order = order);
  return {
    label: "order by",
    keys: [
      { key: "t", what: "time", chosen: by("time") },
      { key: "m", what: "method", chosen: by("method") },
      { key: "u", what: "URL", chosen: by("url") },
      { key: "s", what: "size", chosen: by("size") },
    ],
  };
}

export function clearChoice(store: FlowStore): Choice {
  return {
    label: `delete all ${store.size} flows?`,
    keys: [
      { key: "y", what: "yes", chosen: () => store.clear() },
      { key: "n", what: "no", chosen: () => {} },
    ],
  };
}
