// Flows that run, for whoever wants to end one: a person at the console.
// Invariant: a flow is here from its beginning to its end.

import type { Flow } from "../flow/record.ts";

/** Who carries a flow. */
export interface FlowCarrier {
  /** Ends it now: both sides see a reset. */
  kill(): void;
}

export class RunningFlows {
  readonly #carriers = new Map<number, FlowCarrier>();

  begin(flow: Flow, carrier: FlowCarrier): void {
    this.#carriers.set(flow.id, carrier);
  }

  end(flow: Flow): void {
    this.#carriers.delete(flow.id);
  }

  /** False: it does not run. */
  kill(flow: Flow): boolean {
    const carrier = this.#carriers.get(flow.id);
    carrier?.kill();
    return carrier !== undefined;
  }
}
