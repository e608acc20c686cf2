// Frames into an output buffer (RFC 9113, 4 and 6). Knows nothing of streams or windows: whoever calls has checked.
// Invariant: a frame's payload is never larger than the peer takes; bytes are copied.

import type { OutBuffer } from "../bytes/out_buffer.ts";
import type { StreamPriority } from "../http/priority.ts";
import { FLAG, FRAME, FRAME_HEAD_SIZE, MIN_FRAME_SIZE } from "./frame_types.ts";

type Dependency = StreamPriority & { kind: "dependency" };

export class FrameWriter {
  /** SETTINGS_MAX_FRAME_SIZE of the peer, bytes. */
  maxFrameSize = MIN_FRAME_SIZE;
  readonly #output: OutBuffer;
  /** Frame heads and short payloads are put together here. */
  readonly #scratch = new Uint8Array(64);

  constructor(output: OutBuffer) {
    this.#output = output;
  }

  /** `settings`: pairs of identifier and value. */
  settings(settings: readonly (readonly [id: number, value: number])[]): void {
    this.#head(settings.length * 6, FRAME.SETTINGS, 0, 0);
    for (const [id, value] of settings) {
      this.#scratch[0] = id >> 8;
      this.#scratch[1] = id;
      this.#uint32(2, value);
      this.#output.append(this.#scratch.subarray(0, 6));
    }
  }

  settingsAck(): void {
    this.#head(0, FRAME.SETTINGS, FLAG.ACK, 0);
  }

  /** `payload`: eight bytes. */
  ping(payload: Uint8Array, ack: boolean): void {
    this.#head(8, FRAME.PING, ack ? FLAG.ACK : 0, 0);
    this.#output.append(payload);
  }

  goaway(lastStream: number, code: number, debug: string): void {
    this.#head(8 + debug.length, FRAME.GOAWAY, 0, 0);
    this.#numbers(lastStream, code);
    this.#output.appendText(debug);
  }

  rstStream(stream: number, code: number): void {
    this.#short(FRAME.RST_STREAM, stream, code);
  }

  windowUpdate(stream: number, increment: number): void {
    this.#short(FRAME.WINDOW_UPDATE, stream, increment);
  }

  /** One DATA frame: at most `maxFrameSize` bytes. */
  data(stream: number, bytes: Uint8Array, end: boolean): void {
    this.#head(bytes.length, FRAME.DATA, end ? FLAG.END_STREAM : 0, stream);
    if (bytes.length > 0) this.#output.append(bytes);
  }

  /** A header block, in as many frames as it takes. */
  headers(stream: number, block: Uint8Array, end: boolean, priority: Dependency | null): void {
    const extra = priority === null ? 0 : 5;
    const first = Math.min(block.length, this.maxFrameSize - extra);
    const flags = (end ? FLAG.END_STREAM : 0) | (priority === null ? 0 : FLAG.PRIORITY) |
      (first === block.length ? FLAG.END_HEADERS : 0);
    this.#head(first + extra, FRAME.HEADERS, flags, stream);
    if (priority !== null) this.#dependency(priority);
    this.#block(stream, block, first);
  }

  pushPromise(parent: number, promised: number, block: Uint8Array): void {
    const first = Math.min(block.length, this.maxFrameSize - 4);
    this.#head(first + 4, FRAME.PUSH_PROMISE, first === block.length ? FLAG.END_HEADERS : 0, parent);
    this.#uint32(0, promised);
    this.#output.append(this.#scratch.subarray(0, 4));
    this.#block(parent, block, first);
  }

  priority(stream: number, priority: Dependency): void {
    this.#head(5, FRAME.PRIORITY, 0, stream);
    this.#dependency(priority);
  }

  /** RFC 9218, 7.1. `value` is a byte-true string. */
  priorityUpdate(stream: number, value: string): void {
    this.#head(4 + value.length, FRAME.PRIORITY_UPDATE, 0, 0);
    this.#uint32(0, stream);
    this.#output.append(this.#scratch.subarray(0, 4));
    this.#output.appendText(value);
  }

  /** RFC 9113, 6.10: nothing comes between the frames of a block. */
  #block(stream: number, block: Uint8Array, first: number): void {
    this.#output.append(first === block.length ? block : block.subarray(0, first));
    for (let start = first; start < block.length;) {
      const end = Math.min(block.length, start + this.maxFrameSize);
      this.#head(end - start, FRAME.CONTINUATION, end === block.length ? FLAG.END_HEADERS : 0, stream);
      this.#output.append(block.subarray(start, end));
      start = end;
    }
  }

  #short(type: number, stream: number, value: number): void {
    this.#head(4, type, 0, stream);
    this.#uint32(0, value);
    this.#output.append(this.#scratch.subarray(0, 4));
  }

  #numbers(first: number, second: number): void {
    this.#uint32(0, first);
    this.#uint32(4, second);
    this.#output.append(this.#scratch.subarray(0, 8));
  }

  #dependency({ on, exclusive, weight }: Dependency): void {
    this.#uint32(0, on);
    if (exclusive) this.#scratch[0] = (this.#scratch[0] ?? 0) | 0x80;
    // RFC 7540, 6.3: one less than the weight.
    this.#scratch[4] = weight - 1;
    this.#output.append(this.#scratch.subarray(0, 5));
  }

  // RFC 9113, 4.1
  #head(length: number, type: number, flags: number, stream: number): void {
    const scratch = this.#scratch;
    scratch[0] = length >> 16;
    scratch[1] = length >> 8;
    scratch[2] = length;
    scratch[3] = type;
    scratch[4] = flags;
    this.#uint32(5, stream);
    this.#output.append(scratch.subarray(0, FRAME_HEAD_SIZE));
  }

  #uint32(at: number, value: number): void {
    const scratch = this.#scratch;
    scratch[at] = value >>> 24;
    scratch[at + 1] = value >>> 16;
    scratch[at + 2] = value >>> 8;
    scratch[at + 3] = value;
  }
}
