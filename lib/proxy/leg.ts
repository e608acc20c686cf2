// One end of an exchange: a stream on a connection. Where credit is given back, by the one rule of backpressure:
// only while the far side has room.

import type { HttpConnection, HttpEvent } from "../http/connection.ts";
import type { ProtocolFault } from "../http/fault.ts";
import type { HttpDriver } from "../net/driver.ts";

export class Leg {
  readonly driver: HttpDriver;
  readonly stream: number;
  /** Credit of data that came from here and was not given back yet, in bytes. */
  #owed = 0;

  constructor(driver: HttpDriver, stream: number) {
    this.driver = driver;
    this.stream = stream;
  }

  get connection(): HttpConnection {
    return this.driver.connection;
  }

  /** Sends an event of the other leg here. */
  send(event: HttpEvent): void {
    event.stream = this.stream;
    this.connection.send(event);
    this.driver.touch();
  }

  reset(fault: ProtocolFault): void {
    this.send({ kind: "reset", stream: this.stream, fault });
    // Half-closed by us, a tunnel's codec takes nothing more, not even this.
    const { closing, aborted } = this.connection;
    if (this.driver.halfCloses && closing && !aborted) this.driver.transport.reset();
  }

  get hasRoom(): boolean {
    return this.connection.capacity(this.stream) > 0;
  }

  /** Data from here has been passed on to `sink`: give its credit back, or owe it while `sink` is full. */
  passed(credit: number, sink: Leg): void {
    if (this.#owed === 0 && sink.hasRoom) this.consume(credit);
    else this.#owed += credit;
  }

  /** `sink` has room again. */
  settle(sink: Leg): void {
    if (this.#owed === 0 || !sink.hasRoom) return;
    const owed = this.#owed;
    this.#owed = 0;
    this.consume(owed);
  }

  /** There is no far side any more: all credit goes back. */
  releaseOwed(): void {
    const owed = this.#owed;
    this.#owed = 0;
    this.consume(owed);
  }

  consume(credit: number): void {
    if (credit === 0) return;
    this.connection.consume(this.stream, credit);
    this.driver.touch();
  }

  tunnel(): void {
    this.connection.tunnel(this.stream);
    this.driver.halfCloses = true;
    this.driver.touch();
  }

  /** The tunnel has ended, in both directions or by force. */
  tunnelOver(): void {
    this.driver.halfCloses = false;
  }
}
