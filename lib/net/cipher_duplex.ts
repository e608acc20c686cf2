// What node:tls reads ciphertext from and writes it to: a Duplex over a transport.
// Invariants: ciphertext is read only while `wanted`; a view of the read buffer is pushed only where TLS takes the
// bytes before `push` returns, else a copy.

import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import type { Transport, TransportFault, TransportHandler } from "./transport.ts";

/** Both directions of the Duplex: a record is at most 16 KiB, a read 64 KiB. */
const HIGH_WATER = 64 * 1024;

type Callback = (error?: Error | null) => void;

export class CipherDuplex extends Duplex {
  readonly #inner: Transport;
  readonly #handler: TransportHandler;
  #wanted = true;
  #attached = false;
  #endedFirst = false;
  #ended = false;
  #sending: Callback | null = null;
  #fault: TransportFault | null = null;

  constructor(inner: Transport) {
    super({ allowHalfOpen: true, readableHighWaterMark: HIGH_WATER, writableHighWaterMark: HIGH_WATER });
    this.#inner = inner;
    this.#handler = {
      data: (chunk) => this.#receive(chunk),
      end: () => this.#receiveEnd(),
      closed: (fault) => this.#closed(fault),
    };
    this.on("error", () => {});
  }

  /** The stream below ended before TLS said goodbye. */
  get endedFirst(): boolean {
    return this.#endedFirst;
  }

  /** Why the stream below was torn down, if it was. */
  get fault(): TransportFault | null {
    return this.#fault;
  }

  /** The application wants plaintext: ciphertext is read. */
  start(): void {
    this.#wanted = true;
    if (this.#attached) return this.#inner.resume();
    this.#attached = true;
    this.#inner.attach(this.#handler);
  }

  stop(): void {
    this.#wanted = false;
    this.#inner.pause();
  }

  /** Ends the stream below. What TLS would still say (a second close_notify when it is torn down) is dropped. */
  endBelow(): void {
    this.#ended = true;
    this.#inner.end();
  }

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, callback: Callback): void {
    this.#send(chunk, callback);
  }

  override _writev(chunks: { chunk: Uint8Array; encoding: string }[], callback: Callback): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), callback);
  }

  override _final(callback: Callback): void {
    this.endBelow();
    callback();
  }

  override _destroy(error: Error | null, callback: Callback): void {
    // A write that no one will finish: left open, each write behind it would become an error of its own.
    this.#ended = true;
    this.#sent();
    this.#inner.close();
    callback(error);
  }

  #send(bytes: Uint8Array, callback: Callback): void {
    if (this.#ended || this.#inner.isClosed) return callback();
    this.#sending = callback;
    this.#inner.write(bytes, this.#sent);
  }

  readonly #sent = (): void => {
    const callback = this.#sending;
    this.#sending = null;
    callback?.();
  };

  #receive(chunk: Uint8Array): boolean {
    // Flowing and empty: push() hands the view straight to TLS, which takes the bytes before it returns.
    const atOnce = this.readableFlowing === true && this.readableLength === 0;
    this.push(atOnce ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength) : Buffer.from(chunk));
    return this.#wanted;
  }

  #receiveEnd(): void {
    // A close_notify that came with the last bytes is told first.
    setImmediate(() => {
      this.#endedFirst = true;
      this.push(null);
    });
  }

  #closed(fault: TransportFault | null): void {
    this.#fault = fault;
    if (fault === null) setImmediate(() => this.destroy());
    else this.destroy(new Error(fault.message));
  }
}
