// Where an exchange meets its hooks: runs a hook point, counts what is held, and keeps what a handler wants done.
// Invariants: a flow is `held` exactly while a handler has not settled; `edited` is set when a head or body is not
// what came; a killed or finished flow runs no further handlers.

import type { BodyCapture } from "../flow/body_capture.ts";
import type { HttpFlow } from "../flow/record.ts";
import type { Head } from "../http/head.ts";
import type { Answer, FlowControl } from "../hooks/hooks.ts";
import type { ProxyContext } from "./context.ts";
import { headText, withBody } from "./held_edit.ts";
import { after, type Pending } from "./lane.ts";

export type HttpHookName =
  | "requestHead"
  | "request"
  | "requestTrailers"
  | "interimResponse"
  | "responseHead"
  | "response"
  | "responseTrailers";

export interface GateOwner {
  kill(): void;
  /** A handler answered; called once its hook point is over. */
  answered(answer: Answer): void;
  /** Whether an answer can still be given. */
  readonly canAnswer: boolean;
}

export class FlowGate {
  readonly #context: ProxyContext;
  readonly #flow: HttpFlow;
  readonly #owner: GateOwner;
  #waiting = 0;
  #answer: Answer | null = null;
  #newBody: Uint8Array | null = null;
  #hostEdited = false;

  constructor(context: ProxyContext, flow: HttpFlow, owner: GateOwner) {
    this.#context = context;
    this.#flow = flow;
    this.#owner = owner;
  }

  get isHeld(): boolean {
    return this.#waiting > 0;
  }

  /** Whether a handler has put another Host in the request: then it is nobody else's to choose. */
  get hostEdited(): boolean {
    return this.#hostEdited;
  }

  /** Runs a hook point of this flow. */
  run(name: HttpHookName): Pending {
    const { hooks } = this.#context;
    if (!hooks.has(name) || this.#flow.endedAt !== null) return null;
    const before = headText(this.#flow);
    const { path, fields } = this.#flow.request.head;
    const host = fields.get("host");
    return after(this.holding(hooks.run(name, this.#flow, this.#control())), () => {
      if (headText(this.#flow) !== before) this.#flow.edited = true;
      this.#settleTarget(path, host);
      const answer = this.#answer;
      this.#answer = null;
      if (answer !== null && this.#owner.canAnswer) this.#owner.answered(answer);
      return null;
    });
  }

  /** The flow is held until `pending` is done. */
  holding(pending: Pending): Pending {
    if (pending === null) return null;
    this.#waiting++;
    this.#flow.held = true;
    return pending.then(() => {
      this.#waiting--;
      this.#flow.held = this.#waiting > 0;
    });
  }

  /** The body a handler put in place of a complete one, with the head and the record made right; null: none. */
  takeNewBody(head: Head, capture: BodyCapture): Uint8Array | null {
    const body = this.#newBody;
    if (body === null) return null;
    this.#newBody = null;
    this.#flow.edited = true;
    withBody(head, body.length);
    this.#context.store.grow(this.#flow, -capture.kept);
    capture.replace(body);
    this.#context.store.grow(this.#flow, capture.kept);
    return body;
  }

  /** A handler that edits the path, or Host, means the target too. */
  #settleTarget(pathBefore: string, hostBefore: string | null): void {
    const { head } = this.#flow.request;
    const host = head.fields.get("host");
    if (host !== null && host !== hostBefore) {
      head.authority = host;
      this.#hostEdited = true;
    } else if (head.path === pathBefore) return;
    if (head.targetForm === "absolute" && head.path !== "*") {
      head.target = `${head.scheme}://${head.authority}${head.path}`;
    } else if (head.path !== pathBefore) {
      head.target = head.path;
      head.targetForm = head.path === "*" ? "asterisk" : "origin";
    }
  }

  #control(): FlowControl {
    return {
      answer: (answer) => this.#answer = answer,
      kill: () => this.#context.turns.run(() => this.#owner.kill()),
      setBody: (body) => this.#newBody = body,
    };
  }
}
