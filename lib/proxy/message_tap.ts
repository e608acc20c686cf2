// The chunks of a byte stream as messages of a flow: recorded up to the capture limit, shown to hooks, counted.

import { keep } from "../flow/body_capture.ts";
import type { HttpFlow, TcpFlow, TcpMessage } from "../flow/record.ts";
import { type FlowStore, MESSAGE_WEIGHT } from "../flow/store.ts";
import { now } from "./context.ts";

/** What a hook wants done with a message. */
export interface MessageEdit {
  content: Uint8Array | null;
  dropped: boolean;
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

  /**
   * A chunk as a message; its content is a copy. It is in the flow already, unless the limit is reached. `whole`: all
   * of the chunk is in the content until `apply`, for a hook to see.
   */
  record(fromClient: boolean, chunk: Uint8Array, injected: boolean, whole = false): TcpMessage {
    const room = this.#store.has(this.#flow) ? Math.max(0, this.#limit - this.#kept) : 0;
    const content = keep(whole || chunk.length <= room ? chunk : chunk.subarray(0, room));
    const message: TcpMessage = {
      fromClient,
      at: now(),
      content,
      length: chunk.length,
      edited: false,
      dropped: false,
      injected,
    };
    if (room === 0) this.#flow.messagesDropped++;
    else {
      this.#flow.messages?.push(message);
      this.#weigh(content.length + MESSAGE_WEIGHT);
    }
    if (this.#flow.kind === "tcp") {
      if (fromClient) this.#flow.bytesFromClient += chunk.length;
      else this.#flow.bytesFromServer += chunk.length;
    }
    return message;
  }

  /** Marks `message` with what was done; returns the bytes to forward (none when dropped). `data`: what came. */
  apply(message: TcpMessage, edit: MessageEdit, data: Uint8Array): Uint8Array {
    const counted = message.content.length;
    if (edit.dropped) message.dropped = true;
    else if (edit.content !== null) {
      message.content = edit.content;
      message.length = edit.content.length;
      message.edited = true;
    }
    this.#fit(message, counted);
    return edit.dropped ? new Uint8Array(0) : edit.content ?? data;
  }

  /** Brings the content back under the limit. `counted`: how many bytes of it are accounted for. */
  #fit(message: TcpMessage, counted: number): void {
    // Not in the flow: nothing keeps it.
    if ((this.#flow.messages?.lastIndexOf(message) ?? -1) < 0) return;
    const room = Math.max(0, this.#limit - this.#kept + counted);
    if (message.content.length > room) message.content = message.content.slice(0, room);
    this.#weigh(message.content.length - counted);
  }

  #weigh(bytes: number): void {
    this.#kept += bytes;
    this.#store.grow(this.#flow, bytes);
  }
}
