// The console joined to a running proxy: its options count at once, its keys reach flows, and it ends when a person quits.

import { ConsoleApp } from "../console/console_app.ts";
import type { EventLines } from "../console/event_lines.ts";
import type { FlowStore } from "../flow/store.ts";
import type { Hooks } from "../hooks/hooks.ts";
import { formatHostPort } from "../http/target.ts";
import type { Proxy } from "../proxy/proxy.ts";
import { LiveOptions } from "./options_live.ts";
import type { OptionValues } from "./options_table.ts";
import { type LoadedOptions, settingsFromOptions } from "./settings_from_options.ts";
import type { StartFacts } from "./startup_text.ts";
import { colorWanted } from "./terminal_facts.ts";
import { UsageError } from "./usage_error.ts";

export interface ConsoleRun {
  loaded: LoadedOptions;
  hooks: Hooks;
  store: FlowStore;
  proxy: Proxy;
  events: EventLines;
  facts: StartFacts;
  /** Ctrl-C, or a signal. */
  stopped: Promise<void>;
}

/** Shows the console until a person quits, or mitm is to stop. */
export async function runConsole(
  { loaded, hooks, store, proxy, events, facts, stopped }: ConsoleRun,
): Promise<void> {
  const { values, settings } = loaded;
  const apply = async (changed: OptionValues): Promise<string | null> => {
    const applied = await settingsFromOptions(changed);
    if (applied instanceof UsageError) return applied.message;
    Object.assign(settings, applied);
    return app.setFilter(changed.filter?.text ?? "") ?? app.setIntercept(changed.intercept?.text ?? "");
  };
  const app = new ConsoleApp({
    store,
    hooks,
    options: new LiveOptions(values, apply),
    proxy: {
      kill: (flow) => proxy.kill(flow),
      replayRequest: (request) => proxy.replayRequest(request),
      replayTcp: (conversation) => proxy.replayTcp(conversation),
    },
    events,
    address: formatHostPort(facts.host, facts.port),
    certificatePath: facts.certificatePath,
    version: facts.version,
    color: values.color === "always" || (values.color === "auto" && colorWanted()),
  });
  try {
    app.start();
    await Promise.race([stopped, app.over]);
  } finally {
    await app.close();
  }
}
