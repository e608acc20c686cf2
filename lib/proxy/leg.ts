// One end of an exchange: a stream on a connection. Where credit is given back, by the one rule of backpressure:
// only while the far side has room.

import type { HttpConnection, HttpEvent } from "../http/connection.ts";
import type { ProtocolFault } from "../http/fault.ts";
import type { StreamPriority } from "../http/priority.ts";
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
    // The reset of a stream is a frame of its own, whatever else the transport carries.
    if (this.connection.multiplexes) return;
    // Half-closed by us, a tunnel's codec takes nothing more, not even this.
    const { closing, aborted } = this.connection;
    if (this.driver.halfCloses && closing && !aborted) this.driver.transport.reset();
  }

  /**
   * RFC 9113, 8.1: the message sent here is complete, and the rest of the peer's is not wanted. False: it cannot be told
   * so (yet): it would cost what is on its way to it, or there is no way to say it.
   */
  stopPeer(fault: ProtocolFault): boolean {
    // With room nothing waits for the peer's windows any more: a reset takes nothing away.
    if (!this.connection.multiplexes || !this.hasRoom) return false;
    this.reset(fault);
    return true;
  }

  get hasRoom(): boolean {
    return this.connection.capacity(this.stream) > 0;
  }

  /** Data from here has been passed on to `sink`: give its credit back, or owe it while `sink` is full. */
  passed(credit: number, sink: Leg): void {
    if (this.#owed === 0 && sink.hasRoom) this.consume(credit);
    else this.#owed += credit;
  }

  /** `sink` may have room again. Whether something was owed, and has been given back. */
  settle(sink: Leg): boolean {
    if (this.#owed === 0 || !sink.hasRoom) return false;
    const owed = this.#owed;
    this.#owed = 0;
    this.consume(owed);
    return true;
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

  prioritize(priority: StreamPriority): void {
    this.connection.prioritize(this.stream, priority);
    this.driver.touch();
  }

  tunnel(): void {
    this.connection.tunnel(this.stream);
    // Where streams share the transport its end is nobody's half-close.
    this.driver.halfCloses = !this.connection.multiplexes;
    this.driver.touch();
  }

  /** The tunnel has ended, in both directions or by force. */
  tunnelOver(): void {
    this.driver.halfCloses = false;
  }
}
