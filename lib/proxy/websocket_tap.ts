// The messages of a WebSocket as they are recorded: each up to the capture limit, and of all of them the newest, so that
// a conversation of days shows what was said last.
// Invariants: a record weighs at most CONVERSATION_LIMITS capture limits, and one more for each direction's message under
// way; what has fallen out is counted; bytes are copied.

import { BodyCapture } from "../flow/body_capture.ts";
import type { HttpFlow, WebSocketMessage, WebSocketRecord } from "../flow/record.ts";
import { type FlowStore, WEBSOCKET_MESSAGE_WEIGHT } from "../flow/store.ts";
import { now } from "./context.ts";

/** How many times the capture limit all messages of one WebSocket may weigh together. */
export const CONVERSATION_LIMITS = 8;

export interface MessageFacts {
  fromClient: boolean;
  type: WebSocketMessage["type"];
  compressed: boolean;
}

export class WebSocketTap {
  readonly #flow: HttpFlow;
  readonly #record: WebSocketRecord;
  readonly #store: FlowStore;
  readonly #limit: number;
  /** What the messages in the record weigh. */
  #kept = 0;

  constructor(flow: HttpFlow, record: WebSocketRecord, store: FlowStore, limit: number) {
    this.#flow = flow;
    this.#record = record;
    this.#store = store;
    this.#limit = limit;
  }

  /** A message begins. */
  begin({ fromClient, type, compressed }: MessageFacts): WebSocketMessage {
    const isKept = this.#store.has(this.#flow) && this.#makeRoom();
    const message: WebSocketMessage = {
      type,
      fromClient,
      at: now(),
      endedAt: null,
      body: new BodyCapture(isKept ? this.#limit : 0),
      compressed,
      frames: 0,
      edited: false,
      dropped: false,
      injected: false,
      invalidText: false,
    };
    if (!isKept) this.#record.messagesDropped++;
    else {
      this.#record.messages.push(message);
      this.#weigh(WEBSOCKET_MESSAGE_WEIGHT);
    }
    return message;
  }

  append(message: WebSocketMessage, data: Uint8Array): void {
    const kept = message.body.append(data);
    if (kept > 0) this.#weigh(kept);
    if (message.type === "ping" || message.type === "pong") return;
    if (message.fromClient) this.#record.bytesFromClient += data.length;
    else this.#record.bytesFromServer += data.length;
  }

  /** A message that is there all at once. */
  whole(facts: MessageFacts, content: Uint8Array, injected = false): WebSocketMessage {
    const message = this.begin(facts);
    message.injected = injected;
    message.frames = 1;
    this.append(message, content);
    message.endedAt = message.at;
    return message;
  }

  /** What has become of a message that was shown whole: `capture` is its own, `content` what it says now. */
  settle(message: WebSocketMessage, capture: BodyCapture, content: Uint8Array | null): void {
    message.body = capture;
    if (content === null) return;
    const before = capture.kept;
    capture.replace(content);
    this.#weigh(capture.kept - before);
  }

  /** The oldest go, half of all, and seldom; but not one that is under way, nor what came after it. False: there is none. */
  #makeRoom(): boolean {
    const limit = this.#limit * CONVERSATION_LIMITS;
    if (this.#kept <= limit) return true;
    const { messages } = this.#record;
    let count = 0;
    let freed = 0;
    for (const { body, endedAt } of messages) {
      if (endedAt === null || (this.#kept - freed) * 2 <= limit) break;
      freed += body.kept + WEBSOCKET_MESSAGE_WEIGHT;
      count++;
    }
    messages.splice(0, count);
    this.#record.messagesDropped += count;
    this.#weigh(-freed);
    return this.#kept <= limit;
  }

  #weigh(bytes: number): void {
    // A flow that has fallen out of the store has let go of everything.
    if (!this.#store.has(this.#flow)) return;
    this.#kept += bytes;
    this.#store.grow(this.#flow, bytes);
  }
}
