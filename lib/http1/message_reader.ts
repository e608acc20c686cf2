// What both roles read with: the input, one message at a time, and the account of credit.
// Invariants: a `data` view lies in the input and is valid until the next push or settle; notes come out before
// what they concern, once per code and message; a body that the transport cuts short ends in a `reset`.

import { ByteQueue } from "../bytes/byte_queue.ts";
import type { HttpEvent, Signal } from "../http/connection.ts";
import type { Peer, ProtocolFault, ProtocolNote } from "../http/fault.ts";
import { ChunkedReader } from "./chunked_reader.ts";
import { connectionFault } from "./faults.ts";
import type { FramingDecision } from "./framing.ts";
import type { Http1Limits } from "./limits.ts";
import { SectionScanner } from "./section_scanner.ts";

const NOTHING = new Uint8Array(0);

export class MessageReader {
  readonly input = new ByteQueue();
  /** Bytes reported as data and not yet given back. */
  outstanding = 0;

  readonly #peer: Peer;
  readonly #scanner: SectionScanner;
  readonly #chunked: ChunkedReader;
  readonly #pending: (HttpEvent | Signal)[] = [];
  readonly #noted = new Set<string>();
  #framing: "length" | "chunked" | "close" = "length";
  #remaining = 0;

  constructor(peer: Peer, lenient: boolean, limits: Readonly<Http1Limits>) {
    const onNote = (note: ProtocolNote) => this.note(note);
    this.#peer = peer;
    this.#scanner = new SectionScanner(peer, lenient, limits, onNote);
    this.#chunked = new ChunkedReader(peer, lenient, limits, this.#scanner, onNote);
  }

  /** Line offsets of the head that `readHead` gave last. */
  get lines(): readonly number[] {
    return this.#scanner.lines;
  }

  /** Whether part of a head (or anything else) waits in the input. */
  get started(): boolean {
    return this.#scanner.started(this.input);
  }

  /** Prepares for the head of a new message; notes are said anew. */
  beginHead(kind: "request" | "response"): void {
    if (this.#noted.size > 0) this.#noted.clear();
    this.#scanner.begin(kind);
  }

  /** The text of a complete head, taken from the input; null when more is needed. */
  readHead(): string | ProtocolFault | null {
    const outcome = this.#scanner.scan(this.input);
    if (outcome === false) return null;
    if (outcome !== true) return outcome;
    return this.#scanner.take(this.input);
  }

  /** Prepares for a body. Returns false when there is none to read. */
  beginBody(decision: FramingDecision): boolean {
    switch (decision.framing) {
      case "chunked":
        this.#chunked.begin();
        this.#framing = "chunked";
        return true;
      case "close":
        this.#framing = "close";
        return true;
      default:
        this.#framing = "length";
        this.#remaining = decision.contentLength ?? 0;
        return this.#remaining > 0;
    }
  }

  /** The next event of the body, or null when more input is needed. `ended`: no more input will come. */
  readBody(stream: number, ended: boolean): HttpEvent | null {
    const event = this.#readBody(stream, ended);
    if (event !== null) {
      if (event.kind === "data") this.outstanding += event.credit;
      return event;
    }
    if (!ended) return null;
    // RFC 9112, 8: an incomplete message is never passed on as a complete one.
    return { kind: "reset", stream, fault: this.truncated("The connection ended in the middle of a body") };
  }

  /** Opaque bytes of a tunnel; their end is an empty piece. */
  readRaw(stream: number, ended: boolean): HttpEvent | null {
    const { input } = this;
    const length = input.length;
    if (length === 0) {
      return ended ? { kind: "data", stream, data: NOTHING, credit: 0, end: true } : null;
    }
    const data = input.bytes.subarray(input.start, input.end);
    input.skip(length);
    this.outstanding += length;
    return { kind: "data", stream, data, credit: length, end: false };
  }

  /** Credit given back. More than is outstanding counts as all of it. */
  consume(credit: number): void {
    this.outstanding = Math.max(0, this.outstanding - credit);
  }

  /** Forgets what waits in the input. */
  discard(): void {
    this.input.skip(this.input.length);
  }

  note(note: ProtocolNote): void {
    if (this.#noted.has(note.code)) return;
    this.#noted.add(note.code);
    this.#pending.push({ kind: "note", note });
  }

  /** The notes made meanwhile come before `event`: gives what comes first and keeps the rest for `pending`. */
  afterNotes(event: HttpEvent | Signal | null): HttpEvent | Signal | null {
    if (this.#pending.length === 0) return event;
    if (event !== null) this.#pending.push(event);
    return this.pending();
  }

  /** What `afterNotes` kept back, or null. Must be asked first. */
  pending(): HttpEvent | Signal | null {
    return this.#pending.length === 0 ? null : this.#pending.shift() ?? null;
  }

  truncated(message: string): ProtocolFault {
    return connectionFault(this.#peer, "truncated", message, "RFC 9112, 8");
  }

  #readBody(stream: number, ended: boolean): HttpEvent | null {
    const { input } = this;
    if (this.#framing === "chunked") return this.#chunked.read(input, stream);
    if (this.#framing === "close") return this.#readUntilClose(stream, ended);
    const length = Math.min(this.#remaining, input.length);
    if (length === 0) return null;
    const data = input.bytes.subarray(input.start, input.start + length);
    input.skip(length);
    this.#remaining -= length;
    return { kind: "data", stream, data, credit: length, end: this.#remaining === 0 };
  }

  #readUntilClose(stream: number, ended: boolean): HttpEvent | null {
    const { input } = this;
    const length = input.length;
    if (length > 0) {
      const data = input.bytes.subarray(input.start, input.end);
      input.skip(length);
      return { kind: "data", stream, data, credit: length, end: false };
    }
    return ended ? { kind: "data", stream, data: NOTHING, credit: 0, end: true } : null;
  }
}
