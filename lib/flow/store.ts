// The bounded flow store: keeps the newest flows, up to a count and a byte budget.
// Invariants: `bytes` is what the kept flows weigh, captured bodies counted as they grow; over either bound the
// oldest flow falls out, is counted in `dropped`, and lets go of what it captured, even if it still runs.

import type { Fields } from "../http/fields.ts";
import type { Flow } from "./record.ts";

export interface StoreLimits {
  /** Bytes that all kept flows may weigh together. */
  byteBudget: number;
  /** How many flows are kept at most. */
  flowLimit: number;
}

/** What a flow weighs besides its text and bodies: measured as resident size over 50,000 recorded flows. */
const FLOW_WEIGHT = 1024;
/** What one field line weighs besides its characters. */
const FIELD_WEIGHT = 48;

export class FlowStore {
  readonly #limits: StoreLimits;
  readonly #flows = new Map<number, Flow>();
  #bytes = 0;
  #dropped = 0;

  constructor(limits: StoreLimits) {
    this.#limits = limits;
  }

  /** How many flows are kept. */
  get size(): number {
    return this.#flows.size;
  }

  /** What the kept flows weigh, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many flows fell out since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  get(id: number): Flow | undefined {
    return this.#flows.get(id);
  }

  /** The kept flows, oldest first. */
  flows(): IterableIterator<Flow> {
    return this.#flows.values();
  }

  /** Changes the bounds of a running store. */
  setLimits(limits: Partial<StoreLimits>): void {
    Object.assign(this.#limits, limits);
    this.#makeRoom();
  }

  /** A flow has begun. */
  add(flow: Flow): void {
    this.#flows.set(flow.id, flow);
    this.#bytes += FLOW_WEIGHT;
    this.#makeRoom();
  }

  /** A flow under way has captured `bytes` more. */
  grow(flow: Flow, bytes: number): void {
    if (bytes === 0 || !this.#flows.has(flow.id)) return;
    this.#bytes += bytes;
    if (this.#bytes > this.#limits.byteBudget) this.#makeRoom();
  }

  /** A flow is over: its heads are weighed. */
  end(flow: Flow): void {
    if (!this.#flows.has(flow.id)) return;
    this.#bytes += weighHeads(flow);
    this.#makeRoom();
  }

  /** Takes a flow out, at a person's wish. */
  delete(id: number): boolean {
    const flow = this.#flows.get(id);
    if (flow === undefined) return false;
    this.#remove(flow);
    return true;
  }

  clear(): void {
    for (const flow of [...this.#flows.values()]) this.#remove(flow);
  }

  #makeRoom(): void {
    const { byteBudget, flowLimit } = this.#limits;
    // The newest flow stays even when it alone is over the budget: its captures have their own cap.
    while (this.#flows.size > 1 && (this.#bytes > byteBudget || this.#flows.size > flowLimit)) {
      const oldest = this.#flows.values().next().value;
      if (oldest === undefined) return;
      this.#remove(oldest);
      this.#dropped++;
    }
  }

  #remove(flow: Flow): void {
    this.#flows.delete(flow.id);
    this.#bytes -= FLOW_WEIGHT + captured(flow) + (flow.endedAt === null ? 0 : weighHeads(flow));
    if (flow.endedAt === null) discardCaptures(flow);
  }
}

/** Bytes of bodies and messages a flow holds. */
function captured(flow: Flow): number {
  let bytes = 0;
  for (const message of flow.messages ?? []) bytes += message.content.length;
  if (flow.kind === "http") bytes += flow.request.body.kept + (flow.response?.body.kept ?? 0);
  return bytes;
}

function weighHeads(flow: Flow): number {
  if (flow.kind === "tcp") return 0;
  let bytes = weighFields(flow.request.head.fields) + flow.request.head.target.length +
    weighFields(flow.request.trailers);
  for (const { head } of flow.interim) bytes += weighFields(head.fields);
  if (flow.response !== null) {
    bytes += weighFields(flow.response.head.fields) + weighFields(flow.response.trailers);
  }
  return bytes;
}

function weighFields(fields: Fields | null): number {
  return fields === null ? 0 : fields.size + fields.length * FIELD_WEIGHT;
}

function discardCaptures(flow: Flow): void {
  if (flow.messages !== null) {
    flow.messagesDropped += flow.messages.length;
    flow.messages.length = 0;
  }
  if (flow.kind === "http") {
    flow.request.body.discard();
    flow.response?.body.discard();
  }
}
