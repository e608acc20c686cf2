// What a filter matches is held until a person lets it go: requests, responses, WebSocket messages, TCP chunks.
// Invariants: nothing is asked of a flow while no filter is set; what is held of a flow is let go in the order in which it
// came; a flow that ends lets go of everything; a message is judged by its own content, not by those before it.

import type { CompiledFilter } from "../filter/compile.ts";
import type { Flow, HttpFlow, TcpFlow, TcpMessage, WebSocketMessage } from "../flow/record.ts";
import type { FlowControl, Hooks, MessageControl, WebSocketMessageControl } from "../hooks/hooks.ts";

/** Something that waits for a person. */
export type Held =
  | { kind: "request" | "response"; flow: HttpFlow; control: FlowControl; resume: () => void }
  | {
    kind: "message";
    flow: HttpFlow;
    message: WebSocketMessage;
    control: WebSocketMessageControl;
    resume: () => void;
  }
  | {
    kind: "chunk";
    flow: TcpFlow | HttpFlow;
    message: TcpMessage;
    control: MessageControl;
    resume: () => void;
  };

type HeldParts = Held extends infer Kind ? Kind extends Held ? Omit<Kind, "resume"> : never : never;

export class Intercept {
  readonly #hooks: Hooks;
  readonly #onChange: () => void;
  readonly #held = new Map<Flow, Held[]>();
  #filter: CompiledFilter | null = null;
  #unsubscribe: (() => void)[] = [];

  constructor(hooks: Hooks, onChange: () => void) {
    this.#hooks = hooks;
    this.#onChange = onChange;
  }

  get filter(): CompiledFilter | null {
    return this.#filter;
  }

  /** Null: nothing more is held; what is held already stays so. */
  set filter(filter: CompiledFilter | null) {
    this.#filter = filter;
    if (filter !== null && this.#unsubscribe.length === 0) this.#subscribe();
    if (filter === null && this.#held.size === 0) this.#stop();
    this.#onChange();
  }

  /** How many flows wait. */
  get size(): number {
    return this.#held.size;
  }

  /** What of a flow came first and waits; null: nothing. */
  heldOf(flow: Flow): Held | null {
    return this.#held.get(flow)?.[0] ?? null;
  }

  /** Lets go of what came first of a flow. Whether there was something. */
  resume(flow: Flow): boolean {
    const held = this.heldOf(flow);
    held?.resume();
    return held !== null;
  }

  /** Lets go of everything; returns of how many flows. */
  resumeAll(): number {
    const flows = [...this.#held.keys()];
    for (const flow of flows) while (this.resume(flow));
    return flows.length;
  }

  /** Lets go of everything, for good. */
  close(): void {
    this.#filter = null;
    this.resumeAll();
    this.#stop();
  }

  #subscribe(): void {
    const hooks = this.#hooks;
    const holdBody = (flow: Flow) => this.#mayMatch(flow);
    this.#unsubscribe = [
      hooks.on("request", (flow, control) => this.#judge(flow, { kind: "request", flow, control }), {
        holdBody,
      }),
      hooks.on("response", (flow, control) => this.#judge(flow, { kind: "response", flow, control }), {
        holdBody,
      }),
      hooks.on("websocketMessage", (flow, message, control) => {
        if (message.type === "ping" || message.type === "pong" || message.injected) return;
        return this.#judge(withMessage(flow, message), { kind: "message", flow, message, control });
      }, { holdMessage: (flow) => this.#mayMatch(flow) }),
      hooks.on("tcpMessage", (flow, message, control) => {
        return this.#judge(withChunk(flow, message), { kind: "chunk", flow, message, control });
      }),
      hooks.on("httpEnded", (flow) => this.#ended(flow)),
      hooks.on("tcpEnd", (flow) => this.#ended(flow)),
    ];
  }

  /** Whether it is to be held until it is complete: then it is judged. */
  #mayMatch(flow: Flow): boolean {
    const filter = this.#filter;
    return filter !== null && (filter.readsContent || filter.matches(flow));
  }

  #judge(asked: Flow, parts: HeldParts): Promise<void> | void {
    if (this.#filter?.matches(asked) !== true) return;
    return new Promise((resolve) => {
      const held = {
        ...parts,
        resume: () => {
          this.#remove(held);
          resolve();
        },
      } as Held;
      const queue = this.#held.get(parts.flow);
      if (queue === undefined) this.#held.set(parts.flow, [held]);
      else queue.push(held);
      this.#onChange();
    });
  }

  #remove(held: Held): void {
    const queue = this.#held.get(held.flow) ?? [];
    const rest = queue.filter((other) => other !== held);
    if (rest.length > 0) this.#held.set(held.flow, rest);
    else this.#held.delete(held.flow);
    if (this.#filter === null && this.#held.size === 0) this.#stop();
    this.#onChange();
  }

  #ended(flow: Flow): void {
    while (this.resume(flow));
  }

  #stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#unsubscribe = [];
  }
}

/** The flow as if this were all that was ever said. */
function withMessage(flow: HttpFlow, message: WebSocketMessage): HttpFlow {
  const { websocket } = flow;
  return websocket === null ? flow : { ...flow, websocket: { ...websocket, messages: [message] } };
}

function withChunk(flow: TcpFlow | HttpFlow, message: TcpMessage): TcpFlow | HttpFlow {
  return { ...flow, messages: [message] };
}
