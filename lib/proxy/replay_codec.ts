// The client's side of a request that is sent again: says the request once, as its exchange takes it, and swallows what is
// answered. A codec like those of real clients, so that the exchange is the same.
// Invariants: at most WINDOW bytes of the body are said and not given back; of what is answered nothing is kept, and there
// is always room for it; after the end of the answer, a reset, or `stop()` nothing more is said.

import { OutBuffer } from "../bytes/out_buffer.ts";
import type { HttpEvent, HttpServerConnection, Offers } from "../http/connection.ts";
import type { Fields } from "../http/fields.ts";
import { isInterim, type RequestHead, type ResponseHead } from "../http/head.ts";

/** The one stream there is. */
export const REPLAY_STREAM = 1;

/** Body bytes said and not yet passed on, as many as from a client of HTTP/1. */
const WINDOW = 128 * 1024;
/** What one event carries: as much as one read of a transport. */
const PIECE_SIZE = 64 * 1024;

const NO_DATA = new Uint8Array(0);

export interface ReplayedMessage {
  head: RequestHead;
  body: Uint8Array;
  trailers: Fields | null;
}

/** What is said next. `tunnel`: the answer ended HTTP, and there is nothing to say in what comes instead. */
type Next = "head" | "body" | "trailers" | "tunnel" | "nothing";

export class ReplayCodec implements HttpServerConnection {
  /** Stays empty. */
  readonly output = new OutBuffer();
  readonly multiplexes: boolean;
  readonly wantsRead = true;
  readonly aborted = false;
  readonly canOpen = false;
  readonly headStarted = false;
  readonly #message: ReplayedMessage;
  #next: Next = "head";
  #said = 0;
  /** Of the body, bytes said and not given back. */
  #outstanding = 0;
  #awaitsContinue: boolean;
  /** The answer came in place of 100: the body is not wanted, and not sent. */
  #refused = false;
  #closing = false;

  constructor(message: ReplayedMessage) {
    const { head, body } = message;
    this.#message = message;
    this.multiplexes = head.version === "HTTP/2.0";
    this.#awaitsContinue = body.length > 0 && head.fields.hasToken("expect", "100-continue");
  }

  /** Whether the body waits for 100 (RFC 9110, 10.1.1). */
  get awaitsContinue(): boolean {
    return this.#awaitsContinue;
  }

  /** Nobody waits for 100 any more. Touch the driver. */
  goOn(): void {
    this.#awaitsContinue = false;
  }

  /** Says nothing more. */
  stop(): void {
    this.#next = "nothing";
  }

  // --- HttpConnection ---

  get closing(): boolean {
    return this.#closing;
  }

  receive(): void {}

  receiveEnd(): void {}

  next(): HttpEvent | null {
    const { head, body, trailers } = this.#message;
    const afterBody = trailers === null ? "nothing" : "trailers";
    switch (this.#next) {
      case "head":
        this.#next = body.length > 0 ? "body" : afterBody;
        return { kind: "head", stream: REPLAY_STREAM, head, end: this.#next === "nothing" };
      case "body": {
        if (this.#awaitsContinue || this.#refused) return null;
        const data = body.subarray(this.#said, this.#said + PIECE_SIZE);
        if (this.#outstanding + data.length > WINDOW) return null;
        this.#said += data.length;
        this.#outstanding += data.length;
        if (this.#said === body.length) this.#next = afterBody;
        const end = this.#next === "nothing";
        return { kind: "data", stream: REPLAY_STREAM, data, credit: data.length, end };
      }
      case "trailers":
        this.#next = "nothing";
        return trailers === null ? null : { kind: "trailers", stream: REPLAY_STREAM, fields: trailers };
      case "tunnel":
        this.#next = "nothing";
        return { kind: "data", stream: REPLAY_STREAM, data: NO_DATA, credit: 0, end: true };
      case "nothing":
        return null;
    }
  }

  send(event: HttpEvent): void {
    switch (event.kind) {
      case "head":
        if (event.head.kind !== "response") {
          throw new TypeError("a request head sent to the client of a replay");
        }
        this.#answered(event.head, event.end);
        return;
      case "data":
        if (event.end) this.#answerEnded();
        return;
      case "trailers":
        return this.#answerEnded();
      case "reset":
        this.#next = "nothing";
    }
  }

  consume(_stream: number, credit: number): void {
    this.#outstanding -= credit;
  }

  capacity(): number {
    return Number.MAX_SAFE_INTEGER;
  }

  tunnel(): void {
    this.#next = "tunnel";
  }

  openStream(): null {
    return null;
  }

  shutdown(): void {}

  offer(_offers: Offers): void {}

  push(): null {
    return null;
  }

  prioritize(): void {}

  ping(): false {
    return false;
  }

  detach(): null {
    return null;
  }

  // ---

  #answered(head: ResponseHead, end: boolean): void {
    if (isInterim(head)) {
      if (head.status === 100) this.#awaitsContinue = false;
      return;
    }
    this.#refused = this.#awaitsContinue;
    if (end) this.#answerEnded();
  }

  /** RFC 9112, 9.5: whoever has the whole answer and does not send its request to the end closes. */
  #answerEnded(): void {
    if (this.#refused) this.#closing = true;
  }
}
