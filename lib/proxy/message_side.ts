// One message of an exchange, request or response, from its head to its end: captured, limited, held for a hook or
// forwarded as it comes. The same for both directions.
// Invariants: while a body is held its credit is given back (it must come in to be complete), up to HOLD_LIMIT;
// forwarded data's credit is the forwarder's to give back.

import type { HttpFlow, RequestRecord, ResponseRecord } from "../flow/record.ts";
import type { HttpEvent } from "../http/connection.ts";
import { Fields } from "../http/fields.ts";
import { now, type ProxyContext } from "./context.ts";
import type { FlowGate } from "./flow_gate.ts";
import { HeldBody } from "./held_body.ts";
import { after, type Pending } from "./lane.ts";

type DataEvent = HttpEvent & { kind: "data" };

export interface MessageOwner {
  readonly flow: HttpFlow;
  /** Nothing is forwarded any more: it is over, or was answered. */
  isSettled(): boolean;
  /** Passes an event on; the head of a request may have to wait for a connection. */
  forward(event: HttpEvent): Pending;
  /** Gives credit back to the message's source. */
  consume(credit: number): void;
  /** The body is over --body-size-limit. */
  tooLarge(limit: number): void;
  /** The body does not fit into memory for a hook. */
  tooLargeToHold(): void;
  /** The head has come whose body a hook wants whole. */
  holds(): void;
}

export class MessageSide {
  readonly #which: "request" | "response";
  readonly #context: ProxyContext;
  readonly #gate: FlowGate;
  readonly #owner: MessageOwner;
  #record: RequestRecord | ResponseRecord | null = null;
  #hold: HeldBody | null = null;

  constructor(which: "request" | "response", context: ProxyContext, gate: FlowGate, owner: MessageOwner) {
    this.#which = which;
    this.#context = context;
    this.#gate = gate;
    this.#owner = owner;
  }

  /** The head, `record.head`, has come. `goOn` decides what else may become of it; true: it was dealt with. */
  head(record: RequestRecord | ResponseRecord, end: boolean, goOn: () => Pending | false): Pending {
    this.#record = record;
    if (end) record.endedAt = now();
    const limit = this.#context.settings.bodySizeLimit;
    const { contentLength } = record.head;
    if (limit !== null && !end && contentLength !== null && contentLength > limit) {
      this.#owner.tooLarge(limit);
      return null;
    }
    return after(this.#gate.run(`${this.#which}Head`), () => {
      if (this.#owner.isSettled()) return null;
      const other = goOn();
      if (other !== false) return other;
      if (end) return after(this.#gate.run(this.#which), () => this.#forwardHeld(new HeldBody()));
      if (!this.#context.hooks.wantsBody(this.#which, this.#owner.flow)) {
        return this.#owner.forward({ kind: "head", stream: 0, head: record.head, end: false });
      }
      this.#hold = new HeldBody();
      this.#owner.holds();
      return null;
    });
  }

  data(event: DataEvent): Pending {
    const record = this.#record;
    if (record === null) return null;
    this.#context.store.grow(this.#owner.flow, record.body.append(event.data));
    const limit = this.#context.settings.bodySizeLimit;
    const isTooLarge = limit !== null && record.body.length > limit;
    if (!isTooLarge && this.#hold === null) {
      return event.end ? this.#end(event) : this.#owner.forward(event);
    }
    this.#owner.consume(event.credit);
    if (!isTooLarge && this.#hold?.append(event.data) === true) return event.end ? this.#end(event) : null;
    if (event.end) record.endedAt = now();
    if (isTooLarge) this.#owner.tooLarge(limit);
    else this.#owner.tooLargeToHold();
    return null;
  }

  trailers(event: HttpEvent & { kind: "trailers" }): Pending {
    if (this.#record === null) return null;
    this.#record.trailers = event.fields;
    return after(this.#gate.run(`${this.#which}Trailers`), () => {
      event.fields = this.#record?.trailers ?? new Fields();
      return this.#end(event);
    });
  }

  #end(event: HttpEvent): Pending {
    if (this.#record !== null) this.#record.endedAt = now();
    const hold = this.#hold;
    if (hold !== null) return after(this.#gate.run(this.#which), () => this.#forwardHeld(hold));
    // What has gone out already cannot be held: the hook is told, the end is not delayed.
    const told = this.#gate.run(this.#which);
    return after(this.#owner.forward(event), () => told);
  }

  /** The message is complete and has been seen: it goes out in one piece. */
  #forwardHeld(hold: HeldBody): Pending {
    this.#hold = null;
    const record = this.#record;
    if (record === null || this.#owner.isSettled()) return null;
    const body = this.#gate.takeNewBody(record.head, record.body) ?? hold.bytes();
    const { trailers } = record;
    const bare = body.length === 0 && trailers === null;
    const head = this.#owner.forward({ kind: "head", stream: 0, head: record.head, end: bare });
    return after(head, () => {
      if (bare) return null;
      const data = this.#owner.forward({
        kind: "data",
        stream: 0,
        data: body,
        credit: 0,
        end: trailers === null,
      });
      if (trailers === null) return data;
      return after(data, () => this.#owner.forward({ kind: "trailers", stream: 0, fields: trailers }));
    });
  }
}
