// Joins a transport and a codec: read, `receive`, then one synchronous turn over all events, then one write for all
// that the turn produced, on every connection it touched (design: one write per turn).
// Invariants: reading never waits for our own writes (two full peers would deadlock), only for the codec's
// `wantsRead`; at most one write is under way per transport; after `closed` nothing is sent.

import type { HttpConnection, HttpEvent, Signal } from "../http/connection.ts";
import type { Transport, TransportFault, TransportHandler } from "./transport.ts";

export interface DriverHandler {
  event(event: HttpEvent | Signal): void;
  /** Bytes have come, before they are parsed: for timeouts. */
  received(): void;
  /** A write is done: the codec has room again. */
  drained(): void;
  /** All events that could be said have been: what the codec takes now may have changed without one. */
  pumped?(): void;
  closed(fault: TransportFault | null): void;
}

/** How long we go on reading (and dropping) after our last byte, so that closing does not destroy it: RFC 9112, 9.6. */
const LINGER_TIME = 2_000;

/** One synchronous stretch of work: connections touched in it are pumped and written once, at its end. */
export class Turns {
  #depth = 0;
  readonly #touched: HttpDriver[] = [];

  run(work: () => void): void {
    this.#depth++;
    try {
      work();
      if (this.#depth === 1) this.#settle();
    } finally {
      this.#depth--;
    }
  }

  /** `driver` has something to write, or may read again. */
  touch(driver: HttpDriver): void {
    if (driver.touched) return;
    driver.touched = true;
    this.#touched.push(driver);
    if (this.#depth === 0) this.run(() => {});
  }

  #settle(): void {
    // Writing and resuming can deliver input that was held, which touches again.
    while (this.#touched.length > 0) {
      for (let index = 0; index < this.#touched.length; index++) {
        const driver = this.#touched[index];
        if (driver === undefined) continue;
        driver.touched = false;
        driver.pump();
      }
      for (const driver of this.#touched.splice(0)) driver.flush();
    }
  }
}

export class HttpDriver implements TransportHandler {
  readonly transport: Transport;
  readonly connection: HttpConnection;
  readonly #turns: Turns;
  readonly #handler: DriverHandler;
  /** For `Turns` only. */
  touched = false;
  /** Set when the peer of this conversation ended TLS without close_notify: we end the same way. */
  endUncleanly = false;
  /** Set while a tunnel runs on it: our end leaves the other direction open, for as long as its peer likes. */
  halfCloses = false;
  #writing = false;
  #ended = false;
  #isClosed = false;
  #detached = false;
  #reading = true;
  #pumping = false;
  #linger: ReturnType<typeof setTimeout> | null = null;

  constructor(transport: Transport, connection: HttpConnection, turns: Turns, handler: DriverHandler) {
    this.transport = transport;
    this.connection = connection;
    this.#turns = turns;
    this.#handler = handler;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Starts delivering. */
  start(): void {
    this.transport.attach(this);
    this.#turns.touch(this);
  }

  /** Hands the transport back to the caller: nothing more is read or written here. What waits must have been written. */
  detach(): void {
    this.#detached = true;
    this.transport.attach(null);
  }

  /** Something was sent on the codec, or consumed: it is pumped and written at the end of the turn. */
  touch(): void {
    this.#turns.touch(this);
  }

  data(chunk: Uint8Array): boolean {
    if (this.#isOver) return true;
    this.#handler.received();
    this.#turns.run(() => {
      this.connection.receive(chunk);
      // Parsed now, not at the end of the turn: the chunk is only ours until we return.
      this.pump();
      this.#turns.touch(this);
    });
    this.#reading = this.#detached || this.#isClosed || this.#isOver || this.connection.wantsRead;
    return this.#reading;
  }

  end(clean: boolean): void {
    if (this.#isOver) return this.#close();
    if (!clean) this.endUncleanly = true;
    this.#turns.run(() => {
      this.connection.receiveEnd();
      this.#turns.touch(this);
    });
  }

  closed(fault: TransportFault | null): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopLinger();
    this.connection.lost?.();
    this.#turns.run(() => this.#handler.closed(fault));
  }

  /** Says all events that can be said. Reentrant calls return at once: the outer one goes on. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (!this.#detached) {
        const event = this.connection.next();
        if (event === null) break;
        this.#handler.event(event);
      }
    } finally {
      this.#pumping = false;
    }
    if (!this.#detached) this.#handler.pumped?.();
  }

  /** Writes what waits; ends, resets or resumes reading as the codec says. */
  flush(): void {
    if (this.#isClosed || this.#detached) return;
    if (this.connection.aborted) {
      this.#ended = true;
      this.transport.reset();
      return;
    }
    if (!this.#writing) {
      const bytes = this.connection.output.take();
      if (bytes !== null) {
        this.#writing = true;
        this.transport.write(bytes, this.#written);
      } else if (this.connection.closing && !this.#ended) {
        this.#end();
        return;
      }
    }
    // Not only what comes in changes this: an answer nobody takes does, too.
    const { wantsRead } = this.connection;
    if (this.#reading === wantsRead) return;
    this.#reading = wantsRead;
    if (wantsRead) this.transport.resume();
    else this.transport.pause();
  }

  /** Lets go of the transport at once, without a reset (unless the codec has asked for one). */
  close(): void {
    this.#ended = true;
    this.#stopLinger();
    if (this.connection.aborted) this.transport.reset();
    else this.transport.close();
  }

  readonly #written = (): void => {
    this.#writing = false;
    this.connection.output.release();
    if (this.#isClosed || this.#detached) return;
    this.#turns.run(() => {
      this.#handler.drained();
      this.#turns.touch(this);
    });
  };

  #end(): void {
    this.#ended = true;
    this.transport.end(!this.endUncleanly);
    if (this.halfCloses) return;
    // RFC 9112, 9.6: close in two steps, or the system's RST takes our last bytes with it.
    this.#linger = setTimeout(() => this.#close(), LINGER_TIME);
    this.#reading = true;
    this.transport.resume();
  }

  /** Our direction has ended, and what still comes is of no interest. */
  get #isOver(): boolean {
    return this.#ended && !this.halfCloses;
  }

  #close(): void {
    this.#stopLinger();
    this.transport.close();
  }

  #stopLinger(): void {
    if (this.#linger !== null) clearTimeout(this.#linger);
    this.#linger = null;
  }
}
