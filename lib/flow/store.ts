// The bounded flow store: keeps the newest flows, up to a count and a byte budget.
// Invariants: `bytes` is what the kept flows weigh, captured bodies counted as they grow, and what a flow was weighed
// with is what it takes along; over either bound the oldest flow falls out, is counted in `dropped`, and lets go of
// what it captured, even if it still runs.

import type { Fields } from "../http/fields.ts";
import { INTERN_LENGTH } from "../http/intern.ts";
import type { Flow } from "./record.ts";

export interface StoreLimits {
  /** Bytes that all kept flows may weigh together. */
  byteBudget: number;
  /** How many flows are kept at most. */
  flowLimit: number;
}

/** Who keeps a list of the flows: told in the turn in which it happens, so it must be quick. */
export interface StoreObserver {
  added(flow: Flow): void;
  /** It is over: its record is complete. */
  ended(flow: Flow): void;
  /** It fell out, or was taken out. */
  removed(flow: Flow): void;
}

/** What a flow weighs besides its captures, long values and field lines: measured over 50,000 recorded flows. */
const FLOW_WEIGHT = 900;
/** What one field line weighs: two places in an array; names and short values are shared (lib/http/intern.ts). */
const FIELD_WEIGHT = 16;
/** What one message weighs besides its content: a flow of single bytes must not fill memory. */
export const MESSAGE_WEIGHT = 96;
/** The same of a WebSocket's message, which has a capture of its own. */
export const WEBSOCKET_MESSAGE_WEIGHT = 256;

interface Entry {
  flow: Flow;
  bytes: number;
}

/** The queue is tidied when this many of its first places are empty, and half of it is. */
const TIDY_AT = 1024;

export class FlowStore {
  readonly #limits: StoreLimits;
  readonly #entries = new Map<number, Entry>();
  /**
   * The same entries, oldest first, from `#first` on. Not the Map's own order: its first entry is found by walking
   * over all that were deleted before it, 100 µs a flow once the store is full.
   */
  #queue: (Entry | null)[] = [];
  #first = 0;
  #bytes = 0;
  #dropped = 0;
  #observer: StoreObserver | null = null;

  constructor(limits: StoreLimits) {
    this.#limits = { ...limits };
  }

  /** How many flows are kept. */
  get size(): number {
    return this.#entries.size;
  }

  /** What the kept flows weigh, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many flows fell out since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Who is told of flows from now on; null for nobody. There is one at most. */
  observe(observer: StoreObserver | null): void {
    this.#observer = observer;
  }

  get(id: number): Flow | undefined {
    return this.#entries.get(id)?.flow;
  }

  /** Whether it is kept. A flow that has fallen out captures nothing more. */
  has(flow: Flow): boolean {
    return this.#entries.get(flow.id)?.flow === flow;
  }

  /** The kept flows, oldest first. */
  *flows(): Generator<Flow> {
    for (const { flow } of this.#entries.values()) yield flow;
  }

  /** Changes the bounds of a running store. */
  setLimits(limits: Partial<StoreLimits>): void {
    Object.assign(this.#limits, limits);
    this.#makeRoom();
  }

  /** A flow has begun (or comes as a whole: its captures and, once it is over, its heads are weighed now). */
  add(flow: Flow): void {
    const entry = { flow, bytes: 0 };
    this.#entries.set(flow.id, entry);
    this.#queue.push(entry);
    this.#weigh(entry, FLOW_WEIGHT + captured(flow) + (flow.endedAt === null ? 0 : weighHeads(flow)));
    this.#observer?.added(flow);
    this.#makeRoom();
  }

  /** A flow under way has captured `bytes` more; negative when captured bytes gave way to others. */
  grow(flow: Flow, bytes: number): void {
    const entry = this.#entries.get(flow.id);
    if (bytes === 0 || entry === undefined) return;
    this.#weigh(entry, bytes);
    if (this.#bytes > this.#limits.byteBudget) this.#makeRoom();
  }

  /** A flow is over: its heads are weighed. */
  end(flow: Flow): void {
    const entry = this.#entries.get(flow.id);
    if (entry === undefined) return;
    this.#weigh(entry, weighHeads(flow));
    this.#observer?.ended(flow);
    this.#makeRoom();
  }

  /** Takes a flow out, at a person's wish. */
  delete(id: number): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    this.#remove(entry);
    return true;
  }

  clear(): void {
    for (const entry of [...this.#entries.values()]) this.#remove(entry);
  }

  #weigh(entry: Entry, bytes: number): void {
    entry.bytes += bytes;
    this.#bytes += bytes;
  }

  #makeRoom(): void {
    const { byteBudget, flowLimit } = this.#limits;
    // The newest flow stays even when it alone is over the budget: its captures have their own cap.
    while (this.#entries.size > 1 && (this.#bytes > byteBudget || this.#entries.size > flowLimit)) {
      const oldest = this.#oldest();
      if (oldest === null) return;
      this.#remove(oldest);
      this.#dropped++;
    }
  }

  /** The oldest entry that is still kept; what was taken out elsewhere is passed over, and let go. */
  #oldest(): Entry | null {
    while (this.#first < this.#queue.length) {
      const entry = this.#queue[this.#first];
      if (entry !== undefined && entry !== null && this.#entries.get(entry.flow.id) === entry) return entry;
      this.#queue[this.#first++] = null;
    }
    return null;
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.flow.id);
    this.#oldest();
    if (this.#first >= TIDY_AT && this.#first * 2 >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#first);
      this.#first = 0;
    }
    this.#bytes -= entry.bytes;
    if (entry.flow.endedAt === null) discardCaptures(entry.flow);
    this.#observer?.removed(entry.flow);
  }
}

/** Bytes of bodies and messages a flow holds. */
function captured(flow: Flow): number {
  let bytes = 0;
  for (const message of flow.messages ?? []) bytes += message.content.length + MESSAGE_WEIGHT;
  if (flow.kind === "tcp") return bytes;
  for (const { body } of flow.websocket?.messages ?? []) bytes += body.kept + WEBSOCKET_MESSAGE_WEIGHT;
  return bytes + flow.request.body.kept + (flow.response?.body.kept ?? 0);
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
  if (fields === null) return 0;
  let bytes = fields.length * FIELD_WEIGHT;
  for (let index = 0; index < fields.length; index++) {
    const { length } = fields.value(index);
    if (length > INTERN_LENGTH) bytes += length;
  }
  return bytes;
}

function discardCaptures(flow: Flow): void {
  if (flow.messages !== null) {
    flow.messagesDropped += flow.messages.length;
    flow.messages.length = 0;
  }
  if (flow.kind === "tcp") return;
  flow.request.body.discard();
  flow.response?.body.discard();
  const { websocket } = flow;
  if (websocket === null) return;
  for (const { body } of websocket.messages) body.discard();
  websocket.messagesDropped += websocket.messages.length;
  websocket.messages.length = 0;
}
