// The way of the log to standard output: one write after the other, off the event loop's thread.
// Invariants: texts are written whole and in order; a promise settles when its text is written, so that the log can
// hold back meanwhile; after the first failure nothing is written any more.

export interface ByteSink {
  write(bytes: Uint8Array): Promise<number>;
}

export class LogOutput {
  readonly #sink: ByteSink;
  readonly #encoder = new TextEncoder();
  readonly #gone = Promise.withResolvers<void>();
  #last: Promise<void> = Promise.resolve();

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** Settles when nobody reads any more: the pipe is broken, the disk is full. Never rejects. */
  get readerGone(): Promise<void> {
    return this.#gone.promise;
  }

  /** Rejects when `text` could not be written. */
  write(text: string): Promise<void> {
    const written = this.#last.then(() => this.#writeAll(text));
    written.catch(() => this.#gone.resolve());
    this.#last = written;
    return written;
  }

  async #writeAll(text: string): Promise<void> {
    const bytes = this.#encoder.encode(text);
    for (let written = 0; written < bytes.length;) written += await this.#sink.write(bytes.subarray(written));
  }
}
