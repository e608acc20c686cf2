// Finds the end of a head or a trailer section and its line boundaries, byte by byte, each byte once
// (RFC 9112, 2.1, 2.2 and 5). What is wrong with bytes and line ends is found here, in the order of the bytes,
// so that a fault does not depend on how the input was cut; what is wrong inside a line is the parser's.
// Invariants: nothing is taken from the input but empty lines before a request; offsets count from `input.start`;
// a section that came through has no control character but HTAB inside a line.

import { CR, HTAB, LF, SPACE } from "../bytes/ascii.ts";
import type { ByteQueue } from "../bytes/byte_queue.ts";
import { asciiDecode, latin1Decode } from "../bytes/latin1.ts";
import type { Peer, ProtocolFault, ProtocolNote } from "../http/fault.ts";
import { connectionFault, protocolNote } from "./faults.ts";
import type { Http1Limits } from "./limits.ts";

export type SectionKind = "request" | "response" | "trailers";

const DEL = 0x7f;

export class SectionScanner {
  /** Start and end of each line, without line ends: start, end, start, end, … The closing empty line is not among them. */
  readonly lines: number[] = [];
  /** Bytes of the complete section, its empty line included. */
  length = 0;

  readonly #peer: Peer;
  readonly #lenient: boolean;
  readonly #limits: Readonly<Http1Limits>;
  readonly #onNote: (note: ProtocolNote) => void;
  #kind: SectionKind = "request";
  #scanned = 0;
  #lineStart = 0;
  #emptyLines = 0;
  /** All bytes of the section or-ed: whether one of them is not ASCII. */
  #seen = 0;

  constructor(
    peer: Peer,
    lenient: boolean,
    limits: Readonly<Http1Limits>,
    onNote: (note: ProtocolNote) => void,
  ) {
    this.#peer = peer;
    this.#lenient = lenient;
    this.#limits = limits;
    this.#onNote = onNote;
  }

  /** Prepares for a new section. */
  begin(kind: SectionKind): void {
    this.#kind = kind;
    this.lines.length = 0;
    this.length = 0;
    this.#scanned = 0;
    this.#lineStart = 0;
    this.#emptyLines = 0;
    this.#seen = 0;
  }

  /** The text of the complete section; it is taken from the input. */
  take(input: ByteQueue): string {
    const { bytes, start } = input;
    const end = start + this.length;
    input.skip(this.length);
    return this.#seen < 0x80 ? asciiDecode(bytes, start, end) : latin1Decode(bytes, start, end);
  }

  /** Goes on where it stopped: true when the section is complete, false when more input is needed. */
  scan(input: ByteQueue): boolean | ProtocolFault {
    const { bytes } = input;
    let base = input.start;
    let end = this.#end(input);
    let at = this.#scanned;
    let seen = this.#seen;
    for (;;) {
      // The common byte first: this loop is most of the cost of reading a head.
      let index = base + at;
      for (const stop = base + end; index < stop; index++) {
        const common = bytes[index] ?? 0;
        seen |= common;
        if (common < SPACE ? common !== HTAB : common === DEL) break;
      }
      at = index - base;
      if (at >= end) break;
      const byte = bytes[index] ?? 0;
      let next = at + 1;
      if (byte === CR) {
        if (next >= end) break;
        if (bytes[base + next] !== LF) {
          return this.#fault("bare-cr", "A CR without LF in a line", "RFC 9112, 2.2");
        }
        next++;
      } else if (byte === LF) {
        if (!this.#lenient) return this.#fault("bare-lf", "A line ends in LF without CR", "RFC 9112, 2.2");
        this.#onNote(protocolNote(this.#peer, "bare-lf", "A line ends in LF without CR", "RFC 9112, 2.2"));
      } else {
        return this.#badByte(byte);
      }
      if (at > this.#lineStart) {
        const fault = this.#endLine(at, bytes[base + this.#lineStart] ?? 0);
        if (fault !== null) return fault;
      } else if (this.#kind === "request" && this.lines.length === 0) {
        // RFC 9112, 2.2: empty lines before the request line are ignored.
        if (++this.#emptyLines > this.#limits.emptyLines) {
          return this.#fault(
            "too-many-empty-lines",
            "Too many empty lines before a request",
            "limit: empty lines",
          );
        }
        input.skip(next);
        base = input.start;
        next = 0;
      } else {
        this.length = next;
        this.#seen = seen;
        return true;
      }
      at = next;
      this.#lineStart = next;
      end = this.#end(input);
    }
    this.#scanned = at;
    this.#seen = seen;
    // A CR just inside the limit waits for an LF that would be beyond it.
    return end < this.#limit() ? false : this.#tooLong();
  }

  /** Whether bytes of a section have come (empty lines before a request do not count). */
  started(input: ByteQueue): boolean {
    return input.length > 0 &&
      !(this.#kind === "request" && input.length === 1 && input.bytes[input.start] === CR);
  }

  /** Where scanning stops for now: at the end of the input, or at a limit. */
  #end(input: ByteQueue): number {
    return Math.min(input.length, this.#limit());
  }

  #limit(): number {
    if (this.#kind === "trailers") return this.#limits.trailersSize;
    // Room for the line end: a CR just behind the longest start line must still be seen.
    return this.lines.length === 0
      ? Math.min(this.#limits.startLine + 2, this.#limits.headSize)
      : this.#limits.headSize;
  }

  /** A line ended at `at` whose first byte is `first`: what it may not be. */
  #endLine(at: number, first: number): ProtocolFault | null {
    const index = this.lines.length >> 1;
    const fieldIndex = this.#kind === "trailers" ? index : index - 1;
    if (fieldIndex < 0 && at - this.#lineStart > this.#limits.startLine) return this.#startLineTooLong();
    if (fieldIndex >= 0 && (first === SPACE || first === HTAB)) {
      if (fieldIndex === 0) {
        // RFC 9112, 2.2: reject, or drop the line: dropping hides it from whoever reads after us.
        return this.#fault("blank-before-first-field", "A blank before the first field", "RFC 9112, 2.2");
      }
      // RFC 9112, 5.2
      if (!this.#lenient) return this.#fault("obs-fold", "A field line is folded", "RFC 9112, 5.2");
      this.#onNote(protocolNote(this.#peer, "obs-fold", "A field line is folded", "RFC 9112, 5.2"));
    }
    const most = this.#kind === "trailers" ? this.#limits.trailerFields : this.#limits.fields;
    if (fieldIndex >= most) {
      return this.#fault(
        "too-many-fields",
        `More than ${most} field lines`,
        `limit: ${this.#fieldsLimitName()}`,
        431,
      );
    }
    this.lines.push(this.#lineStart, at);
    return null;
  }

  #tooLong(): ProtocolFault {
    if (this.#kind === "trailers") {
      return this.#fault(
        "trailers-too-large",
        "The trailer section is too large",
        "limit: trailers size",
        431,
      );
    }
    if (this.lines.length === 0) return this.#startLineTooLong();
    return this.#fault("head-too-large", "The head is too large", "limit: head size", 431);
  }

  #startLineTooLong(): ProtocolFault {
    return this.#kind === "request"
      // RFC 9110, 15.5.15
      ? this.#fault("request-line-too-long", "The request line is too long", "limit: start line", 414)
      : this.#fault("status-line-too-long", "The status line is too long", "limit: start line");
  }

  #fieldsLimitName(): string {
    return this.#kind === "trailers" ? "trailer fields" : "fields";
  }

  #badByte(byte: number): ProtocolFault {
    // RFC 9110, 5.5
    if (byte === 0) return this.#fault("nul-byte", "A NUL byte in a line", "RFC 9110, 5.5");
    const hex = byte.toString(16).padStart(2, "0");
    return this.#fault("control-character", `A control character (0x${hex}) in a line`, "RFC 9110, 5.5");
  }

  #fault(code: string, message: string, rule: string, status = 400): ProtocolFault {
    return connectionFault(this.#peer, code, message, rule, status);
  }
}
