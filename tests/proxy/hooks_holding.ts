// Hooks that hold, for tests.

import type { HttpFlow } from "../../lib/flow/record.ts";
import type { FlowControl, Hooks, ListenOptions } from "../../lib/hooks/hooks.ts";
import type { HttpHookName } from "../../lib/proxy/flow_gate.ts";

export interface Holding {
  /** Resolves when the hook holds a flow. */
  held: Promise<{ flow: HttpFlow; control: FlowControl }>;
  /** Lets go of it. */
  release(): void;
}

/** Holds the first flow that comes to a hook point (and `matches`); all others pass. */
export function holdNext(
  hooks: Hooks,
  name: HttpHookName,
  options: ListenOptions = {},
  matches: (flow: HttpFlow) => boolean = () => true,
): Holding {
  const held = Promise.withResolvers<{ flow: HttpFlow; control: FlowControl }>();
  const released = Promise.withResolvers<void>();
  let taken = false;
  hooks.on(name, (flow, control) => {
    if (taken || !matches(flow)) return;
    taken = true;
    held.resolve({ flow, control });
    return released.promise;
  }, options);
  return { held: held.promise, release: () => released.resolve() };
}

export const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

export const bytes = (plain: string): Uint8Array =>
  Uint8Array.from(plain, (character) => character.charCodeAt(0));
