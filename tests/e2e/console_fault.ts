// mitm with mistakes in its console, for console_terminal_test.ts: what `E` shows cannot be shown, and what `Q` does ends
// with an error.

import { run } from "../../lib/cli/main.ts";
import { ConsoleApp } from "../../lib/console/console_app.ts";
import { EventLines } from "../../lib/console/event_lines.ts";

Object.defineProperty(EventLines.prototype, "lines", {
  get() {
    throw new TypeError("the lines are gone");
  },
});

const { get } = Object.getOwnPropertyDescriptor(ConsoleApp.prototype, "over") ?? {};
Object.defineProperty(ConsoleApp.prototype, "over", {
  async get(this: ConsoleApp) {
    await get?.call(this);
    throw new RangeError("no way out");
  },
});

Deno.exit(await run(Deno.args));
