// One stream of an HTTP connection as a transport: a tunnel made by CONNECT over HTTP/2 (RFC 9113, 8.5). Its owner
// gives it what comes for the stream (`take`, `writable`, `connectionClosed`).
// Invariants: credit goes back only for what a handler has taken, so a tunnel that is not read from shuts its own
// window and no other; after its end, by whichever side, nothing more is sent on the stream; a handler is never told
// that it is closed from within its own `reset` or `close`.

import type { HttpEvent } from "../http/connection.ts";
import type { ProtocolFault } from "../http/fault.ts";
import type { HttpDriver } from "./driver.ts";
import { HeldInput } from "./held_input.ts";
import type { Endpoint, Transport, TransportFault, TransportHandler } from "./transport.ts";

const NO_DATA = new Uint8Array(0);

/** RFC 9113, 8.5: whatever goes wrong with a tunnel's connection. */
const TORN: ProtocolFault = {
  scope: "stream",
  peer: "server",
  code: "CONNECT_ERROR",
  status: 502,
  message: "the connection of the tunnel was reset",
  rule: "RFC 9113, 8.5",
};

export class StreamTransport implements Transport {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  readonly #driver: HttpDriver;
  readonly #stream: number;
  readonly #onOver: () => void;
  readonly #held = new HeldInput();
  /** Credit of what has come and was not taken yet, in bytes. */
  #owed = 0;
  #paused = true;
  #resuming = false;
  /** Called when the write under way has found room. */
  #written: (() => void) | null = null;
  #ended = false;
  #peerEnded = false;
  #over = false;

  /** The stream is a tunnel, or about to be one. `onOver`: nothing more is to be given to it. */
  constructor(driver: HttpDriver, stream: number, onOver: () => void) {
    this.remote = driver.transport.remote;
    this.local = driver.transport.local;
    this.#driver = driver;
    this.#stream = stream;
    this.#onOver = onOver;
  }

  // --- What the stream's owner tells ---

  take(event: HttpEvent): void {
    if (this.#over) return;
    if (event.kind === "reset") this.#lost({ code: "reset", message: event.fault.message });
    if (event.kind !== "data") return;
    this.#owed += event.credit;
    if (event.data.length > 0) this.#deliver(event.data);
    if (event.end) {
      this.#peerEnded = true;
      this.#held.end(true);
    }
    if (!this.#paused) this.#giveBack();
    this.#finishIfDone();
  }

  /** The stream may have room again. */
  writable(): void {
    if (this.#over || !this.#hasRoom) return;
    const written = this.#written;
    this.#written = null;
    written?.();
    this.#finishIfDone();
  }

  connectionClosed(fault: TransportFault | null): void {
    this.#lost(fault ?? { code: "reset", message: "the connection that carried the tunnel was closed" });
  }

  // --- Transport ---

  get isClosed(): boolean {
    return this.#held.isClosed;
  }

  attach(handler: TransportHandler | null): void {
    this.#held.attach(handler);
    if (handler === null) this.pause();
    else this.resume();
  }

  unread(bytes: Uint8Array): void {
    this.#held.unread(bytes);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    // From within a delivery: what is held goes on to be delivered as it is.
    if (this.#resuming) return;
    this.#resuming = true;
    const isWilling = this.#held.deliver();
    this.#resuming = false;
    if (!isWilling) this.#paused = true;
    // After the end nobody says that he is willing; what is taken is taken all the same.
    if (this.#over ? this.#held.isEmpty : !this.#paused) this.#giveBack();
  }

  write(data: Uint8Array, done: () => void): void {
    if (this.#over || this.#ended) return;
    this.#written = done;
    this.#send({ kind: "data", stream: this.#stream, data, credit: 0, end: false });
    queueMicrotask(() => this.writable());
  }

  end(): void {
    if (this.#over || this.#ended) return;
    this.#ended = true;
    this.#send({ kind: "data", stream: this.#stream, data: NO_DATA, credit: 0, end: true });
    queueMicrotask(() => this.writable());
  }

  reset(): void {
    this.#abandon(TORN);
  }

  /** The peer sees our end, if what was written has gone out; it is told in any case that nothing is read any more. */
  close(): void {
    if (this.#over) return this.#giveBack();
    this.end();
    // Once the turn is over that writes it: what a reset finds waiting it drops.
    queueMicrotask(() => {
      const code = this.#hasRoom ? "NO_ERROR" : "CANCEL";
      this.#abandon({
        ...TORN,
        code,
        message: "nothing more is read from the tunnel",
        rule: "RFC 9113, 8.1",
      });
    });
  }

  // ---

  get #hasRoom(): boolean {
    return this.#driver.connection.capacity(this.#stream) > 0;
  }

  #deliver(data: Uint8Array): void {
    if (this.#paused) this.#held.hold(data);
    else if (!this.#held.data(data)) this.#paused = true;
  }

  #giveBack(): void {
    const owed = this.#owed;
    if (owed === 0) return;
    this.#owed = 0;
    this.#driver.connection.consume(this.#stream, owed);
    this.#driver.touch();
  }

  #send(event: HttpEvent): void {
    this.#driver.connection.send(event);
    this.#driver.touch();
  }

  /** Both directions have ended, and ours is on its way. */
  #finishIfDone(): void {
    if (this.#over || !this.#ended || !this.#peerEnded || !this.#hasRoom) return;
    this.#finish();
    this.#held.closed(null);
  }

  #lost(fault: TransportFault): void {
    if (this.#over) return;
    this.#finish();
    this.#held.closed(fault);
  }

  #abandon(fault: ProtocolFault): void {
    this.#giveBack();
    if (this.#over) return;
    this.#send({ kind: "reset", stream: this.#stream, fault });
    this.#finish();
    queueMicrotask(() => this.#held.closed(null));
  }

  #finish(): void {
    this.#over = true;
    this.#written = null;
    this.#onOver();
  }
}
