// What can be done with conversations that run: the controls their hooks gave, kept until they end.
// Invariant: a flow that is over has none.

import type { Flow } from "../flow/record.ts";
import type { Hooks, MessageControl, WebSocketControl } from "../hooks/hooks.ts";

export type ConversationControl =
  | { kind: "websocket"; control: WebSocketControl }
  | { kind: "tcp"; control: MessageControl };

export class Controls {
  readonly #controls = new Map<number, ConversationControl>();
  readonly #unsubscribe: (() => void)[];

  constructor(hooks: Hooks) {
    this.#unsubscribe = [
      hooks.on("websocketStart", (flow, control) => this.#set(flow, { kind: "websocket", control })),
      hooks.on("tcpStart", (flow, control) => this.#set(flow, { kind: "tcp", control })),
      hooks.on("websocketEnd", (flow) => this.#ended(flow)),
      hooks.on("tcpEnd", (flow) => this.#ended(flow)),
    ];
  }

  /** Null: it is over, or is no conversation. */
  of(flow: Flow): ConversationControl | null {
    return this.#controls.get(flow.id) ?? null;
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#controls.clear();
  }

  #set(flow: Flow, control: ConversationControl): void {
    this.#controls.set(flow.id, control);
  }

  #ended(flow: Flow): void {
    this.#controls.delete(flow.id);
  }
}
