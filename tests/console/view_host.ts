// What views ask of the console, for tests: kept instead of done.

import { type Line, plainText } from "../../lib/console/line.ts";
import type { View, ViewHost } from "../../lib/console/view.ts";

export interface TestHost extends ViewHost {
  readonly said: string[];
  readonly opened: View[];
  backs: number;
}

export function makeHost(): TestHost {
  const host: TestHost = {
    said: [],
    opened: [],
    backs: 0,
    open: (view) => void host.opened.push(view),
    back: () => void host.backs++,
    say: (text) => void host.said.push(text),
    ask: () => {},
    choose: () => {},
    changed: () => {},
  };
  return host;
}

/** What a view shows in 40 columns, each row without the blanks at its end. */
export function rowsOf(view: View, rows = 10): string[] {
  return view.rows({ columns: 40, rows }).map(({ spans }: { spans: Line }) => plainText(spans).trimEnd());
}

export function press(view: View, ...keys: string[]): void {
  for (const key of keys) view.key(key);
}
