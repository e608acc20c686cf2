// What a session needs, without a network: deadlines expire when a test says so.

import type { HttpFlow } from "../../lib/flow/record.ts";
import { FlowStore } from "../../lib/flow/store.ts";
import { Hooks, type LogEntry } from "../../lib/hooks/hooks.ts";
import { Deadline, Deadlines } from "../../lib/net/deadlines.ts";
import { Turns } from "../../lib/net/driver.ts";
import { Ids, type ProxyContext } from "../../lib/proxy/context.ts";
import type { Settings } from "../../lib/proxy/settings.ts";
import { RunningFlows } from "../../lib/proxy/running_flows.ts";
import { ToldNotes } from "../../lib/proxy/told_notes.ts";
import { testSettings } from "../kit/proxy_fixture.ts";

class HandDeadline extends Deadline {
  /** What it was set for last, milliseconds. */
  duration = 0;
  /** How often it was set. */
  sets = 0;

  override set(milliseconds: number): void {
    this.duration = milliseconds;
    this.sets++;
    super.set(milliseconds);
  }
}

/** Deadlines that expire when a test says so. */
export class HandDeadlines extends Deadlines {
  readonly #created: HandDeadline[] = [];

  override create(expired: (now: number) => void): Deadline {
    const deadline = new HandDeadline(new Set(), expired);
    this.#created.push(deadline);
    return deadline;
  }

  /** What those that run were set for, milliseconds, shortest first. */
  get durations(): number[] {
    return this.#running.map(({ duration }) => duration).sort((a, b) => a - b);
  }

  /** How often those that were set for so long have been set. */
  setsOf(milliseconds: number): number {
    return this.#created.filter(({ duration }) => duration === milliseconds).reduce(
      (sum, { sets }) => sum + sets,
      0,
    );
  }

  /** All that run, now. */
  expire(): void {
    for (const deadline of this.#running) deadline.check(Infinity);
  }

  /** The one that was set for the shortest time. */
  expireShortest(): void {
    const [first] = this.#running.sort((a, b) => a.duration - b.duration);
    first?.check(Infinity);
  }

  get #running(): HandDeadline[] {
    return this.#created.filter(({ isSet }) => isSet);
  }
}

export interface MemoryContext {
  context: ProxyContext;
  settings: Settings;
  hooks: Hooks;
  hookErrors: unknown[];
  store: FlowStore;
  deadlines: HandDeadlines;
  ended: HttpFlow[];
  logs: LogEntry[];
}

export function memoryContext(overrides: Partial<Settings> = {}): MemoryContext {
  const settings = testSettings(overrides);
  const hookErrors: unknown[] = [];
  const hooks = new Hooks((_name, error) => hookErrors.push(error));
  const store = new FlowStore({ byteBudget: settings.flowBudget, flowLimit: settings.flowLimit });
  const deadlines = new HandDeadlines();
  // Nothing here speaks TLS.
  const parts: Omit<ProxyContext, "certificates" | "trust" | "rejectedHosts"> = {
    settings,
    hooks,
    store,
    turns: new Turns(),
    deadlines,
    toldNotes: new ToldNotes(),
    running: new RunningFlows(),
    ids: new Ids(),
    isOwnAddress: () => false,
  };
  const ended: HttpFlow[] = [];
  const logs: LogEntry[] = [];
  hooks.on("httpEnded", (flow) => void ended.push(flow));
  hooks.on("log", (entry) => void logs.push(entry));
  return { context: parts as ProxyContext, settings, hooks, hookErrors, store, deadlines, ended, logs };
}

/** Lets everything that only waits for promises happen. */
export async function settled(): Promise<void> {
  for (let count = 0; count < 50; count++) await Promise.resolve();
}
