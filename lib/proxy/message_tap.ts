// The chunks of a byte stream as messages of a flow: recorded up to the capture limit, shown to hooks, counted.

import { keep } from "../flow/body_capture.ts";
import type { HttpFlow, TcpFlow, TcpMessage } from "../flow/record.ts";
import type { FlowStore } from "../flow/store.ts";
import { now } from "./context.ts";

/** What one message weighs besides its content: a flow of single bytes must not fill memory. */
const MESSAGE_WEIGHT = 96;

/** What a hook wants done with a message. */
export interface MessageEdit {
  content: Uint8Array | null;
  dropped: boolean;
}

/** Marks `message` with what was done; returns the bytes to forward (none when dropped). `data`: what came. */
export function applyEdit(message: TcpMessage, edit: MessageEdit, data: Uint8Array): Uint8Array {
  if (edit.dropped) {
    message.dropped = true;
    return new Uint8Array(0);
  }
  if (edit.content === null) return data;
  message.content = edit.content;
  message.length = edit.content.length;
  message.edited = true;
  return edit.content;
}

export class MessageTap {
  readonly #flow: TcpFlow | HttpFlow;
  readonly #store: FlowStore;
  readonly #limit: number;
  #kept = 0;

  /** `limit`: bytes kept of the whole conversation. */
  constructor(flow: TcpFlow | HttpFlow, store: FlowStore, limit: number) {
    this.#flow = flow;
    this.#store = store;
    this.#limit = limit;
    flow.messages ??= [];
  }

  /** A chunk as a message; its content is a copy. It is in the flow already, unless the limit is reached. */
  record(fromClient: boolean, chunk: Uint8Array, injected: boolean): TcpMessage {
    const room = Math.max(0, this.#limit - this.#kept);
    const content = keep(chunk.length <= room ? chunk : chunk.subarray(0, room));
    const message: TcpMessage = {
      fromClient,
      at: now(),
      content,
      length: chunk.length,
      edited: false,
      dropped: false,
      injected,
    };
    const weight = content.length + MESSAGE_WEIGHT;
    if (room === 0) this.#flow.messagesDropped++;
    else {
      this.#kept += weight;
      this.#flow.messages?.push(message);
      this.#store.grow(this.#flow, content.length);
    }
    if (this.#flow.kind === "tcp") {
      if (fromClient) this.#flow.bytesFromClient += chunk.length;
      else this.#flow.bytesFromServer += chunk.length;
    }
    return message;
  }
}
